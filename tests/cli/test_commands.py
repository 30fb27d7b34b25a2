"""The commands as a user types them, on real files."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from small import call

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder in which one fit of the penguins has been run."""
    path = tmp_path_factory.mktemp("shell")
    code, _, err = call(path, f"fit {EXAMPLES}/penguins.csv --target species --epochs 40")
    assert code == 0, err
    return path


def test_fit_leaves_a_whole_run_folder(folder):
    run = folder / "runs" / "penguins-1"
    files = {str(p.relative_to(run)) for p in run.rglob("*") if p.is_file()}
    figures = {
        f"figures/{n}.{e}" for n in ("learning_curves", "confusion_matrix") for e in ("svg", "png")
    }
    files_of_all = {"model.chr", "report.html", "history.csv", "config.toml", "manifest.json"}
    assert files == {*files_of_all, *figures}
    assert [p.name for p in (folder / "runs").iterdir()] == ["penguins-1"]
    manifest = json.loads((run / "manifest.json").read_text())
    assert manifest["target"] == "species"
    assert ["rowid", "identifier", "looks like an ID"] in manifest["columns"]
    assert manifest["results"]["test"]["accuracy"] > 0.9
    assert set(manifest["results"]["baselines"]) >= {"boosted trees", "always the commonest"}
    history = pl.read_csv(run / "history.csv")
    assert history["epoch"].to_list() == list(range(manifest["epochs"] + 1))
    best = history["val_accuracy"][manifest["best_epoch"]]
    assert best == history["val_accuracy"].max()
    assert history["val_accuracy"].is_finite().all()
    assert history["running_loss"].null_count() == 1


def test_predict_needs_no_target_and_takes_unseen_categories(folder):
    code, out, err = call(folder, f"predict runs/penguins-1 {EXAMPLES}/new_penguins.csv")
    assert code == 0
    assert '"Ross"' in err
    rows = list(csv.DictReader(out.splitlines()))
    assert len(rows) == 4
    for row in rows:
        proba = {k.removeprefix("probability of "): float(v) for k, v in row.items() if " of " in k}
        assert sum(proba.values()) == pytest.approx(1, abs=1e-6)
        assert max(proba, key=proba.get) == row["prediction"]


def test_predictions_to_a_file_are_those_of_the_model_in_python(folder):
    from chainrule import load

    code, out, _ = call(folder, f"predict runs/penguins-1 {EXAMPLES}/penguins.csv -o all.parquet")
    assert (code, out) == (0, "")
    model = load(folder / "runs" / "penguins-1" / "model.chr")
    table = pl.read_csv(EXAMPLES / "penguins.csv")
    written = pl.read_parquet(folder / "all.parquet")
    assert written["prediction"].to_list() == model.predict(table).tolist()


def test_evaluate_and_fit_speak_json(folder):
    code, out, _ = call(folder, f"evaluate runs/penguins-1 {EXAMPLES}/penguins.csv --json")
    assert code == 0
    scores = json.loads(out)
    assert scores["rows"] == 344 == sum(map(sum, scores["confusion"]))
    code, out, err = call(
        folder,
        "fit diabetes -t progression --model mlp --epochs 30 --json --no-figures --no-report",
    )
    result = json.loads(out)
    assert (code, result["task"], result["run"]) == (0, "regression", "runs/diabetes-1")
    assert result["test"]["r2"] > 0.3 > result["baselines"]["always the mean"]
    assert "Columns" in err


def test_every_decision_can_be_overridden(folder):
    line = (
        f"fit {EXAMPLES}/penguins.csv -t year --task classification --model mlp --category rowid "
        "--drop sex --number bill_length_mm --split last --test 50 --validation 40 --hidden 8,4 "
        "--activation relu,tanh --batch full --epochs 3 --no-figures --no-report --out other"
    )
    code, out, err = call(folder, line)
    assert code == 0, err
    assert "254 train · 40 validation · 50 test (in order, the last rows held out)" in out
    assert "8 relu → 4 tanh" in out
    assert "sex" in out.split("left out")[1].splitlines()[0]


def test_groups_stay_together(folder):
    line = f"fit {EXAMPLES}/penguins.csv -t species --groups year --epochs 2 --out grouped"
    code, out, err = call(folder, f"{line} --no-figures --no-report")
    assert (code, "groups" in out) == (0, True), err


def test_datasets_and_demos_are_listed(folder):
    out = call(folder, "datasets")[1]
    for name in ("iris", "wine", "breast-cancer", "digits", "diabetes"):
        assert f"\n{name} " in out
    assert "iris" in call(folder, "demo --list")[1]


def test_demo_iris_prints_the_tutorials_figures(folder):
    code, out, err = call(folder, "demo iris --out demo")
    assert code == 0, err
    for figure in ("0.060953950202725", "92/130", "test accuracy 0.8\n", "128/130", "2855"):
        assert figure in out
    figures = sorted(path.name for path in (folder / "demo").iterdir())
    names = ("todays_defaults", "tutorial_iris")
    assert figures == [f"{name}.{ending}" for name in names for ending in ("png", "svg")]
    assert "Mean Squared Error" in (folder / "demo" / "tutorial_iris.svg").read_text()


