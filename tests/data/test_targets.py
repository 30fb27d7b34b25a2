"""Targets: there and back again, in the user's classes and units."""

import json
import time

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.exceptions import DataConversionWarning

from chainrule.cli.talk import SHELL
from chainrule.data import ClassTarget, NumberTarget, guess_task, read_target
from chainrule.errors import DataError, ShapeError


@pytest.mark.parametrize(
    "y",
    [
        ["b", "a", "c", "a"],
        [3, 1, 2, 1],
        [True, False, True],
        [2.0, -1.0, 2.0],
        np.array(["b", "a", "b"]),
        np.array([1, 0, 1], dtype=np.uint8),
        pl.Series(["b", "a", "b"], dtype=pl.Categorical),
        pd.Series(["b", "a", "b"]),
        pd.Series([1, 0, 1], dtype="Int64"),
        pd.Series(pd.Categorical([2, 1, 2])),
        np.array(["b", "a", "b"], dtype=object),
        [2**60 + 1, 2**60, 2**60 + 1],
        pl.Series([2**60 + 1, 2**60, 2**60 + 1]),
        pl.Series([2, 2**64, 2], dtype=pl.Int128),
        np.array([2**60 + 1, 2**60, 2**60 + 1], dtype=object),
        pl.DataFrame({"y": [2, 1, 2]}),
    ],
)
def test_classes_come_back_in_their_type(y):
    target = ClassTarget.fit(y)
    encoded = target.encode(y)
    assert encoded.shape == (len(y), 1 if len(target.classes) == 2 else len(target.classes))
    back = target.decode(encoded)
    values = read_target(y).ravel()
    assert back.tolist() == values.tolist()
    text = all(isinstance(value, str) for value in values.tolist())
    assert back.dtype.kind == "U" if text else back.dtype == values.dtype
    meta, arrays = target.to_state()
    again = ClassTarget.from_state(json.loads(json.dumps(meta)), arrays)
    assert again.classes.dtype == target.classes.dtype
    assert again.classes.tolist() == target.classes.tolist() == sorted(set(values.tolist()))


@given(
    st.lists(st.tuples(st.floats(-1e9, 1e9), st.floats(-1, 1)), min_size=1, max_size=20),
    st.booleans(),
)
def test_numbers_come_back_in_their_units(rows, scale):
    y = np.array(rows)
    for values in (y, y[:, 0]):
        target = NumberTarget.fit(values, scale=scale)
        encoded = target.encode(values)
        assert encoded.shape == (len(y), values.ndim)
        back = target.decode(encoded)
        np.testing.assert_allclose(back, values, rtol=1e-9, atol=1e-9 * np.abs(y).max() + 1e-300)
        assert back.shape == values.shape
        meta, arrays = target.to_state()
        again = NumberTarget.from_state(json.loads(json.dumps(meta)), arrays)
        np.testing.assert_array_equal(again.decode(encoded), back)
        if not scale:
            np.testing.assert_array_equal(encoded.reshape(values.shape), values)


def test_a_constant_number_is_zero():
    assert NumberTarget.fit([0.1] * 7).encode([0.1, 1.1])[:, 0] == pytest.approx([0, 1])


def test_a_column_vector_is_one_column_of_classes_with_a_warning():
    with pytest.warns(DataConversionWarning, match="column-vector y was passed when a 1d array"):
        target = ClassTarget.fit(np.array([[1], [0], [1]]))
    assert target.encode([[1], [0]]).tolist() == [[1], [0]]


def test_declared_classes_may_be_absent():
    target = ClassTarget.fit(["b"], classes=["c", "b", "a"])
    assert target.encode(["b"]).tolist() == [[0, 1, 0]]
    with pytest.raises(DataError, match="never saw: d"):
        ClassTarget.fit(["d"], classes=["c", "b", "a"])
    with pytest.raises(DataError, match="classes holds one class only"):
        ClassTarget.fit(["a"], classes=["a"])


