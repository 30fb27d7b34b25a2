"""Fixed-point networks beside their peers: error of the gradient, time at equal error, memory.

    python benchmarks/bench_recurrent.py [--only errors times compaction memory]

One step is settling and the gradient at weights, input weights and inputs, of 128 tanh units with
64 samples in float32, on one thread.  Weights are random and scaled until the largest spectral
radius of the batch is the one in the heading.  Errors are relative Frobenius errors of dE/dW
against a dense solution in float64.

A tool's time is that of the fastest setting of its grid whose error is at most 1e-4; the winners
of all tools are timed in turn, round after round, and ratios are of medians.  Memory is that of
512 units with 256 samples, beside parameters, inputs and gradients: XLA's temporary buffers, and
by how much the peak of a process of its own grows in the step, outputs included.

Peers that are not installed are left out: torch, torchdeq, jaxopt, optimistix (with lineax).
"""

import os

if __name__ == "__main__":  # before any library reads them
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    os.environ["OMP_NUM_THREADS"] = "1"
    os.environ["MALLOC_MMAP_THRESHOLD_"] = "65536"  # freed arrays leave the process at once

import argparse
import importlib.metadata
import itertools
import json
import logging
import platform
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from recurrent_tools import (
    by_chainrule,
    chainrule_step,
    defaults,
    endless,
    grid,
    installed,
    jaxopt_step,
    network,
    optimistix_step,
    problem,
    unrolled,
)

from chainrule import __version__

RADII = (0.5, 0.9, 0.98)
BOUND = 1e-4  # error at which times are compared
ROUNDS, TRIES = 30, 6
SWEEPS = (100, 1000, 10000)
ASKED = {"float32": 5e-6, "float64": 1e-12}
PEERS = ("torchdeq", "jaxopt", "optimistix")


def error_of(setting, radius):
    """Return the error at W; infinite if the tool raises."""
    given = problem(radius)
    with jax.enable_x64(setting.name == "float64"):
        try:
            gradient = setting.prepare(given.arrays)()[0]
        except RuntimeError:
            return np.inf
    difference = np.asarray(gradient, np.float64) - given.truth
    return np.linalg.norm(difference) / np.linalg.norm(given.truth)


def times_of(settings, radius, rounds=ROUNDS):
    """Return the milliseconds of each setting, one after the other in every round."""
    calls = {name: setting.prepare(problem(radius).arrays) for name, setting in settings.items()}
    taken = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            call()  # clears away what the tool before left in the caches
            start = time.perf_counter()
            call()
            taken[name].append(1e3 * (time.perf_counter() - start))
    return taken


def fastest(settings, radius):
    """Return the fastest setting within the bound, if there is one, and the error."""
    found = {setting: error_of(setting, radius) for setting in settings}
    within = {setting: setting for setting, error in found.items() if error <= BOUND}
    if not within:
        return None, min(found.values())
    taken = times_of(within, radius, TRIES)
    best = min(within, key=lambda setting: min(taken[setting]))
    return best, found[best]


def write(title, columns, rows):
    print(f"\n### {title}\n")
    for cells in (columns, ["---"] * len(columns), *rows):
        print("| " + " | ".join(cells) + " |", flush=True)


def verdict(what, met):
    print(f"\n{'Met' if met else 'MISSED'}: {what}.", flush=True)
    return met


def errors():
    """Report the errors of the defaults; return whether ours are as asked."""
    rows, met = [], True
    for setting in defaults():
        found = [error_of(setting, radius) for radius in RADII]
        shown = [f"{error:.1e}" if error < np.inf else "raises" for error in found]
        rows.append([setting.tool, setting.name, *shown])
        if setting.tool == "chainrule":
            met &= max(found) <= ASKED[setting.name]
    columns = ["tool", "setting", *(f"radius {radius}" for radius in RADII)]
    write("Error of the gradient, settings as they come", columns, rows)
    return verdict("chainrule at most 5e-6 in float32, 1e-12 in float64", met)


def times():
    """Report times at equal error; return whether ours are the shortest."""
    rows, met = [], True
    tools = itertools.groupby(grid(), key=lambda setting: setting.tool)
    tools = {tool: list(settings) for tool, settings in tools}
    for radius in RADII:
        best = {tool: fastest(settings, radius) for tool, settings in tools.items()}
        taken = times_of({tool: setting for tool, (setting, _) in best.items() if setting}, radius)
        least = {tool: min(values) for tool, values in taken.items()}
        median = {tool: statistics.median(values) for tool, values in taken.items()}
        for tool, (setting, error) in best.items():
            row = [str(radius), tool, "none", f"{error:.1e}", "", "", "", ""]
            if setting:
                row[2] = setting.name
                row[4:6] = f"{median[tool]:.2f}", f"{least[tool]:.2f}"
                row[6:] = (f"{t[tool] / t['chainrule']:.2f}" for t in (median, least))
            rows.append(row)
        met &= min(least, key=least.get) == "chainrule"
    columns = ["radius", "tool", "fastest setting", "error", "median, ms", "least, ms"]
    columns += ["medians, times ours", "least, times ours"]
    write(f"Time of a step whose error is at most {BOUND:g}", columns, rows)
    return verdict("chainrule takes the least time at every radius", met)


