"""The wheat seeds case of the six steps: compiled against the plain-Python loops of the tutorials.

Five folds, 500 epochs, 420,000 online updates.  Prints the time of an update and the ratios, with
compilation (caches emptied first) and without.  Needs the wheat seeds at hand.
"""

import math
import random
import statistics
import time

import jax
import pytest

from chainrule.data.reading.datasets import at_hand
from chainrule.demos.wheat_seeds import EPOCHS, FOLDS, HIDDEN, RATE, numbered_seeds
from chainrule.sixsteps import (
    back_propagation,
    cross_validation_split,
    dataset_minmax,
    evaluate_algorithm,
    initialize_network,
    normalize_dataset,
)


def scaled_seeds():
    rows = numbered_seeds()
    normalize_dataset(rows, dataset_minmax(rows))
    return rows


def in_plain_python(rows):
    """Scores of the five folds, neuron by neuron and weight by weight as in the tutorials."""
    folds = cross_validation_split(rows, FOLDS)
    scores = []
    for i, fold in enumerate(folds):
        network = initialize_network(7, HIDDEN, 3)
        training = [row for j, other in enumerate(folds) if j != i for row in other]
        for _ in range(EPOCHS):
            sum_error = 0
            for row in training:
                outputs = forward(network, row)
                expected = [0 for _ in range(3)]
                expected[row[-1]] = 1
                sum_error += sum([(expected[k] - outputs[k]) ** 2 for k in range(len(expected))])
                backward(network, expected)
                update(network, row)
        right = 0
        for row in fold:
            outputs = forward(network, row)
            right += outputs.index(max(outputs)) == row[-1]
        scores.append(100 * right / len(fold))
    return scores


def activate(weights, inputs):
    z = weights[-1]
    for k in range(len(weights) - 1):
        z += weights[k] * inputs[k]
    return z


def transfer(z):
    return 1.0 / (1.0 + math.exp(-z))


def transfer_derivative(output):
    return output * (1.0 - output)


def forward(network, row):
    inputs = row
    for layer in network:
        outputs = []
        for neuron in layer:
            neuron["output"] = transfer(activate(neuron["weights"], inputs))
            outputs.append(neuron["output"])
        inputs = outputs
    return inputs


def backward(network, expected):
    for i in reversed(range(len(network))):
        layer, errors = network[i], []
        if i != len(network) - 1:
            for j in range(len(layer)):
                error = 0.0
                for neuron in network[i + 1]:
                    error += neuron["weights"][j] * neuron["delta"]
                errors.append(error)
        else:
            for j in range(len(layer)):
                errors.append(expected[j] - layer[j]["output"])
        for j in range(len(layer)):
            layer[j]["delta"] = errors[j] * transfer_derivative(layer[j]["output"])


def update(network, row):
    for i in range(len(network)):
        inputs = row[:-1]
        if i != 0:
            inputs = [neuron["output"] for neuron in network[i - 1]]
        for neuron in network[i]:
            for j in range(len(inputs)):
                neuron["weights"][j] += RATE * neuron["delta"] * inputs[j]
            neuron["weights"][-1] += RATE * neuron["delta"]


def compiled(rows):
    return evaluate_algorithm(rows, back_propagation, FOLDS, RATE, EPOCHS, HIDDEN)


def timed(run, rows):
    random.seed(1)
    start = time.perf_counter()
    scores = run(rows)
    return time.perf_counter() - start, scores


def test_wheat_seeds(benchmark, capsys, monkeypatch):
    if not at_hand("wheat-seeds"):
        pytest.skip("the wheat seeds are not at hand")
    rows = scaled_seeds()
    plain, first, later = [], [], []
    for _ in range(3):
        seconds, expected = timed(in_plain_python, rows)
        plain.append(seconds)
        jax.clear_caches()
        jax.config.update("jax_enable_compilation_cache", False)
        seconds, scores = timed(compiled, rows)
        first.append(seconds)
        later += [timed(compiled, rows)[0] for _ in range(3)]
        assert scores == expected
    jax.config.update("jax_enable_compilation_cache", True)
    benchmark.pedantic(compiled, (rows,), rounds=3)
    slow, cold, warm = map(statistics.median, (plain, first, later))
    n_updates = FOLDS * EPOCHS * 168
    with capsys.disabled():
        print(
            f"\n{n_updates:,} updates: plain Python {1e6 * slow / n_updates:.1f} µs each, "
            f"compiled {1e6 * warm / n_updates:.2f} µs\n"
            f"ratio with compilation {slow / cold:.1f}, without {slow / warm:.1f}"
        )
