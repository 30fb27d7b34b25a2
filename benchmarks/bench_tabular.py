"""Accuracy and CPU seconds of the tabular estimators on fifteen real tables, beside other tools.

    taskset -c 0 python benchmarks/bench_tabular.py [--seeds 0 1 2] [--only chainrule CatBoost …]
    taskset -c 0 python benchmarks/bench_tabular.py --figure accuracy.svg -o accuracy.json
    taskset -c 0 python benchmarks/bench_tabular.py --ablation --seeds 10
    taskset -c 0 python benchmarks/bench_tabular.py --large --seeds 0

Every fit is a process of its own; seconds are CPU seconds, with compilation and without imports.
The reported seeds are 0, 1, 2; the configuration was chosen on 10 and 11.  The tables come with
the packages that `tabular_tables` names, other tools with those that `tabular_peers` names.
`-o` keeps every result, and what is in the file already is not run again.
"""

import argparse
import json
import os
import statistics
import sys
import time
import warnings
from pathlib import Path

import numpy as np
from tabular_peers import at_hand
from tabular_tables import ALL, CLASSES, LARGE, TABLES, split

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def tabular(task, seed, **options):
    import chainrule.engine  # noqa: F401  as the other libraries are imported before the clock runs
    from chainrule import TabularClassifier, TabularRegressor

    kind = TabularClassifier if task == CLASSES else TabularRegressor
    return kind(random_state=seed, **options)


def plain(task, seed):
    from chainrule import MLPClassifier, MLPRegressor

    kind = MLPClassifier if task == CLASSES else MLPRegressor
    return kind((256, 256), early_stopping=True, random_state=seed)


MODELS = {"chainrule": tabular, "chainrule's MLP": plain, **at_hand()}


def without(change):
    """Return a maker of tabular models after `change` of the parts that make them."""

    def make(task, seed):
        change()
        return tabular(task, seed)

    return make


def no_factors_of_inputs():
    from chainrule import engine
    from chainrule.fitting import tabular_network

    tabular_network.Scale = lambda: engine.identity


def one_rate():
    from chainrule import engine
    from chainrule.fitting import tabular_network

    tabular_network.tabular_rule = lambda schedule, weight_decay: engine.AdamW(
        engine.CosineCycles(0.003), beta_2=0.95, weight_decay=weight_decay
    )


def one_cosine():
    from chainrule import engine
    from chainrule.fitting import tabular_network

    rule = tabular_network.tabular_rule
    tabular_network.tabular_rule = lambda schedule, weight_decay: rule(
        engine.Cosine(schedule.learning_rate), weight_decay
    )


def no_temperature():
    from chainrule.fitting import bagging

    bagging.temperature = lambda *given: 1.0


def no_pieces():
    from chainrule.fitting import tabular_network

    tabular_network.PIECES = 0


ABLATION = {
    "all": tabular,
    "one network": lambda task, seed: tabular(task, seed, n_networks=1),
    "best epoch by the loss": lambda task, seed: tabular(task, seed, scoring="loss"),
    "no temperature": without(no_temperature),
    "no pieces of numbers": without(no_pieces),
    "no factors of inputs": without(no_factors_of_inputs),
    "one rate for all parameters": without(one_rate),
    "one cosine": without(one_cosine),
    "no weight decay": lambda task, seed: tabular(task, seed, weight_decay=0.0),
    "relu": lambda task, seed: tabular(task, seed, activation="relu"),
}


def fit(make, name, seed):
    """Return what one fit came to; runs in a process of its own."""
    from sklearn.metrics import accuracy_score, log_loss, r2_score, root_mean_squared_error

    task = ALL[name][0]
    x, x_test, y, y_test = split(name, seed)
    model = make(task, seed)
    clock = time.process_time()
    model.fit(x, y)
    found = {"seconds": time.process_time() - clock}
    clock = time.perf_counter()
    if task != CLASSES:
        predicted = model.predict(x_test)
        found |= {
            "r2": r2_score(y_test, predicted),
            "error": root_mean_squared_error(y_test, predicted),
        }
    else:
        p = model.predict_proba(x_test)
        predicted = np.unique(y)[p.argmax(axis=1)]
        accuracy = accuracy_score(y_test, predicted)
        found |= {
            "accuracy": accuracy,
            "error": 1.01 - accuracy,  # a percent more, so that no ratio is one of next to nothing
            "log_loss": log_loss(y_test, np.clip(p, 1e-7, 1), labels=np.unique(y)),
        }
    return found | {"predict": time.perf_counter() - clock}


