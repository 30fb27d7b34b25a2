"""The tabular estimators: what they promise beyond the MLP ones, on real tables and odd ones."""

import signal

import numpy as np
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.model_selection import train_test_split

from chainrule import MLPRegressor, TabularClassifier, TabularRegressor, engine, load
from chainrule.data.rows.rows import as_rows
from chainrule.data.target.numbers import has_long_tail
from chainrule.errors import ChainruleError, DataError, InterruptedWarning, OptionError
from chainrule.fitting import bagging
from chainrule.fitting.bagging import _parts
from chainrule.fitting.recipe import recipe_for
from chainrule.fitting.temperature import temperature

QUICK = {"hidden_layer_sizes": 8, "max_iter": 6, "n_networks": 2, "random_state": 0}
RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def diabetes():
    X, y = load_diabetes(return_X_y=True)
    parts = train_test_split(X, y, test_size=0.4, random_state=0)
    return TabularRegressor(random_state=0).fit(parts[0], parts[2]), *parts


@pytest.fixture(scope="module")
def tumours():
    X, y = load_breast_cancer(return_X_y=True)
    parts = train_test_split(X, y, test_size=0.4, random_state=0, stratify=y)
    return TabularClassifier(random_state=0).fit(parts[0], parts[2]), *parts


def test_it_is_accurate_and_calibrated(tumours):
    model, _, X, _, y = tumours
    assert model.score(X, y) > 0.96
    p = np.clip(model.predict_proba(X)[np.arange(len(y)), y], 1e-9, 1)
    assert -np.log(p).mean() < 0.12
    assert len(model.members_) == model.recipe_.n_networks == 5


@pytest.mark.slow
def test_it_beats_the_plain_network(diabetes):
    model, X_train, X, y_train, y = diabetes
    assert model.score(X, y) > MLPRegressor(random_state=0).fit(X_train, y_train).score(X, y)


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9])
def test_intervals_cover_what_they_say(diabetes, coverage):
    model, _, X, _, y = diabetes
    low, high = model.predict_interval(X, coverage).T
    covered = ((low <= y) & (y <= high)).mean()
    deviation = np.sqrt(coverage * (1 - coverage) / len(y))
    assert abs(covered - coverage) < 3 * deviation


def test_predictions_stay_within_the_range_of_training(diabetes):
    model, X_train, _, y_train, _ = diabetes
    far = model.predict(50 * X_train)
    assert far.min() >= y_train.min()
    assert far.max() <= y_train.max()


def test_members_are_as_the_engine_has_them(tumours):
    model, X, *_ = tumours
    x = model.fitted_.encoder.transform(X, np.float32)
    raw = engine.predict(model.network_, engine.SigmoidCrossEntropy(), model.params_, x, raw=True)
    np.testing.assert_allclose(
        model.fitted_.networks[0].outputs(x, raw=True), raw, rtol=1e-3, atol=1e-3
    )
    mean = np.mean([member.predict_proba(X) for member in model.members_], axis=0)
    np.testing.assert_allclose(model.predict_proba(X), mean, atol=1e-6)


def test_its_gradients_can_be_checked_and_a_row_explained(tumours):
    model, X, _, y, _ = tumours
    assert model.check_gradients(X[:20], y[:20]).ok
    assert "soft_clip" in str(model.trace(X[:2], y[:2]).to_dict())
    assert "scale" in str(model.explain(X[:1], y[:1]))


def test_the_temperature_of_planted_outputs_is_found():
    z = RNG.normal(size=(40_000, 3)) * 2
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    y = np.eye(3)[(p.cumsum(axis=1) > RNG.random((len(p), 1))).argmax(axis=1)]
    assert temperature(z * 4, y, np.ones(len(z))) == pytest.approx(0.25, rel=0.03)
    one = (RNG.random((len(z), 1)) < 1 / (1 + np.exp(-z[:, :1]))).astype(float)
    assert temperature(z[:, :1] / 2, one, np.ones(len(z))) == pytest.approx(2, rel=0.05)


