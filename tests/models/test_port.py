"""A program that uses scikit-learn's MLP runs unchanged, and reaches the same quality.

Every check runs on both libraries and uses scikit-learn's names alone; what it asserts stands in
the docstrings or the user guide of scikit-learn's MLPClassifier and MLPRegressor.
"""

import io
import pickle
import warnings
from copy import deepcopy
from functools import cache

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy import sparse
from sklearn import neural_network
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_wine,
    make_classification,
    make_regression,
)
from sklearn.ensemble import BaggingClassifier, VotingClassifier
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, log_loss, r2_score
from sklearn.model_selection import (
    GridSearchCV,
    cross_val_predict,
    cross_val_score,
    learning_curve,
    train_test_split,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler, scale
from sklearn.utils.fixes import parse_version

import chainrule

LIBRARIES = {"scikit-learn": neural_network, "chainrule": chainrule}
OLD = parse_version(sklearn.__version__) < parse_version("1.7")

pytestmark = [
    pytest.mark.scikit_learn,
    pytest.mark.filterwarnings(
        "ignore::sklearn.exceptions.ConvergenceWarning",
        # scikit-learn 1.6 with a newer SciPy
        "ignore:scipy.optimize. The `disp` and `iprint` options:DeprecationWarning",
    ),
]


@pytest.fixture(params=LIBRARIES)
def library(request):
    """A namespace with MLPClassifier and MLPRegressor."""
    return LIBRARIES[request.param]


@pytest.fixture
def library_of_1_7(library):
    """The same, where scikit-learn has what came in 1.7: sample_weight, and loss="poisson"."""
    if OLD and library is neural_network:
        pytest.skip(f"came to scikit-learn's MLP in 1.7; this is {sklearn.__version__}")
    return library


@cache
def table(name):
    """Return inputs with mean 0 and deviation 1, and the target."""
    if name == "diabetes":
        X, y = load_diabetes(return_X_y=True)
        return scale(X), (y - y.mean()) / y.std()
    load = {"wine": load_wine, "breast-cancer": load_breast_cancer, "digits": load_digits}[name]
    X, y = load(return_X_y=True)
    X, y = (X[:600], y[:600]) if name == "digits" else (X, y)
    return scale(X), y


WINE, CANCER, DIABETES = table("wine"), table("breast-cancer"), table("diabetes")
TWO = WINE[0], np.minimum(WINE[1], 1)
# Small and quick, and few shapes in all, since chainrule compiles a program for each.
SMALL = {"hidden_layer_sizes": (8,), "max_iter": 20, "learning_rate_init": 0.03, "random_state": 0}
PLAIN = {"activation": "relu", "learning_rate": "constant", "tol": 1e-4}  # scikit-learn's defaults


def classifier(library, **options):
    return library.MLPClassifier(**SMALL | options)


def regressor(library, **options):
    return library.MLPRegressor(**SMALL | options)


def test_constructor_takes_all_of_scikit_learns_parameters(library):
    for kind in ("MLPClassifier", "MLPRegressor"):
        given = getattr(neural_network, kind)(hidden_layer_sizes=(8,), max_iter=1).get_params()
        model = getattr(library, kind)(**given).fit(*WINE)
        assert given.items() <= model.get_params().items()
    assert library.MLPClassifier((3,), "tanh").get_params()["activation"] == "tanh"


# Quality.


@pytest.mark.parametrize(
    ("name", "solver", "options"),
    [
        ("digits", "adam", {"learning_rate_init": 0.01}),
        ("breast-cancer", "sgd", {"learning_rate_init": 0.1}),
        ("diabetes", "lbfgs", {"alpha": 30.0}),
        pytest.param("digits", "sgd", {"learning_rate_init": 0.1}, marks=pytest.mark.slow),
        pytest.param("digits", "lbfgs", {}, marks=pytest.mark.slow),
        pytest.param("breast-cancer", "adam", {"learning_rate_init": 0.01}, marks=pytest.mark.slow),
        pytest.param("breast-cancer", "lbfgs", {}, marks=pytest.mark.slow),
        pytest.param(
            "diabetes", "adam", {"learning_rate_init": 0.01, "alpha": 10.0}, marks=pytest.mark.slow
        ),
        pytest.param(
            "diabetes", "sgd", {"learning_rate_init": 0.03, "alpha": 10.0}, marks=pytest.mark.slow
        ),
    ],
)
def test_solvers_reach_scikit_learns_quality(library, name, solver, options):
    X, y = table(name)
    kind = "MLPRegressor" if name == "diabetes" else "MLPClassifier"
    X, X_test, y, y_test = train_test_split(X, y, test_size=0.4, random_state=0)

    def score(of):
        model = getattr(of, kind)(hidden_layer_sizes=(16,), max_iter=60, random_state=0)
        return model.set_params(solver=solver, **options).fit(X, y).score(X_test, y_test)

    reached = score(library)
    assert reached > {"digits": 0.88, "breast-cancer": 0.94, "diabetes": 0.38}[name]
    assert reached > score(neural_network) - 0.03


def test_lbfgs_fits_xor(library):
    X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    model = library.MLPClassifier(
        hidden_layer_sizes=(8,), solver="lbfgs", activation="tanh", alpha=1e-5, random_state=0
    )
    np.testing.assert_array_equal(model.fit(X, y).predict(X), y)


@pytest.mark.parametrize("alpha", [0.1, 1.0])
def test_lbfgs_minimises_the_loss_of_the_user_guide(library, alpha):
    def reached(of):
        options = {"solver": "lbfgs", "activation": "tanh", "alpha": alpha, "max_iter": 500}
        model = classifier(of, **options).fit(*WINE)
        penalty = sum((np.asarray(coef, float) ** 2).sum() for coef in model.coefs_)
        return model, log_loss(WINE[1], model.predict_proba(WINE[0])) + alpha * penalty / (2 * 178)

    model, loss = reached(library)
    assert loss < 1.05 * reached(neural_network)[1]
    assert model.loss_ == pytest.approx(loss, rel=1e-3)


def test_first_example_of_the_user_guide(library):
    X, y = [[0.0, 0.0], [1.0, 1.0]], [0, 1]
    clf = library.MLPClassifier(
        solver="lbfgs", alpha=1e-5, hidden_layer_sizes=(5, 2), random_state=1
    )
    assert clf.fit(X, y) is clf
    np.testing.assert_array_equal(clf.predict([[2.0, 2.0], [-1.0, -2.0]]), [1, 0])
    assert [coef.shape for coef in clf.coefs_] == [(2, 5), (5, 2), (2, 1)]
    np.testing.assert_allclose(clf.predict_proba([[2.0, 2.0], [1.0, 2.0]])[:, 1], 1, atol=0.01)


def test_multilabel_example_of_the_user_guide(library):
    clf = library.MLPClassifier(
        solver="lbfgs", alpha=1e-5, hidden_layer_sizes=(15,), random_state=1
    )
    clf.fit([[0.0, 0.0], [1.0, 1.0]], [[0, 1], [1, 1]])
    np.testing.assert_array_equal(clf.predict([[1.0, 2.0]]), [[1, 1]])
    np.testing.assert_array_equal(clf.predict([[0.0, 0.0]]), [[0, 1]])


def test_examples_of_the_docstrings(library):
    X, y = make_classification(n_samples=100, random_state=1)
    X, X_test, y, y_test = train_test_split(X, y, stratify=y, random_state=1)
    clf = library.MLPClassifier(random_state=1, max_iter=300).fit(X, y)
    assert clf.predict_proba(X_test[:1]).shape == (1, 2)
    assert clf.score(X_test, y_test) >= 0.8
    X, y = make_regression(n_samples=200, n_features=20, random_state=1)
    X, X_test, y, y_test = train_test_split(X, y, random_state=1)
    regr = library.MLPRegressor(random_state=1, max_iter=2000, tol=0.1).fit(X, y)
    assert regr.predict(X_test[:2]).shape == (2,)
    assert regr.score(X_test, y_test) > 0.95


# Predictions and their shapes.


@pytest.mark.parametrize("data", [WINE, TWO], ids=["three classes", "two classes"])
def test_probabilities_sum_to_one_and_agree_with_predict(library, data):
    X, y = data
    model = classifier(library).fit(X, y)
    proba = model.predict_proba(X)
    assert proba.shape == (len(X), len(model.classes_))
    assert proba.min() >= 0
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(model.predict(X), model.classes_[proba.argmax(axis=1)])


def test_log_probabilities_are_their_logarithm(library):
    model = classifier(library).fit(*WINE)
    logarithms = model.predict_log_proba(WINE[0])
    np.testing.assert_allclose(logarithms, np.log(model.predict_proba(WINE[0])), rtol=1e-6)


@pytest.mark.parametrize(
    "labels",
    [
        np.array(["pinot", "barolo", "asti"]),
        np.array(["pinot", "barolo", "asti"], dtype=object),
        np.array([30, -1, 7]),
        np.array([2.0, 0.0, 1.0]),
        np.array([True, False, True]),
        np.array([-1, 1, -1]),
        np.array(["no", "yes", "no"]),
    ],
    ids=["text", "objects", "negative int", "float", "bool", "minus and plus one", "no and yes"],
)
def test_labels_of_any_kind_come_back_as_they_were(library, labels):
    X, y = WINE[0], labels[WINE[1]]
    model = classifier(library).fit(X, y)
    assert model.classes_.tolist() == sorted(set(labels.tolist()))
    predicted = model.predict(X)
    assert predicted.dtype == model.classes_.dtype
    assert labels.dtype == object or predicted.dtype.kind == labels.dtype.kind
    assert set(predicted.tolist()) <= set(labels.tolist())
    assert (predicted == y).mean() > 0.9


def test_target_may_be_a_list_or_a_series(library):
    expected = classifier(library).fit(*WINE).predict(WINE[0])
    for y in (WINE[1].tolist(), pd.Series(WINE[1], name="cultivar")):
        np.testing.assert_array_equal(
            classifier(library).fit(WINE[0], y).predict(WINE[0]), expected
        )


def test_inputs_may_be_lists(library):
    X, y = WINE
    model = classifier(library).fit(X.tolist(), y.tolist())
    np.testing.assert_array_equal(model.predict(X[:5].tolist()), model.predict(X[:5]))


def test_inputs_may_be_float32(library):
    model = classifier(library).fit(WINE[0].astype(np.float32), WINE[1])
    proba = classifier(library).fit(*WINE).predict_proba(WINE[0])
    np.testing.assert_allclose(model.predict_proba(WINE[0].astype(np.float32)), proba, atol=1e-3)


def test_a_single_row_is_predicted(library):
    model = classifier(library).fit(*WINE)
    assert model.predict(WINE[0][:1]).shape == (1,)
    assert model.predict_proba(WINE[0][:1]).shape == (1, 3)


@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csc_matrix, sparse.csr_array])
def test_inputs_may_be_sparse(library, kind):
    X, y = np.where(np.abs(WINE[0]) > 0.5, WINE[0], 0), WINE[1]
    model = classifier(library).fit(kind(X), y)
    assert model.score(kind(X), y) > 0.9
    np.testing.assert_allclose(model.predict_proba(kind(X)), model.predict_proba(X), atol=1e-5)


