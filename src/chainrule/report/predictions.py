"""Predictions against the truth: the confusion matrix, and predicted against true numbers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from chainrule.report.style import FAINT, TRAINING, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def confusion_figure(
    matrix: np.ndarray,
    classes: Sequence[object],
    title: str = "Confusion matrix of the test rows",
) -> "Figure":
    """Draw counts of true classes (rows) against predicted classes (columns)."""
    n = len(classes)
    side = min(max(3.4, 0.55 * n + 1.6), 12)
    figure, (ax,) = new_figure(1, width=side + 0.6, height=side)
    ax.grid(False)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    ax.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if n <= 30:
        for i, j in np.ndindex(*matrix.shape):
            colour = "white" if shares[i, j] > 0.6 else "#333333"
            ax.text(j, i, str(matrix[i, j]), ha="center", va="center", color=colour, fontsize=8)
    names = [str(c) for c in classes]
    turned = max(len(name) for name in names) > 4
    ax.set_xticks(range(n), names, rotation=45 if turned else 0, ha="right" if turned else "center")
    ax.set_yticks(range(n), names)
    ax.set_xlabel("predicted", fontsize=9)
    ax.set_ylabel("true", fontsize=9)
    ax.set_title(title, fontsize=10)
    return figure


def scatter_figure(true: np.ndarray, predicted: np.ndarray, name: str) -> "Figure":
    """Draw predicted against true numbers, with the line on which they would be equal."""
    figure, (ax,) = new_figure(1, width=4.4, height=4)
    low = float(min(true.min(), predicted.min()))
    high = float(max(true.max(), predicted.max()))
    ax.plot([low, high], [low, high], color=FAINT, linewidth=1, linestyle="--")
    ax.scatter(true, predicted, s=14, color=TRAINING, alpha=0.6, linewidths=0)
    ax.set_xlabel(f"true {name}", fontsize=9)
    ax.set_ylabel(f"predicted {name}", fontsize=9)
    ax.set_title("Predicted against true, test rows", fontsize=10)
    return figure
