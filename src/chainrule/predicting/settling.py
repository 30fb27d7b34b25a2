"""Settling with NumPy alone, for predictions: as the engine does it, each row while it moves.

    h ← h + α (f(h W + u) - h)

Picard's iteration, in which a row halves its α when its residual has not fallen for a while, and
Anderson's method for the rows that take long.  Rows that are done leave the batch.  Or Newton's:

    h ← h + (I - J)⁻¹ (f(h W + u) - h),   Jᵢⱼ = f'(zᵢ) Wⱼᵢ
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.activations import RECORDS

PATIENCE, WINDOW, MEMORY = 64, 16, 5  # as the engine's
SMALLEST_ALPHA, SMALL_STATE, FLOOR_ROOM, RESTART = 1 / 64, 0.01, 50.0, 10.0
MOST_STEPS, CAP_BYTES = 50, 16 * 2**20  # of Newton's method


@dataclass(frozen=True, eq=False)
class PlainSettled:
    """States (rows, n), sweeps and residual of each row, and whether it stands still."""

    states: np.ndarray
    sweeps: np.ndarray
    residuals: np.ndarray
    settled: np.ndarray


def settle(
    drive: np.ndarray,
    weights: np.ndarray,
    activation: Callable[[np.ndarray], np.ndarray],
    rates: np.ndarray | None,
    *,
    adapts: bool,
    accelerates: bool,
    tol: float,
    max_sweeps: int,
) -> PlainSettled:
    """Settle every row from rest."""
    n_rows, n = drive.shape
    least_size = SMALL_STATE * n**0.5
    floor = FLOOR_ROOM * np.finfo(drive.dtype).eps
    states = np.zeros_like(drive)
    sweeps = np.zeros(n_rows, int)
    residuals = np.full(n_rows, np.inf)
    settled = np.zeros(n_rows, bool)
    rows = np.arange(n_rows)
    h, u = states.copy(), drive
    alpha, least, idle = np.ones(n_rows), np.full(n_rows, np.inf), np.zeros(n_rows, int)
    past: _Past | None = None
    for number in range(1, max_sweeps + 1):
        if accelerates and number == PATIENCE + 1:
            past = _Past(len(rows), n, drive.dtype)
            alpha[:], least[:], idle[:] = 1, np.inf, 0
        image = activation(h @ weights + u)
        move = image - h
        residual = np.sqrt(np.einsum("ij,ij->i", move, move, dtype=np.float64))
        size = np.sqrt(np.einsum("ij,ij->i", image, image, dtype=np.float64))
        grown = residual > RESTART * least
        fell = residual < least
        least, idle = np.where(fell, residual, least), np.where(fell, 0, idle + 1)
        still = residual <= tol * (size + least_size)
        still |= (idle >= WINDOW) & (residual <= floor * size)
        still &= np.isfinite(size)
        done = still | ~np.isfinite(residual) | ~np.isfinite(size)
        stuck = (idle >= WINDOW) & ~done
        restart = stuck | (grown if past is not None else False)
        least[restart], idle[restart] = residual[restart], 0
        if adapts or past is not None:
            alpha = np.where(restart, np.maximum(0.5 * alpha, SMALLEST_ALPHA), alpha)
        share = alpha[:, None].astype(drive.dtype)
        share = share if rates is None else share * rates[None, :]
        step = share * move if past is None else past.step(h, move, share, restart)
        step[done] = move[done] if rates is None else rates * move[done]
        go = np.isfinite(residual)
        h[go] += step[go]
        if done.any() or number == max_sweeps:
            out = done if number < max_sweeps else np.ones(len(rows), bool)
            at = rows[out]
            states[at], sweeps[at] = h[out], number
            residuals[at], settled[at] = residual[out], still[out]
            keep = ~out
            rows, h, u = rows[keep], h[keep], u[keep]
            alpha, least, idle = alpha[keep], least[keep], idle[keep]
            if past is not None:
                past.keep(keep)
            if not len(rows):
                break
    return PlainSettled(states, sweeps, residuals, settled)


class _Past:
    """The last differences of states and moves, for Anderson's method."""

    def __init__(self, n_rows: int, n: int, dtype: np.dtype) -> None:
        self.d_values = np.zeros((n_rows, MEMORY, n), dtype)
        self.d_moves = np.zeros((n_rows, MEMORY, n), dtype)
        self.last: tuple[np.ndarray, np.ndarray] | None = None
        self.age = np.zeros(n_rows, int)
        self.count = 0

    def step(
        self, h: np.ndarray, move: np.ndarray, share: np.ndarray, restart: np.ndarray
    ) -> np.ndarray:
        """Return how far each row goes."""
        self.d_values[restart], self.d_moves[restart] = 0, 0
        self.age[restart] = 0
        if self.last is not None:
            known = self.age > 0
            slot = self.count % MEMORY
            self.d_values[known, slot] = (h - self.last[0])[known]
            self.d_moves[known, slot] = (move - self.last[1])[known]
        self.last = h.copy(), move
        self.count += 1
        self.age += 1
        gram = self.d_moves @ self.d_moves.transpose(0, 2, 1)
        eps = np.finfo(h.dtype)
        ridge = eps.eps * np.trace(gram, axis1=1, axis2=2) + eps.tiny
        gram += ridge[:, None, None] * np.eye(MEMORY, dtype=h.dtype)
        right = self.d_moves @ move[:, :, None]
        gamma = np.linalg.solve(gram, right)[:, :, 0]
        back = self.d_values + share[:, None, :] * self.d_moves
        return share * move - np.einsum("bi,bin->bn", gamma, back)

    def keep(self, rows: np.ndarray) -> None:
        """Forget the rows that are done."""
        self.d_values, self.d_moves = self.d_values[rows], self.d_moves[rows]
        self.age = self.age[rows]
        if self.last is not None:
            self.last = self.last[0][rows], self.last[1][rows]


