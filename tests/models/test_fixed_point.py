"""Fixed-point estimators and the associative memory: what they give, say, and refuse."""

import re
import warnings
from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import clone

from chainrule import (
    AssociativeMemory,
    FixedPointClassifier,
    FixedPointRegressor,
    MLPClassifier,
    datasets,
    load,
)
from chainrule.engine import SigmoidCrossEntropy, predict
from chainrule.errors import (
    DataError,
    ModelFileError,
    NotSettledError,
    NotSettledWarning,
    OptionError,
    ShapeError,
)
from chainrule.inspection.picture.network import draw_network

QUICK = {"hidden": 12, "max_iter": 40, "random_state": 0}
SMALL = {"hidden": 5, "max_iter": 3, "random_state": 0}
SMALL |= {"settle_solver": "picard", "adjoint_solver": "picard"}  # quick to compile
IRIS = datasets.load("iris")
X, Y = IRIS.drop("species"), IRIS["species"]


@pytest.fixture(scope="module")
def fitted():
    return FixedPointClassifier(**QUICK, bound=0.9).fit(X, Y)


def test_a_classifier_learns_predicts_and_comes_back_from_its_file(fitted, tmp_path):
    assert fitted.score(X, Y) > 0.94
    again = load(fitted.save(tmp_path / "model.chr"))
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))
    assert again.get_params() == fitted.get_params()
    x = fitted.fitted_.encoder.transform(X, np.float32, who="test")
    ours = predict(fitted.network_, fitted.objective_, fitted.params_, x)
    np.testing.assert_allclose(fitted.predict_proba(X), ours, atol=2e-5)
    assert fitted.transform(X).shape == (150, 12)
    assert np.linalg.norm(fitted.recurrent_coefs_, 2) <= 0.9 / 1.12  # the slope of gelu
    assert fitted._repr_html_inner().count("<svg") >= 1
    more = again.set_params(warm_start=True).fit(X, Y)
    assert more.history_["epoch"][-1] == 80


def test_the_picture_has_the_loops(fitted):
    """The largest weights among the units are arcs, from the largest on; all are in the table."""
    weights, svg = fitted.recurrent_coefs_, draw_network(fitted, most_units=12)
    arcs = re.findall(r'<path [^>]*fill="none"[^>]*><title>([^<]*)</title>', svg)
    order = np.dstack(np.unravel_index(np.argsort(-abs(weights), axis=None), weights.shape))[0]
    named = [f"hidden1[{j}] &lt;- hidden1[{i}]: {weights[i, j]:.4g}" for i, j in order[:12]]
    assert arcs == named
    assert svg.count("<rect") == 144


def test_newtons_method_settles_in_training_and_in_numpy(tmp_path):
    """Without loops held down, plain sweeps would not settle where Newton's method does."""
    model = FixedPointClassifier(**SMALL | {"settle_solver": "newton", "adjoint_solver": "lu"})
    model.fit(X, Y)
    again = load(model.save(tmp_path / "model.chr"))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    x = model.fitted_.encoder.transform(X, np.float32, who="test")
    ours = predict(model.network_, model.objective_, model.params_, x)
    np.testing.assert_allclose(model.predict_proba(X), ours, atol=2e-5)
    assert model.history_["sweeps_max"][-1] < 10
    with pytest.raises(OptionError, match='adjoint_solver="newton" is not known.*auto.*lu'):
        model.set_params(adjoint_solver="newton").fit(X, Y)


SLOWLY = [pytest.param(each, marks=pytest.mark.slow) for each in ("row-sum", "perron", "none")]


@pytest.mark.parametrize("guarantee", ["monotone", "symmetric", *SLOWLY])
def test_every_guarantee_is_kept_in_a_file(guarantee, tmp_path):
    model = FixedPointClassifier(**SMALL, guarantee=guarantee)
    if guarantee == "monotone":  # small steps are sure to settle, but in many sweeps
        model.set_params(settle_solver="auto", adjoint_solver="auto")
    model.fit(X, Y)
    again = load(model.save(tmp_path / "model.chr"))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    again.set_params(warm_start=True).fit(X, Y)


