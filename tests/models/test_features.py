"""What the estimators have beyond scikit-learn's: each promise of `docs/from-scikit-learn.md`."""

import datetime
import pickle
import warnings

import jax.numpy as jnp
import numpy as np
import polars as pl
import pytest
import scipy.sparse
import sklearn
from sklearn.metrics import log_loss
from sklearn.model_selection import GroupShuffleSplit, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from chainrule import MLPClassifier, MLPRegressor, datasets, engine
from chainrule.errors import DataError, InterruptedWarning, OptionError, ShapeError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(240, 3))
CLASSES = np.where(X[:, 0] + 0.3 * RNG.normal(size=240) > 0, "yes", "no")
NUMBER = X[:, 0] - 2 * X[:, 1] + 0.2 * RNG.normal(size=240)
LABELS = (X[:, :2] > 0).astype(int)
QUICK = {"max_iter": 30, "learning_rate_init": 0.02, "random_state": 0}


def classifier(*args, **options):
    return MLPClassifier(*(args or ((8,),)), **{**QUICK, **options})


def regressor(*args, **options):
    return MLPRegressor(*(args or ((8,),)), **{**QUICK, **options})


# Weights of rows and classes.


def test_balanced_classes_count_alike():
    rare = np.where(X[:, 0] > 1.2, "rare", "common")
    y = np.where(RNG.random(240) < 0.1, "common", rare)
    plain, balanced = classifier(()), classifier((), class_weight="balanced")
    recalls = [(m.fit(X, y).predict(X)[y == "rare"] == "rare").mean() for m in (plain, balanced)]
    assert recalls[1] > recalls[0]
    counts = {name: len(y) / (2 * (y == name).sum()) for name in ("rare", "common")}
    by_hand = classifier((), class_weight=counts).fit(X, y)
    by_rows = classifier(()).fit(X, y, sample_weight=[counts[name] for name in y])
    np.testing.assert_array_equal(by_hand.coefs_[0], balanced.coefs_[0])
    np.testing.assert_array_equal(by_rows.coefs_[0], balanced.coefs_[0])


def test_rows_of_weight_zero_are_not_there():
    weights = (np.arange(240) < 200).astype(float)
    strange = np.where(weights[:, None] == 1, X, 1e6)
    options = {"batch_size": "full", "dtype": "float64"}
    kept = regressor(**options).fit(strange, NUMBER, sample_weight=weights)
    gone = regressor(**options).fit(X[:200], NUMBER[:200])
    np.testing.assert_array_equal(kept.coefs_[0], gone.coefs_[0])


@pytest.mark.parametrize(
    ("weights", "error", "words"),
    [
        (np.ones(3), ShapeError, "one weight for each row"),
        (np.full(240, -1.0), DataError, "-1.0 in data row 1"),
        (np.full(240, np.nan), DataError, "nan in data row 1"),
        (np.zeros(240), DataError, "zero in every row"),
    ],
)
def test_weights_that_cannot_be(weights, error, words):
    with pytest.raises(error, match=words):
        classifier().fit(X, CLASSES, sample_weight=weights)


def test_class_weights_that_cannot_be():
    with pytest.raises(OptionError, match='class_weight="even"'):
        classifier(class_weight="even").fit(X, CLASSES)
    with pytest.raises(OptionError, match="0 or more"):
        classifier(class_weight={"yes": -1, "no": 1}).fit(X, CLASSES)


# Which rows validate, and what is watched.


