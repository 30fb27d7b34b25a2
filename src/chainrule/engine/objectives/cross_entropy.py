"""Cross-entropy on raw outputs (logits): exclusive classes, or several labels at once.

    softmax    p = softmax(z)     ℓ = -Σₖ yₖ log pₖ                           slope p Σₖyₖ - y
    sigmoid    pₖ = σ(zₖ)         ℓ = -Σₖ yₖ log pₖ + (1 - yₖ) log(1 - pₖ)    slope p - y

Row losses are sums over outputs, not means.  One output with a sigmoid is the two-class case.
References: Bridle (1990), NIPS 2:211-217 (softmax); Hinton (1989), Artif. Intell. 40:185-234
(sigmoid).
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from chainrule.engine.objectives.base import Objective
from chainrule.engine.pytree import hyperparameters


@hyperparameters
class SoftmaxCrossEntropy(Objective):
    """For exclusive classes; `y` holds one-hot rows (or probabilities), `z` raw outputs."""

    def per_row(
        self, z: Float[Array, "batch k"], y: Float[Array, "batch k"]
    ) -> Float[Array, " batch"]:
        return -jnp.sum(y * jax.nn.log_softmax(z, axis=-1), axis=-1)

    def slopes(
        self, z: Float[Array, "batch k"], y: Float[Array, "batch k"]
    ) -> Float[Array, "batch k"]:
        return self.link(z) * y.sum(axis=-1, keepdims=True) - y

    def link(self, z: Float[Array, "batch k"]) -> Float[Array, "batch k"]:
        return jax.nn.softmax(z, axis=-1)


@hyperparameters
class SigmoidCrossEntropy(Objective):
    """For two classes (one output) or several labels; `y` holds zeros and ones."""

    def per_row(
        self, z: Float[Array, "batch k"], y: Float[Array, "batch k"]
    ) -> Float[Array, " batch"]:
        # max(z, 0) - z y + log(1 + exp(-|z|)): no overflow for any z
        losses = jnp.maximum(z, 0) - z * y + jnp.log1p(jnp.exp(-jnp.abs(z)))
        return losses.sum(axis=-1)

    def slopes(
        self, z: Float[Array, "batch k"], y: Float[Array, "batch k"]
    ) -> Float[Array, "batch k"]:
        return self.link(z) - y

    def link(self, z: Float[Array, "batch k"]) -> Float[Array, "batch k"]:
        return jax.nn.sigmoid(z)
