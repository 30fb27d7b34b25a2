"""A network's passes layer by layer: what went into each layer and came out, forward and back.

Networks in a row are unfolded, however deep they are nested, so every pass belongs to one layer
with a formula of its own.  The numbers are those of the network's own passes: the same functions
are called in the same order with the same keys.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jax
from jaxtyping import Array, PRNGKeyArray

from chainrule.engine.layers.base import Layer
from chainrule.engine.networks.feed_forward import FeedForward


@dataclass(frozen=True)
class LayerPass:
    """One layer's forward pass.

    `place` is where it stands: (2,) is the network's third layer, (2, 0) the first one inside it.
    """

    place: tuple[int, ...]
    layer: Layer
    params: Any
    x: Array
    y: Array
    tape: Any


@dataclass(frozen=True)
class LayerGradients:
    """What the backward pass of the same layer met: ∂L/∂y, and what it made of it."""

    dy: Array
    grads: Any
    dx: Array


def forward_passes(
    network: Layer, params: Any, x: Array, key: PRNGKeyArray | None = None
) -> list[LayerPass]:
    """Return the forward pass of every layer, in the order the signal meets them."""
    passes = []
    unfolded = list(_unfolded(network, params, key, ()))
    made = _forward([(layer, own, k) for _, layer, own, k in unfolded], x)
    for (place, layer, own, _), (y, tape) in zip(unfolded, made, strict=True):
        passes.append(LayerPass(place, layer, own, x, y, tape))
        x = y
    return passes


def backward_passes(passes: list[LayerPass], dy: Array) -> list[LayerGradients]:
    """Return what the backward pass makes in every layer, in the order of the forward passes."""
    steps = [(each.layer, each.params, each.tape) for each in reversed(passes)]
    found = []
    for grads, dx in _backward(steps, dy):
        found.append(LayerGradients(dy, grads, dx))
        dy = dx
    return found[::-1]


def _unfolded(
    network: Layer, params: Any, key: PRNGKeyArray | None, place: tuple[int, ...]
) -> Iterator[tuple[tuple[int, ...], Layer, Any, PRNGKeyArray | None]]:
    """Yield place, layer, parameters and key of every layer."""
    if not isinstance(network, FeedForward):
        yield place, network, params, key
        return
    for i, (layer, own) in enumerate(zip(network.layers, params, strict=True)):
        k = None if key is None else jax.random.fold_in(key, i)
        yield from _unfolded(layer, own, k, (*place, i))


# one program each, which is kept on disk, in place of one for each layer
@jax.jit
def _forward(steps: Any, x: Array) -> list[tuple[Array, Any]]:
    made = []
    for layer, params, key in steps:
        x, tape = layer.forward(params, x, key)
        made.append((x, tape))
    return made


@jax.jit
def _backward(steps: Any, dy: Array) -> list[tuple[Any, Array]]:
    made = []
    for layer, params, tape in steps:
        grads, dy = layer.backward(params, tape, dy)
        made.append((grads, dy))
    return made
