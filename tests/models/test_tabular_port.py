"""Programs of scikit-learn's users with the tabular estimators in them: what they expect holds.

`test_port` has them for the plain networks, beside scikit-learn's own; parameters that the tabular
ones do not have are left out here.
"""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.datasets import load_diabetes, load_wine
from sklearn.ensemble import BaggingClassifier, StackingRegressor, VotingClassifier
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.multioutput import ClassifierChain
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from chainrule import TabularClassifier, TabularRegressor, load

pytestmark = pytest.mark.scikit_learn

WINE = load_wine(return_X_y=True)
DIABETES = load_diabetes(return_X_y=True)
TWO = WINE[0], np.minimum(WINE[1], 1)


def classifier(**options):
    return TabularClassifier(8, max_iter=20, n_networks=2, random_state=0, **options)


def regressor(**options):
    return TabularRegressor(8, max_iter=20, n_networks=2, random_state=0, **options)


def test_they_are_what_scikit_learn_asks_for():
    assert is_classifier(classifier())
    assert is_regressor(regressor())
    changed = classifier().set_params(n_networks=3, activation="relu")
    assert clone(changed).get_params() == changed.get_params()
    assert repr(changed).startswith("TabularClassifier(")
    assert "hidden_layer_sizes=8" in repr(changed)


def test_a_pipeline_is_searched_over_rates_and_sizes():
    pipeline = make_pipeline(StandardScaler(), classifier())
    grid = {
        "tabularclassifier__learning_rate_init": [0.01, 0.04],
        "tabularclassifier__weight_decay": [0.0, 0.02],
    }
    search = GridSearchCV(pipeline, grid, cv=3).fit(*WINE)
    assert search.best_score_ > 0.9
    assert search.score(*WINE) > 0.95


@pytest.mark.parametrize(("make", "data"), [(classifier, WINE), (regressor, DIABETES)])
def test_cross_validation_has_scores_and_predictions(make, data):
    scores = cross_val_score(make(), *data, cv=3)
    assert (scores > (0.85 if make is classifier else 0.2)).all()
    predicted = cross_val_predict(make(), *data, cv=3)
    assert predicted.shape == data[1].shape


@pytest.mark.parametrize("data", [WINE, TWO], ids=["three classes", "two classes"])
def test_probabilities_belong_to_the_classes(data):
    X, y = data
    names = np.array(["red", "white", "rose"])[y]
    model = classifier().fit(X, names)
    proba = model.predict_proba(X)
    assert model.classes_.tolist() == sorted(set(names))
    assert (model.classes_[proba.argmax(axis=1)] == model.predict(X)).all()
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), proba, atol=1e-6)


def test_they_take_part_in_ensembles():
    X, y = WINE
    voting = VotingClassifier([("net", classifier()), ("bayes", GaussianNB())], voting="soft")
    assert voting.fit(X, y).score(X, y) > 0.9
    bagging = BaggingClassifier(classifier(), n_estimators=2, random_state=0).fit(X, y)
    assert bagging.score(X, y) > 0.9
    calibrated = CalibratedClassifierCV(classifier(), cv=2).fit(X, y)
    assert calibrated.predict_proba(X).shape == (178, 3)
    stacked = StackingRegressor([("net", regressor()), ("line", Ridge())], cv=2).fit(*DIABETES)
    assert stacked.score(*DIABETES) > 0.3


def test_several_targets_and_chains():
    X, y = DIABETES
    both = np.stack([y, X[:, 0]], axis=1)
    assert regressor().fit(X, both).predict(X).shape == both.shape
    labels = np.stack([WINE[1] == 0, WINE[1] == 1], axis=1).astype(int)
    model = classifier().fit(WINE[0], labels)
    assert model.predict(WINE[0]).shape == labels.shape
    chain = ClassifierChain(classifier(), order=[0, 1]).fit(WINE[0], labels)
    assert (chain.predict(WINE[0]) == labels).mean() > 0.9


def test_a_target_can_be_transformed():
    X, y = DIABETES
    model = TransformedTargetRegressor(regressor(), func=np.log, inverse_func=np.exp).fit(X, y)
    assert model.score(X, y) > 0.2
    assert model.predict(X).min() > 0


@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csc_array])
def test_sparse_tables_are_learnt(kind):
    X, y = WINE
    X = np.where(X > np.median(X, axis=0), X, 0)
    dense, thin = classifier().fit(X, y), classifier().fit(kind(X), y)
    assert thin.predict(kind(X)).shape == y.shape
    assert thin.score(kind(X), y) > 0.9
    assert dense.score(X, y) > 0.9


def test_frames_keep_their_names_and_categories():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "size": rng.normal(size=90),
            "zone": pd.Categorical(rng.choice(list("abc"), 90)),
            "when": pd.date_range("2026-01-01", periods=90),
        }
    )
    frame.loc[3:9, "size"] = np.nan
    y = np.where(frame["zone"] == "a", "yes", "no")
    model = classifier().fit(frame, y)
    assert model.feature_names_in_.tolist() == ["size", "zone", "when"]
    assert model.n_features_in_ == 3
    assert model.score(frame, y) > 0.9
    np.testing.assert_array_equal(
        model.predict_proba(pl.from_pandas(frame)), model.predict_proba(frame[::1])
    )
    with config_context(transform_output="pandas"):
        columns = make_column_transformer(
            (OneHotEncoder(sparse_output=False), ["zone"]), remainder="drop"
        )
        assert make_pipeline(columns, classifier()).fit(frame, y).score(frame, y) > 0.9


def test_weights_count():
    X, y = WINE
    weights = np.where(y == 2, 0.0, 1.0)
    assert 2 not in classifier().fit(X, y, sample_weight=weights).predict(X)
    rng = np.random.default_rng(0)
    noise, coin = rng.normal(size=(200, 3)), rng.integers(0, 2, 200)
    plain, heavy = (
        classifier(class_weight=weight).fit(noise, coin).predict_proba(noise)[:, 1].mean()
        for weight in (None, {0: 1, 1: 20})
    )
    assert heavy > plain + 0.2


def test_models_are_pickled_and_saved_alike(tmp_path):
    X, y = WINE
    model = classifier().fit(X, y)
    again = pickle.loads(pickle.dumps(model))
    kept = load(model.save(tmp_path / "wine.chr"))
    for other in (again, kept):
        np.testing.assert_array_equal(other.predict_proba(X), model.predict_proba(X))
        assert str(other.recipe_) == str(model.recipe_)
    assert len(kept.members_) == 2


def test_importance_comes_from_the_whole_model_with_its_preprocessing():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"tells": rng.normal(size=200), "zone": rng.choice(list("ab"), 200)})
    frame["noise"] = rng.normal(size=200)
    y = 3 * frame["tells"] + (frame["zone"] == "a")
    model = regressor().fit(frame, y)
    means = permutation_importance(model, frame, y, n_repeats=3, random_state=0).importances_mean
    assert means[0] > means[1] > means[2]
    curve = partial_dependence(model, frame, ["tells"], grid_resolution=5)["average"][0]
    assert (np.diff(curve) > 0).all()


def test_the_same_seed_gives_the_same_networks():
    X, y = DIABETES
    one, same, other = (
        regressor().set_params(random_state=seed).fit(X, y).predict(X) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
