"""The gradient check passes what is right, and names the layer of every planted error."""

import dataclasses
import json
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from chainrule import FixedPointRegressor, MLPClassifier, datasets
from chainrule.engine import (
    Cell,
    Dense,
    DenseParams,
    Dropout,
    FeedForward,
    FixedPoint,
    LayerNorm,
    Objective,
    SoftmaxCrossEntropy,
    Spectral,
    SquaredError,
    hyperparameters,
    make_key,
    relu,
    sigmoid,
    tanh,
)
from chainrule.errors import DataError, ShapeError
from chainrule.inspection import check_gradients
from chainrule.report.gradient_check import gradient_check_figure

sys.path.append(str(Path(__file__).parents[1] / "engine"))
from test_backward import TABLE, normal, shaken

QUICK = [n for n in TABLE if not n.startswith(("fixed point", "activation"))]


@pytest.mark.parametrize("name", [*QUICK, "fixed point, picard, lu", "activation mish"])
def test_right_layers_pass(name):
    network = TABLE[name]
    params, x = shaken(network.init(make_key(0), 4), 3), normal(4, 5, 4)
    y = normal(5, 5, network.width(4))
    check = check_gradients(
        network, params, x, y, objective=SquaredError(), key=make_key(2), most=4
    )
    assert check.ok, str(check)
    assert check.arrays[-1].worst_error < 1e-6


# Planted errors in a user's own layers: each one is wrong in another way.


@hyperparameters
class Own:
    """A dense layer of the user's own, x W + b, whose backward may be wrong in one place."""

    n_out: int
    fault: str = ""

    def width(self, n_in):
        return self.n_out

    def init(self, key, n_in):
        return Dense(self.n_out).init(key, n_in)

    def forward(self, params, x, key=None):
        return x @ params.weights + params.biases[None, :], x

    def backward(self, params, tape, dy):
        weights, biases = tape.T @ dy, dy.sum(axis=0)
        dx = dy @ params.weights.T
        match self.fault:
            case "weights":
                weights = 1.001 * weights
            case "one weight":
                weights = weights.at[1, 2].multiply(1.02)
            case "biases":
                biases = dy.mean(axis=0)
            case "input":
                dx = dx.at[:, 0].multiply(1.01)
        return DenseParams(weights, biases), dx


def with_fault(fault):
    network = FeedForward((Dense(4), sigmoid, Own(5, fault), tanh, Dense(2)))
    params = shaken(network.init(make_key(0), 3), 1)
    y = np.eye(2)[[0, 1, 1, 0, 1, 0]]
    return network, params, normal(2, 6, 3), y


@pytest.mark.parametrize("fault", ["", "weights", "one weight", "biases", "input"])
def test_a_planted_error_is_found_and_its_layer_named(fault):
    network, params, x, y = with_fault(fault)
    check = check_gradients(network, params, x, y, objective=SoftmaxCrossEntropy(), most=100)
    verdicts = {(a.layer, a.kind, a.array): a.verdict for a in check.arrays}
    wrong = {where for where, verdict in verdicts.items() if verdict == "WRONG"}
    passed_on = {where for where, verdict in verdicts.items() if verdict == "passed on"}
    if not fault:
        assert check.ok
        assert not wrong | passed_on
        return
    assert not check.ok
    assert check.wrong_layers == ["hidden2 (own)"]
    assert "hidden2 (own)" in check.summary
    array = "weights" if fault == "one weight" else fault
    assert wrong == {("hidden2", "own", array)}
    before = {("hidden1", "dense", "weights"), ("hidden1", "dense", "biases")}
    assert passed_on == (before if fault == "input" else set())
    if fault == "one weight":
        assert next(a.worst for a in check.arrays if a.verdict == "WRONG") == (
            "hidden2[2] <- hidden1[1]"
        )


def test_few_weights_are_drawn_of_a_large_array_and_the_direction_finds_the_rest():
    network, params, x, y = with_fault("one weight")
    check = check_gradients(network, params, x, y, objective=SoftmaxCrossEntropy(), most=1)
    own = next(a for a in check.arrays if a.kind == "own" and a.array == "weights")
    assert own.n_checked == 1
    assert own.errors.shape == (2, 9)
    assert check.wrong_layers == ["hidden2 (own)"]
    again = check_gradients(network, params, x, y, objective=SoftmaxCrossEntropy(), most=1)
    assert json.dumps(again.to_dict()) == json.dumps(check.to_dict())


@hyperparameters
class WrongLoss(Objective):
    def per_row(self, z, y):
        return jnp.sum((z - y) ** 2, axis=-1)

    def slopes(self, z, y):
        return z - y

    def link(self, z):
        return z


def test_a_wrong_objective_is_named():
    network, params, x, y = with_fault("")
    check = check_gradients(network, params, x, y, objective=WrongLoss())
    assert not check.ok
    assert check.summary.startswith("WRONG: the objective's slopes")


