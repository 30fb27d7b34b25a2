"""Bad input at the shell: one sentence with the remedy, exit code 2, nothing left on disk."""

import sys

import numpy as np
import pytest

from chainrule import AssociativeMemory
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
    "text where numbers were": (
        "fit good.csv -t kind --strict",
        column(["oops", *range(59)]),
        ["c", "oops", "row 1", "--strict"],
    ),
    "infinite numbers": (
        "fit good.csv -t kind --strict",
        column([1.5, "inf", *np.arange(58) / 2]),
        ["c", "inf", "row 2"],
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
        ["--activation tahn", 'did you mean "tanh"'],
    ),
    "two activations for one layer": (
        "fit good.csv -t kind --model mlp --activation tanh,relu",
        GOOD,
        ["--activation tanh,relu", "1 hidden layer"],
    ),
    "two activations of tabular": (
        "fit good.csv -t kind --activation tanh,relu",
        GOOD,
        ["--activation tanh,relu", "one function of single units", "`--model mlp`"],
    ),
    "an option of another model": (
        "fit good.csv -t kind --model tabular --solver sgd",
        GOOD,
        ["--solver is for --model mlp or fixed-point", "tabular"],
    ),
    "unknown size": ("fit good.csv -t kind --size huge", GOOD, ["--size", "huge", "large"]),
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
    "negative epochs": ("fit good.csv -t kind --epochs -5", GOOD, ["--epochs -5", "1 or more"]),
    "dropout of all": ("fit good.csv -t kind --dropout 1", GOOD, ["dropout", "[0, 1)"]),
    "no time": ("fit good.csv -t kind --time 0", GOOD, ["--time", "positive"]),
    "test share of all": ("fit good.csv -t kind --test 60", GOOD, ["60"]),
    "unknown option": ("fit good.csv -t kind --speed 3", GOOD, ["--speed"]),
    "no target given": ("fit good.csv", GOOD, ["--target"]),
    "no table given": ("fit -t kind", GOOD, ["TABLE", "--config"]),
    "the same target twice": ("fit good.csv -t kind -t kind", GOOD, ['"kind"', "twice"]),
    "a second target that is not there": ("fit good.csv -t kind -t c", GOOD, ['"c"']),
    "text and fractions as targets": (
        "fit good.csv -t kind -t c",
        column(np.arange(60) / 8),
        ["c", "fractions", "text"],
    ),
    "most of a second target missing": (
        "fit good.csv -t a -t c",
        column([1, *[""] * 40, *range(19)]),
        ['"c"', "missing", "40 of 60", "row 2"],
    ),
    "targets alone": ("fit good.csv -t kind -t a -t b", GOOD, ["no column is left"]),
    "weights that are not there": ("fit good.csv -t kind --weight w", GOOD, ['"w"', "a, b"]),
    "weights in words": ("fit good.csv -t a --weight kind", GOOD, ["kind", '"x"', "row 1"]),
    "a weight below 0": (
        "fit good.csv -t kind --weight c",
        column([1, 2, -3, *range(57)]),
        ["c", "-3", "row 3"],
    ),
    "a gap among weights": (
        "fit good.csv -t kind --weight c",
        column([1, "", *range(58)]),
        ["c", "gap", "row 2"],
    ),
    "an infinite weight": (
        "fit good.csv -t kind --weight c",
        column([1.5, "inf", *range(58)]),
        ["c", "gap", "row 2"],
    ),
    "weights all 0": ("fit good.csv -t kind --weight c", column([0] * 60), ["c", "every row"]),
    "the target as weights": ("fit good.csv -t a --weight a", GOOD, ["--target", "--weight"]),
    "weights left out": ("fit good.csv -t kind --weight a --drop a", GOOD, ["--weight", "--drop"]),
    "one class left by weights": (
        "fit good.csv -t kind --weight c",
        column([1, 0] * 30),
        ["kind", "one class only"],
    ),
    "class weights without a class": (
        "fit good.csv -t kind --class-weight z=2",
        GOOD,
        ["z=2", "x, y"],
    ),
    "class weights without a weight": (
        "fit good.csv -t kind --class-weight x=heavy",
        GOOD,
        ["x=heavy", "balanced"],
    ),
    "class weights of numbers": ("fit good.csv -t a --class-weight balanced", GOOD, ["regression"]),
    "class weights of two targets": (
        "fit good.csv -t kind -t b --task classification --class-weight x=2",
        GOOD,
        ["balanced"],
    ),
    "quantiles of classes": ("fit good.csv -t kind --quantile 0.1,0.9", GOOD, ["--quantile"]),
    "a quantile above 1": ("fit good.csv -t a --quantile 0.1,1.9", GOOD, ["1.9"]),
    "quantiles of another loss": (
        "fit good.csv -t a --quantile 0.1,0.9 --loss huber",
        GOOD,
        ["--quantile", "huber"],
    ),
    "a loss of numbers for classes": (
        "fit good.csv -t kind --loss huber",
        GOOD,
        ["--loss", "huber"],
    ),
    "unknown solver": ("fit good.csv -t kind --solver magic", GOOD, ["--solver", "magic", "adam"]),
    "momentum of adam": ("fit good.csv -t kind --momentum 0.5", GOOD, ["--momentum", "sgd"]),
    "decay of adam": (
        "fit good.csv -t kind --model mlp --weight-decay 0.5",
        GOOD,
        ["--weight-decay", "adamw"],
    ),
    "unknown schedule": ("fit good.csv -t kind --schedule up", GOOD, ["--schedule", "cosine"]),
    "unknown scorer": ("fit good.csv -t kind --scoring best", GOOD, ["--scoring", "best"]),
    "a scorer that does not suit": (
        "fit good.csv -t kind --scoring f1 --epochs 1",
        GOOD,
        ["--scoring f1", "pos_label"],
    ),
    "a scorer without rows": (
        "fit good.csv -t kind --model mlp --scoring accuracy --validation 0",
        GOOD,
        ["--scoring", "--validation 0"],
    ),
    "unknown dtype": ("fit good.csv -t kind --dtype int8", GOOD, ["--dtype", "float64"]),
    "penalty below 0": ("fit good.csv -t kind --penalty -1", GOOD, ["--penalty -1"]),
    "penalty in words": ("fit good.csv -t kind --penalty much", GOOD, ["--penalty", "much"]),
    "l1 below 0": ("fit good.csv -t kind --l1 -1", GOOD, ["--l1 -1"]),
    "patience below 1": ("fit good.csv -t kind --patience 0", GOOD, ["--patience 0"]),
    "tol below 0": ("fit good.csv -t kind --tol -1", GOOD, ["--tol -1"]),
    "no longest gradient": ("fit good.csv -t kind --clip-norm 0", GOOD, ["--clip-norm 0"]),
    "a layer too many": ("fit good.csv -t kind --frozen-layers 7", GOOD, ["--frozen-layers", "7"]),
    "a seed of nothing": ("fit good.csv -t kind --seed -1", GOOD, ["--seed"]),
    "test and validation of all": (
        "fit good.csv -t kind --test 0.6 --validation 0.5",
        GOOD,
        ["--test 0.6", "--validation 0.5"],
    ),
    "groups that are not there": ("fit good.csv -t kind --groups g", GOOD, ['"g"']),
    "two splits at once": ("fit good.csv -t kind --groups b --split last", GOOD, ["--groups"]),
    "resumed from nowhere": ("fit --resume runs/good-1", GOOD, ["runs/good-1", "fit"]),
    "config from nowhere": ("fit --config no.toml", GOOD, ["no.toml", "config.toml"]),
    "all constant": ("fit good.csv -t kind", "a,b,kind\n" + "1,2,x\n1,2,y\n" * 20, ["left"]),
    "one row": ("fit good.csv -t kind", "a,b,kind\n1,2,x\n", ["kind", "one class only"]),
    "one row of numbers": ("fit good.csv -t a", "a,b,kind\n1.5,2,x\n", ["left"]),
    "an ID alone": (
        "fit good.csv -t kind",
        "id,kind\n" + "".join(f"{i},{'xy'[i % 2]}\n" for i in range(60)),
        ["id", "ID", "--number id"],
    ),
    "all gaps in the target": ("fit good.csv -t c", column([""] * 60), ['"c"', "missing"]),
    "a row too long": (
        "fit good.csv -t kind --strict",
        GOOD + "1,2,x,4\n",
        ["data row 61", "4 fields", "--strict"],
    ),
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
    "an empty file": ("", ["empty"]),
}