def test_rows_held_out_at_the_end_in_groups_and_by_a_splitter():
    def held(**fit_options):
        seen = []

        def score(model, X_held, y_held):
            seen.append(np.asarray(X_held)[:, 0])
            return 0.0

        options = {"early_stopping": True, "scoring": score, "validation_fraction": 0.25}
        split = fit_options.pop("validation_split", "random")
        regressor(max_iter=1, validation_split=split, **options).fit(X, NUMBER, **fit_options)
        return np.flatnonzero(np.isin(X[:, 0], seen[0]))

    groups = np.arange(240) // 10
    assert held(validation_split="last").tolist() == list(range(180, 240))
    assert len(held()) == 60
    by_group = held(groups=groups)
    assert len(by_group) == 60
    assert np.isin(groups[by_group], groups[np.setdiff1d(np.arange(240), by_group)]).sum() == 0
    splitter = GroupShuffleSplit(1, test_size=3, random_state=0)
    assert len(held(validation_split=splitter, groups=groups)) == 30
    assert len(held(validation_split=TimeSeriesSplit(3))) == 60


def test_groups_are_those_of_the_rows_that_count():
    weights, groups = np.arange(240) % 5, np.arange(240) // 10
    options = {"early_stopping": True, "max_iter": 1}
    model = regressor(**options).fit(X, NUMBER, weights, groups=groups)
    counts = weights > 0
    alike = regressor(**options).fit(
        X[counts], NUMBER[counts], weights[counts], groups=groups[counts]
    )
    np.testing.assert_array_equal(model.predict(X), alike.predict(X))
    with pytest.raises(ShapeError, match="groups has 239 values, expected 240"):
        regressor(**options).fit(X, NUMBER, groups=groups[1:])


def test_splits_that_cannot_be():
    with pytest.raises(OptionError, match="GroupShuffleSplit"):
        regressor(early_stopping=True, validation_split="first").fit(X, NUMBER)
    with pytest.raises(OptionError, match="early_stopping=True"):
        regressor().fit(X, NUMBER, groups=np.arange(240))
    with pytest.raises(OptionError, match="exclude each other"):
        regressor(early_stopping=True, validation_split="last").fit(
            X, NUMBER, groups=np.arange(240)
        )


@pytest.mark.parametrize("scoring", ["accuracy", "neg_log_loss", "roc_auc"])
def test_the_chosen_scorer_decides_which_weights_are_kept(scoring):
    held = (X[:80], CLASSES[:80])
    options = {"scoring": scoring, "n_iter_no_change": 5, "learning_rate_init": 0.1}
    model = classifier(max_iter=60, **options).fit(
        X[80:], CLASSES[80:], X_val=held[0], y_val=held[1]
    )
    scorer = sklearn.metrics.get_scorer(scoring)
    column = "val_accuracy" if scoring == "accuracy" else "val_score"
    assert model.best_iter_ == model.history_[column].argmax()
    assert scorer(model, *held) == pytest.approx(model.history_[column].max(), rel=1e-5)
    assert model.stop_ == "early"
    assert model.n_iter_ == model.best_iter_ + 5


def test_watching_r2_inside_and_outside_the_program_is_the_same():
    def score(model, X_held, y_held):
        return model.score(X_held, y_held)

    options = {"early_stopping": True, "learning_rate_init": 0.1, "n_iter_no_change": 4}
    inside, outside = (
        regressor(max_iter=60, dtype="float64", scoring=scoring, **options).fit(X, NUMBER)
        for scoring in ("r2", score)
    )
    assert inside.n_iter_ == outside.n_iter_
    assert inside.best_iter_ == outside.best_iter_
    np.testing.assert_allclose(inside.validation_scores_, outside.validation_scores_, rtol=1e-9)
    np.testing.assert_array_equal(inside.coefs_[0], outside.coefs_[0])


def test_a_scorer_that_is_none_is_refused():
    with pytest.raises(OptionError, match="get_scorer_names"):
        classifier(early_stopping=True, scoring="acuracy").fit(X, CLASSES)


# Losses.


