"""The textbook run on iris, number by number: 4-2-3 sigmoid network, full matrix, 5000 updates.

The documents divide the gradient by N = 390, the number of elements of the target, or by N = 130,
the number of rows.  Both are a `SquaredError`, and both truths were computed outside chainrule.
The truth's "mse" is half the mean squared error over rows and classes.
"""

import json

import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.datasets import load_iris

from chainrule.engine import (
    Accuracy,
    Dense,
    DenseParams,
    FeedForward,
    GradientDescent,
    SquaredError,
    predict,
    sigmoid,
    train,
)
from conftest import SHARED

FILE = SHARED / "truth" / "iris_truth.json"
pytestmark = pytest.mark.skipif(not FILE.is_file(), reason="the file of known answers is not here")
RUNS = {
    "run_N390_reproduces_text": SquaredError(half=True, over="elements"),
    "run_N130": SquaredError(half=True, over="rows"),
}
LONG = "{} long run: iteration -> [mse, train acc, test acc]"
METRICS = {"mse": SquaredError(), "accuracy": Accuracy()}


@pytest.fixture(scope="module")
def truth():
    return json.loads(FILE.read_text())


@pytest.fixture(scope="module")
def rows():
    """(x, y) of the 130 training rows and of the 20 test rows, y one-hot."""
    x, labels = load_iris(return_X_y=True)
    order = np.random.RandomState(4).permutation(150)  # noqa: NPY002, the documents' own draw
    return [(x[part], np.eye(3)[labels[part]]) for part in (order[20:], order[:20])]


@pytest.fixture(scope="module")
def network():
    draw = np.random.RandomState(10)  # noqa: NPY002
    first, second = draw.normal(scale=0.5, size=(4, 2)), draw.normal(scale=0.5, size=(2, 3))
    hidden, output = Dense(2, bias=False, weights=first), Dense(3, bias=False, weights=second)
    return FeedForward((hidden, sigmoid, output, sigmoid))


@pytest.fixture(scope="module", params=RUNS)
def run(request, truth, rows, network):
    """The recorded run, its objective, and a training of any length."""
    objective, ((x, y), held_out) = RUNS[request.param], rows

    def fit(n_epochs):
        return train(
            network,
            objective,
            x,
            y,
            validation=held_out,
            optimizer=GradientDescent(0.1),
            batch_size=None,
            n_epochs=n_epochs,
            metrics=METRICS,
            dtype="float64",
        )

    return truth[request.param], objective, fit


@pytest.fixture(scope="module")
def after_5000(run):
    return run[2](5000)


def agrees(got, wanted, tolerance=1e-9):
    np.testing.assert_allclose(got, wanted, rtol=tolerance, atol=tolerance)


def test_the_rows_are_those_of_the_documents(truth, rows):
    (x, y), (_, y_test) = rows
    assert x[0].tolist() == truth["first_train_row"]
    assert y[0].argmax() == truth["first_train_label"]
    assert y.sum(axis=0).tolist() == truth["train_class_counts"]
    assert y_test.argmax(axis=1).tolist() == truth["test_labels"]


def test_every_number_of_the_first_iteration(run, rows, network):
    recorded, objective, fit = run
    x, y = (jnp.asarray(part) for part in rows[0])
    start, first = fit(0).params, recorded["iteration0"]
    agrees(start[0].weights, recorded["W1_initial"])
    agrees(start[2].weights, recorded["W2_initial"])
    a2, tape = network.forward(start, x)
    agrees(tape[1].a[0], first["A1_row0"])
    agrees(a2[0], first["A2_row0"])
    dy = objective.delta(a2, y, jnp.ones(130)) * recorded["N"]  # the documents divide by N later
    _, delta_out = sigmoid.backward((), tape[3], dy)
    _, da1 = network.layers[2].backward(start[2], tape[2], delta_out)
    _, delta_hidden = sigmoid.backward((), tape[1], da1)
    agrees(delta_out[0], first["delta_out_row0"])
    agrees(delta_hidden[0], first["delta_hid_row0"])
    grads, _ = network.backward(start, tape, objective.delta(a2, y, jnp.ones(130)))
    agrees(grads[0].weights, first["W1_update"])
    agrees(grads[2].weights, first["W2_update"])
    after = fit(1).params
    agrees(after[0].weights, first["W1_after"])
    agrees(after[2].weights, first["W2_after"])


def test_the_history_at_every_recorded_iteration(run, after_5000):
    recorded, history = run[0], after_5000.history
    for iteration, entry in recorded["history"].items():
        agrees(history["mse"][int(iteration)], entry["mse"])
        agrees(history["accuracy"][int(iteration)], entry["accuracy"])
        assert round(130 * history["accuracy"][int(iteration)]) == entry["correct_of_130"]
    final = recorded["train_after_all_updates"]
    agrees(history["mse"][5000], final["mse"])
    agrees(history["accuracy"][5000], final["accuracy"])
    assert recorded["mse_monotone_decreasing"]
    assert (np.diff(history["mse"]) < 0).all()
    agrees(history["loss"], history["mse"] * (390 / recorded["N"]), 1e-12)
    best = recorded["max_train_accuracy"]
    agrees(history["accuracy"].max(), best["value"])
    assert history["accuracy"].argmax() == best["first_iteration"]


def confusion(y, z):
    table = np.zeros((3, 3), int)
    np.add.at(table, (y.argmax(axis=1), z.argmax(axis=1)), 1)
    return table.tolist()


def test_the_trained_network(run, rows, network, after_5000):
    recorded, objective, _ = run
    (x, y), (x_test, y_test) = rows
    params, history = after_5000.params, after_5000.history
    assert isinstance(params[0], DenseParams)
    assert params[0].biases is None
    agrees(params[0].weights, recorded["W1_final"])
    agrees(params[2].weights, recorded["W2_final"])
    agrees(history["val_accuracy"][5000], recorded["test_accuracy"])
    agrees(history["val_mse"][5000], recorded["test_mse"])
    z = predict(network, objective, params, x_test)
    agrees(z[0], recorded["test_output_row0"])
    assert z.argmax(axis=1).tolist() == recorded["test_predictions"]
    assert confusion(y_test, z) == recorded["confusion_test_rows_true_cols_pred"]
    assert confusion(y, predict(network, objective, params, x)) == recorded["confusion_train"]


def test_the_long_run(run, truth):
    """Recorded to 12 digits, accuracies to 6; 10000 updates of the 50000 recorded."""
    recorded, _, fit = run
    table = truth["extra"][LONG.format(f"N{recorded['N']}")]
    history = fit(10_000).history
    columns = [history[name] for name in ("mse", "accuracy", "val_accuracy")]
    iterations = [int(i) for i in table if int(i) <= 10_000]
    assert max(iterations) == 10_000
    for i in iterations:
        mse, accuracy, test_accuracy = table[str(i)]
        agrees(columns[0][i], mse)
        agrees([columns[1][i], columns[2][i]], [accuracy, test_accuracy], 1e-6)
