"""The cells of one column read into `Values`, from a frame's column, an array or Python things."""

from __future__ import annotations

import datetime
import decimal
import numbers
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.data.columns.values import (
    EXACT,
    SECONDS_PER_DAY,
    Coded,
    Kind,
    Values,
    as_coded,
    objects,
    spell_number,
)
from chainrule.errors import ColumnTypeError, DataError

if TYPE_CHECKING:
    import narwhals as nw

_KINDS: dict[Kind, tuple[type, ...]] = {
    "boolean": (bool, np.bool_),
    "integer": (numbers.Integral, np.bool_),
    "float": (numbers.Real, decimal.Decimal, np.bool_),
    "date": (datetime.date, np.datetime64),
    "clock": (datetime.time,),
}
FEW = 2_000  # rows, of which a list is made sooner than polars is asked
_PLAIN = {str, type(None)}
_DURATIONS = (datetime.timedelta, np.timedelta64)
_ATOMS = (str, bytes, *_DURATIONS, *(each for of in _KINDS.values() for each in of))


def read_values(name: str, column: nw.Series[Any] | np.ndarray) -> Values:
    """Read a column of a frame (through narwhals) or of an array.

    Raises
    ------
    DataError
        If the column holds complex numbers.
    ColumnTypeError
        If a cell is neither number nor text.
    """
    if isinstance(column, np.ndarray):
        return _from_array(name, column)
    import narwhals as nw

    dtype = column.dtype
    if dtype == nw.Boolean:
        return Values(name, "boolean", _to_float64(column))
    if dtype.is_numeric():
        data = _to_float64(column)
        if not dtype.is_integer():
            return Values(name, "float", data)
        if (np.abs(data) >= EXACT).any():
            data = objects(map(_spell, column.to_list()))
        return Values(name, "integer", data)
    if dtype in (nw.Date, nw.Datetime, nw.Duration):
        ticks = (
            column.dt.total_microseconds() if dtype == nw.Duration else column.dt.timestamp("us")
        )
        days = _to_float64(ticks) / (1e6 * SECONDS_PER_DAY)
        return Values(name, "float" if dtype == nw.Duration else "date", days)
    if dtype in (nw.Categorical, nw.Enum, nw.String):
        return Values(name, "text" if dtype == nw.String else "category", _coded(column))
    if isinstance(dtype, (nw.Object, nw.Unknown, nw.Time)):
        return _from_objects(name, column.to_list())
    note = f"holds {dtype}, which is neither number nor text"
    return Values(name, "other", objects([None] * len(column)), note=note)


def _coded(column: nw.Series[Any]) -> Coded:
    """Return the texts of a column; of polars' columns ten times as fast as by Python's objects."""
    import narwhals as nw

    native = column.to_native()
    if len(column) < FEW or not nw.dependencies.is_polars_series(native):
        return as_coded(_as_texts(column.to_list()))
    import polars as pl

    native = native.cast(pl.String)
    texts = native.unique(maintain_order=True).drop_nulls()
    if len(texts) == len(native):
        return Coded(texts.to_list(), np.arange(len(texts)))
    places = native.cast(pl.Enum(texts)).to_physical().cast(pl.Int64).fill_null(-1)
    return Coded(texts.to_list(), places.to_numpy())


def _to_float64(column: nw.Series[Any]) -> np.ndarray:
    import narwhals as nw

    try:
        column = column if column.dtype == nw.Float64 else column.cast(nw.Float64)
        return column.to_numpy().astype(np.float64, copy=False)
    except ValueError:  # pyarrow refuses whole numbers that would be rounded
        return np.array([np.nan if is_gap(item) else float(item) for item in column.to_list()])


def _from_array(name: str, column: np.ndarray) -> Values:
    kinds: dict[str, Kind] = {"b": "boolean", "i": "integer", "u": "integer", "f": "float"}
    kind = column.dtype.kind
    if kind in kinds:
        with np.errstate(over="ignore"):  # a longdouble beyond float64 becomes infinite: refused
            data = column.astype(np.float64)
        if kinds[kind] == "integer" and (np.abs(data) >= EXACT).any():
            data = objects(map(str, column.tolist()))
        return Values(name, kinds[kind], data)
    if kind == "M":
        return Values(name, "date", in_days(column))
    if kind == "m":
        return Values(name, "float", in_days(column))
    return _from_objects(name, column.tolist())