def labels_of_wine():
    return np.column_stack([WINE[1] == 0, WINE[1] > 0, WINE[0][:, 0] > 0]).astype(int)


def test_several_labels_at_once(library):
    X, y = WINE[0], labels_of_wine()
    model = classifier(library, max_iter=100).fit(X, y)
    predicted, proba = model.predict(X), model.predict_proba(X)
    assert predicted.shape == proba.shape == y.shape
    np.testing.assert_array_equal(predicted, proba > 0.5)
    np.testing.assert_array_equal(model.classes_, [0, 1, 2])
    assert (model.n_outputs_, model.out_activation_) == (3, "logistic")
    assert model.score(X, y) == accuracy_score(y, predicted) > 0.8


def test_one_column_in_y_is_one_target(library):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sklearn.exceptions.DataConversionWarning)
        classes = classifier(library).fit(WINE[0], WINE[1][:, None])
        numbers = regressor(library).fit(DIABETES[0], DIABETES[1][:, None])
    assert classes.predict(WINE[0]).shape == (178,)
    assert numbers.predict(DIABETES[0]).shape == (442,)


def test_numbers_as_targets_one_and_several(library):
    X, y = DIABETES
    model = regressor(library).fit(X, y)
    assert model.predict(X).shape == y.shape
    assert model.score(X, y) == pytest.approx(r2_score(y, model.predict(X)))
    two = regressor(library, max_iter=100).fit(X, np.column_stack([y, 2 * X[:, 0] - y]))
    assert two.predict(X).shape == (442, 2)
    assert two.n_outputs_ == two.coefs_[-1].shape[1] == 2
    assert two.score(X, np.column_stack([y, 2 * X[:, 0] - y])) > 0.4


