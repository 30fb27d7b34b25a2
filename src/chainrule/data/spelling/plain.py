"""Columns of nothing but plainly written numbers, found many at a time: most of a wide table is so.

    -12   0   3.25   and empty cells

What is written in any other way, or could be a code, a date or thousands, is for `read_cells`.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    columns = [column for column in frame if column.name not in said] if frame.height else []
    each = max(MOST_CELLS // max(frame.height, 1), 1)
    found: dict[str, Cells] = {}
    for start in range(0, len(columns), each):
        found |= _plain(columns[start : start + each])
    return found


def _plain(columns: Sequence[pl.Series]) -> dict[str, Cells]:
    import polars as pl

    cells, n_rows = pl.concat([column.alias("") for column in columns]), len(columns[0])

    def counted(which: pl.Series) -> np.ndarray:
        return which.fill_null(False).to_numpy().reshape(len(columns), n_rows).sum(axis=1)

    n = counted(cells != "")
    n_whole, n_broken, n_of_three = (
        counted(cells.str.contains(pattern)) for pattern in (_WHOLE, _BROKEN, _OF_THREE)
    )
    plain = (n > 0) & (n_whole + n_broken == n) & ((n_broken == 0) | (n_of_three < n_broken))
    found = {}
    for place in np.flatnonzero(plain).tolist():
        dtype, mark = (pl.Float64, ".") if n_broken[place] else (pl.Int64, "")
        column = columns[place].cast(dtype, strict=False)
        found[column.name] = Cells(column, decimal=mark)
    return found
