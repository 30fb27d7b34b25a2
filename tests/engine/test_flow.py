"""What is recorded of the flow is what autodiff finds, in the step that is said."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from chainrule.engine import (
    Cell,
    Dense,
    FeedForward,
    FixedPoint,
    GradientDescent,
    Spectral,
    SquaredError,
    relu,
    tanh,
    train,
)
from chainrule.engine.training.flow import is_recorded

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(12, 3)), RNG.normal(size=(12, 2))
NETWORK = FeedForward((Dense(4), FeedForward((tanh, Dense(5))), relu, Dense(2)))
RATE = 0.1


def fit(network=NETWORK, **options):
    usual = {"optimizer": GradientDescent(RATE), "batch_size": None, "n_epochs": 9, "seed": 3}
    usual |= {"dtype": "float64", "record_flow": True}
    return train(network, SquaredError(), X, Y, **usual | options)


def by_hand(params, shifts):
    """The loss of the network with something added to the outputs of its layers."""
    first, (_, second), _, third = params
    z1 = X @ first.weights + first.biases[None, :] + shifts[0]
    a1 = jnp.tanh(z1) + shifts[1]
    z2 = a1 @ second.weights + second.biases[None, :] + shifts[2]
    a2 = jnp.maximum(z2, 0.0) + shifts[3]
    z3 = a2 @ third.weights + third.biases[None, :] + shifts[4]
    return jnp.mean((z3 - Y) ** 2) / 2, (a1, a2)


def norm(tree):
    return np.sqrt(sum(float((leaf**2).sum()) for leaf in jax.tree.leaves(tree)))


@pytest.mark.parametrize("n_before", [0, 3])
def test_the_numbers_are_those_of_autodiff(n_before):
    start = fit(n_epochs=n_before).params
    flow = fit().flow
    assert flow["epoch"].tolist() == [1, 2, 4, 8]
    at = flow["epoch"].tolist().index(n_before + 1)
    shifts = [jnp.zeros((12, n)) for n in (4, 4, 5, 5, 2)]
    (grads, deltas), (a1, a2) = jax.grad(by_hand, argnums=(0, 1), has_aux=True)(start, shifts)
    layers = {"hidden1 (dense)": 0, "hidden2 (dense)": 2, "output (dense)": 4}
    own = {"hidden1 (dense)": (start[0], grads[0]), "hidden2 (dense)": (start[1][1], grads[1][1])}
    own["output (dense)"] = (start[3], grads[3])
    for label, place in layers.items():
        params, gradient = own[label]
        found = {name: series[at] for name, series in flow[label].items()}
        expected = {
            "delta_norm": norm(deltas[place]) * np.sqrt(12),
            "gradient_norm": norm(gradient),
            "weight_norm": norm(params),
            "update_ratio": RATE * norm(gradient) / norm(params),
        }
        assert found == pytest.approx(expected, rel=1e-9)
    found = {name: series[at] for name, series in flow["hidden1 (tanh)"].items()}
    slopes = 1 - np.asarray(a1) ** 2
    assert found == pytest.approx(
        {
            "activation_mean": float(a1.mean()),
            "activation_spread": float(a1.std()),
            "dead": 0.0,
            "saturated": float((slopes < 0.05 * slopes.max()).mean()),
        }
    )
    found = flow["hidden2 (relu)"]["saturated"][at]
    assert found == pytest.approx(float((a2 == 0).mean()), abs=0.1)


def test_dead_and_saturated_units_are_counted():
    start = fit(n_epochs=0).params
    dead = np.array([-50.0, 50, -50, 50, 50])
    far = np.array([30.0, 0, 0, 0])
    params = (
        type(start[0])(start[0].weights, start[0].biases + far),
        ((), type(start[0])(start[1][1].weights, start[1][1].biases + dead)),
        *start[2:],
    )
    flow = fit(params=params, n_epochs=1).flow
    assert flow["hidden2 (relu)"]["dead"][0] == pytest.approx(2 / 5)
    assert flow["hidden1 (tanh)"]["dead"][0] == pytest.approx(1 / 4)
    assert flow["hidden1 (tanh)"]["saturated"][0] >= 1 / 4


def test_batches_a_fixed_point_and_rows_without_weight():
    """The first batch of an epoch is recorded, and recording changes no number of training."""
    network = FeedForward((FixedPoint(Cell(Dense(4), Spectral(bound=0.9))), Dense(2)))
    weights = np.array([1.0, 0.0] * 6)
    options = {"network": network, "batch_size": 5, "weights": weights}
    run = fit(**options)
    plain = fit(**options, record_flow=False)
    assert plain.flow == {}
    assert all(
        (a == b).all()
        for a, b in zip(*map(jax.tree.leaves, (run.params, plain.params)), strict=True)
    )
    assert set(run.flow) == {"epoch", "hidden1 (fixed point)", "output (dense)"}
    for label in ("hidden1 (fixed point)", "output (dense)"):
        for name, series in run.flow[label].items():
            between = label != "output (dense)" and name in ("dead", "saturated")
            known = not between  # no slope in between
            assert np.isfinite(series).all() == known, name
    assert (run.flow["hidden1 (fixed point)"]["activation_spread"] > 0).all()
    assert run.flow["epoch"].tolist() == [e for e in range(1, 10) if is_recorded(e)]


def test_where_nothing_comes_back_the_columns_stay_equally_long():
    start = fit(n_epochs=0).params
    dead = type(start[0])(start[1][1].weights, start[1][1].biases - 1e3)
    last = type(start[0])(0 * start[3].weights, start[3].biases)
    flow = fit(params=(start[0], ((), dead), start[2], last), n_epochs=4).flow
    lengths = {len(a) for own in list(flow.values())[1:] for a in own.values()}
    assert lengths == {len(flow["epoch"])}
    assert np.isnan(flow["hidden2 (relu)"]["saturated"]).any()
