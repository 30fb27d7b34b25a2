"""How `bench_speed` measures and tells: tools in turn, the machine's floor, tables and verdicts."""

import importlib.metadata
import os
import platform
import re
import statistics
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

ROUNDS, SECONDS = 7, 1.2  # of a run in `steps`: what precedes its first step is then little


class Report:
    """Tables and verdicts, printed as they come and kept for a file."""

    def __init__(self, figure=None):
        self.lines, self.met, self.figure = [], True, figure

    def write(self, *lines):
        self.lines += lines
        print(*lines, sep="\n", flush=True)

    def table(self, title, heading, rows):
        self.write("", f"### {title}", "", "| " + " | ".join(heading) + " |")
        self.write("|" + "---|" * len(heading))
        for row in rows:
            self.write("| " + " | ".join(row) + " |")
        self.write("")

    def verdict(self, what, value, wanted, *, most=False):
        met = value <= wanted if most else value >= wanted
        self.met &= met
        sign = "≤" if most else "≥"
        self.write(f"- {'met' if met else 'MISSED'}: {what} {value:.2f} (asked {sign} {wanted:g})")


def in_turn(runs, rounds=ROUNDS):
    """Return the median seconds of each function, all called in turn in every round."""
    spent = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            spent[name].append(time.perf_counter() - start)
    return {name: statistics.median(times) for name, times in spent.items()}


def epochs_for(run):
    """Return how many epochs take about `SECONDS`, after a first one that compiles."""
    run(1)
    n_epochs = 1
    while True:
        start = time.perf_counter()
        run(n_epochs)
        spent = time.perf_counter() - start
        if spent > SECONDS / 4:
            return max(1, round(n_epochs * SECONDS / spent))
        n_epochs *= 4


def machine_rates():
    """Return the best rate of a matrix product, in operations a second, and of memory, in bytes."""
    n = 2048
    a = np.random.default_rng(0).normal(size=(n, n)).astype(np.float32)
    b, product = jnp.asarray(a), jax.jit(jnp.matmul)
    product(b, b).block_until_ready()
    big = np.ones(50_000_000, np.float32)
    other = np.ones_like(big)
    spent = in_turn(
        {
            "NumPy": lambda: a @ a,
            "XLA": lambda: product(b, b).block_until_ready(),
            "memory": lambda: np.copyto(other, big),
        }
    )
    return 2 * n**3 / min(spent["NumPy"], spent["XLA"]), 2 * big.nbytes / spent["memory"]


def floor(sizes, batch, rate, bandwidth):
    """Return the least seconds of a step: its products, or its weights through memory.

    Adam reads and writes weights and both moments; what is small stays in a cache.
    """
    products = [n * m for n, m in zip(sizes[:-1], sizes[1:], strict=True)]
    operations = 2 * batch * (3 * sum(products) - products[0])
    n_bytes = 4 * 6 * sum(products)
    return max(operations / rate, n_bytes / bandwidth if n_bytes > 1 << 21 else 0)


def draw(path, rows, names):
    """Draw the microseconds of a step: a group of bars for each network, a bar for each tool."""
    from chainrule.report.style import FAINT, MARK, TRAINING, VALIDATION, new_figure

    figure, [axis] = new_figure(width=8, height=4.4)
    colours = [TRAINING, VALIDATION, MARK, "#56B4E9", "#E69F00", FAINT]
    height = 0.8 / len(names)
    for k, (name, colour) in enumerate(zip(names, colours, strict=False)):
        places = [i + k * height for i in range(len(rows))]
        axis.barh(places, [row[1 + k] for row in rows], height, color=colour, label=name)
    axis.set_yticks([i + 0.4 - height / 2 for i in range(len(rows))], [row[0] for row in rows])
    axis.invert_yaxis()
    axis.set_xscale("log")
    axis.set_xlabel("a training step, µs (shorter is faster)")
    axis.legend(frameon=False, fontsize="small")
    figure.savefig(path, metadata={"Date": None})


def machine_and_versions():
    versions = [f"Python {platform.python_version()}"]
    for name in ("chainrule", "jax", "scikit-learn", "torch", "optax", "numpy"):
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            versions.append(f"without {name}")
    described = Path("/proc/cpuinfo")
    text = described.read_text() if described.exists() else ""
    model = re.search(r"model name\s*: (.*)", text + "model name: unknown processor")[1]
    return f"{model}, {os.cpu_count()} cores; {', '.join(versions)}."
