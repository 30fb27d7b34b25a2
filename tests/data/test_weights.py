"""Weights of rows: 2 is the row twice, 0 is no row, for inputs as for targets."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.data import InputEncoder, infer_schema, read_weights
from chainrule.data.columns.kinds import levels
from chainrule.errors import DataError, ShapeError

NUMBERS = st.none() | st.floats(-1e3, 1e3) | st.integers(-3, 3).map(float)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(NUMBERS, NUMBERS, st.sampled_from(["a", "b", None]), st.integers(0, 3)),
        min_size=1,
        max_size=15,
    )
)
def test_a_weight_of_two_is_the_row_twice_and_of_none_no_row(rows):
    *values, weights = zip(*rows, strict=True)
    kinds = {"x": pl.Float64, "y": pl.Float64, "z": pl.String}
    table = pl.DataFrame(dict(zip(kinds, values, strict=True)), schema=kinds)
    repeated = table[np.repeat(np.arange(len(rows)), weights)]
    try:
        twice = InputEncoder.fit(repeated)
    except (DataError, ShapeError):  # nothing to learn from, or no rows
        with pytest.raises(DataError):
            InputEncoder.fit(table, weights=weights)
        return
    once = InputEncoder.fit(table, weights=weights)
    np.testing.assert_allclose(once.mean, twice.mean, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(once.deviation, twice.deviation, rtol=1e-10)
    assert once.feature_names_out == twice.feature_names_out
    scaled, again = (each.transform(table, np.float64) for each in (once, twice))
    np.testing.assert_allclose(scaled, again, rtol=1e-9, atol=1e-9)

    if not table.null_count().sum_horizontal().item():
        X = table.select("x", "y").to_numpy()
        once = InputEncoder.fit(X, weights=weights)
        np.testing.assert_allclose(once.mean, np.average(X, axis=0, weights=weights), atol=1e-9)


def test_weights_of_one_change_nothing_and_their_unit_does_not_count():
    X = np.random.default_rng(0).normal(3, 2, size=(50_000, 30))
    plain, ones = InputEncoder.fit(X), InputEncoder.fit(X, weights=np.ones(len(X)))
    np.testing.assert_array_equal(ones.mean, plain.mean)
    np.testing.assert_array_equal(ones.deviation, plain.deviation)
    tiny = InputEncoder.fit(X, weights=np.full(len(X), 1e-300))
    np.testing.assert_array_equal(tiny.deviation, plain.deviation)


def test_rows_without_weight_are_not_looked_at():
    table = pl.DataFrame({"x": [1.0, 2.0, None], "c": ["a", "a", "b"], "y": [1.0, 2, np.inf]})
    schema = infer_schema(table, weights=[1, 2, 0])
    assert [column.kind for column in schema.columns] == ["number", "constant", "number"]
    assert schema.columns[0].n_gaps == 0
    assert InputEncoder.fit(table, weights=[1, 2, 0]).feature_names_out == ["x", "y"]


def test_levels_are_kept_by_weight(monkeypatch):
    monkeypatch.setattr(levels, "MOST_LEVELS", 120)
    table = pl.DataFrame({"x": [f"t{i}" for i in range(150)] * 2})
    weights = [9] * 50 + [1] * 100 + [0.5] * 150
    log_of_rows = InputEncoder.fit(table, scale=False, weights=weights).transform(table)[:, 0]
    assert len(set(log_of_rows[:50].tolist())) == 1
    assert log_of_rows[:50].min() > log_of_rows[50:150].max()
    assert (log_of_rows[50:150] == 0).sum() == 30


@pytest.mark.parametrize(
    ("weights", "kind", "words"),
    [
        ([1, 2], ShapeError, "has the shape (2,), expected (3,). Give one weight for each row."),
        ([[1], [2], [3]], ShapeError, "has the shape (3, 1), expected (3,)."),
        (
            [1, -2, -1],
            DataError,
            "is -2.0 in data row 2 (and wrong in 1 more row), expected finite",
        ),
        ([1, 2, np.nan], DataError, "is nan in data row 3, expected finite numbers, 0 or more."),
        ([1, np.inf, 2], DataError, "is inf in data row 2"),
        ([0, 0, 0], DataError, "is zero in every row. Give at least one row"),
        (["a", "b", "c"], DataError, "holds something that is no number."),
    ],
)
def test_bad_weights_are_refused_with_the_remedy(weights, kind, words):
    with pytest.raises(kind) as caught:
        read_weights(weights, 3)
    assert words in str(caught.value)
