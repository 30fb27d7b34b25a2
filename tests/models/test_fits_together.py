"""Fits that share programs and cores: what they give is what they give alone."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.model_selection import cross_validate as by_scikit_learn

from chainrule import (
    FixedPointClassifier,
    MLPClassifier,
    MLPRegressor,
    cross_validate,
    datasets,
    load,
)
from chainrule.engine import compilations
from chainrule.errors import OptionError

IRIS, DIABETES = datasets.load("iris"), datasets.load("diabetes")
FLOWERS = IRIS.drop("species"), IRIS["species"]
PATIENTS = DIABETES.drop("progression"), DIABETES["progression"]
QUICK = {"max_iter": 8, "random_state": 0}
CASES = {
    "classes": (MLPClassifier((6,), **QUICK), FLOWERS, {}),
    "folds that differ by a row": (MLPClassifier((6,), **QUICK), FLOWERS, {"cv": 4}),
    "numbers": (MLPRegressor((6,), dropout=0.1, **QUICK), PATIENTS, {"scoring": "r2"}),
    "several scores": (
        MLPClassifier((6,), **QUICK),
        FLOWERS,
        {"scoring": ["accuracy", "neg_log_loss"], "return_train_score": True},
    ),
    "groups": (
        MLPClassifier((6,), **QUICK),
        FLOWERS,
        {"cv": GroupKFold(3), "groups": np.arange(150) % 7},
    ),
    "early stopping": (MLPClassifier((6,), early_stopping=True, **QUICK), FLOWERS, {"cv": 2}),
    "networks that settle": (
        FixedPointClassifier(
            4, settle_solver="picard", adjoint_solver="picard", max_iter=2, random_state=0
        ),
        FLOWERS,
        {"cv": 2},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_folds_together_are_folds_alone(name):
    model, (X, y), options = CASES[name]
    ours = cross_validate(model, X, y, **options)
    theirs = by_scikit_learn(model, X, y, **options)
    assert set(ours) == set(theirs)
    for key in set(ours) - {"fit_time", "score_time"}:
        np.testing.assert_allclose(ours[key], theirs[key], rtol=1e-4, atol=1e-5)
    assert not hasattr(model, "coefs_")


def test_weights_of_rows_and_estimators_come_along():
    (X, y), weights = FLOWERS, np.linspace(0.5, 2, 150)
    options = {"cv": 3, "return_estimator": True}
    found = cross_validate(MLPClassifier((6,), **QUICK), X, y, sample_weight=weights, **options)
    plain = cross_validate(MLPClassifier((6,), **QUICK), X, y, **options)
    for weighted, alike in zip(found["estimator"], plain["estimator"], strict=True):
        assert weighted.predict(X).shape == (150,)
        assert not np.allclose(weighted.coefs_[0], alike.coefs_[0])


def test_estimators_of_others_are_sent_to_scikit_learn():
    with pytest.raises(OptionError, match=r"sklearn\.model_selection\.cross_validate"):
        cross_validate(LogisticRegression(), *FLOWERS)


@pytest.mark.parametrize("options", [{}, {"early_stopping": True}])
def test_an_ensemble_is_the_mean_of_its_networks(options, tmp_path):
    X, y = FLOWERS
    model = MLPClassifier((6,), n_networks=3, **QUICK, **options).fit(X, y)
    each = [member.predict_proba(X) for member in model.members_]
    np.testing.assert_allclose(model.predict_proba(X), np.mean(each, axis=0), rtol=1e-6)
    assert (model.predict(X) == model.classes_[model.predict_proba(X).argmax(axis=1)]).all()
    assert not np.allclose(each[0], each[1])
    alone = MLPClassifier((6,), **QUICK, **options).fit(X, y)
    np.testing.assert_allclose(each[0], alone.predict_proba(X), rtol=1e-4, atol=1e-6)
    again = load(model.save(tmp_path / "model.chr"))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    assert again.n_networks == len(again.members_) == 3
    assert not hasattr(again.set_params(n_networks=1).fit(X, y), "members_")


def test_an_ensemble_for_numbers_has_its_own_intervals():
    X, y = PATIENTS
    model = MLPRegressor((6,), n_networks=2, early_stopping=True, **QUICK).fit(X, y)
    mean = np.mean([member.predict(X) for member in model.members_], axis=0)
    np.testing.assert_allclose(model.predict(X), mean, rtol=1e-9)
    low, high = model.predict_interval(X, 0.8).T
    assert ((low < mean) & (mean < high)).all()
    assert not np.allclose(high - low, np.diff(model.members_[0].predict_interval(X, 0.8))[:, 0])


def test_an_ensemble_of_users_losses_predicts_too():
    X, y = PATIENTS
    loss = lambda y, z: ((y - z) ** 2).sum(axis=1)  # noqa: E731
    model = MLPRegressor((4,), loss=loss, n_networks=2, max_iter=2, random_state=0).fit(X, y)
    assert model.predict(X).shape == (len(y),)


def test_what_an_ensemble_cannot_do():
    X, y = FLOWERS
    model = MLPClassifier((6,), n_networks=2, **QUICK)
    with pytest.raises(OptionError, match="partial_fit trains one network"):
        model.partial_fit(X, y, classes=["setosa", "versicolor", "virginica"])
    with pytest.raises(OptionError, match="exclude each other"):
        model.set_params(warm_start=True).fit(X, y)
    for bad in (0, 1.5, "3"):
        with pytest.raises(OptionError, match="n_networks"):
            MLPClassifier((6,), n_networks=bad).fit(X, y)


def compiled(run):
    before = sum(compilations().values())
    run()
    return sum(compilations().values()) - before


def test_one_program_for_all_candidates_all_folds_and_all_seeds():
    X, y = FLOWERS
    model = MLPClassifier((7,), max_iter=3)
    rates = {"learning_rate_init": [0.001, 0.01], "alpha": [1e-4, 1.0]}
    search = GridSearchCV(model, rates, cv=4, refit=False)  # folds of 112 and 113 rows
    assert compiled(lambda: search.fit(X, y)) == 1
    assert compiled(lambda: cross_val_score(model, X, y, cv=4)) == 0
    assert compiled(lambda: model.set_params(random_state=5).fit(X[:112], y[:112])) == 0


def test_one_program_for_folds_together():
    X, y = FLOWERS
    assert compiled(lambda: cross_validate(MLPClassifier((9,), **QUICK), X, y, cv=4)) == 1
    rate = MLPClassifier((9,), learning_rate_init=0.02, alpha=0.5, max_iter=5)
    assert compiled(lambda: cross_validate(rate, X, y, cv=4)) == 0
