"""Run folders that earlier versions wrote are used as those of today; see `tests/files`."""

import json
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from small import done

VERSIONS = [f for f in (Path(__file__).parents[1] / "files").iterdir() if f.name[0].isdigit()]


@pytest.fixture(params=VERSIONS, ids=lambda folder: folder.name)
def folder(request, tmp_path):
    shutil.copytree(request.param, tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_an_old_run_predicts_is_judged_and_goes_on(folder):
    done(folder, "predict run rows.csv -o said.csv")
    with np.load(folder / "run.npz") as before:
        said = pl.read_csv(folder / "said.csv")
        assert said["prediction"].to_list() == before["predict"].tolist()
    manifest = json.loads((folder / "run" / "manifest.json").read_text())
    for run in ("run", "run_groups"):
        scores = json.loads(done(folder, f"evaluate {run} table.csv --json"))
        assert scores["rows"] == 150
    out = done(folder, "fit --resume run --epochs 1 --no-figures --no-report --out more")
    assert "run, from epoch 4 on" in out
    after = json.loads((folder / "more" / "manifest.json").read_text())
    assert after["split"] == manifest["split"]
    assert after["columns"] == manifest["columns"]
    assert after["resumed"]["same_table"]
