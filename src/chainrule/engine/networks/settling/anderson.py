"""Anderson's method: each sample extrapolates from its last few moves to where they would end.

    r = f(h) - h,   γ = argmin ‖r - ΔR γ‖,   h ← h + β r - (ΔH + β ΔR) γ

ΔH and ΔR hold the last `MEMORY` differences of states and of residuals.  The least-squares problem
is solved by its normal equations, a little damped, which are as small as the memory.  A sample
whose residual grows tenfold forgets its past and moves as in Picard's iteration.

References: Anderson (1965), J. ACM 12:547-560; Walker & Ni (2011), SIAM J. Numer. Anal. 49:1715.
"""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from chainrule.engine.networks.settling.buckets import in_groups
from chainrule.engine.networks.settling.state import LIVE, OVERFLOW, WINDOW, judge, norms
from chainrule.engine.pytree import pytree

MEMORY = 5
RESTART = 10.0  # growth of the residual over the best so far at which a sample starts afresh


@pytree
class AndersonState:
    """One sample a row: its state, its last differences, and how it fares."""

    value: Float[Array, "batch n"]
    residual: Float[Array, " batch"]
    sweeps: Int[Array, " batch"]
    status: Int[Array, " batch"]
    mark: Float[Array, " batch"]
    best: Float[Array, " batch"]
    age: Int[Array, " batch"]
    last_value: Float[Array, "batch n"]
    last_move: Float[Array, "batch n"]
    d_values: Float[Array, "batch memory n"]
    d_moves: Float[Array, "batch memory n"]


def anderson(
    f: Callable[[Any, Array], Array],
    context: Any,
    before: Any,
    *,
    beta: Float[Array, " n"] | None,
    tol: Array,
    smallest: float,
    first: Array,
    last: Array,
    group: int,
) -> AndersonState:
    """Go on from the state `before`, by groups, until every sample is done or sweep `last`.

    `beta` is the share of the residual that is added for each unit; 1 if None.
    """
    batch, n = before.value.shape
    dtype = before.value.dtype
    least = jnp.asarray(smallest * n**0.5, dtype)
    damping = jnp.asarray(float(jnp.finfo(dtype).eps), dtype)
    tiny = jnp.asarray(float(jnp.finfo(dtype).tiny), dtype)

    def sweep(context: Any, s: AndersonState, number: Array) -> AndersonState:
        live = s.status == LIVE
        image = f(context, s.value)
        move = image - s.value
        residual = norms(move)
        at_mark = number % WINDOW == WINDOW - 1
        status = judge(residual, norms(image), s.mark, at_mark, tol, least)
        restart = residual > RESTART * s.best
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
        own = move if beta is None else beta[None, :] * move
        back = d_moves if beta is None else beta[None, None, :] * d_moves
        step = own - jnp.einsum("bi,bin->bn", gamma, d_values + back)
        ends = (status == LIVE)[:, None]
        step = jnp.where(ends, step, own)
        go = live & (status != OVERFLOW)
        rows, blocks = go[:, None], go[:, None, None]
        return AndersonState(
            value=jnp.where(rows, s.value + step, s.value),
            residual=jnp.where(live, residual, s.residual),
            sweeps=s.sweeps + live.astype(jnp.int32),
            status=jnp.where(live, status, s.status),
            mark=jnp.where(at_mark & live, residual, s.mark),
            best=jnp.where(live & (restart | (residual < s.best)), residual, s.best),
            age=jnp.where(go, age + 1, s.age),
            last_value=jnp.where(rows, s.value, s.last_value),
            last_move=jnp.where(rows, move, s.last_move),
            d_values=jnp.where(blocks, d_values, s.d_values),
            d_moves=jnp.where(blocks, d_moves, s.d_moves),
        )

    infinite = jnp.full(batch, jnp.inf, dtype)
    zeros = jnp.zeros((batch, n), dtype)
    past = jnp.zeros((batch, MEMORY, n), dtype)
    state = AndersonState(
        value=before.value,
        residual=before.residual,
        sweeps=before.sweeps,
        status=before.status,
        mark=infinite,
        best=infinite,
        age=jnp.zeros(batch, jnp.int32),
        last_value=zeros,
        last_move=zeros,
        d_values=past,
        d_moves=past,
    )
    return in_groups(sweep, lambda s: s.status == LIVE, context, state, first, last, group=group)


def _solve_small(a: Float[Array, "batch m m"], b: Float[Array, "batch m"]) -> Array:
    """Solve positive definite systems, all at once, by Gauss and Jordan's elimination."""
    table = jnp.concatenate([a, b[:, :, None]], axis=2)
    for i in range(a.shape[1]):
        row = table[:, i, :] / table[:, i, i, None]
        table = table - table[:, :, i, None] * row[:, None, :]
        table = table.at[:, i, :].set(row)
    return table[:, :, -1]