def test_the_error_draws_a_v_over_the_step_size():
    network, params, x, y = with_fault("")
    check = check_gradients(network, params, x, y, objective=SoftmaxCrossEntropy())
    for each in check.arrays:
        if each.n_checked and each.array == "weights":
            errors = np.median(each.errors, axis=0)
            lowest = errors.argmin()
            assert 2 <= lowest <= 6
            assert errors[0] > 100 * errors[lowest]
            assert errors[-1] > 100 * errors[lowest]
    # halving digits: central differences bend with the square of the step
    steep = np.median(check.arrays[0].errors[:, 0] / check.arrays[0].errors[:, 1])
    assert 30 < steep < 300


def test_at_a_kink_it_says_so_and_does_not_fail_falsely():
    network = FeedForward((Dense(5), relu, Dense(1)))
    params = network.init(make_key(0), 2)
    x, y = np.zeros((3, 2)), np.ones((3, 1))  # every unit stands at 0
    check = check_gradients(network, params, x, y, objective=SquaredError())
    assert check.ok
    assert [a.array for a in check.arrays if a.verdict == "kink"] == ["biases"]
    assert "kink" in check.summary


def test_a_wrong_gradient_near_kinks_is_still_wrong():
    network = FeedForward((Own(5, "biases"), relu, Dense(1)))
    params = shaken(network.init(make_key(0), 2), 1)
    check = check_gradients(
        network, params, normal(2, 30, 2), normal(3, 30, 1), objective=SquaredError()
    )
    assert check.wrong_layers == ["hidden1 (own)"]


def test_dropout_stands_still_and_float32_weights_are_checked_in_float64():
    network = FeedForward((Dense(6), LayerNorm(), tanh, Dropout(0.5), Dense(2)))
    params = jax.tree.map(lambda a: a.astype("float32"), network.init(make_key(0), 3))
    y = np.eye(2)[[0, 1, 1, 0]]
    check = check_gradients(
        network, params, normal(1, 4, 3), y, objective=SoftmaxCrossEntropy(), key=make_key(5)
    )
    assert check.ok
    assert max(a.worst_error for a in check.arrays) < 1e-6


def test_refusals():
    network, params, x, y = with_fault("")
    with pytest.raises(ShapeError, match="gives 2 outputs"):
        check_gradients(network, params, x, y[:, :1], objective=SquaredError())
    huge = jax.tree.map(lambda p: 1e200 * p, params)
    with pytest.raises(DataError, match="no gradient to check"):
        check_gradients(network, huge, 1e200 * x, y, objective=SquaredError())


def test_estimators_check_their_own_gradients():
    iris = datasets.load("iris")
    X, y = iris.drop("species"), iris["species"]
    model = MLPClassifier((4,), activation="tanh", max_iter=3, random_state=0).fit(X, y)
    check = model.check_gradients(X[:20], y[:20])
    assert check.ok
    assert {a.layer for a in check.arrays} == {"hidden1", "output"}
    assert "hidden1" in str(check)
    assert "<- petal_" in str(check) or "<- sepal_" in str(check) or "hidden1[" in str(check)


def test_networks_that_settle_check_theirs():
    draw = np.random.default_rng(0)
    X, y = draw.normal(size=(30, 2)), draw.normal(size=30)
    model = FixedPointRegressor(hidden=3, max_iter=2, random_state=0).fit(X, y)
    check = model.check_gradients(X[:5], y[:5], most=3)
    assert check.ok, str(check)
    assert "connections.weights" in {a.array for a in check.arrays}


def test_the_figure_tells_right_from_wrong():
    network, params, x, y = with_fault("input")
    check = check_gradients(network, params, x, y, objective=SoftmaxCrossEntropy())
    (ax,) = gradient_check_figure(check).axes
    labels = ax.get_legend().get_texts()
    assert any("passed on: hidden1 weights" in text.get_text() for text in labels)
    assert ax.get_title().endswith("some gradients are wrong")
    arrays = [a for a in check.arrays if a.n_checked]
    drawn = [line for line in ax.get_lines() if len(line.get_xdata()) == 9]
    assert len(drawn) == len(arrays)
    for line, each in zip(drawn, arrays, strict=True):
        np.testing.assert_allclose(line.get_ydata(), np.maximum(each.errors.max(axis=0), 1e-17))


def test_units_that_settle_with_a_wrong_adjoint_are_found():
    """The planted error lies in a settling layer's own backward."""

    @hyperparameters
    class Sloppy(FixedPoint):
        def passed(self, params, tape, dy):
            grads, dx, _ = self.cell.backward(params, tape.cell, dy)  # forgets to settle
            return dataclasses.replace(super().passed(params, tape, dy), grads=grads, dx=dx)

    layer = Sloppy(Cell(Dense(3), Spectral(bound=0.6)))
    network = FeedForward((Dense(4), tanh, layer, Dense(1)))
    params = shaken(network.init(make_key(0), 2), 4)
    check = check_gradients(
        network, params, normal(1, 4, 2), normal(2, 4, 1), objective=SquaredError(), most=3
    )
    assert check.wrong_layers == ["hidden2 (sloppy)"]
    assert dataclasses.is_dataclass(check)
