"""From an estimator's parameters to a network: hidden blocks, then one dense output layer.

block = Dense → [LayerNorm] → activation → [Dropout]
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.engine import Dense, Dropout, FeedForward, LayerNorm, as_activation
from chainrule.errors import OptionError

# He's variance suits functions that are zero on the left, LeCun's suits selu, Glorot's the rest.
_INITIAL = {
    "relu": "he",
    "leaky_relu": "he",
    "elu": "he",
    "silu": "he",
    "gelu": "he",
    "mish": "he",
    "selu": "lecun_normal",
}


def build_network(
    n_outputs: int,
    hidden_layer_sizes: int | Sequence[int],
    activation: Any,
    dropout: float,
    layer_norm: bool,
) -> FeedForward:
    """Return the network; without hidden layers it is a linear model.

    Raises
    ------
    OptionError
        If a size is below 1, or there are not as many activations as hidden layers.
    """
    sizes = hidden_sizes(hidden_layer_sizes)
    several = isinstance(activation, list | tuple)
    names = list(activation) if several else [activation] * len(sizes)
    if len(names) != len(sizes):
        raise OptionError(
            f"activation={activation!r} names {len(names)} functions for {len(sizes)} hidden "
            "layers. Give one for each hidden layer, or a single one for all."
        )
    layers: list[Any] = []
    for size, name in zip(sizes, names, strict=True):
        function = as_activation(name)
        layers.append(Dense(size, weights=_INITIAL.get(name, "glorot")))
        layers += [LayerNorm()] if layer_norm else []
        layers.append(function)
        layers += [Dropout(dropout)] if dropout > 0 else []
    return FeedForward((*layers, Dense(n_outputs)))


def hidden_sizes(hidden_layer_sizes: Any) -> tuple[int, ...]:
    """Return the sizes of the hidden layers as a tuple of whole numbers above 0."""
    sizes = hidden_layer_sizes
    sizes = tuple(sizes) if hasattr(sizes, "__iter__") else (sizes,)
    for size in sizes:
        number = isinstance(size, int | float | np.number) and not isinstance(size, bool)
        if not number or not float(size).is_integer() or size < 1:
            raise OptionError(
                f"hidden_layer_sizes={hidden_layer_sizes!r} must be > 0 in every layer, got "
                f"{size}. Give whole numbers such as (64, 32), or () for no hidden layer."
            )
    return tuple(int(size) for size in sizes)
