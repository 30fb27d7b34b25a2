"""Classes at every threshold: ROC and precision-recall curves, each class against the rest.

    ROC                true positives / positives     against  false positives / negatives
    precision-recall   true positives / predicted     against  true positives / positives

The numbers are scikit-learn's.  Two classes have one curve, that of the second class.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from chainrule.errors import DataError, ShapeError
from chainrule.report.display import Display
from chainrule.report.style import FAINT, labelled, legend, line_style, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_CLASSES = 10


def roc_figure(true: Any, probabilities: np.ndarray, classes: Sequence[object]) -> "Figure":
    """Draw the ROC curve of two classes, or of each class against the rest.

    How to read it: the further a curve bends to the upper left, the better the class is told from
    the others; the area under it is 1 for a perfect model, 0.5 (the dashed line) for guessing.

    Parameters
    ----------
    true : array-like of shape (n_rows,)
        Classes.
    probabilities : array of shape (n_rows, n_classes)
        As `predict_proba` gives them.
    classes : sequence
        The classes in that order; the ten commonest ones are drawn.
    """
    return RocCurvesDisplay.from_predictions(true, probabilities, classes=classes).figure_


def precision_recall_figure(
    true: Any, probabilities: np.ndarray, classes: Sequence[object]
) -> "Figure":
    """Draw precision against recall of two classes, or of each class against the rest.

    How to read it: from left to right more and more rows of the class are found, and the height
    says how many of those that are called so are right; a model that guesses has the height of the
    class's share of all rows.

    Parameters
    ----------
    true, probabilities, classes
        As in `roc_figure`.
    """
    return PrecisionRecallCurvesDisplay.from_predictions(
        true, probabilities, classes=classes
    ).figure_


@dataclass(eq=False)
class ThresholdDisplay(Display):
    """A curve over all thresholds for each class.

    Parameters
    ----------
    curves : dict of (x, y, area, share)
        For every class: the curve, the area that sums it up, and the class's share of the rows.
    n_classes : int
        How many classes there are; if more than `curves`, the figure says so.
    """

    curves: dict[str, tuple[np.ndarray, np.ndarray, float, float]]
    n_classes: int

    _size: ClassVar[tuple[float, float]] = (4.4, 4.2)

    @classmethod
    def from_estimator(cls, model: Any, X: Any, y: Any, *, ax: "Axes | None" = None) -> Self:
        """Draw the curves of a fitted classifier on rows.

        Raises
        ------
        ShapeError
            If the classifier has several targets.
        """
        return cls.from_predictions(y, model.predict_proba(X), classes=model.classes_, ax=ax)

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        probabilities: Any,
        *,
        classes: Sequence[object] | np.ndarray | None = None,
        ax: "Axes | None" = None,
    ) -> Self:
        """Draw the curves of predicted probabilities.

        Parameters
        ----------
        y_true : array-like of shape (n_rows,)
            Classes.
        probabilities : array of shape (n_rows, n_classes)
            Of each class.
        classes : sequence, optional
            In the order of the probabilities; the sorted values of `y_true` if not given.

        Raises
        ------
        ShapeError
            If the shapes do not fit together.
        DataError
            If all rows are of one class.
        """
        true, p, known = check_probabilities(cls.__name__, y_true, probabilities, classes)
        counts = np.array([(true == each).sum() for each in known])
        drawn = (
            [1] if len(known) == 2 else np.sort(np.argsort(-counts, kind="stable")[:MOST_CLASSES])
        )
        curves = {}
        for k in drawn:
            positive = true == known[k]
            if 0 < counts[k] < len(true):
                x, y, area = cls._curve(positive, p[:, k])
                curves[str(known[k])] = (x, y, area, float(positive.mean()))
        if not curves:
            raise DataError(
                f"{cls.__name__} needs rows of at least two classes, but all {len(true)} are of "
                "one. Give more rows."
            )
        return cls(curves, 1 if len(known) == 2 else len(known)).plot(ax)

    @staticmethod
    def _curve(positive: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
        raise NotImplementedError

    def _finish(self, ax: "Axes", title: str, x: str, y: str, place: str) -> None:
        ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        if len(self.curves) < self.n_classes:
            title += f", {len(self.curves)} of {self.n_classes} classes"
        labelled(ax, title, x, y)
        legend(ax, loc=place, fontsize=7.5 if len(self.curves) > 5 else 8)


class RocCurvesDisplay(ThresholdDisplay):
    """ROC curves, one for each class against the rest; of two classes, that of the second.

    Examples
    --------
    >>> from chainrule import RocCurvesDisplay
    >>> p = [[0.9, 0.1], [0.6, 0.4], [0.3, 0.7]]
    >>> RocCurvesDisplay.from_predictions(["no", "no", "yes"], p).curves["yes"][2]
    1.0
    """

    @staticmethod
    def _curve(positive: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
        from sklearn.metrics import auc, roc_curve

        false_rate, true_rate, _ = roc_curve(positive, score)
        return false_rate, true_rate, float(auc(false_rate, true_rate))

    def _draw(self, ax: "Axes") -> None:
        ax.plot([0, 1], [0, 1], color=FAINT, linewidth=1, linestyle=(0, (4, 3)))
        for i, (name, (x, y, area, _)) in enumerate(self.curves.items()):
            ax.plot(x, y, linewidth=1.6, label=f"{words(name, 16)}: {area:.3f}", **line_style(i))
        self._finish(
            ax,
            "ROC (area under it)",
            "share of the others taken for it",
            "share found",
            "lower right",
        )


class PrecisionRecallCurvesDisplay(ThresholdDisplay):
    """Precision against recall, one curve for each class against the rest.

    Examples
    --------
    >>> from chainrule import PrecisionRecallCurvesDisplay
    >>> p = [[0.9, 0.1], [0.6, 0.4], [0.3, 0.7]]
    >>> PrecisionRecallCurvesDisplay.from_predictions(["no", "no", "yes"], p).curves["yes"][2]
    1.0
    """

    @staticmethod
    def _curve(positive: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
        from sklearn.metrics import average_precision_score, precision_recall_curve

        precision, recall, _ = precision_recall_curve(positive, score)
        return recall, precision, float(average_precision_score(positive, score))

    def _draw(self, ax: "Axes") -> None:
        for i, (name, (x, y, area, share)) in enumerate(self.curves.items()):
            label = f"{words(name, 16)}: {area:.3f} (share {share:.2f})"
            style = line_style(i)
            ax.plot(x, y, linewidth=1.6, drawstyle="steps-post", label=label, **style)
            if len(self.curves) == 1:
                ax.axhline(share, color=FAINT, linewidth=1, linestyle=(0, (4, 3)))
        self._finish(
            ax, "Precision and recall (average precision)", "recall", "precision", "lower left"
        )


def check_probabilities(
    who: str, y_true: Any, probabilities: Any, classes: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return true classes, probabilities and all classes as arrays that fit together."""
    true = np.asarray(y_true)
    several = isinstance(probabilities, list) and np.ndim(probabilities[0]) == 2
    p = None if several else np.asarray(probabilities, dtype=np.float64)
    known = np.unique(true) if classes is None else classes
    if p is None or isinstance(known, list) and np.ndim(known[0]) or true.ndim != 1:
        raise ShapeError(
            f"{who} expects one target column of shape (n_rows,), got several. Draw one at a time, "
            "with from_predictions."
        )
    known = np.asarray(known)
    if p.shape != (len(true), len(known)):
        raise ShapeError(
            f"{who} expects probabilities of shape ({len(true)}, {len(known)}), a row for each "
            f"true class and a column for each of the classes, got {p.shape}. Give what "
            "predict_proba returns, and classes=model.classes_."
        )
    return true, p, known
