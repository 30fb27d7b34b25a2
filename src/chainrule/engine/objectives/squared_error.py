"""Squared error.

    row loss   ℓ = c Σₖ (zₖ - yₖ)² / d        c = ½ if `half` else 1
    slope      2c (z - y) / d                 d = K (`over="elements"`) or 1 (`over="rows"`)
    link       identity

With the mean over N rows on top, `over="elements"` divides by N·K, the number of elements of the
target, and `over="rows"` by N, the number of rows, so K times larger.  Textbooks use all four.
"""

from typing import ClassVar, Literal

import jax.numpy as jnp
from jaxtyping import Array, Float

from chainrule.engine.objectives.base import IDENTITY, Measure, Objective
from chainrule.engine.pytree import hyperparameters
from chainrule.errors import OptionError
from chainrule.formulas import Formula


@hyperparameters
class SquaredError(Objective):
    """Squared error; by default half the mean over rows and outputs, as scikit-learn has it."""

    losses: ClassVar[tuple[str, ...]] = ("squared_error",)
    linked: ClassVar[str] = "identity"
    growth: ClassVar[int] = 2
    half: bool = True
    over: Literal["elements", "rows"] = "elements"

    def __post_init__(self) -> None:
        if self.over not in ("elements", "rows"):
            raise OptionError(
                f'SquaredError(over={self.over!r}) divides by "elements" or by "rows".'
            )

    @property
    def measure(self) -> Measure:
        half, twice = ("½ ", "") if self.half else ("", "2 ")
        half_latex = r"\tfrac12 " if self.half else ""
        over, over_latex = (" / K", r"\frac1K ") if self.over == "elements" else ("", "")
        return Measure(
            Formula(
                f"{half}Σₖ ({{z}} - y)²{over}", rf"{half_latex}{over_latex}\sum_k ({{z}} - y)^2"
            ),
            Formula(f"{twice}({{z}} - y){over}", rf"{twice}{over_latex}({{z}} - y)"),
            IDENTITY,
        )

    def _factor(self, n_outputs: int) -> float:
        return (0.5 if self.half else 1.0) / (n_outputs if self.over == "elements" else 1)

    def per_row(
        self, z: Float[Array, "batch k"], y: Float[Array, "batch k"]
    ) -> Float[Array, " batch"]:
        return self._factor(z.shape[-1]) * jnp.sum((z - y) ** 2, axis=-1)

    def slopes(
        self, z: Float[Array, "batch k"], y: Float[Array, "batch k"]
    ) -> Float[Array, "batch k"]:
        return 2 * self._factor(z.shape[-1]) * (z - y)

    def link(self, z: Float[Array, "batch k"]) -> Float[Array, "batch k"]:
        return z
