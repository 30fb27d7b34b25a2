"""What a layer may say of its passes beside their results: notes, and which rows to trust.

    notes                                names of what the layer notes of every row, or none
    limits                               of some notes, the mean over an epoch that stops training
    trusted(tape) -> (batch,)            rows whose forward pass may be trained on
    backward_and_notes(params, tape, dy) -> (grads, dx, notes)   backward, and one number a row each

All are optional and come together; a layer without them is trusted and notes nothing.  A
network that settles notes how many sweeps it took.
"""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Bool

from chainrule.engine.layers.base import Layer


def notes_of(layer: Layer) -> tuple[str, ...]:
    """Return the names of what the layer notes."""
    return getattr(layer, "notes", ())


def limits_of(layer: Layer) -> dict[str, float]:
    """Return the largest mean of each note that an epoch may have."""
    return getattr(layer, "limits", {})


def trusted_rows(layer: Layer, tape: Any) -> Bool[Array, " batch"] | None:
    """Return which rows may be trained on; None if all."""
    return layer.trusted(tape) if notes_of(layer) else None  # pyright: ignore


def backward_and_notes(
    layer: Layer, params: Any, tape: Any, dy: Array
) -> tuple[Any, Array, dict[str, Array]]:
    """Return gradients of the parameters, of the input, and the notes of each row."""
    if notes_of(layer):
        return layer.backward_and_notes(params, tape, dy)  # pyright: ignore
    return (*layer.backward(params, tape, dy), {})


def backward_through(
    layer: Layer, params: Any, tape: Any, dy: Array
) -> tuple[Any, Array, dict[str, Array], Any]:
    """Return also the gradient at the layer's output; of a network, that of each layer inside."""
    if hasattr(layer, "backward_through"):
        return layer.backward_through(params, tape, dy)  # pyright: ignore
    return (*backward_and_notes(layer, params, tape, dy), dy)


def trusted_weights(layer: Layer, tape: Any, weights: Array) -> Array:
    """Return the rows' weights, 0 for those that cannot be trusted."""
    rows = trusted_rows(layer, tape)
    return weights if rows is None else jnp.where(rows, weights, 0)


def sum_up(layer: Layer, notes: dict[str, Array], weights: Array) -> tuple[Array, Array]:
    """Return sum and largest value of each note over the rows that count."""
    names = notes_of(layer)
    if not names:
        none = jnp.zeros(0, weights.dtype)
        return none, none
    table = jnp.where((weights > 0)[None, :], jnp.stack([notes[name] for name in names]), 0)
    return table.sum(axis=1), table.max(axis=1)


def columns_of_notes(layer: Layer) -> list[str]:
    """Return the columns that a history gets from the notes: mean and largest of each."""
    names = notes_of(layer)
    return [*names, *(f"{name}_max" for name in names)]
