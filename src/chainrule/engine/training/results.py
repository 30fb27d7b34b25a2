"""What training shows while it runs, and what it gives back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.engine.training.starting import Checkpoint


@dataclass(frozen=True)
class Progress:
    """Where training stands: after `epoch` epochs, and a `share` of the next one."""

    epoch: int
    n_epochs: int
    measures: dict[str, float]
    best_epoch: int | None
    seconds: float
    compile_seconds: float
    share: float = 0.0


@dataclass(frozen=True)
class Epoch:
    """The network after `epoch` epochs: given to `on_epoch`, epoch 0 included."""

    epoch: int
    measures: dict[str, float]
    params: Any
    opt_state: Any


@dataclass(frozen=True)
class Trained:
    """What training gives back.

    `history` has one entry for the start and one after each epoch; `running_loss` is the mean over
    the steps of the epoch before, with dropout.  `stop` is "finished", "early", "asked" (by
    `on_epoch`), "time", "interrupted", "diverged" or "unsettled" (too many samples of a
    fixed-point network did not settle); `message` says it in words.  `params` and `opt_state` are
    those of `best_epoch` when a measure is watched, else the last finite ones.  `flow` has, if it
    was recorded, "epoch" and for each layer what the module `flow` names.
    """

    params: Any
    opt_state: Any
    history: dict[str, np.ndarray]
    n_epochs: int
    best_epoch: int
    stop: str
    message: str
    seconds: float
    compile_seconds: float
    flow: Mapping[str, Any] = field(default_factory=dict)

    @property
    def checkpoint(self) -> Checkpoint:
        """Where to go on: the weights that were kept, with the optimizer's state beside them."""
        return Checkpoint(self.params, self.opt_state, self.best_epoch)
