"""`--resume` goes on: the same steps as in one go, the same rows, and nothing that contradicts."""

import json

import numpy as np
import pytest
from small import QUICK, call, done, refused, weights_of, write

from chainrule import load

CONSTANT = f"--schedule constant --validation 0 {QUICK}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a run of 6 epochs, `six`, and one with validation rows, `half`."""
    path = tmp_path_factory.mktemp("resume")
    write(path, columns=["a", "b", "zone", "kind", "w"])
    write(path, "other.csv", ["a", "b", "zone", "kind", "w"], seed=1)
    done(path, f"fit table.csv -t kind --weight w {CONSTANT} --epochs 6 --out six")
    done(path, f"fit table.csv -t kind {QUICK} --epochs 4 --out half")
    return path


def test_six_epochs_and_six_more_are_twelve(folder):
    out = done(folder, "fit --resume six --out six-more")
    assert "six, from epoch 6 on" in out
    done(folder, f"fit table.csv -t kind --weight w {CONSTANT} --epochs 12 --out twelve")
    assert (weights_of(folder / "six-more") == weights_of(folder / "twelve")).all()
    more, twelve = (load(folder / run / "model.chr") for run in ("six-more", "twelve"))
    for one, other in zip(
        more.fitted_.optimizer_state, twelve.fitted_.optimizer_state, strict=True
    ):
        assert np.array_equal(one, other)
    assert more.history_["loss"].tolist() == twelve.history_["loss"].tolist()
    manifest = json.loads((folder / "six-more" / "manifest.json").read_text())
    assert manifest["resumed"]["run"] == "six"
    assert manifest["resumed"]["epoch"] == 6
    assert manifest["resumed"]["same_table"]
    done(folder, "fit --config six-more --out again")  # a config that resumes
    assert (weights_of(folder / "again") == weights_of(folder / "twelve")).all()


def test_the_split_stays_and_a_resumed_run_can_be_resumed(folder):
    before = json.loads((folder / "half" / "manifest.json").read_text())
    done(folder, "fit --resume half --epochs 3 --rate 0.001 --target kind --hidden 8 --out half-2")
    done(folder, "fit --resume half-2 --epochs 2 --out half-3")
    for run in ("half-2", "half-3"):
        after = json.loads((folder / run / "manifest.json").read_text())
        assert after["split"] == before["split"]
        assert after["columns"] == before["columns"]
        assert after["results"]["test"]["rows"] == before["results"]["test"]["rows"]
    assert after["resumed"]["run"] == "half-2"
    assert load(folder / "half-3" / "model.chr").learning_rate_init == 0.001


def test_layers_may_be_frozen_to_fine_tune_the_rest(folder):
    done(folder, "fit other.csv --resume six --frozen-layers 0 --epochs 3 --out tuned")
    before, after = (load(folder / run / "model.chr").coefs_ for run in ("six", "tuned"))
    assert np.array_equal(before[0], after[0])
    assert not np.array_equal(before[1], after[1])


def test_another_table_is_told(folder):
    out = done(folder, "fit other.csv --resume six --epochs 1 --out elsewhere")
    assert out.count("the hash differs") == 1
    assert "the hash differs" not in done(folder, "fit --resume elsewhere --epochs 1 --out there")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--resume six --hidden 9", ["--hidden 9", "8"]),
        ("--resume six --activation tanh", ["--activation tanh"]),
        ("--resume six --layer-norm", ["--layer-norm"]),
        ("--resume six --target zone", ["--target zone", "kind"]),
        ("--resume six --seed 1", ["--seed 1", "0"]),
        ("--resume six --drop a", ["--drop a", "none"]),
        ("--resume six --epochs 0", ["--epochs 0"]),
        ("--resume nothing", ["nothing"]),
        ("--resume table.csv", ["table.csv", "no run folder"]),
        ("--resume six/model.chr", ["no run folder"]),
        ("two.csv --resume six", ["classes", "x, y, z", "x, y"]),
        ("less.csv --resume six", ['"w"']),
    ],
)
def test_what_contradicts_the_run_is_refused(folder, line, words):
    table = (folder / "table.csv").read_text()
    (folder / "two.csv").write_text(table.replace(",z,", ",y,"))
    write(folder, "less.csv", ["a", "b", "zone", "kind"])
    refused(folder, f"fit {line}", *words)


def test_a_run_that_lost_its_config_is_refused(folder):
    done(folder, f"fit table.csv -t kind {CONSTANT} --epochs 1 --out bare")
    (folder / "bare" / "config.toml").unlink()
    code, _, err = call(folder, "fit --resume bare")
    assert (code, "config.toml" in err) == (2, True)
