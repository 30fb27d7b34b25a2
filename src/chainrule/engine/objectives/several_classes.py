"""Several class targets at once: a softmax cross-entropy for each, side by side.

    z = (z⁽¹⁾, …, z⁽ᵐ⁾)     ℓ = Σⱼ ℓ⁽ʲ⁾(z⁽ʲ⁾, y⁽ʲ⁾)     slopes and links block by block

Target j has `sizes[j]` classes, and as many neighbouring outputs; `y` holds its one-hot rows there.
"""

from typing import Any, ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from chainrule.engine.objectives.base import Measure, Objective
from chainrule.engine.objectives.cross_entropy import NAMES, SoftmaxCrossEntropy
from chainrule.engine.pytree import hyperparameters
from chainrule.formulas import Formula

_ONE = SoftmaxCrossEntropy()


@hyperparameters
class SeveralSoftmaxCrossEntropies(Objective):
    """Sum of the cross-entropies of targets with `sizes` classes each."""

    losses: ClassVar[tuple[str, ...]] = NAMES
    output: ClassVar[str] = "softmax blocks"
    linked: ClassVar[str] = "softmax blocks"
    sizes: tuple[int, ...]

    @classmethod
    def asked(cls, given: Any, target: Any) -> "SeveralSoftmaxCrossEntropies":
        del given
        return cls(target.sizes)

    @property
    def measure(self) -> Measure:
        softmax = Formula("softmax of each target's {z}", r"\mathrm{softmax}({z})")
        return _ONE.measure._replace(link=softmax)

    @property
    def link_in_numpy(self) -> tuple[str | None, tuple[int, ...]]:
        return super().link_in_numpy[0], self.sizes

    def per_row(
        self, z: Float[Array, "batch k"], y: Float[Array, "batch k"]
    ) -> Float[Array, " batch"]:
        losses = [_ONE.per_row(*pair) for pair in zip(self.blocks(z), self.blocks(y), strict=True)]
        return jnp.stack(losses).sum(axis=0)

    def slopes(
        self, z: Float[Array, "batch k"], y: Float[Array, "batch k"]
    ) -> Float[Array, "batch k"]:
        pairs = zip(self.blocks(z), self.blocks(y), strict=True)
        return jnp.concatenate([_ONE.slopes(*pair) for pair in pairs], axis=-1)

    def link(self, z: Float[Array, "batch k"]) -> Float[Array, "batch k"]:
        return jnp.concatenate([_ONE.link(block) for block in self.blocks(z)], axis=-1)

    def blocks(self, values: Float[Array, "batch k"]) -> list[Float[Array, "batch _"]]:
        """Return the columns of each target."""
        ends = [sum(self.sizes[: i + 1]) for i in range(len(self.sizes))]
        return [values[:, e - n : e] for e, n in zip(ends, self.sizes, strict=True)]