def test_counts_by_the_poisson_loss(library_of_1_7):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 2))
    y = rng.poisson(np.exp(1 + 0.5 * X[:, 0]))
    model = regressor(library_of_1_7, loss="poisson", max_iter=100).fit(X, y)
    assert model.predict(X).min() > 0
    assert model.out_activation_ == "exp"
    assert np.corrcoef(model.predict(X), np.exp(0.5 * X[:, 0]))[0, 1] > 0.9


# Weights of rows.


def test_score_takes_weights(library):
    w = np.linspace(0, 1, 178)
    model = classifier(library, max_iter=2).fit(*WINE)
    expected = accuracy_score(WINE[1], model.predict(WINE[0]), sample_weight=w)
    assert model.score(*WINE, sample_weight=w) == pytest.approx(expected)
    w = np.linspace(0, 1, 442)
    model = regressor(library, max_iter=2).fit(*DIABETES)
    expected = r2_score(DIABETES[1], model.predict(DIABETES[0]), sample_weight=w)
    assert model.score(*DIABETES, sample_weight=w) == pytest.approx(expected)


@pytest.mark.parametrize("make", [classifier, regressor])
def test_weights_of_one_change_nothing_and_others_do(library_of_1_7, make):
    X, y = DIABETES if make is regressor else WINE
    plain = make(library_of_1_7).fit(X, y)
    ones = make(library_of_1_7).fit(X, y, sample_weight=np.ones(len(y)))
    other = make(library_of_1_7).fit(X, y, np.where(y > 0, 10.0, 0.1))
    np.testing.assert_allclose(ones.coefs_[0], plain.coefs_[0], rtol=1e-4, atol=1e-6)
    assert not np.allclose(other.coefs_[0], plain.coefs_[0], atol=1e-2)


def test_weights_decide_between_contradicting_rows(library_of_1_7):
    X, y = np.repeat(WINE[0][:1], 178, axis=0), np.arange(178) % 3
    weights = np.array([0.6, 0.3, 0.1])[y] / np.bincount(y)[y]  # of all rows of a class together
    model = classifier(library_of_1_7, solver="lbfgs", alpha=0).fit(X, y, 178 * weights)
    np.testing.assert_allclose(model.predict_proba(X[:1]), [[0.6, 0.3, 0.1]], atol=0.01)


# What a fitted model holds.


def test_loss_curve(library):
    for model in (classifier(library).fit(*WINE), regressor(library).fit(*DIABETES)):
        curve = model.loss_curve_
        assert len(curve) == model.n_iter_ <= model.max_iter
        assert curve[-1] < curve[0]
        assert model.loss_ == curve[-1]
        assert model.best_loss_ == min(curve)
        assert model.validation_scores_ is None
        assert model.best_validation_score_ is None


@pytest.mark.parametrize(
    ("make", "data"), [(classifier, WINE), (regressor, DIABETES)], ids=["classes", "numbers"]
)
def test_early_stopping_keeps_scores_and_no_best_loss(library, make, data):
    model = make(library, early_stopping=True).fit(*data)
    assert len(model.validation_scores_) == len(model.loss_curve_) == model.n_iter_
    assert model.best_validation_score_ == max(model.validation_scores_)
    assert 0 < model.best_validation_score_ <= 1
    assert model.best_loss_ is None


@pytest.mark.parametrize(
    ("hidden", "shapes"),
    [
        (8, [(13, 8), (8, 3)]),
        ((8,), [(13, 8), (8, 3)]),
        ([8, 4], [(13, 8), (8, 4), (4, 3)]),
        (np.array([8]), [(13, 8), (8, 3)]),
        ((), [(13, 3)]),
    ],
    ids=["int", "tuple", "list", "array", "none"],
)
def test_hidden_layers_and_the_weights_between_them(library, hidden, shapes):
    model = classifier(library, hidden_layer_sizes=hidden, max_iter=2).fit(*WINE)
    assert [coef.shape for coef in model.coefs_] == shapes
    assert [intercept.shape for intercept in model.intercepts_] == [(n,) for _, n in shapes]
    assert model.n_layers_ == len(shapes) + 1
    assert isinstance(model.coefs_, list)
    assert isinstance(model.intercepts_, list)


