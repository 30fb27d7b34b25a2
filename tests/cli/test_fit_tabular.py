"""`chainrule fit` without options: the tabular networks, and all that can be asked of them."""

import json

import polars as pl
import pytest
from small import INPUTS, call, done, make_table, refused, write

from chainrule import TabularClassifier, load
from chainrule.cli.talk import show_progress
from chainrule.engine.training.results import Progress

QUICK = "--hidden 8 --epochs 20 --networks 3"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a table and a run of classes and one of numbers."""
    path = tmp_path_factory.mktemp("tabular")
    write(path, "kinds.csv", [*INPUTS, "kind"], n=200)
    write(path, "costs.csv", [*INPUTS, "cost"], n=200)
    for name, target in (("kinds", "kind"), ("costs", "cost")):
        out = done(
            path, f"fit {name}.csv -t {target} {QUICK} --no-figures --no-report --out {name}"
        )
        (path / f"{name}.txt").write_text(out)
    return path


def test_the_summary_says_what_auto_stood_for(folder):
    out = (folder / "kinds.txt").read_text()
    assert "Split    160 train · 40 test (stratified, random, seed 0)" in out
    assert "Model    tabular: 3 networks of 8 selu, batches of 80 rows, 20 epochs" in out
    assert "Network  3 networks of 6 soft_clip scaled → 8 selu → 3 ·" in out
    assert "Training 20 epochs each" in out
    manifest = json.loads((folder / "kinds" / "manifest.json").read_text())
    assert manifest["results"]["model"].startswith("tabular: 3 networks")
    model = load(folder / "kinds" / "model.chr")
    assert type(model) is TabularClassifier
    assert len(model.members_) == 3
    assert "soft_clip in pieces scaled → 8 mish" in (folder / "costs.txt").read_text()


def test_config_trains_the_same_again_and_another_size(folder):
    done(folder, "fit --config kinds/config.toml --out again --no-report --no-figures")
    tables = [done(folder, f"predict {run} kinds.csv") for run in ("kinds", "again")]
    assert tables[0] == tables[1]
    line = "fit --config kinds/config.toml --size large --epochs 2 --out large --no-report"
    assert "Model    tabular: 3 networks of 8 selu" in done(folder, f"{line} --no-figures")
    refused(folder, "fit --resume kinds --epochs 5", "3 networks", "--model mlp", "--config")


@pytest.mark.parametrize("run", [pytest.param("kinds", marks=pytest.mark.slow), "costs"])
def test_a_run_can_be_looked_at_from_all_sides(folder, run):
    target = {"kinds": "hidden1[0] <- a", "costs": "hidden1[0] <- b, piece 3"}[run]
    said = done(folder, ["explain", run, "--row", "0", "--weight", target])
    assert "This is the first of 3 networks" in said
    assert target.split(" <- ")[1] in said
    assert "All gradients are right" in done(folder, f"check-gradients {run}")
    code, said, _ = call(folder, f"doctor {run} --sanity")
    assert code < 2
    assert "loss at the start" in said
    assert "report written" in done(folder, f"report {run}")
    page = (folder / run / "report.html").read_text()
    assert "What happens to one row?" in page
    if run == "costs":
        assert ", piece 3" in page
        done(folder, "predict costs costs.csv --interval 0.9 -o costs-out.csv")
        table = pl.read_csv(folder / "costs-out.csv")
        inside = (table["lower"] <= make_table(n=200)["cost"]) & (
            make_table(n=200)["cost"] <= table["upper"]
        )
        assert inside.mean() > 0.8


def test_groups_are_left_out_as_a_whole(folder, monkeypatch):
    seen = []
    fit = TabularClassifier.fit

    def spy(self, rows, *given, **named):
        seen.append(rows.groups)
        return fit(self, rows, *given, **named)

    monkeypatch.setattr(TabularClassifier, "fit", spy)
    line = f"fit kinds.csv -t kind --groups zone {QUICK} --no-report --no-figures"
    done(folder, f"{line} --out grouped --test 1")
    assert len(set(seen[0])) == 2
    done(folder, f"{line} --out held --test 1 --validation 1")
    assert seen[1] is None


def test_progress_is_shown_without_a_loss_of_the_whole_table(capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with show_progress() as tell:
        tell(Progress(3, 10, {"running_loss": 0.5, "val_accuracy": 0.75}, 2, 1.0, 0.1))
    assert "Epoch 3/10  train 0.5  valid accuracy 0.750" in capsys.readouterr().err
