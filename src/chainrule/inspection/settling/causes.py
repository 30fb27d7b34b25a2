"""Why a sample does not settle: fixed points found from many sides, and how states move near them.

Each sample is followed in float64 twice: onward from where it stopped, by the step it had, and from
rest by a small step, as the continuous network moves.  Newton's method then looks for fixed points
from the ends of both, from rest, from random states, and along h = F(x, s h), s from 0 to 1.

    overflow              the state stopped being finite
    floor                 within rounding: float64 goes on where the number type does not
    slow                  onward it settles: the residual falls by max |1 - α + α λ| < 1 a sweep
    period 2, rotating    a small step settles, this one does not: the multiplier 1 - α + α λ of
                          largest modulus is below -1, or one of a complex pair
    unstable fixed point  a small step does not settle either, and max Re λ ≥ 1 where Newton ended
    none found            no start led Newton's method to a fixed point

References: Pineda (1987), Phys. Rev. Lett. 59:2229; Hirsch (1989), Neural Networks 2:331-349.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from chainrule.engine.networks.settling.state import FLOOR_ROOM, OVERFLOW
from chainrule.inspection.settling.exact import (
    Moves,
    Network,
    continued,
    newton,
    newton_steps,
    state_sizes,
)
from chainrule.inspection.settling.runs import Ended
from chainrule.inspection.settling.stability import eigenvalues, largest_stable_step, paced_jacobian

ONWARD, TAIL = 1500, 64
FLOW_STEP = 0.05
MOST_UNITS = 2000  # above, no Jacobian is formed
SAME = 1e-5  # distance, relative to their size, within which fixed points are one


@dataclass(frozen=True)
class Fixed:
    """A fixed point and the eigenvalues that decide which steps settle there.

    `slopes` are the eigenvalues λ of J, `paced` those of its stand-in for the units' time
    constants (see `paced_jacobian`), `multipliers` those of the step in use.
    """

    h: np.ndarray
    slopes: np.ndarray
    paced: np.ndarray
    multipliers: np.ndarray

    @classmethod
    def of(cls, h: np.ndarray, jacobian: np.ndarray, tau: np.ndarray, alpha: float) -> "Fixed":
        """Return a fixed point with Jacobian (n, n) for steps α / τ."""
        slopes = eigenvalues(jacobian)
        even = bool((tau == 1).all())
        paced = slopes if even else eigenvalues(paced_jacobian(jacobian, tau))
        return cls(h, slopes, paced, 1 - alpha + alpha * paced)

    @property
    def settles_by_small_steps(self) -> bool:
        """Whether max Re λ < 1."""
        return bool(np.real(self.paced).max() < 1)

    @cached_property
    def rate(self) -> float:
        """By what the residual is multiplied in a sweep, in the end."""
        return float(np.abs(self.multipliers).max())

    @property
    def leading(self) -> complex:
        """The multiplier of largest modulus."""
        return complex(self.multipliers[np.abs(self.multipliers).argmax()])

    @property
    def largest_step(self) -> float:
        """α_max."""
        return largest_stable_step(self.paced)


@dataclass(frozen=True)
class Cause:
    """The verdict on a sample, the fixed point that explains it, and how many were found."""

    verdict: str
    fixed: Fixed | None
    n_fixed_points: int


@dataclass(frozen=True)
class Search:
    """Where the network and the samples `rows` that have not settled are looked into."""

    own: Network
    exact: Network
    rows: np.ndarray
    ended: Ended  # of these rows
    tau: np.ndarray
    alpha: np.ndarray  # of these rows, before division by tau

    def causes(self, starts: np.ndarray) -> list[Cause]:
        """Return the cause of each row; search from `starts` (n_starts, n) too."""
        count, n = len(self.rows), self.tau.shape[0]
        last = _finite(self.ended.value).astype(np.float64)
        shares = self.alpha[:, None] / self.tau
        own = self.own.follow(self.rows, last, shares, TAIL)
        onward = self.exact.follow(self.rows, last, shares, ONWARD)
        if n > MOST_UNITS:
            return self._causes_by_moves(own, onward)
        rest = np.zeros_like(last)
        fan = [last, own.mean, rest, onward.end, onward.mean]
        fan += [np.broadcast_to(start, last.shape) for start in starts]
        points: list[list[Fixed]] = [[] for _ in range(count)]
        self._search(fan, points)
        if not all(points):
            which = np.flatnonzero([not found for found in points])
            self._keep(which, *continued(self.exact, self.rows[which], n), points)
        flow = self._flow(rest, points)
        reached = self._search([flow.end], points)
        went = self._search([onward.end], points)
        near = self._linear(last, went)
        causes = []
        for i in range(count):
            gentle = _arrived(flow, i, reached[i])
            goes_on = near[i] or _arrived(onward, i, went[i])
            verdict, fixed = self._verdict(
                i, points[i], gentle, went[i] if goes_on else None, own, onward
            )
            causes.append(Cause(verdict, fixed, len(points[i])))
        return causes

    def _causes_by_moves(self, own: Moves, onward: Moves) -> list[Cause]:
        """Judge by how states move alone: for more units than Newton's method can take."""
        flow = self._flow(np.zeros_like(own.end), [[] for _ in self.rows])
        causes = []
        for i, status in enumerate(self.ended.status):
            residual = onward.residual[:, i]
            falls = bool(residual[-TAIL:].max() < 0.99 * residual[:TAIL].min())
            calm = bool(flow.residual[-1, i] < 0.01 * flow.residual[0, i])
            verdict = "none found"
            if status == OVERFLOW:
                verdict = "overflow"
            elif falls:
                verdict = "slow"
            elif calm:
                verdict = _way_of_moving(None, onward, i)
            causes.append(Cause(verdict, None, 0))
        return causes

    def _verdict(
        self,
        i: int,
        points: list[Fixed],
        gentle: Fixed | None,
        onto: Fixed | None,
        own: Moves,
        onward: Moves,
    ) -> tuple[str, Fixed | None]:
        points = sorted(points, key=lambda p: float(np.linalg.norm(p.h - own.mean[i])))
        stable = [p for p in points if p.settles_by_small_steps]
        unstable = [p for p in points if not p.settles_by_small_steps]
        if self.ended.status[i] == OVERFLOW:
            return "overflow", gentle or next(iter(points), None)
        if onto is not None and onto.rate < 1:
            return ("floor" if self._at_floor(i, onto, own) else "slow"), onto
        if gentle is None and unstable:
            return "unstable fixed point", unstable[0]
        around = gentle or next(iter(stable), None)
        return (_way_of_moving(around, onward, i) if around else "none found"), around

    def _at_floor(self, i: int, fixed: Fixed, own: Moves) -> bool:
        """Return whether rounding, and not the network, holds a residual up."""
        eps = float(np.finfo(self.own.dtype).eps)
        residual = own.residual[:, i]
        before, after = residual[: TAIL // 2].mean(), residual[TAIL // 2 :].mean()
        size = float(state_sizes(own.end[i : i + 1].astype(np.float64))[0])
        would_fall = fixed.rate ** (TAIL // 2)
        return bool(after <= FLOOR_ROOM * eps * size and after > 0.5 * (1 + would_fall) * before)

    def _linear(self, last: np.ndarray, went: list[Fixed | None]) -> np.ndarray:
        """Return which states are so near the fixed point ahead that it rules how they move."""
        step = newton_steps(
            self.exact.jacobians(self.rows, last), self.exact.images(self.rows, last) - last
        )
        near = np.zeros(len(last), bool)
        for i, fixed in enumerate(went):
            if fixed is not None:
                off = np.linalg.norm(last[i] - fixed.h)
                near[i] = np.linalg.norm(last[i] + step[i] - fixed.h) <= 0.3 * off
        return near

    def _flow(self, rest: np.ndarray, points: list[list[Fixed]]) -> Moves:
        """Follow the continuous network from rest, in steps that its fixed points allow."""
        steps = np.full(len(rest), FLOW_STEP)
        for i, found in enumerate(points):
            allowed = [0.5 * p.largest_step for p in found if p.largest_step > 0]
            steps[i] = min([FLOW_STEP, *allowed])
        return self.exact.follow(self.rows, rest, steps[:, None] / self.tau, ONWARD)

    def _search(self, fan: list[np.ndarray], points: list[list[Fixed]]) -> list[Fixed | None]:
        """Run Newton's method from states of each row, keep what is new, and return the last."""
        count = len(self.rows)
        rows = np.tile(self.rows, len(fan))
        h, found = newton(self.exact, rows, np.concatenate([_finite(a) for a in fan]))
        ends: list[Fixed | None] = [None] * count
        for k in range(len(fan)):
            part = slice(k * count, (k + 1) * count)
            ends = self._keep(np.arange(count), h[part], found[part], points)
        return ends

    def _keep(
        self, which: np.ndarray, h: np.ndarray, found: np.ndarray, points: list[list[Fixed]]
    ) -> list[Fixed | None]:
        kept: list[Fixed | None] = [None] * len(which)
        for place in np.flatnonzero(found):
            i = int(which[place])
            room = SAME * state_sizes(h[place : place + 1])[0]
            known = [p for p in points[i] if np.linalg.norm(p.h - h[place]) <= room]
            if not known:
                jacobian = self.exact.jacobians(self.rows[i : i + 1], h[place : place + 1])[0]
                known = [Fixed.of(h[place], jacobian, self.tau, float(self.alpha[i]))]
                points[i].append(known[0])
            kept[place] = known[0]
        return kept


def _way_of_moving(fixed: Fixed | None, onward: Moves, i: int) -> str:
    """Return "period 2" or "rotating": as the states do, if they have come to repeat, else as λ."""
    returns = onward.returns[-TAIL:, i]
    if np.isfinite(returns).all() and np.median(returns) < 1e-3:
        return "period 2"
    leading = fixed.leading if fixed is not None else 0j
    if abs(leading) >= 1:
        return "rotating" if abs(leading.imag) > 1e-9 * abs(leading) else "period 2"
    cosine = onward.cosine[-TAIL:, i]
    return "period 2" if np.isfinite(cosine).all() and np.median(cosine) < -0.9 else "rotating"


def _arrived(moves: Moves, i: int, fixed: Fixed | None) -> Fixed | None:
    """Return the fixed point beside which a way ends, if it settles there."""
    if fixed is None or not fixed.settles_by_small_steps or not np.isfinite(moves.end[i]).all():
        return None
    residual = moves.residual[:, i]
    off = float(np.linalg.norm(moves.end[i] - fixed.h))
    size = float(state_sizes(fixed.h[None])[0])
    falls = residual[-TAIL:].mean() < residual[-4 * TAIL : -3 * TAIL].mean()
    return fixed if off <= 1e-3 * size or (falls and off <= 0.1 * size) else None


def _finite(h: np.ndarray) -> np.ndarray:
    """Return states with those that are not finite, or far out, put at rest."""
    good = np.isfinite(h).all(axis=1) & (np.abs(h).max(axis=1) < 1e8)
    return np.where(good[:, None], h, 0)
