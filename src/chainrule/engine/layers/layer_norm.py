"""Layer normalisation: each row brought to mean 0 and variance 1 over its units.

    forward    x̂  = (x - μ) / σ,   σ = √(var + ε),     y = γ x̂ + β
    backward   dγ = Σₙ dy x̂,   dβ = Σₙ dy,   g = dy γ
               dx = (g - mean(g) - x̂ mean(g x̂)) / σ

Means are over the units of one row.  Reference: Ba, Kiros & Hinton (2016), arXiv:1607.06450, eq. 3.
"""

from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from chainrule.engine.layers.kind import GIVEN, KeepsUnits, Row, Shown, over_rows, times
from chainrule.engine.pytree import hyperparameters, number, on_device, pytree
from chainrule.errors import OptionError
from chainrule.formulas import Formula


@pytree
class LayerNormParams:
    """γ (`scale`, starts at 1) and β (`shift`, starts at 0)."""

    scale: Float[Array, " n"]
    shift: Float[Array, " n"]


@pytree
class LayerNormTape:
    """The normalised rows and each row's standard deviation."""

    normalised: Float[Array, "batch n"]
    deviation: Float[Array, "batch 1"]


@hyperparameters
class LayerNorm(KeepsUnits):
    """Normalises over units; `epsilon` keeps a row of equal values from dividing by zero."""

    mixes: ClassVar[bool] = True
    epsilon: float = number(default=1e-5)

    def __post_init__(self) -> None:
        if not self.epsilon > 0:
            raise OptionError(f"LayerNorm(epsilon={self.epsilon}) expects a number above 0.")

    def init(self, key: PRNGKeyArray, n_in: int) -> LayerNormParams:
        del key
        return LayerNormParams(scale=on_device(np.ones(n_in)), shift=on_device(np.zeros(n_in)))

    def forward(
        self, params: LayerNormParams, x: Float[Array, "batch n"], key: PRNGKeyArray | None = None
    ) -> tuple[Float[Array, "batch n"], LayerNormTape]:
        del key
        centred = x - x.mean(axis=-1, keepdims=True)
        deviation = jnp.sqrt((centred * centred).mean(axis=-1, keepdims=True) + self.epsilon)
        normalised = centred / deviation
        y = normalised * params.scale[None, :] + params.shift[None, :]
        return y, LayerNormTape(normalised=normalised, deviation=deviation)

    def backward(
        self, params: LayerNormParams, tape: LayerNormTape, dy: Float[Array, "batch n"]
    ) -> tuple[LayerNormParams, Float[Array, "batch n"]]:
        x_hat = tape.normalised
        g = dy * params.scale[None, :]
        along = (g * x_hat).mean(axis=-1, keepdims=True)
        dx = (g - g.mean(axis=-1, keepdims=True) - x_hat * along) / tape.deviation
        return LayerNormParams(scale=(dy * x_hat).sum(axis=0), shift=dy.sum(axis=0)), dx

    def shown(self) -> Shown:
        mean = Formula("mean over units of {x}", r"\mathrm{mean}({x})")
        deviation = Formula(
            "√(mean of ({x} - {mean})² + {epsilon})",
            r"\sqrt{\mathrm{mean}(({x} - {mean})^2) + {epsilon}}",
        )
        y = Formula("{scale} · {normalised} + {shift}", r"{scale} \odot {normalised} + {shift}")
        dx = Formula(
            "({g} - mean({g}) - {normalised} mean({g} {normalised})) / {deviation}",
            r"({g} - \mathrm{mean}({g}) - {normalised}\,"
            r"\mathrm{mean}({g} {normalised})) / {deviation}",
        )
        one, units = ("row", "one"), ("unit",)
        return Shown(
            (
                Row("mean", _mean, mean, one, ("μ", r"\mu")),
                Row("deviation", "tape.deviation", deviation, one, ("σ", r"\sigma")),
                Row(
                    "normalised",
                    "tape.normalised",
                    Formula.same("({x} - {mean}) / {deviation}"),
                    letter="n",
                ),
                Row("scale", "params.scale", GIVEN, units, ("γ", r"\gamma")),
                Row("shift", "params.shift", GIVEN, units, ("β", r"\beta")),
                Row("y", "y", y, letter="y"),
            ),
            (
                Row("d scale", "grads.scale", over_rows(times("{dy}", "{normalised}")), units),
                Row("d shift", "grads.shift", over_rows(Formula.same("{dy}")), units),
                Row("g", _g, times("{dy}", "{scale}"), letter="g"),
                Row("dx", "dx", dx, note="means over the units of a row"),
            ),
        )


def _mean(seen: Any) -> Array:
    return seen.x.mean(axis=-1, keepdims=True)


def _g(seen: Any) -> Array:
    return seen.dy * seen.params.scale[None, :]
