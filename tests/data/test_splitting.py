"""Splits: every row once, every class in training, no group in two parts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.cli.talk import SHELL
from chainrule.data import split_rows
from chainrule.errors import DataError, OptionError, ShapeError

SHARES = st.sampled_from([0, 0.1, 0.2, 0.4, 1, 3])


def check_every_row_once(split, n_rows):
    rows = np.concatenate([split.train, split.validation, split.test])
    assert sorted(rows.tolist()) == list(range(n_rows))
    assert len(split.train) > 0


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.sampled_from("aaaabbc"), min_size=1, max_size=60),
    st.sampled_from(["stratified", "random", "last"]),
    SHARES,
    SHARES,
    st.integers(0, 5),
)
def test_any_split_covers_rows_and_classes(y, kind, test, validation, seed):
    options = {"y": y, "kind": kind, "test": test, "validation": validation, "seed": seed}
    n_test, n_validation = (
        share if share >= 1 or share == 0 else max(1, round(share * len(y)))
        for share in (test, validation)
    )
    n_train = len(y) - n_test - n_validation
    in_order = kind == "last" and set(y[: max(n_train, 0)]) != set(y)
    if n_train < len(set(y)) or in_order:
        with pytest.raises(DataError):
            split_rows(len(y), **options)
        return
    split = split_rows(len(y), **options)
    check_every_row_once(split, len(y))
    assert {y[row] for row in split.train} == set(y)
    again = split_rows(len(y), **options)
    assert again.description == split.description
    np.testing.assert_array_equal(again.test, split.test)
    assert (len(split.test), len(split.validation)) == (n_test, n_validation)


def test_stratified_keeps_the_shares_of_the_classes():
    y = np.repeat(["a", "b", "c"], [200, 100, 50])
    split = split_rows(350, y=y, test=0.2, validation=0.2, seed=3)
    for part in (split.train, split.validation, split.test):
        shares = [np.mean(y[part] == label) for label in "abc"]
        np.testing.assert_allclose(shares, [4 / 7, 2 / 7, 1 / 7], atol=0.01)
    assert split.description == "210 train · 70 validation · 70 test (stratified, random, seed 3)"


@settings(deadline=None, max_examples=100)
@given(st.lists(st.integers(0, 9), min_size=10, max_size=60), st.integers(0, 9))
def test_groups_stay_whole(groups, seed):
    if len(set(groups)) <= 2:
        with pytest.raises(DataError, match="groups are too few"):
            split_rows(len(groups), kind="groups", groups=groups, seed=seed)
        return
    split = split_rows(len(groups), kind="groups", groups=groups, seed=seed)
    check_every_row_once(split, len(groups))
    parts = [{groups[row] for row in part} for part in (split.train, split.validation, split.test)]
    assert sum(map(len, parts)) == len(set(groups))
    assert "whole groups" in split.description


def test_last_keeps_the_order():
    split = split_rows(10, kind="last", test=2, validation=0.3)
    assert (split.train.tolist(), split.validation.tolist()) == ([0, 1, 2, 3, 4], [5, 6, 7])
    assert split.description == "5 train · 3 validation · 2 test (in order, the last rows held out)"


def test_a_rare_class_falls_back_to_random_and_says_so():
    for seed in range(20):
        split = split_rows(21, y=["a"] * 20 + ["rare"], seed=seed)
        assert 20 in split.train
    assert 'not stratified: class "rare" has only 1 row' in split.description


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"kind": "sratified"}, OptionError, ['did you mean "stratified"', "groups"]),
        ({"test": 1.5}, OptionError, ["test=1.5", "such as 0.2"]),
        ({"test": -0.1}, OptionError, ["test=-0.1"]),
        ({"validation": float("nan")}, OptionError, ["validation=nan"]),
        ({"test": 0.6, "validation": 0.4}, OptionError, ["add up to less than 1"]),
        ({"test": 9, "validation": 1}, DataError, ["10 rows are too few", "--test 0"]),
        ({"kind": "groups"}, OptionError, ["--groups COLUMN"]),
        ({"kind": "groups", "groups": [1] * 10}, DataError, ["1 groups are too few"]),
        ({"kind": "groups", "groups": [1]}, ShapeError, ["1 value", "expected 10"]),
        ({"y": [1, 2]}, ShapeError, ["2 values", "expected 10"]),
        ({"kind": "last", "y": ["a"] * 8 + ["b"] * 2}, DataError, ["the class b", "stratified"]),
        ({"y": list("abcdefghij")}, DataError, ["hold no row of the classes", "add rows"]),
    ],
)
def test_impossible_splits_are_refused_with_the_remedy(options, kind, words):
    with pytest.raises(kind) as caught:
        split_rows(10, **options)
    said = f"{caught.value} {caught.value.text.at(SHELL)}"
    assert all(word in said for word in words), said
