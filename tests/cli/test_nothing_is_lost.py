"""What was trained is kept, and who could not keep it is told before: places, signals, pipes."""

import errno
import os
import resource
import signal
import subprocess
import sys
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
from small import INPUTS, QUICK, call, done, refused, write

from chainrule import load
from chainrule.cli import fit, saving
from chainrule.runs.folder import MANIFEST, MODEL, new_run_folder
from chainrule.storage import tensors

FIT = f"fit table.csv -t kind {QUICK} --epochs 3 --no-baselines"
FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def folder(tmp_path):
    write(tmp_path, "table.csv", [*INPUTS, "kind"])
    return tmp_path


def whole(run):
    return (run / MANIFEST).is_file() and load(run / MODEL).n_iter_ == 3


def command(folder, line, **options):
    """Start the command as a user does."""
    words = [sys.executable, "-c", "from chainrule.cli import main; main()", *line.split()]
    return subprocess.Popen(words, cwd=folder, **options)


# Names.


def at_once(folder, n):
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    codes = [each.wait() for each in [command(folder, FIT, **quiet) for _ in range(n)]]
    assert codes == [0] * n


def test_fits_at_once_keep_their_trainings_each(folder):
    at_once(folder, 3)
    runs = sorted((folder / "runs").iterdir())
    assert [run.name for run in runs] == ["table-1", "table-2", "table-3"]
    assert all(map(whole, runs))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
def test_two_hundred_fits_leave_two_hundred_runs(folder, part):
    for n in (2, 3, 4, 5, 6):
        at_once(folder, n)
    runs = list((folder / "runs").iterdir())
    assert len(runs) == 20
    assert all(map(whole, runs))


def test_names_are_taken_before_training(tmp_path):
    with new_run_folder(tmp_path, "t") as first, new_run_folder(tmp_path, "t") as second:
        assert [first.name, second.name] == ["t-1", "t-2"]
    with pytest.raises(KeyboardInterrupt), new_run_folder(tmp_path, "t") as third:
        raise KeyboardInterrupt
    assert not third.exists()


# Places that cannot be written to.


def test_places_are_tried_before_training(folder, monkeypatch):
    def train(*given, **named):
        raise AssertionError

    monkeypatch.setattr(fit, "_train", train)
    (folder / "file").write_text("no folder")
    refused(folder, f"{FIT} --out file/run", "no run folder can be made in file (")
    refused(folder, f"{FIT} --out {'n' * 300}", "nnn: File name too long.")
    (folder / "taken").mkdir()
    refused(folder, f"{FIT} --out taken", "taken exists already")
    (folder / "runs").write_text("no folder")
    refused(folder, FIT, "no run folder can be made in runs (")


def test_a_full_disk_is_found_before_training(folder, monkeypatch):
    monkeypatch.setattr(fit, "_train", None)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, before[1]))
    try:
        refused(folder, FIT, "runs has no room for a run (", "--out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list((folder / "runs").iterdir())


def test_a_table_of_the_longest_name_can_be_fitted(folder):
    name = "n" * 245 + ".csv"
    (folder / "table.csv").rename(folder / name)
    done(folder, FIT.replace("table.csv", name))
    assert whole(next((folder / "runs").iterdir()))


# Faults once something is trained.


def failing(error, *, in_folder=""):
    def write(*given, **named):
        if in_folder in str(given[0]):
            raise error
        raise AssertionError

    return write


def test_a_run_is_worth_more_than_its_pictures(folder, monkeypatch):
    monkeypatch.setattr(saving, "_draw", failing(FULL))
    monkeypatch.setattr(saving, "_report", failing(FULL))
    out = done(folder, FIT.replace("--no-figures --no-report", ""))
    assert whole(folder / "runs" / "table-1")
    assert "no figures: OSError: [Errno 28] No space left on device" in out
    assert "no report: OSError" in out
    assert "once that is mended: chainrule report runs/table-1" in out


@pytest.mark.parametrize(
    ("what", "code", "words"),
    [
        ((saving, "write_manifest", FULL), 2, "runs/table-1 cannot be written whole"),
        ((fit, "_test", ArithmeticError("odd")), 1, "ArithmeticError: odd"),
        ((fit, "_test", KeyboardInterrupt()), 130, "stopped by hand"),
    ],
)
def test_what_was_trained_is_kept_whatever_comes_after(folder, monkeypatch, what, code, words):
    monkeypatch.setattr(*what[:2], failing(what[2]))
    found, _, err = call(folder, FIT)
    assert found == code
    assert words in err
    assert "note: what was trained is kept: runs/table-1/model.chr" in err
    assert load(folder / "runs" / "table-1" / MODEL).n_iter_ == 3
    found, _, err = call(folder, "predict runs/table-1 table.csv")
    assert (found, "Its model is whole: runs/table-1/model.chr" in err) == (2, True)
    done(folder, "predict runs/table-1/model.chr table.csv")


def test_a_model_that_does_not_fit_is_saved_elsewhere(folder, monkeypatch, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.setattr("tempfile.tempdir", str(elsewhere))
    written_whole = tensors.written_whole

    @contextmanager
    def full(path):
        if "runs" in path.parts:
            raise FULL
        with written_whole(path) as unfinished:
            yield unfinished

    monkeypatch.setattr(tensors, "written_whole", full)
    code, _, err = call(folder, FIT)
    [saved] = elsewhere.rglob(MODEL)
    assert code == 2
    assert f"(No space left on device). Choose another place. It was saved as {saved}" in err
    assert load(saved).n_iter_ == 3
    assert not list((folder / "runs").iterdir())


@pytest.fixture
def not_ignored():
    """TERM and HUP end a process, as usual: nohup ignores the second, and so would a fit."""
    before = {each: signal.signal(each, signal.SIG_DFL) for each in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
@pytest.mark.usefixtures("ctrl_c_as_usual", "not_ignored")
def test_signals_stop_a_training_as_ctrl_c_does(folder, monkeypatch, name):
    sent = count()

    @contextmanager
    def progress():
        def on_progress(progress):
            if progress.epoch >= 2 and next(sent) == 0:
                os.kill(os.getpid(), getattr(signal, name))

        yield on_progress

    monkeypatch.setattr(fit, "show_progress", progress)
    before = signal.getsignal(getattr(signal, name))
    out = done(folder, FIT.replace("--epochs 3", "--epochs 100000 --patience 100000"))
    assert "stopped by hand" in out
    assert (folder / "runs" / "table-1" / MANIFEST).is_file()
    assert signal.getsignal(getattr(signal, name)) is before


# Who listens.


def test_a_reader_that_goes_away_ends_no_training(folder):
    with command(folder, FIT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as fitting:
        fitting.stdout.close()
        assert b"chainrule:" not in fitting.stderr.read()
    assert fitting.returncode == 0
    assert whole(folder / "runs" / "table-1")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has it")
def test_a_full_output_ends_no_training(folder):
    with open("/dev/full", "wb") as full:
        assert command(folder, FIT, stdout=full).wait() == 0
        told = command(folder, "datasets --json", stdout=full, stderr=subprocess.PIPE)
        _, err = told.communicate()
    assert (told.returncode, err) == (
        1,
        b"chainrule: the output cannot be written (No space left on device). Send it elsewhere.\n",
    )
    assert whole(folder / "runs" / "table-1")
