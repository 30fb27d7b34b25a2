"""One column on this side of the border, as numbers or as text.

Numbers, booleans, dates and times of day are float64 with NaN for gaps; everything else is text
with None for gaps. Booleans are 0 and 1, dates days since 1970-01-01 (UTC), times of day hours,
durations days. Whole numbers that float64 cannot hold are kept as their digits.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from chainrule.data.spelling import CellOptions, Cells, NumberSpelling, Spelling, read_cells
from chainrule.errors import DataError
from chainrule.wording import count

if TYPE_CHECKING:
    import polars as pl

SECONDS_PER_DAY = 86_400
EXACT = 2**53  # from here on float64 skips whole numbers
Kind = Literal["integer", "float", "boolean", "date", "clock", "text", "category", "other"]


class Coded(NamedTuple):
    """Texts, each once and in order of appearance, and for every row its place; -1 is a gap."""

    texts: list[str]
    places: np.ndarray


class Values:
    """A column: `data` is float64 (NaN gaps) or text (None gaps), which may come `coded`.

    `spelling` says how the reader of a file found it written, where that is no matter of course;
    `note` says why a column of another kind is all gaps.
    """

    def __init__(
        self,
        name: str,
        kind: Kind,
        data: np.ndarray | Coded,
        spelling: Spelling | None = None,
        note: str = "",
    ) -> None:
        self.name, self.kind, self.spelling, self.note = name, kind, spelling, note
        self.is_text = isinstance(data, Coded) or data.dtype == object
        if isinstance(data, Coded):
            self.coded = data
        else:
            self.data = data

    @cached_property
    def data(self) -> np.ndarray:
        """The cells."""
        return objects([*self.coded.texts, None])[self.coded.places]

    @cached_property
    def coded(self) -> Coded:
        """The cells as text, each text once."""
        if self.is_text:
            return as_coded(self.data.tolist())
        there = ~self.gaps
        numbers, first, rows = np.unique(self.data[there], return_index=True, return_inverse=True)
        order = np.argsort(first)
        spell = _SPELLED.get(self.kind, spell_number)
        spelled = as_coded(map(spell, numbers[order].tolist()))
        place_of, places = np.empty(len(order), np.intp), np.full(len(there), -1)
        place_of[order] = spelled.places
        places[there] = place_of[rows]
        return Coded(spelled.texts, places)

    @cached_property
    def gaps(self) -> np.ndarray:
        return self.coded.places < 0 if self.is_text else np.isnan(self.data)

    @cached_property
    def frequency(self) -> Counter[str]:
        """How often every text occurs, in order of appearance, gaps left out."""
        texts, places = self.coded
        often = np.bincount(places + 1, minlength=len(texts) + 1)[1:]
        return Counter(dict(zip(texts, often.tolist(), strict=True)))

    @cached_property
    def cells(self) -> Cells:
        """What the cells of a text column say, as a whole."""
        return read_cells(_series(self.name, self.data.tolist()))

    def as_numbers(self, spelling: Spelling | None = None) -> np.ndarray:
        """Return float64 with NaN for gaps, and for what is no number or date written so."""
        if not self.is_text:
            return self.data
        texts, places = self.coded
        options = CellOptions(spellings={self.name: spelling or NumberSpelling()})
        return np.append(
            _as_float64(read_cells(_series(self.name, texts), options).values), np.nan
        )[places]

    def first_row_of(self, place: int) -> int:
        """Return the first row, counted from 0, that holds a text of `coded`."""
        return int((self.coded.places == place).argmax())

    def as_texts(self) -> np.ndarray:
        """Return an object array of text with None for gaps: 3 not 3.0, True not 1, ISO dates."""
        return self.data if self.is_text else objects([*self.coded.texts, None])[self.coded.places]

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


def spell_number(value: float) -> str:
    """Return the shortest text: `3` rather than `3.0`."""
    return str(int(value)) if value.is_integer() else repr(value)


def as_coded(texts: Iterable[str | None]) -> Coded:
    """Return texts, None for gaps, each once."""
    places: dict[str | None, int] = {}
    of_rows = [-1 if text is None else places.setdefault(text, len(places)) for text in texts]
    return Coded(list(places), np.array(of_rows, dtype=np.intp))  # pyright: ignore


def objects(items: Iterable[object]) -> np.ndarray:
    """Return a 1-D array of Python things, whatever they are."""
    listed: list[Any] = list(items)
    out = np.empty(len(listed), dtype=object)
    out[:] = listed
    return out


def _series(name: str, texts: list[str | None] | list[str]) -> pl.Series:
    import polars as pl

    return pl.Series(name, texts, dtype=pl.String)


def _as_float64(series: pl.Series) -> np.ndarray:
    """Return numbers of any type; dates as days since 1970, durations as days, times as hours."""
    import polars as pl

    if series.dtype in (pl.Date, pl.Datetime):
        ticks = series.cast(pl.Datetime("us")).cast(pl.Int64)
    elif series.dtype == pl.Duration:
        ticks = series.cast(pl.Duration("us")).cast(pl.Int64)
    elif series.dtype == pl.Time:
        return series.cast(pl.Int64).cast(pl.Float64).to_numpy() / 3.6e12
    else:
        return series.cast(pl.Float64, strict=False).to_numpy().astype(np.float64)
    return ticks.cast(pl.Float64).to_numpy() / (1e6 * SECONDS_PER_DAY)


def _spell_boolean(value: float) -> str:
    return str(bool(value))


def spell_date(days: float) -> str:
    """Return ISO text, without a time where it is midnight."""
    moment = np.datetime64(round(days * SECONDS_PER_DAY * 1e6), "us")
    return str(moment.astype("datetime64[D]")) if days.is_integer() else str(moment)


def spell_moment(days: float) -> str:
    """Return ISO text, without what is 0 in it: no time at midnight, no empty fractions."""
    return spell_date(days).removesuffix(".000000")


def spell_clock(hours: float) -> str:
    """Return a time of day as ISO text: `13:45:00`."""
    return str(as_time(hours))


def as_time(hours: float) -> datetime.time:
    """Return hours since midnight as a time of day."""
    midnight = datetime.datetime(1970, 1, 1)
    return (midnight + datetime.timedelta(microseconds=round(hours * 3.6e9))).time()


_SPELLED = {"boolean": _spell_boolean, "date": spell_date, "clock": spell_clock}
