"""The fixed-point estimators by default parameters beside the MLP's, as a newcomer calls them.

    python benchmarks/bench_defaults.py [--only digits tables random] [--random 200]

digits   five stratified splits, three quarters to train on
tables   the ten tables of `bench_accuracy` and two of numbers that are made, five folds
random   tables of 10 to 500 rows and 1 to 11 columns, half of them with targets of noise: whether
         all of them settle; and of those with 50 to 300 rows the seconds of a fit, beside the MLP's

Exit code 1 if a goal is missed: digits .980; no worse than the MLP by more than .005 in the mean;
no training that is ended, no row that does not settle; a median of at most 3 times the MLP's
seconds, and at most 10 times on any table.
"""

import argparse
import statistics
import sys
import time
import warnings

import numpy as np
import polars as pl
from bench_accuracy import KEEL, NAMED, Table, machine, read_tables
from sklearn.datasets import make_friedman1, make_friedman2
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split

import chainrule
from chainrule import datasets
from chainrule.errors import NotSettledError, NotSettledWarning

KINDS = ("FixedPoint", "MLP")


def estimator(kind, classes, seed):
    """Return an estimator with default parameters."""
    return getattr(chainrule, kind + ("Classifier" if classes else "Regressor"))(random_state=seed)


def digits():
    frame = datasets.load("digits")
    x, y = frame.drop("digit").to_numpy(), frame["digit"].to_numpy()
    scores = {}
    for kind in KINDS:
        scores[kind] = []
        for seed in range(5):
            parts = train_test_split(x, y, test_size=0.25, stratify=y, random_state=100 + seed)
            model = estimator(kind, True, seed).fit(parts[0], parts[2])
            scores[kind].append(model.score(parts[1], parts[3]))
    ours, theirs = (statistics.mean(scores[kind]) for kind in KINDS)
    print(f"digits, five splits: fixed point {ours:.4f}, MLP {theirs:.4f}", flush=True)
    return {"digits .980": ours >= 0.980}


def made(make, **options):
    x, y = make(500, random_state=0, **options)
    return Table(pl.DataFrame(x, [f"x{i}" for i in range(x.shape[1])]), y, classes=False)


def tables():
    every = read_tables([*NAMED, *KEEL])
    every |= {"friedman1": made(make_friedman1, noise=1.0), "friedman2": made(make_friedman2)}
    print(
        "\n| table | fixed point | MLP | difference | seconds | MLP's |\n|---|---|---|---|---|---|"
    )
    differences = {}
    for name, table in every.items():
        split = StratifiedKFold if table.classes else KFold
        means, seconds = [], []
        for kind in KINDS:
            scores, start = [], time.perf_counter()
            folds = split(5, shuffle=True, random_state=0).split(table.x, table.y)
            for seed, (train, test) in enumerate(folds):
                model = estimator(kind, table.classes, seed).fit(table.x[train], table.y[train])
                scores.append(model.score(table.x[test], table.y[test]))
            means.append(statistics.mean(scores))
            seconds.append((time.perf_counter() - start) / 5)
        differences[name] = means[0] - means[1]
        print(
            f"| {name} | {means[0]:.4f} | {means[1]:.4f} | {differences[name]:+.4f} "
            f"| {seconds[0]:.1f} | {seconds[1]:.1f} |",
            flush=True,
        )
    mean = statistics.mean(differences.values())
    print(f"\nmean difference {mean:+.4f} over {len(differences)} tables")
    return {"no worse than the MLP by more than .005": mean >= -0.005}


def random_table(seed):
    """Draw a table: (inputs, targets, whether they are classes)."""
    draw = np.random.default_rng(seed)
    n, k = int(draw.integers(10, 501)), int(draw.integers(1, 12))
    x = draw.normal(size=(n, k)) * np.exp(draw.normal(size=k))
    signal = x[:, 0] * x[:, -1] + np.sin(x[:, 0]) + 0.1 * draw.normal(size=n)
    y = draw.normal(size=n) if draw.random() < 0.5 else signal
    classes = bool(draw.random() < 0.5)
    n_classes = int(draw.integers(2, 5))
    return x, np.argsort(np.argsort(y)) * n_classes // n if classes else y, classes


def random(n_tables):
    ended, unsettled, ratios = 0, 0, []
    for seed in range(n_tables):
        x, y, classes = random_table(seed)
        seconds = {}
        for kind in KINDS:
            model, start = estimator(kind, classes, 0), time.perf_counter()
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                try:
                    model.fit(x, y).predict(x)
                except NotSettledError:
                    ended += 1
            seconds[kind] = time.perf_counter() - start
            unsettled += any(issubclass(each.category, NotSettledWarning) for each in told)
        if 50 <= len(x) <= 300:
            ratios.append(seconds["FixedPoint"] / seconds["MLP"])
    print(f"\n{n_tables} random tables: {ended} ended, {unsettled} with rows that do not settle")
    middle, most = statistics.median(ratios), max(ratios)
    print(f"{len(ratios)} of 50 to 300 rows: {middle:.1f} times the MLP's time, at most {most:.1f}")
    return {
        "none ended, none unsettled": ended + unsettled == 0,
        "median at most 3 times": middle <= 3,
        "at most 10 times": most <= 10,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parts = {"digits": digits, "tables": tables, "random": lambda: random(arguments.random)}
    parser.add_argument("--only", nargs="+", choices=parts, default=list(parts))
    parser.add_argument("--random", type=int, default=200, help="number of random tables")
    arguments = parser.parse_args()
    print(f"chainrule {chainrule.__version__}; {machine()}", flush=True)
    goals = {}
    for name in arguments.only:
        goals |= parts[name]()
    for goal, met in goals.items():
        print(f"- {'met' if met else 'MISSED'}: {goal}")
    sys.exit(0 if all(goals.values()) else 1)


if __name__ == "__main__":
    main()
