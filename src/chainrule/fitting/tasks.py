"""What fitting classes and fitting numbers differ in: target, objective, measures, calibration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule import engine as e
from chainrule.data import NumberTarget, fit_class_target
from chainrule.data.rows.rows import Rows
from chainrule.errors import OptionError
from chainrule.fitting import LOSSES, LOSSES_OF_CLASSES
from chainrule.fitting.losses import check_loss, choose_objective, is_of_counts, named_objective
from chainrule.predicting.fitted import Fitted
from chainrule.predicting.intervals import Calibration


@dataclass(frozen=True)
class Classification:
    """Classes, yes/no labels, or several columns of classes; `loss` as the estimator has it."""

    loss: Any = "auto"

    classifies = True

    def fit_target(self, table: Rows, training: Rows, classes: Any) -> Any:
        """Return what all rows say of the target, or of some of them that are declared."""
        del training
        return fit_class_target(table.y, name=table.name, classes=classes)

    def check_loss(self) -> None:
        """Raise an OptionError if the loss cannot be meant."""
        check_loss(self.loss, LOSSES_OF_CLASSES)

    def objective(self, target: Any) -> Any:
        """Return the engine's objective."""
        if target.sizes and callable(self.loss):
            raise OptionError(
                "a loss of your own takes one target, but y has several columns of classes. "
                "Fit one model for each."
            )
        return choose_objective(self, target)

    def metrics(self, target: Any, objective: Any) -> dict[str, Any]:
        """Return what the engine measures beside the loss."""
        del objective
        whole_rows = target.metric == "subset_accuracy"
        return {"accuracy": e.SubsetAccuracy(target.sizes) if whole_rows else e.Accuracy()}

    def watched(self, scoring: Any) -> str | None:
        """Return the history's column that early stopping watches; None for a scorer's own."""
        columns = {"loss": "val_loss", "accuracy": "val_accuracy"}
        return columns.get(scoring) if isinstance(scoring, str) else None

    def loss_unit(self, target: Any) -> float:
        """Return by how much scaling the target has made its loss smaller."""
        del target
        return 1.0

    def finish_history(self, history: dict[str, np.ndarray], parts: Any) -> None:
        """Turn what the engine measured into what people read: there is nothing to do."""

    def calibration(self, fitted: Fitted, rows: Rows | None) -> Calibration | None:
        """Return the errors to expect: probabilities say them themselves."""
        del fitted, rows


@dataclass(frozen=True)
class Regression:
    """One number or several; `levels` are the quantiles that the loss of that name learns.

    With `within_range` predictions stay within the range of the training targets.
    """

    loss: Any = "auto"
    levels: tuple[float, ...] = (0.5,)
    within_range: bool = False

    classifies = False

    def fit_target(self, table: Rows, training: Rows, classes: Any) -> NumberTarget:
        """Return what the training rows say of the target; counts are not scaled."""
        del classes
        counts = is_of_counts(self.loss)
        return NumberTarget.fit(
            training.y,
            scale=not counts,
            name=table.name,
            weights=training.weights,
            non_negative=counts,
            within_range=self.within_range,
        )

    def check_loss(self) -> None:
        """Raise an OptionError if the loss cannot be meant."""
        check_loss(self.loss, LOSSES)
        if self._is("quantile"):
            e.Quantile(self.levels)

    def objective(self, target: Any) -> Any:
        """Return the engine's objective."""
        return choose_objective(self, target)

    def metrics(self, target: Any, objective: Any) -> dict[str, Any]:
        """Return what the engine measures beside the loss."""
        n = len(target.center)
        if objective.n_outputs(n) != n:
            return {}  # several quantiles of one number have no R²
        return {"squared_error": e.PredictionError(objective)}

    def watched(self, scoring: Any) -> str | None:
        """Return the history's column that early stopping watches; None for a scorer's own."""
        columns = {"loss": "val_loss"}
        if not self._is("quantile") or len(self.levels) == 1:
            columns["r2"] = "val_squared_error"
        return columns.get(scoring) if isinstance(scoring, str) else None

    def loss_unit(self, target: Any) -> float:
        """Return by how much scaling the target has made its loss smaller."""
        kind = named_objective(self.loss)
        return 1.0 if kind is None else float(np.mean(target.scale**kind.growth))

    def finish_history(self, history: dict[str, np.ndarray], parts: Any) -> None:
        """Turn the squared errors on the `parts` (targets, weights) into R²."""
        for prefix, part in zip(("", "val_"), parts, strict=True):
            if f"{prefix}squared_error" in history:
                error = history.pop(f"{prefix}squared_error")
                history[f"{prefix}r2"] = _r2(error, *part)

    def calibration(self, fitted: Fitted, rows: Rows | None) -> Calibration | None:
        """Return the errors on rows that did not train."""
        if rows is None or not isinstance(fitted.target, NumberTarget):
            return None
        predictions = fitted.target.in_units(fitted.outputs(fitted.encoded(rows.columns)))
        return Calibration.of(rows.targets, predictions, rows.weights)

    def _is(self, *names: str) -> bool:
        return isinstance(self.loss, str) and self.loss in names


Task = Classification | Regression


def _r2(squared_error: np.ndarray, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return 1 - squared error / variance; without variance 1 for no error, else 0."""
    share = weights[:, None] / weights.sum()
    variance = float(((y - (share * y).sum(axis=0)) ** 2 * share).sum(axis=0).mean())
    rounding = np.finfo(np.float64).eps * float((share * y * y).sum(axis=0).mean())
    if variance > rounding:
        return 1 - squared_error / variance
    return (squared_error == 0).astype(float)
