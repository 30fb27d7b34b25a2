"""Files of every kind as this version writes them, beside what their models predict.

    python tests/files/make.py tests/files/0.1

All are fitted to `table.csv`.  `rows.csv` holds new rows as they come (gaps, a category never
seen); for every `NAME.chr` or run folder, `NAME.npz` holds what it predicts for them.  A folder
here was made by the version that it is named after, and stays as it is: every later version reads
it.
"""

import contextlib
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import chainrule
from chainrule.data import read_table
from chainrule.errors import ChainruleError

N_ROWS, N_NEW = 150, 24
QUICK = {"max_iter": 6, "random_state": 0}
SETTLED = {"max_iter": 2, "random_state": 0, "hidden": 4}
BAG = {"max_iter": 3, "n_networks": 2, "random_state": 0}
THREE = {"loss": "quantile", "quantile": (0.1, 0.5, 0.9)}


def make_table(n: int, seed: int) -> pl.DataFrame:
    """Every kind of column, with gaps; then targets of every kind, groups and weights."""
    draw = np.random.default_rng(seed)
    size, b = draw.normal(size=(2, n))
    colour = draw.choice(["rot", "blau", "grün"], n)
    return pl.DataFrame(
        {
            "size (cm)": np.round(1e3 * size, 1),
            "Farbe": [None if i % 11 == 0 else str(c) for i, c in enumerate(colour)],
            "flag": b > 0.5,
            "gappy": [None if i % 7 == 0 else float(i % 5) for i in range(n)],
            "day": [f"2024-{1 + i % 12:02}-{1 + i % 28:02}" for i in range(n)],
            "three": draw.integers(0, 3, n),
            "same": 1,
            "target": np.where(size + b > 0, "ja", "nein"),
            "kind": np.array(["x", "y", "z"])[(size > 0).astype(int) + (colour == "rot")],
            "cost": np.round(3 * size + b + 1000, 3),
            "gain": np.round(size - b, 3),
            "visits": draw.poisson(np.exp(0.5 * b)),
            "hot": (size > 0).astype(int),
            "wet": (b > 0).astype(int),
            "part": draw.integers(0, 10, n),
            "w": draw.integers(0, 4, n),
        }
    )


RUNS = {
    "run": "--target kind --weight w --drop day --model mlp",
    "run_groups": "--target cost --split groups --groups part --model tabular",
}
INPUTS = ["size (cm)", "Farbe", "flag", "gappy", "day", "three", "same"]


def models(table: pl.DataFrame) -> dict[str, tuple[Any, np.ndarray]]:
    """Return by name: an estimator, and its target."""
    c = chainrule
    target, kind, whole = (table[name].to_numpy() for name in ("target", "kind", "three"))
    cost, visits = table["cost"].to_numpy(), table["visits"].to_numpy()
    both = table.select("target", "kind").to_numpy()
    labels = table.select("hot", "wet").to_numpy()
    numbers = table.select("cost", "gain").to_numpy()
    mask = np.tril(np.ones((4, 4)))
    everything = {
        "layer_norm": True,
        "dropout": 0.1,
        "class_weight": {"ja": 2.0, "nein": 1},
        "early_stopping": True,
        "frozen_layers": (1,),
        "coefs_init": [None, np.ones((4, 3)) / 3, None],
        "clip_norm": 1.0,
        "category": ["three"],
        "drop": ["day"],
    }
    return {
        "classes": (c.MLPClassifier((4,), **QUICK), target),
        "three_classes": (c.MLPClassifier((4,), "mish", solver="sgd", **QUICK), kind),
        "whole_numbers": (c.MLPClassifier((4,), "tanh", **QUICK), whole - 1),
        "yes_and_no": (c.MLPClassifier((4,), "sigmoid", **QUICK), target == "ja"),
        "labels": (c.MLPClassifier((4,), "elu", **QUICK), labels),
        "several_targets": (c.MLPClassifier((4,), "selu", **QUICK), both),
        "everything": (c.MLPClassifier((4, 3), ["relu", "gelu"], **everything, **QUICK), target),
        "several_networks": (c.MLPClassifier((4,), n_networks=3, **QUICK), kind),
        "float64": (c.MLPClassifier((4,), "silu", dtype="float64", **QUICK), kind),
        "number": (c.MLPRegressor((4,), early_stopping=True, **QUICK), cost),
        "numbers": (c.MLPRegressor((), **QUICK), numbers),
        "unscaled": (c.MLPRegressor((4,), "softplus", scale=False, **QUICK), visits),
        "counts": (c.MLPRegressor((4,), "leaky_relu", loss="poisson", **QUICK), visits),
        "quantiles": (c.MLPRegressor((4,), **THREE, **QUICK), cost),
        "lbfgs": (c.MLPRegressor((2,), solver="lbfgs", **QUICK), cost),
        "rprop": (c.MLPRegressor((4,), "identity", solver="rprop", loss="huber", **QUICK), cost),
        "settled": (c.FixedPointClassifier(**SETTLED), target),
        "settled_dropout": (c.FixedPointClassifier(dropout=0.2, mask=mask, **SETTLED), kind),
        "settled_spectral": (c.FixedPointClassifier(guarantee="spectral", **SETTLED), both),
        "settled_perron": (c.FixedPointClassifier(guarantee="perron", **SETTLED), labels),
        "settled_number": (c.FixedPointRegressor(tau=np.arange(1.0, 5.0), **SETTLED), cost),
        "settled_monotone": (c.FixedPointRegressor(guarantee="monotone", **SETTLED), numbers),
        "settled_symmetric": (
            c.FixedPointRegressor(
                guarantee="symmetric", settle_step=0.5, early_stopping=True, **SETTLED
            ),
            cost,
        ),
        "settled_rows": (c.FixedPointRegressor(guarantee="row-sum", **THREE, **SETTLED), cost),
        "settled_non_negative": (
            c.FixedPointRegressor(guarantee="non-negative", activation="sigmoid", **SETTLED),
            cost,
        ),
        "tabular": (c.TabularClassifier(4, **BAG), target),
        "tabular_three": (c.TabularClassifier(4, "mish", **BAG), kind),
        "tabular_labels": (c.TabularClassifier((4, 3), "selu", **BAG), labels),
        "tabular_targets": (c.TabularClassifier(4, **BAG), both),
        "tabular_number": (c.TabularRegressor(4, **BAG), cost),
        "tabular_numbers": (c.TabularRegressor(4, **BAG), numbers),
        "tabular_quantiles": (c.TabularRegressor(4, **THREE, **BAG), cost),
        "tabular_counts": (c.TabularRegressor(4, loss="poisson", **BAG), visits),
    }