def in_a_process(make, name, seed, fit=fit):
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        with warnings.catch_warnings(), os.fdopen(write, "w") as out:
            warnings.simplefilter("ignore")
            out.write(json.dumps(fit(make, name, seed)))
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as told:
        text = told.read()
    os.waitpid(child, 0)
    if not text:
        raise SystemExit(f"the fit on {name}, seed {seed}, ended without a result")
    return json.loads(text)


def summary_of(results):
    """Return for each model the means over the tables of means over the seeds, and its seconds."""
    first = next(iter(results.values()))
    lines = {}
    for name, found in results.items():

        def mean(key, found=found):
            values = [statistics.mean(r[key] for r in each) for each in found.values()
                      if key in each[0]]  # fmt: skip
            return statistics.mean(values) if values else float("nan")

        ratios = [
            np.log(
                statistics.mean(r["error"] for r in each)
                / statistics.mean(r["error"] for r in first[table])
            )
            for table, each in found.items()
        ]
        lines[name] = {
            "accuracy": 100 * mean("accuracy"),
            "log_loss": mean("log_loss"),
            "r2": mean("r2"),
            "error": 100 * np.mean(ratios),
            "seconds": sum(r["seconds"] for each in found.values() for r in each),
            "predict": sum(r["predict"] for each in found.values() for r in each),
        }
    return lines


def report(lines):
    print("\n| | accuracy | log-loss | R² | error against the first | fit, s | predict, s |")
    print("|---|---|---|---|---|---|---|")
    for name, own in lines.items():
        print(
            f"| {name} | {own['accuracy']:.2f} % | {own['log_loss']:.4f} | {own['r2']:.4f} | "
            f"{own['error']:+.1f} % | {own['seconds']:.0f} | {own['predict']:.1f} |"
        )


def draw(path, lines):
    """Draw the error of each model, against that of the first, over its seconds of fitting."""
    from chainrule.report.style import TRAINING, VALIDATION, new_figure

    figure, [axis] = new_figure(width=7, height=4)
    for name, own in lines.items():
        ours = name.startswith("chainrule")
        axis.plot(own["seconds"], own["error"], "o", color=TRAINING if ours else VALIDATION)
        place = (own["seconds"], own["error"])
        axis.annotate(name, place, (6, 5), textcoords="offset points", fontsize="small")
    axis.set_xscale("log")
    axis.margins(x=0.2, y=0.12)
    axis.set_xlabel("CPU seconds of all fits")
    axis.set_ylabel(f"error against that of {next(iter(lines))}, %")
    figure.savefig(path, metadata={"Date": None})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--only", nargs="+", help="models, or parts of the ablation")
    parser.add_argument("--tables", nargs="+", choices=ALL)
    parser.add_argument("--large", action="store_true", help="four tables of 37,000 rows and more")
    parser.add_argument("--ablation", action="store_true", help="take out one part after another")
    parser.add_argument("-o", dest="file", type=Path, help="keep every result in this JSON file")
    parser.add_argument("--figure", type=Path, help="draw error over seconds into this file")
    arguments = parser.parse_args()
    for name in THREADS:
        os.environ[name] = "1"
    models = ABLATION if arguments.ablation else MODELS
    kept = {}
    if arguments.file is not None and arguments.file.exists():
        kept = json.loads(arguments.file.read_text())
    results = {}
    for name in arguments.only or models:
        results[name] = {}
        for table in arguments.tables or (LARGE if arguments.large else TABLES):
            own = kept.setdefault(name, {}).setdefault(table, {})
            for seed in map(str, arguments.seeds):
                if seed not in own:
                    own[seed] = in_a_process(models[name], table, int(seed))
                    if arguments.file is not None:
                        arguments.file.write_text(json.dumps(kept, indent=1))
            results[name][table] = found = [own[str(seed)] for seed in arguments.seeds]
            score = "accuracy" if "accuracy" in found[0] else "r2"
            scores = " ".join(f"{r[score]:.4f}" for r in found)
            seconds = sum(r["seconds"] for r in found)
            print(f"{name}, {table}: {scores}, {seconds:.0f} s", file=sys.stderr, flush=True)
    lines = summary_of(results)
    report(lines)
    if arguments.figure is not None:
        draw(arguments.figure, lines)


if __name__ == "__main__":
    main()
