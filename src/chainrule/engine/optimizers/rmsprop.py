"""RMSProp: each weight's step divided by the recent size of its gradient.

    v ← ρ v + (1 - ρ) g²,     θ ← θ - η g / (√v + ε)

Reference: Tieleman & Hinton (2012), Coursera lecture 6.5.
"""

import math
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int

from chainrule.engine.optimizers.base import LossAndGrads, check_number
from chainrule.engine.optimizers.gradient_descent import descend
from chainrule.engine.optimizers.schedules import Schedule, as_schedule
from chainrule.engine.pytree import hyperparameters, number, on_device, part, pytree, zeros_like


@pytree
class RMSPropState:
    """Number of steps done, and v, the running mean of g²."""

    step: Int[Array, ""]
    square: Any


@hyperparameters
class RMSProp:
    """RMSProp with decay ρ."""

    full_batch_only: ClassVar[bool] = False
    learning_rate: float | Schedule = part(default=0.001)
    decay: float = number(default=0.9)
    epsilon: float = number(default=1e-8)

    def __post_init__(self) -> None:
        object.__setattr__(self, "learning_rate", as_schedule(self.learning_rate))
        check_number(self, "decay", 0 <= self.decay < 1, "in [0, 1), usually 0.9")
        check_number(self, "epsilon", 0 < self.epsilon < math.inf, "above 0, usually 1e-8")

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