def test_outputs_and_their_activation(library):
    three, two = classifier(library).fit(*WINE), classifier(library).fit(*TWO)
    number = regressor(library).fit(*DIABETES)
    assert (three.n_outputs_, three.out_activation_) == (3, "softmax")
    assert (two.n_outputs_, two.out_activation_) == (1, "logistic")
    assert (number.n_outputs_, number.out_activation_) == (1, "identity")


def test_rows_seen_are_epochs_times_rows(library):
    model = classifier(library, max_iter=7).fit(*WINE)
    assert model.t_ == model.n_iter_ * 178 == 7 * 178


def test_names_of_columns(library):
    X = pd.DataFrame(WINE[0], columns=[f"column {i}" for i in range(13)])
    named, plain = (classifier(library, max_iter=2).fit(x, WINE[1]) for x in (X, WINE[0]))
    assert named.n_features_in_ == plain.n_features_in_ == 13
    np.testing.assert_array_equal(named.feature_names_in_, X.columns)
    assert not hasattr(plain, "feature_names_in_")
    with pytest.raises(ValueError):
        named.predict(X.rename(columns={"column 3": "another"}))


def test_weights_are_what_predictions_are_made_of(library):
    model = classifier(library).fit(*WINE)
    for array in (*model.coefs_, *model.intercepts_):
        array[:] = 0
    model.intercepts_[-1][:] = np.log([0.2, 0.3, 0.5])
    np.testing.assert_allclose(model.predict_proba(WINE[0][:2]), [[0.2, 0.3, 0.5]] * 2, rtol=1e-5)


@pytest.mark.parametrize(
    ("make", "data"), [(classifier, TWO), (regressor, DIABETES)], ids=["classes", "numbers"]
)
def test_forward_pass_by_hand_gives_the_predictions_of_scaled_tables(library, make, data):
    X, y = data
    model = make(library, activation="tanh").fit(X, y)
    hidden = np.tanh(X @ model.coefs_[0] + model.intercepts_[0])
    out = (hidden @ model.coefs_[1] + model.intercepts_[1]).ravel()
    if make is regressor:
        np.testing.assert_allclose(model.predict(X), out, atol=1e-3)
    else:
        np.testing.assert_allclose(model.predict_proba(X)[:, 1], 1 / (1 + np.exp(-out)), atol=1e-3)


# Parameters of training.


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
def test_activations_learn(library, activation):
    model = classifier(library, activation=activation, max_iter=100).fit(*WINE)
    assert model.score(*WINE) > 0.95


@pytest.mark.parametrize("learning_rate", ["constant", "invscaling", "adaptive"])
def test_rates_of_sgd_learn(library, learning_rate):
    options = {"solver": "sgd", "learning_rate_init": 0.5, "max_iter": 60}
    assert classifier(library, learning_rate=learning_rate, **options).fit(*WINE).score(*WINE) > 0.9


def coefs(library, **options):
    return classifier(library, **options).fit(*WINE).coefs_[0]


def test_inverse_scaling_by_its_exponent(library):
    options = {"solver": "sgd", "learning_rate_init": 0.2, "max_iter": 10}
    constant = coefs(library, learning_rate="constant", **options)
    start = coefs(library, learning_rate="constant", **options | {"learning_rate_init": 1e-9})
    same, half, one = (
        coefs(library, learning_rate="invscaling", power_t=p, **options) for p in (0, 0.5, 1)
    )
    np.testing.assert_allclose(same, constant, rtol=1e-4, atol=1e-6)
    way = [np.linalg.norm(reached - start) for reached in (one, half, constant)]
    assert way == sorted(way)
    assert way[0] < 0.9 * way[2]


def test_adaptive_rate_goes_on_after_a_plateau(library):
    options = {"solver": "sgd", "tol": 0.01, "n_iter_no_change": 2, "max_iter": 1000}
    constant = classifier(library, learning_rate="constant", **options).fit(*WINE)
    adaptive = classifier(library, learning_rate="adaptive", **options).fit(*WINE)
    assert constant.n_iter_ < adaptive.n_iter_ < 1000


def test_momentum(library):
    # "auto" is 200 rows to a step in one library and 32 in the other: not the same number of steps
    options = {"solver": "sgd", "learning_rate_init": 0.003, "batch_size": 60}
    plain = coefs(library, momentum=0, **options)
    heavy = coefs(library, momentum=0.9, nesterovs_momentum=False, **options)
    nesterov = coefs(library, momentum=0.9, nesterovs_momentum=True, **options)
    start = coefs(library, momentum=0, **options | {"learning_rate_init": 1e-9})
    assert np.linalg.norm(heavy - start) > 2 * np.linalg.norm(plain - start)
    assert not np.allclose(heavy, nesterov, atol=1e-4)


@pytest.mark.parametrize(
    "options", [{"beta_1": 0.5}, {"beta_2": 0.9}, {"epsilon": 0.1}, {"alpha": 10.0}], ids=str
)
def test_numbers_of_adam_and_the_penalty_count(library, options):
    assert not np.allclose(coefs(library, **options), coefs(library), atol=1e-3)


def test_alpha_shrinks_weights(library):
    weak, strong = (coefs(library, alpha=alpha, max_iter=100) for alpha in (1e-4, 30.0))
    assert np.linalg.norm(strong) < 0.8 * np.linalg.norm(weak)


