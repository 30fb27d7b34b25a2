"""Connections that settle by construction: weights from free parameters, and the theorem behind.

    Spectral      ‖W‖₂ ≤ c          contraction: one fixed point, reached from anywhere
    RowSum        ‖W‖_∞ ≤ c         the same, in the largest norm
    Perron        ϱ(|W|) ≤ c        the same, in a norm with learnt weights: weaker than both
    Monotone      I - W ≥ m I       one fixed point, however large W is
    Symmetric     W = Wᵀ            an energy falls: settles, perhaps to one of several
    NonNegative   W ≥ 0             rises from below to the least fixed point

with c = `bound` / s, where s is the steepest slope of the activation: 1 for tanh and relu, ¼ for
the sigmoid.  A contraction forgets with distance; memories need one of the last three.
"""

from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from chainrule.engine.keys import generator
from chainrule.engine.layers.initializers import as_initializer
from chainrule.engine.networks.connections import (
    ConnectionParams,
    Connections,
    Making,
    as_mask,
    draw_weights,
    masked,
)
from chainrule.engine.pytree import hyperparameters, number, on_device, part, pytree
from chainrule.formulas import Formula


class FreeMatrix(Connections):
    """Connections whose free parameters are one matrix (n, n)."""

    weights: Any
    mask: Any

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", as_initializer(self.weights))
        object.__setattr__(self, "mask", as_mask(self.mask))

    def init(self, key: PRNGKeyArray, n_in: int) -> ConnectionParams:
        return draw_weights(self.weights, key, n_in, self.mask)


@hyperparameters
class Spectral(FreeMatrix):
    """W = V min(1, c / ‖V‖): no singular value is above c = `bound` / `slope`.

    Then h ↦ f(h W + u) is a contraction: one fixed point, reached from every start at the rate
    `bound` or better (Banach).  The adjoint iteration contracts at the same rate.

    ‖V‖ is Schatten's norm of order 66, (Σ σ⁶⁶)^(1/66) of the singular values: no less than the
    largest, and at most 7 % above it for 100 units.  It takes a few products of matrices, where the
    largest alone takes all singular vectors, and it is smooth where two of them are as large.
    """

    weights: Any = part(default="glorot")
    mask: Any = part(default=None)
    bound: float = number(default=0.95)
    slope: float = number(default=1.0)

    @property
    def making(self) -> Making:
        formula = Formula("V min(1, c / ‖V‖), c = bound / slope", r"V \min(1, c / \lVert V \rVert)")
        return Making(formula, ("factor", "too large", "norm", "slope of log norm"))

    def effective(self, params: ConnectionParams) -> tuple[Array, Any]:
        free = masked(params.weights, self.mask)
        norm, slope = _schatten(free)
        limit = jnp.asarray(self.bound / self.slope, free.dtype)
        too_large = norm > limit
        factor = jnp.where(too_large, limit / jnp.where(too_large, norm, 1), 1)
        return factor * free, (factor, too_large, norm, slope)

    def effective_backward(
        self, params: ConnectionParams, made: Any, d_effective: Array
    ) -> ConnectionParams:
        # W = c V / ‖V‖:  dV = c / ‖V‖ (dW - ⟨dW, V⟩ ∂log‖V‖/∂V)
        factor, too_large, _, slope = made
        free = masked(params.weights, self.mask)
        turned = d_effective - jnp.sum(d_effective * free) * slope
        return ConnectionParams(
            weights=masked(factor * jnp.where(too_large, turned, d_effective), self.mask)
        )


SQUARINGS = 4  # of VᵀV; the order of the norm is 2 (2 · 2⁴ + 1) = 66


def _schatten(v: Array) -> tuple[Array, Array]:
    """Return ‖V‖ = (Σ σ²ᵐ)^(1/2m), m = 2q + 1 and q = 2⁴, and ∂log‖V‖/∂V = V Gᵐ⁻¹ / tr Gᵐ.

    With G = VᵀV; its powers are kept to the size 1, what they were divided by in logarithms.
    """
    power, log_size, q = v.T @ v, jnp.zeros((), v.dtype), 2**SQUARINGS
    for squaring in range(SQUARINGS + 1):
        if squaring:
            power, log_size = power @ power, 2 * log_size
        size = jnp.sqrt(jnp.sum(power * power))
        size = jnp.where(size > 0, size, 1)
        power, log_size = power / size, log_size + jnp.log(size)
    odd = v @ power  # V G^q
    trace = jnp.sum(odd * odd)
    safe = jnp.where(trace > 0, trace, 1)
    norm = jnp.exp((2 * log_size + jnp.log(safe)) / (2 * (2 * q + 1)))
    return jnp.where(trace > 0, norm, 0), odd @ power / safe


