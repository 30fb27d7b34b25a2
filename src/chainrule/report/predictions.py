"""Predictions against the truth: confusion matrix, predicted against true numbers, and errors."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.data.target.values import read_target
from chainrule.errors import ShapeError
from chainrule.report.display import Display
from chainrule.report.style import (
    DASHED,
    FAINT,
    INK,
    TRAINING,
    VALIDATION,
    dates_along,
    labelled,
    legend,
    names_of,
    new_figure,
    some_rows,
    tinted,
    words,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_CELLS = 20  # classes whose counts are written out


def confusion_figure(
    matrix: np.ndarray,
    classes: Sequence[object],
    title: str = "Confusion matrix of the test rows",
) -> "Figure":
    """Draw counts of true classes (rows) against predicted classes (columns).

    How to read it: every row of the picture is a true class; what stands on the diagonal is right,
    what stands beside it says which class it was taken for, and the stronger the blue, the larger
    the share of the true class.

    Parameters
    ----------
    matrix : array of shape (n_classes, n_classes)
        Counts, as `sklearn.metrics.confusion_matrix` gives them.
    classes : sequence
        Their names.
    """
    n = len(classes)
    side = min(max(3.4, 0.42 * n + 1.6), 12)
    figure, (ax,) = new_figure(1, width=side + 0.6, height=side)
    ax.grid(False)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    ax.imshow(tinted(TRAINING, shares), interpolation="nearest", aspect="auto")
    if n <= MOST_CELLS:
        for i, j in np.ndindex(*matrix.shape):
            share = f"\n{shares[i, j]:.0%}" if matrix[i, j] and n <= 8 else ""
            ax.text(j, i, f"{matrix[i, j]}{share}", color=INK, fontsize=8, ha="center", va="center")
    names = names_of(classes)
    turned = max(len(name) for name in names) > 4
    ax.set_xticks(range(n), names, rotation=45 if turned else 0, ha="right" if turned else "center")
    ax.set_yticks(range(n), names)
    labelled(ax, title, "predicted", "true")
    return figure


def scatter_figure(
    true: np.ndarray, predicted: np.ndarray, name: str, *, dated: bool = False
) -> "Figure":
    """Draw predicted against true numbers, with the line on which they would be equal.

    How to read it: a point is a row; the nearer it lies to the dashed line, the better, and a cloud
    flatter than the line means that high values are predicted too low and low values too high.

    Parameters
    ----------
    true, predicted : arrays of shape (n_rows,)
        At most 2,000 rows are drawn.
    name : str
        Of the target.
    dated : bool, default=False
        Whether the numbers are days since 1970-01-01, to be written as dates.
    """
    figure, (ax,) = new_figure(1, width=4.4, height=4)
    low = float(min(true.min(), predicted.min()))
    high = float(max(true.max(), predicted.max()))
    rows, note = some_rows(len(true))
    ax.plot([low, high], [low, high], color=FAINT, linewidth=1.2, linestyle=DASHED)
    ax.scatter(true[rows], predicted[rows], s=14, color=TRAINING, alpha=0.6, linewidths=0)
    name = words(name)
    labelled(ax, f"Predicted against true, test rows{note}", f"true {name}", f"predicted {name}")
    dates_along(ax, x=dated, y=dated)
    return figure


def error_figure(true: np.ndarray, predicted: np.ndarray, name: str = "target") -> "Figure":
    """Draw the histogram of the errors predicted - true, in the unit of the target.

    How to read it: a narrow heap around the upright line at zero is good; a heap beside zero is a
    bias, and long tails are rows on which the model is far off.

    Parameters
    ----------
    true, predicted : arrays of shape (n_rows,)
    name : str
        Of the target.
    """
    return ErrorHistogramDisplay.from_predictions(true, predicted, name=name).figure_


@dataclass(eq=False)
class ErrorHistogramDisplay(Display):
    """The errors predicted - true of a regressor as a histogram.

    Parameters
    ----------
    errors : array of shape (n_rows,)
        In the unit of the target.
    name : str, default="target"
        Of the target.

    Examples
    --------
    >>> from chainrule import ErrorHistogramDisplay
    >>> ErrorHistogramDisplay.from_predictions([1.0, 2.0], [1.5, 2.0]).errors.tolist()
    [0.5, 0.0]
    """

    errors: np.ndarray
    name: str = "target"

    @classmethod
    def from_estimator(
        cls, model: Any, X: Any, y: Any, *, name: str | None = None, ax: "Axes | None" = None
    ) -> "ErrorHistogramDisplay":
        """Draw the errors of a fitted regressor on rows; the name is that of `y` if it has one."""
        name = name or str(getattr(y, "name", None) or "target")
        return cls.from_predictions(y, model.predict(X), name=name, ax=ax)

    @classmethod
    def from_predictions(
        cls, y_true: Any, y_pred: Any, *, name: str = "target", ax: "Axes | None" = None
    ) -> "ErrorHistogramDisplay":
        """Draw the errors of predictions; those of dates are days.

        Raises
        ------
        ShapeError
            If they are not two columns of one length.
        """
        true, predicted = (np.asarray(read_target(each), float) for each in (y_true, y_pred))
        if true.ndim != 1 or true.shape != predicted.shape:
            raise ShapeError(
                "ErrorHistogramDisplay expects true and predicted numbers of one shape (n_rows,), "
                f"got {true.shape} and {predicted.shape}. Draw one target at a time."
            )
        return cls(predicted - true, name).plot(ax)

    def _draw(self, ax: "Axes") -> None:
        errors = self.errors
        edges = np.histogram_bin_edges(errors, "auto")
        if len(edges) > 60:
            edges = np.histogram_bin_edges(errors, 60)
        ax.hist(errors, edges.tolist(), color=TRAINING, alpha=0.75, linewidth=0)
        ax.axvline(0, color=INK, linewidth=1, label="no error")
        middle = f"mean {errors.mean():.3g}, spread {errors.std():.3g}"
        ax.axvline(errors.mean(), color=VALIDATION, linewidth=1.5, linestyle=DASHED, label=middle)
        ax.margins(y=0.3)
        labelled(ax, "Errors", f"predicted - true {words(self.name)}", "rows")
        legend(ax)
