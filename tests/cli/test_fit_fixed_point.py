"""`chainrule fit --model fixed-point`: from a table to predictions, and what it refuses."""

import numpy as np
import polars as pl
import pytest
from small import call, done, make_table, refused

OTHERS = " ".join(f"--drop {name}" for name in ("cost", "gain", "hot", "wet", "w"))
FIT = f"fit table.csv -t kind {OTHERS} --no-figures --no-report"
SETTLES = "--model fixed-point --hidden 8 --guarantee spectral --epochs 25"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("settling")
    make_table().write_csv(folder / "table.csv")
    (folder / "said.txt").write_text(done(folder, f"{FIT} {SETTLES} --out settled"))
    return folder


def test_the_summary_tells_of_settling(folder):
    said = (folder / "said.txt").read_text()
    assert "→ 8 tanh that settle → 3" in said
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
    refused(folder, f"{FIT} --guarantee spectral", "--guarantee is for --model fixed-point")
    refused(folder, f"{settles} --hidden 5,5", '--hidden "5,5" is for several layers')
    refused(folder, f"{settles} --layer-norm", "--layer-norm is for --model mlp")
    refused(folder, f"{settles} --settle-step 2", "--settle-step", "in (0, 1]")
    refused(folder, f"{settles} --settle-solver andersen", "--settle-solver", "picard, anderson")
    code, _, err = call(folder, f"{FIT} {SETTLES} --max-settle 3 --out never")
    assert code == 2
    assert "unsettled in epoch 1: 100.0% of the samples" in err
    assert "--max-settle" in err
    assert not (folder / "never").exists()
