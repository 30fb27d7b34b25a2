"""A fit that is kept in a folder while it runs: which training is which, and what belongs to it.

The engine keeps what it knows; what looks at the network from outside keeps its own beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.engine.training.keeping import Arrays
from chainrule.errors import ShapeError
from chainrule.storage.checkpoints import Checkpoints, OfFit, Training

# What does not decide the numbers of a training.
SILENT = ("random_state", "verbose", "time_limit", "warm_start")


@dataclass(frozen=True, eq=False)
class Keeping:
    """Where the trainings of one fit are kept; `name` is that of a part of the fit."""

    checkpoints: Checkpoints
    before: OfFit | None
    name: str = ""

    def seed(self, drawn: int) -> int:
        """Return the seed of the fit: that of the fit which goes on, if one does."""
        seed = drawn if self.before is None else self.before.seed
        self.checkpoints.begin(seed)
        return seed

    def within(self, name: Any) -> Keeping:
        """Return the same for a part of the fit."""
        return replace(self, name=f"{self.name}-{name}" if self.name else str(name))

    def training(self, identity: Any, looks: Sequence[Any] = ()) -> KeptTraining:
        """Return the keeper of this part, which is one training."""
        return KeptTraining(self.checkpoints.training(self.name or "0", identity), looks)


@contextmanager
def kept_fit(estimator: Any, checkpoint: Any) -> Iterator[Keeping | None]:
    """Keep the fit of an estimator in a folder; None keeps nothing.

    Raises
    ------
    OptionError
        If the folder is of another fit, in use, or cannot be written to.
    """
    if checkpoint is None:
        yield None
        return
    if not isinstance(checkpoint, Checkpoints):
        checkpoint = Checkpoints(Path(checkpoint))
    who, given = type(estimator).__name__, estimator.get_params(deep=False)
    parameters = {name: value for name, value in given.items() if name not in SILENT}
    if isinstance(estimator.random_state, int | np.integer):
        parameters["random_state"] = estimator.random_state
    with checkpoint.of_fit(who, parameters) as before:
        yield Keeping(checkpoint, before)
    if not checkpoint.stays and estimator.fitted_.ending.stop != "interrupted":
        checkpoint.remove()


class KeptTraining:
    """The engine's keeper: what it keeps, and beside it the state of those who look on."""

    def __init__(self, training: Training, looks: Sequence[Any]) -> None:
        self.training, self.looks = training, looks

    @property
    def due(self) -> bool:
        return self.training.due

    def keep(self, arrays: Arrays, epoch: int) -> None:
        self.training.keep(self._with_looks(arrays), epoch)

    def finish(self, arrays: Arrays, epoch: int, facts: dict[str, Any]) -> None:
        self.training.finish(self._with_looks(arrays), epoch, facts)

    def kept(self, fresh: Any) -> tuple[Arrays, dict[str, Any]] | None:
        found = self.training.kept()
        if found is None:
            return None
        about, arrays = found
        try:
            for look in self.looks:
                look.take_up(arrays, fresh)
        except (KeyError, TypeError, ValueError, ShapeError):
            raise self.training.foreign() from None
        return arrays, about.facts

    def _with_looks(self, arrays: Arrays) -> Arrays:
        told = dict(arrays)
        for look in self.looks:
            told |= look.told()
        return told
