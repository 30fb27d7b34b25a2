"""How far the gradient of the connections can be from the exact one, sample by sample.

Settling ended at a state h and an adjoint v with residuals, seen in float64,

    r = F(x, h) - h,    s = dy + Jᵀ v - v

To first order both are removed by one linear system each, which also moves the slopes in J and f':

    h₁ = h + (I - J)⁻¹ r  (twice),    v₁ = (I - J₁ᵀ)⁻¹ dy

What is left after that is bounded through σ = σ_min(I - J₁), from the residuals r₁ and s₁ at
(h₁, v₁) with their own rounding, and the slopes of Jᵀ v and of the gradient g(h, v) along the
directions in which errors grow most:

    e_h ≤ ‖r₁‖ / σ,    e_v ≤ (‖s₁‖ + ‖∂(Jᵀ v)/∂h‖ e_h) / σ
    bound = ‖g(h, v) - g(h₁, v₁)‖ + ‖∂g/∂h‖ e_h + ‖∂g/∂v‖ e_v + rounding of g

The first term is the error itself to first order, so the bound is tight where residuals are above
rounding; in float64 the rest rules, which is a worst case.

Reference: Ortega & Rheinboldt (1970), Iterative Solution of Nonlinear Equations, 12.6 (residuals
and the Newton-Kantorovich estimate).
"""

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from chainrule.inspection.settling.exact import Network, newton_steps, norms, state_sizes

EPS = float(np.finfo(np.float64).eps)
POWER_STEPS = 12
PROBE = 1e-5  # length of a finite difference, relative to the state


@dataclass(frozen=True)
class Polished:
    """Fixed points and adjoints in float64, what is left of their errors, and J there.

    Arrays have a row for each sample; `state_error` and `adjoint_error` bound ‖h₁ - h*‖ and
    ‖v₁ - v*‖, `gradient_error` what both do to the gradient.
    """

    h: np.ndarray
    v: np.ndarray
    jacobians: np.ndarray
    smallest_singular: np.ndarray
    state_error: np.ndarray
    adjoint_error: np.ndarray
    gradient_error: np.ndarray
    gradient_norm: np.ndarray


def polish(network: Network, rows: np.ndarray, h: np.ndarray, dy: np.ndarray) -> Polished:
    """Return the fixed points beside the states `h` (points, n) and the adjoints of `dy`."""
    h = h.astype(np.float64)
    for _ in range(2):
        jacobians = network.jacobians(rows, h)
        h = h + newton_steps(jacobians, network.images(rows, h) - h)
    jacobians = network.jacobians(rows, h)
    transposed = np.swapaxes(jacobians, 1, 2)
    v = newton_steps(transposed, dy)
    v = v + newton_steps(transposed, dy + network.pulls(rows, h, v) - v)  # refined once
    singular, growing, shrunk = smallest_singular(jacobians)

    rounding = 2 * EPS
    pull = network.pulls(rows, h, v)
    state_residual = norms(network.images(rows, h) - h) + rounding * norms(h)
    adjoint_residual = norms(dy + pull - v) + rounding * (norms(v) + norms(dy))
    state_error = state_residual / singular
    far = PROBE * state_sizes(h)[:, None]
    curvature = norms(network.pulls(rows, h + far * growing, v) - pull) / far[:, 0]
    adjoint_error = (adjoint_residual + curvature * state_error) / singular

    by_state, gradient_norm = network.gradient_gaps(rows, (h, v), (h + far * growing, v))
    away = PROBE * np.maximum(norms(v), np.finfo(np.float64).tiny)[:, None]
    by_adjoint, _ = network.gradient_gaps(rows, (h, v), (h, v + away * shrunk))
    left = (
        by_state / far[:, 0] * state_error
        + by_adjoint / away[:, 0] * adjoint_error
        + rounding * gradient_norm
    )
    return Polished(h, v, jacobians, singular, state_error, adjoint_error, left, gradient_norm)


def gradient_error_bounds(
    network: Network, rows: np.ndarray, h: np.ndarray, v: np.ndarray, polished: Polished
) -> np.ndarray:
    """Return for each sample a bound on ‖g(h, v) - g*‖, its gradient of the connections' weights.

    Parameters
    ----------
    network : Network
        In float64.
    rows : array of shape (points,)
        The samples.
    h, v : arrays of shape (points, n)
        Where settling and adjoint settling ended, in the type they were computed in.
    polished : Polished
        Of these samples.

    Returns
    -------
    array of shape (points,)
        Frobenius norms; the rounding of the given type in forming g is counted.
    """
    eps = float(np.finfo(h.dtype).eps)
    ends = (h.astype(np.float64), v.astype(np.float64))
    gap, _ = network.gradient_gaps(rows, (polished.h, polished.v), ends)
    return 1.05 * gap + polished.gradient_error + 2 * eps * polished.gradient_norm


def batch_error_bound(
    own: Network, exact: Network, rows: np.ndarray, h: np.ndarray, v: np.ndarray, polished: Polished
) -> tuple[float, float]:
    """Return a bound on the error of the gradient summed over samples, and the gradient's norm.

    `own` is the network in the type it was trained in: the sum is done as training does it, and
    compared with that of the polished samples.  What is left of each sample adds up at worst; the
    leftovers are rounding, of either sign, so they are added as such, with a factor of 3.
    """
    got, want = own.gradient(rows, h, v), exact.gradient(rows, polished.h, polished.v)
    gap = _norm(jax.tree.map(lambda a, b: a.astype(np.float64) - b.astype(np.float64), got, want))
    left = 3 * float(np.sqrt(np.sum(polished.gradient_error**2)))
    return 1.05 * gap + left, _norm(want)


def smallest_singular(jacobians: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return σ_min(I - J) of each matrix, and the directions of the errors that grow most.

    (I - J)⁻¹ takes the second direction to the first, of a state; its transpose takes the first to
    the second, of an adjoint.  By power iteration on (I - J)⁻¹ (I - J)⁻ᵀ.
    """
    count, n = jacobians.shape[:2]
    slopes = np.eye(n) - jacobians
    try:
        inverse = np.linalg.inv(slopes)
    except np.linalg.LinAlgError:
        inverse = np.linalg.inv(slopes + 1e-12 * np.eye(n))
    a = np.random.default_rng(0).normal(size=(count, n))
    b, growth = a, np.ones(count)
    for _ in range(POWER_STEPS):
        b = np.einsum("bij,bi->bj", inverse, a)
        b = b / norms(b)[:, None]
        a = np.einsum("bij,bj->bi", inverse, b)
        growth = norms(a)
        a = a / growth[:, None]
    return 1 / growth, a, b


def _norm(tree: Any) -> float:
    return float(np.sqrt(sum(float(np.sum(leaf * leaf)) for leaf in jax.tree.leaves(tree))))
