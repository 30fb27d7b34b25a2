"""Quantile (pinball) error, for several levels at once.

    row loss   ℓ = meanⱼ max(τⱼ e, (τⱼ - 1) e),   e = y - zⱼ
    slope      (1[e < 0] - τⱼ) / J                (0 counts as above: slope -τⱼ/J)
    link       the outputs in ascending order

The network has one output for each level τⱼ, the target one column.  Fitted quantiles can cross;
sorting them is never worse: Chernozhukov, Fernández-Val & Galichon (2010), Econometrica 78:1093.
Reference: Koenker & Bassett (1978), Econometrica 46:33-50.
"""

from typing import Any, ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from chainrule.engine.objectives.base import Measure, Objective
from chainrule.engine.pytree import hyperparameters, part
from chainrule.errors import OptionError, ShapeError
from chainrule.formulas import Formula


@hyperparameters
class Quantile(Objective):
    """Pinball loss at `levels`, ascending numbers between 0 and 1."""

    losses: ClassVar[tuple[str, ...]] = ("quantile",)
    linked: ClassVar[str] = "sort"
    growth: ClassVar[int] = 1
    levels: tuple[float, ...] = part(default=(0.5,))

    def __post_init__(self) -> None:
        levels = tuple(float(level) for level in self.levels)
        if not levels or list(levels) != sorted(set(levels)) or not 0 < levels[0] <= levels[-1] < 1:
            raise OptionError(
                f"Quantile(levels={self.levels}) expects ascending levels between 0 and 1, "
                "as in (0.05, 0.5, 0.95)."
            )
        object.__setattr__(self, "levels", levels)

    @classmethod
    def asked(cls, given: Any, target: Any) -> "Quantile":
        del target
        return cls(given.levels)

    @property
    def measure(self) -> Measure:
        return Measure(
            Formula(
                "Σⱼ max(τ e, (τ - 1) e) / J, e = y - {z}",
                r"\frac1J \sum_j \max(\tau e, (\tau - 1) e), \quad e = y - {z}",
            ),
            Formula("((1 if {z} > y, else 0) - τ) / J", r"\frac1J (\mathbf{1}[{z} > y] - \tau)"),
            Formula("sort({z})", r"\mathrm{sort}({z})"),
        )

    def n_outputs(self, n_targets: int) -> int:
        if n_targets != 1:
            raise ShapeError(
                f"Quantile takes one target column, got {n_targets}. Train one network for each."
            )
        return len(self.levels)

    def per_row(
        self, z: Float[Array, "batch j"], y: Float[Array, "batch 1"]
    ) -> Float[Array, " batch"]:
        e = y - z
        levels = self._row(z)
        return jnp.mean(jnp.maximum(levels * e, (levels - 1) * e), axis=-1)

    def slopes(
        self, z: Float[Array, "batch j"], y: Float[Array, "batch 1"]
    ) -> Float[Array, "batch j"]:
        return ((z > y).astype(z.dtype) - self._row(z)) / len(self.levels)

    def link(self, z: Float[Array, "batch j"]) -> Float[Array, "batch j"]:
        return jnp.sort(z, axis=-1)

    def _row(self, z: Array) -> Float[Array, "1 j"]:
        return jnp.stack([jnp.asarray(level, z.dtype) for level in self.levels])[None, :]