@pytest.mark.parametrize(
    ("classes", "y"),
    [
        ([1, 2, 5], np.array([5, 1, 2.0], dtype=np.float32)),
        ([0, 1, 2], np.array([2, 0, 1], dtype=np.uint8)),
        (np.array(["aa", "b", "cc"]), ["cc", "aa", "b"]),
        (["aa", "b", "cc"], np.array(["cc", "aa", "b"])),
        ([-(2**62), 0, 2**62], [2**62, -(2**62), 0]),
    ],
)
def test_classes_are_found_across_types_and_strangers_are_not(classes, y):
    target = ClassTarget.fit(classes, classes=classes)
    assert target.codes(y).tolist() == [2, 0, 1]
    for strange in (["bb"], np.array(["zz"]), [3], [7.5], [True, -5]):
        with pytest.raises(DataError, match="never saw"):
            target.codes(strange)


def test_whole_numbers_beyond_64_bits_are_numbers():
    assert read_target([2**70, 1]).tolist() == [2.0**70, 1.0]
    with pytest.raises(DataError, match="infinite in 1 row, first in data row 2"):
        read_target([1, 10**400])
    assert NumberTarget.fit([2**70, 1]).decode(np.array([[0.0]])) == pytest.approx(2.0**69)


def test_a_million_classes_are_encoded_at_once():
    codes = np.random.default_rng(0).integers(0, 50, 1_000_000)
    start = time.process_time()
    for y in (codes, np.array([f"c{i:02}" for i in range(50)])[codes]):
        np.testing.assert_array_equal(ClassTarget.fit(y).codes(y), codes)
    assert time.process_time() - start < 10  # 0.3 s on an idle core


@given(
    st.lists(
        st.tuples(st.floats(-1e6, 1e6), st.floats(-9, 9), st.integers(0, 3)),
        min_size=1,
        max_size=12,
    )
)
def test_a_weight_of_two_is_the_row_twice_and_of_none_no_row(rows):
    *y, weights = np.array(rows).T
    y, weights = np.stack(y, axis=1), weights.astype(int)
    if not weights.any():
        with pytest.raises(DataError, match="zero in every row"):
            NumberTarget.fit(y, weights=weights)
        return
    twice = NumberTarget.fit(np.repeat(y, weights, axis=0))
    once = NumberTarget.fit(y, weights=weights)
    spread = np.abs(y).max() + 1e-300
    np.testing.assert_allclose(once.center, twice.center, rtol=1e-12, atol=1e-12 * spread)
    np.testing.assert_allclose(once.scale, twice.scale, rtol=1e-9)


