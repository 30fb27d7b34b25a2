"""One column from every library: what kind it is read as, and what is refused at the border."""

import datetime as dt
import time
from collections import Counter
from decimal import Decimal

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.data import InputEncoder, as_columns, infer_schema
from chainrule.data.columns import cells
from chainrule.data.columns.cells import read_values
from chainrule.errors import ColumnTypeError, DataError

NAN = float("nan")
DAY, NEXT = dt.date(2020, 1, 1), dt.date(2020, 1, 2)
MOMENT = dt.datetime(2020, 1, 1, 12)
FIRST = 18262.0  # days from 1970-01-01 to 2020-01-01
TEXTS = ["a", "b", None]


def of_arrow(values, kind):
    return pd.array(values, dtype=pd.ArrowDtype(kind))


@pytest.mark.parametrize(
    ("column", "kind", "data"),
    [
        (pd.array([1, None, 3], dtype="Int64"), "integer", [1, NAN, 3]),
        (pd.array([True, None, False], dtype="boolean"), "boolean", [1, NAN, 0]),
        (pd.array(TEXTS, dtype="string"), "text", TEXTS),
        (pd.Categorical(TEXTS, categories=["unused", "b", "a"]), "category", TEXTS),
        (pd.Categorical([10, 20, None]), "category", ["10", "20", None]),
        (pd.Categorical([1.5, 2.0, None]), "category", ["1.5", "2", None]),
        (pd.to_datetime([MOMENT, None]).tz_localize("Etc/GMT-6"), "date", [FIRST + 0.25, NAN]),
        (pd.to_timedelta([36, None], unit="h"), "float", [1.5, NAN]),
        (pd.PeriodIndex(["2020-01", None, "2020-02"], freq="M"), "date", [FIRST, NAN, FIRST + 31]),
        (pd.arrays.SparseArray([0, 0, 1.5]), "float", [0, 0, 1.5]),
        (pd.Series([1, True, None, np.int8(3)], dtype=object), "integer", [1, 1, NAN, 3]),
        (pd.Series([pd.NaT, MOMENT, DAY], dtype=object), "date", [NAN, FIRST + 0.5, FIRST]),
        (pd.Series([1, "a", 2.5, 3.0, None, True, b"\xc3\x9f", DAY], dtype=object), "text",
         ["1", "a", "2.5", "3", None, "True", "ß", "2020-01-01"]),
        (pd.Series([None, NAN, pd.NA, pd.NaT], dtype=object), "text", [None] * 4),
        (of_arrow([1, None], pa.int8()), "integer", [1, NAN]),
        (of_arrow(["a", None], pa.dictionary(pa.int32(), pa.string())), "category", ["a", None]),
        (of_arrow([DAY, None], pa.date32()), "date", [FIRST, NAN]),
        (of_arrow([Decimal("1.5"), None], pa.decimal128(5, 2)), "float", [1.5, NAN]),
        (pl.Series([Decimal("1.5"), None]), "float", [1.5, NAN]),
        (pl.Series(TEXTS, dtype=pl.Enum(["b", "a", "unused"])), "category", TEXTS),
        (pl.Series(TEXTS, dtype=pl.Categorical), "category", TEXTS),
        (pl.Series([None, None]), "text", [None, None]),
        (pl.Series([None, None], dtype=pl.Boolean), "boolean", [NAN, NAN]),
        (pl.Series([dt.time(1, 30), None]), "clock", [1.5, NAN]),
        (pd.Series([dt.time(1, 30), None]), "clock", [1.5, NAN]),
        (pa.array([dt.time(13, 0, 9), None], pa.time32("s")), "clock", [13.0025, NAN]),
        (pl.Series([dt.timedelta(hours=12), None]), "float", [0.5, NAN]),
        (pl.Series([1, None], dtype=pl.Int128), "integer", [1, NAN]),
        (pl.Series([2**64 - 1, None], dtype=pl.UInt64), "integer", ["18446744073709551615", None]),
        (pa.array(TEXTS).dictionary_encode(), "category", TEXTS),
        (pa.array([5, 6, None]).dictionary_encode(), "category", ["5", "6", None]),
        (pa.nulls(2), "text", [None, None]),
        (pa.array(TEXTS, pa.string_view()), "text", TEXTS),
        (pa.array([MOMENT, None], pa.timestamp("s", "UTC")), "date", [FIRST + 0.5, NAN]),
        (pa.array([dt.date(9999, 1, 1), None]), "date", [2932532.0, NAN]),
        (pa.array([2**60, 1]), "integer", [str(2**60), "1"]),
        (pa.array([1.5, None], pa.float16()), "float", [1.5, NAN]),
        (np.array(["2020-01-01T12", "NaT"], dtype="datetime64[h]"), "date", [FIRST + 0.5, NAN]),
        (np.array([6, "NaT"], dtype="timedelta64[h]"), "float", [0.25, NAN]),
        (np.array(["a", "b"], dtype=np.dtypes.StringDType()), "text", ["a", "b"]),
        (np.array([1, 2**63], dtype=np.uint64), "integer", ["1", str(2**63)]),
        (np.ma.masked_array([1.5, 2.5], [False, True]), "float", [1.5, NAN]),
    ],
)  # fmt: skip
def test_what_a_column_is_read_as(column, kind, data):
    if isinstance(column, pl.Series):
        table = pl.DataFrame({"c": column})
    elif isinstance(column, np.ndarray):
        table = column[:, None]
    elif isinstance(column, (pa.Array, pa.ChunkedArray)):
        table = pa.table({"c": column})
    else:
        table = pd.DataFrame({"c": column})
    columns = as_columns(table)
    values = columns.values(columns.names[0])
    assert values.kind == kind
    assert [None if v != v else v for v in values.data] == [None if v != v else v for v in data]


