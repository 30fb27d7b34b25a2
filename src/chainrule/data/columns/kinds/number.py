"""A column of numbers: booleans, dates and text of nothing but numbers count as such.

(x - mean) / deviation, a gap becomes the mean; "… is missing" 0/1 if training had gaps.  Of a
sparse table x / max|x|, so that zeros stay zeros, and a gap becomes 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

import numpy as np

from chainrule.data.columns.frames import Columns
from chainrule.data.columns.kinds.kind import Column, ColumnKind, Part, refuse_empty
from chainrule.data.columns.scaling import (
    BLOCK_VALUES,
    measure,
    measure_sparse,
    scale_rows,
    scaled_in_words,
)
from chainrule.data.columns.values import Values
from chainrule.errors import DataError
from chainrule.wording import count, listing

T = TypeVar("T")
DATES = "dates as days since 1970-01-01"


class Number(ColumnKind):
    """See the module."""

    name = option = "number"
    used = True
    learns = ("mean", "deviation")

    def recognised(self, values: Values, weight: np.ndarray | None) -> Column | None:
        del weight
        if values.kind == "text":
            n_present = len(values.gaps) - int(values.gaps.sum())
            _refuse_decimal_commas(values, n_present)
            if 2 * values.n_numeric >= n_present:
                return self._taken(values, "text of numbers, read as numbers")
        if values.is_text and values.kind != "integer":
            return None
        return self._taken(values, DATES if values.kind == "date" else "")

    def as_asked(self, columns: Columns, name: str, weight: np.ndarray | None) -> Column:
        del weight
        values = columns.values(name)
        refuse_empty(values)
        values.refuse_infinite()
        return self._taken(values, "a number, as you asked")

    def _taken(self, values: Values, note: str) -> Column:
        if values.is_text:
            values = Values(values.name, "float", values.as_numbers())
            values.refuse_infinite()
            refuse_empty(values)
        return Column(values.name, self.name, note, int(values.gaps.sum()))

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
        del column
        return self._measured([values], weight, sparse=sparse)[0]

    def learnt_of_all(
        self, columns: Sequence[Column], table: Columns, weight: np.ndarray | None
    ) -> list[dict[str, float]]:
        learnt = []
        for some in _groups(columns, table.n_rows):
            values = [table.values(column.name) for column in some]
            learnt += self._measured(values, weight, sparse=table.sparse)
        return learnt

    def _measured(
        self, values: Sequence[Values], weight: np.ndarray | None, *, sparse: bool
    ) -> list[dict[str, float]]:
        numbers, names = _side_by_side(values), [each.name for each in values]
        moments = measure_sparse(numbers, names) if sparse else measure(numbers, names, weight)
        pairs = zip(moments.mean, moments.deviation, strict=True)
        return [dict(zip(self.learns, pair, strict=True)) for pair in pairs]

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
        numbers, names = _side_by_side(values), [each.name for each in values]
        learnt = (np.array([part.learnt[name] for part in parts]) for name in self.learns)
        center, size, fill = as_computed(*learnt, scale=scale)
        scaled = np.empty(numbers.shape, parts[0].out.dtype, order="F")
        scale_rows(numbers, scaled, center=center, scale=size, fill=fill, names=names)
        for part, raw, own in zip(parts, numbers.T, scaled.T, strict=True):
            part.out[:, 0] = own
            if part.column.n_gaps:
                part.out[:, 1] = np.isnan(raw)

    def remarks(self, column: Column, values: Values) -> list[str]:
        n_gaps = int(np.isnan(values.as_numbers()).sum())
        if not n_gaps:
            return []
        new = "" if column.n_gaps else " (training had none, so they are not flagged)"
        return [f"{column.name}: {count(n_gaps, 'gap')} filled with the training mean{new}"]

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
        raw = float(values.as_numbers()[0])
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


def _side_by_side(values: Sequence[Values]) -> np.ndarray:
    """Return columns as one array; each lies whole, so that it is summed as if it were alone."""
    if len(values) == 1:
        return values[0].as_numbers()[:, None]
    return np.array([each.as_numbers() for each in values]).T


def as_computed(
    mean: np.ndarray | float, deviation: np.ndarray | float, *, scale: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return center, scale and the filling of gaps, by which numbers are encoded."""
    mean, deviation = np.atleast_1d(mean), np.atleast_1d(deviation)
    if scale:
        return mean, deviation, np.zeros_like(mean)
    return np.zeros_like(mean), np.ones_like(mean), mean


def _refuse_decimal_commas(values: Values, n_present: int) -> None:
    comma = re.compile(r"\s*[-+]?\d+,\d+\s*")
    found = [text for text in values.frequency if "," in text and comma.fullmatch(text)]
    n_commas = sum(values.frequency[text] for text in found)
    if found and 2 * (n_commas + values.n_numeric) >= n_present:
        row = values.first_row_of(values.coded.texts.index(found[0]))
        raise DataError(
            "{} Write them with a decimal point, or treat the column as categories: `{category}`.",
            f'column "{values.name}" holds numbers with a decimal comma (data row {row + 1}: '
            f'"{found[0]}").',
            category=[values.name],
        )
