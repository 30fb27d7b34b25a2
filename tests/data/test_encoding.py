"""Columns to numbers: the same from every library, exact after storage, clear when it cannot be."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.cli.talk import SHELL
from chainrule.data import InputEncoder
from chainrule.errors import DataError, FeatureNamesWarning, ShapeError

TABLE = pl.DataFrame(
    {
        "mass": [1.0, 3.0, None, 5.0],
        "sex": ["f", "m", None, "f"],
        "length": [2.0, 2.0, 4.0, 4.0],
    }
)


def test_by_hand():
    encoder = InputEncoder.fit(TABLE)
    assert encoder.feature_names_out == [
        "mass",
        "mass is missing",
        "sex=f",
        "sex=m",
        "sex=unknown",
        "length",
    ]
    deviation = np.sqrt(8 / 3)  # of 1, 3, 5 about 3
    expected = [
        [-2 / deviation, 0, 1, 0, 0, -1],
        [0, 0, 0, 1, 0, -1],
        [0, 1, 0, 0, 1, 1],
        [2 / deviation, 0, 1, 0, 0, 1],
    ]
    np.testing.assert_allclose(encoder.transform(TABLE, np.float64), expected, atol=1e-15)
    assert encoder.transform(TABLE).dtype == np.float32
    plain = InputEncoder.fit(TABLE, scale=False).transform(TABLE, np.float64)
    np.testing.assert_array_equal(plain[:, [0, 5]], [[1, 2], [3, 2], [3, 4], [5, 4]])


def test_new_rows_are_encoded_and_reported():
    encoder = InputEncoder.fit(TABLE)
    new = pl.DataFrame(
        {
            "foo": [1, 2, 3],
            "length": [None, 4.0, 4.0],
            "sex": ["x", "x", None],
            "mass": [None, 3, 3],
        }
    )
    assert encoder.transform(new).tolist() == [
        [0, 1, 0, 0, 1, 0],
        [0, 0, 0, 0, 1, 1],
        [0, 0, 0, 0, 1, 1],
    ]
    assert encoder.transform_report(new) == [
        "mass: 1 gap filled with the training mean",
        'sex: 2 rows hold a category not seen in training ("x"); they use the "unknown" slot',
        'sex: 1 gap put into the "unknown" slot',
        "length: 1 gap filled with the training mean (training had none, so they are not flagged)",
        "ignored columns: foo",
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.rename({"mass": "Masse"}), ["mass", 'Did you mean "Masse"?', "Add or rename"]),
        (lambda t: t.select("sex"), ["lacks 2 columns", "mass, length"]),
        (
            lambda t: t.with_columns(mass=pl.Series([1.0, 2, 3, np.inf])),
            ['"mass"', "row 4", "inf", "--drop mass"],
        ),
    ],
)
def test_tables_that_do_not_fit_are_refused(change, words):
    with pytest.raises(DataError) as caught:
        InputEncoder.fit(TABLE).transform(change(TABLE))
    said = f"{caught.value} {caught.value.text.at(SHELL)}"
    assert all(word in said for word in words), said


def test_arrays_go_by_position_and_keep_their_width():
    X = np.array([[0.1, 1.0, 5], [0.1, np.nan, 6], [0.1, 3.0, 7]], dtype=np.float32)
    encoder = InputEncoder.fit(X)
    assert (encoder.feature_names_in, encoder.n_features_in) == (None, 3)
    Z = encoder.transform(X, np.float64)
    assert Z.shape == (3, 4)  # the constant stays, the gap has its flag
    np.testing.assert_allclose(Z[:, 0], 0, atol=1e-9)
    np.testing.assert_array_equal(Z[:, 1:3], [[-1, 0], [0, 1], [1, 0]])
    with pytest.raises(
        ShapeError, match="X has 2 features, but .* is expecting 3 features as input"
    ):
        encoder.transform(X[:, :2])
    X[1, 2] = np.inf
    with pytest.raises(DataError, match='"x2" .* row 2'):
        encoder.transform(X)


def test_a_frame_fit_takes_arrays_by_position_and_left_out_columns_may_be_absent():
    table = pl.DataFrame({"id": [5, 3, 9], "x": [1.5, 2.5, 4.5]})
    encoder = InputEncoder.fit(table)
    with pytest.warns(FeatureNamesWarning, match="taken by position"):
        by_place = encoder.transform(table.to_numpy())
    np.testing.assert_array_equal(encoder.transform(table), by_place)
    np.testing.assert_array_equal(encoder.transform(table), encoder.transform(table.select("x")))


def test_options_hold_for_arrays_too():
    X = np.array([[1, 5], [2, 6], [1, 8]])
    encoder = InputEncoder.fit(X, category=["x0"])
    assert encoder.feature_names_out == ["x0=1", "x0=2", "x0=unknown", "x1"]
    assert encoder.transform(X)[:, :3].tolist() == [[1, 0, 0], [0, 1, 0], [1, 0, 0]]


@pytest.mark.parametrize("rows", [TABLE[:0], TABLE[:0].to_pandas(), np.empty((0, 3)), []])
def test_no_rows_are_refused(rows):
    with pytest.raises(ShapeError, match=r"Found array with 0 sample|Expected 2D array") as caught:
        InputEncoder.fit(TABLE).transform(rows)
    assert "Check the rows" in str(caught.value) or "Reshape" in str(caught.value)


def test_float32_keeps_small_differences_on_large_values():
    X = 1e7 + np.array([[0.0], [0.25], [0.5]])
    Z = InputEncoder.fit(X).transform(X)
    np.testing.assert_allclose(Z[:, 0], [-np.sqrt(1.5), 0, np.sqrt(1.5)], rtol=1e-6)


def test_many_blocks_are_as_one():
    X = np.random.default_rng(0).normal(5, 3, size=(40_000, 64))
    X[::7, 3] = np.nan
    encoder = InputEncoder.fit(X)
    np.testing.assert_allclose(encoder.mean, np.nanmean(X, axis=0), rtol=1e-12)
    np.testing.assert_allclose(encoder.deviation, np.nanstd(X, axis=0), rtol=1e-12)
    Z = (X - np.nanmean(X, axis=0)) / np.nanstd(X, axis=0)
    flagged = np.insert(np.nan_to_num(Z), 4, np.isnan(X[:, 3]), axis=1)
    np.testing.assert_allclose(encoder.transform(X, np.float64), flagged, atol=1e-9)


NUMBERS = st.none() | st.floats(-1e6, 1e6) | st.integers(-9, 9).map(float)
TEXTS = st.none() | st.sampled_from(["a", "b", "unknown", "ß", ""])


@st.composite
def tables(draw):
    """Two tables with the same columns: numbers, texts, booleans, with gaps and constants."""
    n, m = draw(st.integers(2, 12)), draw(st.integers(1, 5))
    columns, new = {}, {}
    for i in range(draw(st.integers(1, 4))):
        values = draw(st.sampled_from([NUMBERS, TEXTS, st.none() | st.booleans()]))
        kind = pl.String if values is TEXTS else pl.Float64 if values is NUMBERS else pl.Boolean
        columns[f"c{i}"] = pl.Series(draw(st.lists(values, min_size=n, max_size=n)), dtype=kind)
        new[f"c{i}"] = pl.Series(draw(st.lists(values, min_size=m, max_size=m)), dtype=kind)
    return pl.DataFrame(columns), pl.DataFrame(new)


@settings(max_examples=100, deadline=None)
@given(tables(), st.booleans())
def test_any_table_encodes_the_same_from_everywhere(pair, scale):
    table, new = pair
    try:
        encoder = InputEncoder.fit(table, scale=scale)
    except DataError as error:
        refused = error.text.at(SHELL)
    else:
        refused = ""
    if refused:
        assert "--drop" in refused or "no column is left" in refused
        return
    Z = encoder.transform(new, np.float64)
    assert Z.shape == (len(new), len(encoder.feature_names_out))
    assert len(set(encoder.feature_names_out)) == Z.shape[1]
    assert np.isfinite(Z).all()

    others = [frame.to_pandas() for frame in pair], [frame.to_arrow() for frame in pair]
    for other_table, other_new in others:
        other = InputEncoder.fit(other_table, scale=scale)
        np.testing.assert_array_equal(other.transform(other_new, np.float64), Z)
    shuffled = new.select(reversed(new.columns))
    np.testing.assert_array_equal(encoder.transform(shuffled, np.float64), Z)

    meta, arrays = encoder.to_state()
    again = InputEncoder.from_state(json.loads(json.dumps(meta)), arrays)
    assert again.schema == encoder.schema
    np.testing.assert_array_equal(again.transform(new, np.float64), Z)

    slots = [name for name in encoder.feature_names_out if "=" in name]
    n_categories = len(encoder.schema.of_kind("category"))
    places = [encoder.feature_names_out.index(name) for name in slots]
    assert (Z[:, places].sum(axis=1) == n_categories).all()


def test_pandas_categories_of_numbers_match_those_of_text():
    train = pd.DataFrame({"x": pd.Categorical([1, 2, 1])})
    encoder = InputEncoder.fit(train)
    assert encoder.feature_names_out == ["x=1", "x=2", "x=unknown"]
    assert encoder.transform(pl.DataFrame({"x": ["2"]})).tolist() == [[0, 1, 0]]
