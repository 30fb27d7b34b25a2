"""Adam and AdamW: momentum and RMSProp together, both corrected for their start from zero.

    m ← β₁ m + (1 - β₁) g          v ← β₂ v + (1 - β₂) g²
    m̂ = m / (1 - β₁ᵗ)              v̂ = v / (1 - β₂ᵗ)             t = 1, 2, …
    θ ← θ - η (m̂ / (√v̂ + ε) + λ θ)

λ = 0 is Adam: Kingma & Ba (2015), ICLR, algorithm 1.  λ > 0 is AdamW, whose decay does not pass
through the moments: Loshchilov & Hutter (2019), ICLR, algorithm 2.  Only weights decay, not biases.
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
from chainrule.engine.pytree import (
    hyperparameters,
    map_weights,
    number,
    on_device,
    part,
    pytree,
    zeros_like,
)
from chainrule.formulas import Formula


@pytree
class AdamState:
    """Number of steps done, and the moments m and v."""

    step: Int[Array, ""]
    mean: Any
    square: Any


@hyperparameters
class Adam(Rule):
    """Adam with decay rates β₁, β₂ of its moments."""

    solver: ClassVar[str] = "adam"
    reads: ClassVar[tuple[str, ...]] = ("beta_1", "beta_2", "epsilon")
    letters: ClassVar[Mapping[str, str]] = {"mean": "m", "square": "v"}
    learning_rate: float | Schedule = part(default=0.001)
    beta_1: float = number(default=0.9)
    beta_2: float = number(default=0.999)
    epsilon: float = number(default=1e-8)

    def __post_init__(self) -> None:
        object.__setattr__(self, "learning_rate", as_schedule(self.learning_rate))
        check_number(self, "beta_1", 0 <= self.beta_1 < 1, "in [0, 1), usually 0.9")
        check_number(self, "beta_2", 0 <= self.beta_2 < 1, "in [0, 1), usually 0.999")
        check_number(self, "epsilon", 0 < self.epsilon < math.inf, "above 0, usually 1e-8")

    @property
    def formula(self) -> Formula:
        return _formula("m̂ / (√v̂ + ε)", r"\hat m / (\sqrt{\hat v} + \varepsilon)")

    @classmethod
    def asked(cls, given: Any, schedule: Schedule) -> "Adam":
        return cls(schedule, float(given.beta_1), float(given.beta_2), float(given.epsilon))

    def init(self, params: Any) -> AdamState:
        zeros = zeros_like(params)
        return AdamState(step=on_device(0, np.int32), mean=zeros, square=zeros)

    def update(
        self,
        params: Any,
        grads: Any,
        opt_state: AdamState,
        loss_and_grads: LossAndGrads | None = None,
    ) -> tuple[Any, AdamState]:
        del loss_and_grads
        direction, state = self._direction(grads, opt_state)
        return descend(params, direction, self.learning_rate, opt_state.step), state

    def _direction(self, grads: Any, opt_state: AdamState) -> tuple[Any, AdamState]:
        b1, b2 = self.beta_1, self.beta_2
        mean = jax.tree.map(lambda m, g: b1 * m + (1 - b1) * g, opt_state.mean, grads)
        square = jax.tree.map(lambda v, g: b2 * v + (1 - b2) * g * g, opt_state.square, grads)
        state = AdamState(step=opt_state.step + 1, mean=mean, square=square)

        def corrected(m: Array, v: Array) -> Array:
            t = state.step.astype(m.dtype)
            m_hat = m / (1 - b1**t)
            v_hat = v / (1 - b2**t)
            return m_hat / (jnp.sqrt(v_hat) + self.epsilon)

        return jax.tree.map(corrected, mean, square), state


@hyperparameters
class AdamW(Adam):
    """Adam with decoupled weight decay λ."""

    solver: ClassVar[str] = "adamw"
    reads: ClassVar[tuple[str, ...]] = (*Adam.reads, "weight_decay")
    weight_decay: float = number(default=0.01)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self, "weight_decay", 0 <= self.weight_decay < math.inf, "of 0 or more")

    @property
    def formula(self) -> Formula:
        direction = r"(\hat m / (\sqrt{\hat v} + \varepsilon) + \lambda \theta)"
        return _formula("(m̂ / (√v̂ + ε) + λ θ)", direction)

    @classmethod
    def asked(cls, given: Any, schedule: Schedule) -> "Adam":
        moments = float(given.beta_1), float(given.beta_2), float(given.epsilon)
        return cls(schedule, *moments, weight_decay=float(given.weight_decay))

    def update(
        self,
        params: Any,
        grads: Any,
        opt_state: AdamState,
        loss_and_grads: LossAndGrads | None = None,
    ) -> tuple[Any, AdamState]:
        del loss_and_grads
        direction, state = self._direction(grads, opt_state)
        decay = map_weights(lambda w: self.weight_decay * w, params, otherwise=jnp.zeros_like)
        direction = jax.tree.map(jnp.add, direction, decay)
        return descend(params, direction, self.learning_rate, opt_state.step), state


def _formula(direction: str, latex: str) -> Formula:
    return Formula(
        f"m ← β₁ m + (1 - β₁) g, v ← β₂ v + (1 - β₂) g², θ ← θ - η {direction}",
        r"m \leftarrow \beta_1 m + (1 - \beta_1) g,\; v \leftarrow \beta_2 v + (1 - \beta_2) g^2,\;"
        rf" \theta \leftarrow \theta - \eta {latex}",
    )
