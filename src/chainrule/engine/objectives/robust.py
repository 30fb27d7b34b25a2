"""Errors that grow no faster than the distance: absolute and Huber.

    absolute   ℓ = meanₖ |zₖ - yₖ|                                       slope sign(e) / K
    Huber      ℓ = meanₖ ½e² if |e| ≤ t, else t(|e| - ½t)                slope clip(e, -t, t) / K

with e = z - y; means over outputs.  The slope of |e| at 0 is taken as 0.
Reference: Huber (1964), Ann. Math. Statist. 35:73-101.
"""

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from chainrule.engine.objectives.base import IDENTITY, Measure, Objective
from chainrule.engine.pytree import hyperparameters, number
from chainrule.formulas import Formula


@hyperparameters
class AbsoluteError(Objective):
    """Mean absolute error; its best constant prediction is the median."""

    losses: ClassVar[tuple[str, ...]] = ("absolute_error",)
    linked: ClassVar[str] = "identity"
    growth: ClassVar[int] = 1

    @property
    def measure(self) -> Measure:
        return Measure(
            Formula("Σₖ |{z} - y| / K", r"\frac1K \sum_k |{z} - y|"),
            Formula("sign({z} - y) / K", r"\frac1K \mathrm{sign}({z} - y)"),
            IDENTITY,
        )

    def per_row(
        self, z: Float[Array, "batch k"], y: Float[Array, "batch k"]
    ) -> Float[Array, " batch"]:
        return jnp.mean(jnp.abs(z - y), axis=-1)

    def slopes(
        self, z: Float[Array, "batch k"], y: Float[Array, "batch k"]
    ) -> Float[Array, "batch k"]:
        return jnp.sign(z - y) / z.shape[-1]

    def link(self, z: Float[Array, "batch k"]) -> Float[Array, "batch k"]:
        return z


@hyperparameters
class Huber(Objective):
    """Squared near zero, absolute beyond `threshold` (same unit as the network's output)."""

    losses: ClassVar[tuple[str, ...]] = ("huber",)
    linked: ClassVar[str] = "identity"
    growth: ClassVar[int] = 2
    threshold: float = number(default=1.0)

    @property
    def measure(self) -> Measure:
        t = f"{float(self.threshold):g}"
        return Measure(
            Formula(
                f"Σₖ h(e) / K, e = {{z}} - y, h = ½e² if |e| ≤ {t}, else {t}(|e| - ½·{t})",
                rf"\frac1K \sum_k h({{z}} - y)\;\text{{(Huber, }}t = {t}\text{{)}}",
            ),
            Formula(
                f"clip({{z}} - y, -{t}, {t}) / K", rf"\frac1K \mathrm{{clip}}({{z}} - y, -{t}, {t})"
            ),
            IDENTITY,
        )

    def per_row(
        self, z: Float[Array, "batch k"], y: Float[Array, "batch k"]
    ) -> Float[Array, " batch"]:
        size = jnp.abs(z - y)
        inside = jnp.minimum(size, self.threshold)
        return jnp.mean(inside * (size - 0.5 * inside), axis=-1)

    def slopes(
        self, z: Float[Array, "batch k"], y: Float[Array, "batch k"]
    ) -> Float[Array, "batch k"]:
        return jnp.clip(z - y, -self.threshold, self.threshold) / z.shape[-1]

    def link(self, z: Float[Array, "batch k"]) -> Float[Array, "batch k"]:
        return z
