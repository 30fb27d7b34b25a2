"""Problems of recurrent backpropagation: what fixed-point networks reach, and what was asked.

    python benchmarks/recurrent_problems.py [P1 P2 …] [--quick]

Every figure is measured after training from random weights, on seeds, grids or rows that training
did not see.  `--quick` takes fewer seeds and steps.
"""

import argparse
import time
from typing import NamedTuple

import numpy as np
from scipy.sparse import eye_array, kron
from scipy.sparse.linalg import splu

from chainrule import AssociativeMemory
from chainrule.demos.recurrent import digit_patterns
from chainrule.engine import (
    LBFGS,
    Adam,
    Cell,
    Cosine,
    Dense,
    FeedForward,
    FixedPoint,
    Local,
    LocalConnections,
    Normal,
    Recurrent,
    SquaredError,
    Uniform,
    identity,
    predict,
    sigmoid,
    tanh,
    train,
    train_together,
)


class Row(NamedTuple):
    """A line of the table: what was measured, the figure asked for, and the figure reached."""

    what: str
    asked: str
    reached: str


class First:
    """Reads out the first `n` units of a network."""

    def __init__(self, n: int) -> None:
        self.n = n

    def forward(self, params, x):
        del params
        return x[:, : self.n]


def p1_xor(quick: bool) -> list[Row]:
    """XOR by four logistic units, each connected to each; unit 0 is the output, .1 or .9.

    A seed succeeds if all four outputs are closer than .1 to their targets.
    """
    n_seeds = 20 if quick else 100
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    y = np.array([[0.1], [0.9], [0.9], [0.1]])
    drawn = Uniform(-1, 1)
    cell = Cell(Dense(4, weights=drawn, biases=drawn), Recurrent(weights=drawn), sigmoid)
    network = FeedForward((FixedPoint(cell, tol=1e-5), First(1)))
    runs = train_together(
        network,
        SquaredError(),
        [(x, y)] * n_seeds,
        optimizer=Adam(0.05),
        batch_size=None,
        n_epochs=500,
    )
    errors = [abs(predict(network, SquaredError(), run.params, x) - y).max() for run in runs]
    n_right = sum(error < 0.1 for error in errors)
    return [Row("XOR, seeds that succeed", f"{n_seeds} of {n_seeds}", f"{n_right} of {n_seeds}")]


def p2_memory(quick: bool) -> list[Row]:
    """Ten digits (class means in black and white) recalled by 64 visible and 64 hidden tanh units.

    The corrupted digit is a constant force; it counts if all its 64 pixels come out right.
    """
    n_examples = 20_000 if quick else 60_000
    memory = AssociativeMemory(n_examples=n_examples, random_state=0).fit(digit_patterns())
    rows = []
    for name, corruption, asked in (
        ("15 % flipped", {"flipped": 0.15}, 0.93),
        ("25 % flipped", {"flipped": 0.25}, 0.70),
        ("50 % hidden", {"missing": 0.5}, 0.97),
    ):
        right = memory.score(*memory.corrupt(2000, **corruption, random_state=1))
        rows.append(Row(f"memory, whole digits right, {name}", f"≥ {asked:.2f}", f"{right:.3f}"))
    return rows


def p5_copy(quick: bool) -> list[Row]:
    """A chain of cells hands on the sign that its first cell is given, to every cell.

    Trained on chains of ten cells; the share of right cells at length 1000, worst of all seeds.
    """
    n_seeds = 3 if quick else 10

    def chain(length: int) -> tuple[FixedPoint, np.ndarray, np.ndarray]:
        grid = {"grid": (1, length)}
        connections = LocalConnections(
            **grid, kernel=(1, 3), own_cell=True, weights=Uniform(0.0, 1.0)
        )
        cell = Cell(Local(**grid, kernel=(1, 1), weights=Normal(0.5)), connections, tanh)
        x = np.zeros((2, length))
        x[:, 0] = 1, -1
        # full steps: the residual of a front that moves on does not fall before it arrives
        layer = FixedPoint(cell, "picard", "picard", alpha=1.0, tol=1e-5, max_sweeps=10_000)
        return layer, x, np.repeat(0.9 * x[:, :1], length, 1)

    network, x, y = chain(10)
    runs = train_together(
        network,
        SquaredError(),
        [(x, y)] * n_seeds,
        optimizer=Adam(Cosine(0.05)),
        batch_size=None,
        n_epochs=600,
    )
    network, x, y = chain(1000)
    right = [np.mean(predict(network, SquaredError(), run.params, x) * y > 0) for run in runs]
    return [Row("copy chain, cells right at 1000", "1.000", f"{min(right):.3f}")]


def p6_harmonic(quick: bool) -> list[Row]:
    """Linear cells, each hearing its eight neighbours, learn to relax to harmonic functions.

    Cells at the edge also hear the boundary values beside them; trained on 8 x 8 cells only.
    """
    rng = np.random.default_rng(0)

    def relaxing(size: int, **options) -> FixedPoint:
        grid = {"grid": (size, size)}
        connections = LocalConnections(**grid, weights=Normal(0.05))
        cell = Cell(Local(**grid, kernel=(1, 1)), connections, identity)
        return FixedPoint(cell, **options)

    def solved(size: int, n: int) -> tuple[np.ndarray, np.ndarray]:
        beside = np.zeros((n, size, size))
        for side in (beside[:, 0], beside[:, -1], beside[:, :, 0], beside[:, :, -1]):
            level, slope, noise = rng.uniform(-1, 1, (3, n, 1))
            ends = level + slope * np.linspace(-1, 1, size)
            side += (ends + noise * rng.uniform(-1, 1, (n, size))) / 3
        eye = eye_array(size)
        line = 2 * eye - eye_array(size, k=1) - eye_array(size, k=-1)
        beside = beside.reshape(n, -1)
        return beside, splu((kron(eye, line) + kron(line, eye)).tocsc()).solve(beside.T).T

    # "use": a kernel that does not settle has a large loss, so the line search turns back
    plain = {"solver": "picard", "adjoint": "picard", "alpha": 1.0, "on_unsettled": "use"}
    trained = train(
        relaxing(8, tol=1e-11, max_sweeps=600, **plain),
        SquaredError(),
        *solved(8, 32),
        optimizer=LBFGS(),
        batch_size=None,
        n_epochs=250 if quick else 500,
        dtype="float64",
    )
    x, y = solved(64, 10)
    network = relaxing(64, tol=1e-9)
    error = abs(predict(network, SquaredError(), trained.params, x) - y).max()
    return [Row("harmonic relaxation, largest error at 64 x 64", "≤ 1e-3", f"{error:.0e}")]


PROBLEMS = {"P1": p1_xor, "P2": p2_memory, "P5": p5_copy, "P6": p6_harmonic}


def main() -> None:
    """Work through the problems asked for, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("problems", nargs="*", choices=[[], *PROBLEMS], help="all by default")
    parser.add_argument("--quick", action="store_true", help="fewer seeds and steps")
    given = parser.parse_args()
    print(f"{'':4}{'measured':50}{'asked':>12}{'reached':>14}{'seconds':>9}")
    for name in given.problems or PROBLEMS:
        start = time.perf_counter()
        rows = PROBLEMS[name](given.quick)
        seconds = time.perf_counter() - start
        for row in rows:
            print(
                f"{name:4}{row.what:50}{row.asked:>12}{row.reached:>14}{seconds:9.1f}", flush=True
            )


if __name__ == "__main__":
    main()
