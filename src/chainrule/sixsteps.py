"""Backpropagation in six steps, by the textbook's names, on chainrule's engine.

    1  initialize_network           a list of layers; a layer is a list of neurons
    2  forward_propagate            = activate (neuron activation) and transfer, layer by layer
    3  backward_propagate_error     = the error times transfer_derivative, from the last layer back
    4  train_network                = forward, backward, update_weights, row by row
    5  predict                      the class of the largest output
    6  back_propagation             the wheat seeds case: all of it on a training and a test part

A neuron is a dict: `weights` (one for each input, the bias last), and after a pass `output` and
`delta`.  The textbook's delta is expected minus output times slope: the field's ∂L/∂z with the
other sign, so that weights are *increased* by rate · delta · input.

The arithmetic is the engine's, in float64: a neuron is a `Dense` layer and a `sigmoid`, the error
is `SquaredError(half=True, over="rows")`, the update `GradientDescent`.  Training runs as one
compiled program with the same numbers as the single steps.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, MutableSequence, Sequence
from pathlib import Path
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
from chainrule.engine.layers.dense import DenseTape
from chainrule.engine.layers.elementwise import ElementwiseTape
from chainrule.engine.pytree import count_numbers, on_device
from chainrule.engine.training.compilation_speed import compile_for
from chainrule.engine.training.precision import precision
from chainrule.errors import DataError, MissingFileError, OptionError, ShapeError

Neuron = dict[str, Any]
Network = list[list[Neuron]]
Row = Sequence[Any]

OBJECTIVE = SquaredError(half=True, over="rows")
FLOAT64 = np.dtype(np.float64)


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
        z, _ = _dense_forward(_params(layer), _row(inputs, len(weights) - 1))
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
    n_inputs = _n_inputs(network)
    with precision(FLOAT64):
        outputs = _forward(_params_of(network), _row(row, n_inputs))
        outputs = [np.asarray(layer)[0].tolist() for layer in outputs]
    for layer, values in zip(network, outputs, strict=True):
        for neuron, value in zip(layer, values, strict=True):
            neuron["output"] = value
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
        gradients = _backward(_params_of(network), arrays, target)
        deltas = [(-np.asarray(dz))[0].tolist() for dz in gradients]
    for layer, values in zip(network, deltas, strict=True):
        for neuron, value in zip(layer, values, strict=True):
            neuron["delta"] = value


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
        inputs = _row(row, _n_inputs(network))
        for layer in network:
            dz = on_device([[-neuron["delta"] for neuron in layer]], FLOAT64)
            params = _params(layer)
            _write(layer, _updated(GradientDescent(l_rate), params, inputs, dz))
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
    x, y = _inputs_and_classes(train, n_outputs)
    if x.shape[1] != _n_inputs(network) or n_outputs != len(network[-1]):
        raise ShapeError(
            f"The network has {_n_inputs(network)} inputs and {len(network[-1])} outputs, the "
            f"rows have {x.shape[1]} inputs and {n_outputs} classes. Initialize it for these rows."
        )
    if n_epoch < 1:
        return []
    # All of the training but its very last row, compiled; that row by the single steps, so that
    # the network is left as they leave it.
    (before,) = _train_side_by_side([network], [(x, y)], l_rate, n_epoch - 1)
    weights = np.ones(len(x))
    weights[-1] = 0
    errors = _errors(before, x)
    if len(x) > 1:
        (last,) = _train_side_by_side([network], [(x, y, weights)], l_rate, 1)
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


# 6. The wheat seeds case


def load_csv(filename: str | Path) -> list[list[str]]:
    """Return the rows of a CSV file as lists of text, blank lines left out.

    Raises
    ------
    MissingFileError
        If there is no such file.
    """
    path = Path(filename)
    if not path.is_file():
        raise MissingFileError(f"there is no file {path}. Give the path of a CSV file.")
    with path.open(newline="") as file:
        return [row for row in csv.reader(file) if row]


def str_column_to_float(dataset: Sequence[MutableSequence[Any]], column: int) -> None:
    """Turn the text of a column into numbers, in place.

    Raises
    ------
    DataError
        If a cell is no number.
    """
    for i, row in enumerate(dataset):
        try:
            row[column] = float(str(row[column]).strip())
        except ValueError:
            raise DataError(
                f"row {i}, column {column} holds {row[column]!r}, which is no number. "
                "Leave a header line out, or turn text into classes with str_column_to_int."
            ) from None


def str_column_to_int(dataset: Sequence[MutableSequence[Any]], column: int) -> dict[Any, int]:
    """Turn the values of a column into class numbers 0, 1, …, in place; return which is which.

    Classes are numbered in sorted order.  (The textbook numbers them in the order of a set, which
    changes from run to run.)

    Examples
    --------
    >>> rows = [[1.0, "Rosa"], [2.0, "Kama"]]
    >>> str_column_to_int(rows, 1), rows
    ({'Kama': 0, 'Rosa': 1}, [[1.0, 1], [2.0, 0]])
    """
    lookup = {value: i for i, value in enumerate(sorted({row[column] for row in dataset}))}
    for row in dataset:
        row[column] = lookup[row[column]]
    return lookup


def dataset_minmax(dataset: Sequence[Row]) -> list[list[float]]:
    """Return [smallest, largest] of every column, the class column included.

    Examples
    --------
    >>> dataset_minmax([[10.59, 0], [21.18, 2]])
    [[10.59, 21.18], [0, 2]]
    """
    _check_lengths(dataset)
    return [[min(column), max(column)] for column in zip(*dataset, strict=True)]


def normalize_dataset(
    dataset: Sequence[MutableSequence[Any]], minmax: Sequence[Sequence[float]]
) -> None:
    """Scale every column but the last to (x - min) / (max - min), in place.

    A column whose smallest and largest value are equal becomes 0.  Take `minmax` from the training
    rows alone: from the whole data set, as in the textbook, the test rows leak into it.

    Examples
    --------
    >>> rows = [[10.0, 0], [15.0, 1], [20.0, 1]]
    >>> normalize_dataset(rows, dataset_minmax(rows))
    >>> rows
    [[0.0, 0], [0.5, 1], [1.0, 1]]
    """
    for row in dataset:
        for i in range(len(row) - 1):
            low, high = minmax[i]
            row[i] = (row[i] - low) / (high - low) if high > low else 0.0


def cross_validation_split(dataset: Sequence[Row], n_folds: int) -> list[list[list[Any]]]:
    """Return `n_folds` folds of equal size, drawn without replacement by `random.randrange`.

    Raises
    ------
    OptionError
        If there are fewer rows than folds, or no fold at all.
    """
    if not 1 <= n_folds <= len(dataset):
        raise OptionError(
            f"{n_folds} folds of {len(dataset)} rows: give at least 1, and at most one per row."
        )
    pool, size = list(dataset), len(dataset) // n_folds
    return [
        [list(pool.pop(random.randrange(len(pool)))) for _ in range(size)] for _ in range(n_folds)
    ]


def accuracy_metric(actual: Sequence[Any], predicted: Sequence[Any]) -> float:
    """Return the share of equal entries, in percent.

    Examples
    --------
    >>> accuracy_metric([0, 1, 1, 0], [0, 1, 0, 0])
    75.0
    """
    if len(actual) != len(predicted) or not len(actual):
        raise ShapeError(
            f"{len(actual)} actual and {len(predicted)} predicted classes: give as many of both."
        )
    right = sum(a == p for a, p in zip(actual, predicted, strict=True))
    return right / len(actual) * 100.0


def evaluate_algorithm(
    dataset: Sequence[Row], algorithm: Callable[..., Sequence[Any]], n_folds: int, *args: Any
) -> list[float]:
    """Return the accuracy, in percent, of an algorithm on each fold of a cross-validation.

    `algorithm(train, test, *args)` returns predictions; the test rows it sees have None for a
    class.  `back_propagation` trains all folds side by side, with the numbers of one by one.
    """
    folds = cross_validation_split(dataset, n_folds)
    parts = []
    for i, fold in enumerate(folds):
        training = [list(row) for j, other in enumerate(folds) if j != i for row in other]
        parts.append((training, [[*row[:-1], None] for row in fold]))
    if algorithm is back_propagation:
        predicted = _back_propagate(parts, *args)
    else:
        predicted = [algorithm(training, test, *args) for training, test in parts]
    return [
        accuracy_metric([row[-1] for row in fold], p)
        for fold, p in zip(folds, predicted, strict=True)
    ]


def back_propagation(
    train: Sequence[Row], test: Sequence[Row], l_rate: float, n_epoch: int, *n_hidden: int
) -> list[int]:
    """Initialize a network, train it on `train`, and return predictions for `test`.

    Parameters
    ----------
    train, test : list of rows
        Rows end with the class, a whole number from 0; those of `test` may end with None.
    l_rate : float
        Learning rate.
    n_epoch : int
        Passes over the training rows.
    *n_hidden : int
        Neurons of the hidden layer, or of each of several.
    """
    return _back_propagate([(train, test)], l_rate, n_epoch, *n_hidden)[0]


def _back_propagate(
    parts: Sequence[tuple[Sequence[Row], Sequence[Row]]],
    l_rate: float,
    n_epoch: int,
    *n_hidden: int,
) -> list[list[int]]:
    """Train and predict for several pairs of training and test rows, side by side."""
    tables, networks = [], []
    for training, _ in parts:
        n_outputs = _n_classes(training)
        x, y = _inputs_and_classes(training, n_outputs)
        tables.append((x, y))
        networks.append(initialize_network(x.shape[1], *n_hidden, n_outputs))
    same = len({(x.shape, y.shape) for x, y in tables}) == 1
    groups = [range(len(parts))] if same else [[i] for i in range(len(parts))]
    for group in groups:
        chosen = [networks[i] for i in group]
        _train_side_by_side(chosen, [tables[i] for i in group], l_rate, n_epoch)
    predictions = []
    for network, (_, test) in zip(networks, parts, strict=True):
        rows = np.asarray([row[:-1] for row in test], FLOAT64)
        with precision(FLOAT64):
            outputs = _forward(_params_of(network), on_device(rows))[-1]
        predictions.append(np.asarray(outputs).argmax(axis=1).tolist())
    return predictions


# Between the textbook's network and the engine's


def _train_side_by_side(
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
            _write(layer, params)
    return trained


def _errors(trained: Trained, x: np.ndarray) -> list[float]:
    """Return the textbook's error of each epoch: the mean of ½ Σ e² over rows, times 2N."""
    return (2 * len(x) * trained.history["running_loss"][1:]).tolist()


