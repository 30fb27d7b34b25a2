"""L-BFGS: Newton's direction from the last few steps, and a step length found by trying.

    s = θ' - θ,   y = g' - g,   ρ = 1 / sᵀy            kept for the last `memory` steps
    d = -H g      by the two loops over (s, y, ρ), with H₀ = sᵀy / yᵀy of the last step
    θ ← θ + t d   with  f(θ + t d) ≤ f + c₁ t gᵀd   and   g(θ + t d)ᵀd ≥ c₂ gᵀd

It needs the whole table in every step, and evaluates the loss more than once.  A search that finds
no better point clears the memory: the next step follows the gradient itself.
References: Nocedal & Wright (2006), Numerical Optimization, algorithm 7.4 (direction); Lewis &
Overton (2013), Math. Program. 141:135-163, algorithm 4.6 (step length).
"""

from collections.abc import Callable
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Bool, Float, Int

from chainrule.engine.optimizers.base import LossAndGrads, Rule, check_number
from chainrule.engine.pytree import count_numbers, hyperparameters, number, on_device, pytree
from chainrule.errors import OptionError
from chainrule.formulas import Formula


@pytree
class LBFGSState:
    """Steps done, evaluations of the loss, and the last s, y and ρ (0: none), newest at the end."""

    step: Int[Array, ""]
    n_evaluations: Int[Array, ""]
    moves: Float[Array, "memory n"]
    turns: Float[Array, "memory n"]
    inverses: Float[Array, " memory"]


@pytree
class _Search:
    """A line search on its way: the bracket (low, high), the next try, and the best point."""

    low: Float[Array, ""]
    high: Float[Array, ""]
    low_loss: Float[Array, ""]
    low_slope: Float[Array, ""]
    t: Float[Array, ""]
    best_t: Float[Array, ""]
    best_loss: Float[Array, ""]
    best_gradient: Float[Array, " n"]
    n: Int[Array, ""]
    done: Bool[Array, ""]