@hyperparameters
class RowSum(FreeMatrix):
    """Weights into a unit sum to at most c in absolute value: W_·ⱼ = V_·ⱼ min(1, c / Σᵢ |Vᵢⱼ|).

    Then h ↦ f(h W + u) is a contraction in the largest norm: one fixed point, reached from
    everywhere (El Ghaoui et al. 2021, SIAM J. Math. Data Sci. 3:930, well-posedness by ‖·‖_∞).
    """

    weights: Any = part(default="glorot")
    mask: Any = part(default=None)
    bound: float = number(default=0.95)
    slope: float = number(default=1.0)

    @property
    def making(self) -> Making:
        formula = Formula("Vᵢⱼ min(1, c / Σᵢ |Vᵢⱼ|)", r"V_{ij} \min(1, c / \sum_i |V_{ij}|)")
        return Making(formula, ("factor", "too large", "sums"))

    def effective(self, params: ConnectionParams) -> tuple[Array, Any]:
        free = masked(params.weights, self.mask)
        factors, too_large, sums = _column_factors(jnp.abs(free), self.bound / self.slope)
        return free * factors[None, :], (factors, too_large, sums)

    def effective_backward(
        self, params: ConnectionParams, made: Any, d_effective: Array
    ) -> ConnectionParams:
        factors, too_large, sums = made
        free = masked(params.weights, self.mask)
        along = jnp.sum(d_effective * free, axis=0) / sums
        turned = d_effective - jnp.sign(free) * along[None, :]
        grads = factors[None, :] * jnp.where(too_large[None, :], turned, d_effective)
        return ConnectionParams(weights=masked(grads, self.mask))


@pytree
class PerronParams:
    """Free weights, and the logarithms of the weights of the norm."""

    weights: Float[Array, "n n"]
    log_scale: Float[Array, " n"]


@hyperparameters
class Perron(FreeMatrix):
    """Σᵢ dᵢ |Wᵢⱼ| ≤ c dⱼ with learnt d > 0: a contraction in the norm max |hⱼ| / dⱼ… of the units.

    The smallest c that some d reaches is the Perron root ϱ(|W|) (Perron & Frobenius; Collatz &
    Wielandt's bound), so this is the weakest of the conditions by size: it holds wherever `RowSum`
    (d = 1) or the column sums do.  One fixed point, reached from everywhere.
    """

    weights: Any = part(default="glorot")
    mask: Any = part(default=None)
    bound: float = number(default=0.95)
    slope: float = number(default=1.0)
    params_type: ClassVar[type] = PerronParams

    def init(self, key: PRNGKeyArray, n_in: int) -> PerronParams:  # pyright: ignore[reportIncompatibleMethodOverride]
        drawn = super().init(key, n_in)
        return PerronParams(weights=drawn.weights, log_scale=on_device(np.zeros(n_in)))

    @property
    def making(self) -> Making:
        formula = Formula(
            "Vᵢⱼ min(1, c / Σᵢ |Vᵢⱼ| exp(sᵢ - sⱼ))",
            r"V_{ij} \min(1, c / \sum_i |V_{ij}| e^{s_i - s_j})",
        )
        return Making(formula, ("factor", "too large", "sums", "ratio"))

    def effective(self, params: PerronParams) -> tuple[Array, Any]:
        free = masked(params.weights, self.mask)
        ratio = jnp.exp(params.log_scale[:, None] - params.log_scale[None, :])  # dᵢ / dⱼ
        factors, too_large, sums = _column_factors(jnp.abs(free) * ratio, self.bound / self.slope)
        return free * factors[None, :], (factors, too_large, sums, ratio)

    def effective_backward(
        self, params: PerronParams, made: Any, d_effective: Array
    ) -> PerronParams:
        factors, too_large, sums, ratio = made
        free = masked(params.weights, self.mask)
        along = jnp.where(too_large, jnp.sum(d_effective * free, axis=0) / sums, 0)
        turned = d_effective - jnp.sign(free) * ratio * along[None, :]
        # Wᵢⱼ = c Vᵢⱼ / sⱼ with sⱼ = Σᵢ |Vᵢⱼ| dᵢ / dⱼ:  dsⱼ = -cⱼ along
        flow = factors[None, :] * along[None, :] * jnp.abs(free) * ratio
        d_scale = -jnp.sum(flow, axis=1) + jnp.sum(flow, axis=0)
        weights = masked(factors[None, :] * turned, self.mask)
        return PerronParams(weights=weights, log_scale=d_scale)


