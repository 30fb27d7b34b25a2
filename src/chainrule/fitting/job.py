"""What an estimator asks of the fitting room: its parameters, its task, its network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.predicting.fitted import Fitted

if TYPE_CHECKING:
    from chainrule.fitting.keeping import Keeping
    from chainrule.fitting.tasks import Task


@dataclass(frozen=True, eq=False)
class Job:
    """How one kind of estimator trains.

    Attributes
    ----------
    estimator : estimator
        What messages name, and what scorers and callbacks are shown.
    settings : Any
        The parameters as attributes, under the names that `MLPClassifier` has.
    task : Classification or Regression
        What is predicted.
    build : callable
        Gives the engine's network for (outputs, whether initial weights are those given).
    tabular : bool
        Whether time is saved: the training rows are not measured again, the flow is not recorded,
        and of epochs with equal scores the latest of classes is kept.
    finish : callable
        Adds to the `Fitted` what this kind keeps of the encoded training rows.
    refuse : callable, optional
        Raises, with the cause, what ended a training (network, trained, rows) of too many samples
        that did not settle.
    outputs : callable
        Gives what a `Fitted` predicts of encoded rows, where more is to be said than that.
    keeping : Keeping, optional
        Where the training is kept while it runs.
    """

    estimator: Any
    settings: Any
    task: Task
    build: Callable[[int, bool], Any]
    tabular: bool = False
    finish: Callable[[Fitted, np.ndarray], Fitted] = lambda fitted, x: fitted
    refuse: Callable[[Any, Any, np.ndarray], None] | None = None
    outputs: Callable[[Fitted, np.ndarray], np.ndarray] = Fitted.outputs
    keeping: Keeping | None = None

    @property
    def who(self) -> str:
        """What messages call the estimator."""
        return type(self.estimator).__name__

    @property
    def before(self) -> Fitted:
        """What the fit before gave."""
        return self.estimator.fitted_
