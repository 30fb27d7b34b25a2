"""`train` and `predict` as a mechanism, against the same training written out in NumPy.

Many tests share one table, one network and one batch size on purpose: one compiled program.
"""

import importlib
import math
import signal

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from chainrule.engine import (
    AbsoluteError,
    Accuracy,
    Clipped,
    Dense,
    Dropout,
    EarlyStopping,
    FeedForward,
    GradientDescent,
    LayerNorm,
    Momentum,
    Penalty,
    Poisson,
    Quantile,
    Rprop,
    SigmoidCrossEntropy,
    SquaredError,
    compilations,
    make_key,
    make_room,
    predict,
    sigmoid,
    tanh,
    train,
)
from chainrule.errors import DataError, OptionError, ShapeError

NETWORK = FeedForward((Dense(4), tanh, Dense(2)))
DROPOUT = FeedForward((Dense(4), tanh, Dropout(0.4), Dense(2)))
LINEAR = FeedForward((Dense(3), Dense(2)))


def table(n_rows=23, seed=5):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n_rows, 3))
    y = np.stack([x[:, 0] * x[:, 1], np.sin(x[:, 2])], axis=1)
    return x, y + 0.3 * rng.normal(size=y.shape)


X, Y = table()
W = np.random.default_rng(6).integers(0, 3, len(X)).astype(float)
W[5:10] = 0  # with batch_size 5, a whole batch without weight
HELD_OUT = table(seed=7)


def fit(network=NETWORK, objective=None, x=X, y=Y, **options):
    usual = {"n_epochs": 6, "batch_size": 5, "dtype": "float64", "seed": 1}
    usual |= {"optimizer": Momentum(0.1, 0.5), "penalty": Penalty(l2=0.02)}
    if x is X:
        usual["validation"] = HELD_OUT
    options = usual | options
    return train(network, objective or SquaredError(), x, y, **options)


def loss_of(trained, network=NETWORK, x=X, y=Y):
    z = predict(network, SquaredError(), trained.params, x, raw=True)
    return np.mean(np.sum((z - y) ** 2, axis=1) / 4)


def same(a, b):
    """Whether two trainings agree bit for bit, in their history and in their weights."""
    leaves = [(a.history[c], b.history[c]) for c in a.history]
    leaves += zip(jax.tree.leaves(a.params), jax.tree.leaves(b.params), strict=True)
    return all(np.array_equal(p, q, equal_nan=True) for p, q in leaves)


def close(a, b, rtol=1e-11):
    for p, q in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        np.testing.assert_allclose(p, q, rtol=rtol, atol=1e-12)


def numpy_training(params, x, y, w, batch_size, n_epochs, rate, momentum, l2):
    """Backpropagation through Dense, tanh, Dense with half the mean squared error, by hand."""
    p = [np.array(leaf) for leaf in jax.tree.leaves(params)]  # W₁ b₁ W₂ b₂
    v = [0 * leaf for leaf in p]

    def losses(rows):
        z = np.tanh(x[rows] @ p[0] + p[1]) @ p[2] + p[3]
        return w[rows] @ ((z - y[rows]) ** 2).sum(axis=1) / 4

    def gradient(rows):
        a = np.tanh(x[rows] @ p[0] + p[1])
        share = w[rows] / max(w[rows].sum(), 1e-300)
        dz = share[:, None] * (a @ p[2] + p[3] - y[rows]) / 2
        da = dz @ p[2].T * (1 - a * a)
        return x[rows].T @ da + l2 * p[0], da.sum(0), a.T @ dz + l2 * p[2], dz.sum(0)

    n, everything = math.ceil(len(x) / (batch_size or len(x))), np.arange(len(x))
    history = {"running_loss": [np.nan], "loss": [losses(everything) / w.sum()]}
    for _ in range(n_epochs):
        running = 0.0
        for rows in np.array_split(everything, n):
            running += losses(rows)
            v = [momentum * s + g for s, g in zip(v, gradient(rows), strict=True)]
            p = [q - rate * s for q, s in zip(p, v, strict=True)]
        history["running_loss"].append(running / w.sum())
        history["loss"].append(losses(everything) / w.sum())
    return p, history


