"""iRprop⁻: each weight has its own step size and listens only to the sign of its gradient.

    g g_prev > 0     Δ ← min(1.2 Δ, Δ_max)
    g g_prev < 0     Δ ← max(0.5 Δ, Δ_min),   g ← 0      (no step, and none remembered)
    θ ← θ - sign(g) Δ

Signs of gradients over batches are noise, so it needs the whole table in every step.
Reference: Igel & Hüsken (2000), Improving the Rprop learning algorithm, NC 2000, fig. 3.
"""

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int

from chainrule.engine.optimizers.base import LossAndGrads, Rule, check_number
from chainrule.engine.pytree import hyperparameters, number, on_device, pytree, zeros_like
from chainrule.formulas import Formula


@pytree
class RpropState:
    """Number of steps done, step sizes Δ, and the last gradient."""

    step: Int[Array, ""]
    sizes: Any
    last: Any


@hyperparameters
class Rprop(Rule):
    """iRprop⁻; `initial` is the first step size Δ, in the unit of the weights. Full batch only."""

    solver: ClassVar[str] = "rprop"
    letters: ClassVar[Mapping[str, str]] = {"sizes": "Δ", "last": "kept gradient"}
    full_batch_only: ClassVar[bool] = True
    initial: float = number(default=0.01)
    shrink: float = number(default=0.5)
    grow: float = number(default=1.2)
    smallest: float = number(default=1e-6)
    largest: float = number(default=50.0)

    def __post_init__(self) -> None:
        check_number(self, "initial", 0 < self.initial < math.inf, "above 0, usually 0.01")
        check_number(self, "shrink", 0 < self.shrink < 1, "between 0 and 1, usually 0.5")
        check_number(self, "grow", 1 < self.grow < math.inf, "above 1, usually 1.2")
        check_number(self, "smallest", 0 <= self.smallest < math.inf, "of 0 or more")
        check_number(self, "largest", self.largest >= self.smallest, "no less than smallest")

    @property
    def formula(self) -> Formula:
        return Formula("θ ← θ - sign(g) Δ", r"\theta \leftarrow \theta - \mathrm{sign}(g) \Delta")

    def init(self, params: Any) -> RpropState:
        return RpropState(
            step=on_device(0, np.int32),
            sizes=jax.tree.map(lambda zero: zero + self.initial, zeros_like(params)),
            last=zeros_like(params),
        )

    def update(
        self,
        params: Any,
        grads: Any,
        opt_state: RpropState,
        loss_and_grads: LossAndGrads | None = None,
    ) -> tuple[Any, RpropState]:
        del loss_and_grads
        agree = jax.tree.map(lambda g, last: g * last, grads, opt_state.last)

        def resize(size: Array, a: Array) -> Array:
            grown = jnp.minimum(size * self.grow, self.largest)
            shrunk = jnp.maximum(size * self.shrink, self.smallest)
            return jnp.where(a > 0, grown, jnp.where(a < 0, shrunk, size))

        sizes = jax.tree.map(resize, opt_state.sizes, agree)
        kept = jax.tree.map(lambda g, a: jnp.where(a < 0, jnp.zeros_like(g), g), grads, agree)
        params = jax.tree.map(lambda p, g, size: p - jnp.sign(g) * size, params, kept, sizes)
        return params, RpropState(step=opt_state.step + 1, sizes=sizes, last=kept)