def test_several_quantiles_do_not_cross_and_intervals_cover():
    x = RNG.uniform(-2, 2, size=(1500, 1))
    y = x[:, 0] + (0.2 + np.abs(x[:, 0])) * RNG.normal(size=1500)
    train, new = slice(0, 900), slice(900, 1500)
    options = {"max_iter": 60, "early_stopping": True, "validation_fraction": 0.3, "alpha": 0}
    levels = (0.1, 0.5, 0.9)
    model = regressor((16,), loss="quantile", quantile=levels, **options).fit(x[train], y[train])
    quantiles = model.predict_quantiles(x[new])
    assert (np.diff(quantiles, axis=1) >= 0).all()
    np.testing.assert_array_equal(model.predict(x[new]), quantiles[:, 1])
    below = (y[new][:, None] < quantiles).mean(axis=0)
    np.testing.assert_allclose(below, levels, atol=0.06)
    plain = regressor((16,), **options).fit(x[train], y[train])
    for fitted in (model, plain):
        low, high = fitted.predict_interval(x[new], coverage=0.8).T
        assert ((low <= y[new]) & (y[new] <= high)).mean() == pytest.approx(0.8, abs=0.05)
    widths = np.diff(model.predict_interval(x[new], 0.8), axis=1)[:, 0]
    wide, narrow = np.abs(x[new, 0]) > 1.5, np.abs(x[new, 0]) < 0.5
    assert widths[wide].mean() > 1.5 * widths[narrow].mean()


def test_intervals_that_cannot_be_said_why():
    with pytest.raises(OptionError, match=r"early_stopping=True.*quantile=\(0.05, 0.5, 0.95\)"):
        regressor().fit(X, NUMBER).predict_interval(X)
    few = regressor(early_stopping=True, validation_fraction=5 / 240).fit(X, NUMBER)
    with pytest.raises(OptionError, match="5 validation rows are too few"):
        few.predict_interval(X)
    quantiles = regressor(loss="quantile", quantile=(0.1, 0.9)).fit(X, NUMBER)
    with pytest.raises(OptionError, match=r"Fit with quantile=\(0.25, 0.5, 0.75\)"):
        quantiles.predict_interval(X, 0.5)
    with pytest.raises(OptionError, match="learns no quantiles"):
        few.predict_quantiles(X)
    with pytest.raises(OptionError, match="between 0 and 1"):
        few.predict_interval(X, 90)
    with pytest.raises(OptionError, match="ascending"):
        regressor(loss="quantile", quantile=(0.9, 0.1)).fit(X, NUMBER)


def test_intervals_of_several_numbers():
    both = np.column_stack([NUMBER, 100 * X[:, 2]])
    model = regressor(early_stopping=True, validation_fraction=0.3).fit(X, both)
    intervals = model.predict_interval(X, 0.9)
    assert intervals.shape == (240, 2, 2)
    inside = (intervals[:, :, 0] <= both) & (both <= intervals[:, :, 1])
    assert (inside.mean(axis=0) > 0.8).all()


def squared(y, predictions):
    return 0.5 * jnp.mean((predictions - y) ** 2, axis=-1)


def negative_log(y, probabilities):
    return -jnp.sum(y * jnp.log(probabilities), axis=-1)


def test_a_loss_of_ones_own_is_the_built_in_one_when_it_says_the_same():
    own = regressor(loss=squared, dtype="float64").fit(X, NUMBER)
    named = regressor(dtype="float64").fit(X, NUMBER)
    np.testing.assert_allclose(own.coefs_[0], named.coefs_[0], rtol=1e-9)
    three = np.digitize(X[:, 0], [-0.5, 0.5])
    own = classifier(loss=negative_log, dtype="float64").fit(X, three)
    named = classifier(dtype="float64").fit(X, three)
    np.testing.assert_allclose(own.predict_proba(X), named.predict_proba(X), rtol=1e-6)
    by_engine = regressor(loss=engine.SquaredError(), dtype="float64").fit(X, NUMBER)
    assert by_engine.score(X, NUMBER) == pytest.approx(regressor().fit(X, NUMBER).score(X, NUMBER))


def no_rows(y, predictions):
    return jnp.mean((predictions - y) ** 2)


def in_numpy(y, predictions):
    return np.square(np.asarray(predictions) - np.asarray(y)).mean(axis=1)


