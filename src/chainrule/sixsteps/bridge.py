"""Between the textbook's network of dicts and the engine's arrays.

Everything that computes is the engine's: its layers, objective and optimizer, in float64.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from chainrule.engine import (
    Dense,
    DenseParams,
    FeedForward,
    GradientDescent,
    SquaredError,
    Trained,
    sigmoid,
    train_together,
)
from chainrule.engine.compiling.precision import precision
from chainrule.engine.compiling.speed import compile_for
from chainrule.engine.layers.dense import DenseTape
from chainrule.engine.layers.elementwise import ElementwiseTape
from chainrule.engine.pytree import on_device
from chainrule.errors import DataError, ShapeError

Neuron = dict[str, Any]
Network = list[list[Neuron]]
Row = Sequence[Any]

OBJECTIVE = SquaredError(half=True, over="rows")
FLOAT64 = np.dtype(np.float64)


def train_side_by_side(
    networks: list[Network], tables: Sequence[tuple[np.ndarray, ...]], l_rate: float, n_epoch: int
) -> list[Trained]:
    """Train networks of one shape online, in one compiled program, and write their weights back."""
    layers = [part for layer in networks[0] for part in (Dense(len(layer)), sigmoid)]
    with precision(FLOAT64):
        starts = [_engine_params(network) for network in networks]
    trained = train_together(
        FeedForward(tuple(layers)),
        OBJECTIVE,
        tables,
        optimizer=GradientDescent(l_rate),
        batch_size=1,
        n_epochs=n_epoch,
        shuffle=False,
        params=starts,
        measure_training=False,
        dtype="float64",
    )
    for network, result in zip(networks, trained, strict=True):
        for layer, params in zip(network, result.params[::2], strict=True):
            write_weights(layer, params)
    return trained


def epoch_errors(trained: Trained, x: np.ndarray) -> list[float]:
    """Return the textbook's error of each epoch: the mean of ½ Σ e² over rows, times 2N."""
    return (2 * len(x) * trained.history["running_loss"][1:]).tolist()


@jax.jit
def dense_forward(params: DenseParams, x: Any) -> Any:
    """Return pre-activations and tape of a layer."""
    return Dense(params.weights.shape[1]).forward(params, x)


def outputs_of(params: list[DenseParams], x: Any) -> list[Any]:
    """Return the outputs of every layer, from the tapes of the engine's forward pass."""
    return compile_for(params, 1, _outputs_of_layers)(params, x)


def _outputs_of_layers(params: list[DenseParams], x: Any) -> list[Any]:
    outputs = []
    for p in params:
        z, _ = dense_forward(p, x)
        x, tape = sigmoid.forward((), z)
        outputs.append(tape.a)
    return outputs


@jax.jit
def deltas_of(params: list[DenseParams], outputs: list[Any], expected: Any) -> list[Any]:
    """Return ∂L/∂z of every layer, by the engine's backward passes, from the last layer back."""
    dy = OBJECTIVE.delta(outputs[-1], expected, jnp.ones(1, expected.dtype))
    gradients = []
    for i in range(len(params) - 1, -1, -1):
        _, dz = sigmoid.backward((), ElementwiseTape(z=outputs[i], a=outputs[i]), dy)
        gradients.append(dz)
        if i:
            layer = Dense(params[i].weights.shape[1])
            _, dy = layer.backward(params[i], DenseTape(x=outputs[i - 1]), dz)
    return gradients[::-1]


@jax.jit
def updated(descent: GradientDescent, params: DenseParams, x: Any, dz: Any) -> DenseParams:
    """Return the parameters of a layer after one step of gradient descent."""
    layer = Dense(params.weights.shape[1])
    grads, _ = layer.backward(params, DenseTape(x=x), dz)
    return descent.update(params, grads, descent.init(params))[0]


def layer_params(layer: Sequence[Neuron]) -> DenseParams:
    """Return a layer's weights as the engine holds them: (inputs, neurons), and the biases."""
    table = np.asarray([neuron["weights"] for neuron in layer], FLOAT64)
    return DenseParams(weights=on_device(table[:, :-1].T), biases=on_device(table[:, -1]))


def network_params(network: Network) -> list[DenseParams]:
    """Return the parameters of every layer, or say that there are none."""
    if not network or any("weights" not in neuron for layer in network for neuron in layer):
        raise DataError("The network has no weights. Make one with initialize_network.")
    return [layer_params(layer) for layer in network]


def _engine_params(network: Network) -> tuple[Any, ...]:
    return tuple(part for params in network_params(network) for part in (params, ()))


def write_weights(layer: Sequence[Neuron], params: DenseParams) -> None:
    """Write parameters back into the neurons of a layer, the bias last."""
    table = np.concatenate([np.asarray(params.weights), np.asarray(params.biases)[None]])
    for neuron, weights in zip(layer, table.T.tolist(), strict=True):
        neuron["weights"] = weights


def note(network: Network, what: str, values: list[list[float]]) -> None:
    """Write a value into every neuron of every layer, under the name `what`."""
    for layer, of_layer in zip(network, values, strict=True):
        for neuron, value in zip(layer, of_layer, strict=True):
            neuron[what] = value


def count_inputs(network: Network) -> int:
    """Return how many inputs a network has."""
    if not network or not network[0] or "weights" not in network[0][0]:
        raise DataError("The network has no weights. Make one with initialize_network.")
    return len(network[0][0]["weights"]) - 1


def row_array(row: Row, n_inputs: int) -> Any:
    """Return the first `n_inputs` values of a row, as an array of one row."""
    if len(row) < n_inputs:
        raise ShapeError(
            f"The row has {len(row)} values, the network {n_inputs} inputs. Give a longer row."
        )
    return on_device([row[:n_inputs]], FLOAT64)


def check_lengths(rows: Sequence[Row]) -> None:
    """Refuse rows of different lengths, and no rows at all."""
    if not len(rows):
        raise DataError("There are no rows. Give at least one.")
    for i, row in enumerate(rows):
        if len(row) != len(rows[0]):
            raise DataError(
                f"row {i} has {len(row)} values, row 0 has {len(rows[0])}. "
                "Give rows of equal length."
            )


def count_classes(rows: Sequence[Row]) -> int:
    """Return how many classes occur in the last column."""
    check_lengths(rows)
    return len({row[-1] for row in rows})


def inputs_and_classes(rows: Sequence[Row], n_outputs: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the inputs, and the classes as one-hot rows."""
    check_lengths(rows)
    for i, row in enumerate(rows):
        value = row[-1]
        if isinstance(value, str) or value != int(value) or not 0 <= value < n_outputs:
            raise DataError(
                f"row {i} ends with {value!r}, which is no class number from 0 to {n_outputs - 1}. "
                "Number the classes with str_column_to_int."
            )
    x = np.asarray([row[:-1] for row in rows], FLOAT64)
    return x, np.eye(n_outputs)[[int(row[-1]) for row in rows]]
