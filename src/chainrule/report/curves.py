"""Curves over the epochs: loss and metrics on training and validation rows.

Both are measured the same way at the end of an epoch; the faint line is the mean over the steps of
the epoch before, with dropout on.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from chainrule.report.style import FAINT, MARK, TRAINING, VALIDATION, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLES = {"loss": "Loss", "accuracy": "Accuracy", "mse": "Mean Squared Error"}


def learning_curves(history: Mapping[str, np.ndarray], best_epoch: int | None = None) -> "Figure":
    """Draw one panel for the loss and one for each metric in `history`."""
    names = [n for n in history if n != "running_loss" and f"{n}_max" not in history]
    names = [n for n in names if not n.startswith("val_") and n != "epoch" and n[-4:] != "_max"]
    figure, axes = new_figure(len(names))
    epochs = history["epoch"]
    for ax, name in zip(axes, names, strict=True):
        if name == "loss" and "running_loss" in history:
            ax.plot(
                epochs, history["running_loss"], color=FAINT, linewidth=0.8, label="running mean"
            )
            if history[name].min() > 0 and history[name].max() > 10 * history[name].min():
                ax.set_yscale("log")
        ax.plot(epochs, history[name], color=TRAINING, linewidth=1.6, label="training")
        if f"val_{name}" in history:
            ax.plot(
                epochs,
                history[f"val_{name}"],
                color=VALIDATION,
                linewidth=1.6,
                linestyle=(0, (5, 1.5)),
                label="validation",
            )
        if best_epoch is not None and f"val_{name}" in history:
            ax.axvline(best_epoch, color=MARK, linewidth=1, linestyle=":", label="kept")
        ax.set_title(TITLES.get(name, name.replace("_", " ").capitalize()), fontsize=10)
        ax.set_xlabel("epoch", fontsize=9)
        ax.legend(fontsize=8, frameon=False)
    return figure


def iteration_curves(
    curves: Mapping[str, Mapping[str, np.ndarray]], xlabel: str = "iteration"
) -> "Figure":
    """Draw a panel for each title, with a line for each label, over the iterations."""
    figure, axes = new_figure(len(curves))
    for ax, (title, lines) in zip(axes, curves.items(), strict=True):
        styles = zip((TRAINING, VALIDATION, MARK), ("-", (0, (5, 1.5)), ":"), strict=True)
        for (label, values), (colour, dash) in zip(lines.items(), styles, strict=False):
            ax.plot(values, color=colour, linestyle=dash, linewidth=1.4, label=label)
        ax.set_title(title, fontsize=10)
        ax.set_xlabel(xlabel, fontsize=9)
        if len(lines) > 1:
            ax.legend(fontsize=8, frameon=False)
    return figure
