"""Losses by name, an objective of the engine, or a function of one's own.

A function `f(y, predictions)` returns one loss for each row, written with `jax.numpy`; it is tried
on two rows before training starts.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

import numpy as np

from chainrule.engine import CustomLoss, Objective
from chainrule.engine.objectives.custom import Link
from chainrule.errors import OptionError


def choose_objective(
    loss: Any,
    named: Mapping[str, Callable[[], Objective]],
    *,
    output: str,
    n_targets: int,
) -> Objective:
    """Return the objective that `loss` means; "auto" is the first of the `named` ones.

    Raises
    ------
    OptionError
        If there is no such loss, or the user's function is none.
    """
    check_loss(loss, named)
    if isinstance(loss, Objective):
        return loss
    if not isinstance(loss, str):
        objective = CustomLoss(loss, cast(Link, output))
        _try(objective, loss, n_targets)
        return objective
    return next(iter(named.values()))() if loss == "auto" else named[loss]()


def check_loss(loss: Any, names: Iterable[str]) -> None:
    """Refuse what is neither "auto", nor one of the names, nor an objective, nor a function."""
    own = isinstance(loss, Objective) or (callable(loss) and not isinstance(loss, type))
    if not own and not (isinstance(loss, str) and loss in ("auto", *names)):
        raise OptionError(
            f"loss={loss!r} is not known here. Choose one of {', '.join(['auto', *names])}, "
            "an Objective of chainrule.engine, or a function f(y, predictions) of rows."
        )


def _try(objective: CustomLoss, function: Any, n_targets: int) -> None:
    from chainrule.engine.pytree import on_device

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
