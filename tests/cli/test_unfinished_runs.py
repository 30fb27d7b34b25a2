"""Runs that were ended too soon go on; what `runs`, `compare` and `rerun` say of runs."""

import json
import random
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from small import INPUTS, QUICK, call, done, make_table, refused, write

from chainrule import load
from chainrule.runs.folder import CONFIG, MANIFEST, MODEL
from chainrule.runs.unfinished import CHECKPOINT, STARTED, running
from chainrule.storage import checkpoints

FIT = f"fit table.csv -t kind {QUICK} --no-baselines"
SLOW = "fit long.csv -t kind --no-baselines --no-figures --no-report --checkpoint 0.2"
KINDS = {
    "mlp": "--model mlp --hidden 8 --epochs 60 --batch 4 --patience 1000",
    "tabular": "--model tabular --hidden 8 --epochs 60 --batch 16 --networks 3",
    "fixed-point": "--model fixed-point --hidden 4 --epochs 4 --patience 1000",
}


class Killed(BaseException):
    """The end of a process, which nothing in it hears."""


def numbers(run):
    """Return everything that was fitted, but for the seconds."""
    model = load(run / MODEL)
    layers = [each.network.arrays for each in model.fitted_.networks]
    arrays = [array for own in layers for layer in own for array in layer.values()]
    return [*arrays, *model.history_.values(), *model.fitted_.optimizer_state]


def same(run, other):
    pairs = zip(numbers(run), numbers(other), strict=True)
    return all(np.array_equal(a, b, equal_nan=True) for a, b in pairs)


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A folder with runs: `whole`, and `table-1`, which was ended after its first checkpoint."""
    folder = tmp_path_factory.mktemp("unfinished")
    write(folder, columns=[*INPUTS, "kind"])
    done(folder, f"{FIT} --epochs 9 --out whole")
    write_one = checkpoints.Training.keep

    def keep(self, arrays, epoch):
        write_one(self, arrays, epoch)
        raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoints.Training, "keep", keep)
        with pytest.raises(Killed):
            call(folder, f"{FIT} --epochs 9 --checkpoint 1e-9")
    return folder


@pytest.fixture
def folder(begun, tmp_path):
    shutil.copytree(begun, tmp_path / "own")
    return tmp_path / "own"


def test_a_run_that_was_ended_goes_on_in_its_folder(folder):
    assert not (folder / "runs/table-1" / MODEL).exists()
    out = done(folder, "fit --resume runs/table-1")
    assert "runs/table-1, with 1 on the way" in out
    assert same(folder / "runs/table-1", folder / "whole")
    assert not (folder / "runs/table-1" / CHECKPOINT).exists()
    told = [json.loads((folder / run / MANIFEST).read_text()) for run in ("runs/table-1", "whole")]
    assert len(told[0]["begun"]) == 2
    assert told[0]["command"][:3] == told[1]["command"][:3] == ["chainrule", "fit", "table.csv"]
    for name in ("data_hash", "split", "parameters", "columns", "epochs", "best_epoch"):
        assert told[0][name] == told[1][name]
    assert told[0]["results"]["test"] == told[1]["results"]["test"]
    done(folder, "predict runs/table-1 table.csv")


def test_what_it_was_begun_with_stays(folder):
    (folder / "moved").mkdir()
    (folder / "table.csv").rename(folder / "moved/t.csv")
    refused(folder, "fit --resume runs/table-1", "table.csv")
    refused(folder, "fit --resume runs/table-1 moved/t.csv --epochs 20",
            "--epochs cannot be asked of --resume runs/table-1, which is not finished")  # fmt: skip
    write(folder, columns=[*INPUTS, "kind"], seed=1)
    refused(
        folder, "fit --resume runs/table-1", "table.csv is no longer the table that runs/table-1"
    )
    done(folder, "fit --resume runs/table-1 moved/t.csv --epochs 9 --no-baselines")
    assert same(folder / "runs/table-1", folder / "whole")


def test_a_run_without_its_trainings_begins_anew(folder):
    for path in (folder / "runs/table-1" / CHECKPOINT).glob("*.training"):
        path.write_bytes(path.read_bytes()[:100])
    assert "nothing was kept yet: it begins anew" in done(folder, "fit --resume runs/table-1")
    assert same(folder / "runs/table-1", folder / "whole")


def test_other_commands_say_that_a_run_is_not_finished(folder):
    for line in ("predict runs/table-1 table.csv", "report runs/table-1", "rerun runs/table-1",
                 "compare whole runs/table-1"):  # fmt: skip
        refused(folder, line, "runs/table-1 is not finished", "chainrule fit --resume runs/table-1")


def test_nobody_fits_a_run_that_another_process_fits(folder):
    run = folder / "runs/table-1"
    started = json.loads((run / CHECKPOINT / STARTED).read_text())
    program = f"""
