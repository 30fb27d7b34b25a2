"""The estimators on real tables, and what their users rely on."""

import pickle

import numpy as np
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.model_selection import RepeatedStratifiedKFold, StratifiedKFold, cross_val_score

from chainrule import MLPClassifier, MLPRegressor, datasets, engine
from chainrule.errors import DataError, DivergedWarning, InterruptedWarning, OptionError, ShapeError


def named(name):
    table, target = datasets.load(name), datasets.DATASETS[name].target
    return table.drop(target), table[target]


@pytest.mark.parametrize(
    ("name", "repeats", "at_least"),
    [
        ("iris", 1, 0.955),
        pytest.param("iris", 5, 0.955, marks=pytest.mark.slow),
        pytest.param("breast-cancer", 1, 0.970, marks=pytest.mark.slow),
        pytest.param("digits", 1, 0.970, marks=pytest.mark.slow),
    ],
)
def test_defaults_are_good_on_known_tables(name, repeats, at_least):
    folds = RepeatedStratifiedKFold(n_splits=10, n_repeats=repeats, random_state=0)
    scores = cross_val_score(MLPClassifier(random_state=0), *named(name), cv=folds)
    assert scores.mean() >= at_least


def test_folds_share_one_program():
    X, y = named("wine")
    cross_val_score(MLPClassifier(max_iter=2, random_state=0), X, y, cv=StratifiedKFold(5))
    before = engine.compilations()["run_block"]
    other = MLPClassifier(max_iter=5, random_state=7, learning_rate_init=0.01, alpha=1.0)
    cross_val_score(other, X, y, cv=StratifiedKFold(5, shuffle=True, random_state=1))
    assert engine.compilations()["run_block"] == before


@pytest.fixture(scope="module")
def fitted():
    X, y = named("iris")
    options = {"learning_rate_init": 0.01, "early_stopping": True, "random_state": 0}
    return MLPClassifier((8,), max_iter=60, **options).fit(X, y)


def test_what_a_fitted_classifier_holds(fitted):
    X, y = named("iris")
    proba = fitted.predict_proba(X)
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-6)
    assert fitted.classes_.tolist() == sorted(set(y))
    np.testing.assert_array_equal(fitted.predict(X), fitted.classes_[proba.argmax(axis=1)])
    assert [w.shape for w in fitted.coefs_] == [(4, 8), (8, 3)]
    assert [b.shape for b in fitted.intercepts_] == [(8,), (3,)]
    assert fitted.feature_names_in_.tolist() == X.columns
    assert fitted.n_features_in_ == 4
    history = fitted.history_
    assert set(history) == {
        "epoch", "running_loss", "loss", "accuracy", "val_loss", "val_accuracy",
    }  # fmt: skip
    assert len(history["epoch"]) == fitted.n_iter_ + 1
    assert history["val_loss"].argmin() == fitted.best_iter_
    assert fitted.score(X, y) > 0.9


def test_history_measures_what_predict_gives():
    X, y = named("iris")
    model = MLPClassifier((8,), max_iter=20, dropout=0.5, random_state=0).fit(X, y)
    assert model.history_["accuracy"][-1] == pytest.approx(model.score(X, y))
    proba = model.predict_proba(X)
    codes = np.searchsorted(model.classes_, y.to_numpy())
    loss = -np.log(proba[np.arange(150), codes]).mean()
    assert model.history_["loss"][-1] == pytest.approx(loss, rel=1e-5)


def test_the_seed_alone_decides():
    X, y = named("iris")
    one, same, other = (
        MLPClassifier((8,), max_iter=5, dropout=0.2, random_state=seed).fit(X, y).coefs_[0]
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    assert not np.allclose(one, other)


def test_frames_of_any_kind_and_arrays_give_the_same_model():
    X, y = named("iris")
    forms = {"polars": X, "pandas": X.to_pandas(), "arrow": X.to_arrow(), "numpy": X.to_numpy()}
    models = {
        k: MLPClassifier((4,), max_iter=3, random_state=0).fit(v, y) for k, v in forms.items()
    }
    for name, model in models.items():
        np.testing.assert_array_equal(model.predict(forms[name]), models["polars"].predict(X))
        np.testing.assert_allclose(model.coefs_[0], models["polars"].coefs_[0], rtol=1e-5)


def test_numbers_come_back_in_their_own_units():
    X, y = named("diabetes")
    model = MLPRegressor((16,), max_iter=60, random_state=0).fit(X, y)
    assert model.score(X, y) > 0.45
    assert 100 < model.predict(X).mean() < 200
    thousand = MLPRegressor((16,), max_iter=60, random_state=0).fit(X, 1000 * y + 5)
    np.testing.assert_allclose(thousand.predict(X), 1000 * model.predict(X) + 5, rtol=1e-3)


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber", "poisson"])
def test_losses_by_name(loss):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 2))
    y = rng.poisson(np.exp(1 + 0.5 * x[:, 0]))
    model = MLPRegressor((8,), loss=loss, max_iter=40, random_state=0).fit(x, y)
    assert np.corrcoef(model.predict(x), np.exp(1 + 0.5 * x[:, 0]))[0, 1] > 0.9
    assert loss != "poisson" or (model.predict(x) > 0).all()


def test_several_targets_at_once():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3))
    y = x @ rng.normal(size=(3, 2)) + [0, 100]
    model = MLPRegressor((), learning_rate_init=0.03, max_iter=100, random_state=0).fit(x, y)
    assert model.predict(x).shape == (200, 2)
    assert model.score(x, y) > 0.99


