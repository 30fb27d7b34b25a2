"""From an estimator's parameters to an optimizer and its learning-rate schedule, by name."""

from collections.abc import Callable
from typing import Any

from chainrule.engine import (
    Adam,
    AdamW,
    Clipped,
    Constant,
    Cosine,
    Exponential,
    GradientDescent,
    Momentum,
    OneCycle,
    Optimizer,
    RMSProp,
    Rprop,
    Schedule,
    StepDecay,
    WarmUp,
)
from chainrule.errors import OptionError

# "step" halves the rate ten times over the training, "exponential" ends at a hundredth.
SCHEDULES: dict[str, Callable[[float, int], Schedule]] = {
    "constant": lambda rate, n_steps: Constant(rate),
    "step": lambda rate, n_steps: StepDecay(rate, factor=0.5, every=max(n_steps / 10, 1)),
    "exponential": lambda rate, n_steps: Exponential(rate, factor=0.01, every=max(n_steps, 1)),
    "cosine": lambda rate, n_steps: Cosine(rate, n_steps=n_steps),
    "one-cycle": lambda rate, n_steps: OneCycle(rate, n_steps=n_steps),
}
SOLVERS = ("adam", "adamw", "sgd", "rmsprop", "rprop", "gradient-descent")


def build_schedule(name: Any, rate: float, n_steps: int, warm_up: float = 0.0) -> Schedule:
    """Return a schedule by name; `warm_up` is the share of the steps in which the rate grows."""
    if isinstance(name, Schedule):
        return name
    if name not in SCHEDULES:
        raise OptionError(f"schedule={name!r} is not known. Choose one of {', '.join(SCHEDULES)}.")
    schedule = SCHEDULES[name](rate, n_steps)
    return WarmUp(schedule, n_warm_up=warm_up * n_steps) if warm_up > 0 else schedule


def build_optimizer(
    solver: Any,
    schedule: Schedule,
    *,
    momentum: float,
    nesterov: bool,
    beta_1: float,
    beta_2: float,
    epsilon: float,
    weight_decay: float,
    clip_norm: float | None,
) -> Optimizer:
    """Return an optimizer by name, or the one given.

    Raises
    ------
    OptionError
        If no optimizer has that name.
    """
    if isinstance(solver, Optimizer):
        optimizer = solver
    elif solver == "adam":
        optimizer = Adam(schedule, beta_1, beta_2, epsilon)
    elif solver == "adamw":
        optimizer = AdamW(schedule, beta_1, beta_2, epsilon, weight_decay)
    elif solver == "sgd" and momentum > 0:
        optimizer = Momentum(schedule, momentum, nesterov)
    elif solver in ("sgd", "gradient-descent"):
        optimizer = GradientDescent(schedule)
    elif solver == "rmsprop":
        optimizer = RMSProp(schedule)
    elif solver == "rprop":
        optimizer = Rprop()
    else:
        raise OptionError(f"solver={solver!r} is not known. Choose one of {', '.join(SOLVERS)}.")
    return optimizer if clip_norm is None else Clipped(optimizer, clip_norm)