@pytest.mark.parametrize("batch_size", [16, 178, 1000, "auto"])
def test_batch_sizes_learn(library, batch_size):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # more than there are rows: clipped
        model = classifier(library, batch_size=batch_size, max_iter=60).fit(*WINE)
    assert model.score(*WINE) > 0.95


def test_order_of_rows(library):
    kept = coefs(library, shuffle=False, batch_size=16)
    np.testing.assert_array_equal(kept, coefs(library, shuffle=False, batch_size=16))
    assert not np.allclose(kept, coefs(library, shuffle=True, batch_size=16), atol=1e-3)
    whole = [coefs(library, shuffle=shuffle, batch_size=178) for shuffle in (False, True)]
    np.testing.assert_allclose(*whole, rtol=1e-2, atol=1e-4)  # no batches, no order


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_random_state_decides(library, solver):
    one, same, other = (coefs(library, solver=solver, random_state=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.allclose(one, other, atol=1e-2)


def test_random_state_may_be_a_generator(library):
    generator = np.random.RandomState(3)
    first, second = (coefs(library, random_state=generator) for _ in range(2))
    np.testing.assert_array_equal(first, coefs(library, random_state=np.random.RandomState(3)))
    assert not np.allclose(first, second, atol=1e-2)


def test_lbfgs_counts_iterations_and_calls(library):
    model = classifier(library, solver="lbfgs", max_iter=30).fit(*WINE)
    assert 0 < model.n_iter_ <= 30
    assert np.isfinite(model.loss_)
    with pytest.warns(ConvergenceWarning):
        few = classifier(library, solver="lbfgs", max_iter=30, max_fun=2).fit(*WINE)
    assert few.n_iter_ <= 2
    assert few.loss_ > model.loss_


# When training ends.


def test_early_stopping_stops(library):
    rng = np.random.default_rng(0)
    y = np.where(rng.random(178) < 0.3, rng.integers(0, 3, 178), WINE[1])  # some labels are noise
    model = classifier(library, early_stopping=True, max_iter=1000).fit(WINE[0], y)
    assert model.n_iter_ < 1000


def test_early_stopping_stops_numbers_too(library):
    model = regressor(library, early_stopping=True, max_iter=1000).fit(*DIABETES)
    assert model.n_iter_ < 1000
    assert model.score(*DIABETES) > 0.4


@pytest.mark.filterwarnings("error::sklearn.exceptions.ConvergenceWarning")
def test_a_plateau_of_the_training_loss_stops(library):
    options = PLAIN | {"n_iter_no_change": 5, "max_iter": 1000}
    patient = classifier(library, **options).fit(*WINE)
    hasty = classifier(library, **options | {"tol": 0.1}).fit(*WINE)
    assert hasty.n_iter_ < patient.n_iter_ < 1000


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_warning_if_not_converged(library, solver):
    model = classifier(library, **PLAIN | {"solver": solver, "max_iter": 3})
    with pytest.warns(ConvergenceWarning):
        model.fit(*WINE)


def test_verbose_prints(library, capsys):
    classifier(library, max_iter=3).fit(*WINE)
    assert not capsys.readouterr().out
    classifier(library, max_iter=3, verbose=True).fit(*WINE)
    assert len(capsys.readouterr().out.splitlines()) >= 3


# Going on.


def test_warm_start_goes_on(library):
    model = classifier(library, warm_start=True, max_iter=10).fit(*WINE)
    loss, before = model.loss_, [coef.copy() for coef in model.coefs_]
    model.set_params(learning_rate_init=1e-9).fit(*WINE)
    np.testing.assert_allclose(model.coefs_[0], before[0], atol=1e-5)
    model.set_params(learning_rate_init=0.03).fit(*WINE)
    assert model.loss_ < loss
    assert len(model.loss_curve_) == 30
    assert (model.n_iter_, model.t_) == (10, 30 * 178)


def test_warm_start_one_iteration_at_a_time(library):
    model = classifier(library, max_iter=1, warm_start=True)
    losses = [model.fit(*WINE).loss_ for _ in range(10)]
    assert losses == model.loss_curve_ == sorted(losses, reverse=True)


def test_warm_start_of_lbfgs(library):
    model = classifier(library, solver="lbfgs", alpha=0, max_iter=5, warm_start=True)
    losses = [model.fit(*WINE).loss_ for _ in range(4)]
    assert losses == sorted(losses, reverse=True)


def test_warm_start_refuses_other_classes(library):
    X, y = WINE
    model = classifier(library, max_iter=2, warm_start=True).fit(X, y)
    for other in (y + 1, np.minimum(y, 1)):
        with pytest.raises(ValueError):
            model.fit(X, other)


def test_without_warm_start_fit_begins_anew(library):
    model = classifier(library).fit(*WINE)
    first = model.coefs_[0].copy()
    np.testing.assert_array_equal(model.fit(*WINE).coefs_[0], first)
    assert len(model.loss_curve_) == 20
    assert model.fit(*TWO).classes_.tolist() == [0, 1]


def test_partial_fit_learns_from_chunks(library):
    X, y = WINE
    order = np.random.default_rng(0).permutation(178)
    model = classifier(library)
    for epoch in range(20):
        for rows in np.array_split(order, 2):
            model.partial_fit(X[rows], y[rows], classes=[2, 0, 1] if epoch == 0 else None)
    assert model.score(X, y) > 0.95
    assert model.classes_.tolist() == [0, 1, 2]
    assert (model.n_iter_, model.t_, len(model.loss_curve_)) == (1, 20 * 178, 40)


def test_partial_fit_needs_the_classes_in_its_first_call(library):
    X, y = WINE
    with pytest.raises(ValueError):
        classifier(library).partial_fit(X, y)
    model = classifier(library).partial_fit(X[:89], y[:89], classes=[0, 1, 2])  # no 2 in these
    assert model.predict_proba(X).shape == (178, 3)
    assert model.partial_fit(X[89:], y[89:]) is model


def test_partial_fit_refuses_unseen_classes(library):
    X, y = WINE
    model = classifier(library).partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(ValueError):
        model.partial_fit(X, y + 1)
    with pytest.raises(ValueError):
        model.partial_fit(X, y, classes=[0, 1, 2, 3])


def test_partial_fit_of_several_labels(library):
    X, y = WINE[0], labels_of_wine()
    model = classifier(library, learning_rate_init=0.02)
    for _ in range(60):
        model.partial_fit(X, y, classes=[0, 1, 2])
    assert model.predict(X).shape == y.shape
    assert model.score(X, y) > 0.7


def test_partial_fit_of_numbers(library):
    X, y = DIABETES
    model = regressor(library)
    scores = [model.partial_fit(X, y).score(X, y) for _ in range(40)]
    assert scores[-1] > max(scores[0], 0.4)


def test_partial_fit_after_fit_goes_on(library):
    model = classifier(library).fit(*WINE)
    loss = model.loss_
    assert model.partial_fit(*WINE).loss_ < 1.5 * loss
    assert (model.t_, len(model.loss_curve_)) == (21 * 178, 21)


def test_partial_fit_is_not_there_for_lbfgs(library):
    assert not hasattr(classifier(library, solver="lbfgs"), "partial_fit")
    assert hasattr(classifier(library, solver="sgd"), "partial_fit")


def test_partial_fit_refuses_early_stopping(library):
    with pytest.raises(ValueError):
        classifier(library, early_stopping=True).partial_fit(*WINE, classes=[0, 1, 2])


# What is refused.


@pytest.mark.parametrize(
    "option",
    [
        {"alpha": -1.0},
        {"hidden_layer_sizes": 0},
        {"hidden_layer_sizes": (8, -3)},
        {"activation": "sinus"},
        {"solver": "newton"},
        {"batch_size": 0},
        {"batch_size": "small"},
        {"learning_rate": "fast"},
        {"learning_rate_init": 0.0},
        {"power_t": -1.0},
        {"max_iter": 0},
        {"max_iter": 2.5},
        {"random_state": "zero"},
        {"tol": -1e-4},
        {"momentum": 1.5},
        {"momentum": -0.1},
        {"early_stopping": True, "validation_fraction": 1.0},
        {"early_stopping": True, "validation_fraction": -0.1},
        {"beta_1": 1.0},
        {"beta_2": -0.5},
        {"epsilon": 0.0},
        {"n_iter_no_change": 0},
        {"max_fun": 0},
    ],
    ids=str,
)
def test_bad_parameters_are_refused(library, option):
    with pytest.raises(ValueError):
        classifier(library, **option).fit(*WINE)
    with pytest.raises(ValueError):
        regressor(library, **option).fit(*DIABETES)


@pytest.mark.parametrize(
    "option",
    [
        {"alpha": 0},
        {"tol": 0},
        {"power_t": 0},
        {"momentum": 0},
        {"momentum": 1},
        {"beta_1": 0},
        {"beta_2": 0},
        {"validation_fraction": 0},
        {"n_iter_no_change": np.inf},
        {"max_iter": np.int64(2)},
        {"verbose": 0},
        {"alpha": np.float32(0.1)},
    ],
    ids=str,
)
def test_ends_of_the_ranges_are_taken(library, option):
    model = classifier(library, **{"max_iter": 2, "solver": "sgd"} | option)
    assert model.fit(*WINE).n_iter_ == 2


def test_not_fitted(library):
    for method in ("predict", "predict_proba", "predict_log_proba"):
        with pytest.raises(NotFittedError):
            getattr(classifier(library), method)(WINE[0])
    with pytest.raises(NotFittedError):
        regressor(library).predict(WINE[0])


@pytest.mark.parametrize(
    ("X", "y"),
    [
        (WINE[0], WINE[1][:-1]),
        (WINE[0][0], WINE[1]),
        (WINE[0][:0], WINE[1][:0]),
        (np.where(np.arange(13) == 2, np.inf, WINE[0]), WINE[1]),
        (WINE[0], np.where(WINE[1] == 0, np.nan, WINE[1])),
    ],
    ids=["lengths differ", "one dimension", "no rows", "infinite inputs", "missing targets"],
)
def test_bad_tables_are_refused(library, X, y):
    with pytest.raises(ValueError):
        classifier(library).fit(X, y)
    with pytest.raises(ValueError):
        regressor(library).fit(X, y)


def test_numbers_are_no_classes(library):
    with pytest.raises(ValueError):
        classifier(library).fit(*DIABETES)


def test_another_number_of_columns_is_refused(library):
    for make, (X, y) in ((classifier, WINE), (regressor, DIABETES)):
        model = make(library).fit(X, y)
        with pytest.raises(ValueError):
            model.predict(X[:, 1:])
        with pytest.raises(ValueError):
            model.partial_fit(X[:, 1:], y)


# Among the tools of scikit-learn.


@pytest.mark.parametrize(
    "again",
    [
        lambda model: pickle.loads(pickle.dumps(model)),
        lambda model: joblib.load(_written(model)),
    ],
    ids=["pickle", "joblib"],
)
def test_a_copy_through_a_file_predicts_the_same(library, again):
    for make, (X, y) in ((classifier, WINE), (regressor, DIABETES)):
        model = make(library).fit(X, y)
        copy = again(model)
        np.testing.assert_array_equal(copy.predict(X), model.predict(X))
        assert copy.partial_fit(X, y).t_ == model.t_ + len(X)


def _written(model):
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    return file


def test_clone_and_parameters(library):
    model = classifier(library, alpha=0.5).fit(*WINE)
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    assert not hasattr(copy, "coefs_")
    assert copy.set_params(alpha=0.25, hidden_layer_sizes=(4,)).alpha == 0.25
    with pytest.raises(ValueError):
        copy.set_params(no_such_parameter=1)


def test_kind_of_estimator(library):
    assert is_classifier(classifier(library))
    assert is_regressor(regressor(library))


def test_grid_search(library):
    grid = {"alpha": [1e-4, 1.0], "hidden_layer_sizes": [(4,), (8,)]}
    search = GridSearchCV(classifier(library), grid, cv=3).fit(*WINE)
    assert search.best_params_.keys() == grid.keys()
    assert search.best_score_ > 0.9
    assert search.best_estimator_.predict(WINE[0]).shape == (178,)


def test_pipeline_with_a_scaler(library):
    X, y = load_wine(return_X_y=True)
    model = make_pipeline(StandardScaler(), classifier(library, max_iter=60))
    assert cross_val_score(model, X, y, cv=3).mean() > 0.93
    assert model.set_params(mlpclassifier__alpha=0.5)[-1].alpha == 0.5


def test_columns_of_a_frame_through_a_column_transformer(library):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"size": rng.normal(size=200), "colour": rng.choice(["red", "blue"], 200)})
    y = np.where((frame["size"] > 0) ^ (frame["colour"] == "red"), "in", "out")
    columns = ColumnTransformer(
        [("numbers", StandardScaler(), ["size"]), ("classes", OneHotEncoder(), ["colour"])]
    )
    model = make_pipeline(columns, classifier(library, max_iter=200, learning_rate_init=0.05))
    assert model.fit(frame, y).score(frame, y) > 0.93


