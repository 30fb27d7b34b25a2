"""Gradient descent, plain and with momentum.

plain      θ ← θ - η g
momentum   v ← μ v + g,    θ ← θ - η v               Polyak (1964)
Nesterov   v ← μ v + g,    θ ← θ - η (g + μ v)       Nesterov (1983), as in Sutskever et al. (2013)
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import jax
import numpy as np
from jaxtyping import Array, Int

from chainrule.engine.optimizers.base import LossAndGrads, Rule, check_number
from chainrule.engine.optimizers.schedules import Schedule, as_schedule
from chainrule.engine.pytree import hyperparameters, number, on_device, part, pytree, zeros_like
from chainrule.formulas import Formula


@pytree
class GradientDescentState:
    """Number of steps done, and the velocity v (None without momentum)."""

    step: Int[Array, ""]
    velocity: Any


@hyperparameters
class GradientDescent(Rule):
    """Plain gradient descent."""

    solver: ClassVar[str] = "gradient-descent"
    learning_rate: float | Schedule = part(default=0.1)

    def __post_init__(self) -> None:
        object.__setattr__(self, "learning_rate", as_schedule(self.learning_rate))

    @property
    def formula(self) -> Formula:
        return Formula("θ ← θ - η g", r"\theta \leftarrow \theta - \eta g")

    def init(self, params: Any) -> GradientDescentState:
        del params
        return GradientDescentState(step=on_device(0, np.int32), velocity=None)

    def update(
        self,
        params: Any,
        grads: Any,
        opt_state: GradientDescentState,
        loss_and_grads: LossAndGrads | None = None,
    ) -> tuple[Any, Any]:
        del loss_and_grads
        params = descend(params, grads, self.learning_rate, opt_state.step)
        return params, GradientDescentState(step=opt_state.step + 1, velocity=None)


@hyperparameters
class Momentum(Rule):
    """Gradient descent with momentum μ, Polyak's heavy ball or Nesterov's look-ahead."""

    solver: ClassVar[str] = "sgd"
    reads: ClassVar[tuple[str, ...]] = ("momentum", "nesterovs_momentum")
    adapts: ClassVar[bool] = True
    letters: ClassVar[Mapping[str, str]] = {"velocity": "v"}
    learning_rate: float | Schedule = part(default=0.1)
    momentum: float = number(default=0.9)
    nesterov: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "learning_rate", as_schedule(self.learning_rate))
        check_number(self, "momentum", 0 <= self.momentum <= 1, "in [0, 1], usually 0.9")

    @property
    def formula(self) -> Formula:
        step, latex = ("(g + μ v)", r"(g + \mu v)") if self.nesterov else ("v", "v")
        return Formula(
            f"v ← μ v + g, θ ← θ - η {step}",
            rf"v \leftarrow \mu v + g,\; \theta \leftarrow \theta - \eta {latex}",
        )

    @classmethod
    def asked(cls, given: Any, schedule: Schedule) -> Rule:
        if given.momentum == 0:
            return GradientDescent(schedule)
        return cls(schedule, float(given.momentum), bool(given.nesterovs_momentum))

    def init(self, params: Any) -> GradientDescentState:
        zeros = zeros_like(params)
        return GradientDescentState(step=on_device(0, np.int32), velocity=zeros)

    def update(
        self,
        params: Any,
        grads: Any,
        opt_state: GradientDescentState,
        loss_and_grads: LossAndGrads | None = None,
    ) -> tuple[Any, Any]:
        del loss_and_grads
        velocity = jax.tree.map(lambda v, g: self.momentum * v + g, opt_state.velocity, grads)
        ahead = jax.tree.map(lambda v, g: g + self.momentum * v, velocity, grads)
        params = descend(
            params, ahead if self.nesterov else velocity, self.learning_rate, opt_state.step
        )
        return params, GradientDescentState(step=opt_state.step + 1, velocity=velocity)


def descend(params: Any, direction: Any, schedule: Any, step: Int[Array, ""]) -> Any:
    """Return θ - η d, with the rate η that `schedule` has for `step`."""

    def move(p: Array, d: Array) -> Array:
        return p - schedule.rate(step.astype(p.dtype)) * d

    return jax.tree.map(move, params, direction)
