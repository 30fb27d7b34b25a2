"""Columns of many levels: what the target is where a level stands, and no row hears of its own."""

import json

import numpy as np
import polars as pl
import pytest

from chainrule.data import Answers, InputEncoder
from chainrule.data.columns.kinds import levels as kind
from chainrule.data.rows.rows import as_rows

N, L = 900, 150
RNG = np.random.default_rng(0)
CODES = np.r_[np.arange(L), RNG.integers(0, L, N - L)]
Y = RNG.normal(size=L)[CODES] + RNG.normal(size=N)
Y = (Y - Y.mean()) / Y.std()
TABLE = pl.DataFrame({"city": [None if code == 7 else f"c{code}" for code in CODES], "x": Y[::-1]})
ANSWERS = Answers(Y[:, None], ["mean of y"])
ONES = np.ones(N)


def by_hand(codes, y):
    """Return the shrunk mean of each level, one after another, as the books have it."""
    levels = sorted(set(codes.tolist()))
    rows = {level: y[codes == level] for level in levels}
    n, mean = np.array([len(rows[level]) for level in levels]), y.mean()
    means = np.array([rows[level].mean() for level in levels])
    within = sum(((rows[level] - rows[level].mean()) ** 2).sum() for level in levels)
    noise = within / (len(y) - len(levels))
    between = (n * (means - mean) ** 2).sum() / (len(levels) - 1)
    signal = (between - noise) / ((len(y) - (n**2).sum() / len(y)) / (len(levels) - 1))
    m = noise / signal
    return dict(zip(levels, (n * means + m * mean) / (n + m), strict=True))


def test_codes_are_those_of_the_books():
    encoder = InputEncoder.fit(TABLE, answers=ANSWERS, scale=False)
    assert encoder.feature_names_out == ["city: mean of y", "city: log of rows", "x"]
    told = by_hand(CODES, Y)
    x = encoder.transform(TABLE, np.float64)
    np.testing.assert_allclose(x[:, 0], [told[code] for code in CODES.tolist()])
    np.testing.assert_allclose(x[:, 1], np.log1p(np.bincount(CODES)[CODES]))
    new = TABLE[:2].with_columns(city=pl.Series(["nowhere", "c3"]))
    np.testing.assert_allclose(
        encoder.transform(new, np.float64)[:, 0], [Y.mean(), told[3]], atol=1e-12
    )
    scaled = InputEncoder.fit(TABLE, answers=ANSWERS).transform(TABLE, np.float64)
    np.testing.assert_allclose(scaled.std(axis=0), [x[:, 0].std(), 1, 1])  # Y has deviation 1


def test_a_row_is_encoded_as_if_its_part_were_not_there():
    encoder = InputEncoder.fit(TABLE, answers=ANSWERS, scale=False)
    plain, parts = encoder.transform(TABLE, np.float64), as_rows(TABLE, Y).in_parts() - 1
    x = encoder.without_own(TABLE, plain, parts, ONES, ANSWERS)
    np.testing.assert_array_equal(x[:, 2], plain[:, 2])
    for part in range(-1, 4):
        own, others = parts == part, (parts != part) & (parts >= 0)
        answers = Answers(ANSWERS.y[others], ANSWERS.names)
        known = InputEncoder.fit(TABLE.filter(others), answers=answers, scale=False)
        expected = known.transform(TABLE.filter(own), np.float64)[:, 0]
        np.testing.assert_allclose(x[own, 0], expected, atol=1e-12)
    changed = Answers(ANSWERS.y + 9.0 * (parts == -1)[:, None], ANSWERS.names)
    np.testing.assert_allclose(encoder.without_own(TABLE, plain, parts, ONES, changed), x)


