"""Speed beside scikit-learn, PyTorch, JAX with optax, and NumPy, on equal networks and budgets.

    python benchmarks/bench_speed.py [--only steps backward …] [-o speed.md] [--figure speed.svg]

steps      a training step (Adam, cross-entropy, shuffled batches), and the floor of the machine
backward   the hand-written backward pass beside `jax.grad` of the same forward pass
iris       the iris network of the tutorials, 5000 iterations in float64 with their history
process    a script from start to trained iris model, with a filled cache and for the first time
grid       a grid search of 30 candidates in 5 folds, the whole process
together   8 networks at once beside one after another
blocks     what progress and Ctrl-C cost, and recording what flows; how long Ctrl-C waits
predict    one row, and 100,000 rows
memory     a million rows of 100 columns: the peak of the process

In a part all tools take turns, round after round, in one process or as processes; times are
medians and ratios are of medians.  PyTorch and optax are left out where they are not installed.
"""

import argparse
import functools
import itertools
import sys
import time
import warnings
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import training_tools as tools
from speed_processes import grid, memory, process
from speed_report import (
    ROUNDS,
    Report,
    draw,
    epochs_for,
    floor,
    in_turn,
    machine_and_versions,
    machine_rates,
)

from chainrule import engine as e
from chainrule.demos.iris import ITERATIONS, LEARNING_RATE, tutorial_network, tutorial_split
from chainrule.engine.training import pace

# sizes, batch, batches to an epoch, least ratios: to scikit-learn and PyTorch, and to optax
STEPS = [
    ((20, 64, 64, 5), 32, 100, 8, 2),
    ((20, 64, 64, 5), 256, 100, 3, 2),
    ((4, 16, 3), 32, 100, 15, 2),
    ((784, 256, 128, 10), 128, 40, 1.2, None),
    ((100, 256, 256, 256, 2), 256, 40, 1.1, None),
    ((784, 512, 512, 10), 512, 20, 1.0, None),
]


def steps(report):
    known = {
        name: make
        for name, (make, module) in tools.TOOLS.items()
        if module is None or tools.installed(module)
    }
    rows, verdicts = [], []
    for sizes, batch, n_batches, least, least_optax in STEPS:
        rate, bandwidth = machine_rates()
        x, labels = tools.table(sizes, n_batches * batch)
        runs, n_steps = {}, {}
        for name, make in known.items():
            run = make(sizes, batch, x, labels)
            n_epochs = epochs_for(run)
            runs[name] = lambda run=run, n=n_epochs: run(n)
            n_steps[name] = n_epochs * n_batches
        spent = in_turn(runs, 5)
        each = {name: spent[name] / n_steps[name] for name in runs}
        ours, case = each["chainrule"], f"{'-'.join(map(str, sizes))}, batch {batch}"
        fastest = min((n for n in each if n.startswith(("scikit", "PyTorch"))), key=each.get)
        share = floor(sizes, batch, rate, bandwidth) / ours
        rows.append(
            [case, *(f"{1e6 * each[name]:.0f}" for name in known)]
            + [f"{each[fastest] / ours:.1f}", f"{share:.0%}"]
        )
        verdicts.append((f"{case}: times as fast as {fastest}", each[fastest] / ours, least))
        if least_optax and "JAX and optax" in each:
            ratio = each["JAX and optax"] / ours
            verdicts.append((f"{case}: times as fast as JAX and optax", ratio, least_optax))
        if sizes == (784, 512, 512, 10):
            verdicts.append((f"{case}: share of the floor", share, 0.75))
    heading = ["network", *(f"{name}, µs" for name in known), "ratio", "floor / chainrule"]
    report.table("A training step", heading, rows)
    if report.figure:
        draw(report.figure, [[row[0], *map(float, row[1 : 1 + len(known)])] for row in rows], known)
    report.write(
        f"The floor: {rate / 1e9:.0f} billion operations a second in the best product of two "
        f"2048 × 2048 matrices, {bandwidth / 1e9:.0f} GB/s from memory and back."
    )
    for verdict in verdicts:
        report.verdict(*verdict)


def descent(gradient, n_steps, *problem):
    """Return a compiled program that goes so many plain steps down a gradient, ready to be run."""

    def run(params, x, y):
        def descend(i, p):
            return jax.tree.map(lambda w, g: w - 1e-3 * g, p, gradient(p, x, y))

        return jax.lax.fori_loop(0, n_steps, descend, params)

    program = jax.jit(run).lower(*problem).compile()
    return lambda: jax.block_until_ready(program(*problem))


def gradients(network, objective, weights):
    """Return two functions of parameters and rows: by hand, and by automatic differentiation."""

    def by_hand(params, x, y):
        z, tape = network.forward(params, x)
        return network.backward(params, tape, objective.delta(z, y, weights))[0]

    def by_autodiff(params, x, y):
        def loss(params):
            return objective.value(network.forward(params, x)[0], y, weights)

        return jax.grad(loss)(params)

    return by_hand, by_autodiff


