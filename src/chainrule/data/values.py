"""One column as numbers or as text, whatever library or list it comes from.

Numbers, booleans and dates become float64 with NaN for gaps; everything else becomes text with None
for gaps. Booleans are 0 and 1, dates and times days since 1970-01-01 (UTC), durations days.
"""

from __future__ import annotations

import datetime
import decimal
import numbers
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from chainrule.data.wording import count
from chainrule.errors import DataError

if TYPE_CHECKING:
    import narwhals as nw

SECONDS_PER_DAY = 86_400
Kind = Literal["integer", "float", "boolean", "date", "text", "category"]


@dataclass(frozen=True, eq=False)
class Values:
    """A column on this side of the border: `data` is float64 (NaN gaps) or text (None gaps)."""

    name: str
    kind: Kind
    data: np.ndarray

    @property
    def is_text(self) -> bool:
        return self.data.dtype == object

    @property
    def gaps(self) -> np.ndarray:
        if self.is_text:
            return np.fromiter((value is None for value in self.data), bool, len(self.data))
        return np.isnan(self.data)

    def as_numbers(self) -> np.ndarray:
        """Return float64 with NaN for gaps; text that is no number is a DataError."""
        if not self.is_text:
            return self.data
        parsed = [_number(value) for value in self.data]
        for row, value in enumerate(parsed):
            if value is None:
                raise DataError(
                    f'column "{self.name}" holds numbers, but data row {row + 1} holds '
                    f'"{self.data[row]}". Correct that value (leave it empty if it is not known), '
                    f"or treat the column as categories: `--category {self.name}`."
                )
        return np.array(parsed, dtype=np.float64)

    def as_texts(self) -> np.ndarray:
        """Return an object array of text with None for gaps: 3 not 3.0, True not 1, ISO dates."""
        if self.is_text:
            return self.data
        spell = {"boolean": _spell_boolean, "date": _spell_date}.get(self.kind, _spell_number)
        return _objects(None if value != value else spell(value) for value in self.data.tolist())

    def n_numeric(self) -> int:
        """Count the values of a text column that read as numbers."""
        return sum(value is not None and _number(value) is not None for value in self.data)

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
        f'column "{name}" holds {count(n, "infinite number")} (first in data row {row + 1}: '
        f"{value}). Correct them, leave them empty (a gap), or leave the column out: "
        f"`--drop {name}`."
    )


def read_values(name: str, column: nw.Series[Any] | np.ndarray) -> Values:
    """Read a column of a frame (through narwhals) or of an array.

    Raises
    ------
    DataError
        If the column holds lists, structs or other things that are neither number nor text.
    """
    if isinstance(column, np.ndarray):
        return _from_array(name, column)
    import narwhals as nw

    dtype = column.dtype
    if dtype == nw.Boolean:
        return Values(name, "boolean", column.cast(nw.Float64).to_numpy().astype(np.float64))
    if dtype.is_numeric():
        kind = "integer" if dtype.is_integer() else "float"
        return Values(name, kind, column.cast(nw.Float64).to_numpy().astype(np.float64))
    if dtype in (nw.Date, nw.Datetime, nw.Duration):
        ticks = (
            column.dt.total_microseconds() if dtype == nw.Duration else column.dt.timestamp("us")
        )
        days = ticks.cast(nw.Float64).to_numpy().astype(np.float64) / (1e6 * SECONDS_PER_DAY)
        return Values(name, "float" if dtype == nw.Duration else "date", days)
    if dtype in (nw.Categorical, nw.Enum):
        return Values(name, "category", _objects(map(_spell, column.to_list())))
    if dtype == nw.String:
        return Values(name, "text", _objects(map(_spell, column.to_list())))
    if isinstance(dtype, (nw.Object, nw.Unknown, nw.Time)):
        return _from_objects(name, column.to_list())
    raise DataError(
        f'column "{name}" holds {dtype}, expected numbers, text, booleans or dates. '
        f"Convert it, or leave it out: `--drop {name}`."
    )


def _from_array(name: str, column: np.ndarray) -> Values:
    if column.dtype.kind in "iu":
        return Values(name, "integer", column.astype(np.float64))
    if column.dtype.kind == "f":
        return Values(name, "float", column.astype(np.float64))
    if column.dtype.kind == "b":
        return Values(name, "boolean", column.astype(np.float64))
    if column.dtype.kind == "M":
        gaps = np.isnat(column)
        days = column.astype("datetime64[us]").astype(np.float64) / (1e6 * SECONDS_PER_DAY)
        return Values(name, "date", np.where(gaps, np.nan, days))
    return _from_objects(name, column.tolist())


def _from_objects(name: str, items: list[Any]) -> Values:
    """Read a list of Python things: numbers if all are, else text."""
    present = [item for item in items if not is_gap(item)]
    for kind, types in _OBJECT_KINDS.items():
        if present and all(isinstance(item, types) for item in present):
            return Values(name, kind, np.array([_as_float(item) for item in items]))
    for item in present:
        if not isinstance(item, _ATOMS):
            raise TypeError(
                f'column "{name}" holds a {type(item).__name__} ({item!r}); '
                "argument must be a string or a number. Convert the column before."
            )
    return Values(name, "text", _objects(map(_spell, items)))


_OBJECT_KINDS: dict[Kind, tuple[type, ...]] = {
    "boolean": (bool, np.bool_),
    "integer": (numbers.Integral, np.bool_),
    "float": (numbers.Real, decimal.Decimal, np.bool_),
    "date": (datetime.date, np.datetime64),
}
_ATOMS = (str, bytes, datetime.time, *(kind for group in _OBJECT_KINDS.values() for kind in group))


def is_gap(item: object) -> bool:
    """Tell whether a Python value is None, NaN, NaT or pandas' NA."""
    if item is None or type(item).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(item, (float, np.floating, decimal.Decimal)) and item != item


def _as_float(item: Any) -> float:
    if is_gap(item):
        return float("nan")
    if isinstance(item, (datetime.date, np.datetime64)):
        if isinstance(item, datetime.datetime) and item.tzinfo is not None:
            item = item.astimezone(datetime.UTC).replace(tzinfo=None)
        ticks = np.asarray(item, dtype="datetime64[us]").astype(np.int64)
        return float(ticks) / (1e6 * SECONDS_PER_DAY)
    return float(item)


def _number(text: str | None) -> float | None:
    """Return the number that a text spells (NaN for a gap), or None."""
    if text is None:
        return float("nan")
    if "_" in text:
        return None
    try:
        return float(text)
    except ValueError:
        return None


def _spell(item: Any) -> str | None:
    if isinstance(item, str):
        return str(item)
    if is_gap(item):
        return None
    if isinstance(item, (float, np.floating)):
        return _spell_number(float(item))
    return str(item)


def _spell_number(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)


def _spell_boolean(value: float) -> str:
    return str(bool(value))


def _spell_date(days: float) -> str:
    moment = np.datetime64(round(days * SECONDS_PER_DAY * 1e6), "us")
    return str(moment.astype("datetime64[D]")) if days.is_integer() else str(moment)


def _objects(items: Iterable[object]) -> np.ndarray:
    listed = list(items)
    out = np.empty(len(listed), dtype=object)
    out[:] = listed
    return out