@pytest.mark.parametrize("weights", [None, W], ids=["equal", "weighted"])
@pytest.mark.parametrize("batch_size", [1, 5, None, 40])
def test_training_is_the_plain_loop(batch_size, weights):
    """Online, mini-batch with uneven batches, full matrix: rows in order, dealt evenly."""
    options = {"shuffle": False, "weights": weights, "batch_size": batch_size}
    start = fit(n_epochs=0, **options).params
    trained = fit(**options)
    w = np.ones(len(X)) if weights is None else weights
    params, history = numpy_training(start, X, Y, w, batch_size, 6, 0.1, 0.5, 0.02)
    close(trained.params, params)
    for column, values in history.items():
        np.testing.assert_allclose(trained.history[column], values, rtol=1e-11)
    assert trained.n_epochs == trained.best_epoch == 6
    assert (trained.stop, trained.message) == ("finished", "all 6 epochs done")


def test_large_tables_go_through_in_chunks(monkeypatch):
    options = {"shuffle": False, "weights": W}
    whole = fit(DROPOUT, **options)
    at_once = predict(DROPOUT, SquaredError(), whole.params, X)
    monkeypatch.setattr("chainrule.engine.training.rows.CHUNK_NUMBERS", 60)  # 2 of 5 batches
    predicting = importlib.import_module("chainrule.engine.training.predict")
    monkeypatch.setattr(predicting, "CHUNK_NUMBERS", 60)  # 20 of 23 rows
    chunked = fit(DROPOUT, **options)
    close(chunked.params, whole.params)
    for column in whole.history:
        np.testing.assert_allclose(chunked.history[column], whole.history[column], rtol=1e-11)
    in_parts = predict(DROPOUT, SquaredError(), whole.params, X)
    np.testing.assert_allclose(in_parts, at_once, rtol=1e-12)


@pytest.mark.parametrize("batch_size", [5, None])
def test_rows_with_room_behind_them_are_the_same_rows(batch_size):
    x, y = table()
    weights = np.linspace(0.5, 2, len(x))
    options = {"optimizer": Momentum(0.05), "batch_size": batch_size, "n_epochs": 3}
    alone = train(NETWORK, SquaredError(), x, y, weights=weights, **options)
    for wrong in (0, 1):  # room for another batch size is room all the same
        room = make_room(*x.shape, y.shape[1], 7 if wrong else batch_size, "float32")
        room.rows[:] = x
        roomy = train(NETWORK, SquaredError(), room, y, weights=weights, **options)
        np.testing.assert_array_equal(roomy.history["loss"], alone.history["loss"])
        np.testing.assert_array_equal(room.rows, x.astype(np.float32))


def test_the_penalty_is_the_same_on_the_host():
    params = NETWORK.init(make_key(1), 3)
    penalty = Penalty(l1=0.3, l2=0.2)
    assert penalty.value_on_host(params) == pytest.approx(float(penalty.value(params)), rel=1e-6)


def test_every_step_of_every_epoch_draws_its_own_dropout():
    """One input of 1, halved or doubled: a step's loss is 0 or 4, an epoch's the mean of 16."""
    network = FeedForward((Dropout(0.5), Dense(1, bias=False, weights=[[1.0]])))
    x = np.ones((16, 1))
    still = {"optimizer": GradientDescent(1e-300), "batch_size": 1}
    run = fit(network, SquaredError(half=False), x, 0 * x, n_epochs=8, **still)
    silent = 16 - 4 * run.history["running_loss"][1:]
    assert set(silent) < set(range(1, 16))
    assert len(set(silent)) > 2
    np.testing.assert_array_equal(run.history["loss"], 1)


class Log:
    """A user's layer that is not finite at zero."""

    def forward(self, params, x):
        return jnp.log(x)