def never_finite(y, predictions):
    return jnp.sqrt(jnp.sum((predictions - 0.25) ** 2, axis=-1))


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (no_rows, r"shape \(\) for 2 rows"),
        (in_numpy, "cannot be differentiated"),
        (never_finite, "derivative that is not finite"),
        ("hubber", "huber"),
    ],
)
def test_losses_that_cannot_be(loss, words):
    with pytest.raises(OptionError, match=words):
        regressor(loss=loss).fit(X, NUMBER)


def test_counts_below_zero_are_refused():
    with pytest.raises(DataError, match="poisson"):
        regressor(loss="poisson").fit(X, NUMBER)


# Targets of every shape.


def test_labels_and_several_classes():
    model = classifier().fit(X, LABELS)
    assert model.predict(X).shape == model.predict_proba(X).shape == (240, 2)
    assert (model.predict(X) == (model.predict_proba(X) > 0.5)).all()
    assert model.score(X, LABELS) == (model.predict(X) == LABELS).all(axis=1).mean() > 0.9
    assert model.history_["accuracy"][-1] == pytest.approx(model.score(X, LABELS))

    frame = pl.DataFrame({"side": CLASSES, "size": np.digitize(X[:, 1], [-0.4, 0.4])})
    model = classifier().fit(X, frame)
    proba = model.predict_proba(X)
    assert [p.shape for p in proba] == [(240, 2), (240, 3)]
    for p in proba:
        np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-6)
    assert [c.tolist() for c in model.classes_] == [["no", "yes"], [0, 1, 2]]
    assert model.predict(X).shape == (240, 2)
    assert model.score(X, frame) > 0.7
    assert model.history_["accuracy"][-1] == pytest.approx(model.score(X, frame))
    pairs = zip(("side", "size"), proba, strict=True)
    losses = [log_loss(frame[name].to_numpy(), p) for name, p in pairs]
    assert model.history_["loss"][-1] == pytest.approx(sum(losses), rel=1e-4)


# Going on.


def test_the_schedule_of_a_warm_start_begins_again():
    model = classifier(warm_start=True, max_iter=20).fit(X, CLASSES)
    before, programs = model.coefs_[0].copy(), engine.compilations()
    model.fit(X, CLASSES)
    assert engine.compilations() == programs
    assert model.n_iter_ == 20
    assert model.t_ == 40 * 240
    assert model.history_["epoch"].tolist() == list(range(41))
    assert np.abs(model.coefs_[0] - before).max() > 1e-3  # a rate at its end would move nothing


def test_going_on_keeps_columns_and_refuses_another_network():
    table = pl.DataFrame({"a": X[:, 0], "b": np.where(X[:, 1] > 0, "up", "down")})
    model = classifier(warm_start=True, max_iter=3).fit(table, CLASSES)
    mean = model.fitted_.encoder.mean.copy()
    model.fit(table.with_columns(a=pl.col("a") + 100), CLASSES)
    np.testing.assert_array_equal(model.fitted_.encoder.mean, mean)
    with pytest.raises(OptionError, match=r"hidden_layer_sizes=\(9,\)"):
        model.set_params(hidden_layer_sizes=(9,)).fit(table, CLASSES)
    with pytest.raises(ValueError, match="same classes"):
        model.set_params(hidden_layer_sizes=(8,)).fit(table, np.where(X[:, 0] > 0, "yes", "never"))


def test_one_pass_after_another_is_one_fit_at_a_constant_rate():
    options = {"schedule": "constant", "shuffle": False, "dtype": "float64", "alpha": 0.1}
    passes = classifier(**options)
    for _ in range(6):
        passes.partial_fit(X, CLASSES, classes=["no", "yes"])
    whole = classifier(**{**options, "max_iter": 6}).fit(X, CLASSES)
    np.testing.assert_array_equal(passes.coefs_[0], whole.coefs_[0])
    assert len(passes.loss_curve_) == 6
    after_fit = whole.partial_fit(X, CLASSES)
    passes.partial_fit(X, CLASSES)
    np.testing.assert_array_equal(after_fit.coefs_[0], passes.coefs_[0])


