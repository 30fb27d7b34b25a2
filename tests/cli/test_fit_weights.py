"""Weights of rows and classes: the same in training, in scores and in baselines."""

import json

import numpy as np
import polars as pl
import pytest
from sklearn import metrics
from small import INPUTS, QUICK, call, done, make_table, weights_of, write

from chainrule import load


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with weighted runs on classes, `kind`, and on numbers, `cost`."""
    path = tmp_path_factory.mktemp("weights")
    write(path)
    for target in ("kind", "cost"):
        write(path, f"{target}.csv", [*INPUTS, target, "w"])
        done(path, f"fit {target}.csv -t {target} --weight w {QUICK} --epochs 20 --out {target}")
    return path


def test_a_row_of_weight_0_is_not_there(folder):
    table = make_table().select([*INPUTS, "kind", "w"])
    table.filter(pl.col("w") > 0).write_csv(folder / "counting.csv")
    out = done(folder, f"fit counting.csv -t kind --weight w {QUICK} --epochs 20 --out counting")
    assert "left out" not in out
    assert (weights_of(folder / "kind") == weights_of(folder / "counting")).all()


@pytest.mark.parametrize("target", ["kind", "cost"])
def test_scores_and_baselines_are_weighted(folder, target):
    manifest = json.loads((folder / target / "manifest.json").read_text())
    assert manifest["weight"] == "w"
    results = manifest["results"]
    scores = json.loads(done(folder, f"evaluate {target} {target}.csv --json"))
    table, model = make_table(), load(folder / target / "model.chr")
    assert "w" not in model.feature_names_in_
    true, weights = table[target].to_numpy(), table["w"].to_numpy()
    guess = model.predict(table.select(INPUTS))
    if target == "kind":
        expected = metrics.accuracy_score(true, guess, sample_weight=weights)
        assert scores["accuracy"] == pytest.approx(expected)
        expected = metrics.balanced_accuracy_score(true, guess, sample_weight=weights)
        assert scores["balanced_accuracy"] == pytest.approx(expected)
        report = metrics.classification_report(true, guess, sample_weight=weights, output_dict=True)
        for each in scores["per_class"]:
            for name in ("precision", "recall"):
                assert each[name] == pytest.approx(report[each["class"]][name])
            assert each["f1"] == pytest.approx(report[each["class"]]["f1-score"])
    else:
        assert scores["r2"] == pytest.approx(metrics.r2_score(true, guess, sample_weight=weights))
    assert scores["weight"] == "w"
    assert len(results["baselines"]) == 3


def test_baselines_are_fitted_and_scored_with_the_weights(folder):
    from chainrule.data.rows.rows import as_rows
    from chainrule.judging.baselines import score_baselines

    table, model = make_table(), load(folder / "kind" / "model.chr")
    X, y, w = table.select(INPUTS), table["kind"], table["w"].to_numpy()
    twice = np.repeat(np.arange(len(y)), w)
    rows, alike = as_rows(X, y, w), as_rows(X[twice], y[twice])
    weighted = score_baselines(model, rows, rows).scores
    repeated = score_baselines(model, alike, alike).scores
    for name in ("logistic regression", "always the commonest"):
        assert weighted[name] == pytest.approx(repeated[name], abs=0.01)
    commonest = np.bincount(np.searchsorted(["x", "y", "z"], y.to_numpy()), weights=w)
    assert weighted["always the commonest"] == pytest.approx(commonest.max() / commonest.sum())


def test_without_the_column_rows_count_alike_and_it_says_so(folder):
    write(folder, "unweighted.csv", [*INPUTS, "kind"])
    code, out, err = call(folder, "evaluate kind unweighted.csv --json")
    assert code == 0
    assert "all count alike" in err
    assert json.loads(out)["weight"] is None


def test_class_weights_move_the_choice_and_the_measure(folder):
    line = f"fit kind.csv -t kind --drop w {QUICK} --rate 0.003 --json --out"
    plain = json.loads(done(folder, f"{line} plain"))
    heavy = json.loads(done(folder, f"{line} heavy --class-weight z=50 --class-weight y=0.5"))
    assert (plain["measure"], heavy["measure"]) == ("accuracy", "balanced_accuracy")
    (_, y, z), (_, y_now, z_now) = (
        [each["recall"] for each in fit["test"]["per_class"]] for fit in (plain, heavy)
    )
    assert z < z_now == 1
    assert y_now < y
    assert load(folder / "heavy" / "model.chr").class_weight == {"z": 50.0, "y": 0.5}
    done(folder, f"{line} even --class-weight balanced")
    assert load(folder / "even" / "model.chr").class_weight == "balanced"
