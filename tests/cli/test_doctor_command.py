"""`doctor` says what is wrong with a run, and nothing of one that is well."""

import json

import numpy as np
import pytest
from small import QUICK, call, done, refused, write

from chainrule import MLPRegressor, load
from chainrule.errors import DataError


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a run that is well, and one that was too slow to learn."""
    path = tmp_path_factory.mktemp("doctor")
    write(path, columns=["a", "b", "zone", "kind"])
    done(path, f"fit table.csv -t kind --epochs 60 --rate 0.03 {QUICK} --out well")
    done(path, f"fit table.csv -t kind --epochs 60 --rate 1e-7 {QUICK} --out slow")
    return path


def test_a_run_that_is_well_has_no_warnings(folder):
    assert "table.csv (120 rows, counted from 0)" in done(folder, "doctor well")
    told = json.loads(done(folder, "doctor well --json"))
    assert told["healthy"]
    assert told["looked_at"] == ["history", "flow", "rows", "a comparison with trees"]


def test_a_fault_is_named_with_the_option_to_change(folder):
    code, out, err = call(folder, "doctor slow")
    assert (code, err) == (1, "")
    assert "1. rate too low\n" in out
    assert "do    Set --rate 1e-05." in out
    code, out, _ = call(folder, "doctor slow --json")
    assert code == 1
    first = json.loads(out)["findings"][0]
    assert first["kind"] == "rate too low"
    assert first["numbers"]["fallen"] < 0.02


def test_the_sanity_tests_are_said_one_by_one(folder):
    """The fast network passes them; the slow one cannot learn a few rows by heart."""
    out = done(folder, "doctor well --sanity")
    assert out.count("\npassed   ") == 3
    code, out, _ = call(folder, "doctor slow --sanity")
    assert code == 1
    assert "FAILED   a few rows by heart" in out
    assert "passed   loss at the start" in out


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("doctor table.csv", "is no run folder and no model file. Train first"),
        ("doctor nowhere", "is no run folder and no model file"),
        ("doctor well --table nowhere.csv", "no file"),
        ("doctor well/model.chr", "Give --table TABLE --target COLUMN"),
        ("doctor well --target a", "is an input of well, not its target"),
    ],
)
def test_what_cannot_be_looked_at_is_refused(folder, command, said):
    refused(folder, command, said)


def test_the_record_of_the_flow_is_in_the_file(folder):
    flow = load(folder / "well" / "model.chr").flow_
    assert flow["epoch"].tolist()[:4] == [1, 2, 4, 8]
    assert set(flow) == {"epoch", "hidden1 (dense)", "hidden1 (relu)", "output (dense)"}
    assert all(np.isfinite(series).all() for series in flow["hidden1 (dense)"].values())


def test_without_rows_and_with_several_targets_it_looks_at_what_there_is(folder):
    x = np.random.default_rng(0).normal(size=(60, 3))
    model = MLPRegressor((8,), max_iter=60, random_state=0).fit(x, x[:, :2])
    assert model.diagnose().looked_at == ("history", "flow")
    assert model.diagnose(x, x[:, :2]).looked_at == ("history", "flow")
    with pytest.raises(DataError, match="Give both"):
        model.diagnose(x)
    with pytest.raises(DataError, match="Give X and y"):
        model.diagnose(sanity=True)