import sys, msgspec
from pathlib import Path
from chainrule.runs.unfinished import read_started, running
run = Path({str(run)!r})
with running(run, read_started(run)):
    print("held", flush=True)
    sys.stdin.read()
"""
    words = [sys.executable, "-c", program]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(words, **pipes) as other:
        assert other.stdout.readline() == "held\n"
        refused(folder, "fit --resume runs/table-1", "is being fitted by another process")
        assert "running" in done(folder, "runs")
        done(folder, "runs --clean")
        other.stdin.close()
    assert json.loads((run / CHECKPOINT / STARTED).read_text())["table"] == started["table"]
    assert "not finished" in done(folder, "runs")


def test_without_checkpoints_it_can_be_begun_anew(folder, monkeypatch):
    def train(*given, **named):
        raise Killed

    with monkeypatch.context() as context:
        context.setattr("chainrule.engine.training.run.Run.until", train)
        context.setattr("shutil.rmtree", lambda *given, **named: None)  # a kill leaves it
        with pytest.raises(Killed):
            call(folder, f"{FIT} --epochs 9 --checkpoint 0 --out none")
    assert "it begins anew" in done(folder, "fit --resume none")
    assert same(folder / "none", folder / "whole")


def test_after_ctrl_c_a_run_is_whole_and_can_go_on(folder, monkeypatch, ctrl_c_as_usual):
    write_one, once = checkpoints.Training.keep, iter([True])

    def keep(self, arrays, epoch):
        write_one(self, arrays, epoch)
        if next(once, False):
            signal.raise_signal(signal.SIGINT)

    line = FIT.replace("--no-figures ", "")
    with monkeypatch.context() as context:
        context.setattr(checkpoints.Training, "keep", keep)
        out = done(folder, f"{line} --epochs 9 --checkpoint 1e-9 --out stopped")
    assert "chainrule fit --resume stopped" in out
    done(folder, "predict stopped table.csv")
    assert "stopped" in done(folder, "runs .")
    assert load(folder / "stopped" / MODEL).n_iter_ < 9
    out = done(folder, "fit --resume stopped --no-baselines")
    assert "no figures" not in out
    assert same(folder / "stopped", folder / "whole")
    assert not (folder / "stopped" / CHECKPOINT).exists()


# The commands on runs.


def test_runs_are_listed_and_cleaned(folder):
    done(folder, f"{FIT} --epochs 3")
    shutil.copytree(folder / "runs/table-1", folder / "runs/empty-1")
    for path in (folder / "runs/empty-1" / CHECKPOINT).glob("*.training"):
        path.unlink()
    (folder / "runs/broken-1").mkdir()
    (folder / "runs/broken-1" / MANIFEST).write_text("{")
    (folder / "runs/notes").mkdir()
    (folder / "runs/table-2/.writing-0123").write_text("half")
    out = done(folder, "runs")
    assert "to go on: chainrule fit --resume runs/table-1" in out
    assert "1 run of which nothing is kept: chainrule runs --clean" in out
    told = json.loads(done(folder, "runs --json"))["runs"]
    states = {each["run"]: each["state"] for each in told}
    assert states == {
        "runs/broken-1": "damaged",
        "runs/empty-1": "not finished",
        "runs/table-1": "not finished",
        "runs/table-2": "whole",
    }
    assert told[-1]["measure"] == "accuracy"
    assert 0 <= told[-1]["score"] <= 1
    assert (told[-1]["table"], told[-1]["target"]) == ("table.csv", "kind")
    out = done(folder, "runs --clean")
    assert "removed runs/empty-1" in out
    left = {path.name for path in (folder / "runs").iterdir()}
    assert left == {"broken-1", "notes", "table-1", "table-2"}
    assert not (folder / "runs/table-2/.writing-0123").exists()
    refused(folder, "runs nowhere", "there is no folder nowhere with runs")


def test_what_is_printed_to_go_on_works_as_printed(folder):
    (folder / "runs/table-1").rename(folder / "runs/my table's-1")
    _, _, err = call(folder, ["predict", "runs/my table's-1", "table.csv"])
    printed = [line.partition("chainrule fit ")[2] for line in (done(folder, "runs"), err)]
    assert printed[0].splitlines()[0] == printed[1].strip()
    done(folder, f"fit {printed[1]}")
    assert same(folder / "runs/my table's-1", folder / "whole")


def test_runs_are_compared(folder):
    done(folder, f"{FIT} --epochs 5 --rate 0.01 --out other")
    done(folder, f"{FIT} --epochs 5 --seed 1 --out rows")
    out = done(folder, "compare whole other --figure both")
    assert [line.split() for line in out.splitlines() if line.startswith("--")] == [
        ["--epochs", "9", "5"],
        ["--rate", "auto", "0.01"],
    ]
    assert "sets of test rows" in out
    assert "other rows" not in out
    assert (folder / "both.svg").read_text().count("whole") > 0
    assert (folder / "both.png").stat().st_size > 1000
    told = json.loads(done(folder, "compare whole rows --json"))
    assert "divided otherwise" in told["notes"][0]
    for each in told["runs"]:
        low, high = each["interval"]
        assert 0 <= low <= each["score"] <= high <= 1
    refused(folder, "compare whole", "two runs or more")
    refused(folder, "compare whole nowhere", "there is no run nowhere")


def test_a_run_is_trained_again_to_the_last_bit(folder):
    out = done(folder, "rerun whole --out again")
    assert "again is whole to the last bit" in out
    assert same(folder / "again", folder / "whole")
    text = (folder / "whole" / CONFIG).read_text()
    (folder / "whole" / CONFIG).write_text(text.replace('rate = "auto"', "rate = 0.007"))
    code, out, _ = call(folder, "rerun whole --out changed --json")
    told = json.loads(out)
    assert (code, told["equal"]) == (1, False)
    assert told["largest_difference"] > 1e-5
    write(folder, columns=[*INPUTS, "kind"], seed=1)
    refused(folder, "rerun whole", "is not the table that whole was fitted on")


# Kills.


def command(folder, line):
    words = [sys.executable, "-c", "from chainrule.cli import main; main()", *line.split()]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(words, cwd=folder, **quiet)


def written(run):
    """Return when each training of a run was last written."""
    return {path: path.stat().st_mtime_ns for path in run.rglob("*.training")}


def ended_until_done(folder, line, run, draw, signals):
    """Start a fit, end it, let it go on, and so forth until it is done; return how often it ended.

    Half of the ends come at any time, the others once something was written: so it gets on.
    """
    process, n_ends = command(folder, line), 0
    while True:
        before, anywhen, begun = written(run), draw.random() < 0.5, time.monotonic()
        wait = draw.uniform(1, 8) if anywhen else draw.uniform(0, 0.4)
        while process.poll() is None and not anywhen and written(run) == before:
            time.sleep(0.02)
        try:
            code = process.wait(wait)
        except subprocess.TimeoutExpired:
            process.send_signal(draw.choice(signals))
            n_ends += 1
            code = process.wait()
        assert time.monotonic() - begun < 600
        for path in written(run):  # nothing is half written
            assert checkpoints.progress_of(path.parent) != (0, 0)
        if code == 0 and not (run / CHECKPOINT).exists():
            return n_ends
        process = command(folder, f"fit --resume {run}" if (run / CONFIG).exists() else line)


def long_table(folder):
    make_table(2000).select([*INPUTS, "kind"]).write_csv(folder / "long.csv")


def test_a_fit_that_is_killed_gives_the_same_bits(tmp_path):
    long_table(tmp_path)
    line, run = f"{SLOW} {KINDS['mlp']} --epochs 500", tmp_path / "run"
    assert command(tmp_path, f"{line} --out whole --checkpoint 0").wait() == 0
    process = command(tmp_path, f"{line} --out run")
    while process.poll() is None and not written(run):
        time.sleep(0.01)
    assert process.poll() is None
    process.kill()
    process.wait()
    assert command(tmp_path, "fit --resume run").wait() == 0
    assert same(run, tmp_path / "whole")


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", range(4))
def test_three_hundred_ends_harm_nothing(tmp_path, kind, part):
    long_table(tmp_path)
    draw = random.Random(f"{kind} {part}")
    line = f"{SLOW} {KINDS[kind]}"
    assert command(tmp_path, f"{line} --out whole").wait() == 0
    before = {p: p.read_bytes() for p in (tmp_path / "whole").rglob("*") if p.is_file()}
    signals = [signal.SIGKILL] * 3 + [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]
    n_ends, number = 0, 0
    while n_ends < 25:
        run, number = tmp_path / f"run-{number}", number + 1
        n_ends += ended_until_done(tmp_path, f"{line} --out {run.name}", run, draw, signals)
        assert same(run, tmp_path / "whole")
    assert {p: p.read_bytes() for p in (tmp_path / "whole").rglob("*") if p.is_file()} == before


def test_of_a_long_training_no_more_than_the_last_interval_is_lost(tmp_path, monkeypatch):
    """A training is kept as often as asked, whatever the epochs take."""
    long_table(tmp_path)
    write_one, times = checkpoints.Training.keep, []

    def keep(self, arrays, epoch):
        write_one(self, arrays, epoch)
        times.append(time.monotonic())

    monkeypatch.setattr(checkpoints.Training, "keep", keep)
    monkeypatch.setattr(checkpoints, "MOST_SHARE", np.inf)
    done(tmp_path, f"{SLOW} {KINDS['mlp']} --out run")
    assert len(times) >= 2
    assert 0.2 <= np.median(np.diff(times)) < 5


def test_a_lock_is_let_go_with_an_error(tmp_path):
    (tmp_path / "run").mkdir()
    from chainrule.runs.unfinished import Started

    for _ in range(2):
        with pytest.raises(Killed), running(tmp_path / "run", Started([], "t", "h")):
            raise Killed
