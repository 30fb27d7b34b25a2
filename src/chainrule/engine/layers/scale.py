"""Scale: a factor for every unit, learned.

    forward    y  = x s
    backward   ds = Σₙ dy x,   dx = dy s

In front of a network it selects inputs softly: those that tell nothing fade.
Reference: the scaling layer of Holzmüller, Grinsztajn & Steinwart (2024), NeurIPS, section 3.
"""

import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from chainrule.engine.layers.kind import GIVEN, KeepsUnits, Row, Shown, over_rows, times
from chainrule.engine.pytree import hyperparameters, on_device, pytree
from chainrule.errors import ShapeError


@pytree
class ScaleParams:
    """The factors s (`scale`, start at 1)."""

    scale: Float[Array, " n"]


@pytree
class ScaleTape:
    """What `backward` needs from `forward`: the input."""

    x: Float[Array, "batch n"]


@hyperparameters
class Scale(KeepsUnits):
    """Multiplies every unit by a factor of its own."""

    def init(self, key: PRNGKeyArray, n_in: int) -> ScaleParams:
        del key
        return ScaleParams(scale=on_device(np.ones(n_in)))

    def forward(
        self, params: ScaleParams, x: Float[Array, "batch n"], key: PRNGKeyArray | None = None
    ) -> tuple[Float[Array, "batch n"], ScaleTape]:
        del key
        if x.shape[-1] != params.scale.shape[0]:
            raise ShapeError(
                f"Scale expects {params.scale.shape[0]} units, got {x.shape[-1]} (x has shape "
                f"{x.shape}). Initialise the layer with n_in={x.shape[-1]}, or check the columns."
            )
        return x * params.scale[None, :], ScaleTape(x=x)

    def backward(
        self, params: ScaleParams, tape: ScaleTape, dy: Float[Array, "batch n"]
    ) -> tuple[ScaleParams, Float[Array, "batch n"]]:
        return ScaleParams(scale=(dy * tape.x).sum(axis=0)), dy * params.scale[None, :]

    def shown(self) -> Shown:
        return Shown(
            (
                Row("scale", "params.scale", GIVEN, ("unit",), "s"),
                Row("y", "y", times("{x}", "{scale}"), letter="y"),
            ),
            (
                Row("d scale", "grads.scale", over_rows(times("{dy}", "{x}")), ("unit",)),
                Row("dx", "dx", times("{dy}", "{scale}")),
            ),
        )
