"""A fixed-point network in float64, on the host: what the diagnosis asks of it.

    images      F(x, h)
    jacobians   J = ∂F/∂h, row j holds the slopes of unit j
    follow      h ← h + shares (F(x, h) - h), and how the moves look on the way
    newton      h ← h + t (I - J)⁻¹ (F(x, h) - h), t halved until the residual falls

Points are states (points, n) with the number of the sample that each belongs to.  Everything is
compiled once for a kind of network and a few sizes.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from chainrule.engine.compiling.precision import precision
from chainrule.engine.networks.cell import Cell
from chainrule.engine.networks.settling.state import SMALL_STATE

CAP_BYTES = 32 * 2**20
BLOCKS = (16, 256)  # few sizes, so that little is compiled
NEWTON_STEPS, HALVINGS = 40, 6
NEWTON_TOL, NEWTON_STEP_TOL = 1e-10, 1e-6
TOO_LARGE = 1e9
HOMOTOPY = tuple(np.linspace(0.1, 1.0, 10))


@dataclass(frozen=True)
class Moves:
    """How states move over some sweeps; arrays are (sweeps, points), `end` is (points, n).

    `cosine` is that of successive moves, `returns` the length of two moves together over that of
    the latter: 0 for period 2, 2 for a straight way.
    """

    end: np.ndarray
    mean: np.ndarray
    residual: np.ndarray
    cosine: np.ndarray
    returns: np.ndarray


@dataclass(frozen=True)
class Network:
    """A cell with its parameters and inputs, computed in the type of the parameters."""

    cell: Cell
    params: Any
    x: np.ndarray
    dtype: np.dtype

    @classmethod
    def of(cls, cell: Cell, params: Any, x: Any, dtype: np.dtype) -> "Network":
        """Return the network with every number as `dtype`."""
        as_dtype = partial(np.asarray, dtype=dtype)
        return cls(cell, jax.tree.map(as_dtype, params), as_dtype(x), dtype)

    def images(self, rows: np.ndarray, h: np.ndarray) -> np.ndarray:
        """Return F(x, h) of points (points, n)."""
        return self._in_blocks(_images, rows, h, block=_block(len(rows)))[0]

    def jacobians(self, rows: np.ndarray, h: np.ndarray) -> np.ndarray:
        """Return J of points, (points, n, n)."""
        n = h.shape[1]
        block = max(1, min(BLOCKS[0], CAP_BYTES // (8 * n * n)))
        return self._in_blocks(_jacobians, rows, h, block=block)[0]

    def pulls(self, rows: np.ndarray, h: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Return Jᵀ v at the points."""
        return self._in_blocks(_pulls, rows, h, v, block=_block(len(rows)))[0]

    def gradient(self, rows: np.ndarray, h: np.ndarray, v: np.ndarray) -> Any:
        """Return the gradient at the connections' weights in use, summed over the points."""
        with precision(self.dtype):
            given = (self._numbers(self.x[rows]), self._numbers(h), self._numbers(v))
            return jax.tree.map(np.asarray, _gradient(self.cell, self.params, *given))

    def gradient_gaps(
        self, rows: np.ndarray, first: tuple[np.ndarray, np.ndarray], second: Any
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return, for each point, ‖g(h₁, v₁) - g(h₂, v₂)‖ and ‖g(h₁, v₁)‖."""
        gaps = self._in_blocks(_gradient_gaps, rows, *first, *second, block=BLOCKS[0])
        return gaps[0], gaps[1]

    def drive(self, rows: np.ndarray) -> np.ndarray:
        """Return what the units of samples receive from outside, (points, n)."""
        with precision(self.dtype):
            return np.asarray(_drive(self.cell, self.params, self._numbers(self.x[rows])))

    def weights(self) -> Any:
        """Return the weights of the connections in use."""
        with precision(self.dtype):
            return jax.tree.map(np.asarray, _weights(self.cell, self.params))

    def follow(self, rows: np.ndarray, h: np.ndarray, shares: np.ndarray, sweeps: int) -> Moves:
        """Return how points move in `sweeps` sweeps by `shares` (points, n) of the way."""
        follow = partial(_follow, sweeps=sweeps)
        found = self._in_blocks(follow, rows, h, shares, block=_block(len(rows)))
        residual, cosine, returns = (part.T for part in found[2:])
        return Moves(found[0], found[1], residual, cosine, returns)

    def _numbers(self, a: Any) -> jax.Array:
        return jnp.asarray(np.asarray(a, self.dtype))

    def _in_blocks(self, function: Any, rows: np.ndarray, *given: np.ndarray, block: int) -> Any:
        """Apply a compiled function to blocks of points of one size."""
        parts = []
        with precision(self.dtype):
            for begin in range(0, len(rows), block):
                places = np.arange(begin, begin + block).clip(max=len(rows) - 1)
                arrays = [self._numbers(a[places]) for a in given]
                out = function(self.cell, self.params, self._numbers(self.x[rows[places]]), *arrays)
                parts.append([np.asarray(a)[: len(rows) - begin] for a in out])
        return [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]


def state_sizes(h: np.ndarray) -> np.ndarray:
    """Return ‖h‖ + 0.01 √n of each state, what its residual is compared with."""
    return norms(h) + SMALL_STATE * h.shape[1] ** 0.5


def norms(a: np.ndarray) -> np.ndarray:
    """Return the Euclidean norm of each row."""
    return np.sqrt(np.sum(a * a, axis=1))


def newton_steps(jacobians: np.ndarray, residuals: np.ndarray) -> np.ndarray:
    """Return (I - J)⁻¹ r of each point; where I - J is singular, of a matrix beside it."""
    slopes = np.eye(residuals.shape[1]) - jacobians
    slopes = np.where(np.isfinite(slopes), slopes, 0)
    try:
        return np.linalg.solve(slopes, residuals[:, :, None])[:, :, 0]
    except np.linalg.LinAlgError:
        beside = slopes + 1e-10 * np.eye(residuals.shape[1])
        return np.linalg.solve(beside, residuals[:, :, None])[:, :, 0]


def newton(
    network: Network,
    rows: np.ndarray,
    starts: np.ndarray,
    *,
    gain: float = 1.0,
    steps: int = NEWTON_STEPS,
) -> tuple[np.ndarray, np.ndarray]:
    """Return where Newton's method ends from each point, and whether that is a fixed point.

    A point is one if its residual and its next step are small: far out, where a network runs away,
    the residual alone may be small beside the state.  With `gain` s it solves h = F(x, s h).
    """
    h = np.where(np.isfinite(starts), starts, 0).astype(np.float64)
    found = np.zeros(len(rows), bool)
    live = np.arange(len(rows))
    for _ in range(steps):
        at, here = rows[live], h[live]
        move = network.images(at, gain * here) - here
        step = newton_steps(gain * network.jacobians(at, gain * here), move)
        size, residual = state_sizes(here), norms(move)
        close = (residual <= NEWTON_TOL * size) & (norms(step) <= NEWTON_STEP_TOL * size)
        lost = ~np.isfinite(step).all(axis=1) | (size > TOO_LARGE)
        found[live[close & ~lost]] = True
        go = ~close & ~lost
        h[live[close & ~lost]] += step[close & ~lost]
        live, at, here, step, residual = live[go], at[go], here[go], step[go], residual[go]
        if not len(live):
            break
        h[live] = here + _shares(network, at, here, step, residual, gain)[:, None] * step
    return h, found


def continued(network: Network, rows: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return where h = F(x, s h) leads as s grows to 1, and which ends are fixed points."""
    h = network.images(rows, np.zeros((len(rows), n)))
    found = np.zeros(len(rows), bool)
    for gain in HOMOTOPY:
        h, found = newton(network, rows, h, gain=float(gain), steps=12)
    return h, found


def _shares(
    network: Network,
    rows: np.ndarray,
    h: np.ndarray,
    step: np.ndarray,
    residual: np.ndarray,
    gain: float,
) -> np.ndarray:
    """Return by which share of a step the residual falls; the smallest tried if by none."""
    share, open_ = np.ones(len(rows)), np.ones(len(rows), bool)
    for _ in range(HALVINGS):
        there = h + share[:, None] * step
        after = norms(network.images(rows, gain * there) - there)
        open_ = ~(after < (1 - 0.1 * share) * residual)
        if not open_.any():
            break
        share = np.where(open_, 0.5 * share, share)
    return share


def _block(n: int) -> int:
    return BLOCKS[0] if n <= BLOCKS[0] else BLOCKS[1]


@jax.jit
def _images(cell: Any, params: Any, x: Any, h: Any) -> Any:
    wiring = cell.wire(params, x)
    return (cell.respond(params, wiring.effective, wiring.drive, h)[0],)


@jax.jit
def _jacobians(cell: Any, params: Any, x: Any, h: Any) -> Any:
    wiring = cell.wire(params, x)
    tape = cell.respond(params, wiring.effective, wiring.drive, h)[1]
    return (cell.jacobian(params, wiring.effective, tape),)


@jax.jit
def _pulls(cell: Any, params: Any, x: Any, h: Any, v: Any) -> Any:
    wiring = cell.wire(params, x)
    tape = cell.respond(params, wiring.effective, wiring.drive, h)[1]
    return (cell.pull(params, wiring.effective, tape, v),)


@jax.jit
def _drive(cell: Any, params: Any, x: Any) -> Any:
    return cell.wire(params, x).drive


@jax.jit
def _weights(cell: Any, params: Any) -> Any:
    return cell.connections.effective(params.connections)[0]


@jax.jit
def _gradient(cell: Any, params: Any, x: Any, h: Any, v: Any) -> Any:
    wiring = cell.wire(params, x)
    tape = cell.respond(params, wiring.effective, wiring.drive, h)[1]
    return cell.connections.gradient(h, cell.body.backward(params.body, tape, v)[1])


@jax.jit
def _gradient_gaps(
    cell: Any, params: Any, x: Any, h: Any, v: Any, other_h: Any, other_v: Any
) -> Any:
    def one(point: Any) -> Any:
        x, h, v, other_h, other_v = (a[None] for a in point)
        first = jax.tree.leaves(_gradient(cell, params, x, h, v))
        second = jax.tree.leaves(_gradient(cell, params, x, other_h, other_v))
        gap = sum(jnp.sum((a - b) ** 2) for a, b in zip(first, second, strict=True))
        return jnp.sqrt(gap), jnp.sqrt(sum(jnp.sum(a * a) for a in first))

    return jax.lax.map(one, (x, h, v, other_h, other_v))


@partial(jax.jit, static_argnames="sweeps")
def _follow(cell: Any, params: Any, x: Any, h: Any, shares: Any, *, sweeps: int) -> Any:
    wiring = cell.wire(params, x)
    tiny = jnp.asarray(jnp.finfo(h.dtype).tiny, h.dtype)

    def norm(a: Any) -> Any:
        return jnp.sqrt(jnp.sum(a * a, axis=1))

    def once(carry: Any, _: None) -> Any:
        h, last, total = carry
        residual = cell.respond(params, wiring.effective, wiring.drive, h)[0] - h
        there = h + shares * residual
        move = there - h  # as it was rounded
        length = norm(move)
        cosine = jnp.sum(move * last, axis=1) / jnp.maximum(length * norm(last), tiny)
        returns = norm(move + last) / jnp.maximum(length, tiny)
        return (there, move, total + there), (norm(residual), cosine, returns)

    (end, _, total), seen = jax.lax.scan(once, (h, h * 0, h * 0), None, length=sweeps)
    return end, total / sweeps, *(a.T for a in seen)
