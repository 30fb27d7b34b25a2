"""Curves over the epochs: loss and metrics on training and validation rows.

Both are measured the same way at the end of an epoch; the faint line is the mean over the steps of
the epoch before, with dropout on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import OptionError
from chainrule.report.display import Display
from chainrule.report.style import (
    DASHED,
    FAINT,
    MARK,
    TRAINING,
    VALIDATION,
    labelled,
    legend,
    line_style,
    new_figure,
)
from chainrule.wording import did_you_mean, listing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLES = {"loss": "Loss", "accuracy": "Accuracy", "mse": "Mean Squared Error", "r2": "R²"}


def learning_curves(
    history: Mapping[str, np.ndarray], best_epoch: int | None = None, columns: int | None = None
) -> "Figure":
    """Draw one panel for the loss and one for each metric in `history`.

    How to read it: both lines should go the good way and end level; where the dashed line of the
    validation rows turns back while the training line goes on, the network learns its rows by
    heart, and the dotted upright line marks the epoch whose weights were kept.

    Parameters
    ----------
    history : mapping of arrays of shape (n_epochs + 1,)
        As `model.history_`: "epoch", "loss", the metrics, and "val_…" of them.
    best_epoch : int, optional
        The epoch whose weights were kept.
    columns : int, optional
        Panels to a row; all of them if not given.
    """
    names = measures_of(history)
    figure, axes = new_figure(len(names), columns=columns)
    for ax, name in zip(axes, names, strict=True):
        _draw_measure(ax, history, name, best_epoch)
    return figure


def curves_of_runs(histories: Mapping[str, Mapping[str, np.ndarray]]) -> "Figure":
    """Draw a panel for each measure that all have, a line for each run: on validation rows if any.

    How to read it: of two runs on the same rows the one whose line goes further the good way has
    learnt more; where only the lengths differ, the shorter one was stopped, or had fewer epochs.
    """
    first, *others = (_measured(each) for each in histories.values())
    names = [name for name in first if all(name in each for each in others)]
    figure, axes = new_figure(len(names))
    for ax, name in zip(axes, names, strict=True):
        for i, (label, history) in enumerate(histories.items()):
            values = history.get(f"val_{name}", history.get(name))
            ax.plot(history["epoch"], values, linewidth=1.4, label=label, **line_style(i))
        labelled(ax, TITLES.get(name, name.replace("_", " ").capitalize()), "epoch")
        legend(ax)
    return figure


def _measured(history: Mapping[str, np.ndarray]) -> dict[str, None]:
    """Return what was measured on rows of any part, in order."""
    validated = [name.removeprefix("val_") for name in history if name.startswith("val_")]
    return dict.fromkeys([*measures_of(history), *validated])


def measures_of(history: Mapping[str, np.ndarray]) -> list[str]:
    """Return the loss and the metrics among the columns of a history."""
    names = [n for n in history if n != "running_loss" and f"{n}_max" not in history]
    return [n for n in names if not n.startswith("val_") and n != "epoch" and n[-4:] != "_max"]


@dataclass(eq=False)
class TrainingCurveDisplay(Display):
    """One measure over the epochs of a training, on training and validation rows.

    Parameters
    ----------
    history : mapping of arrays of shape (n_epochs + 1,)
        As `model.history_`.
    measure : str, default="loss"
        Its column to draw.
    best_epoch : int, optional
        The epoch whose weights were kept.

    Examples
    --------
    >>> from chainrule import MLPClassifier, TrainingCurveDisplay, datasets
    >>> iris = datasets.load("iris")
    >>> X, y = iris.drop("species"), iris["species"]
    >>> model = MLPClassifier((8,), max_iter=20, random_state=0).fit(X, y)
    >>> TrainingCurveDisplay.from_estimator(model, measure="accuracy").ax_.get_title()
    'Accuracy'
    """

    history: Mapping[str, np.ndarray]
    measure: str = "loss"
    best_epoch: int | None = None

    @classmethod
    def from_estimator(
        cls, model: Any, *, measure: str = "loss", ax: "Axes | None" = None
    ) -> "TrainingCurveDisplay":
        """Draw the history of a fitted model.

        Raises
        ------
        OptionError
            If the history has no such measure.
        """
        known = measures_of(model.history_)
        if measure not in known:
            raise OptionError(
                f"measure={measure!r} is not in the history{did_you_mean(measure, known) or '.'} "
                f"Choose one of {listing(known)}."
            )
        best = model.best_iter_ if f"val_{measure}" in model.history_ else None
        return cls(model.history_, measure, best).plot(ax)

    def _draw(self, ax: "Axes") -> None:
        _draw_measure(ax, self.history, self.measure, self.best_epoch)


def _draw_measure(
    ax: "Axes", history: Mapping[str, np.ndarray], name: str, best_epoch: int | None
) -> None:
    epochs = history["epoch"]
    if name == "loss" and "running_loss" in history:
        ax.plot(epochs, history["running_loss"], color=FAINT, linewidth=0.8, label="running mean")
        if history[name].min() > 0 and history[name].max() > 10 * history[name].min():
            ax.set_yscale("log")
    ax.plot(epochs, history[name], color=TRAINING, linewidth=1.6, label="training")
    if f"val_{name}" in history:
        validation = history[f"val_{name}"]
        ax.plot(
            epochs,
            validation,
            color=VALIDATION,
            linewidth=1.6,
            linestyle=DASHED,
            label="validation",
        )
        if best_epoch is not None:
            ax.axvline(best_epoch, color=MARK, linewidth=1.2, linestyle=":", label="kept")
    labelled(ax, TITLES.get(name, name.replace("_", " ").capitalize()), "epoch")
    legend(ax)


def iteration_curves(
    curves: Mapping[str, Mapping[str, np.ndarray]], xlabel: str = "iteration"
) -> "Figure":
    """Draw a panel for each title, with a line for each label, over the iterations."""
    figure, axes = new_figure(len(curves))
    for ax, (title, lines) in zip(axes, curves.items(), strict=True):
        for i, (label, values) in enumerate(lines.items()):
            ax.plot(values, linewidth=1.4, label=label, **line_style(i))
        labelled(ax, title, xlabel)
        if len(lines) > 1:
            legend(ax)
    return figure
