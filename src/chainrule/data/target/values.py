"""A target as it comes: read from any container, without gaps, and what it asks for."""

from __future__ import annotations

import datetime
import warnings
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from chainrule.advice import Text, for_task
from chainrule.data.columns.cells import is_gap, read_values
from chainrule.data.columns.frames import as_columns
from chainrule.data.columns.scaling import LARGEST
from chainrule.data.columns.values import Values, objects
from chainrule.errors import DataError, ShapeError
from chainrule.wording import count

MAX_CLASSES_OF_INTEGERS = 20
MIN_ROWS_PER_CLASS = 5
FEWEST_COUNTS, MOST_OF_A_RARE_COUNT = 6, 0.001  # different numbers; share of the rows


@dataclass(frozen=True, eq=False)
class TargetValues:
    """A target that was read: `array` has a value, or a row of values, for each row.

    Dates are days since 1970-01-01 there; `units` says of each column in which unit of NumPy they
    came, "" for one of no dates, and is empty if there are none at all.
    """

    array: np.ndarray
    units: tuple[str, ...] = ()


def read_target(y: object, name: str = "target", *, role: str = "target") -> np.ndarray:
    """Take a series, frame, array or list and give a target without gaps.

    Parameters
    ----------
    y : series, frame, array-like or TargetValues
        One value (or row of values) per row of the table; what was read is not read again.
    name, role : str, default="target"
        For the messages: `the <role> "<name>" …`.

    Returns
    -------
    np.ndarray of shape (n_rows,) or (n_rows, n_targets)
        Numbers and booleans keep their type, text becomes an array of text, dates become days.

    Raises
    ------
    ShapeError
        If it is a single value, has more than two dimensions, or no rows.
    DataError
        If values are missing or infinite.
    """
    return read_values_of(y, name, role=role).array


def read_values_of(y: object, name: str = "target", *, role: str = "target") -> TargetValues:
    """Take a target like `read_target`, and give its values with what tells dates from numbers."""
    if isinstance(y, TargetValues):
        return y
    read = _to_values(y, name, role)
    array = read.array
    if array.ndim not in (1, 2):
        raise ShapeError(
            f'the {role} "{name}" has the shape {array.shape}; '
            "expected one value or one row of values per row. Use y.reshape(-1, 1)."
        )
    if array.ndim == 2 and array.shape[1] == 0:
        raise ShapeError(f'the {role} "{name}" has no columns. Give one value for each row.')
    if array.shape[0] == 0:
        raise ShapeError(f'the {role} "{name}" has no rows. Check the rows you select.')
    if array.dtype.kind == "O":
        gaps = np.array([is_gap(value) for value in array.ravel()]).reshape(array.shape)
    else:
        gaps = np.isnan(array) if array.dtype.kind == "f" else np.zeros(array.shape, dtype=bool)
    rows = gaps.reshape(len(array), -1).any(axis=1)
    if rows.any():
        raise DataError(
            f'the {role} "{name}" is missing (NaN) in {count(int(rows.sum()), "row")}, first in '
            f"data row {int(rows.argmax()) + 1}. Leave those rows out, or fill in what is known."
        )
    if array.dtype.kind == "f" and np.isinf(array).any():
        rows = np.isinf(array).reshape(len(array), -1).any(axis=1)
        raise DataError(
            f'the {role} "{name}" is infinite in {count(int(rows.sum()), "row")}, first in '
            f"data row {int(rows.argmax()) + 1}. Correct those values, or leave the rows out."
        )
    return read


def column_names(y: object) -> list[str] | None:
    """Return the names of a frame's columns; None for anything else."""
    if isinstance(y, (np.ndarray, list, tuple, TargetValues)):
        return None
    import narwhals as nw

    native: Any = nw.from_native(y, pass_through=True, allow_series=True)  # pyright: ignore
    return as_columns(y).names if isinstance(native, (nw.DataFrame, nw.LazyFrame)) else None


def _to_values(y: Any, name: str, role: str) -> TargetValues:
    if y is None:
        raise DataError(
            f'this requires y to be passed, but the target y is None: the {role} "{name}" is not '
            "there. Give one value for each row."
        )
    if hasattr(y, "toarray") and hasattr(y, "nnz"):
        y = y.toarray()
    if not isinstance(y, (np.ndarray, list, tuple)):
        import narwhals as nw

        native: Any = nw.from_native(y, pass_through=True, allow_series=True)  # pyright: ignore
        if isinstance(native, nw.Series):
            return _from_column(name, native)
        if isinstance(native, (nw.DataFrame, nw.LazyFrame)):
            columns = as_columns(y)
            assert columns.frame is not None
            each = [_from_column(n, columns.frame[:, i]) for i, n in enumerate(columns.names)]
            return each[0] if len(each) == 1 else side_by_side(each)
    array = _as_array(y, name)
    if array.dtype.kind in "biufU" or array.ndim not in (1, 2):
        return TargetValues(array)
    if array.ndim == 1:
        return _from_column(name, array)
    return side_by_side([_from_column(name, array[:, i]) for i in range(array.shape[1])])


def _as_array(y: Any, name: str) -> np.ndarray:
    try:
        array = np.asarray(y)
        if array.dtype.kind in "USMmT":
            array = array if isinstance(y, np.ndarray) else np.array(y, dtype=object)
    except ValueError:
        raise ShapeError(
            f'the rows of the target "{name}" have different lengths. '
            "Give every row the same number of values."
        ) from None
    if array.dtype.kind == "c":
        raise DataError(
            f'Complex data not supported: the target "{name}" holds complex numbers. '
            "Give real and imaginary parts as two columns."
        )
    return array