def outputs(model: Any, rows: Any) -> dict[str, np.ndarray]:
    """Return all that a model says of rows, by name."""
    said = {"predict": model.predict(rows)}
    if hasattr(model, "predict_proba"):
        proba = model.predict_proba(rows)
        parts = proba if isinstance(proba, list) else [proba]
        said |= {f"predict_proba.{i}": part for i, part in enumerate(parts)}
    if getattr(model, "loss", None) == "quantile":
        said["predict_quantiles"] = model.predict_quantiles(rows)
    if hasattr(model, "predict_interval"):
        with contextlib.suppress(ChainruleError):  # no rows were left to calibrate on
            said["predict_interval"] = model.predict_interval(rows, 0.8)
    return said


def save_outputs(folder: Path, name: str, said: dict[str, np.ndarray]) -> None:
    """Write them without pickling: objects are texts."""
    plain = {k: v.astype(str) if v.dtype == object else v for k, v in said.items()}
    np.savez_compressed(folder / f"{name}.npz", **plain)


def make(folder: Path) -> None:
    """Write all files into a folder that is not there yet."""
    folder.mkdir(parents=True)
    new = make_table(N_NEW, 1)
    new[3, "Farbe"] = "lila"
    new.write_csv(folder / "rows.csv")
    make_table(N_ROWS, 0).write_csv(folder / "table.csv")
    table, new = (read_table(str(folder / name)) for name in ("table.csv", "rows.csv"))
    for name, (model, y) in models(table).items():
        model.fit(table.select(INPUTS), y).save(folder / f"{name}.chr")
        save_outputs(folder, name, outputs(model, new.select(INPUTS)))
    patterns = np.random.default_rng(0).integers(0, 2, (3, 9))
    memory = chainrule.AssociativeMemory(4, n_examples=2000, random_state=0).fit(patterns)
    memory.save(folder / "memory.chr")
    corrupted = np.where(np.eye(9)[:3] > 0, np.nan, patterns)
    save_outputs(folder, "memory", {"rows": corrupted, **outputs(memory, corrupted)})
    for name, options in RUNS.items():
        run_fit(folder / name, f"fit table.csv --hidden 4 --epochs 4 {options}")
        save_outputs(folder, name, outputs(chainrule.load(folder / name / "model.chr"), new))


def run_fit(run: Path, line: str) -> None:
    """Let the shell write a run folder, without pictures."""
    words = [*line.split(), "--out", run.name, "--no-figures", "--no-report"]
    command = [sys.executable, "-m", "chainrule", *words]
    subprocess.run(command, cwd=run.parent, check=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    make(Path(sys.argv[1]))