def test_the_prior_fades_as_rows_come_in():
    """alpha="auto": one pass after another pulls less and less, as 3 / (rows so far)."""
    options = {"alpha": "auto", "batch_size": "full", "max_iter": 1, "solver": "gradient-descent"}
    rows = (X, NUMBER)
    model = regressor((), **options).partial_fit(*rows)
    for n_before in (240, 480):
        free, fixed = (sklearn.base.clone(model) for _ in range(2))
        for clone, alpha in ((free, 0.0), (fixed, "auto")):
            vars(clone).update(vars(model))
            clone.set_params(alpha=alpha)
            clone.partial_fit(*rows)
        pull = (free.coefs_[0] - fixed.coefs_[0]) / model.coefs_[0]
        np.testing.assert_allclose(pull, 0.02 * 3 / (n_before + 240), rtol=1e-2)
        model.partial_fit(*rows)


def test_one_pass_needs_classes_and_batches():
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        classifier().partial_fit(X, CLASSES)
    for solver in ("lbfgs", "rprop"):
        assert not hasattr(classifier(solver=solver), "partial_fit")
    with pytest.raises(ValueError, match="early_stopping"):
        regressor(early_stopping=True).partial_fit(X, NUMBER)
    model = classifier().partial_fit(X, CLASSES, classes=["maybe", "no", "yes"])
    assert model.predict_proba(X).shape == (240, 3)
    with pytest.raises(DataError, match="never saw"):
        model.partial_fit(X, np.full(240, "never"))


# Parts of the network.


def test_hidden_activations_come_out_with_names():
    model = classifier((6, 4), activation=["relu", "tanh"]).fit(X, CLASSES)
    first, last = model.transform(X, layer=1), model.transform(X)
    assert first.shape == (240, 6)
    assert (first >= 0).all()
    z = np.tanh(first @ model.coefs_[1] + model.intercepts_[1])
    np.testing.assert_allclose(last, z, rtol=1e-5, atol=1e-6)
    frame = model.set_output(transform="polars").transform(X)
    assert (
        frame.columns
        == model.get_feature_names_out().tolist()
        == [f"hidden2_{i}" for i in range(4)]
    )
    assert model.transform(X, layer=1).columns == [f"hidden1_{i}" for i in range(6)]
    assert sklearn.clone(model).fit_transform(X, CLASSES).columns == frame.columns
    pipe = make_pipeline(classifier((5,)), StandardScaler()).set_output(transform="pandas")
    assert list(pipe.fit_transform(X, CLASSES)) == [f"hidden1_{i}" for i in range(5)]
    for layer in (0, 3, 1.0, "last"):
        with pytest.raises(OptionError, match="from 1 to 2"):
            model.transform(X, layer=layer)
    with pytest.raises(OptionError, match="no hidden layer"):
        classifier(()).fit(X, CLASSES).transform(X)


@pytest.mark.parametrize("solver", ["adam", "adamw", "sgd", "lbfgs", "rprop"])
def test_frozen_layers_stay_and_given_weights_are_where_training_starts(solver):
    start = classifier((6, 4)).fit(X, CLASSES)
    options = {"coefs_init": start.coefs_, "intercepts_init": [*start.intercepts_[:-1], None]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sklearn.exceptions.ConvergenceWarning)
        model = classifier((6, 4), solver=solver, frozen_layers=(0, -1), l1=1.0, **options)
        model.fit(X, LABELS[:, 1])
    for i, same in enumerate((True, False, True)):
        assert (model.coefs_[i] == start.coefs_[i]).all() == same
    assert (model.intercepts_[-1] == 0).all()


