"""Cross-entropy on raw outputs (logits): exclusive classes, or several labels at once.

    softmax    p = softmax(z)     ℓ = -Σₖ yₖ log pₖ                           slope p Σₖyₖ - y
    sigmoid    pₖ = σ(zₖ)         ℓ = -Σₖ yₖ log pₖ + (1 - yₖ) log(1 - pₖ)    slope p - y

Row losses are sums over outputs, not means.  One output with a sigmoid is the two-class case.
References: Bridle (1990), NIPS 2:211-217 (softmax); Hinton (1989), Artif. Intell. 40:185-234
(sigmoid).
"""

from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from chainrule.engine.objectives.base import Measure, Objective
from chainrule.engine.pytree import hyperparameters
from chainrule.formulas import Formula

SOFTMAX = Formula("softmax({z})", r"\mathrm{softmax}({z})")
SIGMOID = Formula("σ({z})", r"\sigma({z})")
NAMES = ("cross_entropy", "log_loss")
SLOPE = Formula("ŷ - y", r"\hat y - y")


@hyperparameters
class SoftmaxCrossEntropy(Objective):
    """For exclusive classes; `y` holds one-hot rows (or probabilities), `z` raw outputs."""

    losses: ClassVar[tuple[str, ...]] = NAMES
    output: ClassVar[str] = "softmax"
    linked: ClassVar[str] = "softmax"

    @property
    def measure(self) -> Measure:
        return Measure(Formula("-Σₖ y log ŷ", r"-\sum_k y \log \hat y"), SLOPE, SOFTMAX)

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

    losses: ClassVar[tuple[str, ...]] = NAMES
    output: ClassVar[str] = "sigmoid"
    linked: ClassVar[str] = "sigmoid"

    @property
    def measure(self) -> Measure:
        loss = Formula(
            "-Σₖ (y log ŷ + (1 - y) log(1 - ŷ))",
            r"-\sum_k \left(y \log \hat y + (1 - y) \log(1 - \hat y)\right)",
        )
        return Measure(loss, SLOPE, SIGMOID)

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