@jax.jit
def _dense_forward(params: DenseParams, x: Any) -> Any:
    return Dense(params.weights.shape[1]).forward(params, x)


def _forward(params: list[DenseParams], x: Any) -> list[Any]:
    """Return the outputs of every layer, from the tapes of the engine's forward pass."""
    return compile_for(count_numbers(params), _outputs_of_layers)(params, x)


def _outputs_of_layers(params: list[DenseParams], x: Any) -> list[Any]:
    outputs = []
    for p in params:
        z, _ = _dense_forward(p, x)
        x, tape = sigmoid.forward((), z)
        outputs.append(tape.a)
    return outputs


@jax.jit
def _backward(params: list[DenseParams], outputs: list[Any], expected: Any) -> list[Any]:
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
def _updated(descent: GradientDescent, params: DenseParams, x: Any, dz: Any) -> DenseParams:
    layer = Dense(params.weights.shape[1])
    grads, _ = layer.backward(params, DenseTape(x=x), dz)
    return descent.update(params, grads, descent.init(params))[0]


def _params(layer: Sequence[Neuron]) -> DenseParams:
    """Return a layer's weights as the engine holds them: (inputs, neurons), and the biases."""
    table = np.asarray([neuron["weights"] for neuron in layer], FLOAT64)
    return DenseParams(weights=on_device(table[:, :-1].T), biases=on_device(table[:, -1]))


