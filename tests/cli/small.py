"""A small table with every kind of column, and a command line run in a folder."""

import contextlib
import io
import os
import shlex
import sys

import numpy as np
import polars as pl

from chainrule import load
from chainrule.cli import main

# one shape of network for all, so that one process compiles it once
QUICK = "--model mlp --hidden 8 --no-figures --no-report"


def make_table(n=120, seed=0):
    """Two numbers and a category; targets of every kind; weights of which some are 0."""
    draw = np.random.default_rng(seed)
    a, b = draw.normal(size=(2, n))
    zone = np.array(["north", "south", "west"])[draw.integers(0, 3, n)]
    shift = (zone == "west").astype(float)
    return pl.DataFrame(
        {
            "a": a,
            "b": b,
            "zone": zone,
            "cost": a + 2 * b + shift,
            "gain": a - b,
            "hot": a > 0,
            "wet": (b + shift > 0).astype(int),
            "kind": np.array(["x", "y", "z"])[(a > 0).astype(int) + (b > 0)],
            "w": draw.integers(0, 4, n),
        }
    )


INPUTS = ["a", "b", "zone"]


def call(folder, line):
    """Run one command line in `folder` within this process: (code, stdout, stderr)."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    before, argv = os.getcwd(), sys.argv
    os.chdir(folder)
    sys.argv = ["chainrule", *(shlex.split(line) if isinstance(line, str) else line)]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
    except SystemExit as stop:
        code = stop.code or 0
    finally:
        os.chdir(before)
        sys.argv = argv
    return code, out.getvalue(), err.getvalue()


def done(folder, line):
    """Run a command line that must end well; returns stdout."""
    code, out, err = call(folder, line)
    assert code == 0, (line, err)
    return out


def refused(folder, line, *words):
    """Run a command line that must be refused in words, leaving nothing behind."""
    before = set(folder.rglob("*"))
    code, _, err = call(folder, line)
    assert code == 2, (line, err)
    assert err.startswith("chainrule: "), err
    for word in words:
        assert word in err
    assert set(folder.rglob("*")) - {folder / "runs"} <= before


def weights_of(run):
    """Every weight and bias of a run's model."""
    model = load(run / "model.chr")
    return np.concatenate([array.ravel() for array in [*model.coefs_, *model.intercepts_]])


def write(folder, name="table.csv", columns=None, **options):
    """Write the table with these columns (all if not given)."""
    table = make_table(**options)
    table.select(columns or table.columns).write_csv(folder / name)
