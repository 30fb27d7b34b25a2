"""What an objective makes of a network's outputs: all its numbers at once, in one program."""

from typing import NamedTuple

import jax
from jaxtyping import Array

from chainrule.engine.objectives.base import Objective, shares


class LossPass(NamedTuple):
    """Predictions, each row's loss and share, their weighted mean, and its slope at the outputs."""

    predictions: Array
    of_rows: Array
    shares: Array
    loss: Array
    delta: Array


@jax.jit
def loss_pass(objective: Objective, z: Array, y: Array, weights: Array) -> LossPass:
    """Return the numbers of `objective` at raw outputs `z`, as its methods give them."""
    return LossPass(
        objective.link(z),
        objective.per_row(z, y),
        shares(weights),
        objective.value(z, y, weights),
        objective.delta(z, y, weights),
    )
