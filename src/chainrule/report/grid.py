"""A table in which two columns run over a grid and the others are held where the middle row is.

A number is held at the row whose value is nearest the median, a category at its commonest level: a
cell of the table itself, so its type stays what it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.data import Columns, as_columns, require_column
from chainrule.data.columns.kinds import kind_of
from chainrule.data.columns.values import Values, as_time, objects
from chainrule.data.target.numbers import dates_from
from chainrule.errors import DataError, OptionError
from chainrule.wording import listing

RESOLUTION, MARGIN = 100, 0.05
LAST_HOUR = 24 - 1 / 3600


@dataclass(frozen=True, eq=False)
class Grid:
    """Two columns of a table as a grid of `n` by `n` rows.

    Attributes
    ----------
    names : tuple of str
        The column to the right, and the one upwards.
    xs, ys : arrays of shape (n,)
        Their values.
    table : frame or array
        The rows to predict, of the kind that came in: `ys` slow, `xs` fast.
    points : array of shape (n_rows, 2)
        The two columns of the table itself.
    dated : pair of bool
        Which of the two are dates, whose numbers are days since 1970-01-01.
    """

    names: tuple[str, str]
    xs: np.ndarray
    ys: np.ndarray
    table: Any
    points: np.ndarray
    dated: tuple[bool, bool] = (False, False)

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """The corners, as matplotlib's images have them."""
        return self.xs[0], self.xs[-1], self.ys[0], self.ys[-1]


def make_grid(
    X: Any, columns: Sequence[str | int], resolution: int = RESOLUTION, model: Any = None
) -> Grid:
    """Return the grid over two number columns of a table.

    Parameters
    ----------
    X : frame or array-like of shape (n_rows, n_columns)
        Its rows say where the grid lies and where the other columns are held.
    columns : two of str or int
        Names, or places, counted from 0.
    resolution : int, default=100
        Values of each column.
    model : estimator, optional
        Columns that it takes for categories are refused, too.

    Raises
    ------
    OptionError
        If `columns` are not two different ones.
    DataError
        If there is no such column, or it holds categories or no value at all.
    """
    table = as_columns(X)
    names = [_name(table, column) for column in columns]
    if len(set(names)) != 2:
        raise OptionError(
            f"columns={list(columns)!r} must be two different columns. Choose two of: "
            f"{listing(table.names, 20)}."
        )
    categories = _categories(model)
    values = [_numbers(table, name, categories) for name in names]
    kinds = [table.values(name).kind for name in names]
    xs, ys = (_line(column, resolution) for column in values)
    lines = zip(names, kinds, (np.tile(xs, len(ys)), np.repeat(ys, len(xs))), strict=True)
    over = {name: _cells(kind, line) for name, kind, line in lines}
    dated = kinds[0] == "date", kinds[1] == "date"
    points = np.stack(values, axis=1)
    return Grid((names[0], names[1]), xs, ys, _fill(table, over), points, dated)


def _name(table: Columns, column: str | int) -> str:
    if isinstance(column, str):
        return require_column(table.names, column)
    if not 0 <= column < len(table.names):
        raise DataError(
            f"there is no column {column}: the table has {len(table.names)}, counted from 0. "
            f"The columns are: {listing(table.names, 20)}."
        )
    return table.names[column]


def _categories(model: Any) -> set[str]:
    """Return the columns that a model of ours takes for categories."""
    fitted = getattr(model, "fitted_", None)
    used = [] if fitted is None else fitted.encoder.schema.used
    return {column.name for column in used if kind_of(column).has_levels}


def _numbers(table: Columns, name: str, categories: set[str]) -> np.ndarray:
    values = table.values(name)
    if name in categories or values.is_text and not values.cells.is_of_numbers:
        others = [n for n in table.names if n not in categories and not table.values(n).is_text]
        raise DataError(
            f'column "{name}" holds categories, but the axes of a surface need numbers. '
            f"Choose two of: {listing(others, 20)}."
        )
    numbers = values.as_numbers(values.cells.spelling if values.is_text else None)
    if not np.isfinite(numbers).any():
        raise DataError(f'column "{name}" holds no number. Choose another column.')
    return numbers


def _line(numbers: np.ndarray, resolution: int) -> np.ndarray:
    known = numbers[np.isfinite(numbers)]
    low, high = float(known.min()), float(known.max())
    margin = MARGIN * (high - low) or 1.0
    return np.linspace(low - margin, high + margin, resolution)


def _cells(kind: str, numbers: np.ndarray) -> np.ndarray:
    """Return numbers as cells of a column of that kind."""
    if kind == "date":
        return dates_from(numbers, "us", whole_days=False)
    if kind == "clock":
        return objects(as_time(hours) for hours in np.clip(numbers, 0, LAST_HOUR).tolist())
    return numbers


def _fill(table: Columns, over: dict[str, np.ndarray]) -> Any:
    n = len(next(iter(over.values())))
    held = {name: _middle(table.values(name)) for name in table.names if name not in over}
    if table.array is not None:
        numbers = table.array.dtype.kind in "biuf"
        filled = np.empty((n, len(table.names)), dtype=np.float64 if numbers else object)
        for place, name in enumerate(table.names):
            filled[:, place] = over[name] if name in over else table.array[held[name], place]
        return filled
    import narwhals as nw

    frame = table.frame
    assert frame is not None
    new = []  # columns by their place: the frame's own names may be no text
    for place, name in enumerate(table.names):
        if name in over:
            own, backend = frame.columns[place], frame.implementation
            dtype = nw.Float64 if over[name].dtype.kind == "f" else None
            series = nw.new_series(own, over[name], dtype, backend=backend)  # pyright: ignore
        else:
            series = frame[:, place][[held[name]] * n]
        new.append(series)
    return frame[[0] * n].with_columns(*new).to_native()


def _middle(values: Values) -> int:
    """Return the row whose cell stands for the column; the first one if all are gaps."""
    if values.gaps.all():
        return 0
    if values.is_text:
        commonest = values.frequency.most_common(1)[0][0]
        return values.first_row_of(values.coded.texts.index(commonest))
    return int(np.nanargmin(np.abs(values.data - np.nanmedian(values.data))))