@pytest.mark.parametrize("groups", [None, np.arange(60) // 4])
def test_every_row_is_left_out_once_and_groups_as_a_whole(groups):
    table = as_rows(RNG.normal(size=(60, 2)), np.arange(60) % 3, groups=groups)
    held = []
    for rows, out in _parts(table, seed=0, n_networks=5, stratify=True):
        assert not set(rows) & set(out)
        if groups is None:
            assert np.unique(table.targets[out], return_counts=True)[1].tolist() == [4, 4, 4]
        else:
            assert not set(groups[rows]) & set(groups[out])
        held += out.tolist()
    assert sorted(held) == list(range(60))


@pytest.mark.parametrize(
    ("classes", "n_networks"), [(np.repeat(np.arange(7), 4), 1), (np.arange(20) % 2, 25)]
)
def test_few_rows_of_each_class_are_parted_too(classes, n_networks):
    parts = list(
        _parts(as_rows(np.zeros((len(classes), 1)), classes), 0, n_networks, stratify=True)
    )
    assert len(parts) == n_networks
    for rows, out in parts:
        assert len(out)
        assert sorted([*rows, *out]) == list(range(len(classes)))


def test_the_recipe_goes_by_the_size_of_the_table():
    by_size = [recipe_for(TabularClassifier(), n) for n in (30, 150, 5000, 500_000)]
    assert [r.batch_size for r in by_size] == [15, 75, 128, 1024]
    assert [r.n_networks for r in by_size] == [5, 5, 5, 2]
    assert [r.max_iter for r in by_size] == [200, 200, 128, 12]
    large = recipe_for(TabularRegressor(size="large", batch_size=50), 5000)
    assert large.hidden_layer_sizes == (256, 256, 256)
    assert (large.n_networks, large.batch_size, large.max_iter) == (8, 50, 64)
    with pytest.raises(OptionError, match='size="huge"|size=.huge.'):
        TabularClassifier(size="huge").fit(np.ones((4, 2)), [0, 1, 0, 1])


def test_what_is_set_holds_and_what_is_auto_stays():
    X, y = RNG.normal(size=(80, 3)), np.arange(80) % 2
    model = TabularClassifier(12, "relu", max_iter=6, n_networks=3, random_state=0).fit(X, y)
    assert [w.shape[1] for w in model.coefs_] == [12, 1]
    assert len(model.members_) == 3
    assert model.batch_size == "auto"
    again = clone(model).fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))


def test_a_time_limit_leaves_networks_out():
    X, y = RNG.normal(size=(3000, 10)), RNG.normal(size=3000)
    with pytest.warns(UserWarning, match="time limit"):
        model = TabularRegressor(time_limit=0.5, random_state=0, max_iter=5000).fit(X, y)
    assert 1 <= len(model.fitted_.networks) <= 5
    assert np.isfinite(model.predict(X)).all()


def test_networks_that_train_at_the_same_time_are_as_alone(monkeypatch):
    X, y = RNG.normal(size=(80, 3)), RNG.normal(size=80)
    found = []
    for n_cores in (1, 3):
        monkeypatch.setattr(bagging, "n_cores", lambda n=n_cores: n)
        told = []
        model = TabularRegressor(8, max_iter=6, random_state=0)
        found.append(model.fit(X, y, on_progress=told.append).predict(X))
        done = [progress.epoch for progress in told]
        assert done == sorted(done)
        assert told[-1].n_epochs == 30
    np.testing.assert_array_equal(*found)


@pytest.mark.usefixtures("ctrl_c_as_usual")
def test_ctrl_c_ends_all_networks_and_keeps_what_there_is():
    X, y = RNG.normal(size=(80, 3)), RNG.normal(size=80)

    def press(progress):
        if progress.epoch and not pressed:
            pressed.append(progress)
            signal.raise_signal(signal.SIGINT)

    pressed = []
    with pytest.warns(InterruptedWarning, match="by hand with 1 of 5 networks"):
        model = TabularRegressor(8, max_iter=100_000).fit(X, y, on_progress=press)
    assert (model.stop_, pressed[0].n_epochs) == ("interrupted", 500_000)
    assert np.isfinite(model.predict(X)).all()