def test_a_regressor_in_units_of_the_target():
    table = datasets.load("diabetes")
    x, y = table.drop("progression"), table["progression"]
    model = FixedPointRegressor(**{**SMALL, "max_iter": 40}, early_stopping=True).fit(x, y)
    assert model.score(x, y) > 0.4
    assert model.predict_interval(x[:3]).shape == (3, 2)


def test_the_report_tells_of_every_epoch_and_of_the_end(fitted):
    report = fitted.settle_report_
    assert len(report.epochs["sweeps"]) == 40
    assert (report.epochs["unsettled"] == 0).all()
    assert (report.epochs["sweeps_max"] >= report.epochs["sweeps"]).all()
    assert report.network.spectral_radius.max() < 0.95
    assert report.network.relative_gradient_error_bound < 1e-4
    assert "unsettled in all epochs: 0 forward, 0 back" in str(report)


def test_the_path_ends_where_prediction_settles():
    model = FixedPointClassifier(**SMALL, guarantee="symmetric").fit(X, Y)
    path = model.settle_path(X[:6])
    assert path.states.shape[1:] == (6, 5)
    assert (path.states[0] == 0).all()
    np.testing.assert_allclose(path.states[-1], model.transform(X[:6]), atol=1e-4)
    assert (np.diff(path.energies, axis=0) < 1e-4).all()


def test_rows_that_do_not_settle_are_never_silent(fitted, tmp_path):
    with pytest.warns(NotSettledWarning, match=r"150 of 150 rows did not settle within 2 sweeps"):
        fitted.predict(X, max_settle=2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted.predict(X, max_settle=20_000)
    strict = FixedPointClassifier(**SMALL, on_unsettled="raise", max_settle=3)
    with pytest.raises(NotSettledError, match=r"unsettled in epoch 1: 100.0% .* Set max_settle="):
        strict.fit(X, Y)
    with pytest.raises(NotSettledError, match=r"samples.*Raise max_settle, or say on_unsettled="):
        strict.fit(X, Y)
    with pytest.raises(NotSettledError, match=r'samples.*Choose guarantee="spectral", lower'):
        clone(strict).set_params(guarantee="none").fit(X, Y)
    loose = FixedPointClassifier(**SMALL, on_unsettled="use", max_settle=3)
    with pytest.warns(NotSettledWarning, match="used as they were"):
        loose.fit(X, Y)
    again = load(loose.save(tmp_path / "model.chr"))
    for model in (loose, again):
        np.testing.assert_array_equal(model.settle_report_.epochs["unsettled"], [150] * 3)
    numbers = FixedPointRegressor(**SMALL, on_unsettled="use", max_settle=3, early_stopping=True)
    held_out = "15 of 15 rows did not settle within 3 sweeps"  # by whose errors it is calibrated
    with (
        pytest.warns(NotSettledWarning, match="used as they were"),
        pytest.warns(NotSettledWarning, match=held_out),
    ):
        numbers.fit(X[:, 1:], X[:, 0])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"hidden": 0}, "hidden=0 must be a whole number of units"),
        ({"activation": ["tanh"]}, "must be a name"),
        ({"bound": 1}, r"bound=1 must be a number in \(0, 1\)"),
        ({"guarantee": None}, 'did you mean "none"'),
        ({"guarantee": "spectrum"}, 'guarantee="spectrum" is not known'),
        ({"guarantee": "spectral", "activation": "softmax"}, "cannot settle: .* Choose one of"),
        ({"activation": "softmax"}, "cannot settle: .* Choose one of"),
        ({"guarantee": "monotone", "mask": np.eye(12)}, "takes no mask"),
        ({"mask": np.ones((3, 3))}, r"mask has shape \(3, 3\), but hidden=12 units need"),
        ({"settle_solver": "lu"}, 'settle_solver="lu" is not known'),
        ({"settle_step": 1.5}, r"settle_step=1.5 must be a number in \(0, 1\]"),
        ({"settle_tol": 0}, r"settle_tol=0 must be a number in \(0, 1\)"),
        ({"tau": 0.5}, "none below settle_step=1"),
        ({"max_settle": 0}, "max_settle=0 must be a whole number"),
        ({"on_unsettled": "ignore"}, 'on_unsettled="ignore" is not known'),
        ({"dropout": 1}, "dropout=1 must be a probability"),
    ],
)
def test_parameters_that_cannot_work(options, words):
    with pytest.raises(OptionError, match=words):
        FixedPointClassifier(**{**QUICK, **options}).fit(X, Y)


