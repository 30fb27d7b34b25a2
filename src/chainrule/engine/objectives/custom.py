"""A user's own loss, given as a function of targets and predictions alone.

    row loss   ℓₙ = f(yₙ, ŷₙ),   ŷ = link(z)
    slope      ∂ℓₙ/∂zₙ by automatic differentiation of f ∘ link

Like a user's own layer this is a place where autodiff is a player: what a user writes may come
without its derivative.  An `Objective` of one's own, with `slopes`, needs none.
"""

from collections.abc import Callable
from typing import Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from chainrule.engine.objectives.base import Measure, Objective
from chainrule.engine.objectives.cross_entropy import SigmoidCrossEntropy, SoftmaxCrossEntropy
from chainrule.engine.objectives.squared_error import SquaredError
from chainrule.engine.pytree import hyperparameters
from chainrule.formulas import Formula

Link = Literal["identity", "softmax", "sigmoid"]
_LINKS: dict[str, Objective] = {
    "identity": SquaredError(),
    "softmax": SoftmaxCrossEntropy(),
    "sigmoid": SigmoidCrossEntropy(),
}


@hyperparameters
class CustomLoss(Objective):
    """`function(y, predictions)` returns one loss for each row, written with `jax.numpy`."""

    function: Callable[[Array, Array], Array]
    output: Link = "identity"  # pyright: ignore[reportIncompatibleVariableOverride]

    @property
    def measure(self) -> Measure:
        return Measure(
            Formula("f(y, ŷ)", r"f(y, \hat y)"),
            Formula("∂f/∂{z}, found by automatic differentiation", r"\partial f / \partial {z}"),
            _LINKS[self.output].measure.link,
        )

    @property
    def link_in_numpy(self) -> tuple[str | None, tuple[int, ...]]:
        return self.output, ()

    def per_row(
        self, z: Float[Array, "batch k"], y: Float[Array, "batch k"]
    ) -> Float[Array, " batch"]:
        return self.function(y, self.link(z))

    def slopes(
        self, z: Float[Array, "batch k"], y: Float[Array, "batch k"]
    ) -> Float[Array, "batch k"]:
        losses, vjp = jax.vjp(lambda z: self.per_row(z, y), z)  # noqa: TID251
        return vjp(jnp.ones_like(losses))[0]

    def link(self, z: Float[Array, "batch k"]) -> Float[Array, "batch k"]:
        return _LINKS[self.output].link(z)
