"""Columns of nothing but plainly written numbers, found many at a time: most of a wide table is so.

    -12   0   3.25   and empty cells

What is written in any other way, or could be a code, a date or thousands, is for `read_cells`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from chainrule.data.spelling.column import CellOptions, Cells

if TYPE_CHECKING:
    import polars as pl

MOST_CELLS = 1_000_000  # that are looked at together
_WHOLE = r"^-?(?:0|[1-9]\d{0,6})$"  # from eight digits on it may be a date
_BROKEN = r"^-?\d{1,9}\.\d{1,15}$"
_OF_THREE = r"^-?[1-9]\d{0,2}\.\d{3}$"  # or thousands


def read_plainly(frame: pl.DataFrame, options: CellOptions) -> dict[str, Cells]:
    """Return the columns of text that are plain numbers, by name; the others are not there."""
    if options.missing is not None or options.decimal is not None or options.date_format:
        return {}
    said = {*options.spellings, *options.texts}
    names = [name for name in frame.columns if name not in said] if frame.height else []
    each = max(MOST_CELLS // max(frame.height, 1), 1)
    found: dict[str, Cells] = {}
    for start in range(0, len(names), each):
        found |= _plain(frame.select(names[start : start + each]))
    return found


def _plain(frame: pl.DataFrame) -> dict[str, Cells]:
    import polars as pl

    cells, n_rows = pl.concat([column.alias("") for column in frame]), frame.height

    def counted(which: pl.Series) -> np.ndarray:
        return which.fill_null(False).to_numpy().reshape(frame.width, n_rows).sum(axis=1)

    n = counted(cells != "")
    n_whole, n_broken, n_of_three = (
        counted(cells.str.contains(pattern)) for pattern in (_WHOLE, _BROKEN, _OF_THREE)
    )
    plain = (n > 0) & (n_whole + n_broken == n) & ((n_broken == 0) | (n_of_three < n_broken))
    names = np.array(frame.columns)
    whole, broken = names[plain & (n_broken == 0)].tolist(), names[plain & (n_broken > 0)].tolist()
    read = frame.select(
        pl.col(whole).cast(pl.Int64, strict=False), pl.col(broken).cast(pl.Float64, strict=False)
    )
    marks = {**dict.fromkeys(whole, ""), **dict.fromkeys(broken, ".")}
    return {column.name: Cells(column, decimal=marks[column.name]) for column in read}