def test_a_float64_fit_is_silent_for_those_who_have_not_switched_jax():
    import jax

    with jax.enable_x64(False), warnings.catch_warnings():
        warnings.simplefilter("error")
        MLPClassifier((4,), max_iter=2, dtype="float64", random_state=0).fit(X, Y)


PATTERNS = np.array([[1, 1, 1, 1, 0, 0, 0, 0, 1], [1, 0, 1, 0, 1, 0, 1, 0, 0]])


def test_a_memory_completes_and_corrects():
    memory = AssociativeMemory(hidden=8, n_examples=4000, random_state=0).fit(PATTERNS)
    np.testing.assert_array_equal(memory.predict(PATTERNS), PATTERNS)
    x, y = memory.corrupt(200, missing=0.3, random_state=1)
    assert np.isnan(x).mean() == pytest.approx(0.3, abs=0.05)
    assert memory.score(x, y) > 0.9
    named = AssociativeMemory(hidden=8, n_examples=4000, random_state=0).fit(2.0 * PATTERNS - 1)
    assert set(np.unique(named.predict(2 * PATTERNS - 1))) == {-1.0, 1.0}
    path = memory.settle_path(x[:2])
    assert (np.diff(path.energies, axis=0) < 1e-4).all()
    assert memory.read_out(path.states[-1]).shape == (2, 9)


@pytest.mark.parametrize(
    ("patterns", "words"),
    [
        (np.zeros(3), "expects patterns of shape"),
        (np.array([[0, 1, 2]]), "hold 3 values"),
        (np.array([[0.0, np.nan]]), "without gaps"),
        (np.array([[0, 1], [0, 1]]), "Two patterns are the same"),
    ],
)
def test_patterns_that_cannot_be_learnt(patterns, words):
    with pytest.raises((DataError, ShapeError), match=words):
        AssociativeMemory(n_examples=100).fit(patterns)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "float32"])
def test_a_memory_comes_back_from_its_file(dtype, tmp_path):
    quick = AssociativeMemory(hidden=4, n_examples=500, max_iter=1, random_state=0)
    memory = quick.fit(PATTERNS.astype(dtype))
    again = load(memory.save(tmp_path / "memory.chr"))
    x, _ = memory.corrupt(20, missing=0.3, flipped=0.1, random_state=1)
    np.testing.assert_array_equal(again.predict_proba(x), memory.predict_proba(x))
    np.testing.assert_array_equal(again.patterns_, memory.patterns_)
    assert again.predict(x).dtype == dtype
    assert again.get_params() == memory.get_params()
    np.testing.assert_array_equal(again.history_["running_loss"], memory.history_["running_loss"])
    ours = predict(again.network_, SigmoidCrossEntropy(), again.params_, again._force(x))
    np.testing.assert_allclose(ours, memory.predict_proba(x), atol=2e-2)


def test_a_file_whose_patterns_do_not_fit_its_network(tmp_path):
    quick = AssociativeMemory(hidden=4, n_examples=200, max_iter=1, random_state=0)
    memory = quick.fit(PATTERNS)
    memory.fitted_ = replace(memory.fitted_, patterns=memory.patterns_[:, 1:])
    with pytest.raises(ModelFileError, match="do not fit a network of 9 elements"):
        load(memory.save(tmp_path / "memory.chr"))


def test_questions_that_a_memory_cannot_take():
    memory = AssociativeMemory(hidden=2, n_examples=200, max_iter=1, random_state=0).fit(PATTERNS)
    with pytest.raises(DataError, match="Element 1 of row 0 is 7"):
        memory.predict([[0, 7, 0, 0, 0, 0, 0, 0, 0]])
    with pytest.raises(ShapeError, match=r"expects \(rows, 9\)"):
        memory.predict([[0, 1]])
    with pytest.raises(OptionError, match="flipped=2 must be a share"):
        AssociativeMemory(flipped=2).fit(PATTERNS)
