"""A column of numbers: booleans and text of nothing but numbers count as such, and if asked dates.

(x - mean) / deviation, a gap becomes the mean; "… is missing" 0/1 if training had gaps.  Of a
sparse table x / max|x|, so that zeros stay zeros, and a gap becomes 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from chainrule.data.columns.frames import Columns
from chainrule.data.columns.kinds.kind import (
    Column,
    ColumnKind,
    Noticed,
    Part,
    noticed_gaps,
    refuse_empty,
    told_of_gaps,
)
from chainrule.data.columns.scaling import (
    BLOCK_VALUES,
    measure,
    measure_sparse,
    scale_rows,
    scaled_in_words,
)
from chainrule.data.columns.values import Values
from chainrule.wording import count, listing, words_of

T = TypeVar("T")
DATES = "dates as days since 1970-01-01"


class Number(ColumnKind):
    """See the module."""

    name = option = "number"
    used = True
    learns = ("mean", "deviation")

    def recognised(self, values: Values, weight: np.ndarray | None) -> Column | None:
        del weight
        if values.kind == "text" and values.cells.is_of_numbers:
            spelling = values.cells.spelling
            how = "" if spelling is None else f" ({spelling.words})"
            values.spelling = spelling
            return self._taken(values, f"text of numbers, read as numbers{how}")
        of_codes = values.kind == "integer" and _is_named_like_a_code(values.name)
        if values.is_text or values.kind in ("date", "clock") or of_codes:
            return None
        return self._taken(values, "")

    def as_asked(self, columns: Columns, name: str, weight: np.ndarray | None) -> Column:
        del weight
        values = columns.values(name)
        refuse_empty(values)
        values.refuse_infinite()
        if values.is_text and values.spelling is None:
            values.spelling = values.cells.spelling
        of_dates = values.kind == "date" or getattr(values.spelling, "what", "") == "date"
        what = DATES if of_dates else "a number"
        return self._taken(values, f"{what}, as you asked")

    def _taken(self, values: Values, note: str) -> Column:
        spelling = values.spelling
        if values.is_text:
            values = Values(values.name, "float", values.as_numbers(spelling))
            values.refuse_infinite()
            refuse_empty(values)
        n_gaps = int(values.gaps.sum())
        return Column(values.name, self.name, note, n_gaps, spelling=spelling)

    def described(self, columns: Sequence[Column], *, scale: bool) -> list[str]:
        line = count(len(columns), "number")
        line += " scaled" if scale else " in the units of the table"
        gappy = [column for column in columns if column.n_gaps]
        if gappy:
            n_gaps = count(sum(column.n_gaps for column in gappy), "gap")
            names = listing([column.name for column in gappy])
            line += f" ({n_gaps} filled and flagged: {names})"
        return [line]

    def outputs(self, column: Column) -> list[str]:
        return [column.name] + ([f"{column.name} is missing"] if column.n_gaps else [])

    def learnt(
        self, column: Column, values: Values, weight: np.ndarray | None, *, sparse: bool
    ) -> dict[str, float]:
        return self._measured([(column, values)], weight, sparse=sparse)[0]

    def learnt_of_all(
        self, columns: Sequence[Column], table: Columns, weight: np.ndarray | None
    ) -> list[dict[str, float]]:
        learnt = []
        for some in _groups(columns, table.n_rows):
            pairs = [(column, table.values(column.name)) for column in some]
            learnt += self._measured(pairs, weight, sparse=table.sparse)
        return learnt

    def _measured(
        self,
        pairs: Sequence[tuple[Column, Values]],
        weight: np.ndarray | None,
        *,
        sparse: bool,
    ) -> list[dict[str, float]]:
        numbers, names = _side_by_side(pairs), [values.name for _, values in pairs]
        moments = measure_sparse(numbers, names) if sparse else measure(numbers, names, weight)
        learnt = zip(moments.mean, moments.deviation, strict=True)
        return [dict(zip(self.learns, both, strict=True)) for both in learnt]

    def encode(
        self,
        column: Column,
        values: Values,
        out: np.ndarray,
        learnt: Mapping[str, float],
        *,
        scale: bool,
    ) -> None:
        self._write([Part(column, values.name, out, learnt)], [values], scale=scale)

    def encode_all(self, parts: Sequence[Part], table: Columns, *, scale: bool) -> None:
        for some in _groups(parts, table.n_rows):
            self._write(some, [table.values(part.name) for part in some], scale=scale)

    def _write(self, parts: Sequence[Part], values: Sequence[Values], *, scale: bool) -> None:
        pairs = [(part.column, each) for part, each in zip(parts, values, strict=True)]
        numbers, names = _side_by_side(pairs), [each.name for each in values]
        learnt = (np.array([part.learnt[name] for part in parts]) for name in self.learns)
        center, size, fill = as_computed(*learnt, scale=scale)
        scaled = np.empty(numbers.shape, parts[0].out.dtype, order="F")
        scale_rows(numbers, scaled, center=center, scale=size, fill=fill, names=names)
        for part, raw, own in zip(parts, numbers.T, scaled.T, strict=True):
            part.out[:, 0] = own
            if part.column.n_gaps:
                part.out[:, 1] = np.isnan(raw)

    def noticed(self, column: Column, values: Values, learnt: Mapping[str, Any]) -> Noticed:
        del learnt
        return noticed_gaps(values, values.as_numbers(column.spelling))

    def remarks(self, column: Column, noticed: Noticed) -> list[str]:
        return told_of_gaps(column, noticed, "numbers", "filled with the training mean")

    def became(self, column: Column, learnt: Mapping[str, float], *, scale: bool, most: int) -> str:
        del most
        how = f"scaled: minus {learnt['mean']:.4g}, over {learnt['deviation']:.4g}"
        text = how if scale else "as it is"
        if column.n_gaps:
            text += "; gaps take the mean, and a second input says where"
        return text

    def worked_out(
        self,
        column: Column,
        values: Values,
        encoded: Sequence[float],
        learnt: Mapping[str, float],
        *,
        scale: bool,
    ) -> tuple[str, list[tuple[str, str, float]], str]:
        raw = float(values.as_numbers(column.spelling)[0])
        how = ""
        if np.isnan(raw):
            how = "a gap counts as the mean" if scale else "the mean"
        elif scale:
            how = f"{scaled_in_words(f'{raw:.10g}', learnt['mean'], learnt['deviation'])} ="
        hows = (how, "")[: len(encoded)]
        shown = "a gap" if np.isnan(raw) else f"{raw:.10g}"
        return shown, list(zip(self.outputs(column), hows, encoded, strict=True)), ""


def _groups(columns: Sequence[T], n_rows: int) -> Iterator[Sequence[T]]:
    """Yield so many columns at a time that they are one block: of a long table, one."""
    size = max(1, BLOCK_VALUES // n_rows)
    return (columns[start : start + size] for start in range(0, len(columns), size))


def _side_by_side(pairs: Sequence[tuple[Column, Values]]) -> np.ndarray:
    """Return columns as one array; each lies whole, so that it is summed as if it were alone."""
    each = [values.as_numbers(column.spelling) for column, values in pairs]
    return each[0][:, None] if len(each) == 1 else np.array(each).T


_CODES = {"zip", "zipcode", "postcode", "plz", "fips", "isbn", "ean", "upc", "iban", "phone"}


def _is_named_like_a_code(name: str) -> bool:
    """Tell whether whole numbers of this name have no size: ZIP codes, telephone numbers."""
    words = words_of(name)
    return words[-1] in _CODES or words[-2:] in (["postal", "code"], ["zip", "code"])


def as_computed(
    mean: np.ndarray | float, deviation: np.ndarray | float, *, scale: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return center, scale and the filling of gaps, by which numbers are encoded."""
    mean, deviation = np.atleast_1d(mean), np.atleast_1d(deviation)
    if scale:
        return mean, deviation, np.zeros_like(mean)
    return np.zeros_like(mean), np.ones_like(mean), mean
