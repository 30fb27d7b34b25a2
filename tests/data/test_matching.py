"""Names: by name in any order, else by position with scikit-learn's words, else an error."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from chainrule.cli.talk import SHELL
from chainrule.data import Column, InputEncoder, Schema, as_columns
from chainrule.data.columns import match_columns
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


SPELLED = {"Temp": "temp", " HUM ": "hum", "Bill Length": "bill_length", "GROSSE": "größe"}


def test_names_by_another_spelling_are_taken_and_it_is_said():
    trained = pd.DataFrame(np.c_[X, X[:, :1] + 1], columns=list(SPELLED.values()))
    new = trained.rename(columns={name: there for there, name in SPELLED.items()})
    encoder = InputEncoder.fit(trained)
    with pytest.warns(FeatureNamesWarning, match='MLP: columns taken .*: "Temp" for "temp", " HUM'):
        np.testing.assert_array_equal(encoder.transform(new, who="MLP"), encoder.transform(trained))
    assert encoder.transform_report(new.assign(more=1)) == [
        'columns taken by another spelling: "Temp" for "temp", " HUM " for "hum", "Bill Length" '
        'for "bill_length", "GROSSE" for "größe"',
        "ignored columns: more",
    ]


@pytest.mark.parametrize(
    ("trained", "there", "found"),
    [
        (["temp"], ["Temp", "TEMP"], None),  # which of them?
        (["temp", "Temp"], ["temp", "TEMP"], None),  # that of which?
        (["temp", "Temp"], ["temp", "Temp", "TEMP"], ["temp", "Temp"]),
        (["q1_1"], ["q11"], None),
        (["q1_1"], ["Q1-1", "q11"], ["Q1-1"]),
        (["a b"], ["A_B", "b"], ["A_B"]),
        (["x"], ["X "], ["X "]),
    ],
)
def test_only_what_cannot_be_another_is_taken(trained, there, found):
    schema = Schema([Column(name, "number") for name in trained], 4)
    columns = as_columns(pd.DataFrame(np.zeros((4, len(there))), columns=there))
    if found is None:
        with pytest.raises(DataError, match="lacks 1 column"):
            match_columns(schema, True, columns, "MLP")
    else:
        assert [name for _, name in match_columns(schema, True, columns, "MLP")] == found


def test_at_the_shell_it_is_the_run_that_lacks_a_column():
    for there, words in {
        "Temp TEMP": '"temp" could be "Temp" or "TEMP"',
        "tmp": 'did you mean "tmp"?',
        "p q": "It has p, q, which the run does not know.",
    }.items():
        with pytest.raises(DataError) as caught:
            InputEncoder.fit(pl.DataFrame({"temp": [1.0, 2.5]})).transform(
                pl.DataFrame(dict.fromkeys(there.split(), [1.0]))
            )
        said = caught.value.text.at(SHELL)
        assert said.startswith("the table lacks 1 column of the run: temp"), said
        assert words in said
        assert "\n" not in said