def test_a_weight_of_two_is_the_row_twice():
    X, y = named("iris")
    X = X.to_numpy()
    options = {"max_iter": 5, "batch_size": "full", "alpha": 0, "scale": False, "random_state": 0}
    weights = np.where(np.arange(150) < 30, 2.0, 1.0)
    rows = np.concatenate([np.arange(30), np.arange(150)])
    weighted = MLPClassifier((4,), **options).fit(X, y, sample_weight=weights)
    doubled = MLPClassifier((4,), **options).fit(X[rows], y.gather(rows))
    np.testing.assert_allclose(weighted.coefs_[0], doubled.coefs_[0], rtol=1e-4, atol=1e-6)


SOLVERS = ["adam", "adamw", "sgd", "rmsprop", "rprop", "gradient-descent"]
SCHEDULES = ["constant", "step", "exponential", "one-cycle"]


@pytest.mark.parametrize(
    ("solver", "schedule"), [*((s, "cosine") for s in SOLVERS), *(("adam", s) for s in SCHEDULES)]
)
def test_solvers_and_schedules_learn(solver, schedule):
    X, y = named("iris")
    rate = 0.05 if solver in ("sgd", "gradient-descent") else 0.02
    options = {"solver": solver, "schedule": schedule, "learning_rate_init": rate}
    batch = "full" if solver == "rprop" else 16
    model = MLPClassifier((6,), batch_size=batch, max_iter=60, random_state=0, **options)
    assert model.fit(X, y).score(X, y) > 0.9


def test_saving_and_loading_change_nothing(fitted, tmp_path):
    from chainrule import load

    X, _ = named("iris")
    path = fitted.save(tmp_path / "model.chr")
    again = load(path)
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))
    assert again.get_params() == fitted.get_params()
    np.testing.assert_array_equal(again.history_["loss"], fitted.history_["loss"])
    assert [p.name for p in tmp_path.iterdir()] == ["model.chr"]
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted)).predict(X), fitted.predict(X))
    assert clone(fitted).get_params() == fitted.get_params()


@pytest.mark.parametrize("target", [[0, 1] * 10, [True, False] * 10, ["a", "b"] * 10])
def test_two_classes_of_any_type_survive_the_file(target, tmp_path):
    from chainrule import load

    x = np.arange(20.0)[:, None] % 2
    model = MLPClassifier((4,), max_iter=60, random_state=0).fit(x, target)
    again = load(model.save(tmp_path / "two.chr"))
    assert again.predict(x).tolist() == model.predict(x).tolist() == list(target)
    assert again.predict_proba(x).shape == (20, 2)


def test_divergence_warns_and_keeps_finite_weights():
    X, y = named("diabetes")
    model = MLPRegressor(
        (8,), activation="relu", solver="gradient-descent", learning_rate_init=1e6, random_state=0
    )
    with pytest.warns(DivergedWarning, match=r"epoch 1.*output \(dense\).*learning rate"):
        model.fit(X, y)
    assert model.stop_ == "diverged"
    assert np.isfinite(model.predict(X)).all()


def test_a_time_limit_warns_and_keeps_the_best():
    X, y = named("digits")
    MLPClassifier(max_iter=1, random_state=0).fit(X, y)  # compiles
    model = MLPClassifier(max_iter=1_000_000, time_limit=0.5, random_state=0)
    with pytest.warns(InterruptedWarning, match="time limit"):
        model.fit(X, y)
    assert 0 < model.n_iter_ < 1_000_000


GOOD = (np.arange(20.0).reshape(10, 2), np.array(list("ab") * 5))
BAD_FITS = {
    "lengths differ": ({}, (GOOD[0], GOOD[1][:9]), ShapeError, "10 rows, y has 9"),
    "one-dimensional X": ({}, (GOOD[0][:, 0], GOOD[1]), ShapeError, "reshape"),
    "one class": ({}, (GOOD[0], ["a"] * 10), DataError, "one class"),
    "infinite": ({}, (np.where(GOOD[0] == 3, np.inf, GOOD[0]), GOOD[1]), DataError, "infinit"),
    "a loss for numbers": ({"loss": "huber"}, GOOD, OptionError, "cross_entropy"),
    "a solver that is none": ({"solver": "newton"}, GOOD, OptionError, "adam"),
    "a schedule that is none": ({"schedule": "up"}, GOOD, OptionError, "cosine"),
    "a type that is none": ({"dtype": "int8"}, GOOD, OptionError, "float32"),
    "rprop in batches": ({"solver": "rprop", "batch_size": 2}, GOOD, OptionError, "whole table"),
    "half a unit": ({"hidden_layer_sizes": 2.5}, GOOD, OptionError, "whole numbers"),
}


@pytest.mark.parametrize("name", BAD_FITS)
def test_bad_input_is_refused_before_training(name):
    options, (X, y), error, words = BAD_FITS[name]
    with pytest.raises(error, match=words):
        MLPClassifier(**options).fit(X, y)


def test_a_class_that_training_never_saw_is_refused_in_validation():
    X, y = GOOD
    with pytest.raises(DataError, match="never saw: c"):
        MLPClassifier().fit(X, y, X_val=X[:2], y_val=["a", "c"])
    with pytest.raises(DataError, match="belong together"):
        MLPClassifier().fit(X, y, X_val=X[:2])


def test_gaps_and_categories_are_handled_inside():
    table = pl.DataFrame(
        {
            "size": [1.0, None, 3.0, 4.0] * 10,
            "colour": ["red", "blue", None, "red"] * 10,
            "kind": ["x", "y", "y", "x"] * 10,
        }
    )
    X, y = table.drop("kind"), table["kind"]
    model = MLPClassifier((8,), max_iter=60, random_state=0).fit(X, y)
    assert model.score(X, y) == 1
    strange = pl.DataFrame({"colour": ["green", None], "size": [None, 2.0], "more": [1, 2]})
    assert np.isfinite(model.predict_proba(strange)).all()
