"""One column on this side of the border, as numbers or as text.

Numbers, booleans and dates are float64 with NaN for gaps; everything else is text with None for
gaps. Booleans are 0 and 1, dates and times days since 1970-01-01 (UTC), durations days. Whole
numbers that float64 cannot hold are kept as their digits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from chainrule.errors import DataError
from chainrule.wording import count

SECONDS_PER_DAY = 86_400
EXACT = 2**53  # from here on float64 skips whole numbers
Kind = Literal["integer", "float", "boolean", "date", "text", "category"]


@dataclass(frozen=True, eq=False)
class Values:
    """A column: `data` is float64 (NaN gaps) or text (None gaps)."""

    name: str
    kind: Kind
    data: np.ndarray

    @property
    def is_text(self) -> bool:
        return self.data.dtype == object

    @cached_property
    def gaps(self) -> np.ndarray:
        if self.is_text:
            return np.fromiter((value is None for value in self.data), bool, len(self.data))
        return np.isnan(self.data)

    @cached_property
    def frequency(self) -> Counter[str]:
        """How often every text occurs, in order of appearance, gaps left out."""
        counts = Counter(self.as_texts().tolist())
        counts.pop(None, None)
        return counts

    @cached_property
    def n_numeric(self) -> int:
        """How many values of a text column read as numbers."""
        return sum(n for text, n in self.frequency.items() if _is_number(text))

    def as_numbers(self) -> np.ndarray:
        """Return float64 with NaN for gaps.

        Raises
        ------
        DataError
            If a text is no number, or a whole number is too large to be kept exactly.
        """
        if not self.is_text:
            return self.data
        numbers = np.empty(len(self.data))
        for row, text in enumerate(self.data.tolist()):
            if text is not None and not _is_number(text):
                raise DataError(
                    'column "{}" holds numbers, but data row {} holds "{}". Correct that value '
                    "(leave it empty if it is not known), or treat the column as categories: "
                    "`{category}`.",
                    self.name,
                    row + 1,
                    text,
                    category=[self.name],
                )
            numbers[row] = np.nan if text is None else float(text)
        for row in np.flatnonzero(np.abs(numbers) >= EXACT).tolist():
            if self.data[row].strip().lstrip("+-").isdigit():
                raise too_many_digits(self.name, row, self.data[row].strip())
        return numbers

    def as_texts(self) -> np.ndarray:
        """Return an object array of text with None for gaps: 3 not 3.0, True not 1, ISO dates."""
        if self.is_text:
            return self.data
        spell = {"boolean": _spell_boolean, "date": _spell_date}.get(self.kind, spell_number)
        return objects(None if value != value else spell(value) for value in self.data.tolist())

    def refuse_infinite(self) -> None:
        """Raise a DataError that names the first row with an infinite number."""
        if self.is_text:
            return
        infinite = np.isinf(self.data)
        if infinite.any():
            row = int(infinite.argmax())
            raise infinite_numbers(self.name, row, float(self.data[row]), int(infinite.sum()))


def infinite_numbers(name: str, row: int, value: float, n: int) -> DataError:
    """Return the error for a column with infinite numbers; `row` counts from 0."""
    return DataError(
        'column "{}" holds {} (first in data row {}: {}). Correct them, leave them empty (a gap), '
        "or leave the column out: `{drop}`.",
        name,
        count(n, "infinite number"),
        row + 1,
        value,
        drop=[name],
    )


def too_many_digits(name: str, row: int, value: object) -> DataError:
    """Return the error for a whole number that float64 cannot hold; `row` counts from 0."""
    return DataError(
        "{} Subtract an offset or use a larger unit, treat the column as categories: "
        "`{category}`, or leave it out: `{drop}`.",
        f'column "{name}" holds the whole number {value} in data row {row + 1}, too large to be '
        f"kept exactly (from 2^53 = {EXACT} on).",
        category=[name],
        drop=[name],
    )


def spell_number(value: float) -> str:
    """Return the shortest text: `3` rather than `3.0`."""
    return str(int(value)) if value.is_integer() else repr(value)


def objects(items: Iterable[object]) -> np.ndarray:
    """Return a 1-D array of Python things, whatever they are."""
    listed: list[Any] = list(items)
    out = np.empty(len(listed), dtype=object)
    out[:] = listed
    return out


_LETTERS = frozenset("abcdefghjklmopqrstuvwxyzABCDEFGHJKLMOPQRSTUVWXYZ_")  # not those of nan, inf


def _is_number(text: str) -> bool:
    if "_" in text or text[:1] in _LETTERS:  # a look at one letter is ten times as fast
        return False
    try:
        float(text)
    except ValueError:
        return False
    return True


def _spell_boolean(value: float) -> str:
    return str(bool(value))


def _spell_date(days: float) -> str:
    moment = np.datetime64(round(days * SECONDS_PER_DAY * 1e6), "us")
    return str(moment.astype("datetime64[D]")) if days.is_integer() else str(moment)
