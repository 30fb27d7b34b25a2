"""A network's passes layer by layer: what went into each layer and came out, forward and back.

Networks in a row are unfolded, however deep they are nested, so every pass belongs to one layer
with a formula of its own.  The numbers are those of the network's own passes: the same functions
are called in the same order with the same keys.
"""

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
    network: Layer,
    params: Any,
    x: Array,
    key: PRNGKeyArray | None = None,
    place: tuple[int, ...] = (),
) -> list[LayerPass]:
    """Return the forward pass of every layer, in the order the signal meets them."""
    if not isinstance(network, FeedForward):
        y, tape = _forward(network, params, x, key)
        return [LayerPass(place, network, params, x, y, tape)]
    passes: list[LayerPass] = []
    for i, (layer, own) in enumerate(zip(network.layers, params, strict=True)):
        k = None if key is None else jax.random.fold_in(key, i)
        passes += forward_passes(layer, own, x, k, (*place, i))
        x = passes[-1].y
    return passes


def backward_passes(passes: list[LayerPass], dy: Array) -> list[LayerGradients]:
    """Return what the backward pass makes in every layer, in the order of the forward passes."""
    found = []
    for each in reversed(passes):
        grads, dx = _backward(each.layer, each.params, each.tape, dy)
        found.append(LayerGradients(dy, grads, dx))
        dy = dx
    return found[::-1]


# compiled once for a kind of layer and a shape, however often it is looked at
@jax.jit
def _forward(layer: Layer, params: Any, x: Array, key: PRNGKeyArray | None) -> tuple[Array, Any]:
    return layer.forward(params, x, key)


@jax.jit
def _backward(layer: Layer, params: Any, tape: Any, dy: Array) -> tuple[Any, Array]:
    return layer.backward(params, tape, dy)
