"""Gradient descent, plain and with momentum.

plain      θ ← θ - η g
momentum   v ← μ v + g,    θ ← θ - η v               Polyak (1964)
Nesterov   v ← μ v + g,    θ ← θ - η (g + μ v)       Nesterov (1983), as in Sutskever et al. (2013)
"""

from typing import Any, ClassVar

import jax
import numpy as np
from jaxtyping import Array, Int

from chainrule.engine.optimizers.base import check_number
from chainrule.engine.optimizers.schedules import Constant, Schedule, as_schedule
from chainrule.engine.pytree import hyperparameters, number, on_device, part, pytree, zeros_like


@pytree
class GradientDescentState:
    """Number of steps done (None where a constant rate does not ask), and the velocity v."""

    step: Int[Array, ""] | None
    velocity: Any


@hyperparameters
class GradientDescent:
    """Plain gradient descent."""

    full_batch_only: ClassVar[bool] = False
    learning_rate: float | Schedule = part(default=0.1)

    def __post_init__(self) -> None:
        object.__setattr__(self, "learning_rate", as_schedule(self.learning_rate))

    def init(self, params: Any) -> GradientDescentState:
        del params
        return GradientDescentState(step=_first_step(self), velocity=None)

    def update(self, params: Any, grads: Any, opt_state: GradientDescentState) -> tuple[Any, Any]:
        params = descend(params, grads, self.learning_rate, opt_state.step)
        return params, GradientDescentState(step=_next(opt_state.step), velocity=None)


@hyperparameters
class Momentum:
    """Gradient descent with momentum μ, Polyak's heavy ball or Nesterov's look-ahead."""

    full_batch_only: ClassVar[bool] = False
    learning_rate: float | Schedule = part(default=0.1)
    momentum: float = number(default=0.9)
    nesterov: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "learning_rate", as_schedule(self.learning_rate))
        check_number(self, "momentum", 0 <= self.momentum < 1, "in [0, 1), usually 0.9")

    def init(self, params: Any) -> GradientDescentState:
        zeros = zeros_like(params)
        return GradientDescentState(step=_first_step(self), velocity=zeros)

    def update(self, params: Any, grads: Any, opt_state: GradientDescentState) -> tuple[Any, Any]:
        velocity = jax.tree.map(lambda v, g: self.momentum * v + g, opt_state.velocity, grads)
        ahead = jax.tree.map(lambda v, g: g + self.momentum * v, velocity, grads)
        params = descend(
            params, ahead if self.nesterov else velocity, self.learning_rate, opt_state.step
        )
        return params, GradientDescentState(step=_next(opt_state.step), velocity=velocity)


def descend(params: Any, direction: Any, schedule: Any, step: Int[Array, ""] | None) -> Any:
    """Return θ - η d, with the rate η that `schedule` has for `step`."""

    def move(p: Array, d: Array) -> Array:
        return p - schedule.rate(None if step is None else step.astype(p.dtype)) * d

    return jax.tree.map(move, params, direction)


def _first_step(optimizer: GradientDescent | Momentum) -> Array | None:
    constant = isinstance(optimizer.learning_rate, Constant)
    return None if constant else on_device(0, np.int32)


def _next(step: Array | None) -> Array | None:
    return None if step is None else step + 1
