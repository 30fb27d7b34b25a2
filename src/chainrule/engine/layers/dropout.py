"""Dropout: in training, each unit is silent with probability `rate`, the others speak louder.

    forward    y  = x m,     m = (u ≥ rate) / (1 - rate),   u ~ uniform[0, 1)
    backward   dx = dy m

Without a key (prediction) it is the identity.
Reference: Srivastava et al. (2014), JMLR 15:1929-1958, in the inverted form of section 10.
"""

from typing import ClassVar

import jax
from jaxtyping import Array, Float, PRNGKeyArray

from chainrule.engine.layers.kind import KeepsUnits, Row, Shown, times
from chainrule.engine.pytree import hyperparameters, number, pytree
from chainrule.errors import OptionError
from chainrule.formulas import Formula


@pytree
class DropoutTape:
    """The mask, already divided by the share of units that stay; None when predicting."""

    mask: Float[Array, "batch n"] | None


@hyperparameters
class Dropout(KeepsUnits):
    """Silences units at random; `rate` is the probability, 0 ≤ rate < 1."""

    only_trains: ClassVar[bool] = True
    rate: float = number(default=0.5)

    def __post_init__(self) -> None:
        if not 0 <= self.rate < 1:
            raise OptionError(
                f"Dropout(rate={self.rate}) expects a probability in [0, 1); try 0.2."
            )

    def forward(
        self, params: tuple[()], x: Float[Array, "batch n"], key: PRNGKeyArray | None = None
    ) -> tuple[Float[Array, "batch n"], DropoutTape]:
        del params
        if key is None:
            return x, DropoutTape(mask=None)
        stays = jax.random.uniform(key, x.shape, x.dtype) >= self.rate
        mask = stays.astype(x.dtype) / (1 - self.rate)
        return x * mask, DropoutTape(mask=mask)

    def backward(
        self, params: tuple[()], tape: DropoutTape, dy: Float[Array, "batch n"]
    ) -> tuple[tuple[()], Float[Array, "batch n"]]:
        del params
        return (), dy if tape.mask is None else dy * tape.mask

    def shown(self) -> Shown:
        mask = Formula(
            "(1 if drawn ≥ {rate}, else 0) / (1 - {rate})",
            r"\mathbf{1}[u \ge {rate}] / (1 - {rate})",
        )
        nothing = "predicting: nothing is silenced"
        return Shown(
            (
                Row("mask", "tape.mask", mask, letter=("mask", "m")),
                Row("s", "y", times("{x}", "{mask}"), letter="s"),
                Row("s", "y", Formula.same("{x}"), letter="s", note=nothing),
            ),
            (Row("dx", "dx", times("{dy}", "{mask}")), Row("dx", "dx", Formula.same("{dy}"))),
        )
