"""Poisson likelihood for counts; the raw output is the logarithm of the expected count.

    row loss   ℓ = meanₖ exp(zₖ) - yₖ zₖ      (without log y!, which no weight changes)
    slope      (exp(z) - y) / K
    link       exp(z)

Reference: McCullagh & Nelder (1989), Generalized Linear Models, ch. 6.
"""

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from chainrule.engine.objectives.base import Measure, Objective
from chainrule.engine.pytree import hyperparameters
from chainrule.formulas import Formula


@hyperparameters
class Poisson(Objective):
    """For counts: targets are 0, 1, 2, …; predictions are expected counts."""

    losses: ClassVar[tuple[str, ...]] = ("poisson",)
    linked: ClassVar[str] = "exp"
    of_counts: ClassVar[bool] = True

    @property
    def measure(self) -> Measure:
        return Measure(
            Formula("Σₖ (exp({z}) - y {z}) / K", r"\frac1K \sum_k (e^{{z}} - y\,{z})"),
            Formula("(exp({z}) - y) / K", r"\frac1K (e^{{z}} - y)"),
            Formula("exp({z})", r"e^{{z}}"),
        )

    def per_row(
        self, z: Float[Array, "batch k"], y: Float[Array, "batch k"]
    ) -> Float[Array, " batch"]:
        return jnp.mean(jnp.exp(z) - y * z, axis=-1)

    def slopes(
        self, z: Float[Array, "batch k"], y: Float[Array, "batch k"]
    ) -> Float[Array, "batch k"]:
        return (jnp.exp(z) - y) / z.shape[-1]

    def link(self, z: Float[Array, "batch k"]) -> Float[Array, "batch k"]:
        return jnp.exp(z)
