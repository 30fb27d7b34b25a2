"""From an estimator's parameters to a network: hidden blocks, then one dense output layer.

block = Dense → [LayerNorm] → activation → [Dropout]
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.activations import named
from chainrule.advice import Either, Setting
from chainrule.engine import Dense, Dropout, FeedForward, LayerNorm, as_activation
from chainrule.engine.layers.differentiated import as_layer
from chainrule.errors import OptionError

_NUMBER = int | float | np.number


def build_network(
    n_outputs: int,
    hidden_layer_sizes: int | Sequence[int],
    activation: Any,
    dropout: float | Sequence[float],
    layer_norm: bool,
    coefs: Sequence[Any] | None = None,
    intercepts: Sequence[Any] | None = None,
) -> FeedForward:
    """Return the network; without hidden layers it is a linear model.

    `coefs` and `intercepts` give initial weights and biases of every dense layer; None where the
    network is to draw them.

    Raises
    ------
    OptionError
        If a size is below 1, or there are not as many activations, rates or initial weights as
        layers.
    """
    sizes = hidden_sizes(hidden_layer_sizes)
    names = _for_each("activation", activation, len(sizes))
    rates = _for_each("dropout", dropout, len(sizes))
    if any(isinstance(r, bool) or not isinstance(r, _NUMBER) or not 0 <= r < 1 for r in rates):
        raise OptionError(
            "{dropout} must be a probability in [0, 1), or one per layer.", dropout=dropout
        )
    weights = _initial("coefs_init", coefs, len(sizes) + 1)
    biases = _initial("intercepts_init", intercepts, len(sizes) + 1)
    layers: list[Any] = []
    for i, (size, name, rate) in enumerate(zip(sizes, names, rates, strict=True)):
        function = as_activation(name) if isinstance(name, str) else as_layer(name)
        record = named(name)
        drawn = "glorot" if record is None else record.initializer
        layers.append(_dense(size, weights[i], biases[i], drawn))
        layers += [LayerNorm()] if layer_norm else []
        layers.append(function)
        layers += [Dropout(rate)] if rate > 0 else []
    return FeedForward((*layers, _dense(n_outputs, weights[-1], biases[-1], "glorot")))


def dense_places(network: FeedForward) -> list[int]:
    """Return where the dense layers are among the network's layers."""
    return [i for i, layer in enumerate(network.layers) if isinstance(layer, Dense)]


def frozen_places(network: FeedForward, frozen_layers: Sequence[int]) -> tuple[int, ...]:
    """Return the places in the network of the frozen dense layers, each with its normalisation.

    Raises
    ------
    OptionError
        If there is no such dense layer, or none is left to train.
    """
    dense = dense_places(network)
    chosen = sorted({i + len(dense) if i < 0 else i for i in frozen_layers})
    if any(not 0 <= i < len(dense) for i in chosen):
        raise OptionError(
            "{frozen_layers} names layers that are not there. The dense layers are 0 to {}, the "
            "last one gives the outputs.",
            len(dense) - 1,
            frozen_layers=tuple(frozen_layers),
        )
    if len(chosen) == len(dense):
        raise OptionError(
            "{frozen_layers} freezes every layer: nothing is left to train. Leave at least one "
            "out.",
            frozen_layers=tuple(frozen_layers),
        )
    ends = [*dense[1:], len(network.layers)]
    return tuple(place for i in chosen for place in range(dense[i], ends[i]))


def _dense(size: int, weights: Any, biases: Any, drawn: str) -> Dense:
    given = {} if biases is None else {"biases": biases}
    return Dense(size, weights=drawn if weights is None else weights, **given)


def _for_each(name: str, value: Any, n: int) -> list[Any]:
    """Return one value for each hidden layer."""
    several = isinstance(value, list | tuple)
    values = list(value) if several else [value] * n
    if len(values) != n:
        raise OptionError(
            "{} has {} entries for {} hidden layers. Give one for each hidden layer, or a single "
            "one for all.",
            Setting(name, value),
            len(values),
            n,
        )
    return values


def _initial(name: str, arrays: Sequence[Any] | None, n: int) -> list[Any]:
    """Return one initial array, or None, for each dense layer."""
    if arrays is None:
        return [None] * n
    if len(arrays) != n:
        raise OptionError(
            f"{name} holds {len(arrays)} arrays for {n} dense layers (the hidden ones and the "
            "outputs). Give one for each, or None where the network is to draw."
        )
    return list(arrays)


def hidden_sizes(hidden_layer_sizes: Any) -> tuple[int, ...]:
    """Return the sizes of the hidden layers as a tuple of whole numbers above 0."""
    sizes = hidden_layer_sizes
    sizes = tuple(sizes) if hasattr(sizes, "__iter__") else (sizes,)
    for size in sizes:
        number = isinstance(size, _NUMBER) and not isinstance(size, bool)
        if not number or not float(size).is_integer() or size < 1:
            raise OptionError(
                "{hidden_layer_sizes} must be > 0 in every layer, got {}. Give whole numbers such "
                "as {}, or {} for no hidden layer.",
                size,
                Either("(64, 32)", "64,32"),
                Either("()", '""'),
                hidden_layer_sizes=hidden_layer_sizes,
            )
    return tuple(int(size) for size in sizes)
