"""A target as it comes: read from any container, without gaps, and what it asks for."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from chainrule.data.frames import as_columns
from chainrule.data.values import is_gap, read_values
from chainrule.data.wording import count
from chainrule.errors import DataError, ShapeError

MAX_CLASSES_OF_INTEGERS = 20
MIN_ROWS_PER_CLASS = 5


def read_target(y: object, name: str = "target", *, role: str = "target") -> np.ndarray:
    """Take a series, frame, array or list and give a target without gaps.

    Parameters
    ----------
    y : series, frame or array-like
        One value (or row of values) per row of the table.
    name, role : str, default="target"
        For the messages: `the <role> "<name>" …`.

    Returns
    -------
    np.ndarray of shape (n_rows,) or (n_rows, n_targets)
        Numbers and booleans keep their type, text becomes an array of text.

    Raises
    ------
    ShapeError
        If it is a single value, has more than two dimensions, or no rows.
    DataError
        If values are missing or infinite.
    """
    array = _to_array(y, name)
    if array.ndim not in (1, 2):
        raise ShapeError(
            f'the {role} "{name}" has the shape {array.shape}; '
            "expected one value or one row of values per row. Use y.reshape(-1, 1)."
        )
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
    return array


def _to_array(y: object, name: str) -> np.ndarray:
    if isinstance(y, (np.ndarray, list, tuple)):
        try:
            array = np.asarray(y)
            if array.dtype.kind in "US" and not isinstance(y, np.ndarray):
                array = np.array(y, dtype=object)
        except ValueError:
            raise ShapeError(
                f'the rows of the target "{name}" have different lengths. '
                "Give every row the same number of values."
            ) from None
        if array.dtype.kind != "O" or array.ndim != 1:
            return _as_floats(array) if array.dtype.kind == "O" else array
        return _from_values(name, array)
    import narwhals as nw

    native: Any = nw.from_native(y, pass_through=True, allow_series=True)  # pyright: ignore
    if isinstance(native, nw.Series):
        return _from_values(name, native)
    if not isinstance(native, (nw.DataFrame, nw.LazyFrame)):
        return _to_array(np.asarray(y), name)
    columns = as_columns(y)
    if len(columns.names) == 1 and columns.frame is not None:
        return _from_values(name, columns.frame[:, 0])
    return np.column_stack([columns.values(each).as_numbers() for each in columns.names])


def _as_floats(array: np.ndarray) -> np.ndarray:
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError):
        return array


def _from_values(name: str, column: Any) -> np.ndarray:
    values = read_values(name, column)
    if values.is_text or values.gaps.any():
        return values.data
    if values.kind == "integer":
        exact = np.asarray(column.to_numpy() if hasattr(column, "to_numpy") else column)
        return exact if exact.dtype.kind in "iu" else values.data.astype(np.int64)
    return values.data.astype(bool) if values.kind == "boolean" else values.data


def guess_task(
    y: object, name: str = "target"
) -> tuple[Literal["classification", "regression"], str]:
    """Guess what a target asks for and give the task with the reason.

    Text and booleans are classes. Whole numbers are classes if there are at most 20 different ones
    with 5 rows each on average. Everything else is a number.
    """
    array = read_target(y, name)
    if array.ndim == 2 and array.shape[1] > 1:
        return "regression", f"{array.shape[1]} target columns"
    array = array.ravel()
    if array.dtype.kind not in "iuf":
        return "classification", "yes or no" if array.dtype.kind == "b" else "text"
    if (array != np.round(array)).any():
        return "regression", "numbers with fractions"
    n_values = len(np.unique(array))
    if n_values > MAX_CLASSES_OF_INTEGERS:
        return "regression", f"{n_values} different whole numbers"
    if len(array) < MIN_ROWS_PER_CLASS * n_values:
        return "regression", f"{n_values} different whole numbers in {count(len(array), 'row')}"
    return "classification", f"{count(n_values, 'different whole number')}"
