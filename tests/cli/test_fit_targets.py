"""Several targets, quantiles and intervals: what fit, predict and evaluate make of them."""

import io
import json

import numpy as np
import polars as pl
import pytest
from small import INPUTS, QUICK, done, make_table, refused, write

from chainrule import load

FITS = {
    "numbers": (["cost", "gain"], "--epochs 60"),
    "labels": (["hot", "wet"], "--epochs 60"),
    "several-classes": (["kind", "wet"], "--epochs 60"),
    "number": (["cost"], "--epochs 60"),
    "quantiles": (["cost"], "--quantile 0.05,0.5,0.95 --epochs 5"),
    "high": (["cost"], "--quantile 0.9 --epochs 60"),
    "untested": (["cost"], "--validation 0 --test 0 --epochs 2"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the table and a run for each kind of target."""
    path = tmp_path_factory.mktemp("targets")
    for name, (targets, options) in FITS.items():
        write(path, f"{name}.csv", [*INPUTS, *targets], n=300)
        named = " ".join(f"-t {target}" for target in targets)
        out = done(path, f"fit {name}.csv {named} {QUICK} {options} --out {name} --json")
        (path / f"{name}.json").write_text(out)
    return path


def predictions(folder, name, *options):
    out = done(folder, " ".join(["predict", name, f"{name}.csv", *options]))
    return pl.read_csv(io.StringIO(out))


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("numbers", ["cost", "gain"]),
        ("labels", ["hot", "wet", "probability of hot=1", "probability of wet=1"]),
        (
            "several-classes",
            [
                *("kind", "wet"),
                *(f"probability of kind={k}" for k in "xyz"),
                *(f"probability of wet={k}" for k in (0, 1)),
            ],
        ),
        ("number", ["prediction"]),
        ("quantiles", ["prediction", "quantile 0.05", "quantile 0.5", "quantile 0.95"]),
        ("high", ["prediction"]),
    ],
)
def test_predictions_have_the_names_of_their_targets(folder, name, columns):
    table = predictions(folder, name)
    assert table.columns == columns
    model, inputs = load(folder / name / "model.chr"), make_table(n=300).select(INPUTS)
    predicted = model.predict(inputs).reshape(300, -1)
    for i, column in enumerate(columns[: predicted.shape[1]]):
        same = predicted[:, i].tolist()
        exact = table[column].dtype != pl.Float64
        assert table[column].to_list() == (same if exact else pytest.approx(same))


@pytest.mark.parametrize(
    ("name", "measure", "means"),
    [
        ("numbers", "r2", ["r2", "rmse", "mae"]),
        ("labels", "accuracy", ["accuracy", "balanced_accuracy", "log_loss"]),
        ("several-classes", "accuracy", ["accuracy", "balanced_accuracy", "log_loss"]),
    ],
)
def test_scores_are_those_of_every_target_and_their_means(folder, name, measure, means):
    scores = json.loads(done(folder, f"evaluate {name} {name}.csv --json"))
    table, predicted = make_table(n=300), predictions(folder, name)
    targets = FITS[name][0]
    assert list(scores["targets"]) == targets
    for mean in means:
        each = [scores["targets"][target][mean] for target in targets]
        assert scores[mean] == pytest.approx(np.mean(each))
    for target in targets:
        true, guess = table[target].to_numpy(), predicted[target].to_numpy()
        own = scores["targets"][target]
        if measure == "r2":
            assert own["mae"] == pytest.approx(np.abs(true - guess).mean())
        else:
            assert own["accuracy"] == pytest.approx((true == guess).mean())
            assert sum(each["rows"] for each in own["per_class"]) == 300
    if measure == "accuracy":
        right = [table[t].to_numpy() == predicted[t].to_numpy() for t in targets]
        assert scores["all_right"] == pytest.approx(np.mean(right[0] & right[1]))
    fitted = json.loads((folder / f"{name}.json").read_text())
    assert fitted["measure"] == measure
    assert len(fitted["baselines"]) == 3
    assert fitted["test"][measure] > max(0.6, list(fitted["baselines"].values())[2])
    assert "Targets" in done(folder, f"evaluate {name} {name}.csv")


def test_quantiles_are_measured_as_quantiles(folder):
    high = json.loads((folder / "high.json").read_text())
    assert high["measure"] == "d2_pinball"
    assert high["test"]["d2_pinball"] > 0.5 > high["baselines"]["always the same"]
    assert high["baselines"]["linear quantile regression"] > 0.8
    shares = json.loads(done(folder, "evaluate quantiles quantiles.csv --json"))["quantiles"]
    assert [share["level"] for share in shares] == [0.05, 0.5, 0.95]
    assert shares[0]["share_below"] < shares[1]["share_below"] < shares[2]["share_below"]


def test_intervals_stand_beside_the_predictions(folder):
    table = predictions(folder, "number", "--interval 0.9")
    assert table.columns == ["prediction", "lower", "upper"]
    model = load(folder / "number" / "model.chr")
    wanted = model.predict_interval(make_table(n=300).select(INPUTS), 0.9)
    assert table["lower"].to_list() == pytest.approx(wanted[:, 0].tolist())
    assert (table["lower"] < table["prediction"]).all()
    wide = predictions(folder, "numbers", "--interval 0.8").columns
    assert wide == [*FITS["numbers"][0], *(
        f"{end} of {target}" for target in FITS["numbers"][0] for end in ("lower", "upper")
    )]  # fmt: skip
    assert "lower" in predictions(folder, "quantiles", "--interval 0.9").columns


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("predict labels labels.csv --interval 0.9", ["--interval", "classes"]),
        (
            "predict untested number.csv --interval 0.9",
            ["--validation", "--quantile 0.05,0.5,0.95"],
        ),
        ("predict number number.csv --interval 1.5", ["--interval 1.5", "between 0 and 1"]),
        ("predict number number.csv --interval 0.999", ["few", "0.999"]),
        ("predict quantiles number.csv --interval 0.5", ["0.25", "--quantile 0.25,0.5,0.75"]),
        ("evaluate labels labels.csv -t hot", ["--target", "hot, wet"]),
        ("evaluate labels/model.chr labels.csv", ["--target"]),
        ("evaluate labels numbers.csv", ['"hot"']),
        ("fit rare.csv -t kind -t wet --split last", ['"kind"', "rare", "--seed"]),
    ],
)
def test_what_a_run_cannot_do_is_refused(folder, line, words):
    rows = (folder / "several-classes.csv").read_text()
    (folder / "rare.csv").write_text(f"{rows}1.5,2.5,north,rare,1\n")
    refused(folder, line, *words)


def test_a_model_file_alone_predicts_several_targets_by_number(folder):
    out = done(folder, "predict labels/model.chr labels.csv")
    assert out.startswith("prediction 1,prediction 2,probability of prediction 1=1,")
    assert "Targets" in done(folder, "evaluate labels/model.chr labels.csv -t hot -t wet")


def test_one_task_can_be_asked_for_instead_of_another(folder):
    line = f"fit labels.csv -t wet -t hot {QUICK} --epochs 1 --task regression"
    assert "regression (as asked)" in done(folder, line)


def test_evaluate_needs_as_many_targets_as_the_model_has(tmp_path):
    write(tmp_path)
    done(tmp_path, f"fit table.csv -t hot {QUICK} --epochs 2 --no-baselines --out run")
    refused(tmp_path, "evaluate run/model.chr table.csv -t hot -t wet",
            "run/model.chr predicts 1 target, but 2 are named (hot, wet)")  # fmt: skip
    refused(tmp_path, "evaluate run table.csv -t hot -t wet", "predicts 1 target (hot), but 2")
