"""Targets: there and back again, in the user's classes and units."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
        np.array([[1], [0], [1]]),
        pl.Series(["b", "a", "b"], dtype=pl.Categorical),
        pd.Series(["b", "a", "b"]),
        pd.Series([1, 0, 1], dtype="Int64"),
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
    assert back.dtype == values.dtype
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
    ],
)  # fmt: skip
def test_bad_targets_are_refused_with_the_remedy(call, kind, words):
    with pytest.raises(kind) as caught:
        call()
    assert all(word in str(caught.value) for word in words), str(caught.value)


@pytest.mark.parametrize(
    ("y", "task", "reason"),
    [
        (["a", "b"], "classification", "text"),
        ([True, False], "classification", "yes or no"),
        ([0, 1] * 5, "classification", "2 different whole numbers"),
        ([0.0, 1.0] * 5, "classification", "2 different whole numbers"),
        (range(5), "regression", "5 different whole numbers in 5 rows"),
        (list(range(21)) * 9, "regression", "21 different whole numbers"),
        ([0.5, 1.0] * 5, "regression", "numbers with fractions"),
        (np.zeros((9, 2)), "regression", "2 target columns"),
    ],
)
def test_the_task_is_guessed_with_a_reason(y, task, reason):
    assert guess_task(y) == (task, reason)