def test_calibration(library):
    model = CalibratedClassifierCV(classifier(library), cv=2).fit(*WINE)
    assert model.score(*WINE) > 0.9


def test_voting(library):
    members = [("network", classifier(library)), ("linear", LogisticRegression())]
    assert VotingClassifier(members, voting="soft").fit(*WINE).score(*WINE) > 0.9


def test_one_against_the_rest(library):
    model = OneVsRestClassifier(classifier(library, max_iter=100)).fit(*WINE)
    assert model.score(*WINE) > 0.95


def test_predictions_across_folds(library):
    proba = cross_val_predict(classifier(library), *WINE, cv=3, method="predict_proba")
    assert proba.shape == (178, 3)
    assert (proba.argmax(axis=1) == WINE[1]).mean() > 0.9


def test_target_transformed(library):
    X, y = load_diabetes(return_X_y=True)
    model = TransformedTargetRegressor(
        regressor(library, max_iter=100), transformer=StandardScaler()
    )
    assert model.fit(scale(X), y).score(scale(X), y) > 0.4


def test_permutation_importance(library):
    X = np.random.default_rng(0).normal(size=(178, 13))
    X[:, 4] = WINE[1]
    model = classifier(library, max_iter=100).fit(X, WINE[1])
    importances = permutation_importance(model, X, WINE[1], n_repeats=3, random_state=0)
    assert importances.importances_mean.argmax() == 4


