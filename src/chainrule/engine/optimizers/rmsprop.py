"""RMSProp: each weight's step divided by the recent size of its gradient.

    v ← ρ v + (1 - ρ) g²,     θ ← θ - η g / (√v + ε)

Reference: Tieleman & Hinton (2012), Coursera lecture 6.5.
"""

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int

from chainrule.engine.optimizers.base import LossAndGrads, Rule, check_number
from chainrule.engine.optimizers.gradient_descent import descend
from chainrule.engine.optimizers.schedules import Schedule, as_schedule
from chainrule.engine.pytree import hyperparameters, number, on_device, part, pytree, zeros_like
from chainrule.formulas import Formula


@pytree
class RMSPropState:
    """Number of steps done, and v, the running mean of g²."""

    step: Int[Array, ""]
    square: Any


@hyperparameters
class RMSProp(Rule):
    """RMSProp with decay ρ."""

    solver: ClassVar[str] = "rmsprop"
    letters: ClassVar[Mapping[str, str]] = {"square": "v"}
    learning_rate: float | Schedule = part(default=0.001)
    decay: float = number(default=0.9)
    epsilon: float = number(default=1e-8)

    def __post_init__(self) -> None:
        object.__setattr__(self, "learning_rate", as_schedule(self.learning_rate))
        check_number(self, "decay", 0 <= self.decay < 1, "in [0, 1), usually 0.9")
        check_number(self, "epsilon", 0 < self.epsilon < math.inf, "above 0, usually 1e-8")

    @property
    def formula(self) -> Formula:
        return Formula(
            "v ← ρ v + (1 - ρ) g², θ ← θ - η g / (√v + ε)",
            r"v \leftarrow \rho v + (1 - \rho) g^2,\;"
            r" \theta \leftarrow \theta - \eta g / (\sqrt{v} + \varepsilon)",
        )

    def init(self, params: Any) -> RMSPropState:
        zeros = zeros_like(params)
        return RMSPropState(step=on_device(0, np.int32), square=zeros)

    def update(
        self,
        params: Any,
        grads: Any,
        opt_state: RMSPropState,
        loss_and_grads: LossAndGrads | None = None,
    ) -> tuple[Any, RMSPropState]:
        del loss_and_grads
        square = jax.tree.map(
            lambda v, g: self.decay * v + (1 - self.decay) * g * g, opt_state.square, grads
        )
        scaled = jax.tree.map(lambda g, v: g / (jnp.sqrt(v) + self.epsilon), grads, square)
        params = descend(params, scaled, self.learning_rate, opt_state.step)
        return params, RMSPropState(step=opt_state.step + 1, square=square)
