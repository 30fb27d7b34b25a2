"""The border: any frame or array comes in, `Columns` goes on.

Frames of any library pass through narwhals (lazy ones are collected); arrays of numbers stay what
they are, without a copy; arrays with text become columns x0, x1, …; sparse matrices are made dense.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.data.columns.cells import read_values
from chainrule.data.columns.values import EXACT, Values
from chainrule.data.spelling import Spelling
from chainrule.errors import ColumnTypeError, DataError, ShapeError
from chainrule.wording import listing

if TYPE_CHECKING:
    import narwhals as nw

MOST_DENSE_NUMBERS = 250_000_000
MOST_COLUMNS = 200_000  # of a frame or a file: each is looked at by itself
MOST_KEPT = 4_000_000  # cells of a table whose columns are read once for all


@dataclass(frozen=True, eq=False)
class Columns:
    """The columns of a table, read one at a time.

    Attributes
    ----------
    names : list of str
        Column names; x0, x1, … for an array.
    named : bool
        Whether the names come from the user; scikit-learn counts only text as names, so the
        numbers over the columns of a pandas frame are none.
    n_rows : int
        Number of rows.
    array : np.ndarray or None
        What came in, if it was an array.
    frame : narwhals.DataFrame or None
        What came in, if it was a frame.
    sparse : bool
        Whether the array came as a sparse matrix.
    spellings : mapping
        How the cells of columns were written in a file, by name, as its reader found.
    """

    names: list[str]
    named: bool
    n_rows: int
    array: np.ndarray | None = None
    frame: nw.DataFrame[Any] | None = None
    sparse: bool = False
    spellings: Mapping[str, Spelling] = field(default_factory=dict)

    @property
    def numeric_array(self) -> np.ndarray | None:
        """The whole as one 2-D array of numbers, if that is what came in."""
        return self.array if self.array is not None and self.array.dtype.kind in "biuf" else None

    def values(self, name: str) -> Values:
        """Read one column."""
        values = self._kept.get(name)
        if values is None:
            place = self._places[name]
            column = self._series[place] if self.array is None else self.array[:, place]
            values = read_values(name, column)
            values.spelling = self.spellings.get(name)
            if self.n_rows * len(self.names) <= MOST_KEPT:
                self._kept[name] = values
        return values

    @cached_property
    def _kept(self) -> dict[str, Values]:
        return {}

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.names)}

    @cached_property
    def _series(self) -> list[nw.Series[Any]]:
        assert self.frame is not None
        return list(self.frame.iter_columns())

    @property
    def native(self) -> Any:
        """The table in the type that it came in."""
        return self.array if self.frame is None else self.frame.to_native()

    def take(self, rows: np.ndarray) -> Columns:
        """Return the table with only these rows, in this order."""
        array = None if self.array is None else self.array[rows]
        frame = self.frame
        if frame is not None:
            frame = frame[rows.tolist()] if len(rows) else frame.head(0)
        return replace(self, n_rows=len(rows), array=array, frame=frame)

    def below(self, other: Columns) -> Columns:
        """Return the rows of this table, and below them those of another one like it."""
        array, frame = self.array, self.frame
        if array is not None and other.array is not None:
            array = np.concatenate([array, other.array])
        if frame is not None and other.frame is not None:
            import narwhals as nw

            frame = nw.concat([frame, other.frame])
        return replace(self, n_rows=self.n_rows + other.n_rows, array=array, frame=frame)


def as_columns(X: object) -> Columns:
    """Take a frame or a 2-D array-like and give its columns.

    Parameters
    ----------
    X : frame or array-like
        pandas, polars, pyarrow or any other frame that narwhals knows; an array or list of lists;
        a sparse matrix or array of scipy, made dense.

    Returns
    -------
    Columns
        The table; nothing but a sparse matrix is copied yet. The levels of a pandas MultiIndex are
        joined by "_".

    Raises
    ------
    ShapeError
        If an array is not 2-D, or there are no rows or no columns.
    DataError
        If it is complex, a sparse matrix too large to be made dense, a frame of more than 200,000
        columns, or no table at all, or if two columns have one name.
    ColumnTypeError
        If some column names are text and others are not.
    """
    if isinstance(X, Columns):
        return X
    if hasattr(X, "toarray") and hasattr(X, "nnz"):
        array = _as_array(_dense(X))
        return Columns(_places(array), named=False, n_rows=len(array), array=array, sparse=True)
    frame = None if isinstance(X, (np.ndarray, list, tuple)) else _as_frame(X)
    if frame is not None:
        _refuse_nothing(frame.shape)
        refuse_too_wide(frame.shape[1])
        names, named = _read_names(frame.columns)
        return Columns(names, named, n_rows=frame.shape[0], frame=frame)
    array = _as_array(X)
    return Columns(_places(array), named=False, n_rows=len(array), array=array)


def _places(array: np.ndarray) -> list[str]:
    return [f"x{place}" for place in range(array.shape[1])]


def _as_frame(X: object) -> nw.DataFrame[Any] | None:
    import narwhals as nw

    try:
        frame: Any = nw.from_native(X, pass_through=True, allow_series=True)  # pyright: ignore
    except nw.exceptions.DuplicateError:
        raise _same_names([str(name) for name in _native_names(X)]) from None
    if isinstance(frame, nw.Series):
        raise _not_2d(1, frame.shape)
    if isinstance(frame, nw.LazyFrame):
        return frame.collect()
    return frame if isinstance(frame, nw.DataFrame) else None


def _native_names(X: Any) -> Sequence[object]:
    names = getattr(X, "column_names", None)  # pyarrow's `columns` are the data
    return list(X.columns) if names is None else list(names)


def _read_names(names: Sequence[object]) -> tuple[list[str], bool]:
    """Return the names as text, and whether they count as names."""
    types = sorted({type(name).__qualname__ for name in names})
    if types == ["tuple"]:
        texts = ["_".join(str(level) for level in name) for name in names]  # pyright: ignore
    elif "str" in types and len(types) > 1:
        raise ColumnTypeError(
            "Feature names are only supported if all input features have string names, but your "
            f"input has {types} as feature name / column name types. Write "
            "X.columns = X.columns.astype(str)."
        )
    else:
        texts = [str(name) for name in names]
    if len(set(texts)) < len(texts):
        raise _same_names(texts)
    return texts, types in (["str"], ["tuple"])


def _same_names(names: Sequence[str]) -> DataError:
    often = sorted((name, n) for name, n in Counter(names).items() if n > 1)
    shown = listing([f'"{name}" {n} times' for name, n in often])
    return DataError(
        f"column names occur more than once: {shown}. Give every column a name of its own."
    )


def _dense(X: Any) -> np.ndarray:
    n_rows, n_columns = X.shape if len(X.shape) == 2 else (1, X.shape[0])
    if n_rows * n_columns > MOST_DENSE_NUMBERS:
        raise DataError(
            f"the sparse table of {n_rows} x {n_columns} has {n_rows * n_columns:,} numbers once "
            f"it is dense, more than {MOST_DENSE_NUMBERS:,}. Make fewer columns of it first, with "
            "sklearn.decomposition.TruncatedSVD or a selection of columns."
        )
    return X.toarray()


def _as_array(X: Any) -> np.ndarray:
    if isinstance(X, np.ma.MaskedArray):
        X = np.ma.filled(X.astype(np.float64), np.nan)
    try:
        array = np.asarray(X)
        if array.dtype.kind in "USMm" and not isinstance(X, np.ndarray):
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
    return array if array.dtype.kind in "biufMm" else _numbers_if_possible(array)


def _numbers_if_possible(array: np.ndarray) -> np.ndarray:
    """Return float64 if every cell is a number; else objects, to be read column by column."""
    try:
        numbers = array.astype(np.float64)
    except (ValueError, TypeError, OverflowError):
        return array.astype(object)
    # Whole numbers that float64 would round are for the reader of columns to refuse or to spell.
    return array.astype(object) if (np.abs(numbers) >= EXACT).any() else numbers


def _not_2d(n_dimensions: int, shape: tuple[int, ...]) -> ShapeError:
    return ShapeError(
        f"Expected 2D array, got {n_dimensions}D array instead (shape {shape}). Reshape your data "
        "with X.reshape(-1, 1) if it is one feature, or X.reshape(1, -1) if it is one sample."
    )


def refuse_too_wide(n_columns: int, who: str = "the table") -> None:
    """Raise a DataError if there are more columns than can be looked at one by one."""
    if n_columns > MOST_COLUMNS:
        raise DataError(
            f"{who} has {n_columns:,} columns, more than {MOST_COLUMNS:,}. If its rows are what "
            "should be columns, transpose it; else keep fewer columns, those that vary most for "
            "example, or make fewer of them first (sklearn.decomposition.PCA)."
        )


def _refuse_nothing(shape: tuple[int, ...]) -> None:
    for n, what in zip(shape, ("sample", "feature"), strict=True):
        if n == 0:
            raise ShapeError(
                f"Found array with 0 {what}(s) (shape={shape}) while a minimum of 1 is required. "
                "Check the rows and columns you select."
            )