def compaction():
    """Report what compaction gives at the largest radius; return whether it is as asked."""
    rows, met = [], True
    for solver, tol in itertools.product(("picard", "auto"), (3e-5, None)):
        ways = {
            on: by_chainrule("", solver=solver, settle_tol=tol, compacts=on) for on in (True, False)
        }
        found = [f"{error_of(setting, RADII[-1]):.1e}" for setting in ways.values()]
        taken = times_of(ways, RADII[-1]).values()
        medians, least = [statistics.median(values) for values in taken], [*map(min, taken)]
        ratios = medians[1] / medians[0], least[1] / least[0]
        rows.append([solver, str(tol), *found, *(f"{t:.2f}" for t in (*medians, *least, *ratios))])
        met &= solver != "picard" or min(ratios) >= 2
    columns = ["solver", "tol", "error with", "without", "median with, ms", "without"]
    columns += ["least with, ms", "without", "ratio of medians", "of least"]
    write(f"Compaction at radius {RADII[-1]}", columns, rows)
    return verdict("compaction at least halves the time of Picard's iteration", met)


def memory_step(name, n_sweeps):
    """Return the step that takes `n_sweeps` sweeps, and what it is given before the arrays."""
    never = 1e-30
    if name.startswith("chainrule"):
        layer = network(512, name.split()[1], settle_tol=never, max_settle=n_sweeps)
        return chainrule_step, [layer]
    if name == "jaxopt":
        return jaxopt_step(tol=never, maxiter=n_sweeps), []
    if name == "optimistix":
        return optimistix_step(tol=never, max_steps=n_sweeps, throw=False), []
    return unrolled(n_sweeps), []


def child(name, n_sweeps):
    """Print what one step needs in this process, in MiB; runs it if that is below 2 GiB."""

    def program(n_sweeps):
        step, first = memory_step(name, n_sweeps)
        given = [*first, *(jnp.asarray(a, jnp.float32) for a in endless())]
        ready = step.lower(*given).compile()
        return ready, lambda: jax.block_until_ready(ready(*given))

    program(1)[1]()  # what any first run takes, such as code that is loaded
    ready, run = program(n_sweeps)
    found = {"buffers": ready.memory_analysis().temp_size_in_bytes / 2**20}
    if found["buffers"] < 2048:
        Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from the present
        before = resident("VmRSS")
        out = run()
        found["growth"] = resident("VmHWM") - before
        if name.startswith("chainrule"):
            found["ran"] = [int(out[3][key].min()) for key in ("sweeps", "adjoint_sweeps")]
    print(json.dumps(found))


def resident(key):
    """Return the present (VmRSS) or the largest (VmHWM) memory of this process, in MiB."""
    return int(re.search(rf"{key}:\s*(\d+)", Path("/proc/self/status").read_text())[1]) / 1024


def memory():
    """Report the memory of a step; return whether ours is as asked."""
    names = ["chainrule picard", "chainrule auto", "JAX unrolled"]
    names += [name for name in ("jaxopt", "optimistix") if installed(name)]
    rows, met = [], True
    for name in names:
        found = []
        for n_sweeps in SWEEPS:
            command = [sys.executable, __file__, "--child", name, str(n_sweeps)]
            out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            found.append(json.loads(out))
        buffers = [one["buffers"] for one in found]
        growth = [f"{one['growth']:.1f}" if "growth" in one else "not run" for one in found]
        ran = " + ".join(map(str, found[-1].get("ran", ())))
        rows.append([name, " / ".join(f"{b:.1f}" for b in buffers), " / ".join(growth), ran])
        if name.startswith("chainrule"):
            met &= max(buffers) <= 4 and max(buffers) == min(buffers)
    columns = ["step", "XLA's buffers, MiB", "growth of the peak, MiB", "sweeps run in the last"]
    counts = " / ".join(map(str, SWEEPS))
    write(f"Memory at {counts} sweeps, 512 units, 256 samples", columns, rows)
    return verdict("chainrule's buffers at most 4 MiB, whatever the sweeps", met)


def heading():
    versions = [f"chainrule {__version__}"]
    for name in ("jax", "numpy", "torch", *PEERS):
        found = importlib.metadata.version(name) if installed(name) else "not installed"
        versions.append(f"{name} {found}")
    about, described = platform.machine(), Path("/proc/cpuinfo")
    if described.exists():
        about = re.search(r"model name\s*: (.*)", described.read_text() + "model name: ?")[1]
    return (
        f"{', '.join(versions)}, Python {platform.python_version()}; {about}, one thread of "
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start."
    )


def main():
    parts = {"errors": errors, "times": times, "compaction": compaction, "memory": memory}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=parts, default=list(parts))
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        return child(arguments.child[0], int(arguments.child[1]))
    logging.getLogger("jax").setLevel(logging.CRITICAL)  # of a tool that raises, we say so
    print(heading(), flush=True)
    met = [parts[part]() for part in arguments.only]
    sys.exit(0 if all(met) else 1)


if __name__ == "__main__":
    main()
