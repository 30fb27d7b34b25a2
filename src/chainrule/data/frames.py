"""The border: any frame or array comes in, `Columns` goes on.

Frames of any library pass through narwhals (lazy ones are collected); arrays of numbers stay what
they are, without a copy; arrays with text become columns x0, x1, ….
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.data.values import Values, read_values
from chainrule.errors import DataError, ShapeError

if TYPE_CHECKING:
    import narwhals as nw


@dataclass(frozen=True, eq=False)
class Columns:
    """The columns of a table, read one at a time.

    Attributes
    ----------
    names : list of str
        Column names; x0, x1, … for an array.
    named : bool
        Whether the names come from the user.
    n_rows : int
        Number of rows.
    array : np.ndarray or None
        What came in, if it was an array.
    frame : narwhals.DataFrame or None
        What came in, if it was a frame.
    """

    names: list[str]
    named: bool
    n_rows: int
    array: np.ndarray | None = None
    frame: nw.DataFrame[Any] | None = None

    @property
    def numeric_array(self) -> np.ndarray | None:
        """The whole as one 2-D array of numbers, if that is what came in."""
        return self.array if self.array is not None and self.array.dtype.kind in "biuf" else None

    def values(self, name: str) -> Values:
        """Read one column."""
        place = self.names.index(name)
        if self.array is not None:
            return read_values(name, self.array[:, place])
        assert self.frame is not None
        return read_values(name, self.frame[:, place])

    def take(self, rows: np.ndarray) -> Columns:
        """Return the table with only these rows, in this order."""
        array = None if self.array is None else self.array[rows]
        frame = None if self.frame is None else self.frame[rows.tolist()]
        return Columns(self.names, self.named, len(rows), array, frame)


def as_columns(X: object) -> Columns:
    """Take a frame or a 2-D array-like and give its columns.

    Parameters
    ----------
    X : frame or array-like
        pandas, polars, pyarrow or any other frame that narwhals knows; an array or list of lists.

    Returns
    -------
    Columns
        The table; nothing is copied yet.

    Raises
    ------
    ShapeError
        If an array is not 2-D, or there are no rows or no columns.
    DataError
        If it is sparse, complex, or no table at all.
    TypeError
        If a cell is neither number nor text.
    """
    if isinstance(X, Columns):
        return X
    frame = None if isinstance(X, (np.ndarray, list, tuple)) else _as_frame(X)
    if frame is not None:
        names = [str(name) for name in frame.columns]
        _refuse_nothing(frame.shape)
        return Columns(names, named=True, n_rows=frame.shape[0], frame=frame)
    array = _as_array(X)
    names = [f"x{place}" for place in range(array.shape[1])]
    return Columns(names, named=False, n_rows=array.shape[0], array=array)


def _as_frame(X: object) -> nw.DataFrame[Any] | None:
    import narwhals as nw

    try:
        frame: Any = nw.from_native(X, pass_through=True, allow_series=True)  # pyright: ignore
    except nw.exceptions.DuplicateError:
        raise DataError(
            "the frame has two columns of one name. Give every column a name of its own."
        ) from None
    if isinstance(frame, nw.Series):
        raise _not_2d(1, frame.shape)
    if isinstance(frame, nw.LazyFrame):
        return frame.collect()
    return frame if isinstance(frame, nw.DataFrame) else None


def _as_array(X: Any) -> np.ndarray:
    if hasattr(X, "toarray") and hasattr(X, "nnz"):
        raise DataError(
            f"a sparse {type(X).__name__} came, expected a dense array or a frame. "
            "Convert it with X.toarray() if it fits in memory."
        )
    try:
        array = np.asarray(X)
        if array.dtype.kind in "US" and not isinstance(X, np.ndarray):
            array = np.array(X, dtype=object)  # [[1, "a"]]: keep the 1 a number
    except ValueError:
        raise ShapeError(
            "the rows of the list have different lengths, expected a 2-D table. "
            "Give every row the same number of values."
        ) from None
    if array.ndim != 2:
        raise _not_2d(array.ndim, array.shape)
    _refuse_nothing(array.shape)
    if array.dtype.kind == "c":
        raise DataError(
            "Complex data not supported: expected real numbers. "
            "Give real and imaginary parts as two columns."
        )
    return array if array.dtype.kind in "biufM" else _numbers_if_possible(array)


def _numbers_if_possible(array: np.ndarray) -> np.ndarray:
    try:
        return array.astype(np.float64)
    except ValueError:
        return array.astype(object)
    except TypeError as error:
        raise TypeError(
            f"a cell of the array is neither number nor text: {error}. "
            "Convert it to a number before."
        ) from None


def _not_2d(n_dimensions: int, shape: tuple[int, ...]) -> ShapeError:
    return ShapeError(
        f"Expected 2D array, got {n_dimensions}D array instead (shape {shape}). Reshape your data "
        "with X.reshape(-1, 1) if it is one feature, or X.reshape(1, -1) if it is one sample."
    )


def _refuse_nothing(shape: tuple[int, ...]) -> None:
    for n, what in zip(shape, ("sample", "feature"), strict=True):
        if n == 0:
            raise ShapeError(
                f"Found array with 0 {what}(s) (shape={shape}) while a minimum of 1 is required. "
                "Check the rows and columns you select."
            )