def test_padding_is_as_finite_as_the_rows():
    trained = fit(FeedForward((Log(), Dense(2))), x=np.abs(X))
    assert trained.stop == "finished"
    assert trained.history["loss"][-1] < trained.history["loss"][0]


@pytest.mark.parametrize("n_epochs", [0, 2])
def test_one_row_and_no_epochs(n_epochs):
    held_out = (HELD_OUT[0][:1], HELD_OUT[1][:1])
    trained = fit(x=X[:1], y=Y[:1], validation=held_out, n_epochs=n_epochs)
    assert len(trained.history["loss"]) == n_epochs + 1
    np.testing.assert_allclose(loss_of(trained, x=X[:1], y=Y[:1]), trained.history["loss"][-1])
    np.testing.assert_allclose(
        loss_of(trained, x=held_out[0], y=held_out[1]), trained.history["val_loss"][-1]
    )


@pytest.mark.parametrize("chunk_numbers", [1_000_000, 60])
def test_the_seed_decides_and_the_length_of_blocks_does_not(monkeypatch, chunk_numbers):
    """Neither do blocks that end within an epoch, or while it is measured."""
    monkeypatch.setattr("chainrule.engine.training.rows.CHUNK_NUMBERS", chunk_numbers)
    options = {"validation": (X, Y), "record_flow": True}
    first = fit(DROPOUT, **options)
    assert same(first, fit(DROPOUT, **options))
    assert not same(first, fit(DROPOUT, seed=2, **options))
    monkeypatch.setattr("chainrule.engine.training.pace.BLOCK_SECONDS", 0.0)  # a step at a time
    monkeypatch.setattr("chainrule.engine.training.pace.FIRST_STEPS", 1)
    shown = []
    cut = fit(DROPOUT, **options, on_progress=lambda p: shown.append(p.epoch + p.share))
    assert same(first, cut)
    np.testing.assert_array_equal(
        first.flow["hidden1 (dense)"]["delta_norm"], cut.flow["hidden1 (dense)"]["delta_norm"]
    )
    assert shown == sorted(shown)
    assert len(set(shown)) > 2 * len(first.history["epoch"]), shown
    assert set(first.history["epoch"].tolist()) <= set(shown)


def test_history_measures_the_state_after_each_epoch_as_prediction_does():
    """Dropout touches training alone: both tables are measured as `predict` would."""
    last = None
    runs = [fit(DROPOUT, n_epochs=n, validation=(X, Y)) for n in (0, 3, 6)]
    for n, run in zip((0, 3, 6), runs, strict=True):
        assert run.history["epoch"].tolist() == list(range(n + 1))
        np.testing.assert_allclose(loss_of(run, DROPOUT), run.history["loss"][-1], rtol=1e-12)
        np.testing.assert_allclose(run.history["val_loss"], run.history["loss"], rtol=1e-12)
        assert last is None or np.array_equal(run.history["loss"][: len(last)], last)
        last = run.history["loss"]
    assert np.isnan(runs[-1].history["running_loss"][0])
    assert np.all(runs[-1].history["running_loss"][1:] != last[1:])


def test_progress_tells_what_the_history_will_say():
    told = []
    trained = fit(on_progress=told.append)
    assert [p.epoch for p in told] == sorted({p.epoch for p in told})
    assert (told[0].epoch, told[-1].epoch, told[-1].n_epochs) == (0, 6, 6)
    assert list(told[0].measures) == [c for c in trained.history if c != "epoch"]
    assert told[-1].measures["val_loss"] == trained.history["val_loss"][6]
    assert told[-1].best_epoch is None
    assert told[-1].compile_seconds == trained.compile_seconds


def stopping_by_hand(values, patience, min_delta):
    """scikit-learn's rule: little progress does not count, but the best weights are kept."""
    best, progress, score = 0, 0, np.inf
    for epoch, value in enumerate(values):
        if value < score - min_delta:
            progress = epoch
        if value < score:
            best, score = epoch, value
        if epoch - progress >= patience:
            break
    return best, epoch


