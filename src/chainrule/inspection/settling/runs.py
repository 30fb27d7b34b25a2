"""How a layer settles in its own number type: where each sample ends, and its residual on the way.

Everything is asked of the engine itself, with its solver, step and tolerance.  The curves are read
off by settling again with fewer sweeps allowed, so they are right for every solver.
"""

from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from chainrule.activations import record_of
from chainrule.engine.compiling.precision import precision
from chainrule.engine.networks.fixed_point import FixedPoint, FixedPointTape
from chainrule.engine.networks.guarantees import Symmetric
from chainrule.engine.networks.settling.state import OVERFLOW, Settled
from chainrule.inspection.settling.energy import energy
from chainrule.inspection.settling.exact import Network

SMALL_BATCH = 32
N_FIRST, N_READINGS = 40, 90  # readings of a curve: after each of the first sweeps, then fewer


@dataclass(frozen=True)
class Ended:
    """Where settling ended, a row for each sample, on the host; see the engine's `Settled`."""

    value: np.ndarray
    residual: np.ndarray
    sweeps: np.ndarray
    status: np.ndarray
    alpha: np.ndarray

    @classmethod
    def of(cls, settled: Settled) -> "Ended":
        """Return what a compiled run gave."""
        parts = (settled.value, settled.residual, settled.sweeps, settled.status, settled.alpha)
        value, residual, sweeps, status, alpha = (np.asarray(part) for part in parts)
        # Where the squares of a state overflow, any residual is small beside it: no settling
        largest = float(np.finfo(value.dtype).max) ** 0.5
        with np.errstate(all="ignore"):
            far = ~(np.abs(value).max(axis=1) < 0.01 * largest)
        return cls(value, residual, sweeps, np.where(far, OVERFLOW, status), alpha)

    @property
    def usable(self) -> np.ndarray:
        """Which samples stand still, to their tolerance or to the floor of the number type."""
        return (self.status > 0) & (self.status < OVERFLOW)


@dataclass(frozen=True)
class SettlingCurve:
    """The residuals of one sample on its way, after the sweeps named.

    Attributes
    ----------
    sample : int
        Its row.
    sweeps, residuals : arrays of shape (readings,)
        ‖F(x, h) - h‖ after each of the first 40 sweeps, then of ever fewer.
    adjoint_sweeps, adjoint_residuals : arrays of shape (adjoint readings,)
        The same of ‖dy + Jᵀ v - v‖.
    energies : array of shape (readings,), optional
        The energy of the state, where symmetric connections and an activation have one.
    """

    sample: int
    sweeps: np.ndarray
    residuals: np.ndarray
    adjoint_sweeps: np.ndarray
    adjoint_residuals: np.ndarray
    energies: np.ndarray | None


@dataclass(frozen=True)
class Runner:
    """A layer with parameters, inputs and output gradients in its own number type."""

    layer: FixedPoint
    network: Network
    dy: np.ndarray

    def settle(self, start: np.ndarray | None = None) -> Ended:
        """Return how settling ends from a start (batch, n), or from rest."""
        return self._run(self.layer, slice(None), start)

    def settle_adjoint(self, h: np.ndarray) -> Ended:
        """Return how the error settles at the states h (batch, n)."""
        return self._run_adjoint(self.layer, slice(None), h)

    def curves(self, rows: np.ndarray, forward: Ended, adjoint: Ended) -> list[SettlingCurve]:
        """Return the curves of a few samples, in their order."""
        everyone = len(self.dy) <= SMALL_BATCH  # then nothing compiles for the few
        taken = np.arange(len(self.dy)) if everyone else rows
        places = rows if everyone else np.arange(len(rows))
        sweeps = _readings(forward.sweeps[rows])
        runs = [self._run(replace(self.layer, max_settle=int(n)), taken) for n in sweeps]
        adjoint_sweeps = _readings(adjoint.sweeps[rows])
        h = forward.value[taken]
        adjoint_runs = [
            self._run_adjoint(replace(self.layer, max_settle=int(n)), taken, h)
            for n in adjoint_sweeps
        ]
        energies = self._energies(taken, [run.value for run in runs])
        found = []
        for place, row in zip(places, rows, strict=True):
            n = int((sweeps <= forward.sweeps[row]).sum())
            m = int((adjoint_sweeps <= adjoint.sweeps[row]).sum())
            found.append(
                SettlingCurve(
                    sample=int(row),
                    sweeps=sweeps[:n],
                    residuals=np.array([run.residual[place] for run in runs[:n]], np.float64),
                    adjoint_sweeps=adjoint_sweeps[:m],
                    adjoint_residuals=np.array(
                        [run.residual[place] for run in adjoint_runs[:m]], np.float64
                    ),
                    energies=None if energies is None else energies[:n, place],
                )
            )
        return found

    def _run(self, layer: FixedPoint, rows: Any, start: np.ndarray | None = None) -> Ended:
        dtype = self.network.dtype
        with precision(dtype):
            params, x = self._given(rows)
            shape = self.dy[rows].shape
            start = np.zeros(shape, dtype) if start is None else np.asarray(start, dtype)
            return Ended.of(_forward(layer, params, x, jnp.asarray(start)))

    def _run_adjoint(self, layer: FixedPoint, rows: Any, h: np.ndarray) -> Ended:
        with precision(self.network.dtype):
            params, x = self._given(rows)
            dy = jnp.asarray(self.dy[rows])
            return Ended.of(_adjoint(layer, params, x, jnp.asarray(h), dy))

    def _energies(self, rows: np.ndarray, states: list[np.ndarray]) -> np.ndarray | None:
        cell = self.layer.cell
        body = record_of(cell.body)
        if not isinstance(cell.connections, Symmetric) or body is None or body.energy is None:
            return None
        weights, drive = self.network.weights(), self.network.drive(rows)
        return np.stack([energy(h, weights, drive, body.name) for h in states])

    def _given(self, rows: Any) -> tuple[Any, Any]:
        params = jax.tree.map(jnp.asarray, self.network.params)
        return params, jnp.asarray(self.network.x[rows])


def _readings(ends: np.ndarray) -> np.ndarray:
    """Return after which sweeps to read a residual, for samples that end after these."""
    last = int(ends.max())
    first = np.arange(1, min(last, N_FIRST) + 1)
    rest = np.geomspace(min(last, N_FIRST + 1), last, N_READINGS - N_FIRST)
    return np.unique(np.concatenate([first, np.round(rest).astype(int), ends.astype(int)]))


@jax.jit
def _forward(layer: FixedPoint, params: Any, x: Any, start: Any) -> Settled:
    return layer.forward(params, x, start=start)[1].settled


@jax.jit
def _adjoint(layer: FixedPoint, params: Any, x: Any, h: Any, dy: Any) -> Settled:
    _, tape = layer.cell.step(params, layer.cell.wire(params, x), h)
    zeros = jnp.zeros_like(h[:, 0])
    count = jnp.zeros(h.shape[0], jnp.int32)
    at_rest = Settled(value=h, residual=zeros, sweeps=count, status=count, alpha=zeros)
    return layer.settle_adjoint(params, FixedPointTape(cell=tape, settled=at_rest), dy)
