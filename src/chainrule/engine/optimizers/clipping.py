"""Gradient clipping: a gradient longer than `clip_norm` is shortened to that length.

    g ← g min(1, c / ‖g‖),     ‖g‖ over all parameters together

Reference: Pascanu, Mikolov & Bengio (2013), ICML, algorithm 1.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from chainrule.engine.optimizers.base import Around, LossAndGrads, check_number
from chainrule.engine.pytree import hyperparameters, number
from chainrule.errors import OptionError
from chainrule.formulas import Formula


@hyperparameters
class Clipped(Around):
    """Another optimizer, fed with clipped gradients."""

    clip_norm: float = number(default=1.0)

    def __post_init__(self) -> None:
        check_number(self, "clip_norm", self.clip_norm > 0, "above 0, usually 1")
        if self.most_tries:
            inner = type(self.optimizer).__name__
            raise OptionError(
                f"Clipped({inner}()) cannot work: it finds the length of its step by trying, and "
                "a clipped gradient is not that of its loss. Leave the clipping (clip_norm) out."
            )

    @property
    def formula(self) -> Formula:
        (text, latex), c = self.inner.formula, f"{float(self.clip_norm):g}"
        return Formula(
            f"g ← g min(1, {c} / ‖g‖), {text}",
            rf"g \leftarrow g \min(1, {c} / \lVert g \rVert),\; {latex}",
        )

    def update(
        self,
        params: Any,
        grads: Any,
        opt_state: Any,
        loss_and_grads: LossAndGrads | None = None,
    ) -> tuple[Any, Any]:
        norm = global_norm(grads)
        factor = jnp.where(norm > self.clip_norm, self.clip_norm / norm, jnp.ones_like(norm))
        clipped = jax.tree.map(lambda g: g * factor.astype(g.dtype), grads)
        return self.optimizer.update(params, clipped, opt_state, loss_and_grads)


def global_norm(tree: Any) -> Float[Array, ""]:
    """Return the Euclidean length of all arrays of `tree` taken as one vector."""
    squares = [jnp.sum(leaf * leaf) for leaf in jax.tree.leaves(tree)]
    return jnp.sqrt(jnp.stack(squares).sum()) if squares else jnp.zeros(())
