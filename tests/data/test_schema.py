"""What a column is taken for, and what is refused before training."""

from datetime import date, time

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from chainrule.cli.talk import SHELL
from chainrule.data import Answers, Column, Schema, as_columns, infer_schema, require_column
from chainrule.data.columns.kinds import KINDS
from chainrule.data.columns.kinds.kind import Noticed
from chainrule.errors import DataError, OptionError, ShapeError

N = 24
LETTERS = [f"t{i}" for i in range(N)]


@pytest.mark.parametrize(
    ("values", "name", "kind", "note"),
    [
        ([1.5, None] * (N // 2), "x", "constant", "apart from 12 gaps"),
        ([1.5, 2.5] * (N // 2), "x", "number", ""),
        ([True, False] * (N // 2), "x", "number", ""),
        ([date(2020, 1, d + 1) for d in range(N)], "x", "date", ""),
        ([time(d) for d in range(N)], "x", "clock", ""),
        ([3] * N, "x", "constant", "constant"),
        (["a"] * N, "x", "constant", "constant"),
        (list(range(N)), "x", "identifier", "looks like an ID"),
        (list(range(N, 0, -1)), "x", "identifier", "looks like an ID"),
        ([i * i for i in range(N)], "x", "number", ""),
        ([i * i for i in range(N)], "customer_id", "identifier", "looks like an ID"),
        ([i * i for i in range(N)], "PassengerId", "identifier", "looks like an ID"),
        ([i * i for i in range(N)], "number_of_rooms", "number", ""),
        ([float(i) for i in range(N)], "id", "number", ""),
        (LETTERS, "x", "identifier", "looks like an ID"),
        (LETTERS[:-1] + ["t0"], "x", "category", ""),
        (["1", "2.5"] * (N // 2), "x", "number", "text of numbers"),
        (["1", "b", "c"] * (N // 3), "x", "category", ""),
    ],
)
def test_what_a_column_is_taken_for(values, name, kind, note):
    table = pl.DataFrame({name: values, "y": [0.5, 1.5, 2.5] * (N // 3)})
    column = infer_schema(table).columns[0]
    assert (column.name, column.kind) == (name, kind)
    assert note in column.note


def test_the_user_overrides_everything():
    table = {"a": range(N), "b": [3] * N, "c": LETTERS, "d": [0.5, 1] * (N // 2)}
    schema = infer_schema(pl.DataFrame(table), number=["a"], category=["b", "c"], drop=["d"])
    assert [column.kind for column in schema.columns] == [
        "number",
        "category",
        "category",
        "dropped",
    ]
    assert schema.columns[1].levels == ["3"]


def test_more_than_a_hundred_levels_are_another_kind():
    texts = [f"t{i}" for i in range(101)]
    many, few = (infer_schema(pl.DataFrame({"x": [*each, "t9"]})) for each in (texts, texts[1:]))
    assert [(c.kind, c.n_levels, c.levels) for c in many.columns] == [("levels", 101, [])]
    assert [(c.kind, len(c.levels)) for c in few.columns] == [("category", 100)]
    codes = np.arange(300)[:, None] % 150
    asked = infer_schema(codes, category=["x0"]).columns[0]
    assert (asked.kind, asked.note) == ("levels", "a category, as you asked")


def test_describe_says_all_of_it():
    table = pl.DataFrame(
        {
            "rowid": range(N),
            "mass": [None, 2.5, 3.5] * (N // 3),
            "length": [1.5, 2.5] * (N // 2),
            "sex": ["f", "m"] * (N // 2),
            "day": [date(2020, 1, 1), date(2020, 2, 1)] * (N // 2),
        }
    )
    assert infer_schema(table).describe() == [
        "2 numbers scaled (8 gaps filled and flagged: mass)",
        "1 date (day: days scaled)",
        "1 category one-hot (sex 2, plus 'unknown')",
        "left out: rowid (looks like an ID)",
    ]


GOOD = [0.5, 1.5, 2.5, 3.5]


@pytest.mark.parametrize(
    ("table", "options", "kind", "words"),
    [
        ({"x": [1.0, 2, float("-inf"), 4]}, {}, DataError, ['"x"', "row 3", "-inf", "--drop x"]),
        ({"x": [None] * 4}, {"drop": ["good"]}, DataError, ["no column is left", "x: no value"]),
        ({"x": [7] * 4}, {"drop": ["good"]}, DataError, ["no column is left", "x: constant"]),
        ({"x": GOOD}, {"drop": ["X"]}, DataError, ['no column "X"; did you mean "x"?']),
        ({"body_mass": GOOD}, {"category": ["bodymass"]}, DataError, ['did you mean "body_mass"?']),
        ({"x": GOOD}, {"number": ["zzz"]}, DataError, ['no column "zzz".', "x, good"]),
        ({"x": GOOD}, {"number": ["x"], "drop": ["x"]}, OptionError, ['"x"', "Choose one"]),
        ({"x": ["a", "b", "c", "a"]}, {"number": ["x"]}, DataError, ['"x"', "no value"]),
    ],
)
def test_bad_columns_are_refused_with_the_remedy(table, options, kind, words):
    with pytest.raises(kind) as caught:
        infer_schema(pl.DataFrame(table | {"good": GOOD}), **options)
    said = f"{caught.value} {caught.value.text.at(SHELL)}"
    assert all(word in said for word in words), said


def test_require_column():
    assert require_column(["a", "species"], "species") == "species"
    with pytest.raises(DataError, match='no column "Species"; did you mean "species"'):
        require_column(["a", "species"], "Species")


@pytest.mark.parametrize(
    ("X", "kind", "words"),
    [
        ([1, 2, 3], ShapeError, "Reshape your data"),
        (pl.Series([1, 2]), ShapeError, "Reshape your data"),
        (np.zeros((2, 2, 2)), ShapeError, "3D array"),
        (3.0, ShapeError, "0D array"),
        (np.zeros((0, 3)), ShapeError, r"0 sample\(s\)"),
        (np.zeros((3, 0)), ShapeError, r"0 feature\(s\)"),
        (pd.DataFrame({"a": []}), ShapeError, r"0 sample\(s\)"),
        ([[1, 2], [3]], ShapeError, "different lengths"),
        (np.zeros((2, 2), complex), DataError, "Complex data not supported"),
        ([[1.0, {"foo": 1}]], TypeError, "argument must be a string or a .*number"),
        ([["a", {"foo": 1}]], TypeError, "argument must be a string or a number"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), DataError, '"a" 2 times.*name of its own'),
        (pa.table([[1], [2]], names=["a", "a"]), DataError, '"a" 2 times.*name of its own'),
        (
            pd.DataFrame([[1, 2]], columns=["1", 1]),
            TypeError,
            "all input features have string name",
        ),
    ],
)
def test_what_is_no_table_is_refused_at_the_border(X, kind, words):
    with pytest.raises(kind, match=words):
        infer_schema(X)


def test_numeric_arrays_pass_uncopied_and_objects_are_read():
    X = np.arange(6.0).reshape(3, 2)
    assert as_columns(X).numeric_array is X
    assert as_columns(pl.LazyFrame({"a": [1]})).names == ["a"]
    assert as_columns(X.astype(object)).numeric_array is not None
    mixed = as_columns([[1, "a"], [2, "b"], [None, "a"]])
    assert (mixed.names, mixed.named, mixed.values("x0").kind) == (["x0", "x1"], False, "integer")


OF_EVERY_KIND = {
    "dropped": None,
    "constant": [3.0] * N,
    "identifier": LETTERS,
    "number": [2.5, 3.0, None] * (N // 3),
    "date": [date.fromordinal(737_500 + 17 * d) if d % 5 < 4 else None for d in range(N)],
    "clock": [time(d, 15) if d % 5 < 4 else None for d in range(N)],
    "category": ["a", "b", None] * (N // 3),
    "levels": [*(f"{letter}{i}" for letter in LETTERS for i in range(5)), None] * 2,
}


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_column_answers_what_is_asked_of_it(name):
    kind, cells = KINDS[name], OF_EVERY_KIND[name]
    assert kind.name == name
    columns = as_columns(pl.DataFrame({"x": cells or LETTERS}))
    values = columns.values("x")
    if cells is None:
        assert kind.recognised(values, None) is None
    else:
        beside = np.arange(len(cells)) / 2
        schema = infer_schema(pl.DataFrame({"x": cells, "y": beside}))
        assert schema.columns[0] == kind.recognised(values, None)
    if kind.option:
        asked = kind.as_asked(columns, "x", None)
        assert (asked.kind, asked.note[-9:]) == (name, "you asked")
    if not kind.used:
        assert not kind.learns
        return
    column = kind.recognised(values, None)
    if kind.asks_target:
        answers = Answers(np.arange(len(cells))[:, None] // 5, ["mean of y"])
        column = kind.told(column, answers)
        learnt = kind.learnt_of(column, values, None, answers)
    else:
        learnt = kind.learnt(column, values, None, sparse=False)
    outputs, shapes = kind.outputs(column), kind.shapes(column)
    assert tuple(learnt) == tuple(shapes) == kind.learns
    assert all(np.shape(learnt[name]) == shape for name, shape in shapes.items())
    assert kind.described([column], scale=True)
    out = np.zeros((len(cells), len(outputs)))
    kind.encode(column, values, out, learnt, scale=True)
    assert np.isfinite(out).all()
    assert (out != 0).any(axis=0).all()
    noticed = kind.noticed(column, values, learnt)
    assert kind.remarks(column, noticed)
    assert not kind.remarks(column, Noticed())
    assert len(kind.for_trees(column, values, out)) == len(cells)
    assert len(kind.as_numbers(column, values)) == len(cells)
    assert kind.became(column, learnt, scale=True, most=2)
    cell = as_columns(pl.DataFrame({"x": cells[:1]})).values("x")
    shown, became, _ = kind.worked_out(column, cell, out[0].tolist(), learnt, scale=True)
    assert shown == str(cells[0])
    assert {each for each, _, _ in became} <= set(outputs)


def test_a_kind_that_is_none_is_refused():
    with pytest.raises(ValueError, match="no kind of column 'colour'"):
        Schema([Column("x", "colour")], 3)