def test_validation_rows_of_ones_own_choose_the_epoch_and_calibrate():
    X, y = RNG.normal(size=(90, 3)), RNG.normal(size=90)
    model = TabularRegressor(**QUICK).fit(X[:60], y[:60], X_val=X[60:], y_val=y[60:])
    assert len(model.fitted_.calibration.errors) == 30
    assert "val_loss" in model.history_


ODD = {
    "two rows": (np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([0, 1])),
    "a class of one row": (RNG.normal(size=(40, 2)), np.array([1] + [0] * 39)),
    "equal rows, other labels": (
        np.repeat([[1.0, 2.0], [2.0, 1.0]], 15, axis=0),
        np.arange(30) % 2,
    ),
    "categories alone": (
        pl.DataFrame({"a": RNG.choice(list("xyz"), 50), "b": RNG.choice(list("uv"), 50)}),
        np.arange(50) % 2,
    ),
    "a category of 50,000 values": (
        pl.DataFrame(
            {"a": [f"v{i % 50_000}" for i in range(60_000)], "b": RNG.normal(size=60_000)}
        ),
        np.arange(60_000) % 2,
    ),
    "gaps": (
        pl.DataFrame({"a": [None if i % 3 else float(i) for i in range(60)], "b": range(60)}),
        np.arange(60) % 2,
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_tables_are_learnt(name):
    X, y = ODD[name]
    model = TabularClassifier(**QUICK).fit(X, y)
    p = model.predict_proba(X)
    assert np.isfinite(p).all()
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-5)


def test_a_heavy_tailed_target_is_learnt():
    X = RNG.normal(size=(300, 3))
    y = np.exp(3 * RNG.standard_t(2, size=300))
    predicted = TabularRegressor(**QUICK).fit(X, y).predict(X)
    assert np.isfinite(predicted).all()


@pytest.mark.parametrize(
    ("X", "y", "says"),
    [
        (np.ones((5, 2)) * np.arange(5)[:, None], np.zeros(5), "one class"),
        (np.full((6, 1), np.nan), np.arange(6) % 2, "no value"),
        (np.zeros((0, 2)), [], "row"),
    ],
)
def test_tables_that_cannot_be_used_are_refused_before_training(X, y, says):
    with pytest.raises((ChainruleError, ValueError), match=says):
        TabularClassifier(**QUICK).fit(X, y)


Z = np.random.default_rng(0).normal(size=(300, 2))
TAILS = {"log": np.exp(1.5 * Z[:, 0] + 1.5 * Z[:, 1]), "none": 5 * Z[:, 0] ** 2 + Z[:, 1]}


@pytest.mark.parametrize("pays", TAILS)
def test_of_a_long_tail_the_logarithm_is_learnt_where_that_pays(pays, tmp_path):
    y = TAILS[pays]
    assert has_long_tail(y)
    model = TabularRegressor(n_networks=2, max_iter=30, random_state=0).fit(Z, y)
    assert model.fitted_.target.transform == pays
    assert model.score(Z, y) > 0.7
    again = load(model.save(tmp_path / "model.chr"))
    np.testing.assert_array_equal(again.predict(Z), model.predict(Z))
    asked = TabularRegressor(n_networks=2, max_iter=30, random_state=0, target_transform=pays)
    np.testing.assert_array_equal(asked.fit(Z, y).predict(Z), model.predict(Z))
    low, high = model.predict_interval(Z, 0.9).T
    assert 0.8 < ((low <= y) & (y <= high)).mean() <= 1
    if pays == "log":
        assert "y = (log(1 + " in str(model.explain(Z[:1], y[:1]))


def test_logarithms_are_refused_where_they_cannot_be_meant():
    y = TAILS["log"]
    with pytest.raises(OptionError, match='target_transform="sqrt" is not known.*none'):
        TabularRegressor(target_transform="sqrt").fit(Z, y)
    with pytest.raises(OptionError, match="poisson.*no logarithm"):
        TabularRegressor(target_transform="log", loss="poisson").fit(Z, y)
    days = np.datetime64("2020-01-01") + np.arange(300)
    with pytest.raises(DataError, match='dates, but target_transform="log"'):
        TabularRegressor(target_transform="log").fit(Z, days)


def test_there_is_no_partial_fit():
    assert not hasattr(TabularClassifier(), "partial_fit")