def test_parts_that_cannot_be():
    with pytest.raises(OptionError, match="dense layers are 0 to 1"):
        classifier(frozen_layers=(2,)).fit(X, CLASSES)
    with pytest.raises(OptionError, match="freezes every layer"):
        classifier(frozen_layers=(0, 1)).fit(X, CLASSES)
    with pytest.raises(OptionError, match="1 arrays for 2 dense layers"):
        classifier(coefs_init=[np.ones((3, 8))]).fit(X, CLASSES)
    with pytest.raises(ShapeError, match=r"shape \(2, 8\), the layer needs \(3, 8\)"):
        classifier(coefs_init=[np.ones((2, 8)), None]).fit(X, CLASSES)
    with pytest.raises(OptionError, match="dropout"):
        classifier(dropout=[0.1, 0.2]).fit(X, CLASSES)
    with pytest.raises(OptionError, match="dropout"):
        classifier(dropout=1.0).fit(X, CLASSES)


@pytest.mark.parametrize(
    ("limits", "words"), [({"max_iter": 4}, "max_iter=4"), ({"max_fun": 7}, "max_fun=7")]
)
def test_lbfgs_ends_by_itself_or_says_that_it_did_not(limits, words):
    linear = classifier((), solver="lbfgs", max_iter=200).fit(X, CLASSES)
    assert (linear.stop_, linear.n_iter_ < 200) == ("early", True)
    with pytest.warns(sklearn.exceptions.ConvergenceWarning, match=words):
        classifier(solver="lbfgs", **{"max_iter": 200, **limits}).fit(X, CLASSES)


class Swish:
    """A user's layer that gives only its forward pass."""

    def forward(self, params, x):
        return x / (1 + jnp.exp(-x))


def test_a_layer_of_ones_own_trains_predicts_and_pickles_but_goes_in_no_file(tmp_path):
    model = classifier((8, 6), activation=[Swish(), "tanh"]).fit(X, CLASSES)
    assert model.score(X, CLASSES) > 0.8
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    z = X - model.fitted_.encoder.mean
    z = (z / model.fitted_.encoder.deviation) @ model.coefs_[0] + model.intercepts_[0]
    np.testing.assert_allclose(model.transform(X, layer=1), z / (1 + np.exp(-z)), atol=1e-5)
    with pytest.raises(OptionError, match="pickle the model"):
        model.save(tmp_path / "own.chr")
    assert list(tmp_path.iterdir()) == []


def test_an_optimizer_of_the_engine_takes_the_place_of_the_solver():
    own = classifier(optimizer=engine.Adam(engine.Cosine(0.02))).fit(X, CLASSES)
    named = classifier(solver="adam", schedule="cosine").fit(X, CLASSES)
    np.testing.assert_array_equal(own.coefs_[0], named.coefs_[0])
    with pytest.raises(OptionError, match="is not valid"):
        classifier(optimizer="adam").fit(X, CLASSES)


# Tables.


def test_dates_booleans_and_sparse_matrices():
    days = [datetime.date(2024, 1, 1) + datetime.timedelta(days=int(d)) for d in 100 + 30 * X[:, 0]]
    table = pl.DataFrame({"day": days, "flag": X[:, 1] > 0})
    assert classifier().fit(table, CLASSES).score(table, CLASSES) > 0.8
    words = scipy.sparse.random(240, 40, density=0.1, random_state=0, format="csr")
    y = np.asarray(words[:, :5].sum(axis=1)).ravel() > 0.1
    model = classifier(max_iter=80).fit(words, y)
    assert model.score(words, y) > 0.9
    np.testing.assert_allclose(model.predict_proba(words.toarray()), model.predict_proba(words))