def test_poisson_wants_no_number_below_zero():
    y = [3.0, -2.0, 0.0, -1.0]
    with pytest.raises(DataError) as caught:
        NumberTarget.fit(y, scale=False, non_negative=True, name="visits")
    assert str(caught.value) == (
        'poisson needs y >= 0, but the target "visits" is -2 in data row 2 (and below 0 in 1 more '
        "row). Correct those values, or choose another loss."
    )
    NumberTarget.fit(y, scale=False, non_negative=True, weights=[1, 0, 1, 0])


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: ClassTarget.fit(["a"] * 5, name="species"), DataError,
         ['"species"', "one class only (a)", "another target"]),
        (lambda: ClassTarget.fit(["a", None, "b"]), DataError, ["1 row", "data row 2", "Leave"]),
        (lambda: ClassTarget.fit([1.0, np.nan, np.nan]), DataError, ["2 rows", "data row 2"]),
        (lambda: NumberTarget.fit(pd.Series([1.0, None])), DataError, ["NaN", "data row 2"]),
        (lambda: NumberTarget.fit([1.0, 2.0, np.inf]), DataError, ["infinite", "row 3", "Correct"]),
        (lambda: ClassTarget.fit(["a", "b", "c"]), DataError,
         ["3 classes in 3 rows", "--task regression"]),
        (lambda: ClassTarget.fit([0.5, 1.5, 0.5]), DataError,
         ["Unknown label type: continuous", "--task regression"]),
        (lambda: NumberTarget.fit(["a", "b"]), DataError, ['"a"', "--task classification"]),
        (lambda: ClassTarget.fit(["a", "b"]).encode(["b", "Ross"]), DataError,
         ["1 class", "never saw", "Ross", "data row 2", "stratified"]),
        (lambda: ClassTarget.fit(np.eye(3)), ShapeError, ["3 columns", "Choose one"]),
        (lambda: NumberTarget.fit([1.0, 2]).encode(np.eye(3)), ShapeError, ["3 columns", "1 as"]),
        (lambda: read_target([]), ShapeError, ["no rows"]),
        (lambda: read_target(3), ShapeError, ["shape ()"]),
        (lambda: read_target(None), DataError, ["y to be passed, but the target y is None"]),
        (lambda: read_target([1j]), DataError, ["Complex data not supported", "two columns"]),
        (lambda: NumberTarget.fit([1.0, 1e200]), DataError, ["too large", "row 2", "larger unit"]),
        (lambda: NumberTarget.fit([1.0, 2], weights=[1]), ShapeError, ["shape (1,)", "(2,)"]),
        (lambda: NumberTarget.fit([1.0, 2], weights=[1, -1]), DataError, ["-1.0 in data row 2"]),
    ],
)  # fmt: skip
def test_bad_targets_are_refused_with_the_remedy(call, kind, words):
    with pytest.raises(kind) as caught:
        call()
    said = f"{caught.value} {caught.value.text.at(SHELL)}"
    assert all(word in said for word in words), said


@pytest.mark.parametrize(
    ("y", "task", "reason"),
    [
        (["a", "b"], "classification", "text"),
        ([True, False], "classification", "yes or no"),
        ([0, 1] * 5, "classification", "2 different whole numbers"),
        ([0.0, 1.0] * 5, "classification", "2 different whole numbers"),
        (
            range(5),
            "regression",
            "5 different whole numbers in 5 rows; a classifier would take them as classes",
        ),
        (
            [1, 2, 3] * 5,
            "classification",
            "3 different whole numbers; a regressor would take them as numbers",
        ),
        (list(range(21)) * 9, "regression", "21 different whole numbers"),
        ([0.5, 1.0] * 5, "regression", "numbers with fractions"),
        (np.zeros((9, 2)), "regression", "2 target columns"),
        (np.eye(3), "classification", "3 columns of yes or no"),
        ([["a", "x"], ["b", "y"]], "classification", "2 columns of text"),
    ],
)
def test_the_task_is_guessed_with_a_reason(y, task, reason):
    assert guess_task(y) == (task, reason)


COUNTS = np.repeat(np.r_[:14, 15], [26, 71, 60, 45, 32, 20, 18, 14, 4, 2, 2, 2, 1, 1, 2])


@pytest.mark.parametrize(
    ("y", "task"),
    [
        (COUNTS, "regression"),
        (COUNTS + 1.0, "regression"),
        (np.random.default_rng(0).poisson(1.5, 100_000), "regression"),
        (COUNTS + 2, "classification"),  # no count begins with 2
        (20 - COUNTS, "classification"),
        (np.repeat([0, 1, 2, 3, 4, 5, 6], [90, 80, 3, 70, 60, 2, 50]), "classification"),
        (np.repeat([1, 2, 3, 4, 5], [1, 3, 36, 120, 140]), "classification"),  # stars
        (np.repeat([1.5, 2, 2.5, 3], [1, 2, 3, 19]), "regression"),
        (np.arange(4000) % 10, "classification"),  # digits
    ],
)
def test_counts_are_numbers_and_ratings_are_classes(y, task):
    found, reason = guess_task(y)
    assert found == task
    if y is COUNTS:
        assert reason == (
            "15 different whole numbers, the largest of them rare, as counts are; a classifier "
            "would take them as classes"
        )
        assert "`--task classification` would take" in reason.at(SHELL)
