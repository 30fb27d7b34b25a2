"""Feed-forward network: layers in a row, each feeding the next.

    forward    x → layer₁ → layer₂ → … → y
    backward   dx ← layer₁ ← layer₂ ← … ← dy

A network is itself a layer, so networks nest.
"""

from typing import Any

import jax
from jaxtyping import Array, PRNGKeyArray

from chainrule.engine.keys import split_key
from chainrule.engine.layers.differentiated import as_layer
from chainrule.engine.pytree import hyperparameters, part
from chainrule.errors import OptionError


@hyperparameters
class FeedForward:
    """`layers` in the order the signal meets them."""

    layers: tuple[Any, ...] = part()

    def __post_init__(self) -> None:
        if not isinstance(self.layers, tuple | list):
            raise OptionError(
                f"FeedForward expects a tuple of layers, got one {type(self.layers).__name__}. "
                "Write FeedForward((layer, …))."
            )
        object.__setattr__(self, "layers", tuple(as_layer(layer) for layer in self.layers))

    def width(self, n_in: int) -> int:
        for layer in self.layers:
            n_in = layer.width(n_in)
        return n_in

    def init(self, key: PRNGKeyArray, n_in: int) -> tuple[Any, ...]:
        params = []
        for layer, k in zip(self.layers, split_key(key, len(self.layers)), strict=True):
            params.append(layer.init(k, n_in))
            n_in = layer.width(n_in)
        return tuple(params)

    def forward(
        self, params: tuple[Any, ...], x: Array, key: PRNGKeyArray | None = None
    ) -> tuple[Array, tuple[Any, ...]]:
        tapes = []
        for i, (layer, p) in enumerate(zip(self.layers, params, strict=True)):
            k = None if key is None else jax.random.fold_in(key, i)
            x, tape = layer.forward(p, x, k)
            tapes.append(tape)
        return x, tuple(tapes)

    def backward(
        self, params: tuple[Any, ...], tape: tuple[Any, ...], dy: Array
    ) -> tuple[tuple[Any, ...], Array]:
        grads = []
        for layer, p, t in zip(self.layers[::-1], params[::-1], tape[::-1], strict=True):
            g, dy = layer.backward(p, t, dy)
            grads.append(g)
        return tuple(grads[::-1]), dy
