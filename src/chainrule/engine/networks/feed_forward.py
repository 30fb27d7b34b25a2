"""Feed-forward network: layers in a row, each feeding the next.

    forward    x → layer₁ → layer₂ → … → y
    backward   dx ← layer₁ ← layer₂ ← … ← dy

A network is itself a layer, so networks nest.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, PRNGKeyArray

from chainrule.engine.keys import split_key
from chainrule.engine.layers.differentiated import as_layer
from chainrule.engine.layers.notes import Noting, Passed, noting
from chainrule.engine.pytree import hyperparameters, part
from chainrule.errors import OptionError


@hyperparameters
class FeedForward(Noting):
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

    def passed(self, params: tuple[Any, ...], tape: tuple[Any, ...], dy: Array) -> Passed:
        grads, deltas, notes, names = [], [], {}, self._names()
        for i in range(len(self.layers) - 1, -1, -1):
            own = noting(self.layers[i]).passed(params[i], tape[i], dy)
            dy = own.dx
            grads.append(own.grads)
            deltas.append(own.deltas)
            notes |= {names[i, name]: values for name, values in own.notes.items()}
        return Passed(tuple(grads[::-1]), dy, notes, tuple(deltas[::-1]))

    @property
    def notes(self) -> tuple[str, ...]:
        """What the layers note; where two note the same, with the layer's place before it."""
        return tuple(self._names().values())

    @property
    def limits(self) -> dict[str, float]:
        """The limits of what the layers note."""
        return {
            name: noting(self.layers[i]).limits[own]
            for (i, own), name in self._names().items()
            if own in noting(self.layers[i]).limits
        }

    def trusted(self, tape: tuple[Any, ...]) -> Bool[Array, " batch"] | None:
        """Return the rows that every layer trusts."""
        pairs = zip(self.layers, tape, strict=True)
        rows = [own for layer, t in pairs if (own := noting(layer).trusted(t)) is not None]
        return jnp.all(jnp.stack(rows), axis=0) if rows else None

    def _names(self) -> dict[tuple[int, str], str]:
        own = [(i, name) for i, layer in enumerate(self.layers) for name in noting(layer).notes]
        alone = [name for _, name in own]
        return {
            (i, name): name if alone.count(name) == 1 else f"layer{i + 1}_{name}" for i, name in own
        }
