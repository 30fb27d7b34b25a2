"""Penalties on large weights, added to the objective: L1 and L2.

    value      λ₁ Σ|W| + ½ λ₂ ΣW²
    gradient   λ₁ sign(W) + λ₂ W

Only arrays named `weights` are penalised: biases, scales and shifts go free.
"""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from chainrule.engine.pytree import hyperparameters, map_weights, number, weights_of
from chainrule.errors import OptionError


@hyperparameters
class Penalty:
    """L1 and L2 penalty with strengths `l1` and `l2`, both 0 or more."""

    l1: float = number(default=0.0)
    l2: float = number(default=0.0)

    def __post_init__(self) -> None:
        if not (0 <= self.l1 < math.inf and 0 <= self.l2 < math.inf):
            raise OptionError(
                f"Penalty(l1={self.l1}, l2={self.l2}) cannot work: give strengths of 0 or more."
            )

    def value(self, params: Any) -> Float[Array, ""]:
        terms = [
            self.l1 * jnp.sum(jnp.abs(w)) + 0.5 * self.l2 * jnp.sum(w * w)
            for w in weights_of(params)
        ]
        return jnp.stack(terms).sum() if terms else jnp.zeros(())

    def value_on_host(self, params: Any) -> float:
        """Return the value outside a program, in float64; nothing is compiled."""
        weights = [np.asarray(w, np.float64) for w in weights_of(params)]
        return sum(float(self.l1 * abs(w).sum() + 0.5 * self.l2 * (w * w).sum()) for w in weights)

    def add_gradient(self, params: Any, grads: Any) -> Any:
        """Return `grads` plus the gradient of the penalty at `params`."""
        pull = map_weights(
            lambda w: self.l1 * jnp.sign(w) + self.l2 * w, params, otherwise=jnp.zeros_like
        )
        return jax.tree.map(jnp.add, grads, pull)
