"""What a layer may give beyond (grads, dx): notes of every row, and which rows to trust.

    notes                        names of what it notes of every row
    limits                       of some notes, the mean over an epoch that stops training
    trusted(tape)                rows whose forward pass may be trained on; None if all
    passed(params, tape, dy)     its backward pass, with all that was found on the way

A layer that settles, or that holds layers, is `Noting` and says so.  Of any layer, `noting(layer)`
answers: one that is not `Noting` notes nothing, and all its rows are trusted.
"""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Bool

from chainrule.engine.layers.base import Layer
from chainrule.engine.pytree import pytree


@pytree
class Passed:
    """A backward pass: gradients, notes of each row, and δ at the output of each layer inside.

    `deltas` is one array for a layer; for a network, a tuple with what each of its layers gives.
    """

    grads: Any
    dx: Array
    notes: dict[str, Array]
    deltas: Any


class Noting:
    """A layer that has more to say than (grads, dx).  It writes `passed` in place of `backward`."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Names of what it notes of every row."""
        return ()

    @property
    def limits(self) -> dict[str, float]:
        """The largest mean of each note that an epoch may have."""
        return {}

    def trusted(self, tape: Any) -> Bool[Array, " batch"] | None:
        """Return which rows may be trained on; None if all."""
        del tape
        return None

    def passed(self, params: Any, tape: Any, dy: Array) -> Passed:
        """Return the whole of the backward pass."""
        raise NotImplementedError

    def backward(self, params: Any, tape: Any, dy: Array) -> tuple[Any, Array]:
        passed = self.passed(params, tape, dy)
        return passed.grads, passed.dx


class _Plain(Noting):
    """Any other layer, as one that notes nothing."""

    def __init__(self, layer: Layer) -> None:
        self.layer = layer

    def passed(self, params: Any, tape: Any, dy: Array) -> Passed:
        grads, dx = self.layer.backward(params, tape, dy)
        return Passed(grads, dx, {}, dy)


def noting(layer: Layer | Noting) -> Noting:
    """Return the layer as one that notes: itself if it is, else with nothing to note."""
    return layer if isinstance(layer, Noting) else _Plain(layer)


def trusted_weights(layer: Layer, tape: Any, weights: Array) -> Array:
    """Return the rows' weights, 0 for those that cannot be trusted."""
    rows = noting(layer).trusted(tape)
    return weights if rows is None else jnp.where(rows, weights, 0)


def sum_up(names: tuple[str, ...], notes: dict[str, Array], weights: Array) -> tuple[Array, Array]:
    """Return sum and largest value of each note over the rows that count."""
    if not names:
        none = jnp.zeros(0, weights.dtype)
        return none, none
    table = jnp.where((weights > 0)[None, :], jnp.stack([notes[name] for name in names]), 0)
    return table.sum(axis=1), table.max(axis=1)


def columns_of_notes(layer: Layer) -> list[str]:
    """Return the columns that a history gets from the notes: mean and largest of each."""
    names = noting(layer).notes
    return [*names, *(f"{name}_max" for name in names)]