def test_early_stopping_counts_right_and_keeps_the_best_weights():
    options = {"n_epochs": 80, "optimizer": Momentum(0.4, 0.5)}
    values = fit(**options).history["val_loss"]
    stops = set()
    for patience in (1, 2, 5, 20, None):
        for min_delta in (0.0, 0.01):
            run = fit(**options, stopping=EarlyStopping("val_loss", patience, min_delta))
            best, stopped = stopping_by_hand(values, patience or np.inf, min_delta)
            assert (run.best_epoch, run.n_epochs) == (best, stopped)
            np.testing.assert_array_equal(run.history["val_loss"], values[: stopped + 1])
            np.testing.assert_allclose(loss_of(run, NETWORK, *HELD_OUT), values[best], rtol=1e-12)
            stops.add((run.stop, run.n_epochs))
            if run.stop == "early":
                assert run.message == f"no better for {patience} epochs"
    assert len(stops) > 3
    assert ("finished", 80) in stops


def test_early_stopping_can_watch_what_should_grow():
    y = np.eye(2)[(X[:, 0] * X[:, 1] > 0).astype(int)]
    stopping = EarlyStopping("hits", patience=15, higher_is_better=True)
    run = fit(y=y, n_epochs=60, metrics={"hits": Accuracy()}, stopping=stopping)
    hits = run.history["hits"]
    assert run.best_epoch == np.argmax(hits) > 0
    z = predict(NETWORK, SquaredError(), run.params, X)
    assert np.mean(z.argmax(axis=1) == y.argmax(axis=1)) == hits.max()


def test_a_time_limit_stops_and_says_so():
    fit()  # compiles, which counts too
    run = fit(n_epochs=10**7, time_limit=0.4)
    assert run.stop == "time"
    assert run.message == f"the time limit of 0.4 s was reached after epoch {run.n_epochs}"
    assert 0 < run.n_epochs == run.best_epoch < 10**7
    np.testing.assert_allclose(loss_of(run), run.history["loss"][-1], rtol=1e-9)
    assert fit(time_limit=1e-9).n_epochs == 1  # the compiler alone trains nothing


def ctrl_c(times):
    def press(progress):
        if progress.epoch > 3:
            for _ in range(times):
                signal.raise_signal(signal.SIGINT)

    return press


@pytest.mark.usefixtures("ctrl_c_as_usual")
def test_ctrl_c_keeps_the_best_so_far_and_gives_the_signal_back():
    usual = signal.getsignal(signal.SIGINT)
    stopping = EarlyStopping("val_loss", patience=None)
    options = {"n_epochs": 10**7, "stopping": stopping}
    run = fit(**options, on_progress=ctrl_c(1))
    assert run.stop == "interrupted"
    assert str(run.n_epochs) in run.message
    assert run.best_epoch == np.argmin(run.history["val_loss"])
    np.testing.assert_allclose(loss_of(run, NETWORK, *HELD_OUT), run.history["val_loss"].min())
    assert signal.getsignal(signal.SIGINT) is usual
    with pytest.raises(KeyboardInterrupt):
        fit(**options, on_progress=ctrl_c(2))
    assert signal.getsignal(signal.SIGINT) is usual


def test_a_program_that_handles_ctrl_c_itself_is_left_alone():
    heard = []
    usual = signal.signal(signal.SIGINT, lambda *_: heard.append(1))
    try:
        run = fit(n_epochs=8, on_progress=ctrl_c(1))
    finally:
        signal.signal(signal.SIGINT, usual)
    assert run.stop == "finished"
    assert heard


@pytest.mark.parametrize("batch_size", [5, None])
def test_a_diverging_run_keeps_the_last_finite_weights(batch_size):
    run = fit(optimizer=Momentum(7.0, 0.0), batch_size=batch_size, n_epochs=500)
    assert run.stop == "diverged"
    assert f"in epoch {run.n_epochs}; first seen in the " in run.message
    assert f"Weights of epoch {run.n_epochs - 1} kept. Lower the learning rate" in run.message
    assert not np.isfinite([run.history[c][-1] for c in ("loss", "running_loss")]).all()
    assert len(run.history["loss"]) == run.n_epochs + 1 > 3
    assert run.best_epoch == run.n_epochs - 1
    np.testing.assert_allclose(loss_of(run), run.history["loss"][-2], rtol=1e-9)


