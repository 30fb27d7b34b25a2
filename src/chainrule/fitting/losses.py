"""Losses by name, an objective of the engine, or a function of one's own.

A function `f(y, predictions)` returns one loss for each row, written with `jax.numpy`; it is tried
on two rows before training starts.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from chainrule.engine.objectives import NAMED, CustomLoss, Objective
from chainrule.engine.pytree import on_device
from chainrule.errors import OptionError


def named_objectives(output: str) -> dict[str, type[Objective]]:
    """Return the objectives that `loss` may name for targets with such an output."""
    return {name: kind for kind in NAMED if kind.output == output for name in kind.losses}


def named_objective(loss: Any, output: str = "identity") -> type[Objective] | None:
    """Return the objective that a name means, "auto" the first; None for what is no name."""
    named = named_objectives(output)
    return named.get(next(iter(named)) if loss == "auto" else loss) if type(loss) is str else None


def choose_objective(task: Any, target: Any) -> Objective:
    """Return the objective that a task's `loss` means for its target.

    Raises
    ------
    OptionError
        If there is no such loss, or the user's function is not one.
    """
    loss = task.loss
    check_loss(loss, named_objectives(target.output))
    if isinstance(loss, Objective):
        return loss
    kind = named_objective(loss, target.output)
    if kind is not None:
        return kind.asked(task, target)
    objective = CustomLoss(loss, target.output)
    _try(objective, loss, target.n_outputs)
    return objective


def check_loss(loss: Any, names: Iterable[str]) -> None:
    """Refuse what is neither "auto", nor one of the names, nor an objective, nor a function."""
    own = isinstance(loss, Objective) or (callable(loss) and not isinstance(loss, type))
    if not own and not (isinstance(loss, str) and loss in ("auto", *names)):
        raise OptionError(
            "{loss} is not known here. Choose one of {}, an Objective of chainrule.engine, or a "
            "function f(y, predictions) of rows.",
            ", ".join(["auto", *names]),
            loss=loss,
        )


def _try(objective: CustomLoss, function: Any, n_targets: int) -> None:
    z = on_device(np.full((2, n_targets), 0.25, np.float32))
    y = on_device(np.eye(2, n_targets, dtype=np.float32))
    name = getattr(function, "__name__", type(function).__name__)
    try:
        shape = np.shape(function(y, objective.link(z)))
        slopes = objective.slopes(z, y) if shape == (2,) else None
    except Exception as error:
        raise OptionError(
            f"loss={name} cannot be differentiated ({type(error).__name__}: {error}). Write it "
            "with jax.numpy as a function f(y, predictions) that returns one number for each row."
        ) from error
    if slopes is None:
        raise OptionError(
            f"loss={name} returned shape {shape} for 2 rows, expected (2,): one number for "
            "each row. Take the mean or the sum over the last axis."
        )
    if not np.isfinite(np.asarray(slopes)).all():
        raise OptionError(
            f"loss={name} has a derivative that is not finite at predictions of 0.25. "
            "Keep logarithms and roots away from zero."
        )
