"""Bad input at the shell: one sentence with the remedy, exit code 2, nothing left on disk."""

import sys

import numpy as np
import pytest

from chainrule.cli import main

GOOD = "a,b,kind\n" + "\n".join(f"{i},{i % 7},{'xy'[i % 2]}" for i in range(60)) + "\n"


@pytest.fixture
def shell(tmp_path, monkeypatch, capsys):
    """Run a command line in an empty folder; returns exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def run(line, **files):
        for name, content in files.items():
            (tmp_path / f"{name}.csv").write_text(content)
        monkeypatch.setattr(sys, "argv", ["chainrule", *line.split()])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code or 0
        out = capsys.readouterr()
        return code, out.out, out.err

    return run


def column(values, name="c"):
    rows = GOOD.splitlines()
    values = [name, *values]
    return "\n".join(f"{v},{row}" for v, row in zip(values, rows, strict=True)) + "\n"


CASES = {
    "missing file": ("fit nowhere.csv -t kind", None, ["nowhere.csv", "CSV"]),
    "missing file, near": ("fit goood.csv -t kind", GOOD, ["goood.csv", "good.csv"]),
    "empty file": ("fit good.csv -t kind", "", ["good.csv", "empty"]),
    "header only": ("fit good.csv -t kind", "a,b,kind\n", ["no rows"]),
    "no such target": ("fit good.csv -t Kind", GOOD, ['"Kind"', 'did you mean "kind"']),
    "one class": (
        "fit good.csv -t kind",
        GOOD.replace(",y\n", ",x\n"),
        ["kind", "one class only", "another target"],
    ),
    "all-NaN column": (
        "fit good.csv -t kind",
        column([""] * 60),
        ["c", "no value", "--drop c"],
    ),
    "text where numbers were": (
        "fit good.csv -t kind",
        column(["oops", *range(59)]),
        ["c", "oops", "row 1", "--category c"],
    ),
    "infinite numbers": (
        "fit good.csv -t kind",
        column([1.5, "inf", *np.arange(58) / 2]),
        ["c", "infinite", "row 2"],
    ),
    "fewer rows than classes": (
        "fit good.csv -t kind",
        "a,b,kind\n1,2,x\n2,1,y\n3,4,z\n",
        ["kind", "3 classes in 3 rows"],
    ),
    "wrong separator": ("fit good.csv -t kind --separator ;", GOOD, ["--separator", '","']),
    "class only in validation": (
        "fit good.csv -t kind --split last",
        GOOD.replace("59,3,y", "59,3,z"),
        ["z", "training"],
    ),
    "0 hidden units": ("fit good.csv -t kind --hidden 0", GOOD, ["0", "> 0", "64"]),
    "hidden in words": ("fit good.csv -t kind --hidden many", GOOD, ["--hidden", "64,32"]),
    "negative rate": ("fit good.csv -t kind --rate -1", GOOD, ["--rate -1", "positive"]),
    "unknown activation": (
        "fit good.csv -t kind --activation tahn",
        GOOD,
        ["tahn", 'Did you mean "tanh"'],
    ),
    "two activations for one layer": (
        "fit good.csv -t kind --activation tanh,relu",
        GOOD,
        ["2 functions for 1 hidden"],
    ),
    "unknown split": ("fit good.csv -t kind --split sorted", GOOD, ["sorted", "stratified"]),
    "unknown task": ("fit good.csv -t kind --task guess", GOOD, ["guess", "regression"]),
    "text as a number": ("fit good.csv -t kind --task regression", GOOD, ["kind", "text"]),
    "dropped everything": (
        "fit good.csv -t kind --drop a --drop b",
        GOOD,
        ["column"],
    ),
    "drop of no column": ("fit good.csv -t kind --drop A", GOOD, ['did you mean "a"']),
    "batch of nothing": ("fit good.csv -t kind --batch 0", GOOD, ["--batch 0", "above 0"]),
    "negative epochs": ("fit good.csv -t kind --epochs -5", GOOD, ["--epochs -5", "0 or more"]),
    "dropout of all": ("fit good.csv -t kind --dropout 1", GOOD, ["dropout", "[0, 1)"]),
    "no time": ("fit good.csv -t kind --time 0", GOOD, ["--time", "above 0"]),
    "test share of all": ("fit good.csv -t kind --test 60", GOOD, ["60"]),
    "unknown option": ("fit good.csv -t kind --speed 3", GOOD, ["--speed"]),
    "no target given": ("fit good.csv", GOOD, ["--target"]),
    "no such run": ("predict runs/good-9 good.csv", GOOD, ["runs/good-9", "fit"]),
    "a run that is none": ("predict . good.csv", GOOD, ["manifest.json"]),
    "a model that is none": ("predict good.csv good.csv", GOOD, ["good.csv", "model file"]),
    "no such demo": ("demo irsi", None, ["irsi", "iris"]),
}


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_refused_with_the_remedy(name, shell, tmp_path):
    line, content, words = CASES[name]
    code, _, err = shell(line, **({} if content is None else {"good": content}))
    assert code == 2
    for word in words:
        assert word in err
    assert "Traceback" not in err
    assert {path.name for path in tmp_path.rglob("*")} <= {"good.csv", "runs"}
    assert not list((tmp_path / "runs").glob("*"))


@pytest.fixture
def run(shell):
    """A run folder of a small fit."""
    code, _, err = shell("fit good.csv -t kind --epochs 2 --no-figures --out run", good=GOOD)
    assert code == 0, err


NEW_ROWS = {
    "a column is missing": ("a\n1\n", ["lacks", "b"]),
    "text where numbers were": ("a,b\n1,2\n2,two\n", ["b", "two", "row 2"]),
    "infinite number": ("a,b\n1,2.5\n2,inf\n", ["b", "infinite", "row 2"]),
    "no rows": ("a,b\n", ["no rows"]),
}


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize("name", NEW_ROWS)
def test_bad_rows_to_predict_are_refused(name, shell, tmp_path):
    content, words = NEW_ROWS[name]
    code, out, err = shell("predict run new.csv -o out.csv", new=content)
    assert code == 2
    for word in words:
        assert word in err
    assert not out
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.usefixtures("run")
def test_a_damaged_model_and_an_unseen_class_are_refused(shell, tmp_path):
    code, _, err = shell("evaluate run new.csv", new="a,b,kind\n1,2,x\n2,3,z\n")
    assert code == 2
    assert "z" in err
    whole = (tmp_path / "run" / "model.chr").read_bytes()
    (tmp_path / "run" / "model.chr").write_bytes(whole[: len(whole) // 2])
    code, _, err = shell("predict run good.csv")
    assert code == 2
    assert "not a whole model file" in err
    code, _, err = shell("fit good.csv -t kind --epochs 1 --out run")
    assert code == 2
    assert "exists already" in err
