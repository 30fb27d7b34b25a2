"""Files in: every format gives the same frame, everything that is no table says so."""

import io
import sys
from datetime import date

import polars as pl
import pytest

from chainrule.data import DATASETS, load, read_table
from chainrule.errors import DataError, MissingFileError, OptionError

DAY = date(2020, 1, 2)
TABLE = pl.DataFrame({"mass": [1.5, None, 3.0], "island": ["Dream", "Biscoe", None]})


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_every_separator_is_found(tmp_path, separator):
    TABLE.write_csv(tmp_path / "t.csv", separator=separator)
    assert read_table(tmp_path / "t.csv").equals(TABLE)
    assert read_table(tmp_path / "t.csv", separator=separator).equals(TABLE)


def test_parquet_arrow_and_standard_input(tmp_path, monkeypatch):
    TABLE.write_parquet(tmp_path / "t.parquet")
    TABLE.write_ipc(tmp_path / "t.arrow")
    assert read_table(tmp_path / "t.parquet").equals(TABLE)
    assert read_table(str(tmp_path / "t.arrow")).equals(TABLE)
    stdin = io.TextIOWrapper(io.BytesIO(TABLE.write_csv().encode()))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert read_table("-").equals(TABLE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\ufeffa,b\n1,2\n", {"a": [1], "b": [2]}),
        ("a,b\r\n1,2\r\n\r\n3,4\r\n\r\n", {"a": [1, 3], "b": [2, 4]}),
        (" a , b\n1, 2\n3, ?\n", {"a": [1, 3], "b": [2, None]}),
        ("a,b\n1, x \n?,NA\nnan,null\n", {"a": [1, None, None], "b": ["x", None, None]}),
        (",b\n1,x\n", {"column_1": [1], "b": ["x"]}),
        ('a;b\n"x;y";"p\nq"\n"""z""";w\n', {"a": ["x;y", '"z"'], "b": ["p\nq", "w"]}),
        (
            "a,b\n" + "1,2\n" * 2000 + "x,2.5\n",
            {"a": [1] * 2000 + [None], "b": [2.0] * 2000 + [2.5]},
        ),
        ("a,b\n" + "1,\n" * 2000 + "1,2020-01-02\n", {"a": [1] * 2001, "b": [None] * 2000 + [DAY]}),
        ("when\n2020-01-02\n", {"when": [DAY]}),
        ("a;b\n1,5;2\n2,5;3\n", {"a": [1.5, 2.5], "b": [2, 3]}),
        ("a,b\n1,2\n3\n", {"a": [1, 3], "b": [2, None]}),
        ('a,b\n"1",2\n3,4,5\n', {"a": [1], "b": [2]}),
        ("a,a\n1,2\n", {"a": [1], "a_2": [2]}),
        ("a  b\n1  2\n", {"a": [1], "b": [2]}),
        ("5.1,3.5,x\n4.9,3.0,y\n", {"x0": [5.1, 4.9], "x1": [3.5, 3.0], "x2": ["x", "y"]}),
        ('a,b\n5" x,1\n3,4\n', {"a": ['5" x', "3"], "b": [1, 4]}),
    ],
)
def test_odd_but_readable(tmp_path, text, expected):
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode())
    assert read_table(path).to_dict(as_series=False) == expected


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "utf-16", "utf-16-le", "utf-8-sig"])
def test_encodings_are_found(tmp_path, encoding):
    path = tmp_path / "t.csv"
    path.write_bytes("a,b\n1,café à la crème\n2,déjà vu\n".encode(encoding))
    assert read_table(path)["b"].to_list() == ["café à la crème", "déjà vu"]
    with pytest.raises(OptionError, match=r"line \d is not in the encoding of encoding"):
        read_table(path, encoding="ascii")
    with pytest.raises(OptionError, match="is not known"):
        read_table(path, encoding="klingon")


@pytest.mark.parametrize(
    ("raw", "separator", "words"),
    [
        (b"", None, ["t.csv", "empty", "column names"]),
        (b" \n\n", None, ["empty"]),
        (b"a,b\n", None, ["no rows", "(a, b)", "Add rows"]),
        (b"a;b\n1;2\n", ",", ["one field with separator", '2 with ";"']),
        (b"a\tb\n1\t2\n", ",", ['2 with "tab"']),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", None, ["zero bytes"]),
    ],
)
def test_what_is_no_table_says_so(tmp_path, raw, separator, words):
    path = tmp_path / "t.csv"
    path.write_bytes(raw)
    with pytest.raises((DataError, OptionError)) as caught:
        read_table(path, separator=separator)
    assert all(word in str(caught.value) for word in words), str(caught.value)


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("penguin.csv", MissingFileError, ["did you mean", "penguins.csv", "iris"]),
        ("nowhere/t.csv", MissingFileError, ["folder nowhere does not exist"]),
        ("folder", MissingFileError, ["is a folder without a table"]),
        ("irs", MissingFileError, ["did you mean iris"]),
        ("t.xlsx", DataError, ["not an Excel file"]),
        ("bad.parquet", DataError, ["not a Parquet file"]),
        ("bad.arrow", DataError, ["not an Arrow file"]),
        ("empty.parquet", DataError, ["empty"]),
    ],
)
def test_what_cannot_be_opened_says_so(tmp_path, monkeypatch, name, kind, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    for file in ("penguins.csv", "t.xlsx", "bad.parquet", "bad.arrow"):
        (tmp_path / file).write_text("a,b\n1,2\n")
    (tmp_path / "empty.parquet").touch()
    with pytest.raises(kind) as caught:
        read_table(name)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_separator_is_one_character(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    with pytest.raises(OptionError, match="one character"):
        read_table(tmp_path / "t.csv", separator="::")


@pytest.mark.parametrize("name", DATASETS)
def test_named_sets_are_as_described(name):
    known, table = DATASETS[name], read_table(name)
    assert table.shape == (known.rows, known.columns)
    assert table.columns[-1] == known.target
    assert all(column == column.lower() and column.isidentifier() for column in table.columns)
    assert table.null_count().sum_horizontal().item() == 0


def test_named_sets_keep_the_classes_of_their_authors():
    assert load("iris")["species"].unique().sort().to_list() == [
        "setosa",
        "versicolor",
        "virginica",
    ]
    assert load("breast-cancer")["diagnosis"].value_counts().sort("count")["count"].to_list() == [
        212,
        357,
    ]
    with pytest.raises(OptionError, match='no data set "irsi"; did you mean "iris"'):
        load("irsi")


def test_a_file_wins_over_a_named_set(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "iris").write_text("a,b\n1,2\n")
    assert read_table("iris").columns == ["a", "b"]
