"""What a diagnosis is made of: the record of a training, how it was set, and its rows.

Plain numbers all of it, so that any training can be looked at: an estimator's or the engine's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np

from chainrule.advice import Text


@dataclass(frozen=True)
class Settings:
    """How the training was set, by the names of the options that could mend it.

    Attributes
    ----------
    learning_rate : float, optional
        The full rate; None for a rule without one.
    n_epochs : int
        Epochs that were allowed.
    patience : float, optional
        Epochs without progress that were allowed; None if none were counted.
    stop : str
        As in `chainrule.engine.Trained`; `message` says it in words.
    best_epoch : int
        Whose weights were kept.
    hidden : tuple of int
        Units of the hidden layers.
    activations : tuple of str
        Functions of the hidden layers.
    penalty : float
        The L2 penalty on the weights of the whole network over the loss, at the end.
    scoring : str
        What chose the epoch on the validation rows.
    lacks : frozenset of str
        Options of other estimators that this one has not.
    """

    solver: str = "adam"
    learning_rate: float | None = None
    n_epochs: int = 0
    patience: float | None = None
    stop: str = "finished"
    message: str = ""
    best_epoch: int = 0
    hidden: tuple[int, ...] = ()
    activations: tuple[str, ...] = ()
    penalty: float = 0.0
    scoring: str = "loss"
    lacks: frozenset[str] = frozenset()

    def advise(self, *texts: Text) -> Text:
        """Return the first text that names no option that is lacking, or the last."""
        known = (text for text in texts if self.lacks.isdisjoint(text.options()))
        return next(known, texts[-1])


@dataclass(frozen=True)
class Reference:
    """What another kind of learner makes of the same rows, each predicted by trees without it.

    `probabilities` (rows, classes), or `predictions` (rows,) on the network's scale.
    """

    probabilities: np.ndarray | None = None
    predictions: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class SeenRows:
    """The training rows as the network saw them, and what it made of them.

    Attributes
    ----------
    x : array of shape (rows, inputs)
        Encoded inputs.
    input_names : sequence of str
        Their names.
    y : array of shape (rows,) or (rows, outputs)
        Class numbers, or targets on the network's scale.
    classes : sequence of str
        Names of the classes; empty for numbers.
    predictions : array of shape (rows, classes) or (rows, outputs)
        Probabilities, or numbers on the network's scale.
    hidden : sequence of arrays of shape (rows, units)
        Activations of the hidden layers.
    leaks : sequence of (column, sentence)
        Columns that give the target away, as the look at the table found them.
    reference : Reference, optional
        Another learner's view; without it, noise and underfitting cannot be told.
    places : array of shape (rows,), optional
        Which rows of the table they are, if not all.
    """

    x: np.ndarray
    input_names: Sequence[str]
    y: np.ndarray
    classes: Sequence[str]
    predictions: np.ndarray
    hidden: Sequence[np.ndarray] = ()
    leaks: Sequence[tuple[str, str]] = ()
    reference: Reference | None = None
    places: np.ndarray | None = None

    @cached_property
    def shares(self) -> np.ndarray:
        """The share of rows of each class."""
        return np.bincount(self.y, minlength=len(self.classes)) / len(self.y)


@dataclass(frozen=True, eq=False)
class Evidence:
    """All there is to look at; `rows` may be missing."""

    task: Literal["classification", "regression"]
    history: Mapping[str, np.ndarray]
    settings: Settings
    flow: Mapping[str, Any] = field(default_factory=dict)
    rows: SeenRows | None = None

    def column(self, name: str) -> np.ndarray | None:
        """Return a column of the history as float64."""
        found = self.history.get(name)
        return None if found is None else np.asarray(found, np.float64)

    @property
    def loss(self) -> np.ndarray:
        """The training loss, entry e after e epochs; the running mean where no other was taken."""
        found = self.column("loss")
        return (
            found if found is not None else np.asarray(self.history["running_loss"], np.float64)[1:]
        )

    def layers_with(self, what: str) -> list[tuple[str, np.ndarray]]:
        """Return (layer, series) of all layers that have such a series, first to last."""
        return [
            (label, np.asarray(own[what], np.float64))
            for label, own in self.flow.items()
            if label != "epoch" and what in own and len(own[what])
        ]
