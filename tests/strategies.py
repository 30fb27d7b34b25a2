"""Odd tables for hypothesis: what people really bring, small enough to run in milliseconds.

`odd_tables` draws (X, y); `rows_for_prediction` draws what may come at predict for such an X.
`work` holds what every call on them must do: work, or be refused with a remedy.
"""

import datetime as dt
import decimal
import re
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.exceptions import DataConversionWarning

from chainrule.errors import ChainruleError, ChainruleWarning

FAST = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
SLOW = settings(FAST, max_examples=250)
PARTS = pytest.mark.parametrize("part", range(8))  # two thousand: no test takes for ever


def work(call):
    """Return what a call gives; None if it was refused, which must say what to do next."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ChainruleWarning)
        warnings.simplefilter("ignore", DataConversionWarning)
        try:
            return call()
        except ChainruleError as error:
            text = str(error)
            event(f"refused: {type(error).__name__}")
    assert re.search(r"[.?!]\)?\s+[A-Z]\w+.*[.)]$", text, re.DOTALL), text
    return None


TEXTS = ["a", "b", "B", "ß", "", " ", "unknown", "nan", "is missing", "a=b", "1", "x" * 60]
MIXED = [1, "a", 2.5, None, True, float("nan"), dt.date(2020, 1, 2), b"x", "3", decimal.Decimal(1)]
NESTED = [[1, 2], [], {"a": 1}, {1, 2}, (1,), None, 1j, object]
HUGE = [1e300, -1e300, 1e155, 1e39, 2**53 + 1, 2**63, 2**64, -(2**63), 10**400, 1e-300, 5e-324, 0]
DAYS = st.dates(dt.date(1, 1, 1), dt.date(9999, 12, 31))
MOMENTS = st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2200, 1, 1))

_number = st.floats(-1e6, 1e6) | st.integers(-9, 9).map(float)
CELLS = {
    "numbers": _number,
    "whole numbers": st.integers(-(10**6), 10**6),
    "booleans": st.booleans(),
    "categories": st.sampled_from(TEXTS),
    "distinct texts": st.text(min_size=6, max_size=12),
    "texts of numbers": st.sampled_from(["1", "2.5", " 3", "-4e2", "nan", "1_000", "x"]),
    "decimal commas": st.sampled_from(["1,5", "2,5", "3"]),
    "dates": DAYS,
    "moments": MOMENTS,
    "moments of a zone": MOMENTS.map(lambda moment: moment.replace(tzinfo=dt.UTC)),
    "durations": st.timedeltas(dt.timedelta(-900), dt.timedelta(900)),
    "decimals": st.decimals(-99, 99, places=2),
    "infinite": _number | st.sampled_from([float("inf"), float("-inf")]),
    "huge": st.sampled_from(HUGE),
    "mixed": st.sampled_from(MIXED),
    "nested": st.sampled_from(NESTED),
    "nothing": st.none() | st.just(float("nan")),
}
THEMES = [list(CELLS), *([kind] for kind in CELLS), ["numbers"], ["numbers", "categories"]]
NUMERIC = ["numbers", "whole numbers", "booleans", "nothing", "infinite"]


@st.composite
def columns(draw, kinds, n_rows):
    """A list of cells of one kind: any, the same in all rows, or with gaps."""
    cells = CELLS[draw(st.sampled_from(kinds))]
    fashion = draw(st.sampled_from(["any", "any", "constant", "gaps"]))
    if fashion == "constant":
        return [draw(cells)] * n_rows
    cells = st.none() | cells if fashion == "gaps" else cells
    return draw(st.lists(cells, min_size=n_rows, max_size=n_rows))


def names_of(n):
    """Names that are all different; pandas also gets others."""
    odd = st.sampled_from(["", " ", "größe (cm²)", 'say "no"', "a=b", "x is missing", "x", "名前"])
    return st.lists(odd | st.text(max_size=5), min_size=n, max_size=n, unique=True)


@st.composite
def odd_names(draw, n):
    """Names such as only pandas allows: twice, numbers, mixed, none, in levels."""
    names = st.sampled_from(["x", "x", "y", 1, 2, None, ("a", "b"), dt.date(2020, 1, 1)])
    return draw(st.lists(names, min_size=n, max_size=n) | st.just(list(range(n))))


def as_polars(cells, names):
    def series(name, values):
        try:
            return pl.Series(name, values)
        except Exception:  # what polars cannot hold otherwise
            return pl.Series(name, values, dtype=pl.Object)

    return pl.DataFrame([series(name, values) for name, values in zip(names, cells, strict=True)])


def as_pandas(cells, names, dtype=None):
    frame = pd.concat([_pandas_series(values, dtype) for values in cells], axis=1)
    frame.columns = pd.Index(names, tupleize_cols=all(isinstance(name, tuple) for name in names))
    return frame


def _pandas_series(values, dtype):
    try:
        return pd.Series(values, dtype=dtype)
    except Exception:  # not of that type: as Python things
        return pd.Series(values, dtype=object)


def as_arrow(cells, names):
    def array(values):
        try:
            return pa.array(values, from_pandas=True)
        except Exception:
            return pa.array([None if v is None else str(v) for v in values]).dictionary_encode()

    return pa.table([array(values) for values in cells], names=names)


def as_objects(cells):
    table = np.empty((len(cells[0]), len(cells)), dtype=object)
    for place, values in enumerate(cells):
        for row, value in enumerate(values):
            table[row, place] = value
    return table


PANDAS_TYPES = ["Int64", "Float64", "boolean", "string", "category", "datetime64[us]", object]


@st.composite
def odd_inputs(draw, n_rows=None):
    """A table X of 1 to 40 rows and 1 to 4 columns, in any container."""
    n_rows = draw(st.integers(1, 40)) if n_rows is None else n_rows
    n_columns = draw(st.integers(1, 4))
    container = draw(
        st.sampled_from(
            ["polars", "pandas", "odd names", "arrow", "array", "numbers", "lists", "sparse"]
        )
    )
    kinds = NUMERIC if container in ("numbers", "sparse") else draw(st.sampled_from(THEMES))
    cells = [draw(columns(kinds, n_rows)) for _ in range(n_columns)]
    names = draw(names_of(n_columns))
    match container:
        case "polars":
            return as_polars(cells, names)
        case "pandas":
            return as_pandas(cells, names, draw(st.none() | st.sampled_from(PANDAS_TYPES)))
        case "odd names":
            return as_pandas(cells, draw(odd_names(n_columns)))
        case "arrow":
            return as_arrow(cells, names)
        case "array":
            return as_objects(cells)
        case "numbers":
            return np.array(cells, dtype=draw(st.sampled_from([np.float32, np.float64]))).T
        case "lists":
            return [list(row) for row in zip(*cells, strict=True)]
        case _:
            table = np.array(cells, dtype=float).T
            table[np.abs(table) < 5] = 0
            return sparse.csr_array(table).asformat(draw(st.sampled_from(["csr", "coo", "lil"])))


@st.composite
def odd_targets(draw, n_rows):
    """A target y for that many rows, or one that does not fit."""
    few = st.sampled_from(["a", "b", "c"])
    cells = draw(
        st.sampled_from(
            [few, st.integers(0, 2), st.integers(0, 99), _number, st.booleans(),
             st.sampled_from([0.0, 1.0]), st.sampled_from(MIXED), st.just("one class"),
             st.sampled_from(HUGE), DAYS, _number | st.sampled_from([np.nan, np.inf]),
             st.none() | few, st.binary(max_size=2), st.sampled_from(NESTED)]
        )
    )  # fmt: skip
    n = max(0, n_rows + draw(st.sampled_from([0, 0, 0, 0, 0, -1, 1])))
    values = draw(st.lists(cells, min_size=n, max_size=n))
    match draw(st.sampled_from(["list", "array", "pandas", "polars", "vector", "wide", "each"])):
        case "list":
            return values
        case "array":
            return as_objects([values])[:, 0] if values else np.array(values)
        case "pandas":
            return pd.Series(values, dtype=None if values else object, name="y")
        case "polars":
            return as_polars([values], ["y"])["y"] if values else pl.Series("y", [])
        case "vector":
            return [[value] for value in values]
        case "wide":
            return [[value, other] for value, other in zip(values, values[::-1], strict=True)]
        case _:
            return [f"class {row}" for row in range(n)]


@st.composite
def odd_tables(draw):
    """Draw (X, y): what people bring to `fit`."""
    X = draw(odd_inputs())
    return X, draw(odd_targets(n_rows_of(X)))


def n_rows_of(X):
    return X.shape[0] if hasattr(X, "shape") else len(X)


@st.composite
def rows_for_prediction(draw, X):
    """Draw rows as they may come at predict: the same, fewer, in another order, other kinds."""
    n_rows = n_rows_of(X)
    action = draw(st.sampled_from(["same", "none", "one", "twice", "columns", "other", "unseen"]))
    if action == "other":
        return draw(odd_inputs())
    rows = {"none": [], "one": [0], "twice": [*range(n_rows)] * 2}.get(action, [*range(n_rows)])
    if isinstance(X, list):
        return [X[row] for row in rows]
    if isinstance(X, pa.Table):
        X = pl.from_arrow(X)
    if sparse.issparse(X):
        X = X.tocsr()
    if action in ("same", "none", "one", "twice"):
        return X.iloc[rows] if isinstance(X, pd.DataFrame) else X[rows]
    places = draw(st.permutations(range(X.shape[1])))
    places = places[: draw(st.integers(1, len(places)))] if draw(st.booleans()) else places
    if not isinstance(X, (pd.DataFrame, pl.DataFrame)):
        return X[:, places]
    frame = X.iloc[:, places] if isinstance(X, pd.DataFrame) else X[:, places]
    name = frame.columns[0] if action == "unseen" else "a column more"
    unseen = ["never seen"] * n_rows
    if isinstance(frame, pl.DataFrame):
        return frame.with_columns(pl.Series(name, unseen))
    named = isinstance(name, str) and frame.columns.nlevels == 1
    return frame.assign(**{name: unseen}) if named else frame
