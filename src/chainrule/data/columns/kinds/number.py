"""A column of numbers: booleans, dates and text of nothing but numbers count as such.

(x - mean) / deviation, a gap becomes the mean; "… is missing" 0/1 if training had gaps.  Of a
sparse table x / max|x|, so that zeros stay zeros, and a gap becomes 0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from chainrule.data.columns.frames import Columns
from chainrule.data.columns.kinds.kind import Column, ColumnKind, refuse_empty
from chainrule.data.columns.scaling import measure, measure_sparse, scale_rows, scaled_in_words
from chainrule.data.columns.values import Values
from chainrule.errors import DataError
from chainrule.wording import count, listing

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
        parsed = Values(values.name, "float", values.as_numbers())
        parsed.refuse_infinite()
        refuse_empty(parsed)
        return Column(values.name, self.name, note, int(parsed.gaps.sum()))

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
        numbers, names = values.as_numbers()[:, None], [column.name]
        moments = measure_sparse(numbers, names) if sparse else measure(numbers, names, weight)
        return {"mean": moments.mean[0], "deviation": moments.deviation[0]}

    def encode(
        self,
        column: Column,
        values: Values,
        out: np.ndarray,
        learnt: Mapping[str, float],
        *,
        scale: bool,
    ) -> None:
        numbers = values.as_numbers()[:, None]
        center, size, fill = as_computed(learnt["mean"], learnt["deviation"], scale=scale)
        scale_rows(numbers, out[:, :1], center=center, scale=size, fill=fill, names=[values.name])
        if column.n_gaps:
            out[:, 1] = np.isnan(numbers[:, 0])

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
        row = values.data.tolist().index(found[0])  # the texts are in order of appearance
        raise DataError(
            "{} Write them with a decimal point, or treat the column as categories: `{category}`.",
            f'column "{values.name}" holds numbers with a decimal comma (data row {row + 1}: '
            f'"{values.data[row]}").',
            category=[values.name],
        )