def in_days(array: np.ndarray) -> np.ndarray:
    """Return dates or durations of NumPy as days, gaps as NaN."""
    ticks = array.astype(f"{array.dtype.kind}8[us]").astype(np.float64)
    return np.where(np.isnat(array), np.nan, ticks / (1e6 * SECONDS_PER_DAY))


def _from_objects(name: str, items: list[Any]) -> Values:
    """Read a list of Python things: numbers if all are, else text."""
    if set(map(type, items)) <= _PLAIN:
        return Values(name, "text", objects(items))
    items = [item.to_timestamp() if type(item).__name__ == "Period" else item for item in items]
    types = {type(item) for item in items if not is_gap(item)}
    for kind, of_kind in _KINDS.items():
        if types and all(issubclass(each, of_kind) for each in types):
            return _numbers(name, kind, items)
    if types and all(issubclass(each, _DURATIONS) for each in types):
        return _from_array(name, np.array(items, dtype="timedelta64[us]"))
    for item in items:
        if not is_gap(item) and not isinstance(item, _ATOMS):
            raise _strange(name, item)
    return Values(name, "text", objects(_as_texts(items)))


def _as_texts(items: list[Any]) -> Iterable[str | None]:
    """Return text with None for gaps; what is that already, as it is (ten times as fast)."""
    return items if set(map(type, items)) <= _PLAIN else map(_spell, items)


def _numbers(name: str, kind: Kind, items: list[Any]) -> Values:
    try:
        data = np.array([_as_float(item) for item in items])
    except OverflowError:  # a whole number beyond 1.8e308
        return Values(name, "integer", objects(map(_spell, items)))
    if kind == "integer" and (np.abs(data) >= EXACT).any():
        data = objects(map(_spell, items))
    return Values(name, kind, data)


def _strange(name: str, item: object) -> Exception:
    if isinstance(item, numbers.Complex):
        return DataError(
            f'Complex data not supported: column "{name}" holds {item!r}. '
            "Give real and imaginary parts as two columns."
        )
    shown = repr(item)
    return ColumnTypeError(
        'column "{}" holds a {} ({}); argument must be a string or a number. Convert the column '
        "before, or leave it out: `{drop}`.",
        name,
        type(item).__name__,
        shown if len(shown) < 80 else shown[:77] + "...",
        drop=[name],
    )


def is_gap(item: object) -> bool:
    """Tell whether a Python value is None, NaN, NaT or pandas' NA."""
    if item is None or type(item).__name__ in ("NAType", "NaTType"):
        return True
    if isinstance(item, decimal.Decimal):
        return item.is_nan()
    if isinstance(item, (float, np.floating)):
        return bool(item != item)
    return isinstance(item, (np.datetime64, np.timedelta64)) and bool(np.isnat(item))


def _as_float(item: Any) -> float:
    if is_gap(item):
        return float("nan")
    if isinstance(item, (datetime.date, np.datetime64)):
        if isinstance(item, datetime.datetime) and item.tzinfo is not None:
            item = item.astimezone(datetime.UTC).replace(tzinfo=None)
        ticks = np.asarray(item, dtype="datetime64[us]").astype(np.int64)
        return float(ticks) / (1e6 * SECONDS_PER_DAY)
    if isinstance(item, datetime.time):
        return item.hour + (60e6 * item.minute + 1e6 * item.second + item.microsecond) / 3.6e9
    return float(item)


def _spell(item: Any) -> str | None:
    if type(item) is str:
        return item
    if is_gap(item):
        return None
    if isinstance(item, bytes):
        return item.decode("utf-8", "backslashreplace")
    if isinstance(item, (float, np.floating)):
        return spell_number(float(item))
    return str(item)