def test_learning_curve(library):
    sizes, _, scores = learning_curve(
        classifier(library), *WINE, train_sizes=[0.5, 1.0], cv=2, shuffle=True, random_state=0
    )
    assert len(sizes) == len(scores) == 2
    assert scores[-1].mean() > 0.8


def test_weights_are_routed_through_a_pipeline(library_of_1_7):
    w = np.where(WINE[1] == 0, 5.0, 0.2)
    with sklearn.config_context(enable_metadata_routing=True):
        last = classifier(library_of_1_7).set_fit_request(sample_weight=True)
        first = StandardScaler().set_fit_request(sample_weight=False)
        routed = make_pipeline(first, last).fit(*WINE, sample_weight=w)
    direct = classifier(library_of_1_7).fit(*WINE, sample_weight=w)
    np.testing.assert_allclose(routed[-1].coefs_[0], direct.coefs_[0], rtol=1e-2, atol=1e-3)


def test_html_representation(library):
    for model in (classifier(library), classifier(library, max_iter=2).fit(*WINE)):
        assert "MLPClassifier" in model._repr_html_()


# Finer points that programs rely on.


def test_a_column_vector_is_taken_with_a_warning(library):
    for model, (X, y) in ((classifier(library), WINE), (regressor(library), DIABETES)):
        with pytest.warns(sklearn.exceptions.DataConversionWarning):
            model.fit(X, y[:, None])


def test_unknown_losses_are_refused(library_of_1_7):
    with pytest.raises(ValueError):
        regressor(library_of_1_7, loss="hinge").fit(*DIABETES)


@pytest.mark.parametrize(
    "name", ["shuffle", "warm_start", "nesterovs_momentum", "early_stopping", "verbose"]
)
def test_switches_are_no_text(library, name):
    with pytest.raises(ValueError):
        classifier(library, solver="sgd", max_iter=2, **{name: "yes"}).fit(*WINE)


LINEAR = {"hidden_layer_sizes": (), "solver": "lbfgs", "max_iter": 500, "tol": 1e-6}


