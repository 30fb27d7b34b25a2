"""Verdicts in words: one sentence of finding, cause and remedy for each kind that occurs."""

import math
from dataclasses import dataclass

import numpy as np

from chainrule.engine.networks.fixed_point import FixedPoint
from chainrule.engine.networks.settling.state import automatic_tolerance

VERDICTS = (
    "settled",
    "floor",
    "several found",
    "slow",
    "period 2",
    "rotating",
    "unstable fixed point",
    "none found",
    "overflow",
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
    cause, remedy : str
        Why, and which option to change to what.
    """

    verdict: str
    count: int
    worst: int
    residual: float
    cause: str
    remedy: str

    @property
    def text(self) -> str:
        """The whole, to be printed."""
        samples = "sample" if self.count == 1 else "samples"
        worst = f"worst: sample {self.worst}, residual {self.residual:.2g}"
        return f"{self.verdict}: {self.count} {samples} ({worst}). {self.cause} {self.remedy}"


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
    return Remark(verdict, len(f.sweeps), f.worst, residual, cause, remedy)


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
    if layer.tol is None:
        cause = f"Rounding in {dtype.name} keeps their residual from falling further."
    else:
        cause = f"tol={float(layer.tol):.1g} is below what {dtype.name} can reach for them."
    better = "" if dtype == np.float64 else ", or compute in float64"
    if layer.tol is not None and float(layer.tol) >= least:
        return cause, f"Set tol={10 * float(layer.tol):.0e}{better}."
    return cause, f"Nothing to do, or set tol={5 * least:.0e}{better}."


def _several(layer: FixedPoint, dtype: np.dtype, f: Figures) -> tuple[str, str]:
    del layer, dtype
    return (
        f"From other starts they settle at other fixed points, up to {int(f.n_fixed_points.max())} "
        "in all: the network has memories, and what it gives depends on where it starts.",
        "Nothing to do if that is meant; for one answer use connections such as Spectral(0.95).",
    )


def _slow(layer: FixedPoint, dtype: np.dtype, f: Figures) -> tuple[str, str]:
    del dtype
    more = _most(f.sweeps_needed)
    if not math.isfinite(more):
        return "Their residual still falls.", "Set max_sweeps higher."
    total = int(math.ceil((more + f.sweeps.max()) * 1.1))
    cause = f"Their residual still falls; they need about {int(more)} more sweeps of this step."
    other = ' or solver="anderson"' if layer.solver == "picard" else ""
    return cause, f"Set max_sweeps={total}{other}."


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
    newton = "" if layer.solver == "newton" else 'solver="newton" finds it; to be settled there, '
    return (
        f"A fixed point exists, but errors beside it grow (max Re λ = {real:.3g}, which must be "
        "below 1): no step length settles there.",
        f"{newton or 'To be settled there, '}the connections must be held down, such as by "
        "Spectral(0.95) or Symmetric().",
    )


def _none(layer: FixedPoint, dtype: np.dtype, f: Figures) -> tuple[str, str]:
    del layer, dtype, f
    return (
        "Newton's method found no fixed point from any start: perhaps there is none.",
        "Use a bounded activation (tanh, sigmoid), or hold the connections down, such as by "
        "Spectral(0.95).",
    )


def _overflow(layer: FixedPoint, dtype: np.dtype, f: Figures) -> tuple[str, str]:
    limit, step = _least(f.alpha_max), _most(f.alpha_used)
    cause = f"Their states grew past the largest number of {dtype.name}."
    if math.isfinite(limit) and 0 < limit <= step:
        return f"{cause} The step {step:.3g} is above alpha_max={limit:.3g}.", _set_step(
            layer, min(1.0, limit / 2)
        )
    return cause, "Use a bounded activation (tanh, sigmoid), or connections as Spectral(0.95)."


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


def _set_step(layer: FixedPoint, step: float) -> str:
    picard = "" if layer.solver == "picard" else ', solver="picard"'
    return f"Set alpha={step:.2g}{picard}."


def _lower(layer: FixedPoint, step: float) -> str:
    return _set_step(layer, 0.5 * step) if math.isfinite(step) else "Lower alpha."


def _most(a: np.ndarray) -> float:
    return float(np.nanmax(a)) if np.isfinite(a).any() else math.nan


def _least(a: np.ndarray) -> float:
    return float(np.nanmin(a)) if np.isfinite(a).any() else math.nan
