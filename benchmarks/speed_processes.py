"""The parts of `bench_speed` that run whole processes: scripts from their start to their end."""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import speed_children
from speed_report import ROUNDS


def child(name, *arguments, cache):
    """Run one of `speed_children` in a process of its own; return its seconds and its words."""
    environment = {**os.environ, "CHAINRULE_CACHE": str(cache)}
    command = [sys.executable, speed_children.__file__, name, *arguments]
    start = time.perf_counter()
    out = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return time.perf_counter() - start, out.stdout.strip()


def process(report):
    with tempfile.TemporaryDirectory() as folder:
        cache, empty = Path(folder, "filled"), Path(folder, "empty")
        child("iris", "chainrule", cache=cache)
        spent = {"scikit-learn": [], "chainrule": [], "chainrule, the first time ever": []}
        for _ in range(ROUNDS):
            shutil.rmtree(empty, ignore_errors=True)
            spent["scikit-learn"].append(child("iris", "scikit-learn", cache=cache)[0])
            spent["chainrule"].append(child("iris", "chainrule", cache=cache)[0])
            first = child("iris", "chainrule", cache=empty)[0]
            spent["chainrule, the first time ever"].append(first)
    found = {name: statistics.median(times) for name, times in spent.items()}
    rows = [[name, f"{seconds:.2f}"] for name, seconds in found.items()]
    report.table("A script from start to trained iris model", ["with", "s"], rows)
    peer, ours, first = found.values()
    report.verdict("a filled cache, against scikit-learn", ours / peer, 1.5, most=True)
    report.verdict("the first time, against scikit-learn", first / peer, 3, most=True)


def grid(report):
    with tempfile.TemporaryDirectory() as cache:
        ours, told = child("grid", "chainrule", cache=cache)
        peer, _ = child("grid", "scikit-learn", cache=cache)
    rows = [["scikit-learn", f"{peer:.1f}"], ["chainrule, nothing in the cache", f"{ours:.1f}"]]
    title = "GridSearchCV, 30 candidates in 5 folds of breast-cancer, the whole process"
    report.table(title, ["estimator", "s"], rows)
    report.write(f"- programs compiled by chainrule: {told} (one for the folds, one for the refit)")
    report.verdict("times as fast as scikit-learn", peer / ours, 4)


def memory(report):
    rows, most = [], 0.0
    with tempfile.TemporaryDirectory() as cache:
        for name in ("engine", "estimator"):
            before, table, peak = map(float, child("memory", name, cache=cache)[1].split())
            most = max(most, (peak - before) / table)
            numbers = (before, table, peak)
            rows.append([name, *(f"{n:.0f}" for n in numbers), f"{(peak - before) / table:.2f}"])
    heading = [
        "trained by",
        "before, MiB",
        "the table, MiB",
        "peak, MiB",
        "(peak - before) / table",
    ]
    report.table("A million rows of 100 float32 columns, an epoch", heading, rows)
    report.verdict("peak beyond the process before, in tables", most, 2.5, most=True)