def test_alpha_without_hidden_layers_is_that_of_linear_models(library):
    logistic = LogisticRegression(C=1 / 5.0, tol=1e-8).fit(*CANCER)
    model = classifier(library, alpha=5.0, **LINEAR).fit(*CANCER)
    np.testing.assert_allclose(
        model.predict_proba(CANCER[0]), logistic.predict_proba(CANCER[0]), atol=0.02
    )
    ridge = Ridge(alpha=50.0).fit(*DIABETES)
    model = regressor(library, alpha=50.0, **LINEAR).fit(*DIABETES)
    np.testing.assert_allclose(model.predict(DIABETES[0]), ridge.predict(DIABETES[0]), atol=0.02)


def test_the_loss_of_lbfgs_is_cross_entropy_with_the_penalty(library):
    model = classifier(library, alpha=5.0, **LINEAR).fit(*WINE)
    penalty = 5.0 / 2 * (model.coefs_[0] ** 2).sum() / 178
    assert model.loss_ == pytest.approx(
        log_loss(WINE[1], model.predict_proba(WINE[0])) + penalty, rel=0.01
    )


def test_a_weight_of_two_is_the_row_twice_and_of_zero_no_row(library_of_1_7):
    (X, y), weights = WINE, np.arange(178) % 3
    rows = np.repeat(np.arange(178), weights)
    weighted = classifier(library_of_1_7, alpha=5.0, **LINEAR).fit(X, y, weights)
    repeated = classifier(library_of_1_7, alpha=5.0, **LINEAR).fit(X[rows], y[rows])
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), atol=0.02)


def test_rows_held_out_are_not_rows_seen(library):
    model = regressor(library, early_stopping=True, validation_fraction=0.3).fit(*DIABETES)
    assert model.t_ == model.n_iter_ * 309


def test_without_random_state_numpys_seed_decides(library):
    runs = []
    for seed in (5, 5, 6):
        np.random.seed(seed)  # noqa: NPY002
        runs.append(coefs(library, random_state=None))
    np.testing.assert_array_equal(runs[0], runs[1])
    assert not np.allclose(runs[0], runs[2], atol=1e-2)


def test_nothing_of_a_fit_is_there_before_it(library):
    for model in (classifier(library), regressor(library)):
        for name in ("coefs_", "intercepts_", "classes_", "loss_", "loss_curve_", "best_loss_"):
            assert not hasattr(model, name)
        assert not hasattr(model, "n_iter_")
        assert not hasattr(model, "decision_function")


def test_integer_types_of_labels_are_kept(library):
    for dtype in (np.uint8, np.int32, np.int64, np.bool_):
        y = (WINE[1] > 0).astype(dtype)
        model = classifier(library, max_iter=2).fit(WINE[0], y)
        assert model.classes_.dtype == model.predict(WINE[0]).dtype == dtype


def test_weights_in_partial_fit_count(library_of_1_7):
    (X, y), w = WINE, np.where(WINE[1] == 0, 10.0, 0.1)
    plain, weighted, ones = (
        classifier(library_of_1_7).partial_fit(X, y, sample_weight=given, classes=[0, 1, 2])
        for given in (None, w, np.ones(178))
    )
    np.testing.assert_allclose(ones.coefs_[0], plain.coefs_[0], rtol=1e-4, atol=1e-6)
    assert not np.allclose(weighted.coefs_[-1], plain.coefs_[-1], atol=1e-4)


def test_learning_curve_by_partial_fit(library):
    _, _, scores = learning_curve(
        classifier(library), *WINE, train_sizes=[0.5, 1.0], cv=2, shuffle=True, random_state=0,
        exploit_incremental_learning=True, error_score="raise",
    )  # fmt: skip
    assert np.isfinite(scores).all()


def test_ensembles_and_several_outputs(library):
    bagged = BaggingClassifier(classifier(library), n_estimators=2, random_state=0).fit(*WINE)
    assert bagged.score(*WINE) > 0.9
    y = np.column_stack([DIABETES[1], DIABETES[0][:, 2]])
    assert MultiOutputRegressor(regressor(library)).fit(DIABETES[0], y).score(DIABETES[0], y) > 0.4


def test_partial_dependence(library):
    found = partial_dependence(
        regressor(library).fit(*DIABETES), DIABETES[0], [2], grid_resolution=5
    )
    assert found["average"].shape == (1, 5)
    assert found["average"][0, -1] > found["average"][0, 0]  # progression rises with bmi


def test_weights_are_routed_through_a_search(library_of_1_7):
    w = np.where(WINE[1] == 0, 5.0, 0.2)
    with sklearn.config_context(enable_metadata_routing=True):
        model = classifier(library_of_1_7)
        model.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        search = GridSearchCV(model, {"alpha": [0.1, 1.0]}, cv=2).fit(*WINE, sample_weight=w)
    direct = clone(search.best_estimator_).fit(*WINE, sample_weight=w)
    np.testing.assert_allclose(search.best_estimator_.coefs_[0], direct.coefs_[0], rtol=1e-5)


def test_a_pipeline_of_frames(library):
    X = pd.DataFrame(WINE[0], columns=[f"column {i}" for i in range(13)])
    model = make_pipeline(StandardScaler(), classifier(library)).set_output(transform="pandas")
    assert model.fit(X, WINE[1]).score(X, WINE[1]) > 0.9
    np.testing.assert_array_equal(model[-1].feature_names_in_, X.columns)


def test_text_representation_shows_what_was_given(library):
    text = repr(library.MLPClassifier(alpha=0.7, hidden_layer_sizes=(3,)))
    assert text == "MLPClassifier(alpha=0.7, hidden_layer_sizes=(3,))"


def test_deepcopy_is_independent(library):
    model = classifier(library).fit(*WINE)
    other = deepcopy(model)
    other.coefs_[0][:] = 0
    assert model.score(*WINE) > 0.9
    assert np.ptp(other.predict_proba(WINE[0]), axis=0).max() < 1e-6
