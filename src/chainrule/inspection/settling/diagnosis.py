"""Why does this network not settle?  The diagnosis of a fixed-point network on a batch.

    settle        with the layer as it is, state and error; read the residuals
    settle again  from other starts: do they agree?
    look into     in float64, the worst of what has not settled (`causes`)
    polish        what has settled: eigenvalues there, and how far the gradient can be off

Every sample is counted, and has a verdict; how many are looked into depends on the units.
"""

from dataclasses import replace
from typing import Any

import jax
import numpy as np

from chainrule.engine.compiling.precision import as_dtype
from chainrule.engine.networks.fixed_point import FixedPoint
from chainrule.engine.networks.settling.state import FLOOR, OVERFLOW, automatic_tolerance
from chainrule.errors import OptionError, ShapeError
from chainrule.inspection.settling.causes import MOST_UNITS, Cause, Search
from chainrule.inspection.settling.exact import Network, newton, norms, state_sizes
from chainrule.inspection.settling.gradient_error import (
    EPS,
    Polished,
    batch_error_bound,
    gradient_error_bounds,
    polish,
)
from chainrule.inspection.settling.remarks import VERDICTS, Figures, remark
from chainrule.inspection.settling.report import SettlingReport
from chainrule.inspection.settling.runs import Ended, Runner
from chainrule.inspection.settling.stability import (
    eigenvalues,
    largest_stable_step,
    paced_jacobian,
    recommended_step,
)

N_CURVES = 3
MOST_CAUSES, MOST_POLISHED = 12, 256
APART = 1e-3  # distance of two ends, relative to their size, from which they are looked into


def diagnose_settling(
    layer: FixedPoint,
    params: Any,
    x: Any,
    dy: Any = None,
    *,
    n_starts: int = 3,
    seed: int = 0,
) -> SettlingReport:
    """Return how every sample of a batch settles, why some do not, and what to change.

    Parameters
    ----------
    layer : FixedPoint
        The network.
    params : CellParams
        Its parameters, in float32 or float64; the layer runs in that type.
    x : array of shape (batch, n_in)
        Inputs.
    dy : array of shape (batch, n), optional
        Gradients of the loss at the settled states; ones by default.
    n_starts : int, default=3
        Further starts from which to settle, and to search for fixed points: the found state
        mirrored, then random ones of its size.
    seed : int, default=0
        Of the random starts.

    Returns
    -------
    SettlingReport
        Plain data; `print(report.text)` says it in words.

    Raises
    ------
    OptionError, ShapeError
        If something else is given.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> from chainrule.engine import Cell, CellParams, ConnectionParams, Dense, DenseParams
    >>> from chainrule.engine import FixedPoint, Recurrent
    >>> turning = jnp.array([[0, -2], [2, 0]], jnp.float32)
    >>> inputs = DenseParams(jnp.eye(2, dtype=jnp.float32), jnp.zeros(2, jnp.float32))
    >>> params = CellParams(inputs, ConnectionParams(turning), ())
    >>> layer = FixedPoint(Cell(Dense(2), Recurrent()), "picard", settle_step=1.0)
    >>> report = diagnose_settling(layer, params, [[0.1, 0.2]])
    >>> report.counts
    {'rotating': 1}

    References
    ----------
    Pineda (1987), Phys. Rev. Lett. 59:2229-2232; Almeida (1987), Proc. ICNN 2:609-618.
    """
    if not isinstance(layer, FixedPoint):
        raise OptionError(f"diagnose_settling takes a FixedPoint, got {type(layer).__name__}.")
    if n_starts < 0:
        raise OptionError(f"n_starts={n_starts!r} must be 0 or more.")
    runner = _runner(layer, params, x, dy)
    with np.errstate(all="ignore"):  # what overflows is a finding here
        return _Diagnosis(runner, n_starts, np.random.default_rng(seed)).report()


