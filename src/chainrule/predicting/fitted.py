"""What fitting returns, a model file holds and everything that looks at a fitted model reads.

    rows encoded → every network → the mean of what they predict

Nothing here trains: a `Fitted` predicts, and says what it is made of.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

import msgspec
import numpy as np

from chainrule.data import Answers, InputEncoder, Rows
from chainrule.predicting.history import History
from chainrule.predicting.intervals import Calibration
from chainrule.predicting.layers import AnyLayer


class Network(Protocol):
    """A trained network: NumPy's `PlainNetwork`, or the engine's where code is a user's own.

    `layers` (with their `arrays`) are empty in the second case, `link` says how raw outputs become
    predictions, `between` are the weights between layers of units as a picture shows them, and
    `computing_in` gives the same network in another number type, if it can.
    """

    @property
    def layers(self) -> tuple[AnyLayer, ...]: ...
    @property
    def arrays(self) -> tuple[dict[str, np.ndarray], ...]: ...
    @property
    def dtype(self) -> np.dtype: ...
    @property
    def link(self) -> str | None: ...
    @property
    def coefs(self) -> list[np.ndarray]: ...
    @property
    def intercepts(self) -> list[np.ndarray]: ...
    @property
    def between(self) -> list[np.ndarray]: ...
    @property
    def n_weights(self) -> int: ...

    def predict(self, x: np.ndarray) -> np.ndarray: ...
    def raw(self, x: np.ndarray) -> np.ndarray: ...
    def activations(self, x: np.ndarray, layer: int) -> np.ndarray: ...
    def computing_in(self, dtype: Any) -> Self: ...


class Ending(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a training ended, as a model file has it.

    Attributes
    ----------
    stop, message : str
        "finished", "early", "asked", "time", "interrupted" or "diverged"; and in words.
    n_epochs : int
        Epochs of the last fit.
    epoch : int
        The epoch whose weights were kept.
    seconds, compile_seconds : float
        That training took, and that compiling took.
    n_rows_seen : int
        Rows seen in all epochs of all fits.
    penalty : float
        Of the weights that were kept.
    """

    stop: str
    message: str
    n_epochs: int
    epoch: int
    seconds: float
    compile_seconds: float
    n_rows_seen: int
    penalty: float


NOT_TRAINED = Ending("finished", "not trained", 0, 0, 0.0, 0.0, 0, 0.0)


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fitted model.

    Attributes
    ----------
    network : Network
        What predicts; of several networks the first.
    members : tuple of Fitted
        The networks that predict together, this one the first; empty where it is alone.
    encoder : InputEncoder or None
        The table's columns; None for a memory, which has none.
    target : Target or None
        What is predicted; None for a memory.
    patterns : array or None
        What a memory was taught.
    history : History
        Of the training.
    flow : mapping
        What flowed through the layers in some epochs.
    ending : Ending
        How training ended.
    optimizer_state : tuple of arrays
        From which a training goes on.
    seed : int or None
        Of the training.
    data_hash : str
        Digest of the encoded rows.
    calibration : Calibration or None
        Errors on rows that did not train, for intervals.
    recipe : mapping
        Parameters that "auto" stood for, by name.
    engine : FeedForward or None
        The engine's network as it was trained; None after loading.
    seen : array or None
        Some encoded rows of the training, for a report on settling; None after loading.
    """

    network: Network
    history: History = field(default_factory=History)
    ending: Ending = NOT_TRAINED
    encoder: InputEncoder | None = None
    target: Any = None
    patterns: np.ndarray | None = None
    members: tuple[Fitted, ...] = ()
    flow: Mapping[str, Any] = field(default_factory=dict)
    optimizer_state: tuple[np.ndarray, ...] = ()
    seed: int | None = None
    data_hash: str = ""
    calibration: Calibration | None = None
    recipe: Mapping[str, Any] = field(default_factory=dict)
    engine: Any = None
    seen: np.ndarray | None = None

    @property
    def networks(self) -> tuple[Fitted, ...]:
        """The networks that predict together, or the one that is alone."""
        return self.members or (self,)

    @property
    def rows_together(self) -> int:
        """Rows that are computed together: in multiples of them the last bits do not change."""
        each = (getattr(member.network, "rows_together", 1) for member in self.networks)
        return math.lcm(*each)

    @property
    def classifies(self) -> bool:
        """Whether classes are predicted."""
        return self.target is not None and self.target.classifies

    def encoded(self, X: Any, who: str = "The model", dtype: Any = None) -> np.ndarray:
        """Return rows of a table as the network takes them; `who` expects them, in messages.

        Raises
        ------
        DataError, ShapeError
            If the rows are not like those of the fit.
        """
        assert self.encoder is not None, "a memory has no columns"
        return self.encoder.transform(X, self.network.dtype if dtype is None else dtype, who=who)

    def encoded_training(self, rows: Rows, who: str = "The model") -> np.ndarray:
        """Return rows of the training in float64 for another learner to learn from.

        They are as `encoded` has them, but none hears of its own target by what columns tell of it.
        """
        assert self.encoder is not None, "a memory has no columns"
        x = self.encoded(rows.columns, who, np.float64)
        if not self.encoder.asks_target:
            return x
        answers = Answers(self.target.encode(rows.y), ())
        return self.encoder.without_own(rows.columns, x, rows.in_parts(), rows.weights, answers)

    def outputs(self, x: np.ndarray, *, raw: bool = False) -> np.ndarray:
        """Return what is predicted of encoded rows: probabilities, or numbers as they were scaled.

        Or the `raw` outputs of the network, of which the largest belongs to the most probable
        class; of several networks always the mean of their predictions.
        """
        if self.members:
            # not their raw outputs, whose mean is another: the link is no straight line
            return np.mean([member.outputs(x) for member in self.members], axis=0)
        # numbers go back into the target's units, where rounding of float32 would show: the
        # same row would differ a little with the rows beside it
        network = self.network if self.classifies else self.network.computing_in(np.float64)
        return network.raw(x) if raw else network.predict(x)