@pytest.mark.parametrize(
    ("column", "kind", "words"),
    [
        (pl.Series([[1], [2]]), DataError, ["no column is left", "c: holds List(Int64)"]),
        (pl.Series([{"a": 1}, None]), DataError, ["holds Struct"]),
        (pl.Series([b"a"]), DataError, ["holds Binary"]),
        (pl.Series([{1}], dtype=pl.Object), ColumnTypeError, ["holds a set ({1})"]),
        (pa.array([[1], None]), DataError, ["holds List(Int64)"]),
        (pd.IntervalIndex.from_breaks([0, 1]), ColumnTypeError, ["holds a Interval", "Convert"]),
        (pd.Series([1j]), DataError, ["Complex data not supported", "as two columns"]),
        (pd.Series([["a", "b"] * 50]), ColumnTypeError, ["holds a list (['a', ", "...)"]),
    ],
)
def test_what_is_no_column_of_a_table_is_refused(column, kind, words):
    frame = {pl.Series: pl.DataFrame, pa.ListArray: pa.table}.get(type(column), pd.DataFrame)
    with pytest.raises(kind) as caught:
        infer_schema(frame({"c": column}))
    assert all(word in str(caught.value) for word in words), str(caught.value)


@pytest.mark.parametrize("big", [2**53, -(2**53), 2**60, 10**400])
@pytest.mark.parametrize("form", ["array", "list", "polars", "text"])
def test_whole_numbers_that_would_be_rounded_are_refused_or_codes(big, form):
    if form == "array" and abs(big) > 2**63:
        big = 2**62
    cells = [1, big, 2]
    X = {
        "array": lambda: np.array(cells, dtype=np.int64)[:, None],
        "list": lambda: [[cell] for cell in cells],
        "polars": lambda: pl.DataFrame({"x0": pl.Series(cells, dtype=pl.Object)}),
        "text": lambda: pl.DataFrame({"x0": [str(cell) for cell in cells]}),
    }[form]()
    if form in ("array", "list") and abs(big) < 2**63:
        with pytest.raises(DataError, match=f"whole number {big} in data row 2.*categories"):
            InputEncoder.fit(X)
    else:
        assert InputEncoder.fit(X).schema.columns[0].levels == sorted(map(str, cells))
    levels = InputEncoder.fit(X, category=["x0"]).schema.columns[0].levels
    assert levels == sorted(map(str, cells))


