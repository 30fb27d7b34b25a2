"""`chainrule fit --model fixed-point`: from a table to predictions, and what it refuses."""

import numpy as np
import polars as pl
import pytest
from small import call, done, make_table, refused

OTHERS = " ".join(f"--drop {name}" for name in ("cost", "gain", "hot", "wet", "w"))
FIT = f"fit table.csv -t kind {OTHERS} --no-figures --no-report"
SETTLES = "--model fixed-point --hidden 8 --bound 0.9 --epochs 99"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("settling")
    make_table().write_csv(folder / "table.csv")
    (folder / "said.txt").write_text(done(folder, f"{FIT} {SETTLES} --out settled"))
    return folder


def test_the_summary_tells_of_settling(folder):
    said = (folder / "said.txt").read_text()
    assert "→ 8 gelu that settle → 3" in said
    assert "Settling " in said
    assert "unsettled in training: 0 samples" in said


def test_predict_evaluate_and_resume(folder):
    done(folder, "predict settled table.csv -o out.csv")
    table, out = pl.read_csv(folder / "table.csv"), pl.read_csv(folder / "out.csv")
    assert np.mean((table["kind"] == out["prediction"]).to_numpy()) > 0.8
    assert "accuracy" in done(folder, "evaluate settled table.csv")
    done(folder, "fit --resume settled --epochs 25 --out more --no-figures --no-report")
    assert 'model = "fixed-point"' in (folder / "more" / "config.toml").read_text()


def test_what_cannot_work_is_said(folder):
    settles = f"{FIT} --model fixed-point"
    refused(folder, f"{FIT} --model fixedpoint", 'did you mean "fixed-point"?')
    refused(folder, f"{FIT} --guarantee perron", "--guarantee is for --model fixed-point")
    refused(folder, f"{settles} --hidden 5,5", '--hidden "5,5" is for several layers')
    refused(folder, f"{settles} --layer-norm", "--layer-norm is for --model mlp")
    refused(folder, f"{settles} --settle-step 2", "--settle-step", "in (0, 1]")
    refused(folder, f"{settles} --settle-solver andersen", "--settle-solver", "picard, anderson")
    code, _, err = call(folder, f"{FIT} {SETTLES} --max-settle 3 --out never")
    assert code == 2
    assert "unsettled in epoch 1: 100.0% of the samples" in err
    assert "--max-settle" in err
    assert not (folder / "never").exists()


TWENTY = [range(2), pytest.param(range(2, 20), marks=pytest.mark.slow)]


@pytest.mark.parametrize("seeds", TWENTY)
def test_xor_is_learnt_by_default(tmp_path, seeds):
    """Four of four, by every seed; of so few rows none is held out, which is said."""
    (tmp_path / "xor.csv").write_text("a,b,y\n0,0,0\n0,1,1\n1,0,1\n1,1,0\n")
    fit = "fit xor.csv --target y --model fixed-point --no-figures --no-report"
    for seed in seeds:
        said = done(tmp_path, f"{fit} --seed {seed} --out run{seed}")
        assert "Split    4 train (too few to hold any out; --test and --validation decide" in said
        done(tmp_path, f"predict run{seed} xor.csv -o out{seed}.csv")
        predicted = pl.read_csv(tmp_path / f"out{seed}.csv")["prediction"]
        assert predicted.round().to_list() == [0, 1, 1, 0]


def test_few_rows_are_held_out_where_that_is_asked(tmp_path):
    make_table(7).write_csv(tmp_path / "few.csv")
    fit = "fit few.csv -t cost --model mlp --hidden 2 --epochs 1 --no-figures --no-report"
    assert "5 train · 1 validation · 1 test" in done(tmp_path, f"{fit} --test 1 --validation 1")
    assert "7 train (too few" in done(tmp_path, fit)
