"""Wide tables: work grows with the number of columns, not with its square."""

import dataclasses
import time

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pytest

from chainrule.data import InputEncoder, as_columns, infer_schema, read_table
from chainrule.data.columns import frames
from chainrule.data.findings import find
from chainrule.data.spelling.column import USUAL, CellOptions, read_cells
from chainrule.data.spelling.plain import read_plainly
from chainrule.errors import DataError

RNG = np.random.default_rng(0)
N = 60


def wide(n_columns):
    """Numbers, some with gaps, whole numbers, and texts."""
    table = pl.DataFrame(RNG.normal(size=(N, n_columns)), [f"gene_{i}" for i in range(n_columns)])
    texts = {name: table[name].sign().cast(pl.String) for name in table.columns[::5]}
    whole = {name: (table[name] * 9).cast(pl.Int64) for name in table.columns[1::5]}
    gappy = pl.when(pl.col(table.columns[2::5]) < 1).then(pl.col(table.columns[2::5]))
    return table.with_columns(**texts, **whole).with_columns(gappy)


def understand(columns):
    """Do all that is done with a table but training."""
    schema = infer_schema(columns, drop=columns.names[::7])
    encoder = InputEncoder.fit(columns, schema=schema)
    encoder.transform(columns)
    encoder.transform_report(columns)
    y = np.arange(N) % 2
    find(columns, y, task="classification", schema=schema)
    return encoder


class Unsearched(list):
    """A list that must not be looked through for every column."""

    def index(self, *_):
        raise AssertionError("names are looked through")

    count = __contains__ = index


def test_no_column_is_looked_for_among_all(monkeypatch):
    columns = as_columns(wide(50))
    asked = []
    getitem = nw.DataFrame.__getitem__
    monkeypatch.setattr(nw.DataFrame, "__getitem__", lambda *a: asked.append(a) or getitem(*a))
    understand(dataclasses.replace(columns, names=Unsearched(columns.names)))
    assert not asked


@pytest.mark.slow
def test_time_grows_with_the_number_of_columns():
    def spent(n_columns):
        table = wide(n_columns)
        start = time.process_time()
        understand(as_columns(table))
        return time.process_time() - start

    spent(100)
    assert spent(20_000) < 8 * spent(5_000)  # four times as many


def test_numbers_side_by_side_are_measured_as_each_alone():
    table = wide(20)
    weights = RNG.random(N) + 0.1
    together = InputEncoder.fit(table, weights=weights)
    encoded = together.transform(table, np.float64)
    for name in (column.name for column in together.schema.of_kind("number")):
        alone = InputEncoder.fit(table.select(name), weights=weights)
        places = [together.feature_names_out.index(each) for each in alone.feature_names_out]
        own = alone.transform(table.select(name), np.float64)
        np.testing.assert_array_equal(encoded[:, places], own)


def test_more_columns_than_can_be_looked_at_are_refused(monkeypatch):
    monkeypatch.setattr(frames, "MOST_COLUMNS", 9)
    for table in (wide(10), pd.DataFrame(np.zeros((3, 10)))):
        with pytest.raises(DataError, match="has 10 columns, more than 9.*transpose it"):
            as_columns(table)
    assert as_columns(np.zeros((3, 10))).n_rows == 3


def test_plain_numbers_found_many_at_a_time_are_those_found_alone(tmp_path):
    cells = {
        "whole": ["1", "-20", "", "0"],
        "broken": ["1.5", "", "-2.25", "3"],
        "thousands or not": ["1.234", "2.345", "", "3.456"],
        "led": ["007", "012", "345", "678"],
        "dates": ["20140101", "20150202", "20160303", "20170404"],
        "odd": ["1.5", "2.5", "x", "3.5"],
        "empty": [""] * 4,
        "long": ["12345678", "1", "2", "3"],
        "plus": ["+1", "2", "3", "4"],
    }
    frame = pl.DataFrame(cells)
    assert set(read_plainly(frame, USUAL)) == {"whole", "broken"}
    for name, found in read_plainly(frame, USUAL).items():
        alone = read_cells(frame[name])
        assert found.values.equals(alone.values, null_equal=True)
        assert (found.decimal, found.findings) == (alone.decimal, alone.findings)
    assert not read_plainly(frame, CellOptions(decimal=","))


def test_a_table_of_a_million_columns_is_refused_at_once(tmp_path):
    (tmp_path / "t.csv").write_text(",".join(["x"] * 1_000_000) + "\n" + "1," * 999_999 + "1\n")
    with pytest.raises(DataError, match="1,000,000 fields, more than the 200,000 columns"):
        read_table(tmp_path / "t.csv")
