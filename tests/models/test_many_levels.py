"""Columns of many levels in whole models: what they tell is used, and nothing is told of itself."""

import numpy as np
import polars as pl
import pytest

from chainrule import MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor, load
from chainrule.data.rows.rows import as_rows
from chainrule.judging.baselines import score_baselines

QUICK = {"hidden_layer_sizes": 8, "max_iter": 30, "n_networks": 2, "random_state": 0}
RNG = np.random.default_rng(0)
N, L = 1500, 300
CODES = RNG.integers(0, L, N)
TABLE = pl.DataFrame({"city": [f"c{code}" for code in CODES], "x": RNG.normal(size=N)})
EFFECT = RNG.normal(size=L)[CODES]
NUMBER = EFFECT + 0.3 * TABLE["x"].to_numpy() + 0.3 * RNG.normal(size=N)
YES = EFFECT + RNG.normal(size=N) > 0
TRAIN, TEST = np.arange(1200), np.arange(1200, N)


@pytest.fixture(scope="module")
def number():
    return TabularRegressor(**QUICK).fit(TABLE[:1200], NUMBER[TRAIN])


def test_all_levels_tell(number):
    """The 100 most frequent of 300 levels, one-hot, gave an R² of 0.3."""
    assert number.score(TABLE[1200:], NUMBER[TEST]) > 0.8
    model = TabularClassifier(**QUICK).fit(TABLE[:1200], YES[TRAIN])
    assert model.score(TABLE[1200:], YES[TEST]) > 0.7
    several = np.column_stack([NUMBER, -EFFECT])
    plain = MLPRegressor((8,), max_iter=30, random_state=0).fit(TABLE[:1200], several[TRAIN])
    assert plain.score(TABLE[1200:], several[TEST]) > 0.8
    assert plain.fitted_.encoder.feature_names_out[:2] == [
        "city: mean of output 1",
        "city: mean of output 2",
    ]


def test_what_is_expected_of_new_rows_is_true(number):
    """Intervals are made of errors on folds, which no row of training heard of."""
    low, high = number.predict_interval(TABLE[1200:], 0.9).T
    covered = ((low <= NUMBER[TEST]) & (NUMBER[TEST] <= high)).mean()
    assert 0.85 < covered < 0.97
    noise = RNG.normal(size=N)
    model = TabularRegressor(**QUICK).fit(TABLE, noise)
    errors = model.fitted_.calibration.errors
    assert errors.std() > 0.97 * noise.std()
    coins = RNG.random(N) < 0.5
    guess = TabularClassifier(**QUICK).fit(TABLE, coins).predict_proba(TABLE)[:, 1]
    assert abs(guess - 0.5).max() < 0.3


def test_the_model_file_predicts_the_same(number, tmp_path):
    again = load(number.save(tmp_path / "model.chr"))
    new = TABLE[1200:].with_columns(city=pl.Series(["nowhere", *TABLE["city"][1201:]]))
    np.testing.assert_array_equal(again.predict(new), number.predict(new))


def test_going_on_keeps_what_was_learnt_first():
    model = MLPClassifier((8,), max_iter=3, random_state=0, warm_start=True)
    model.fit(TABLE[:600], YES[:600])
    first, rows = model.fitted_.encoder, model.fitted_.data_hash
    model.fit(TABLE[:600], YES[:600])
    assert model.fitted_.encoder is first
    assert model.fitted_.data_hash == rows  # encoded as they were
    parts = MLPRegressor((8,), random_state=0)
    for rows in np.split(np.arange(N), 3):
        parts.partial_fit(TABLE[rows.tolist()], NUMBER[rows])
        first = parts.fitted_.encoder if rows[0] == 0 else first
    assert parts.fitted_.encoder is first


def test_whole_groups_are_encoded_without_their_own_rows():
    """Each city is a group: no row of another part tells of it."""
    groups = TABLE["city"].to_numpy()
    model = TabularRegressor(**QUICK).fit(TABLE, EFFECT, groups=groups)
    assert model.fitted_.calibration.errors.std() > 0.95 * EFFECT.std()


def test_baselines_do_not_hear_of_their_own_target_either(number):
    noise = RNG.normal(size=N)
    rows = as_rows(TABLE, noise)
    model = TabularRegressor(**QUICK).fit(rows.take(TRAIN), rows.take(TRAIN).y)
    assert score_baselines(model, rows.take(TRAIN), rows.take(TEST)).scores["boosted trees"] > -0.3
    trees = number.diagnose(TABLE[:1200], NUMBER[TRAIN])
    assert trees.healthy, trees
