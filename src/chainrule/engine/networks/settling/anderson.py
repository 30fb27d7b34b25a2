"""Anderson's method: each sample extrapolates from its last few moves to where they would end.

    r = f(h) - h,   γ = argmin ‖r - ΔR γ‖,   h ← h + α r - (ΔH + α ΔR) γ

ΔH and ΔR hold the last `MEMORY` differences of states and of residuals.  The least-squares problem
is solved by its normal equations, a little damped, which are as small as the memory.  A sample
whose residual grows tenfold, or has not fallen for a window of sweeps, forgets its past and goes on
with half the α.

References: Anderson (1965), J. ACM 12:547-560; Walker & Ni (2011), SIAM J. Numer. Anal. 49:1715.
"""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from chainrule.engine.networks.settling.buckets import in_groups, sweep_until_done
from chainrule.engine.networks.settling.state import (
    LIVE,
    OVERFLOW,
    SMALLEST_ALPHA,
    Fall,
    Settled,
    judge,
    no_fall_yet,
    norms,
)
from chainrule.engine.pytree import pytree

MEMORY = 5
RESTART = 10.0  # growth of the residual over the least so far at which a sample starts afresh


@pytree
class AndersonState:
    """One sample a row: its state, its last differences, and how it fares."""

    value: Float[Array, "batch n"]
    residual: Float[Array, " batch"]
    sweeps: Int[Array, " batch"]
    status: Int[Array, " batch"]
    alpha: Float[Array, " batch"]
    fall: Fall
    age: Int[Array, " batch"]
    last_value: Float[Array, "batch n"]
    last_move: Float[Array, "batch n"]
    d_values: Float[Array, "batch memory n"]
    d_moves: Float[Array, "batch memory n"]


def anderson(
    f: Callable[[Any, Array], Array],
    context: Any,
    before: Settled,
    *,
    rates: Float[Array, " n"] | None,
    tol: Array,
    smallest: float,
    first: Array,
    last: Array,
    group: int,
) -> Settled:
    """Go on from the state `before`, by groups, until every sample is done or sweep `last`.

    `rates` are the α of each unit; 1 if None.
    """
    n, dtype = before.value.shape[1], before.value.dtype
    least = jnp.asarray(smallest * n**0.5, dtype)
    damping = jnp.asarray(float(jnp.finfo(dtype).eps), dtype)
    tiny = jnp.asarray(float(jnp.finfo(dtype).tiny), dtype)

    def sweep(context: Any, s: AndersonState, number: Array) -> AndersonState:
        del number
        live = s.status == LIVE
        image = f(context, s.value)
        move = image - s.value
        residual = norms(move)
        fall = s.fall.after(residual)
        status = judge(residual, norms(image), fall, tol, least)
        restart = fall.stuck | (residual > RESTART * s.fall.least)
        fall = fall.anew(restart, residual)
        alpha = jnp.where(restart & live, jnp.maximum(0.5 * s.alpha, SMALLEST_ALPHA), s.alpha)
        age = jnp.where(restart, 0, s.age)
        slot = (s.age % MEMORY)[:, None] == jnp.arange(MEMORY, dtype=jnp.int32)[None, :]
        put = (slot & (age > 0)[:, None])[:, :, None]
        keep = ~restart[:, None, None]
        d_values = jnp.where(
            put, (s.value - s.last_value)[:, None, :], jnp.where(keep, s.d_values, 0)
        )
        d_moves = jnp.where(put, (move - s.last_move)[:, None, :], jnp.where(keep, s.d_moves, 0))
        gram = jnp.einsum("bin,bjn->bij", d_moves, d_moves)
        right = jnp.einsum("bin,bn->bi", d_moves, move)
        trace = jnp.trace(gram, axis1=1, axis2=2)
        ridge = (damping * trace + tiny)[:, None, None] * jnp.eye(MEMORY, dtype=dtype)[None]
        gamma = _solve_small(gram + ridge, right)
        share = alpha[:, None] if rates is None else alpha[:, None] * rates[None, :]
        own = share * move
        step = own - jnp.einsum("bi,bin->bn", gamma, d_values + share[:, None, :] * d_moves)
        ends = (status == LIVE)[:, None]
        step = jnp.where(ends, step, own)
        go = live & (status != OVERFLOW)
        rows, blocks = go[:, None], go[:, None, None]
        return AndersonState(
            value=jnp.where(rows, s.value + step, s.value),
            residual=jnp.where(live, residual, s.residual),
            sweeps=s.sweeps + live.astype(jnp.int32),
            status=jnp.where(live, status, s.status),
            alpha=alpha,
            fall=fall,
            age=jnp.where(go, age + 1, s.age),
            last_value=jnp.where(rows, s.value, s.last_value),
            last_move=jnp.where(rows, move, s.last_move),
            d_values=jnp.where(blocks, d_values, s.d_values),
            d_moves=jnp.where(blocks, d_moves, s.d_moves),
        )

    def settle(context: Any, before: Settled) -> Settled:
        state, _ = sweep_until_done(
            sweep, _is_live, context, _without_past(before), first, last, shrinkings=0
        )
        return Settled(state.value, state.residual, state.sweeps, state.status, state.alpha)

    return in_groups(settle, _is_live, context, before, group=group)


def _is_live(state: Any) -> Array:
    return state.status == LIVE


def _without_past(before: Settled) -> AndersonState:
    batch, n = before.value.shape
    zeros = jnp.zeros_like(before.value)
    past = jnp.zeros((batch, MEMORY, n), before.value.dtype)
    return AndersonState(
        value=before.value,
        residual=before.residual,
        sweeps=before.sweeps,
        status=before.status,
        alpha=jnp.ones_like(before.alpha),
        fall=no_fall_yet(batch, before.value.dtype),
        age=jnp.zeros(batch, jnp.int32),
        last_value=zeros,
        last_move=zeros,
        d_values=past,
        d_moves=past,
    )


def _solve_small(a: Float[Array, "batch m m"], b: Float[Array, "batch m"]) -> Array:
    """Solve positive definite systems, all at once, by Gauss and Jordan's elimination."""
    table = jnp.concatenate([a, b[:, :, None]], axis=2)
    for i in range(a.shape[1]):
        row = table[:, i, :] / table[:, i, i, None]
        table = table - table[:, :, i, None] * row[:, None, :]
        table = table.at[:, i, :].set(row)
    return table[:, :, -1]
