"""What fitting classes and fitting numbers differ in: target, objective, measures, calibration."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from chainrule import engine as e
from chainrule.data import NumberTarget, fit_class_target
from chainrule.data.rows.rows import Rows
from chainrule.errors import OptionError
from chainrule.fitting import LOSSES, LOSSES_OF_CLASSES
from chainrule.fitting.losses import check_loss, choose_objective, named_objective
from chainrule.predicting.fitted import Fitted
from chainrule.predicting.intervals import Calibration, is_of_counts

Outputs = Callable[[Fitted, np.ndarray], np.ndarray]


class Task(ABC):
    """What depends on whether classes or numbers are fitted; `loss` as the estimator has it."""

    loss: Any
    losses: ClassVar[tuple[str, ...]]
    classifies: ClassVar[bool]

    @abstractmethod
    def fit_target(self, table: Rows, training: Rows, classes: Any) -> Any:
        """Return what all rows, or those of training, say of the target."""

    @abstractmethod
    def metrics(self, target: Any, objective: Any) -> dict[str, Any]:
        """Return what the engine measures beside the loss."""

    def check_loss(self) -> None:
        """Raise an OptionError if the loss cannot be meant."""
        check_loss(self.loss, self.losses)

    def objective(self, target: Any) -> Any:
        """Return the engine's objective."""
        return choose_objective(self, target)

    def watched(self, scoring: Any) -> str | None:
        """Return the history's column that early stopping watches; None for a scorer's own."""
        return "val_loss" if isinstance(scoring, str) and scoring == "loss" else None

    def loss_unit(self, target: Any) -> float:
        """Return by how much scaling the target has made its loss smaller."""
        del target
        return 1.0

    def finish_history(self, history: dict[str, np.ndarray], parts: Any) -> None:
        """Turn what the engine measured on the `parts` (targets, weights) into what people read."""
        del history, parts

    def calibration(
        self, fitted: Fitted, rows: Rows | None, outputs: Outputs
    ) -> Calibration | None:
        """Return the errors to expect, by rows that did not train and their `outputs`."""
        del fitted, rows, outputs


@dataclass(frozen=True)
class Classification(Task):
    """Classes, yes/no labels, or several columns of classes."""

    loss: Any = "auto"

    classifies = True
    losses = LOSSES_OF_CLASSES

    def fit_target(self, table: Rows, training: Rows, classes: Any) -> Any:
        del training
        return fit_class_target(table.y, name=table.name, classes=classes)

    def objective(self, target: Any) -> Any:
        if target.sizes and callable(self.loss):
            raise OptionError(
                "a loss of your own takes one target, but y has several columns of classes. "
                "Fit one model for each."
            )
        return super().objective(target)

    def metrics(self, target: Any, objective: Any) -> dict[str, Any]:
        del objective
        whole_rows = target.metric == "subset_accuracy"
        return {"accuracy": e.SubsetAccuracy(target.sizes) if whole_rows else e.Accuracy()}

    def watched(self, scoring: Any) -> str | None:
        accuracy = isinstance(scoring, str) and scoring == "accuracy"
        return "val_accuracy" if accuracy else super().watched(scoring)


@dataclass(frozen=True)
class Regression(Task):
    """One number or several; `levels` are the quantiles that its loss learns.

    With `within_range` predictions stay within the range of the training targets; `transform` is
    "none", or "log" for the logarithm of the target.
    """

    loss: Any = "auto"
    levels: tuple[float, ...] = ()
    within_range: bool = False
    transform: str = "none"

    classifies = False
    losses = LOSSES

    def fit_target(self, table: Rows, training: Rows, classes: Any) -> NumberTarget:
        del classes
        counts = is_of_counts(self.loss)
        return NumberTarget.fit(
            training.y,
            scale=not counts,
            name=table.name,
            weights=training.weights,
            non_negative=counts,
            within_range=self.within_range,
            log=self.transform == "log",
        )

    def check_loss(self) -> None:
        super().check_loss()
        kind = named_objective(self.loss)
        if kind is not None:
            kind.asked(self, None)

    def metrics(self, target: Any, objective: Any) -> dict[str, Any]:
        n = len(target.center)
        if objective.n_outputs(n) != n:
            return {}  # several quantiles of one number have no R²
        return {"squared_error": e.PredictionError(objective)}

    def watched(self, scoring: Any) -> str | None:
        single = len(self.levels) <= 1
        r2 = isinstance(scoring, str) and scoring == "r2" and single
        return "val_squared_error" if r2 else super().watched(scoring)

    def loss_unit(self, target: Any) -> float:
        kind = named_objective(self.loss)
        return 1.0 if kind is None else float(np.mean(target.scale**kind.growth))

    def finish_history(self, history: dict[str, np.ndarray], parts: Any) -> None:
        for prefix, part in zip(("", "val_"), parts, strict=True):
            if f"{prefix}squared_error" in history:
                error = history.pop(f"{prefix}squared_error")
                history[f"{prefix}r2"] = _r2(error, *part)

    def calibration(
        self, fitted: Fitted, rows: Rows | None, outputs: Outputs
    ) -> Calibration | None:
        if rows is None or not isinstance(fitted.target, NumberTarget):
            return None
        predictions = fitted.target.in_units(outputs(fitted, fitted.encoded(rows.columns)))
        return Calibration.of(rows.targets, predictions, rows.weights)


def _r2(squared_error: np.ndarray, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return 1 - squared error / variance; without variance 1 for no error, else 0."""
    share = weights[:, None] / weights.sum()
    variance = float(((y - (share * y).sum(axis=0)) ** 2 * share).sum(axis=0).mean())
    rounding = np.finfo(np.float64).eps * float((share * y * y).sum(axis=0).mean())
    if variance > rounding:
        return 1 - squared_error / variance
    return (squared_error == 0).astype(float)
