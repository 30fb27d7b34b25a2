"""A part of the rows, and what is said where the memory would not hold a table."""

import gzip

import numpy as np
import polars as pl
import pytest

from chainrule.cli import blocks
from chainrule.data import read_table
from chainrule.data.reading import room
from chainrule.data.reading.options import Reading
from chainrule.data.reading.table import read
from chainrule.errors import DataError, OptionError

N = 5000
FRAME = pl.DataFrame({
    "n": np.arange(N),
    "x": np.random.default_rng(0).normal(size=N).round(4),
    "zone": ["north", "south", "a, b", 'say "no"', None] * (N // 5),
})  # fmt: skip


@pytest.fixture(params=["t.csv", "t.parquet", "t.jsonl", "part-*.csv"])
def table(request, tmp_path):
    """The same rows as text, as columns, as records, and in two files."""
    name = request.param
    writers = {"t.csv": FRAME.write_csv, "t.parquet": FRAME.write_parquet,
               "t.jsonl": FRAME.write_ndjson}  # fmt: skip
    if name in writers:
        writers[name](tmp_path / name)
    else:
        FRAME[: N // 2].write_csv(tmp_path / "part-1.csv")
        FRAME[N // 2 :].write_csv(tmp_path / "part-2.csv")
    return tmp_path / name


def test_a_sample_holds_rows_of_the_table_in_their_order(table):
    found = read(table, Reading(sample=700))
    assert found.frame.height == 700
    places = found.frame["n"].cast(int).to_list()
    assert places == sorted(set(places))
    assert places[-1] - places[0] > 0.9 * N
    assert found.frame.rows() == read_table(table)[places].rows()
    said = [each.evidence for each in found.findings]
    assert "700 of 5,000 rows, drawn at random." in said
    assert read_table(table, sample=700).equals(found.frame)


def test_a_sample_of_more_rows_than_there_are_is_the_table(table):
    found = read(table, Reading(sample=N))
    assert found.frame.height == N
    assert not [each for each in found.findings if "drawn" in each.evidence]


def test_no_row_is_no_sample():
    with pytest.raises(OptionError, match="must be 1 or more rows"):
        Reading(sample=0)


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.parquet"])
def test_too_little_memory_is_said_with_a_remedy_that_works(tmp_path, monkeypatch, name):
    if name.endswith("gz"):
        (tmp_path / name).write_bytes(gzip.compress(FRAME.write_csv().encode()))
    else:
        (FRAME.write_csv if name == "t.csv" else FRAME.write_parquet)(tmp_path / name)
    (tmp_path / "meminfo").write_text("MemTotal: 900 kB\nMemAvailable:   100 kB\n")
    monkeypatch.setattr(room, "MEMORY", tmp_path / "meminfo")
    monkeypatch.setattr(room, "FEWEST_BYTES", 1000)
    monkeypatch.setattr(blocks, "LARGE_FILE", 1000)
    source = str(tmp_path / name)
    with pytest.raises(DataError, match="are left. Take a part of its rows: sample=") as caught:
        blocks.read_some(source, Reading())
    few = int(str(caught.value).partition("sample=")[2].split(".")[0])
    assert blocks.read_some(source, Reading(sample=few)).frame.height == few


@pytest.mark.parametrize("header", [True, False])
def test_a_sample_of_a_large_file_is_drawn_while_it_is_read(tmp_path, monkeypatch, header):
    monkeypatch.setattr(blocks, "LARGE_FILE", 1000)
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 3000)
    frame = FRAME.with_columns(zone=pl.when(FRAME["n"] % 7 == 0).then(pl.lit("two\nlines"))
                               .otherwise(FRAME["zone"]))  # fmt: skip
    frame.write_csv(tmp_path / "t.csv", include_header=header)
    found = blocks.read_some(str(tmp_path / "t.csv"), Reading(sample=400))
    names = found.frame.columns
    assert names == (frame.columns if header else ["x0", "x1", "x2"])
    assert found.frame.height == 400
    places = found.frame[names[0]].cast(int).to_list()
    assert places == sorted(set(places))
    whole = read_table(tmp_path / "t.csv")
    assert found.frame.rows() == whole[places].rows()
    assert found.findings[0].evidence == "400 of 5,000 rows, drawn at random."
    assert 0.4 * N < np.mean(places) < 0.6 * N


def test_what_is_left_is_what_the_system_or_its_group_says(tmp_path, monkeypatch):
    monkeypatch.setattr(room, "MEMORY", tmp_path / "meminfo")
    monkeypatch.setattr(room, "GROUP", tmp_path)
    assert room.memory_left() is None
    (tmp_path / "meminfo").write_text("MemAvailable: 7 kB")
    assert room.memory_left() == 7 * 1024
    (tmp_path / "memory.max").write_text("max\n")
    assert room.memory_left() == 7 * 1024
    (tmp_path / "memory.max").write_text("5000\n")
    (tmp_path / "memory.current").write_text("3000\n")
    (tmp_path / "memory.stat").write_text("anon 10\ninactive_file 500\n")
    assert room.memory_left() == 2500


def test_a_cell_of_millions_of_letters_is_a_gap_that_is_said(tmp_path):
    text = "a,b\n1,x\n2," + "q" * 1_500_000 + "\n3,z\n"
    (tmp_path / "t.csv").write_text(text)
    pl.DataFrame({"a": [1.0, 2.0, 3.0], "b": ["x", "q" * 1_500_000, "z"]}).write_parquet(
        tmp_path / "t.parquet"
    )
    for name in ("t.csv", "t.parquet"):
        found = read(tmp_path / name)
        assert found.frame["b"].to_list() == ["x", None, "z"]
        [said] = found.findings
        assert said.rows == (1,)
        assert said.evidence.startswith('"b": 1 cell of more than 1,000,000 letters')