@pytest.mark.usefixtures("run")
def test_odd_cells_to_predict_are_taken_and_said(shell):
    new = "a,b\n1,$20\n2,n/a\n3,inf\n4,two\n5,7\n6,20\n"
    code, out, err = shell("predict run new.csv", new=new)
    assert code == 0
    rows = out.splitlines()[1:]
    assert rows[0] != rows[1] == rows[2] == rows[3]
    assert rows[0].split(",")[1] != rows[4].split(",")[1]
    assert '"b": 2 cells ("inf", "two"; first in data row 3) cannot be read: gaps.' in err
    assert "b: 3 gaps filled with the training mean" in err
    strict, _, err = shell("predict run new.csv --strict", new=new)
    assert (strict, '"inf"' in err) == (2, True)


def test_cells_that_cannot_be_read_are_listed_with_row_and_value(shell, tmp_path):
    lines = GOOD.splitlines()
    lines[3] = lines[3].replace(lines[3].split(",")[0], "<1o>", 1)
    line = "fit good.csv -t kind --model mlp --epochs 1 --no-baselines --no-figures --out r"
    assert shell(line, good="\n".join(lines))[0] == 0
    page = (tmp_path / "r" / "report.html").read_text()
    listed = page.split("Which cells were taken for gaps")[1].split("</table>")[0]
    assert '<th scope="row">3</th>\n<td>a</td>\n<td>&lt;1o&gt;</td>' in listed


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
def test_a_damaged_model_and_classes_never_seen_are_refused(shell, tmp_path):
    code, _, err = shell("evaluate run new.csv", new="a,b,kind\n1,2,w\n2,3,z\n")
    assert code == 2
    assert "w, z" in err
    code, _, err = shell("evaluate run new.csv", new="a,b,kind\n1,2,\n2,3,NA\n")
    assert code == 2
    assert "new.csv: no row has a value in kind" in err
    whole = (tmp_path / "run" / "model.chr").read_bytes()
    (tmp_path / "run" / "model.chr").write_bytes(whole[: len(whole) // 2])
    code, _, err = shell("predict run good.csv")
    assert code == 2
    assert "model.chr is damaged" in err
    code, _, err = shell("fit good.csv -t kind --epochs 1 --out run")
    assert code == 2
    assert "exists already" in err


@pytest.mark.usefixtures("run")
def test_a_memory_knows_no_columns(shell, tmp_path):
    memory = AssociativeMemory(hidden=2, n_examples=100, max_iter=1, random_state=0)
    memory.fit(np.eye(3)).save(tmp_path / "run" / "model.chr")
    code, _, err = shell("predict run good.csv")
    assert code == 2
    assert "AssociativeMemory, which completes patterns" in err
