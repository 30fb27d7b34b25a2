"""Training that stops, goes on, slows down, and is watched from outside."""

import jax
import numpy as np
import pytest

from chainrule.engine import (
    LBFGS,
    Adam,
    AdamW,
    Checkpoint,
    Dense,
    Dropout,
    EarlyStopping,
    FeedForward,
    Frozen,
    LayerNorm,
    Momentum,
    Penalty,
    SquaredError,
    tanh,
    train,
)
from chainrule.engine.training import pace
from chainrule.errors import OptionError, ShapeError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 3))
Y = np.sin(X[:, :1]) + 0.1 * RNG.normal(size=(90, 1))
NETWORK = FeedForward((Dense(6), LayerNorm(), tanh, Dropout(0.2), Dense(1)))
OPTIONS = {"batch_size": 16, "seed": 3, "penalty": Penalty(0.001, 0.01), "dtype": "float64"}


def same(a, b):
    pairs = zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
    return all(np.array_equal(x, y, equal_nan=True) for x, y in pairs)


@pytest.mark.parametrize("optimizer", [Adam(0.01), Momentum(0.05)], ids=["adam", "momentum"])
def test_going_on_gives_the_numbers_of_one_longer_training(optimizer):
    whole = train(NETWORK, SquaredError(), X, Y, optimizer=optimizer, n_epochs=12, **OPTIONS)
    first = train(NETWORK, SquaredError(), X, Y, optimizer=optimizer, n_epochs=5, **OPTIONS)
    rest = train(
        NETWORK,
        SquaredError(),
        X,
        Y,
        optimizer=optimizer,
        n_epochs=7,
        resume=first.checkpoint,
        **OPTIONS,
    )
    assert same(rest.params, whole.params)
    assert same(rest.opt_state, whole.opt_state)
    assert rest.history["epoch"].tolist() == list(range(5, 13))
    np.testing.assert_array_equal(rest.history["loss"], whole.history["loss"][5:])
    np.testing.assert_array_equal(
        rest.history["running_loss"][1:], whole.history["running_loss"][6:]
    )
    assert np.isnan(rest.history["running_loss"][0])
    assert rest.n_epochs == 12


def test_the_state_kept_is_that_of_the_best_epoch():
    held = (X[:20], Y[:20] + 1)  # other rows than those that train: soon it gets worse
    stopping = EarlyStopping("val_loss", patience=3)
    options = {**OPTIONS, "optimizer": Adam(0.05), "validation": held}
    stopped = train(NETWORK, SquaredError(), X, Y, n_epochs=50, stopping=stopping, **options)
    assert stopped.stop == "early"
    assert stopped.n_epochs == stopped.best_epoch + 3
    again = train(NETWORK, SquaredError(), X, Y, n_epochs=stopped.best_epoch, **options)
    assert same(again.params, stopped.params)
    assert same(again.opt_state, stopped.opt_state)


def test_small_steps_forward_are_no_progress_but_are_kept():
    options = {**OPTIONS, "optimizer": Adam(0.001)}
    stopping = EarlyStopping("loss", patience=4, min_delta=10.0)
    trained = train(NETWORK, SquaredError(), X, Y, n_epochs=50, stopping=stopping, **options)
    assert (trained.stop, trained.n_epochs) == ("early", 4)
    assert trained.best_epoch == trained.history["loss"].argmin() > 0


def test_on_a_plateau_the_rate_falls_before_training_stops():
    options = {**OPTIONS, "optimizer": Momentum(0.1)}
    plateau = {"monitor": "loss", "patience": 2, "min_delta": 1e-3}
    plain = EarlyStopping(**plateau)
    lowered = EarlyStopping(**plateau, n_reductions=3, reduction=0.1)
    short = train(NETWORK, SquaredError(), X, Y, n_epochs=300, stopping=plain, **options)
    long = train(NETWORK, SquaredError(), X, Y, n_epochs=300, stopping=lowered, **options)
    assert short.stop == long.stop == "early"
    assert long.n_epochs >= short.n_epochs + 6  # three more plateaus of two epochs
    np.testing.assert_array_equal(
        long.history["loss"][: short.n_epochs], short.history["loss"][:-1]
    )
    moves = np.abs(np.diff(long.history["loss"][short.n_epochs :]))
    assert moves[-2:].max() < 0.1 * np.abs(np.diff(short.history["loss"])).min()


def test_on_epoch_sees_every_epoch_and_may_stop():
    seen = []

    def look(epoch):
        seen.append((epoch.epoch, epoch.measures["loss"], epoch.params))
        return epoch.epoch == 4

    watched = train(
        NETWORK, SquaredError(), X, Y, optimizer=Adam(0.01), n_epochs=9, on_epoch=look, **OPTIONS
    )
    plain = train(NETWORK, SquaredError(), X, Y, optimizer=Adam(0.01), n_epochs=4, **OPTIONS)
    assert [epoch for epoch, _, _ in seen] == [0, 1, 2, 3, 4]
    assert (watched.stop, watched.message) == ("asked", "stopped as asked after epoch 4")
    np.testing.assert_array_equal([loss for _, loss, _ in seen], plain.history["loss"])
    assert same(seen[-1][2], plain.params)


@pytest.mark.parametrize("optimizer", [AdamW(0.01), LBFGS()], ids=["adamw", "lbfgs"])
def test_frozen_layers_stay_and_the_others_learn(optimizer):
    options = {**OPTIONS, "batch_size": None}
    frozen = Frozen(optimizer, layers=(0, 1))
    start = train(NETWORK, SquaredError(), X, Y, optimizer=frozen, n_epochs=0, **options)
    trained = train(NETWORK, SquaredError(), X, Y, optimizer=frozen, n_epochs=20, **options)
    assert same(trained.params[:2], start.params[:2])
    assert not same(trained.params[4], start.params[4])
    assert trained.history["loss"][-1] < trained.history["loss"][0]


def test_a_foreign_checkpoint_is_refused():
    first = train(NETWORK, SquaredError(), X, Y, optimizer=Adam(0.01), n_epochs=1, **OPTIONS)
    options = {**OPTIONS, "n_epochs": 1, "optimizer": Momentum(0.01)}
    with pytest.raises(ShapeError, match=r"another optimizer.*leave opt_state out"):
        train(NETWORK, SquaredError(), X, Y, resume=first.checkpoint, **options)
    weights_alone = Checkpoint(first.params, epoch=1)
    assert train(NETWORK, SquaredError(), X, Y, resume=weights_alone, **options).n_epochs == 2
    with pytest.raises(OptionError, match="reduction"):
        EarlyStopping("loss", n_reductions=2, reduction=1.5)


def test_numbers_do_not_depend_on_how_long_blocks_are(monkeypatch):
    """Also where patience ends a block, whose other epochs had their orders drawn already."""
    stopping = EarlyStopping("loss", patience=2, min_delta=0.01, n_reductions=4)
    found = []
    for seconds in (1e-9, 10.0):
        monkeypatch.setattr(pace, "BLOCK_SECONDS", seconds)
        optimizer = Momentum(0.05)
        found.append(
            train(NETWORK, SquaredError(), X, Y, optimizer=optimizer, n_epochs=60,
                  stopping=stopping, **OPTIONS)
        )  # fmt: skip
    assert found[0].stop == "early"
    assert same([found[0].params, found[0].history], [found[1].params, found[1].history])
