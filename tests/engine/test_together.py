"""Several networks side by side: what they are one by one, to the last digits."""

import jax
import numpy as np
import pytest

from chainrule.engine import (
    Accuracy,
    Adam,
    Dense,
    Dropout,
    FeedForward,
    GradientDescent,
    Penalty,
    SoftmaxCrossEntropy,
    compilations,
    sigmoid,
    train,
    train_together,
)
from chainrule.errors import ShapeError

NETWORK = FeedForward((Dense(4), sigmoid, Dropout(0.2), Dense(3)))


def tables(n, rows=20):
    rng = np.random.default_rng(0)
    return [(rng.normal(size=(rows, 2)), np.eye(3)[rng.integers(0, 3, rows)]) for _ in range(n)]


@pytest.mark.parametrize("batch_size", [1, 6, None])
def test_side_by_side_is_one_by_one(batch_size):
    options = {"optimizer": Adam(0.02), "batch_size": batch_size, "n_epochs": 7}
    options |= {"metrics": {"accuracy": Accuracy()}, "dtype": "float64"}
    together = train_together(NETWORK, SoftmaxCrossEntropy(), tables(3), seeds=[5, 6, 7], **options)
    for (x, y), seed, got in zip(tables(3), [5, 6, 7], together, strict=True):
        alone = train(NETWORK, SoftmaxCrossEntropy(), x, y, seed=seed, **options)
        leaves = zip(jax.tree.leaves(got.params), jax.tree.leaves(alone.params), strict=True)
        for a, b in leaves:
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)
        assert list(got.history) == list(alone.history)
        for name in alone.history:
            np.testing.assert_allclose(got.history[name], alone.history[name], rtol=1e-12)


def same(a, b, rtol=1e-12):
    for left, right in zip(jax.tree.leaves(a.params), jax.tree.leaves(b.params), strict=True):
        np.testing.assert_allclose(left, right, rtol=rtol, atol=1e-14)


@pytest.mark.parametrize("n_threads", [1, 2, 8])
def test_candidates_folds_and_groups_of_any_size(n_threads):
    options = {"batch_size": 6, "n_epochs": 4, "dtype": "float64"}
    folds = [(x[: 19 + i % 2], y[: 19 + i % 2]) for i, (x, y) in enumerate(tables(5))]
    rates = [Adam(0.01 * (i + 1)) for i in range(5)]
    penalties = [Penalty(l2=0.1 * i) for i in range(5)]
    together = train_together(
        NETWORK,
        SoftmaxCrossEntropy(),
        folds,
        optimizer=rates,
        penalty=penalties,
        n_threads=n_threads,
        **options,
    )
    assert len(together) == 5
    for i, ((x, y), got) in enumerate(zip(folds, together, strict=True)):
        alone = train(
            NETWORK,
            SoftmaxCrossEntropy(),
            x,
            y,
            optimizer=rates[i],
            penalty=penalties[i],
            seed=i,
            **options,
        )
        same(got, alone)


def test_large_steps_run_one_by_one(monkeypatch):
    options = {"optimizer": Adam(0.02), "n_epochs": 3, "dtype": "float64"}
    [table] = tables(1)
    stacked = train_together(NETWORK, SoftmaxCrossEntropy(), [table] * 3, **options)
    monkeypatch.setattr("chainrule.engine.training.together.MANY_PRODUCTS", 0)
    alone = train_together(NETWORK, SoftmaxCrossEntropy(), [table] * 3, **options)
    for a, b in zip(stacked, alone, strict=True):
        same(a, b)


def test_other_seeds_rates_and_rows_share_the_program():
    options = {"batch_size": 6, "n_epochs": 3}
    first = tables(3)
    train_together(NETWORK, SoftmaxCrossEntropy(), first, optimizer=Adam(0.02), **options)
    before = compilations()["run_block"]
    second = [(x[:19], y[:19]) for x, y in first]
    train_together(
        NETWORK, SoftmaxCrossEntropy(), second, optimizer=Adam(0.1), seeds=[7, 8, 9], **options
    )
    assert compilations()["run_block"] == before


def test_a_network_that_breaks_is_named_and_the_others_go_on():
    (x, y), (x2, y2) = tables(2)
    options = {"optimizer": GradientDescent(1.0), "batch_size": None, "n_epochs": 5}
    network = FeedForward((Dense(3),))
    wild = x2 * 1e30
    good, broken = train_together(network, SoftmaxCrossEntropy(), [(x, y), (wild, y2)], **options)
    assert (good.stop, broken.stop) == ("finished", "diverged")
    assert "in the forward pass of output (dense)" in broken.message
    assert np.isfinite(good.history["loss"]).all()


def test_what_does_not_fit_together_is_refused():
    options = {"optimizer": Adam(0.01)}
    a, b = tables(2)
    with pytest.raises(ShapeError, match="one shape"):
        train_together(NETWORK, SoftmaxCrossEntropy(), [a, (b[0][:5], b[1][:5])], **options)
    with pytest.raises(ShapeError, match="of one kind"):
        train_together(
            NETWORK, SoftmaxCrossEntropy(), [a, b], optimizer=[Adam(0.1), GradientDescent(0.1)]
        )
    with pytest.raises(ShapeError, match="as many seeds"):
        train_together(NETWORK, SoftmaxCrossEntropy(), [a, b], seeds=[1], **options)
