"""Steps 1 to 5: initialize, forward propagate, back-propagate error, train, predict."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np

from chainrule.engine import (
    GradientDescent,
    sigmoid,
)
from chainrule.engine.compiling.precision import precision
from chainrule.engine.layers.elementwise import ElementwiseTape
from chainrule.engine.pytree import on_device
from chainrule.errors import DataError, OptionError, ShapeError
from chainrule.sixsteps.bridge import (
    FLOAT64,
    Network,
    Row,
    count_inputs,
    deltas_of,
    dense_forward,
    epoch_errors,
    inputs_and_classes,
    layer_params,
    network_params,
    note,
    outputs_of,
    row_array,
    train_side_by_side,
    updated,
    write_weights,
)

# 1. Initialize network


def initialize_network(n_inputs: int, *sizes: int) -> Network:
    """Draw the weights of a network uniformly from [0, 1), neuron by neuron, the bias last.

    Parameters
    ----------
    n_inputs : int
        Number of inputs.
    *sizes : int
        Neurons of each hidden layer, then of the output layer: (n_hidden, n_outputs), or more.

    Returns
    -------
    list of layers
        A layer is a list of neurons `{"weights": [w₁, …, wₙ, bias]}`.

    Raises
    ------
    OptionError
        If a layer would have no neuron.

    Examples
    --------
    >>> import random
    >>> random.seed(1)
    >>> initialize_network(2, 1, 2)[0]
    [{'weights': [0.13436424411240122, 0.8474337369372327, 0.763774618976614]}]
    """
    if n_inputs < 1 or not sizes or min(sizes) < 1:
        raise OptionError(
            f"initialize_network{(n_inputs, *sizes)} has a layer without neurons. "
            "Give at least one input, one hidden neuron and one output."
        )
    network, width = [], n_inputs
    for size in sizes:
        layer = [{"weights": [random.random() for _ in range(width + 1)]} for _ in range(size)]
        network.append(layer)
        width = size
    return network


# 2. Forward propagate


def activate(weights: Sequence[float], inputs: Row) -> float:
    """Return a neuron's activation z = Σ wᵢ xᵢ + bias (the field: pre-activation).

    `inputs` may be longer than the weights ask, as a row with its class at the end is.

    Examples
    --------
    >>> activate([0.5, -0.25, 0.1], [1, 2])
    0.1
    """
    layer = [{"weights": list(weights)}]
    with precision(FLOAT64):
        z, _ = dense_forward(layer_params(layer), row_array(inputs, len(weights) - 1))
        return float(z[0, 0])


def transfer(activation: float) -> float:
    """Return a neuron's output, the sigmoid 1 / (1 + exp(-z)) (the field: activation function).

    Examples
    --------
    >>> transfer(0.0)
    0.5
    """
    with precision(FLOAT64):
        a, _ = sigmoid.forward((), on_device([[activation]], FLOAT64))
        return float(a[0, 0])


def forward_propagate(network: Network, row: Row) -> list[float]:
    """Return the outputs of the last layer for a row, and note every neuron's `output`.

    Raises
    ------
    ShapeError
        If the row has fewer values than the network has inputs.

    Examples
    --------
    >>> network = [[{"weights": [0.13436424411240122, 0.8474337369372327, 0.763774618976614]}],
    ...            [{"weights": [0.2550690257394217, 0.49543508709194095]},
    ...             {"weights": [0.4494910647887381, 0.651592972722763]}]]
    >>> [round(output, 12) for output in forward_propagate(network, [1, 0, None])]
    [0.662997012985, 0.725316072528]
    """
    n_inputs = count_inputs(network)
    with precision(FLOAT64):
        outputs = outputs_of(network_params(network), row_array(row, n_inputs))
        outputs = [np.asarray(layer)[0].tolist() for layer in outputs]
    note(network, "output", outputs)
    return outputs[-1]


# 3. Back-propagate error


def transfer_derivative(output: float) -> float:
    """Return the slope of a neuron from its output: output · (1 - output).

    Examples
    --------
    >>> transfer_derivative(0.5)
    0.25
    """
    with precision(FLOAT64):
        a = on_device([[output]], FLOAT64)
        _, slope = sigmoid.backward((), ElementwiseTape(z=a, a=a), on_device([[1.0]]))
        return float(slope[0, 0])


def backward_propagate_error(network: Network, expected: Sequence[float]) -> None:
    """Note every neuron's `delta`, from its noted `output` and the expected outputs.

        output layer    delta = (expected - output) · output (1 - output)
        hidden layer    delta = Σ (weight · delta of the next layer) · output (1 - output)

    Raises
    ------
    DataError
        If no row has been propagated forward yet.
    ShapeError
        If there are not as many expected values as outputs.

    Examples
    --------
    >>> network = [[{"output": 0.7105668883115941, "weights": [0.134, 0.847, 0.764]}],
    ...            [{"output": 0.6213859615555266, "weights": [0.2550690257394217, 0.495]},
    ...             {"output": 0.6573693455986976, "weights": [0.4494910647887381, 0.652]}]]
    >>> backward_propagate_error(network, [0, 1])
    >>> [round(neuron["delta"], 12) for layer in network for neuron in layer]
    [-0.000534804805, -0.146190646836, 0.077172377435]
    """
    if any("output" not in neuron for layer in network for neuron in layer):
        raise DataError("The network has no outputs yet. Call forward_propagate with a row first.")
    if len(expected) != len(network[-1]):
        raise ShapeError(
            f"{len(expected)} expected values for {len(network[-1])} outputs. "
            "Give one for each output neuron: 1 for the row's class, 0 for the others."
        )
    outputs = [[neuron["output"] for neuron in layer] for layer in network]
    with precision(FLOAT64):
        arrays = [on_device([values], FLOAT64) for values in outputs]
        target = on_device([list(expected)], FLOAT64)
        gradients = deltas_of(network_params(network), arrays, target)
        deltas = [(-np.asarray(dz))[0].tolist() for dz in gradients]
    note(network, "delta", deltas)


# 4. Train network


def update_weights(network: Network, row: Row, l_rate: float) -> None:
    """Add l_rate · delta · input to every weight, and l_rate · delta to every bias, in place.

    The inputs of the first layer are the row, those of a later layer the outputs before it.

    Raises
    ------
    DataError
        If the network has no deltas yet.

    Examples
    --------
    >>> network = [[{"weights": [0.5, -0.25, 0.1], "output": 0.52, "delta": 0.2}]]
    >>> update_weights(network, [1, 2, None], 0.5)
    >>> [round(weight, 12) for weight in network[0][0]["weights"]]
    [0.6, -0.05, 0.2]
    """
    if any("delta" not in neuron for layer in network for neuron in layer):
        raise DataError("The network has no deltas yet. Call backward_propagate_error first.")
    with precision(FLOAT64):
        inputs = row_array(row, count_inputs(network))
        for layer in network:
            dz = on_device([[-neuron["delta"] for neuron in layer]], FLOAT64)
            params = layer_params(layer)
            write_weights(layer, updated(GradientDescent(l_rate), params, inputs, dz))
            inputs = on_device([[neuron["output"] for neuron in layer]], FLOAT64)


def train_network(
    network: Network, train: Sequence[Row], l_rate: float, n_epoch: int, n_outputs: int
) -> list[float]:
    """Train a network row by row, in the order given, and return the error of every epoch.

    Parameters
    ----------
    network : list of layers
        Changed in place; as after the single steps, `output` and `delta` are those of the last row.
    train : list of rows
        Each row ends with its class, a whole number from 0.
    l_rate : float
        Learning rate.
    n_epoch : int
        Passes over the rows.
    n_outputs : int
        Number of classes.

    Returns
    -------
    list of float
        Σ (expected - output)² over rows and outputs, each row's before its update.

    Raises
    ------
    DataError, ShapeError, OptionError
        If rows differ in length, a class is no whole number from 0 to n_outputs - 1, or an option
        cannot be used.

    Examples
    --------
    >>> random.seed(1)
    >>> network = initialize_network(1, 2, 2)
    >>> errors = train_network(network, [[0.0, 0], [1.0, 1]], 0.5, 200, 2)
    >>> len(errors), errors[0] > errors[-1]
    (200, True)
    >>> [predict(network, row) for row in ([0.0, None], [1.0, None])]
    [0, 1]
    """
    x, y = inputs_and_classes(train, n_outputs)
    if x.shape[1] != count_inputs(network) or n_outputs != len(network[-1]):
        raise ShapeError(
            f"The network has {count_inputs(network)} inputs and {len(network[-1])} outputs, the "
            f"rows have {x.shape[1]} inputs and {n_outputs} classes. Initialize it for these rows."
        )
    if n_epoch < 1:
        return []
    # All of the training but its very last row, compiled; that row by the single steps, so that
    # the network is left as they leave it.
    (before,) = train_side_by_side([network], [(x, y)], l_rate, n_epoch - 1)
    weights = np.ones(len(x))
    weights[-1] = 0
    errors = epoch_errors(before, x)
    if len(x) > 1:
        (last,) = train_side_by_side([network], [(x, y, weights)], l_rate, 1)
        error = 2 * (len(x) - 1) * float(last.history["running_loss"][1])
    else:
        error = 0.0
    row = [*x[-1], None]
    outputs = forward_propagate(network, row)
    backward_propagate_error(network, y[-1])
    update_weights(network, row, l_rate)
    error += sum((e - o) ** 2 for e, o in zip(y[-1].tolist(), outputs, strict=True))
    return [*errors, error]


# 5. Predict


def predict(network: Network, row: Row) -> int:
    """Return the class of a row: the place of the largest output ("larger probability").

    Examples
    --------
    >>> predict([[{"weights": [1.0, 0.0]}, {"weights": [-1.0, 0.0]}]], [3.0])
    0
    """
    outputs = forward_propagate(network, row)
    return outputs.index(max(outputs))