@hyperparameters
class LBFGS(Rule):
    """L-BFGS with the last `memory` steps, and at most `most_tries` evaluations to a step."""

    solver: ClassVar[str] = "lbfgs"
    full_batch_only: ClassVar[bool] = True
    memory: int = 10
    most_tries: int = 20
    decrease: float = number(default=1e-4)
    curvature: float = number(default=0.9)

    def __post_init__(self) -> None:
        if self.memory < 1 or self.most_tries < 1:
            raise OptionError(
                f"LBFGS(memory={self.memory}, most_tries={self.most_tries}) cannot work: "
                "give 1 or more steps to remember, and tries, usually 10 and 20."
            )
        ordered = 0 < self.decrease < self.curvature < 1
        check_number(self, "decrease", ordered, "above 0 and below curvature, usually 1e-4")

    @property
    def formula(self) -> Formula:
        text = "θ ← θ + t d, d = -H g, t found by trying"
        return Formula(text, r"\theta \leftarrow \theta + t d,\; d = -H g")

    def init(self, params: Any) -> LBFGSState:
        n, leaves = count_numbers(params), jax.tree.leaves(params)
        dtype = leaves[0].dtype if leaves else np.float32
        zeros = on_device(np.zeros((self.memory, n), dtype))
        none = on_device(np.zeros(self.memory, dtype))
        count = on_device(0, np.int32)
        return LBFGSState(count, count, zeros, zeros, none)

    def update(
        self,
        params: Any,
        grads: Any,
        opt_state: LBFGSState,
        loss_and_grads: LossAndGrads | None = None,
    ) -> tuple[Any, LBFGSState]:
        if loss_and_grads is None:
            raise OptionError(
                "LBFGS().update expects the loss as a fourth argument, a function "
                "params -> (loss, grads), got None. See training/step.py."
            )
        if not jax.tree.leaves(params):
            return params, opt_state
        theta, as_params = ravel_pytree(params)
        g, _ = ravel_pytree(grads)
        loss, _ = loss_and_grads(params)
        d = _direction(g, opt_state)
        d = jnp.where(g @ d < 0, d, -g)

        def at(t: Array) -> tuple[Array, Array, Array]:
            f, gradient = loss_and_grads(as_params(theta + t * d))
            gradient, _ = ravel_pytree(gradient)
            return f, gradient, gradient @ d

        size = jnp.abs(g).sum()
        first = 1.0 / jnp.where(size > 1, size, 1.0)  # as long as SciPy's
        t = jnp.where(opt_state.inverses[-1] > 0, jnp.ones_like(first), first)
        search = self._search(at, loss, g, g @ d, t)
        found = search.best_t > 0
        s = search.best_t * d
        state = _remember(opt_state, s, search.best_gradient - g)
        state = LBFGSState(
            step=opt_state.step + 1,
            n_evaluations=opt_state.n_evaluations + search.n + 1,
            moves=state.moves,
            turns=state.turns,
            inverses=jnp.where(found, state.inverses, 0.0),
        )
        return as_params(jnp.where(found, theta + s, theta)), state

    def _search(
        self, at: Callable[[Array], Any], loss: Array, g: Array, slope: Array, t: Array
    ) -> _Search:
        """Return a search that has found a step length, or has given up."""
        zero, infinite = jnp.zeros_like(loss), jnp.full_like(loss, jnp.inf)
        start = _Search(
            low=zero,
            high=infinite,
            low_loss=loss,
            low_slope=slope,
            t=t.astype(loss.dtype),
            best_t=zero,
            best_loss=loss,
            best_gradient=g,
            n=jnp.asarray(0, jnp.int32),
            done=slope == 0,
        )

        def turn(s: _Search) -> _Search:
            f, gradient, f_slope = at(s.t)
            finite = jnp.isfinite(f) & jnp.isfinite(gradient).all()
            falls = finite & (f < loss) & (f <= loss + self.decrease * s.t * slope)
            done = falls & (f_slope >= self.curvature * slope)
            low, high = jnp.where(falls, s.t, s.low), jnp.where(falls, s.high, s.t)
            # the lowest point of the parabola through (low, f, slope) and (t, f)
            step = s.t - s.low
            bend = f - s.low_loss - s.low_slope * step
            lowest = s.low - 0.5 * s.low_slope * step * step / jnp.where(bend > 0, bend, 1.0)
            middle = low + 0.5 * (high - low)
            between = jnp.where(~falls & finite & (bend > 0), lowest, middle)
            edge = 0.1 * (high - low)
            between = jnp.clip(between, low + edge, high - edge)
            better = done | (finite & (f < s.best_loss))
            return _Search(
                low=low,
                high=high,
                low_loss=jnp.where(falls, f, s.low_loss),
                low_slope=jnp.where(falls, f_slope, s.low_slope),
                t=jnp.where(jnp.isfinite(high), between, 2.0 * s.t),
                best_t=jnp.where(better, s.t, s.best_t),
                best_loss=jnp.where(better, f, s.best_loss),
                best_gradient=jnp.where(better, gradient, s.best_gradient),
                n=s.n + 1,
                done=done,
            )

        return jax.lax.while_loop(lambda s: ~s.done & (s.n < self.most_tries), turn, start)


def _direction(g: Float[Array, " n"], state: LBFGSState) -> Float[Array, " n"]:
    """Return -H g; without memory the gradient's own direction."""

    def backwards(q: Array, last: tuple[Array, Array, Array]) -> tuple[Array, Array]:
        s, y, inverse = last
        share = inverse * (s @ q)
        return q - share * y, share

    def forwards(r: Array, last: tuple[Array, Array, Array, Array]) -> tuple[Array, None]:
        s, y, inverse, share = last
        return r + s * (share - inverse * (y @ r)), None

    pairs = (state.moves, state.turns, state.inverses)
    q, shares = jax.lax.scan(backwards, g, pairs, reverse=True)
    y, inverse = state.turns[-1], state.inverses[-1]
    known = inverse > 0
    size = jnp.where(known, 1.0 / jnp.where(known, inverse * (y @ y), 1.0), 1.0)
    r, _ = jax.lax.scan(forwards, size * q, (*pairs, shares))
    return -r


def _remember(state: LBFGSState, s: Float[Array, " n"], y: Float[Array, " n"]) -> LBFGSState:
    """Return the state with one more pair, unless the curvature along it is not positive."""
    bend = s @ y
    # a cosine, so that the unit of the loss does not matter
    good = bend > jnp.finfo(s.dtype).eps * jnp.linalg.norm(s) * jnp.linalg.norm(y)
    inverse = 1.0 / jnp.where(good, bend, 1.0)

    def pushed(old: Array, new: Array) -> Array:
        return jnp.where(good, jnp.concatenate([old[1:], new[None]]), old)

    return LBFGSState(
        step=state.step,
        n_evaluations=state.n_evaluations,
        moves=pushed(state.moves, s),
        turns=pushed(state.turns, y),
        inverses=pushed(state.inverses, inverse),
    )