def _runner(layer: FixedPoint, params: Any, x: Any, dy: Any) -> Runner:
    leaves = [np.asarray(leaf).dtype for leaf in jax.tree.leaves(params)]
    dtype = as_dtype(np.result_type(*leaves))
    x = np.asarray(x, dtype)
    if x.ndim != 2 or not len(x):
        raise ShapeError(f"diagnose_settling takes x as (batch, n_in), got {x.shape}.")
    shape = (len(x), layer.width(x.shape[1]))
    dy = np.ones(shape, dtype) if dy is None else np.asarray(dy, dtype)
    if dy.shape != shape:
        raise ShapeError(f"dy has shape {dy.shape}, but the settled states have {shape}.")
    return Runner(layer, Network.of(layer.cell, params, x, dtype), dy)


class _Diagnosis:
    """One diagnosis: what was measured so far, and the columns of the report as they fill."""

    def __init__(self, runner: Runner, n_starts: int, rng: np.random.Generator) -> None:
        self.runner, self.layer, self.own = runner, runner.layer, runner.network
        self.exact = Network.of(self.own.cell, self.own.params, self.own.x, np.dtype(np.float64))
        self.n_starts, self.rng = n_starts, rng
        self.least = automatic_tolerance(self.own.dtype)
        self.forward = runner.settle()
        self.adjoint = runner.settle_adjoint(self.forward.value)
        batch, n = self.forward.value.shape
        self.batch, self.n = batch, n
        tau = 1.0 if self.layer.tau is None else np.asarray(self.layer.tau, np.float64)
        self.tau = np.broadcast_to(tau, (n,)).astype(np.float64)
        given = 1.0 if self.layer.settle_step is None else float(self.layer.settle_step)
        self.alpha = given * self.forward.alpha.astype(np.float64)
        self.residuals = self._true_residuals()
        self.verdicts = np.full(batch, "settled", dtype=object)
        self.analysed = np.zeros(batch, bool)
        self.n_fixed_points = self.forward.usable.astype(int)
        self.radius, self.real, self.alpha_max, self.rate, self.bounds = np.full((5, batch), np.nan)

    def report(self) -> SettlingReport:
        """Go through the whole."""
        self._see_floor()
        self._compare_starts()
        self._look_into_unsettled()
        total, norm = self._polish_settled()
        f, a = self.forward, self.adjoint
        return SettlingReport(
            verdicts=self.verdicts.astype(str),
            usable=f.usable,
            sweeps=f.sweeps,
            residuals=f.residual.astype(np.float64),
            adjoint_sweeps=a.sweeps,
            adjoint_residuals=a.residual.astype(np.float64),
            adjoint_usable=a.usable,
            spectral_radius=self.radius,
            largest_real_part=self.real,
            alpha_max=self.alpha_max,
            alpha_recommended=self._recommended(),
            n_fixed_points=self.n_fixed_points,
            gradient_error_bounds=self.bounds,
            analysed=self.analysed,
            gradient_error_bound=total,
            gradient_norm=norm,
            remarks=self._remarks(),
            curves=tuple(self.runner.curves(self._worst(N_CURVES), f, a)),
        )

    def _true_residuals(self) -> np.ndarray:
        """Return ‖F(x, h) - h‖ in float64, where rounding is seen; infinite if it overflowed."""
        finite = np.asarray(np.isfinite(self.forward.value).all(axis=1))
        h = np.where(finite[:, None], self.forward.value, 0).astype(np.float64)
        seen = norms(self.exact.images(np.arange(self.batch), h) - h)
        return np.where(finite & np.isfinite(seen), seen, np.inf)

    def _see_floor(self) -> None:
        """Name samples that rounding holds up, or let off: a state may repeat by its grace."""
        f = self.forward
        off = np.full(self.batch, False)
        if self.layer.settle_tol is not None and float(self.layer.settle_tol) < self.least:
            size = state_sizes(f.value.astype(np.float64))
            seen = self.residuals + 0.25 * EPS * size  # nothing smaller is seen in float64
            off = f.usable & (seen > 4 * float(self.layer.settle_tol) * size)
        self.verdicts[np.logical_or(off, f.status == FLOOR)] = "floor"

    def _compare_starts(self) -> None:
        """Settle from other starts, and name the samples that end elsewhere."""
        f = self.forward
        size = np.sqrt(np.mean(np.where(f.usable[:, None], f.value, 0).astype(np.float64) ** 2))
        self.scale = max(1.0, float(size) if np.isfinite(size) else 1.0)
        value = np.where(f.usable[:, None], f.value, 0).astype(np.float64)
        ends = [value]
        for number in range(self.n_starts if f.usable.any() else 0):
            random = self.scale * self.rng.normal(size=value.shape)
            start = np.where(f.usable[:, None] & (norms(value)[:, None] > 0), -value, random)
            ended = self.runner.settle(start if number == 0 else random)
            there = np.where((ended.usable & f.usable)[:, None], ended.value, value)
            ends.append(there.astype(np.float64))
        apart = np.max([norms(end - value) for end in ends], axis=0) > APART * state_sizes(value)
        for i in np.flatnonzero(apart):
            self.n_fixed_points[i] = self._count(int(i), np.stack([end[i] for end in ends]))
        several = f.usable & (self.n_fixed_points > 1)
        self.verdicts[several] = "several found"

    def _count(self, row: int, ends: np.ndarray) -> int:
        """Return how many fixed points the ends (starts, n) of a sample are near."""
        steps = 8 if self.n <= MOST_UNITS else 0
        h, found = newton(self.exact, np.full(len(ends), row), ends, steps=steps)
        moved = norms(h - ends) > APART * state_sizes(ends)
        h = np.where((found & ~moved)[:, None], h, ends)
        distinct: list[np.ndarray] = []
        for end, exact in zip(h, found & ~moved, strict=True):
            room = (1e-5 if exact else APART) * state_sizes(end[None])[0]
            if all(np.linalg.norm(end - other) > room for other in distinct):
                distinct.append(end)
        return len(distinct)

    def _look_into_unsettled(self) -> None:
        """Name the cause of the worst unsettled samples, and give the others that of their like."""
        f = self.forward
        unsettled = np.flatnonzero(~f.usable)
        if not len(unsettled):
            return
        kinds = f.status[unsettled] == OVERFLOW
        most = int(np.clip(2e8 / self.n**3, 2, MOST_CAUSES))
        rows = _spread(unsettled[~kinds], self.residuals, most)
        rows = np.concatenate([rows, unsettled[kinds][: max(1, most // 4)]])
        ended = Ended(
            f.value[rows], f.residual[rows], f.sweeps[rows], f.status[rows], f.alpha[rows]
        )
        search = Search(self.own, self.exact, rows, ended, self.tau, self.alpha[rows])
        starts = self.scale * self.rng.normal(size=(self.n_starts, self.n))
        for row, cause in zip(rows, search.causes(starts), strict=True):
            self._put(int(row), cause)
        self.analysed[rows] = True
        self.bounds[unsettled] = np.inf
        size = np.clip(self.residuals, 1e-300, 1e300)
        for row in np.setdiff1d(unsettled, rows):
            like = rows[(f.status[rows] == OVERFLOW) == (f.status[row] == OVERFLOW)]
            nearest = like[np.abs(np.log(size[like]) - np.log(size[row])).argmin()]
            self.verdicts[row] = self.verdicts[nearest]

    def _put(self, row: int, cause: Cause) -> None:
        self.verdicts[row] = cause.verdict
        self.n_fixed_points[row] = cause.n_fixed_points
        if cause.fixed is not None:
            self.radius[row] = np.abs(cause.fixed.slopes).max()
            self.real[row] = np.real(cause.fixed.slopes).max()
            self.alpha_max[row] = cause.fixed.largest_step
            self.rate[row] = cause.fixed.rate

    def _polish_settled(self) -> tuple[float, float]:
        """Work out eigenvalues and error bounds at the fixed points; return the batch's bound."""
        f, a = self.forward, self.adjoint
        usable = np.flatnonzero(f.usable)
        cap = int(np.clip(min(2e10 / self.n**3, 2**24 / self.n**2), 1, MOST_POLISHED))
        by_sweeps = usable[np.argsort(-f.sweeps[usable], kind="stable")]
        rows = by_sweeps[:cap]
        if len(rows) and self.n > MOST_UNITS:
            return np.nan, np.nan
        if not len(rows):
            return (np.inf if self.layer.on_unsettled == "use" else 0.0), 0.0
        dy = self.runner.dy[rows].astype(np.float64)
        polished = polish(self.exact, rows, f.value[rows], dy)
        good = a.usable[rows]
        bounds = gradient_error_bounds(
            self.exact, rows, f.value[rows], np.where(good[:, None], a.value[rows], 0), polished
        )
        self.bounds[rows] = np.where(good, bounds, np.inf)
        most = int(np.clip(3e8 / self.n**3, 1, MOST_POLISHED))
        for place, row in enumerate(rows[:most]):
            self._put_eigenvalues(int(row), polished.jacobians[place])
        self.analysed[rows[:most]] = True
        used = a.usable & f.usable
        if self.layer.on_unsettled == "use" and not used.all():
            return np.inf, np.nan
        if len(rows) < len(usable):
            return np.nan, np.nan
        kept = rows[good]
        if not len(kept):
            return 0.0, 0.0
        part = _take(polished, good)
        return batch_error_bound(self.own, self.exact, kept, f.value[kept], a.value[kept], part)

    def _put_eigenvalues(self, row: int, jacobian: np.ndarray) -> None:
        slopes = eigenvalues(jacobian)
        even = bool((self.tau == 1).all())
        paced = slopes if even else eigenvalues(paced_jacobian(jacobian, self.tau))
        self.radius[row], self.real[row] = np.abs(slopes).max(), np.real(slopes).max()
        self.alpha_max[row] = largest_stable_step(paced)

    def _recommended(self) -> np.ndarray:
        limit = float(self.tau.min())
        return np.array([min(limit, recommended_step(a)) for a in self.alpha_max])

    def _worst(self, count: int) -> np.ndarray:
        """Return the samples to be shown: unsettled ones of largest residual, then the slowest."""
        order = np.lexsort((-self.forward.sweeps, -self.residuals, self.forward.usable))
        return order[: min(count, self.batch)]

    def _remarks(self) -> tuple[Any, ...]:
        found = []
        for verdict in VERDICTS:
            rows = np.flatnonzero(self.verdicts == verdict)
            if not len(rows):
                continue
            worst = int(rows[np.argmax(self.residuals[rows])])
            figures = Figures(
                worst=worst,
                residual=self.residuals[rows],
                sweeps=self.forward.sweeps[rows],
                alpha_max=self.alpha_max[rows],
                alpha_used=self.alpha[rows],
                largest_real_part=self.real[rows],
                n_fixed_points=self.n_fixed_points[rows],
                sweeps_needed=self._sweeps_needed(rows),
            )
            found.append(remark(verdict, self.layer, self.own.dtype, figures))
        return tuple(sorted(found, key=lambda r: -r.count))

    def _sweeps_needed(self, rows: np.ndarray) -> np.ndarray:
        """Return after how many more sweeps samples will have met their tolerance."""
        tol = self.least if self.layer.settle_tol is None else float(self.layer.settle_tol)
        rate = self.rate[rows]
        with np.errstate(all="ignore"):
            target = tol * state_sizes(self.forward.value[rows].astype(np.float64))
            more = np.log(target / self.residuals[rows]) / np.log(rate)
        return np.where((rate < 1) & (more > 0), np.ceil(more), np.nan)


def _spread(rows: np.ndarray, residuals: np.ndarray, most: int) -> np.ndarray:
    """Return at most `most` rows: the worst, and others spread over the range of residuals."""
    order = rows[np.argsort(-residuals[rows], kind="stable")]
    if len(order) <= most:
        return order
    return order[np.unique(np.linspace(0, len(order) - 1, most).astype(int))]


def _take(polished: Polished, which: np.ndarray) -> Polished:
    return replace(
        polished,
        **{name: getattr(polished, name)[which] for name in polished.__dataclass_fields__},
    )
