"""Names: by name in any order, else by position with scikit-learn's words, else an error."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from chainrule.cli.talk import SHELL
from chainrule.data import InputEncoder, as_columns
from chainrule.errors import DataError, FeatureNamesWarning, ShapeError

X = np.arange(12.0).reshape(4, 3) ** 2
NAMED = pd.DataFrame(X, columns=["a", "b", "c"])


def test_order_does_not_matter_and_more_columns_are_ignored():
    encoder = InputEncoder.fit(NAMED)
    expected = encoder.transform(NAMED)
    np.testing.assert_array_equal(encoder.transform(NAMED[["c", "a", "b"]]), expected)
    np.testing.assert_array_equal(encoder.transform(NAMED.assign(d="x")), expected)


@pytest.mark.parametrize(
    ("there", "words"),
    [
        (
            ["p", "q", "c"],
            "that MLP was trained on: a, b. The feature names should match those that were passed "
            "during fit.\nFeature names unseen at fit time:\n- p\n- q\nFeature names seen at fit "
            "time, yet now missing:\n- a\n- b\nAdd or rename columns",
        ),
        (
            ["a"],
            "should match those that were passed during fit.\nFeature names seen at fit time, yet "
            "now missing:\n- b\n- c\nAdd or rename columns",
        ),
    ],
)
def test_missing_columns_are_named_in_the_words_of_scikit_learn(there, words):
    with pytest.raises(DataError) as caught:
        InputEncoder.fit(NAMED).transform(pl.DataFrame(X[:, : len(there)], schema=there), who="MLP")
    assert words in str(caught.value)


def test_without_names_columns_go_by_position_and_a_warning_says_so():
    named, plain = InputEncoder.fit(NAMED), InputEncoder.fit(X)
    with pytest.warns(UserWarning, match="X does not have valid feature names, but MLP was fitted"):
        by_place = named.transform(X, who="MLP")
    with pytest.warns(FeatureNamesWarning, match="X has feature names, but InputEncoder was"):
        np.testing.assert_array_equal(plain.transform(NAMED), by_place)
    with pytest.raises(
        ShapeError, match="X has 2 features, but MLP is expecting 3 features as inp"
    ):
        plain.transform(X[:, :2], who="MLP")


def test_numbers_over_the_columns_are_no_names():
    numbered = pd.DataFrame(X, columns=[2010, 2011, 2012])
    columns = as_columns(numbered)
    assert (columns.names, columns.named) == (["2010", "2011", "2012"], False)
    encoder = InputEncoder.fit(numbered, drop=["2011"])
    assert encoder.feature_names_in is None
    np.testing.assert_array_equal(encoder.transform(X), encoder.transform(numbered))


def test_levels_of_names_are_joined():
    names = pd.MultiIndex.from_product([["petal"], ["length", "width"]])
    table = pd.DataFrame(X[:, :2], columns=names)
    encoder = InputEncoder.fit(table)
    assert encoder.feature_names_in == ["petal_length", "petal_width"]
    assert encoder.transform(table[[("petal", "width"), ("petal", "length")]]).shape == (4, 2)
    with pytest.raises(DataError, match='"a_b_c" 2 times'):
        as_columns(
            pd.DataFrame(X[:, :2], columns=pd.MultiIndex.from_tuples([("a_b", "c"), ("a", "b_c")]))
        )


@pytest.mark.parametrize("name", ["", " ", "größe (cm²)", 'say "no"', "a=b", "--drop", "x\ny"])
def test_any_text_is_a_name(name):
    table = pl.DataFrame({name: [1.0, 2.0], "gap": [None, None]})
    encoder = InputEncoder.fit(table)
    assert encoder.transform(table.select(name)).tolist() == [[-1], [1]]
    with pytest.raises(DataError) as caught:
        InputEncoder.fit(table.with_columns(pl.lit(np.inf).alias(name)))
    assert "`drop=[" in str(caught.value)
    assert "`--drop " in caught.value.text.at(SHELL)


def test_columns_of_an_array_are_left_out_by_place():
    encoder = InputEncoder.fit(X, drop=["x1"])
    assert encoder.feature_names_out == ["x0", "x2"]
    assert encoder.transform(X).shape == (4, 2)
    gap = X.copy()
    gap[:, 1] = np.nan
    with pytest.raises(DataError, match=r'Leave it out: `drop=\["x1"\]`') as caught:
        InputEncoder.fit(gap)
    assert "Leave it out: `--drop x1`" in caught.value.text.at(SHELL)
    assert InputEncoder.fit(gap, drop=["x1"]).transform(gap).shape == (4, 2)
