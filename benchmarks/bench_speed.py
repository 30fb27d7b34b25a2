"""Speed beside scikit-learn, PyTorch, JAX with optax, and NumPy, on equal networks and budgets.

    python benchmarks/bench_speed.py [--only steps backward …] [-o docs/speed.md]

steps      one training step (Adam, cross-entropy, shuffled batches); beside it the floor
backward   the hand-written backward pass beside `jax.grad` of the same forward pass

Tools take turns, round after round; times are medians and ratios are of medians.
"""

import argparse
import statistics
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import training_tools as tools

ROUNDS, SECONDS = 7, 0.4

# sizes, batch, batches to an epoch, least ratio to the faster of scikit-learn and PyTorch, to optax
STEPS = [
    ((20, 64, 64, 5), 32, 100, 8, 2),
    ((20, 64, 64, 5), 256, 100, 3, 2),
    ((4, 16, 3), 32, 100, 15, 2),
    ((784, 256, 128, 10), 128, 40, 1.2, None),
    ((100, 256, 256, 256, 2), 256, 40, 1.1, None),
    ((784, 512, 512, 10), 512, 20, 1.0, None),
]


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
        if spent > SECONDS / 4 or n_epochs > 10_000:
            return max(1, round(n_epochs * SECONDS / spent))
        n_epochs *= 4


def machine_rates():
    """Return the best rate of a matrix product, in operations a second, and of memory, in bytes."""
    n = 2048
    a = np.random.default_rng(0).normal(size=(n, n)).astype(np.float32)
    b, product = jnp.asarray(a), jax.jit(jnp.matmul)
    big = np.ones(50_000_000, np.float32)
    other = np.empty_like(big)
    spent = in_turn(
        {
            "NumPy": lambda: a @ a,
            "XLA": lambda: product(b, b).block_until_ready(),
            "memory": lambda: np.copyto(other, big),
        }
    )
    return 2 * n**3 / min(spent["NumPy"], spent["XLA"]), 2 * big.nbytes / spent["memory"], spent


def floor(sizes, batch, rate, bandwidth):
    """Return the least seconds of a step: its products, and its parameters through memory.

    Adam reads and writes weights and both moments; they lie in a cache if they are few.
    """
    products = [n * m for n, m in zip(sizes[:-1], sizes[1:], strict=True)]
    operations = 2 * batch * (3 * sum(products) - products[0])
    n_bytes = 4 * 6 * sum(products)
    return max(operations / rate, n_bytes / bandwidth if n_bytes > 1 << 21 else 0)


def steps(arguments):
    rate, bandwidth, _ = machine_rates()
    print(f"matrix product {rate / 1e9:.0f} GFLOP/s, memory {bandwidth / 1e9:.1f} GB/s")
    rows, met = [], True
    known = {n: make for n, (make, module) in tools.TOOLS.items() if not module or tools.installed(module)}
    for sizes, batch, n_batches, least, least_optax in STEPS:
        if arguments.case and "-".join(map(str, sizes)) not in arguments.case: continue
        x, labels = tools.table(sizes, n_batches * batch)
        runs, n_steps = {}, {}
        for name, make in known.items():
            run = make(sizes, batch, x, labels)
            n_epochs = epochs_for(run)
            runs[name] = lambda run=run, n=n_epochs: run(n)
            n_steps[name] = n_epochs * n_batches
        spent = in_turn(runs)
        each = {name: spent[name] / n_steps[name] for name in runs}
        ours = each["chainrule"]
        peers = min(v for k, v in each.items() if k.startswith(("scikit", "PyTorch")))
        bound = floor(sizes, batch, rate, bandwidth)
        print("-".join(map(str, sizes)), batch, {k: round(v * 1e6, 1) for k, v in each.items()},
              f"ratio {peers / ours:.2f} (want {least}) optax {each['JAX and optax']/ours:.2f} floor {bound / ours:.0%}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--case", nargs="+")
    steps(parser.parse_args())


if __name__ == "__main__":
    main()