def test_a_diverging_run_names_the_layer_and_keeps_the_best_weights_if_watched():
    options = {"optimizer": GradientDescent(1e40), "stopping": EarlyStopping("loss", None)}
    run = fit(LINEAR, AbsoluteError(), n_epochs=50, **options)
    assert run.stop == "diverged"
    assert "pass of output (dense), batch" in run.message
    assert run.best_epoch == np.nanargmin(run.history["loss"])
    z = predict(LINEAR, AbsoluteError(), run.params, X)
    np.testing.assert_allclose(np.abs(z - Y).mean(), np.nanmin(run.history["loss"]))


def test_breaking_down_before_the_first_epoch_has_its_own_remedy():
    held_out = (HELD_OUT[0] * 1e4, np.abs(HELD_OUT[1]))
    run = fit(objective=Poisson(), y=np.abs(Y), validation=held_out, network=LINEAR)
    assert (run.stop, run.n_epochs, run.best_epoch) == ("diverged", 0, 0)
    assert "in epoch 0; first seen in the loss (Poisson)" in run.message
    assert "Scale the inputs and targets" in run.message


def test_infinite_weights_behind_saturated_units_are_noticed():
    one = np.ones((1, 1))
    network = FeedForward((Dense(1, weights=[[0.0]]), sigmoid))
    run = fit(network, x=one, y=100 * one, optimizer=GradientDescent(1e308), batch_size=None)
    assert run.stop == "diverged"
    assert "the weight update after batch 1 of 1" in run.message
    assert [p.sum() for p in jax.tree.leaves(run.params)] == [0, 0]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_initial_weights_that_are_not_finite_are_refused(bad):
    network = FeedForward((Dense(2, weights=np.full((3, 2), bad)), sigmoid))
    with pytest.raises(DataError, match="Give finite initial weights"):
        fit(network)


def test_other_numbers_compile_nothing():
    def run(seed=1, rate=0.1, l1=0.1, n_epochs=3, drop=0.4, rows=23, held_out=22, **stop):
        network = FeedForward((Dense(4), LayerNorm(), tanh, Dropout(drop), Dense(2)))
        trained = fit(
            network,
            x=X[:rows],
            y=Y[:rows],
            weights=W[:rows] + rate,
            validation=(HELD_OUT[0][:held_out], HELD_OUT[1][:held_out]),
            optimizer=Clipped(Momentum(rate, 5 * rate), clip_norm=1 + rate),
            penalty=Penalty(l1=l1, l2=2 * l1),
            n_epochs=n_epochs,
            seed=seed,
            stopping=EarlyStopping("val_loss", **stop),
        )
        predict(network, SquaredError(), trained.params, X[:held_out])
        return trained

    first = run()
    before = compilations()
    for other in (
        {"seed": 2},
        {"rate": 0.02},
        {"l1": 0.3},
        {"n_epochs": 7},
        {"drop": 0.1},
        {"rows": 22},
        {"held_out": 21},
        {"patience": 2, "min_delta": 0.1},
        {"patience": None},
    ):
        assert not same(first, run(**other)) or "patience" in other
    assert compilations() == before


def test_float32_stays_float32_and_float64_needs_no_switch():
    assert jax.config.jax_enable_x64  # by conftest
    single = fit(DROPOUT, dtype="float32")
    arrays = [*jax.tree.leaves((single.params, single.opt_state)), single.history["loss"]]
    arrays.append(predict(DROPOUT, SquaredError(), single.params, X))
    assert {str(a.dtype) for a in arrays} == {"float32", "int32"}
    assert jax.config.jax_enable_x64
    on = fit()
    with jax.enable_x64(False):
        off = fit()
        z = predict(NETWORK, SquaredError(), off.params, X)
        assert not jax.config.jax_enable_x64
    assert same(on, off)
    assert z.dtype == off.history["loss"].dtype == off.params[0].weights.dtype == np.float64