def _params_of(network: Network) -> list[DenseParams]:
    if not network or any("weights" not in neuron for layer in network for neuron in layer):
        raise DataError("The network has no weights. Make one with initialize_network.")
    return [_params(layer) for layer in network]


def _engine_params(network: Network) -> tuple[Any, ...]:
    return tuple(part for params in _params_of(network) for part in (params, ()))


def _write(layer: Sequence[Neuron], params: DenseParams) -> None:
    table = np.concatenate([np.asarray(params.weights), np.asarray(params.biases)[None]])
    for neuron, weights in zip(layer, table.T.tolist(), strict=True):
        neuron["weights"] = weights


def _n_inputs(network: Network) -> int:
    if not network or not network[0] or "weights" not in network[0][0]:
        raise DataError("The network has no weights. Make one with initialize_network.")
    return len(network[0][0]["weights"]) - 1


def _row(row: Row, n_inputs: int) -> Any:
    if len(row) < n_inputs:
        raise ShapeError(
            f"The row has {len(row)} values, the network {n_inputs} inputs. Give a longer row."
        )
    return on_device([row[:n_inputs]], FLOAT64)


def _check_lengths(rows: Sequence[Row]) -> None:
    if not len(rows):
        raise DataError("There are no rows. Give at least one.")
    for i, row in enumerate(rows):
        if len(row) != len(rows[0]):
            raise DataError(
                f"row {i} has {len(row)} values, row 0 has {len(rows[0])}. "
                "Give rows of equal length."
            )


def _n_classes(rows: Sequence[Row]) -> int:
    _check_lengths(rows)
    return len({row[-1] for row in rows})


def _inputs_and_classes(rows: Sequence[Row], n_outputs: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the inputs, and the classes as one-hot rows."""
    _check_lengths(rows)
    for i, row in enumerate(rows):
        value = row[-1]
        if isinstance(value, str) or value != int(value) or not 0 <= value < n_outputs:
            raise DataError(
                f"row {i} ends with {value!r}, which is no class number from 0 to {n_outputs - 1}. "
                "Number the classes with str_column_to_int."
            )
    x = np.asarray([row[:-1] for row in rows], FLOAT64)
    return x, np.eye(n_outputs)[[int(row[-1]) for row in rows]]
