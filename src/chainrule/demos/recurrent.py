"""Recurrent backpropagation at work: XOR where everything reaches everything, then digits recalled.

The tutorials name this kind of network and never show one.
"""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from chainrule.data import load
from chainrule.engine import (
    Adam,
    Cell,
    Dense,
    FeedForward,
    FixedPoint,
    Frozen,
    Recurrent,
    SquaredError,
    Trained,
    Uniform,
    sigmoid,
    train_together,
)
from chainrule.models.associative_memory import AssociativeMemory

N_SEEDS, N_EPOCHS = 20, 500
THRESHOLD = 6  # of 16 grey levels: a pixel above it is black

Say = Callable[..., None]


def xor_network() -> FeedForward:
    """Return four logistic units that all reach each other; the first one is the output."""
    weights = Uniform(-1.0, 1.0)
    cell = Cell(Dense(4, weights=weights, biases=weights), Recurrent(weights=weights), sigmoid)
    first = Dense(1, bias=False, weights=np.eye(4)[:, :1])
    return FeedForward((FixedPoint(cell, settle_tol=1e-5), first))


def train_xor(n_seeds: int = N_SEEDS) -> list[Trained]:
    """Train XOR from several seeds at once; targets are 0.1 and 0.9."""
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    y = np.array([[0.1], [0.9], [0.9], [0.1]])
    return train_together(
        xor_network(),
        SquaredError(),
        [(x, y)] * n_seeds,
        optimizer=Frozen(Adam(0.05), (1,)),
        batch_size=None,
        n_epochs=N_EPOCHS,
    )


def digit_patterns() -> np.ndarray:
    """Return ten patterns of 64 elements, 0 or 1: each digit's mean image in black and white."""
    table = load("digits")
    pixels, digit = table.drop("digit").to_numpy(), table["digit"].to_numpy()
    means = np.stack([pixels[digit == name].mean(axis=0) for name in np.unique(digit)])
    return (means > THRESHOLD).astype(int)


def show(say: Say, folder: Path) -> None:
    """Tell the story on `say`, and draw its figures into `folder`."""
    _show_xor(say)
    print()
    _show_memory(say, folder)


def _show_xor(say: Say) -> None:
    started = time.perf_counter()
    runs = train_xor()
    seconds = time.perf_counter() - started
    right = np.array([run.history["loss"] for run in runs]) < 0.1**2 / 2
    first = np.where(right.any(axis=1), right.argmax(axis=1), np.inf)
    sweeps = max(np.nanmax(run.history["sweeps_max"]) for run in runs)
    unsettled = sum(np.nansum(run.history["unsettled"]) for run in runs)
    say("XOR", "4 logistic units, each reaches each and itself; unit 0 is the output; 28 weights")
    say(
        "Training",
        f"{N_SEEDS} seeds, Adam, all four rows in a step, {seconds:.1f} s with compilation",
        f"learnt from {right.any(axis=1).sum()} of {N_SEEDS} seeds, in {np.median(first):.0f} "
        f"epochs (median), most {first.max():.0f}",
        f"at most {sweeps:.0f} sweeps to settle; unsettled: {unsettled:.0f}",
    )


def _show_memory(say: Say, folder: Path) -> None:
    patterns = digit_patterns()
    started = time.perf_counter()
    memory = AssociativeMemory(random_state=0).fit(patterns)
    seconds = time.perf_counter() - started
    say("Memory", "ten digits of 8 × 8 pixels; 64 visible and 64 hidden tanh units, symmetric")
    say(
        "Training",
        f"{memory.n_examples} corrupted digits, {memory.max_iter} times, {seconds:.1f} s",
        f"{memory.history_['sweeps'][-1]:.0f} sweeps to settle, "
        f"{memory.history_['adjoint_sweeps'][-1]:.0f} for the error, on average",
    )
    lines = []
    for name, corruption in (
        ("15 % of the pixels flipped", {"flipped": 0.15}),
        ("25 % of the pixels flipped", {"flipped": 0.25}),
        ("50 % of the pixels hidden", {"missing": 0.5}),
    ):
        x, y = memory.corrupt(2000, **corruption, random_state=1)
        nearest = _nearest(x, patterns)
        lines.append(
            f"{name}: {memory.score(x, y):.3f} of 2000 digits whole · "
            f"nearest pattern, which no memory can beat, {(nearest == y).all(axis=1).mean():.3f}"
        )
    say("Recall", *lines)
    _draw(folder, memory)


def _nearest(x: np.ndarray, patterns: np.ndarray) -> np.ndarray:
    """Return the pattern that agrees with each row in most of what is known."""
    signs = np.nan_to_num(2 * x - 1)
    return patterns[(signs @ (2 * patterns - 1).T).argmax(axis=1)]


def _draw(folder: Path, memory: AssociativeMemory) -> None:
    # needs the extra `report`
    from chainrule.report.settling import pattern_figure, settling_curves
    from chainrule.report.style import save_figure

    flipped, _ = memory.corrupt(3, flipped=0.2, random_state=3)
    hidden, _ = memory.corrupt(3, missing=0.5, random_state=4)
    given = np.concatenate([flipped, hidden])
    path = memory.settle_path(given)

    def images(rows: np.ndarray) -> list[np.ndarray]:
        return [row.reshape(8, 8) for row in rows]

    stages = {"given": images(given)}
    for sweep in (1, 2, 4):
        states = path.states[min(sweep, len(path.states) - 1)]
        stages[f"sweep {sweep}"] = images(memory.read_out(states))
    stages["settled"] = images(memory.read_out(path.states[-1]))
    save_figure(pattern_figure(stages), folder, "pattern_completion")
    save_figure(settling_curves(path.residuals, path.energies), folder, "settling")