def test_weight_two_is_the_row_twice_and_weights_of_one_are_none():
    weighted = fit(weights=W, batch_size=None, validation=(X, Y, W), n_epochs=20)
    twice = np.repeat(np.arange(len(X)), W.astype(int))
    repeated = fit(x=X[twice], y=Y[twice], batch_size=None, n_epochs=20)
    close(weighted.params, repeated.params)
    np.testing.assert_allclose(weighted.history["val_loss"], repeated.history["loss"], rtol=1e-11)
    assert same(fit(), fit(weights=np.ones(len(X))))


class Tanh:
    """A user's layer with only `forward`."""

    def forward(self, params, x):
        return jnp.tanh(x)


class NoisyScale:
    """A user's layer with parameters that differs in training."""

    def init(self, key, n_in):
        return {"weights": np.full(n_in, 0.5)}

    def forward(self, params, x, key=None):
        noise = 0 if key is None else 0.1 * jax.random.normal(key, x.shape, x.dtype)
        return params["weights"][None, :] * x + noise


class Whole(Tanh):
    """A whole layer that is no pytree."""

    width = init = backward = Tanh.forward


def test_a_users_layer_with_only_forward_trains():
    mine = fit(FeedForward((Dense(4), Tanh(), Dense(2))))
    ours = fit()
    np.testing.assert_allclose(mine.history["loss"], ours.history["loss"], rtol=1e-11)
    network = FeedForward((Dense(4), Tanh(), NoisyScale(), Dense(2)))
    run = fit(network, n_epochs=20)
    assert run.history["loss"][-1] < 0.9 * run.history["loss"][0]
    assert (run.params[2]["weights"] != 0.5).all()
    np.testing.assert_allclose(loss_of(run, network), run.history["loss"][-1], rtol=1e-11)


@pytest.mark.parametrize(("layer", "remedy"), [(3, "or forward alone"), (Whole(), "Write @chain")])
def test_what_is_no_layer_is_refused(layer, remedy):
    with pytest.raises(OptionError, match=remedy):
        FeedForward((Dense(2), layer))


def test_a_network_without_parameters_trains_and_predicts():
    network = FeedForward((tanh,))
    run = fit(network, x=X, y=X, validation=None)
    np.testing.assert_allclose(predict(network, SquaredError(), run.params, X[:0]), X[:0])
    np.testing.assert_allclose(
        predict(network, SquaredError(), run.params, X), np.tanh(X), rtol=1e-6
    )