def backward(report):
    rows, worst = [], 0.0
    for sizes, batch, *_ in STEPS:
        x, labels = tools.table(sizes, batch)
        network = tools.network(sizes)
        problem = network.init(e.make_key(0), sizes[0]), x, tools.one_hot(labels, sizes[-1])
        n = max(3, int(3e8 / (batch * sum(a * b for a, b in itertools.pairwise(sizes)))))
        both = gradients(network, e.SoftmaxCrossEntropy(), jnp.ones(batch))
        runs = [descent(gradient, n, *problem) for gradient in both]
        hand, grad = in_turn(dict(enumerate(runs)), 3 * ROUNDS).values()
        worst = max(worst, hand / grad)
        case = f"{'-'.join(map(str, sizes))}, batch {batch}"
        rows.append([case, f"{1e6 * hand / n:.1f}", f"{1e6 * grad / n:.1f}", f"{hand / grad:.3f}"])
    heading = ["network", "by hand, µs", "jax.grad, µs", "by hand / jax.grad"]
    report.table("A gradient and a plain step down it, compiled", heading, rows)
    report.verdict("slowest by hand, against jax.grad", worst, 1.05, most=True)


def iris(report):
    from sklearn.neural_network import MLPClassifier

    x, y, _, _ = tutorial_split()

    def chainrule():
        e.train(
            tutorial_network(),
            e.SquaredError(half=True, over="elements"),
            x,
            y,
            optimizer=e.GradientDescent(LEARNING_RATE),
            batch_size=None,
            n_epochs=ITERATIONS,
            metrics={"accuracy": e.Accuracy(0.5)},
            dtype="float64",
        )

    def scikit_learn(**options):
        model = MLPClassifier(
            (2,),
            activation="logistic",
            solver="sgd",
            momentum=0,
            alpha=0,
            batch_size=len(x) if not options else 104,
            learning_rate_init=LEARNING_RATE,
            max_iter=ITERATIONS,
            tol=0,
            n_iter_no_change=10**9,
            shuffle=False,
            **options,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(x, y.argmax(axis=1))

    runs = {
        "chainrule, loss and accuracy": chainrule,
        "NumPy by hand, loss and accuracy": tutorial_by_hand,
        "scikit-learn, loss": scikit_learn,
        "scikit-learn, loss and accuracy of a fifth": lambda: scikit_learn(
            early_stopping=True, validation_fraction=0.2
        ),
    }
    for run in runs.values():
        run()
    spent = in_turn(runs)
    rows = [[name, f"{1e3 * seconds:.0f}"] for name, seconds in spent.items()]
    heading = ["5000 iterations, with a history of", "ms"]
    report.table("The iris network of the tutorials", heading, rows)
    ours, numpy, loss_only, both = spent.values()
    report.verdict("times as fast as scikit-learn with such a history", both / ours, 20)
    report.write(f"- with the loss alone scikit-learn needs {loss_only / ours:.1f} times as long")
    report.verdict("times as fast as NumPy", numpy / ours, 2.5)


def tutorial_by_hand():
    """The tutorials' network in NumPy, as they write it, with one-hot targets."""
    x, y, _, _ = tutorial_split()
    random = np.random.RandomState(10)
    w1, w2 = random.normal(scale=0.5, size=(4, 2)), random.normal(scale=0.5, size=(2, 3))
    history = []
    for _ in range(ITERATIONS):
        a1 = 1 / (1 + np.exp(-x @ w1))
        a2 = 1 / (1 + np.exp(-a1 @ w2))
        error = a2 - y
        history.append(((error**2).sum() / (2 * y.size), (a2.argmax(1) == y.argmax(1)).mean()))
        delta2 = error * a2 * (1 - a2)
        delta1 = delta2 @ w2.T * a1 * (1 - a1)
        w2 -= LEARNING_RATE * a1.T @ delta2 / y.size
        w1 -= LEARNING_RATE * x.T @ delta1 / y.size
    return history


def together(report):
    rows, least = [], np.inf
    for sizes, n_rows, n_epochs in (
        ((4, 16, 3), 150, 200),
        ((30, 64, 2), 455, 100),
        ((20, 64, 64, 5), 3200, 50),
    ):
        x, labels = tools.table(sizes, n_rows)
        y, network = tools.one_hot(labels, sizes[-1]), tools.network(sizes)
        options = {"optimizer": e.Adam(1e-3), "n_epochs": n_epochs}
        options |= {"metrics": {"accuracy": e.Accuracy()}}
        objective = e.SoftmaxCrossEntropy()

        def alone(network=network, objective=objective, x=x, y=y, options=options):
            for seed in range(8):
                e.train(network, objective, x, y, seed=seed, **options)

        def at_once(network=network, objective=objective, x=x, y=y, options=options):
            e.train_together(network, objective, [(x, y)] * 8, **options)

        alone(), at_once()
        spent = in_turn({"alone": alone, "at once": at_once})
        ratio = spent["alone"] / spent["at once"]
        least = min(least, ratio)
        case = f"{'-'.join(map(str, sizes))}, {n_rows} rows, {n_epochs} epochs"
        rows.append([case, *(f"{1e3 * s:.0f}" for s in spent.values()), f"{ratio:.2f}"])
    heading = ["network", "one by one, ms", "together, ms", "ratio"]
    report.table("Eight networks of one shape", heading, rows)
    report.verdict("together, times as fast as one by one, at least", least, 1.5)


def blocks(report):
    rows, most, most_recording, usual = [], 0.0, 0.0, pace.BLOCK_SECONDS
    for sizes, batch, n_batches in (((20, 64, 64, 5), 32, 100), ((784, 256, 128, 10), 128, 40)):
        x, labels = tools.table(sizes, n_batches * batch)
        run = tools.chainrule(sizes, batch, x, labels)
        n_epochs = min(4 * epochs_for(run), 200)

        def with_blocks_of(seconds, run=run, n_epochs=n_epochs):
            pace.BLOCK_SECONDS = seconds
            run(n_epochs)
            pace.BLOCK_SECONDS = usual

        runs = {s: functools.partial(with_blocks_of, s) for s in (usual, 1e9)}
        recording = tools.chainrule(sizes, batch, x, labels, record_flow=True)
        runs["recording"] = functools.partial(recording, n_epochs)
        spent = in_turn(runs, 3 * ROUNDS)
        cost, cost_of_recording = (
            spent[k] / spent[o] - 1 for k, o in ((usual, 1e9), ("recording", usual))
        )
        most, most_recording = max(most, cost), max(most_recording, cost_of_recording)
        case = f"{'-'.join(map(str, sizes))}, batch {batch}, {n_epochs} epochs"
        times = [f"{spent[k]:.2f}" for k in (1e9, usual, "recording")]
        rows.append([case, *times, f"{cost:+.1%}", f"{cost_of_recording:+.1%}"])
    heading = [
        "network",
        "long blocks, s",
        "blocks of 0.1 s, s",
        "and recording, s",
        "blocks",
        "recording",
    ]
    report.table("Progress ten times a second, and Ctrl-C; recording what flows", heading, rows)
    report.verdict("cost of blocks in percent", 100 * most, 3, most=True)
    report.verdict("cost of recording in percent", 100 * most_recording, 5, most=True)

    x, labels = tools.table((100, 256, 256, 10), 400_000)
    seen = []
    run = tools.chainrule(
        (100, 256, 256, 10),
        256,
        x,
        labels,
        measure_training=True,
        on_progress=lambda progress: seen.append((time.perf_counter(), progress.share)),
    )
    run(1)
    waits = np.diff([at for at, _ in seen])
    report.table(
        "A long epoch: 100-256-256-10, batch 256, 400,000 rows, measured after it",
        ["epoch, s", "looks at Ctrl-C", "longest wait, s"],
        [[f"{waits.sum():.1f}", str(len(waits)), f"{waits.max():.2f}"]],
    )
    report.verdict("longest wait within an epoch, s", waits.max(), 0.5, most=True)


def predict(report):
    from sklearn.neural_network import MLPClassifier as ScikitMLP

    from chainrule import MLPClassifier

    sizes = (20, 64, 64, 5)
    x, labels = tools.table(sizes, 2000)
    many = np.random.default_rng(1).normal(size=(100_000, 20)).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = ScikitMLP((64, 64), max_iter=5).fit(x, labels)
    ours = MLPClassifier((64, 64), "relu", max_iter=5).fit(x, labels)
    makers = {"chainrule": ours.predict, "scikit-learn": peer.predict}
    if tools.installed("torch"):
        makers["PyTorch"] = tools.torch_predictor(sizes)
    rows, spent = [], {}
    for name, table, repeats in (("one row", many[:1], 200), ("100,000 rows", many, 1)):

        def several(f, table=table, repeats=repeats):
            for _ in range(repeats):
                f(table)

        spent[name] = in_turn({k: lambda f=f: several(f) for k, f in makers.items()}, 3 * ROUNDS)
        rows.append([name, *(f"{1e3 * s / repeats:.3f}" for s in spent[name].values())])
    heading = ["20-64-64-5", *(f"{name}, ms" for name in makers)]
    report.table("Prediction of classes", heading, rows)
    one, all_rows = spent.values()
    ratio = one["scikit-learn"] / one["chainrule"]
    report.verdict("one row, times as fast as scikit-learn", ratio, 1)
    if "PyTorch" in all_rows:
        ratio = all_rows["PyTorch"] / all_rows["chainrule"]
        report.verdict("100,000 rows, times as fast as PyTorch", ratio, 1)


PARTS = (steps, backward, iris, process, grid, together, blocks, predict, memory)


def main():
    parts = {part.__name__: part for part in PARTS}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=parts, default=list(parts))
    parser.add_argument("-o", "--out", type=Path, help="write the tables there, too")
    parser.add_argument("--figure", type=Path, help="draw the times of a step there")
    arguments = parser.parse_args()
    report = Report(arguments.figure)
    report.write(machine_and_versions())
    for name in arguments.only:
        parts[name](report)
    if arguments.out:
        arguments.out.write_text("\n".join(report.lines) + "\n")
    sys.exit(0 if report.met else 1)


if __name__ == "__main__":
    main()
