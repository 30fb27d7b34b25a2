"""Calibration: whether of the rows that are given 80 % just about 80 % come true.

expected calibration error   Σ_bins (rows in bin / rows) · |share that came true - mean p|
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.report.display import Display
from chainrule.report.style import FAINT, INK, TRAINING, labelled, words
from chainrule.report.thresholds import check_probabilities

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

N_BINS = 10


def calibration_figure(true: Any, probabilities: np.ndarray, classes: Any) -> "Figure":
    """Draw how often predictions come true beside the probabilities they were given.

    How to read it: points on the dashed line keep their word; points below it are too sure of
    themselves, points above it too modest; the bars at the bottom and the numbers at the top say
    how many rows each point stands for.

    Parameters
    ----------
    true : array-like of shape (n_rows,)
        Classes.
    probabilities : array of shape (n_rows, n_classes)
        As `predict_proba` gives them.
    classes : sequence
        The classes in that order.  Of two, the probability of the second one is drawn; of more,
        that of the most probable class.
    """
    return ReliabilityDisplay.from_predictions(true, probabilities, classes=classes).figure_


@dataclass(eq=False)
class ReliabilityDisplay(Display):
    """Predicted probabilities beside the share that came true, with the rows of every bin.

    Parameters
    ----------
    predicted, observed : arrays of shape (n_bins,)
        Mean probability, and the share that came true, of the bins that hold rows.
    counts : array of shape (n_bins,)
        Rows in these bins.
    what : str
        Whose probability it is.

    Examples
    --------
    >>> from chainrule import ReliabilityDisplay
    >>> p = [[0.9, 0.1], [0.6, 0.4], [0.3, 0.7]]
    >>> display = ReliabilityDisplay.from_predictions(["no", "no", "yes"], p)
    >>> round(display.error, 3)
    0.267
    """

    predicted: np.ndarray
    observed: np.ndarray
    counts: np.ndarray
    what: str

    @classmethod
    def from_estimator(
        cls, model: Any, X: Any, y: Any, *, ax: "Axes | None" = None
    ) -> "ReliabilityDisplay":
        """Draw the calibration of a fitted classifier on rows."""
        return cls.from_predictions(y, model.predict_proba(X), classes=model.classes_, ax=ax)

    @classmethod
    def from_predictions(
        cls, y_true: Any, probabilities: Any, *, classes: Any = None, ax: "Axes | None" = None
    ) -> "ReliabilityDisplay":
        """Draw the calibration of predicted probabilities; see `calibration_figure`.

        Raises
        ------
        ShapeError
            If the shapes do not fit together.
        """
        from sklearn.calibration import calibration_curve

        true, p, known = check_probabilities(cls.__name__, y_true, probabilities, classes)
        if len(known) == 2:
            hit, score, what = true == known[1], p[:, 1], f"probability of {words(known[1])}"
        else:
            hit, score = true == known[p.argmax(axis=1)], p.max(axis=1)
            what = "probability of the most probable class"
        score = np.clip(score, 0, 1)
        # pos_label, since the rows may all be hits
        observed, predicted = calibration_curve(hit, score, n_bins=N_BINS, pos_label=True)
        bins = np.searchsorted(np.linspace(0, 1, N_BINS + 1)[1:-1], score)  # as scikit-learn has it
        counts = np.bincount(bins, minlength=N_BINS)
        return cls(predicted, observed, counts[counts > 0], what).plot(ax)

    @property
    def error(self) -> float:
        """The expected calibration error, between 0 and 1."""
        gaps = np.abs(self.observed - self.predicted)
        return float(np.average(gaps, weights=self.counts))

    def _draw(self, ax: "Axes") -> None:
        ax.plot([0, 1], [0, 1], color=FAINT, linewidth=1.2, linestyle=(0, (4, 3)))
        bars = 0.18 * self.counts / self.counts.max()
        middles = (
            np.searchsorted(np.linspace(0, 1, N_BINS + 1)[1:-1], self.predicted) + 0.5
        ) / N_BINS
        ax.bar(middles, bars, 0.9 / N_BINS, color=TRAINING, alpha=0.3, linewidth=0)
        for x, n in zip(middles, self.counts, strict=True):
            ax.text(x, 1.05, f"{n:,}", fontsize=7, color=INK, ha="center", va="bottom")
        ax.plot(
            self.predicted, self.observed, color=TRAINING, marker="o", markersize=5, linewidth=1.4
        )
        ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.13), yticks=np.linspace(0, 1, 6))
        labelled(
            ax, f"Calibration, expected error {self.error:.3f}", self.what, "share that came true"
        )
