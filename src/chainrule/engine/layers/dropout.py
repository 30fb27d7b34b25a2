"""Dropout: in training, each unit is silent with probability `rate`, the others speak louder.

    forward    y  = x m,     m = (u ≥ rate) / (1 - rate),   u ~ uniform[0, 1)
    backward   dx = dy m

Without a key (prediction) it is the identity.
Reference: Srivastava et al. (2014), JMLR 15:1929-1958, in the inverted form of section 10.
"""

import jax
from jaxtyping import Array, Float, PRNGKeyArray

from chainrule.engine.pytree import hyperparameters, number, pytree
from chainrule.errors import OptionError


@pytree
class DropoutTape:
    """The mask, already divided by the share of units that stay; None when predicting."""

    mask: Float[Array, "batch n"] | None


@hyperparameters
class Dropout:
    """Silences units at random; `rate` is the probability, 0 ≤ rate < 1."""

    rate: float = number(default=0.5)

    def __post_init__(self) -> None:
        if not 0 <= self.rate < 1:
            raise OptionError(
                f"Dropout(rate={self.rate}) expects a probability in [0, 1); try 0.2."
            )

    def width(self, n_in: int) -> int:
        return n_in

    def init(self, key: PRNGKeyArray, n_in: int) -> tuple[()]:
        del key, n_in
        return ()

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