def side_by_side(columns: list[TargetValues]) -> TargetValues:
    """Return columns as one array: numbers if all are, else objects that keep their types."""
    arrays = [column.array for column in columns]
    kinds = {array.dtype.kind for array in arrays}
    if not (kinds <= set("iuf") or len(kinds) == 1):
        arrays = [array.astype(object) for array in arrays]
    units = tuple(column.units[0] if column.units else "" for column in columns)
    return TargetValues(np.stack(arrays, axis=1), units if any(units) else ())


def _from_column(name: str, column: Any) -> TargetValues:
    values = read_values(name, column)
    if values.kind == "category":  # those of pandas may be numbers
        column = objects(column.to_list())
        values = read_values(name, column)
    if values.kind == "date":
        return TargetValues(values.data, (_unit_of(column),))
    return TargetValues(_array_of(column, values))


def _unit_of(column: Any) -> str:
    """Return in which unit of NumPy the dates of a column are."""
    import narwhals as nw

    if isinstance(column, np.ndarray) and column.dtype.kind == "M":
        return np.datetime_data(column.dtype)[0]
    if isinstance(column.dtype, nw.Datetime):
        return column.dtype.time_unit
    if isinstance(column.dtype, nw.Date):
        return "D"
    types = {type(item) for item in list(column) if not is_gap(item)}
    return "D" if types == {datetime.date} else "us"


def _array_of(column: Any, values: Values) -> np.ndarray:
    if values.gaps.any():
        return values.data
    if values.kind == "clock":
        return values.as_texts()
    if values.kind == "integer":
        return _exact_integers(column)
    return values.data.astype(bool) if values.kind == "boolean" else values.data


def _exact_integers(column: Any) -> np.ndarray:
    """Return whole numbers to the last digit; those beyond 64 bits as float64."""
    if str(getattr(column, "dtype", "")) in ("Int128", "UInt128"):  # NumPy has no such numbers
        exact = np.asarray(column.to_list())
    else:
        exact = np.asarray(column.to_numpy() if hasattr(column, "to_numpy") else column)
    if exact.dtype.kind in "iu":
        return exact
    items = exact.tolist()
    try:
        return np.array(items, dtype=np.int64)
    except OverflowError:
        return np.array([float(item) if abs(item) < LARGEST else np.inf for item in items])


def warn_of_column_vector(array: np.ndarray) -> None:
    """Give scikit-learn's warning if a target of one column came in two dimensions."""
    from sklearn.exceptions import DataConversionWarning

    if array.ndim == 2 and array.shape[1] == 1:
        warnings.warn(
            "A column-vector y was passed when a 1d array was expected. "
            "It is read as one column; give y.ravel() to say so yourself.",
            DataConversionWarning,
            stacklevel=3,
        )


def guess_task(
    y: object, name: str = "target"
) -> tuple[Literal["classification", "regression"], str]:
    """Guess what a target asks for and give the task with the reason.

    Text and booleans are classes. Dates are numbers. Whole numbers are classes if there are at most
    20 different ones with 5 rows each on average, unless they count from 0 or 1 and the largest are
    rare, as counts are. Everything else is a number. Of several columns, text is classes, and
    nothing but 0 and 1 (both occurring) are yes/no labels. The reason is a `Text`, which says what
    else it could be.
    """
    read = read_values_of(y, name)
    array = read.array
    if read.units and all(read.units):
        n = len(read.units)
        return "regression", "dates" if n == 1 else f"{n} columns of dates"
    if array.ndim == 2 and array.shape[1] > 1:
        return _guess_task_of_columns(array)
    array = array.ravel()
    if array.dtype.kind not in "iuf":
        return "classification", "yes or no" if array.dtype.kind == "b" else "text"
    if (array != np.round(array)).any():
        return "regression", "numbers with fractions"
    values, sizes = np.unique(array, return_counts=True)
    n, different = len(values), count(len(values), "different whole number")
    if n > MAX_CLASSES_OF_INTEGERS:
        return "regression", different
    task, why = "classification", ""
    if len(array) < MIN_ROWS_PER_CLASS * n:
        task, why = "regression", f" in {count(len(array), 'row')}"
    elif _are_counts(values, sizes):
        task, why = "regression", ", the largest of them rare, as counts are"
    elif n == 2:
        return task, different
    other, them = ("regression", "numbers") if task == "classification" else (_CLASSES, "classes")
    return task, Text("{}; {} would take them as {}", different + why, for_task(other), them)


_CLASSES = "classification"


def _are_counts(values: np.ndarray, sizes: np.ndarray) -> bool:
    """Return whether whole numbers run from 0 or 1 on, and the last of them alone are rare."""
    rare = sizes < max(MIN_ROWS_PER_CLASS, MOST_OF_A_RARE_COUNT * sizes.sum())
    n_rare, n = int(rare.sum()), len(values)
    runs_on = values[0] in (0, 1) and bool((np.diff(values[: n - n_rare + 1]) == 1).all())
    return n >= FEWEST_COUNTS and runs_on and n_rare > 1 and bool(rare[n - n_rare :].all())


def _guess_task_of_columns(
    array: np.ndarray,
) -> tuple[Literal["classification", "regression"], str]:
    n = array.shape[1]
    if array.dtype.kind not in "biuf":
        return "classification", f"{n} columns of text"
    if array.dtype.kind == "b" or set(np.unique(array).tolist()) == {0, 1}:
        return "classification", f"{n} columns of yes or no"
    return "regression", f"{n} target columns"
