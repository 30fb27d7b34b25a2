"""What a model predicts over two columns of a table, the others held; and the rows themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from chainrule.data.columns.values import spell_date
from chainrule.data.target.values import read_target, read_values_of
from chainrule.errors import ShapeError
from chainrule.report.display import Display
from chainrule.report.grid import RESOLUTION, Grid, make_grid
from chainrule.report.style import (
    COLOURS,
    INK,
    MARKERS,
    TRAINING,
    dates_along,
    draw_image,
    labelled,
    legend,
    some_rows,
    tinted,
    words,
)
from chainrule.report.thresholds import MOST_CLASSES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WEAKEST = 0.12  # tint of a region whose class is no more probable than any other


def surface_figure(model: Any, X: Any, y: Any, columns: Sequence[str | int]) -> "Figure":
    """Draw what a model predicts over two columns of a table, and its rows.

    How to read it: each tint is where a class wins, stronger where the model is surer, or, for
    numbers, the stronger the higher (of the points: the higher the true number); the lines are
    borders between classes, or lines of equal prediction, and since all other columns are held at
    their median or commonest value, a point on the wrong side may lie right with its own values.

    Parameters
    ----------
    model : estimator
        Fitted.
    X, y
        Rows and their true targets; at most 2,000 are drawn.
    columns : two of str or int
        Number columns, by name or place.
    """
    return DecisionSurfaceDisplay.from_estimator(model, X, y, columns=columns).figure_


@dataclass(eq=False)
class DecisionSurfaceDisplay(Display):
    """Predictions over two columns of a table, with its rows.

    Unlike scikit-learn's `DecisionBoundaryDisplay`, the model may use more than two columns, of any
    kind: the others are held at their median or commonest value.

    Parameters
    ----------
    grid : Grid
        The two columns, and the table to predict.
    predictions : array of shape (n_y, n_x) or (n_y, n_x, n_classes)
        Numbers, or probabilities.
    targets : array of shape (n_rows,)
        True targets of the rows.
    classes : array of shape (n_classes,), optional
        The classes in order, if they are classes.
    dated : bool, default=False
        Whether the numbers are days since 1970-01-01, to be written as dates.

    Examples
    --------
    >>> from chainrule import DecisionSurfaceDisplay, MLPClassifier, datasets
    >>> iris = datasets.load("iris")
    >>> X, y = iris.drop("species"), iris["species"]
    >>> model = MLPClassifier((8,), max_iter=20, random_state=0).fit(X, y)
    >>> pair = ["petal_length", "petal_width"]
    >>> DecisionSurfaceDisplay.from_estimator(model, X, y, columns=pair).predictions.shape
    (100, 100, 3)
    """

    grid: Grid
    predictions: np.ndarray
    targets: np.ndarray
    classes: np.ndarray | None = None
    dated: bool = False

    _size: ClassVar[tuple[float, float]] = (4.8, 3.9)

    @classmethod
    def from_estimator(
        cls,
        model: Any,
        X: Any,
        y: Any,
        *,
        columns: Sequence[str | int],
        resolution: int = RESOLUTION,
        ax: "Axes | None" = None,
    ) -> "DecisionSurfaceDisplay":
        """Predict over two columns and draw it; see `surface_figure`.

        Raises
        ------
        OptionError, DataError
            If `columns` are not two different columns of numbers.
        ShapeError
            If the model has several targets.
        """
        from sklearn.base import is_classifier

        targets = np.asarray(y)
        if targets.ndim != 1:
            raise ShapeError(
                f"{cls.__name__} expects one target column of shape (n_rows,), got "
                f"{targets.shape}. Fit a model of one target."
            )
        grid = make_grid(X, columns, resolution, model)
        shape = len(grid.ys), len(grid.xs)
        if is_classifier(model):
            p = np.asarray(model.predict_proba(grid.table)).reshape(*shape, -1)
            return cls(grid, p, targets, model.classes_).plot(ax)
        predicted, true = read_values_of(model.predict(grid.table)), read_target(y)
        predictions, targets = predicted.array.reshape(shape), true.astype(np.float64)
        return cls(grid, predictions, targets, dated=bool(predicted.units)).plot(ax)

    def _draw(self, ax: "Axes") -> None:
        ax.grid(False)
        draw = self._draw_numbers if self.classes is None else self._draw_classes
        note = draw(ax)
        ax.set(xlim=self.grid.extent[:2], ylim=self.grid.extent[2:])
        labelled(ax, note, *(words(name) for name in self.grid.names))
        dates_along(ax, x=self.grid.dated[0], y=self.grid.dated[1])

    def _draw_classes(self, ax: "Axes") -> str:
        p, n = self.predictions, self.predictions.shape[-1]
        winner, sure = p.argmax(axis=-1), (p.max(axis=-1) * n - 1) / max(n - 1, 1)
        from matplotlib.colors import to_rgb

        colours = np.array([to_rgb(COLOURS[k % len(COLOURS)]) for k in range(n)])
        draw_image(ax, tinted(colours[winner], WEAKEST + (1 - WEAKEST) * sure), self.grid.extent)
        for k in range(n):
            lead = p[..., k] - np.delete(p, k, axis=-1).max(axis=-1)
            if lead.min() < 0 < lead.max():
                ax.contour(self.grid.xs, self.grid.ys, lead, [0], colors=INK, linewidths=0.8)
        rows, note = some_rows(len(self.targets))
        points, targets = self.grid.points[rows], self.targets[rows]
        assert self.classes is not None
        for k, known in enumerate(self.classes):
            of = targets == known
            if of.any():
                ax.scatter(
                    *points[of].T,
                    s=16,
                    marker=MARKERS[k % len(MARKERS)],
                    color=[colours[k]],
                    edgecolors=INK,
                    linewidths=0.5,
                    label=words(known, 16) if k < MOST_CLASSES else None,
                )
        legend(ax, loc="upper left", bbox_to_anchor=(1, 1), borderaxespad=0.2)
        return f"Most probable class{note}"

    def _draw_numbers(self, ax: "Axes") -> str:
        values = self.predictions
        low, high = float(values.min()), float(values.max())
        span = (high - low) or 1.0
        draw_image(ax, tinted(TRAINING, (values - low) / span), self.grid.extent)
        if high > low:
            lines = ax.contour(self.grid.xs, self.grid.ys, values, 7, colors=INK, linewidths=0.8)
            ax.clabel(lines, fontsize=7, fmt=_date if self.dated else None)
        rows, note = some_rows(len(self.targets))
        strength = (self.targets[rows] - low) / span
        faces = tinted(TRAINING, strength)
        ax.scatter(*self.grid.points[rows].T, s=16, c=faces, edgecolors=INK, linewidths=0.5)
        return f"Prediction{note}"


def _date(days: float) -> str:
    return spell_date(float(np.floor(days)))
