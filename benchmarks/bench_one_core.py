"""Equal fits pinned to one core: CPU seconds beside wall, alone and beside two that compete for it.

    python benchmarks/bench_one_core.py                  # 200 fits in each of four settings

Each fit is one of (256, 256) units, in batches of 200 rows.  If CPU seconds stay and wall seconds
grow, the core is shared; if CPU seconds grow, threads of the program wait for one another: unless
those of plain products of NumPy on one thread grow as much, which is the machine's doing.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

SETTINGS = {
    "products of NumPy, alone": ({"OPENBLAS_NUM_THREADS": "1"}, 0),
    "products of NumPy, beside two": ({"OPENBLAS_NUM_THREADS": "1"}, 2),
    "one core, alone": ({}, 0),
    "one core, beside two": ({}, 2),
    "one core, NPROC=1": ({"NPROC": "1"}, 0),
    "one core, NPROC=4": ({"NPROC": "4"}, 0),
}


def fit_often(n_fits: int, *, plain: bool) -> None:
    """Print CPU and wall seconds of each fit, or of `plain` products; in a process of its own."""
    os.sched_setaffinity(0, {0})
    import numpy as np

    if plain:
        square = np.random.default_rng(0).normal(size=(256, 256)).astype(np.float32)

        def work() -> None:
            for _ in range(200):
                square @ square
    else:
        from chainrule import MLPRegressor

        x = np.random.default_rng(0).normal(size=(2000, 20))
        y = np.sin(x[:, 0]) + x[:, 1]
        model = MLPRegressor((256, 256), batch_size=200, max_iter=5, random_state=0)

        def work() -> None:
            model.fit(x, y)

    work()  # compiles
    seconds = []
    for _ in range(n_fits):
        cpu, wall = time.process_time(), time.perf_counter()
        work()
        seconds.append((time.process_time() - cpu, time.perf_counter() - wall))
    print(json.dumps(seconds))


def compete() -> None:
    """Take what there is of the core."""
    os.sched_setaffinity(0, {0})
    while True:
        pass


def measure(
    name: str, environment: dict[str, str], n_rivals: int, n_fits: int
) -> list[list[float]]:
    """Return CPU and wall seconds of the fits in one setting."""
    rivals = [subprocess.Popen([sys.executable, __file__, "--compete"]) for _ in range(n_rivals)]
    try:
        what = "--plain" if "NumPy" in name else "--fit"
        words = [sys.executable, __file__, what, "--fits", str(n_fits)]
        done = subprocess.run(
            words, env={**os.environ, **environment}, capture_output=True, text=True, check=True
        )
        return json.loads(done.stdout)
    finally:
        for rival in rivals:
            rival.kill()
            rival.wait()


def main() -> None:
    """Measure every setting and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--fits", type=int, default=200)
    parser.add_argument("--fit", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--plain", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--compete", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.compete:
        compete()
    if asked.fit or asked.plain:
        fit_often(asked.fits, plain=asked.plain)
        return
    print("| setting | CPU s, median | CPU, largest / median | wall s, median | wall, largest |")
    print("|---|---|---|---|---|")
    for name, (environment, n_rivals) in SETTINGS.items():
        cpu, wall = zip(*measure(name, environment, n_rivals, asked.fits), strict=True)
        middle = statistics.median(cpu)
        print(
            f"| {name} | {middle:.3f} | {max(cpu) / middle:.2f} | {statistics.median(wall):.3f} "
            f"| {max(wall):.3f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