BAD = np.where(np.arange(23) == 7, np.nan, 1.0)
INPUTS = {
    "x of one dimension": ({"x": X[:, 0]}, ShapeError, "x of shape .rows, inputs.*got .23,.,"),
    "class numbers": ({"y": Y[:, 0]}, ShapeError, "one-hot rows.*y.:, None."),
    "weights as a column": ({"weights": W[:, None]}, ShapeError, "weights of shape .rows,."),
    "fewer targets": ({"y": Y[:9]}, ShapeError, "same number of rows.*got 23, 9 and 23"),
    "no rows": ({"x": X[:0], "y": Y[:0]}, ShapeError, "at least one.*got 0, 0 and 0"),
    "fewer weights": ({"weights": W[:9]}, ShapeError, "got 23, 23 and 9"),
    "NaN in x": ({"x": X * BAD[:, None]}, DataError, "x of the training.*row 7. Fill gaps"),
    "NaN in y": ({"y": Y * BAD[:, None]}, DataError, "y of the training.*row 7. Fill gaps"),
    "NaN weight": ({"weights": BAD}, DataError, "weights of the training.*row 7. Fill gaps"),
    "negative weight": ({"weights": W - 1}, DataError, "0 or more.*range is -1 to 1"),
    "no weight": ({"weights": 0 * W}, DataError, "not all 0"),
    "validation row": ({"validation": (X + np.inf, Y)}, DataError, "x of the validation.*row 0"),
    "validation inputs": ({"validation": (X[:, :2], Y)}, ShapeError, "2 inputs.* 3. Encode both"),
    "validation targets": ({"validation": (X, Y[:, :1])}, ShapeError, "1 columns.* 2. Encode"),
    "outputs": (
        {"y": Y[:, :1], "validation": None},
        ShapeError,
        "gives 2 outputs.*needs 1 .* Give the last layer 1",
    ),
    "quantiles": ({"objective": Quantile((0.5,))}, ShapeError, "one target .*Train one network"),
    "batch size": ({"batch_size": 0}, OptionError, "give 1 or more rows, or None for all"),
    "epochs": ({"n_epochs": -1}, OptionError, "give 0 or more"),
    "time limit": ({"time_limit": 0.0}, OptionError, "give a number of seconds above 0"),
    "dtype": ({"dtype": "float16"}, OptionError, "Choose float32 or float64"),
    "rprop": ({"optimizer": Rprop()}, OptionError, "Use batch_size=None, or another"),
    "watched": (
        {"stopping": EarlyStopping(), "validation": None},
        OptionError,
        "loss; val_… needs validation rows",
    ),
    "metric": ({"metrics": {"loss": Accuracy()}}, OptionError, '"loss" is taken.*Choose another'),
}


@pytest.mark.parametrize("case", INPUTS)
def test_inputs_that_cannot_work_are_refused_with_a_remedy(case):
    options, error, message = INPUTS[case]
    with pytest.raises(error, match=message):
        fit(**options)


def test_options_that_cannot_work_are_refused_with_a_remedy():
    with pytest.raises(OptionError, match="before the first epoch. Give 1 or more"):
        EarlyStopping(patience=0)
    with pytest.raises(OptionError, match="give 0 or more"):
        EarlyStopping(min_delta=-1.0)
    with pytest.raises(ShapeError, match="Give one row as x.None, :."):
        predict(NETWORK, SquaredError(), fit().params, X[0])
    with pytest.raises(ShapeError, match="expects 3 input features, got 2"):
        predict(NETWORK, SquaredError(), fit().params, X[:, :2])
    with pytest.raises(ShapeError, match="have shape .2, 2., the layer needs .3, 2."):
        fit(FeedForward((Dense(2, weights=np.ones((2, 2))),)))


def test_exclusive_or_is_learnt():
    x = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    y = np.array([[0.0], [1], [1], [0]])
    network = FeedForward((Dense(4), tanh, Dense(1)))
    objective = SigmoidCrossEntropy()
    run = fit(
        network, objective, x, y, batch_size=None, penalty=None, optimizer=Rprop(0.1), n_epochs=200
    )
    assert np.abs(predict(network, objective, run.params, x) - y).max() < 0.01
    assert predict(network, objective, run.params, x, raw=True)[0] < -4


@pytest.mark.parametrize(
    "optimizer", [Momentum(0.5, 0.8), Rprop(smallest=1e-12)], ids=["momentum", "rprop"]
)
def test_ridge_regression_reaches_its_closed_form(optimizer):
    """(XᵀX/N + λ) w = Xᵀy/N with X and y centred; the bias goes free."""
    x, y = X + [1.0, -2.0, 0.5], Y[:, :1]
    run = fit(
        FeedForward((Dense(1),)),
        x=x,
        y=y,
        optimizer=optimizer,
        penalty=Penalty(l2=0.1),
        batch_size=None,
        n_epochs=3000,
    )
    centred = x - x.mean(axis=0)
    gram = centred.T @ centred / len(x) + 0.1 * np.eye(3)
    w = np.linalg.solve(gram, centred.T @ (y - y.mean()) / len(x))
    np.testing.assert_allclose(run.params[0].weights, w, atol=1e-6)
    np.testing.assert_allclose(run.params[0].biases, y.mean() - x.mean(axis=0) @ w, atol=1e-6)
