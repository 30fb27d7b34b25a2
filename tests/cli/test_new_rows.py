"""`predict` and `evaluate` on tables as people have them: kept columns, other names, any size."""

import gzip
import io
import json
import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from small import INPUTS, QUICK, call, done, make_table, refused, write

from chainrule import load
from chainrule.cli import blocks, predict, reading

N = 700


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a table, and runs that predict a class and numbers of it."""
    path = tmp_path_factory.mktemp("new rows")
    write(path, "small.csv", [*INPUTS, "kind", "cost"])
    for target in ("kind", "cost"):
        drop = "cost" if target == "kind" else "kind"
        done(path, f"fit small.csv -t {target} --drop {drop} {QUICK} --epochs 20 --out {target}")
    table = make_table(n=N, seed=1).with_columns(
        id=pl.Series([f"{i:04}x" for i in range(N)]),
        note=pl.Series(["=1+1", "-", "-5", "+a", "@b", "plain, with comma", None] * (N // 7)),
        prediction=pl.lit("given"),
    )
    table.write_csv(path / "new.csv")
    table.write_parquet(path / "new.parquet")
    return path


# Columns that are kept.


def test_kept_columns_stand_in_front_as_they_were(folder):
    code, out, err = call(folder, "predict kind new.csv --keep id --keep Zone --keep prediction")
    assert code == 0
    table, given = pl.read_csv(io.StringIO(out)), pl.read_csv(folder / "new.csv")
    assert table.columns[:4] == ["id", "zone", "prediction (given)", "prediction"]
    assert table["id"].to_list() == given["id"].to_list()
    assert table["zone"].to_list() == given["zone"].to_list()
    assert 'columns taken by another spelling: "zone" for "Zone"' in err
    assert 'as given, "prediction" is "prediction (given)"' in err
    every = pl.read_csv(io.StringIO(done(folder, "predict kind new.csv --keep all")))
    assert len(every.columns) == len(given.columns) + 4
    refused(folder, "predict kind new.csv --keep idd", 'no column to keep, "idd"', '"id"')


def test_formulas_get_an_apostrophe_and_numbers_none(folder):
    for name, separator in (("out.csv", ","), ("out.csv.gz", ","), ("out.tsv", "\t")):
        code, _, err = call(folder, f"predict cost new.csv --keep note --keep a -o {name}")
        assert code == 0
        assert f"{3 * N // 7} texts with =, +, - or @ in front got an apostrophe" in err
        raw = (folder / name).read_bytes()
        raw = gzip.decompress(raw) if name.endswith("gz") else raw
        table = pl.read_csv(raw, separator=separator)
        assert table["note"].to_list()[:7] == [
            "'=1+1", "-", "-5", "'+a", "'@b", "plain, with comma", None
        ]  # fmt: skip
        assert (table["a"] < 0).any()
    code, _, err = call(folder, "predict cost new.csv --keep note -o out.parquet")
    assert "apostrophe" not in err
    assert pl.read_parquet(folder / "out.parquet")["note"][0] == "=1+1"


@pytest.mark.parametrize("out", ["new.csv", "./new.csv", "link.csv", "../{folder}/new.csv"])
def test_the_table_that_is_read_is_not_written_over(folder, out):
    (folder / "link.csv").unlink(missing_ok=True)
    (folder / "link.csv").symlink_to("new.csv")
    before = (folder / "new.csv").read_bytes()
    code, _, err = call(
        folder, ["predict", "nowhere", "new.csv", "-o", out.format(folder=folder.name)]
    )
    assert (code, "is the table that is read" in err) == (2, True)
    assert (folder / "new.csv").read_bytes() == before


@pytest.mark.parametrize("out", ["out.txt", "out.csv.zip", "out"])
def test_other_endings_are_refused(folder, out):
    refused(folder, f"predict kind new.csv -o {out}", ".csv, .csv.gz, .tsv, .tsv.gz or .parquet")


# Blocks of rows.


@pytest.fixture
def small_blocks(monkeypatch):
    """Tables of some hundred rows are read and predicted in several blocks."""
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 5_000)
    monkeypatch.setattr(blocks, "BLOCK_CELLS", 1_000)
    monkeypatch.setattr(predict, "MOST_ROWS", 64)
    from chainrule.predicting import network

    monkeypatch.setattr(network, "BLOCK_NUMBERS", 64 * 8)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("run", ["kind", "cost"])
@pytest.mark.parametrize("table", ["new.csv", "new.parquet"])
def test_blocks_predict_what_the_whole_does_to_the_bit(folder, run, table, monkeypatch):
    sizes = []
    tables_of = blocks.tables_of

    def counted(*given):
        for table in tables_of(*given):
            sizes.append(table.frame.height)
            yield table

    monkeypatch.setattr(reading, "tables_of", counted)
    done(folder, f"predict {run} {table} --keep id --keep a --keep note -o blocks.parquet")
    assert len(sizes) > 4
    assert sum(sizes) == N
    found = pl.read_parquet(folder / "blocks.parquet")
    given = pl.read_parquet(folder / "new.parquet")
    model = load(folder / run / "model.chr")
    assert found["prediction"].to_list() == model.predict(given).tolist()
    assert found["id"].to_list() == given["id"].to_list()
    assert found["a"].to_list() == given["a"].to_list()
    if run == "kind":
        proba = found.select(pl.col("^probability.*$")).to_numpy()
        assert proba.tolist() == model.predict_proba(given).tolist()


ODD = {
    "semicolons, decimal commas, a title and a total": lambda t: (
        "Export of 2024\n\n"
        + t.write_csv(separator=";", decimal_comma=True)
        + "Total;;;;\n"
    ),
    "packed, with blank lines": lambda t: gzip.compress(
        t.write_csv().replace("\n", "\n\n", 40).encode()
    ),
    "without names": lambda t: t.drop("cost").write_csv(include_header=False),
    "lines within cells": lambda t: (
        t.with_columns(c=pl.lit("two\nlines, \"quoted\"")).write_csv()
    ),
    "another order, other names, CR LF": lambda t: (
        t.rename({"a": "A ", "zone": "ZONE"}).select("b", "ZONE", "kind", "A ", "cost")
        .write_csv(line_terminator="\r\n")
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", ODD)
def test_odd_files_are_read_alike_in_blocks(folder, how, monkeypatch, request):
    table = make_table(n=N, seed=4).select("a", "b", "zone", "kind", "cost")
    raw = ODD[how](table)
    name = "odd.csv.gz" if isinstance(raw, bytes) else "odd.csv"
    (folder / name).write_bytes(raw if isinstance(raw, bytes) else raw.encode())
    line = f"predict cost {name} --keep {'x3' if how == 'without names' else 'kind'}"
    whole = call(folder, line)
    request.getfixturevalue("small_blocks")
    code, out, err = call(folder, line)
    assert (code, whole[0]) == (0, 0), err
    assert out == whole[1]
    assert len(out.splitlines()) == N + 1


@pytest.mark.usefixtures("small_blocks")
def test_a_bad_cell_is_named_by_its_part(folder):
    table = make_table(n=N, seed=4).select(*INPUTS)
    text = table.write_csv().splitlines()
    text[600] = f"1e200,{text[600].split(',', 1)[1]}"
    (folder / "bad.csv").write_text("\n".join(text))
    code, _, err = call(folder, "predict cost bad.csv")
    assert code == 2
    assert "(In the part of bad.csv behind data row" in err


@pytest.mark.parametrize("size", [1, 7, 50, 10_000])
def test_text_is_cut_at_the_ends_of_records(size):
    text = b'a,b\n1,"two\nlines"\n\n3,"say ""so""\n"\n4,x'
    parts = list(blocks.records(io.BytesIO(text), size))
    assert b"".join(parts) == text
    assert all(part.endswith(b"\n") for part in parts[:-1])
    assert not any(part.count(b'"') % 2 for part in parts)
    assert (
        b"".join(blocks.records(io.BytesIO(b'1,5" pipe\n2,x\n' * 99), 40))
        == b'1,5" pipe\n2,x\n' * 99
    )


CHILD = r"""
import re, sys
from pathlib import Path
from chainrule.cli import blocks, main
blocks.BLOCK_BYTES = 1 << 20
sys.argv = ["chainrule", "predict", "kind", "long.csv", "--keep", "id", "-o", sys.argv[1]]
try:
    main()
