"""Time of training beside scikit-learn's MLP and plain NumPy, on equal networks and budgets.

Run by `make bench`.  Compilation happens in the warm-up round and is not in the times; the losses
that both reach are printed beside them.
"""

import warnings

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier as ScikitMLP

from chainrule.demos.iris import ITERATIONS, LEARNING_RATE, train_tutorial_network, tutorial_split
from chainrule.engine import Adam, Dense, FeedForward, SoftmaxCrossEntropy, relu, train

SIZES = {"4-16-3": (4, 16, 3), "20-64-64-5": (20, 64, 64, 5), "100-256-2": (100, 256, 2)}
N_ROWS, N_EPOCHS = 3200, 10


def table(sizes):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N_ROWS, sizes[0])).astype(np.float32)
    return x, (x @ rng.normal(size=(sizes[0], sizes[-1]))).argmax(axis=1)


@pytest.mark.parametrize("batch_size", [32, 256])
@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("library", ["chainrule", "scikit-learn"])
def test_epochs(library, name, batch_size, benchmark):
    sizes = SIZES[name]
    x, labels = table(sizes)
    benchmark.group = f"{name}, batch {batch_size}, {N_EPOCHS} epochs"
    benchmark.name = library
    if library == "chainrule":
        layers = [part for size in sizes[1:-1] for part in (Dense(size), relu)]
        network, y = FeedForward((*layers, Dense(sizes[-1]))), np.eye(sizes[-1])[labels]

        def run():
            options = {"optimizer": Adam(0.001), "batch_size": batch_size, "n_epochs": N_EPOCHS}
            return train(network, SoftmaxCrossEntropy(), x, y, **options).history["loss"][-1]
    else:
        peer = ScikitMLP(sizes[1:-1], batch_size=batch_size, max_iter=N_EPOCHS, alpha=0, tol=0)

        def run():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return peer.fit(x, labels).loss_

    benchmark.extra_info["loss"] = float(benchmark.pedantic(run, rounds=5, warmup_rounds=1))


@pytest.mark.parametrize("library", ["chainrule", "NumPy by hand"])
def test_the_iris_network_of_the_tutorials(library, benchmark):
    benchmark.group = "the tutorials' iris network, 5000 iterations with history"
    benchmark.name = library
    run = (lambda: train_tutorial_network("elements")) if library == "chainrule" else by_hand
    benchmark.pedantic(run, rounds=5, warmup_rounds=1)


def by_hand():
    """The same in NumPy, as the tutorials write it, with one-hot targets."""
    x, y, _, _ = tutorial_split()
    random = np.random.RandomState(10)
    w1, w2 = random.normal(scale=0.5, size=(4, 2)), random.normal(scale=0.5, size=(2, 3))
    history = []
    for _ in range(ITERATIONS):
        a1 = 1 / (1 + np.exp(-x @ w1))
        a2 = 1 / (1 + np.exp(-a1 @ w2))
        error = a2 - y
        history.append(((error**2).sum() / (2 * y.size), (a2.argmax(1) == y.argmax(1)).mean()))
        delta2 = error * a2 * (1 - a2)
        delta1 = delta2 @ w2.T * a1 * (1 - a1)
        w2 -= LEARNING_RATE * a1.T @ delta2 / y.size
        w1 -= LEARNING_RATE * x.T @ delta1 / y.size
    return history