def test_a_table_comes_from_stdin(folder):
    table = (EXAMPLES / "new_penguins.csv").read_text()
    done = subprocess.run(
        [sys.executable, "-m", "chainrule", "predict", "runs/penguins-1", "-"],
        input=table,
        capture_output=True,
        text=True,
        cwd=folder,
        check=True,
    )
    assert len(done.stdout.splitlines()) == 5


@pytest.mark.parametrize("option", ["--help", "--help-all"])
def test_help_and_import_load_neither_jax_nor_scikit_learn(option):
    program = (
        "import sys, contextlib, io, chainrule\n"
        f"sys.argv = ['chainrule', 'fit', '{option}']\n"
        "from chainrule.cli import main\n"
        "with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):\n"
        "    main()\n"
        "heavy = {'jax', 'sklearn', 'polars', 'matplotlib', 'numpy'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_predicting_needs_no_jax(folder):
    program = (
        "import sys\n"
        f"sys.argv = 'chainrule predict runs/penguins-1 {EXAMPLES}/penguins.csv -o x.csv'.split()\n"
        "from chainrule.cli import main\n"
        "try:\n"
        "    main()\n"
        "except SystemExit as end:\n"
        "    assert not end.code\n"
        "heavy = {'jax', 'jaxlib', 'matplotlib', 'chainrule.engine'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=folder)


def test_columns_may_come_in_any_order_with_others_between(folder):
    table = pl.read_csv(EXAMPLES / "penguins.csv")
    shuffled = table.select("year", pl.lit("?!").alias("remark"), *reversed(table.columns[2:-1]))
    shuffled.write_csv(folder / "shuffled.csv")
    code, out, err = call(folder, "predict runs/penguins-1 shuffled.csv")
    assert (code, out) == (0, call(folder, f"predict runs/penguins-1 {EXAMPLES}/penguins.csv")[1])
    assert "ignored columns: remark" in err


@pytest.mark.parametrize("ending", ["csv", "parquet", "arrow"])
def test_a_table_without_rows_gives_predictions_without_rows(folder, ending):
    empty = pl.read_csv(EXAMPLES / "penguins.csv").clear()
    path = folder / f"empty.{ending}"
    {"csv": empty.write_csv, "parquet": empty.write_parquet, "arrow": empty.write_ipc}[ending](path)
    code, out, err = call(folder, f"predict runs/penguins-1 {path} -o none.parquet")
    assert (code, out) == (0, "")
    assert "no rows" in err
    written = pl.read_parquet(folder / "none.parquet")
    assert written.height == 0
    call(folder, f"predict runs/penguins-1 {EXAMPLES}/penguins.csv -o some.parquet")
    assert written.schema == pl.read_parquet(folder / "some.parquet").schema
    lacking = empty.drop("island")
    lacking.write_csv(folder / "lacking.csv")
    code, _, err = call(folder, "predict runs/penguins-1 lacking.csv")
    assert (code, "island" in err) == (2, True)


def test_json_has_all_that_the_summary_says(folder):
    line = f"fit {EXAMPLES}/penguins.csv -t species --epochs 40 --no-figures --json"
    code, out, err = call(folder, line)
    assert code == 0
    result = json.loads(out)
    assert result["findings"][0]["kind"] == "ordered"
    for finding in result["findings"]:
        settled = finding["severity"] == "note"
        assert finding["remedy"].startswith("Nothing to do") == settled
        assert (finding["text"] in err) == (not settled)
    assert result["split"] in err
    assert set(result["seconds"]) == {"fit", "compile"}
    assert [each["class"] for each in result["test"]["per_class"]] == result["test"]["classes"]
    for name, score in result["baselines"].items():
        assert f"{name} {score:.3f}" in err


def test_findings_are_not_told_twice_nor_where_there_are_none(folder):
    table = pl.read_csv(EXAMPLES / "penguins.csv").with_columns(twin=pl.col("body_mass_g") / 1000)
    table.write_csv(folder / "twins.csv")
    _, out, _ = call(folder, "fit twins.csv -t species --epochs 1 --no-figures --no-report")
    assert out.count("rowid") == 1
    assert "twin" in out.split("Findings")[1].splitlines()[0]
    line = f"fit {EXAMPLES}/penguins.csv -t species --epochs 1 --no-figures --no-report"
    _, out, _ = call(folder, line)
    assert "Findings" not in out  # in blocks of one species, which the split mixes
    _, out, _ = call(folder, "fit diabetes -t progression --epochs 1 --no-figures --no-report")
    assert "Findings" not in out


def test_no_matplotlib_is_no_obstacle(folder, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    code, out, _ = call(folder, f"fit {EXAMPLES}/penguins.csv -t species --epochs 1 --out plain")
    assert code == 0
    assert "matplotlib" in out
    assert not (folder / "plain" / "figures").exists()