def newton(
    drive: np.ndarray,
    weights: np.ndarray,
    activation: Callable[[np.ndarray], np.ndarray],
    slope: Callable[[np.ndarray, np.ndarray], np.ndarray],
    *,
    tol: float,
    most: int,
) -> PlainSettled:
    """Settle every row from rest by Newton's method, in blocks whose Jacobians keep in memory."""
    n_rows, n = drive.shape
    least_size, identity = SMALL_STATE * n**0.5, np.eye(n, dtype=drive.dtype)
    floor = FLOOR_ROOM * np.finfo(drive.dtype).eps
    states, sweeps = np.zeros_like(drive), np.zeros(n_rows, int)
    residuals, settled = np.full(n_rows, np.inf), np.zeros(n_rows, bool)
    per_block = max(1, CAP_BYTES // (3 * n * n * drive.dtype.itemsize))
    for start in range(0, n_rows, per_block):
        live = np.arange(start, min(start + per_block, n_rows))
        for number in range(1, most + 1):
            h = states[live]
            z = h @ weights + drive[live]
            image = activation(z.copy())
            move = image - h
            residual = np.linalg.norm(move.astype(np.float64), axis=1)
            size = np.linalg.norm(image.astype(np.float64), axis=1)
            still = residual <= tol * (size + least_size)
            still |= (residual >= 0.5 * residuals[live]) & (residual <= floor * size)
            residuals[live], sweeps[live], settled[live] = residual, number, still
            go = ~still & np.isfinite(residual)
            live = live[go]
            if not len(live):
                break
            slopes = slope(z[go], image[go])[:, :, None] * weights.T[None]
            try:
                step = np.linalg.solve(identity - slopes, move[go][:, :, None])[:, :, 0]
            except np.linalg.LinAlgError:  # no way on from a singular point
                break
            states[live] += step
    return PlainSettled(states, sweeps, residuals, settled)


def settling_path(
    drive: np.ndarray,
    weights: np.ndarray,
    activation: Callable[[np.ndarray], np.ndarray],
    rates: np.ndarray | None,
    *,
    tol: float,
    max_sweeps: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Return states and residuals before every sweep of plain steps, until all rows stand still."""
    h = np.zeros_like(drive)
    states, residuals = [], []
    for number in range(max_sweeps + 1):
        image = activation(h @ weights + drive)
        move = image - h
        states.append(h)
        residuals.append(np.linalg.norm(move, axis=1))
        size = np.linalg.norm(image, axis=1) + SMALL_STATE * h.shape[1] ** 0.5
        if number == max_sweeps or (residuals[-1] <= tol * size).all():
            break
        h = h + (move if rates is None else rates * move)
    return np.stack(states), np.stack(residuals)


def settle_rows(
    x: np.ndarray,
    spec: Any,
    arrays: dict[str, np.ndarray],
    max_sweeps: int | None = None,
) -> PlainSettled:
    """Return how the units settle on each row of `x`."""
    if spec.newton:
        drive, weights, activation, _ = _wired(x, spec, arrays)
        slope = RECORDS[spec.activation].slope
        return newton(
            drive,
            weights,
            activation,
            lambda z, a: slope(z, a, *spec.constants),
            tol=_tolerance(spec, weights.dtype),
            most=min(spec.max_sweeps if max_sweeps is None else max_sweeps, MOST_STEPS),
        )
    return settle(
        *_wired(x, spec, arrays),
        adapts=spec.step is None,
        accelerates=spec.accelerates,
        tol=_tolerance(spec, arrays["weights"].dtype),
        max_sweeps=spec.max_sweeps if max_sweeps is None else max_sweeps,
    )


def path_of_rows(
    x: np.ndarray, spec: Any, arrays: dict[str, np.ndarray], max_sweeps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return states and residuals of each row of `x`, sweep by sweep in plain steps."""
    tol = _tolerance(spec, arrays["weights"].dtype)
    return settling_path(*_wired(x, spec, arrays), tol=tol, max_sweeps=max_sweeps)


def _wired(x: np.ndarray, spec: Any, arrays: dict[str, np.ndarray]) -> tuple:
    """Return drive, weights, activation, and the share of the way that each unit moves."""
    weights = arrays["weights"]
    drive = x.astype(weights.dtype, copy=False) @ arrays["inputs"] + arrays["biases"]
    rates = None
    if spec.step is not None or spec.tau:
        alpha = np.full(spec.n_out, 1.0 if spec.step is None else spec.step)
        rates = (alpha / np.asarray(spec.tau or [1.0])).astype(weights.dtype)
    function = RECORDS[spec.activation].f
    return drive, weights, lambda z: function(z, *spec.constants), rates


def automatic_tolerance(dtype: Any) -> float:
    """Return the tolerance for a number type, as the engine has it."""
    dtype = np.dtype(dtype)
    return (8 if dtype == np.float64 else 4) * float(np.finfo(dtype).eps)


def _tolerance(spec: Any, dtype: Any) -> float:
    return automatic_tolerance(dtype) if spec.tol is None else spec.tol
