"""Problems of recurrent backpropagation: what fixed-point networks reach, and what was asked.

    python benchmarks/recurrent_problems.py [P1 P2 …] [--quick]

Every figure is measured after training from random weights, on seeds, grids or rows that training
did not see.  `--quick` takes fewer seeds and steps.
"""

import argparse
import time
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from scipy.ndimage import label
from scipy.sparse import eye_array, kron
from scipy.sparse.linalg import splu
from sklearn.model_selection import train_test_split

from chainrule import AssociativeMemory, FixedPointClassifier, MLPClassifier, datasets
from chainrule.demos.recurrent import digit_patterns, train_xor, xor_network
from chainrule.engine import (
    LBFGS,
    Adam,
    Cell,
    CellParams,
    ConnectionParams,
    Cosine,
    FeedForward,
    FixedPoint,
    Local,
    LocalConnections,
    LocalParams,
    Normal,
    SigmoidCrossEntropy,
    SquaredError,
    Uniform,
    hyperparameters,
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


def p1_xor(quick: bool) -> list[Row]:
    """XOR by four logistic units, each connected to each; unit 0 is the output, .1 or .9.

    A seed succeeds if all four outputs are closer than .1 to their targets.
    """
    n_seeds = 20 if quick else 100
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    y = np.array([[0.1], [0.9], [0.9], [0.1]])
    errors = [
        abs(predict(xor_network(), SquaredError(), run.params, x) - y).max()
        for run in train_xor(n_seeds)
    ]
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


@hyperparameters
class Logit:
    """What a logistic unit received, from its state: 1e-6 from its ends at least."""

    def forward(self, params, h):
        del params
        h = jnp.clip(h, 1e-6, 1 - 1e-6)
        return jnp.log(h) - jnp.log1p(-h)


def p3_flood_fill(quick: bool) -> list[Row]:
    """Which free cells can be reached from a seed by steps up, down, left and right?

    One logistic unit a cell, one shared kernel of eight neighbours, none of its weights below 0,
    and weights for seed and wall: 11 numbers.  Trained on 8 x 8 cells, tested on larger grids, each
    of which counts if all its cells are right.  A start succeeds with 95 % at 32 x 32.
    """
    n_starts, n_grids = (8, 1024) if quick else (32, 4096)
    rng = np.random.default_rng(0)

    def mazes(n: int, size: int, walls: tuple[float, float], reached: tuple[float, float]):
        """Return seeds and walls, and what is reached: a share of the free cells in a range."""
        xs, ys = [], []
        while len(xs) < n:
            wall = rng.random((size, size)) < rng.uniform(*walls)
            parts, _ = label(~wall)
            seed = np.zeros(wall.shape, bool)
            seed.flat[rng.choice(np.flatnonzero(~wall))] = True
            y = parts == parts[seed]
            if reached[0] <= y.sum() / (~wall).sum() <= reached[1]:
                xs.append(np.concatenate([seed.ravel(), wall.ravel()]))
                ys.append(y.ravel())
        return np.array(xs, dtype=float), np.array(ys, dtype=float)

    def filling(size: int, **options) -> FeedForward:
        grid = {"grid": (size, size)}
        connections = LocalConnections(**grid, non_negative=True)
        layer = FixedPoint(Cell(Local(**grid, kernel=(1, 1)), connections, sigmoid), **options)
        return FeedForward((layer, Logit()))

    def start() -> tuple[CellParams, tuple[()]]:
        """Steep, so that one neighbour can light a cell, and dark where there is no seed."""
        steep = 30.0
        weights = steep * np.array([[rng.uniform(0.5, 1.5), -rng.uniform(1.5, 4.5)]])
        biases = -0.5 * steep * rng.uniform(0.7, 1.3, 1)
        kernel = np.sqrt(steep * rng.uniform(0, 1, 9))
        numbers = LocalParams(weights, biases), ConnectionParams(kernel)
        return CellParams(*numbers, ()), ()

    # a loss at unsettled states leads away from where they are
    plain = {"settle_solver": "picard", "adjoint_solver": "picard", "on_unsettled": "use"}
    runs = train_together(
        filling(8, settle_tol=1e-5, max_settle=150, **plain),
        SigmoidCrossEntropy(),
        [mazes(n_grids, 8, (0.4, 0.5), (0.3, 0.7))] * n_starts,
        optimizer=Adam(Cosine(0.1)),
        batch_size=64,
        n_epochs=20,
        params=[start() for _ in range(n_starts)],
        measure_training=False,
    )
    rows, best = [], min(runs, key=lambda run: run.history["running_loss"][-1])
    for size, asked in ((8, ""), (16, ""), (32, "≥ 0.95"), (64, "")):
        x, y = mazes(200, size, (0.35, 0.35), (0, 1))
        network = filling(size, settle_tol=1e-5, max_settle=5000)

        def whole(run, network=network, x=x, y=y) -> float:
            outputs = predict(network, SigmoidCrossEntropy(), run.params, x)
            return float(((outputs > 0.5) == (y > 0.5)).all(axis=1).mean())

        what = f"flood fill, whole {size} x {size} grids, least loss"
        rows.append(Row(what, asked, f"{whole(best):.3f}"))
        if size == 32:
            n_right = sum(whole(run) >= 0.95 for run in runs)
            what = "flood fill, starts that succeed"
            rows.append(Row(what, f"≥ {n_starts // 4} of {n_starts}", f"{n_right} of {n_starts}"))
    return rows


def p4_digits(quick: bool) -> list[Row]:
    """scikit-learn's digits, a quarter held out and stratified: the mean of five splits.

    The options were chosen on ten other splits: pixels from 0 to 4, weights of norm 0.95 at most.
    """
    table = datasets.load("digits")
    x, y = table.drop("digit").to_numpy() / 4, table["digit"].to_numpy()
    options = {"max_iter": 40, "batch_size": 64, "scale": False}

    def mean(model) -> float:
        scores = []
        for split in range(1 if quick else 5):
            parts = train_test_split(x, y, test_size=0.25, stratify=y, random_state=split)
            model.set_params(random_state=split).fit(parts[0], parts[2])
            scores.append(model.score(parts[1], parts[3]))
        return float(np.mean(scores))

    settles = FixedPointClassifier(100, guarantee="spectral", **options)
    static = MLPClassifier((100,), **options)
    return [
        Row("digits, 100 units that settle", "≥ 0.978", f"{mean(settles):.4f}"),
        Row("digits, 100 hidden units of the static network", "", f"{mean(static):.4f}"),
    ]


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
        layer = FixedPoint(
            cell, "picard", "picard", settle_step=1.0, settle_tol=1e-5, max_settle=10_000
        )
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
    plain = {
        "settle_solver": "picard",
        "adjoint_solver": "picard",
        "settle_step": 1.0,
        "on_unsettled": "use",
    }
    trained = train(
        relaxing(8, settle_tol=1e-11, max_settle=600, **plain),
        SquaredError(),
        *solved(8, 32),
        optimizer=LBFGS(),
        batch_size=None,
        n_epochs=250 if quick else 500,
        dtype="float64",
    )
    x, y = solved(64, 10)
    network = relaxing(64, settle_tol=1e-9)
    error = abs(predict(network, SquaredError(), trained.params, x) - y).max()
    return [Row("harmonic relaxation, largest error at 64 x 64", "≤ 1e-3", f"{error:.0e}")]


PROBLEMS = {
    "P1": p1_xor,
    "P2": p2_memory,
    "P3": p3_flood_fill,
    "P4": p4_digits,
    "P5": p5_copy,
    "P6": p6_harmonic,
}


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