def test_levels_that_tell_nothing_say_nothing():
    noise = Answers(RNG.normal(size=(N, 1)), ["mean of y"])
    encoder = InputEncoder.fit(TABLE, answers=noise)
    plain = encoder.transform(TABLE, np.float64)
    x = encoder.without_own(TABLE, plain, np.arange(N) % 5, ONES, noise)
    assert plain[:, 0].std() < 0.6
    assert abs(np.corrcoef(x[:, 0], noise.y[:, 0])[0, 1]) < 0.1


def test_a_weight_counts_as_so_many_rows():
    weights = np.arange(N) % 3
    rows = np.repeat(np.arange(N), weights)
    twice = Answers(ANSWERS.y[rows], ANSWERS.names)
    repeated = InputEncoder.fit(TABLE[rows.tolist()], answers=twice)
    weighted = InputEncoder.fit(TABLE, answers=ANSWERS, weights=weights)
    assert weighted.schema.columns[0].n_levels == repeated.schema.columns[0].n_levels < L
    for name, learnt in repeated.learnt.items():
        np.testing.assert_allclose(weighted.learnt[name], learnt, atol=1e-12, err_msg=name)
    tiny = InputEncoder.fit(TABLE, answers=ANSWERS, weights=np.full(N, 1e-300))
    plain = InputEncoder.fit(TABLE, answers=ANSWERS)
    np.testing.assert_allclose(tiny.transform(TABLE), plain.transform(TABLE))


def test_each_output_of_the_target_has_its_mean():
    y = np.eye(3)[CODES % 3]
    encoder = InputEncoder.fit(
        TABLE, answers=Answers(y, ["share of a", "share of b", "share of c"])
    )
    assert encoder.feature_names_out[:3] == [f"city: share of {each}" for each in "abc"]
    x = InputEncoder.fit(TABLE, answers=Answers(y, ["", "", ""]), scale=False).transform(TABLE)
    np.testing.assert_allclose(x[:, :3], y, atol=1e-6)  # the level says all
    alone = InputEncoder.fit(TABLE)
    assert alone.feature_names_out == ["city: log of rows", "x"]


def test_of_too_many_levels_the_most_frequent_are_known(monkeypatch):
    monkeypatch.setattr(kind, "MOST_LEVELS", 120)
    encoder = InputEncoder.fit(TABLE, answers=ANSWERS, scale=False)
    note = "the 120 most frequent of 149 levels are known, the rest are as if never seen"
    assert encoder.schema.columns[0].note == note
    x = encoder.transform(TABLE, np.float64)
    often = np.bincount(CODES)[CODES]
    unknown = (x[:, 1] == 0) & (CODES != 7)
    assert len(set(CODES[unknown].tolist())) == 29
    assert often[unknown].max() <= often[~unknown].min()
    monkeypatch.setattr(kind, "MOST_NUMBERS", 220)  # 110 levels with two numbers each
    assert InputEncoder.fit(TABLE, answers=ANSWERS).schema.columns[0].n_levels == 110


def test_the_state_is_kept_and_another_is_refused():
    encoder = InputEncoder.fit(TABLE, answers=ANSWERS)
    meta, arrays = encoder.to_state()
    again = InputEncoder.from_state(json.loads(json.dumps(meta)), arrays)
    np.testing.assert_array_equal(again.transform(TABLE), encoder.transform(TABLE))
    assert "c12" not in json.dumps(meta)  # names of customers stay in the table
    short = arrays | {"level_codes": arrays["level_codes"][:-1]}
    with pytest.raises(ValueError, match="level_codes has 301 numbers, expected 302"):
        InputEncoder.from_state(meta, short)


def test_new_rows_are_reported():
    encoder = InputEncoder.fit(TABLE, answers=ANSWERS)
    new = pl.DataFrame({"city": ["c1", "nowhere", "c2", None], "x": [1.0, 2.0, 3.0, 4.0]})
    assert encoder.transform_report(new) == [
        'city: 1 row holds a category not seen in training ("nowhere"); it counts as the mean of '
        "all",
        "city: 1 gap taken for a level of its own",
    ]
