"""Verdicts in words: one sentence of finding, cause and remedy for each kind that occurs."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from chainrule.advice import ENGINE, Door, Either, Setting, Text
from chainrule.engine.networks.fixed_point import FixedPoint
from chainrule.engine.networks.settling import SOLVERS
from chainrule.engine.networks.settling.state import automatic_tolerance

HELD_DOWN = Either(
    Setting("guarantee", "spectral"), engine="connections such as Spectral(0.95) or Symmetric()"
)


@dataclass(frozen=True)
class Remark:
    """What is said of all samples with one verdict.

    Attributes
    ----------
    verdict : str
        One of `VERDICTS`.
    count : int
        Samples with it.
    worst : int
        The sample among them with the largest residual.
    residual : float
        Its residual.
    cause, remedy : Text
        Why, and which option to change to what.
    """

    verdict: str
    count: int
    worst: int
    residual: float
    cause: Text
    remedy: Text

    @property
    def text(self) -> Text:
        """The whole, to be printed."""
        samples = "sample" if self.count == 1 else "samples"
        worst = f"worst: sample {self.worst}, residual {self.residual:.2g}"
        found = f"{self.verdict}: {self.count} {samples} ({worst})."
        return Text("{} {} {}", found, self.cause, self.remedy).at(self.remedy.door)

    def at(self, door: Door) -> Remark:
        """Return the remark with its advice as it is read at a door."""
        return replace(self, cause=self.cause.at(door), remedy=self.remedy.at(door))


@dataclass(frozen=True)
class Figures:
    """What the sentences are made of, for the samples of one verdict."""

    worst: int
    residual: np.ndarray
    sweeps: np.ndarray
    alpha_max: np.ndarray
    alpha_used: np.ndarray
    largest_real_part: np.ndarray
    n_fixed_points: np.ndarray
    sweeps_needed: np.ndarray


def remark(verdict: str, layer: FixedPoint, dtype: np.dtype, f: Figures) -> Remark:
    """Return what is said of the samples with this verdict."""
    cause, remedy = _SENTENCES[verdict](layer, dtype, f)
    residual = float(np.nanmax(f.residual)) if np.isfinite(f.residual).any() else math.inf
    said = Text(cause).at(ENGINE), Text(remedy).at(ENGINE)
    return Remark(verdict, len(f.sweeps), f.worst, residual, *said)


def _settled(layer: FixedPoint, dtype: np.dtype, f: Figures) -> tuple[str, str]:
    del layer, dtype
    cause = f"They met their tolerance after {f.sweeps.mean():.0f} sweeps on average, at most "
    cause += f"{int(f.sweeps.max())}."
    unstable = int((f.largest_real_part >= 1).sum())
    if unstable:
        cause += f" {unstable} stand at a fixed point that no damped sweeps would settle at."
    return cause, "Nothing to do."


def _floor(layer: FixedPoint, dtype: np.dtype, f: Figures) -> tuple[str, str]:
    del f
    least = automatic_tolerance(dtype)
    if layer.settle_tol is None:
        cause = f"Rounding in {dtype.name} keeps their residual from falling further."
    else:
        cause = Text(
            "{settle_tol} is below what {} can reach for them.",
            dtype.name,
            settle_tol=_rounded(float(layer.settle_tol), 1),
        )
    exact = Either(Setting("dtype", "float64"), engine="compute in float64")
    better = "" if dtype == np.float64 else Text(", or {}", exact)
    if layer.settle_tol is not None and float(layer.settle_tol) >= least:
        tol = _rounded(10 * float(layer.settle_tol), 1)
        return cause, Text("Set {settle_tol}{}.", better, settle_tol=tol)
    tol = _rounded(5 * least, 1)
    return cause, Text("Nothing to do, or set {settle_tol}{}.", better, settle_tol=tol)


def _several(layer: FixedPoint, dtype: np.dtype, f: Figures) -> tuple[str, str]:
    del layer, dtype
    return (
        f"From other starts they settle at other fixed points, up to {int(f.n_fixed_points.max())} "
        "in all: the network has memories, and what it gives depends on where it starts.",
        Text("Nothing to do if that is meant; for one answer use {}.", HELD_DOWN),
    )


def _slow(layer: FixedPoint, dtype: np.dtype, f: Figures) -> tuple[str, str]:
    del dtype
    more = _most(f.sweeps_needed)
    if not math.isfinite(more):
        return "Their residual still falls.", Text("Set {max_settle} higher.", max_settle=...)
    total = int(math.ceil((more + f.sweeps.max()) * 1.1))
    cause = f"Their residual still falls; they need about {int(more)} more sweeps of this step."
    anderson = Text(" or {settle_solver}", settle_solver="anderson")
    other = anderson if SOLVERS[layer.settle_solver].plain else ""
    return cause, Text("Set {max_settle}{}.", other, max_settle=total)


def _overshoot(way: str, layer: FixedPoint, f: Figures) -> tuple[str, str]:
    step, limit = _most(f.alpha_used), _least(f.alpha_max)
    if not math.isfinite(limit) or limit <= 0:
        return f"Their states {way} and do not come to rest.", _lower(layer, step)
    if step < limit:
        cause = f"Their states {way}, beside a fixed point at which the step {step:.3g} would do."
        return cause, _lower(layer, step)
    cause = f"Their states {way}: the step {step:.3g} is above alpha_max={limit:.3g}."
    return cause, _set_step(layer, min(1.0, limit / 2))


def _period(layer: FixedPoint, dtype: np.dtype, f: Figures) -> tuple[str, str]:
    del dtype
    return _overshoot("jump to and fro", layer, f)


def _rotating(layer: FixedPoint, dtype: np.dtype, f: Figures) -> tuple[str, str]:
    del dtype
    return _overshoot("go round a fixed point", layer, f)


def _unstable(layer: FixedPoint, dtype: np.dtype, f: Figures) -> tuple[str, str]:
    del dtype
    real = _most(f.largest_real_part)
    finds_it = Text("{settle_solver} finds it; to", settle_solver="newton")
    newton = "To" if SOLVERS[layer.settle_solver].needs_slopes else finds_it
    return (
        f"A fixed point exists, but errors beside it grow (max Re λ = {real:.3g}, which must be "
        "below 1): no step length settles there.",
        Text("{} be settled there, the connections must be held down: use {}.", newton, HELD_DOWN),
    )


def _none(layer: FixedPoint, dtype: np.dtype, f: Figures) -> tuple[str, str]:
    del layer, dtype, f
    return (
        "Newton's method found no fixed point from any start: perhaps there is none.",
        Text("Use a bounded activation (tanh, sigmoid), or {}.", HELD_DOWN),
    )


def _overflow(layer: FixedPoint, dtype: np.dtype, f: Figures) -> tuple[str, str]:
    limit, step = _least(f.alpha_max), _most(f.alpha_used)
    cause = f"Their states grew past the largest number of {dtype.name}."
    if math.isfinite(limit) and 0 < limit <= step:
        return f"{cause} The step {step:.3g} is above alpha_max={limit:.3g}.", _set_step(
            layer, min(1.0, limit / 2)
        )
    return cause, Text("Use a bounded activation (tanh, sigmoid), or {}.", HELD_DOWN)


_SENTENCES = {
    "settled": _settled,
    "floor": _floor,
    "several found": _several,
    "slow": _slow,
    "period 2": _period,
    "rotating": _rotating,
    "unstable fixed point": _unstable,
    "none found": _none,
    "overflow": _overflow,
}

VERDICTS = tuple(_SENTENCES)


def _rounded(x: float, digits: int) -> float:
    return float(f"{x:.{digits}g}")


def _set_step(layer: FixedPoint, step: float) -> Text:
    solver = Text(", {settle_solver}", settle_solver="picard")
    picard = "" if SOLVERS[layer.settle_solver].plain else solver
    return Text("Set {settle_step}{}.", picard, settle_step=_rounded(step, 2))


def _lower(layer: FixedPoint, step: float) -> Text:
    if math.isfinite(step):
        return _set_step(layer, 0.5 * step)
    return Text("Lower {settle_step}.", settle_step=...)


def _most(a: np.ndarray) -> float:
    return float(np.nanmax(a)) if np.isfinite(a).any() else math.nan


def _least(a: np.ndarray) -> float:
    return float(np.nanmin(a)) if np.isfinite(a).any() else math.nan