except SystemExit as stop:
    assert not stop.code
print(int(re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())[1]) / 1024)
"""


@pytest.mark.slow
@pytest.mark.parametrize("out", ["out.csv", "out.parquet"])
def test_memory_does_not_grow_with_the_table(folder, out):
    def peak(n_times):
        pl.concat([pl.read_csv(folder / "new.csv")] * n_times).write_csv(folder / "long.csv")
        line = [sys.executable, "-c", CHILD, out]
        told = subprocess.run(line, cwd=folder, check=True, capture_output=True, text=True)
        scan = pl.scan_csv if out.endswith("csv") else pl.scan_parquet
        assert scan(folder / out).select(pl.len()).collect().item() == N * n_times
        return float(told.stdout)

    first, second = peak(100), peak(400)
    assert second < min(first + 30, 500)  # MiB; 30 is the text of the second


# Other names.


def test_columns_by_another_spelling_are_found(folder):
    table = make_table(n=50, seed=2)
    other = table.rename({"a": " A", "zone": "ZONE", "kind": "Kind"})
    table.select(*INPUTS, "kind").write_csv(folder / "same.csv")
    other.select(" A", "b", "ZONE", "Kind").write_csv(folder / "other.csv")
    code, out, err = call(folder, "predict kind other.csv")
    assert (code, out) == (0, done(folder, "predict kind same.csv"))
    assert 'note: columns taken by another spelling: "A" for "a", "ZONE" for "zone"' in err
    told = done(folder, "evaluate kind other.csv")
    assert 'by another spelling: "Kind" for "kind"' in told
    assert told.endswith(done(folder, "evaluate kind same.csv"))
    table.select("a").write_csv(folder / "lacking.csv")
    refused(folder, "predict kind lacking.csv", "lacks 2 columns of the run: b, zone. Add or")


# What evaluate makes of answers that are not there, or were never seen.


def test_rows_without_a_target_are_left_out(folder):
    table = make_table(n=60, seed=3)
    kind = pl.Series([None if i % 6 == 0 else k for i, k in enumerate(table["kind"])])
    table.with_columns(kind=kind).write_csv(folder / "gaps.csv")
    table.filter(kind.is_not_null()).write_csv(folder / "whole.csv")
    scores = [json.loads(done(folder, f"evaluate kind {t}.csv --json")) for t in ("gaps", "whole")]
    assert [each.pop("without_target") for each in scores] == [10, 0]
    assert scores[0] == scores[1]
    assert scores[0]["rows"] == 50
    assert "50; 10 rows without a target left out" in done(folder, "evaluate kind gaps.csv")


def test_classes_never_seen_are_wrong(folder):
    table = make_table(n=60, seed=3)
    kind = pl.Series(["new" if i % 6 == 0 else k for i, k in enumerate(table["kind"])])
    table.with_columns(kind=kind).write_csv(folder / "unseen.csv")
    scores = json.loads(done(folder, "evaluate kind unseen.csv --json"))
    model, true = load(folder / "kind" / "model.chr"), kind.to_numpy()
    guess, proba = model.predict(table), model.predict_proba(table)
    assert (scores["rows"], scores["unseen"]) == (60, {"new": 10})
    assert scores["accuracy"] == pytest.approx((guess == true).mean())
    recalls = [(guess[true == each] == each).mean() for each in ("x", "y", "z")]
    assert scores["balanced_accuracy"] == pytest.approx(sum(recalls) / 4)
    seen = true != "new"
    own = proba[seen, np.searchsorted(["x", "y", "z"], true[seen])]
    assert scores["log_loss"] == pytest.approx(-np.log(own).mean())
    assert np.sum(scores["confusion"]) == 50
    precision = (true[guess == "x"] == "x").mean()
    assert scores["per_class"][0]["precision"] == pytest.approx(precision)
    told = done(folder, "evaluate kind unseen.csv")
    assert "of which 10 with 1 class that training never saw (new): wrong in all scores" in told