def _column_factors(sizes: Array, limit: Any) -> tuple[Array, Array, Array]:
    """Return by what each column is multiplied, where that is needed, and the columns' sums."""
    limit = jnp.asarray(limit, sizes.dtype)
    sums = jnp.sum(sizes, axis=0)
    too_large = sums > limit
    sums = jnp.where(sums > 0, sums, 1)
    return jnp.where(too_large, limit / sums, 1), too_large, sums


@pytree
class MonotoneParams:
    """The symmetric part's factor and the skew part's."""

    weights: Float[Array, "n n"]
    skew: Float[Array, "n n"]


@hyperparameters
class Monotone(Connections):
    """W = (1 - m) I - Aᵀ A + B - Bᵀ, so that I - W is strongly monotone with m = `margin`.

    For activations with slopes in [0, 1] there is one fixed point, though ‖W‖ may be large
    (Winston & Kolter 2020, NeurIPS, theorem 1 and proposition 1).  Reaching it may need a small α,
    which the default finds.
    """

    weights: Any = part(default="glorot")
    skew: Any = part(default="glorot")
    margin: float = number(default=0.1)
    params_type: ClassVar[type] = MonotoneParams

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", as_initializer(self.weights))
        object.__setattr__(self, "skew", as_initializer(self.skew))

    def init(self, key: PRNGKeyArray, n_in: int) -> MonotoneParams:
        rng = generator(key)
        shape = (n_in, n_in)
        return MonotoneParams(
            weights=on_device(self.weights.draw(rng, shape)),
            skew=on_device(self.skew.draw(rng, shape)),
        )

    @property
    def making(self) -> Making:
        m = f"{float(self.margin):g}"
        return Making(
            Formula(f"(1 - {m}) I - VᵀV + B - Bᵀ", rf"(1 - {m}) I - V^\top V + B - B^\top")
        )

    def effective(self, params: MonotoneParams) -> tuple[Array, tuple[()]]:
        a, b = params.weights, params.skew
        identity = jnp.eye(a.shape[0], dtype=a.dtype)
        return (1 - self.margin) * identity - a.T @ a + b - b.T, ()

    def effective_backward(
        self, params: MonotoneParams, made: tuple[()], d_effective: Array
    ) -> MonotoneParams:
        del made
        return MonotoneParams(
            weights=-params.weights @ (d_effective + d_effective.T),
            skew=d_effective - d_effective.T,
        )


@hyperparameters
class Symmetric(FreeMatrix):
    """W = (V + Vᵀ) / 2: the network has an energy, which falls until it stands still.

        E(h) = -½ h W hᵀ - u hᵀ + Σⱼ ∫₀^hⱼ f⁻¹

    It falls along the continuous network (Hopfield 1984, PNAS 81:3088; Cohen & Grossberg 1983) and
    in damped steps with α < 2 / (1 - s λ_min(W)), whatever the size of W: the network settles, and
    may have several fixed points, which are its memories.
    """

    weights: Any = part(default="glorot")
    mask: Any = part(default=None)

    @property
    def making(self) -> Making:
        return Making(Formula("(V + Vᵀ) / 2", r"\tfrac12 (V + V^\top)"))

    def effective(self, params: ConnectionParams) -> tuple[Array, tuple[()]]:
        free = masked(params.weights, self.mask)
        return 0.5 * (free + free.T), ()

    def effective_backward(
        self, params: ConnectionParams, made: tuple[()], d_effective: Array
    ) -> ConnectionParams:
        del params, made
        return ConnectionParams(weights=masked(0.5 * (d_effective + d_effective.T), self.mask))


@hyperparameters
class NonNegative(FreeMatrix):
    """W = V²: no unit holds another one back.

    With an increasing, bounded activation the states rise from a start below, sweep by sweep, to
    the least fixed point, always (Knaster & Tarski; Kleene's iteration).
    """

    weights: Any = part(default="glorot")
    mask: Any = part(default=None)

    @property
    def rises(self) -> bool:
        return True

    @property
    def making(self) -> Making:
        return Making(Formula("V²", "V^2"))

    def effective(self, params: ConnectionParams) -> tuple[Array, tuple[()]]:
        return masked(params.weights * params.weights, self.mask), ()

    def effective_backward(
        self, params: ConnectionParams, made: tuple[()], d_effective: Array
    ) -> ConnectionParams:
        del made
        return ConnectionParams(weights=masked(2 * params.weights * d_effective, self.mask))
