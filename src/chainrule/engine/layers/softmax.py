"""Softmax layer: outputs that are positive and sum to one, with the full Jacobian.

    forward    aₖ  = exp(zₖ) / Σⱼ exp(zⱼ)
    backward   dzₖ = aₖ (daₖ - Σⱼ daⱼ aⱼ)            J = diag(a) - a aᵀ

Under a cross-entropy, prefer the objective `SoftmaxCrossEntropy` on raw outputs: it is the same
function with a simpler and more exact delta.  Reference: Bridle (1990), NIPS 2:211-217.
"""

from typing import ClassVar

import jax
from jaxtyping import Array, Float, PRNGKeyArray

from chainrule.engine.layers.kind import KeepsUnits, Row, Shown
from chainrule.engine.pytree import hyperparameters, pytree
from chainrule.formulas import Formula


@pytree
class SoftmaxTape:
    """The probabilities."""

    a: Float[Array, "batch n"]


@hyperparameters
class Softmax(KeepsUnits):
    """Softmax over the units of a layer."""

    mixes: ClassVar[bool] = True

    def forward(
        self, params: tuple[()], x: Float[Array, "batch n"], key: PRNGKeyArray | None = None
    ) -> tuple[Float[Array, "batch n"], SoftmaxTape]:
        del params, key
        a = jax.nn.softmax(x, axis=-1)
        return a, SoftmaxTape(a=a)

    def backward(
        self, params: tuple[()], tape: SoftmaxTape, dy: Float[Array, "batch n"]
    ) -> tuple[tuple[()], Float[Array, "batch n"]]:
        del params
        return (), tape.a * (dy - (dy * tape.a).sum(axis=-1, keepdims=True))

    def shown(self) -> Shown:
        a = Formula("exp({x}) / Σⱼ exp({x})", r"e^{{x}} / \sum_j e^{{x}}")
        dz = Formula("{y} ({dy} - Σⱼ {dy} {y})", r"{y} ({dy} - \sum_j {dy} {y})")
        return Shown((Row("a", "y", a, letter="a"),), (Row("dz", "dx", dz),))