def test_numbers_too_large_for_the_arithmetic_are_refused():
    for X in (np.array([[1.0], [1e200]]), pl.DataFrame({"x0": [1.0, 1e200]})):
        with pytest.raises(DataError, match='"x0" holds a number too large to be computed.*row 2'):
            InputEncoder.fit(X)
    encoder = InputEncoder.fit(np.array([[1.0], [2.0]]))
    with pytest.raises(DataError, match=r'"x0" holds a number too large for float32.*row 1.*drop'):
        encoder.transform(np.array([[1e39]]))
    assert encoder.transform(np.array([[1e39]]), np.float64).tolist() == [[2e39]]
    with pytest.raises(DataError, match="too large for float64"):
        InputEncoder.fit(np.array([[0.0], [1e-9]])).transform(np.array([[1e305]]), np.float64)


def test_what_is_asked_for_as_a_category_is_spelled_as_people_write_it():
    table = pl.DataFrame({"yes": [True, None, False], "day": [DAY, None, NEXT], "n": [1.0, 2.5, 1]})
    table = table.with_columns(when=pl.Series([MOMENT, None, MOMENT]))
    schema = infer_schema(table, category=table.columns)
    assert [column.levels for column in schema.columns] == [
        ["False", "True"],
        ["2020-01-01", "2020-01-02"],
        ["1", "2.5"],
        ["2020-01-01T12:00:00.000000"],
    ]


def test_a_large_id_is_left_out_and_not_rounded():
    ids = [2**60 + i for i in range(30)]
    table = pl.DataFrame({"tweet_id": ids, "x": np.arange(30) / 7})
    assert [column.kind for column in infer_schema(table).columns] == ["identifier", "number"]


@pytest.mark.parametrize("library", ["polars", "pandas", "pyarrow", "objects"])
def test_many_different_texts_take_little_time(library):
    texts = [f"text {i}" for i in range(199_990)] + ["text 1"] * 10
    start = time.process_time()
    for _ in range(10):
        sorted(set(texts))
    usual = time.process_time() - start
    table = pl.DataFrame({"x": texts})
    X = {
        "polars": lambda: table,
        "pandas": table.to_pandas,
        "pyarrow": table.to_arrow,
        "objects": lambda: np.array([texts], dtype=object).T,
    }[library]()
    start = time.process_time()
    encoder = InputEncoder.fit(X)
    assert time.process_time() - start < 10 * usual
    assert encoder.schema.columns[0].n_levels == 100_000
    assert encoder.transform(X[:2])[1, 0] > encoder.transform(X[:2])[0, 0]  # the rows of "text 1"


@given(st.lists(st.none() | st.sampled_from(["b", "a", "", "NaN", "ß"]), min_size=1))
def test_texts_are_coded_alike_by_every_library(texts):
    known = list(dict.fromkeys(text for text in texts if text is not None))
    places = [-1 if text is None else known.index(text) for text in texts]
    column = pl.Series("x", texts, dtype=pl.String)
    given = [column, column.cast(pl.Categorical), column.to_pandas(), np.array(texts, object)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cells, "FEW", 0)  # polars itself, however short the column is
        for each in given:
            own = each if isinstance(each, np.ndarray) else nw.from_native(each, series_only=True)
            values = read_values("x", own)
            assert (values.coded.texts, values.coded.places.tolist()) == (known, places)
            assert values.as_texts().tolist() == texts
            assert values.frequency == Counter(text for text in texts if text is not None)


def test_numbers_are_coded_as_they_are_spelled():
    values = read_values("x", np.array([3, np.nan, 2.5, 3, -0.0, 0.0]))
    assert values.coded.texts == ["3", "2.5", "0"]
    assert values.coded.places.tolist() == [0, -1, 1, 0, 2, 2]