@pytest.mark.parametrize("scoring", ["loss", "r2", "neg_mean_absolute_error"])
def test_dates_as_target_are_scored_by_their_days(scoring):
    start = datetime.date(2024, 1, 1)
    due = [start + datetime.timedelta(days=int(d)) for d in 300 + 30 * X[:, 0]]
    days = np.array([(day - start).days for day in due])
    options = {"early_stopping": True, "scoring": scoring, "max_iter": 40, "random_state": 0}
    dated, plain = (MLPRegressor((8,), **options).fit(X, y) for y in (due, days + 19723))
    assert dated.predict(X).dtype == np.dtype("M8[D]")
    np.testing.assert_array_equal(dated.predict(X).astype(int), np.round(plain.predict(X)))
    np.testing.assert_array_equal(dated.history_["val_loss"], plain.history_["val_loss"])
    low, high = dated.predict_interval(X).T
    assert (low < high).all()
    assert dated.score(X, due) == pytest.approx(plain.score(X, days + 19723), abs=1e-3)
    assert dated.diagnose(X, due, sanity=True)


# In notebooks, and with scikit-learn's callbacks.


def test_the_html_shows_the_network_and_escapes_names():
    table = pl.DataFrame({"<script>": X[:, 0], "b": X[:, 1]})
    model = classifier((40,))
    assert "<svg" not in model._repr_mimebundle_()["text/html"].split("</style>")[-1]
    html = model.fit(table, CLASSES)._repr_html_()
    picture = html[html.rindex("<svg") :]
    assert "&lt;script&gt;" in picture
    assert "<script>" not in picture
    assert "40 relu" in picture
    assert picture.count("<circle") == 2 + 8 + 1  # a wide layer is folded
    assert model._repr_mimebundle_()["text/html"].count("<circle") == 11


@pytest.fixture
def callbacks():
    return pytest.importorskip("sklearn.callback", reason="scikit-learn 1.9 brought callbacks")


def test_scikit_learns_callbacks_see_every_epoch(callbacks, capsys):
    monitor = callbacks.ScoringMonitor(scoring="accuracy")
    model = classifier(max_iter=7).set_callbacks(monitor, callbacks.ProgressBar())
    model.fit(X, CLASSES)
    rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(rows) == 7
    np.testing.assert_allclose([r["accuracy"] for r in rows], model.history_["accuracy"][1:])
    plain = classifier(max_iter=7).fit(X, CLASSES)
    np.testing.assert_array_equal(model.coefs_[0], plain.coefs_[0])
    assert "MLPClassifier" in capsys.readouterr().out


class StopsAt:
    """A callback that asks to stop after an epoch, and can be left out at setup and teardown."""

    def __init__(self, epoch):
        self.epoch, self.seen, self.torn_down = epoch, 0, False

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        self.torn_down = True

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None, metadata=None):
        if context.task_name == "epoch":
            self.seen += 1
            assert fitted_estimator.predict(X).shape == (240,)
            assert (metadata["sample_weight"] == 2).all()
        return self.seen >= self.epoch


@pytest.mark.usefixtures("callbacks")
def test_a_callback_can_stop_training():
    callback = StopsAt(3)
    model = classifier().set_callbacks(callback).fit(X, CLASSES, sample_weight=np.full(240, 2.0))
    assert (model.n_iter_, model.stop_, callback.torn_down) == (3, "asked", True)
    with pytest.raises(OptionError):
        model.set_params(alpha=-1).fit(X, CLASSES)
    assert pickle.loads(pickle.dumps(model.set_params(alpha=0.1))).n_iter_ == 3


def test_a_time_limit_keeps_what_there_is():
    with pytest.warns(InterruptedWarning, match="time limit"):
        model = classifier(max_iter=10**6, time_limit=0.3).fit(X, CLASSES)
    assert model.stop_ == "time"
    assert np.isfinite(model.predict_proba(X)).all()


def test_history_as_a_frame():
    table, target = datasets.load("diabetes"), "progression"
    model = regressor(early_stopping=True).fit(table.drop(target), table[target])
    frame = model.history_.to_frame()
    assert frame.columns == ["epoch", "running_loss", "loss", "val_loss", "r2", "val_r2"]
    assert frame.height == model.n_iter_ + 1
    assert frame["val_r2"].max() == pytest.approx(model.best_validation_score_)
