"""The models to compare with: what they see, that they end in time, and what is said of it."""

import numpy as np
import polars as pl
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from chainrule import MLPClassifier, MLPRegressor
from chainrule.data.rows.rows import as_rows
from chainrule.judging import baselines
from chainrule.judging.baselines import TREES, Timed, TreeTable, score_baselines

RNG = np.random.default_rng(0)
N = 1500
CITIES = np.array([f"city {i}" for i in range(150)])
CITY = RNG.integers(0, 150, N)
EFFECT = RNG.normal(size=150)[CITY]
TABLE = pl.DataFrame(
    {
        "x": np.where(RNG.random(N) < 0.1, np.nan, RNG.normal(size=N)),
        "zone": RNG.choice(["north", "south", "west"], N),
        "city": CITIES[CITY],
    }
).with_columns(pl.col("x").fill_nan(None))
TRAIN, TEST = np.arange(N) < 1200, np.arange(N) >= 1200


def fitted(kind, y, table=TABLE):
    rows = as_rows(table, y)
    train, test = (rows.take(np.flatnonzero(part)) for part in (TRAIN, TEST))
    return kind((4,), max_iter=2, random_state=0).fit(train, train.y), train, test


@pytest.mark.parametrize("classes", [None, 2, 3])
def test_trees_see_all_that_many_levels_tell(classes):
    cuts = None if classes is None else np.linspace(0, 1, classes + 1)[1:-1]
    y = EFFECT if classes is None else np.digitize(EFFECT, np.quantile(EFFECT, cuts))
    model, train, test = fitted(MLPRegressor if classes is None else MLPClassifier, y)
    assert score_baselines(model, train, test).scores[TREES] > (0.8 if classes is None else 0.85)


def test_classes_with_a_single_row_are_told_too():
    y = np.where(np.arange(N) == 3, "lonely", np.where(EFFECT > 0, "up", "down"))
    model, train, test = fitted(MLPClassifier, y)
    assert score_baselines(model, train, test).scores[TREES] > 0.85


def test_trees_see_numbers_as_they_are_and_few_levels_as_categories():
    model, train, test = fitted(MLPRegressor, EFFECT)
    new = test.take(np.arange(2))
    table = TreeTable(model.fitted_.encoder, train.columns, new.columns)
    x, x_new = table.told(train.targets, 0)
    assert table.categories == [0]
    assert (x.shape, x_new.shape) == ((1200, 3), (2, 3))
    np.testing.assert_array_equal(x[:, 1], TABLE["x"].to_numpy()[TRAIN])
    places = {zone: place for place, zone in enumerate(dict.fromkeys(TABLE["zone"]))}
    assert x[:, 0].tolist() == [places[zone] for zone in TABLE["zone"][:1200]]
    other = pl.DataFrame({"x": [1.0, 2.0], "zone": ["east", None], "city": ["city 1", "Rome"]})
    table = TreeTable(model.fitted_.encoder, train.columns, as_rows(other, [0.0, 0.0]).columns)
    told = table.told(train.targets, 0)[1]
    assert (told[:, 0] < 0).tolist() == [True, False]
    assert np.isnan(told[:, 0]).tolist() == [False, True]
    assert told[1, 2] == pytest.approx(EFFECT[TRAIN].mean(), abs=1e-6)  # nothing is known of Rome


def test_numbers_alone_give_what_scikit_learn_does():
    X, y = load_breast_cancer(return_X_y=True)
    train, test = as_rows(X[:400], y[:400]), as_rows(X[400:], y[400:])
    model = MLPClassifier((4,), max_iter=2, random_state=0).fit(train, train.y)
    trees = HistGradientBoostingClassifier(random_state=0).fit(X[:400], y[:400])
    scaler = StandardScaler().fit(X[:400])
    line = LogisticRegression(max_iter=1000).fit(scaler.transform(X[:400]), y[:400])
    assert score_baselines(model, train, test).scores == {
        TREES: pytest.approx(trees.score(X[400:], y[400:])),
        "logistic regression": pytest.approx(line.score(scaler.transform(X[400:]), y[400:])),
        "always the commonest": pytest.approx(max(y[400:].mean(), 1 - y[400:].mean())),
    }


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("kind", [HistGradientBoostingRegressor, LogisticRegression])
def test_what_has_time_is_fitted_whole_and_what_has_not_stops(kind):
    x = RNG.normal(size=(600, 5))
    y = (x[:, 0] + RNG.normal(size=600) > 0).astype(int)
    trees, shares = kind is HistGradientBoostingRegressor, []
    options = {"random_state": 0} if trees else {"max_iter": 100}
    rows = x, y, np.ones(600)
    whole = kind(**options).fit(*rows[:2])
    timed = kind(**options)
    assert Timed(1e6, shares.append).fit(timed, *rows, counts_all=trees) == ""
    assert shares[0] == 0
    if trees:
        np.testing.assert_array_equal(timed.predict(x), whole.predict(x))
        assert shares == [0, 0.05, 0.3, 1]
    else:
        np.testing.assert_allclose(timed.coef_, whole.coef_, atol=1e-3)
    hurried = kind(**options).set_params(**({} if trees else {"tol": 0}))
    cut = Timed(1e-9, shares.append).fit(hurried, *rows, counts_all=trees)
    assert cut == "after 5 of 100 rounds"
    assert np.max(hurried.n_iter_) <= 5


def test_a_large_table_is_learnt_from_by_a_sample_and_it_is_said(monkeypatch):
    monkeypatch.setattr(baselines, "MOST_ROWS", 700)
    monkeypatch.setattr(baselines, "SMALL", 0)
    model, train, test = fitted(MLPRegressor, EFFECT)
    told = []
    found = score_baselines(
        model, train, test, seconds=1e-9, on_progress=lambda *each: told.append(each)
    )
    assert found.notes == [
        "the baselines learnt from 700 of the 1,200 rows",
        "boosted trees stopped after 5 of 100 rounds for want of time",
    ]
    assert (TREES, 0.05) in told
    assert all(np.isfinite(score) for score in found.scores.values())
