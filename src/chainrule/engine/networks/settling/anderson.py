"""Anderson's method: each sample extrapolates from its last few moves to where they would end.

    r = f(h) - h,   γ = argmin ‖r - ΔR γ‖,   h ← h + α r - (ΔH + α ΔR) γ

ΔH and ΔR hold the last `MEMORY` differences of states and of residuals.  The least-squares problem
is solved by its normal equations, a little damped, which are as small as the memory.  A sample
whose residual grows tenfold, or has not fallen for a window of sweeps, forgets its past and goes on
with half the α.

References: Anderson (1965), J. ACM 12:547-560; Walker & Ni (2011), SIAM J. Numer. Anal. 49:1715.
"""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from chainrule.engine.networks.settling.buckets import in_groups, sweep_until_done
from chainrule.engine.networks.settling.picard import PicardState, sweeps
from chainrule.engine.networks.settling.solver import Problem, Solver
from chainrule.engine.networks.settling.state import (
    LIVE,
    OVERFLOW,
    Progress,
    Settled,
    is_live,
    norms,
)
from chainrule.engine.pytree import pytree

MEMORY = 5
GROUPS, SMALLEST_GROUP = 8, 8
RESTART = 10.0  # growth of the residual over the least so far at which a sample starts afresh


@pytree
class AndersonState:
    """One sample a row: its state, its progress, its last move and its last differences."""

    value: Float[Array, "batch n"]
    numbers: Float[Array, "batch numbers"]
    age: Int[Array, " batch"]
    last: Float[Array, "batch 2 n"]  # the last state, and the last move
    differences: Float[Array, "batch 2 memory n"]  # of states, and of moves


def go_on(problem: Problem, before: PicardState, first: Array) -> Settled:
    """Go on from the state `before`, by groups, until every sample is done."""
    batch, dtype = len(before.value), before.value.dtype
    rates, least, last = problem.rates, problem.least_size, problem.max_settle
    group = max(SMALLEST_GROUP, batch // GROUPS) if problem.compacts else batch
    damping = jnp.asarray(float(jnp.finfo(dtype).eps), dtype)
    tiny = jnp.asarray(float(jnp.finfo(dtype).tiny), dtype)

    def sweep(context: Any, s: AndersonState) -> AndersonState:
        before = Progress.of(s.numbers)
        live = before.status == LIVE
        image = problem.image(context, s.value)
        move = image - s.value
        residual = norms(move)
        now = before.after(residual, norms(image), problem.tol, least)
        restart = now.stuck | (residual > RESTART * before.least)
        now = now.slower(restart)
        age = jnp.where(restart, 0, s.age)
        here = jnp.stack([s.value, move], axis=1)
        slot = (s.age % MEMORY)[:, None] == jnp.arange(MEMORY, dtype=jnp.int32)[None, :]
        put = (slot & (age > 0)[:, None])[:, None, :, None]
        kept = jnp.where(restart[:, None, None, None], 0, s.differences)
        differences = jnp.where(put, (here - s.last)[:, :, None, :], kept)
        d_values, d_moves = differences[:, 0], differences[:, 1]
        gram = jnp.einsum("bin,bjn->bij", d_moves, d_moves)
        right = jnp.einsum("bin,bn->bi", d_moves, move)
        trace = jnp.trace(gram, axis1=1, axis2=2)
        ridge = (damping * trace + tiny)[:, None, None] * jnp.eye(MEMORY, dtype=dtype)[None]
        gamma = _solve_small(gram + ridge, right)
        share = now.alpha[:, None] if rates is None else now.alpha[:, None] * rates[None, :]
        own = share * move
        step = own - jnp.einsum("bi,bin->bn", gamma, d_values + share[:, None, :] * d_moves)
        step = jnp.where((now.status == LIVE)[:, None], step, own)
        go = live & (now.status != OVERFLOW)
        return AndersonState(
            value=jnp.where(go[:, None], s.value + step, s.value),
            numbers=jnp.where(live[:, None], now.numbers, s.numbers),
            age=jnp.where(go, age + 1, s.age),
            last=jnp.where(go[:, None, None], here, s.last),
            differences=jnp.where(go[:, None, None, None], differences, s.differences),
        )

    def live(state: Any) -> Array:
        return is_live(state.numbers)

    def settle(context: Any, before: PicardState) -> PicardState:
        state, _ = sweep_until_done(
            sweep, live, context, _without_past(before), first, last, shrinkings=0
        )
        return PicardState(state.value, state.numbers)

    state = in_groups(settle, live, problem.context, before, group=group)
    return Progress.of(state.numbers).settled(state.value)


def settle(problem: Problem) -> Settled:
    """Settle by extrapolation, from the second sweep on."""
    return go_on(problem, *sweeps(problem, jnp.int32(1), shrinkings=0))


ANDERSON = Solver("anderson", settle)


def _without_past(before: PicardState) -> AndersonState:
    batch, n = before.value.shape
    dtype = before.value.dtype
    progress, fresh = Progress.of(before.numbers), Progress.at_start(batch, dtype)
    progress = progress._replace(least=fresh.least, idle=fresh.idle, alpha=fresh.alpha)
    return AndersonState(
        value=before.value,
        numbers=progress.numbers,
        age=jnp.zeros(batch, jnp.int32),
        last=jnp.zeros((batch, 2, n), dtype),
        differences=jnp.zeros((batch, 2, MEMORY, n), dtype),
    )


def _solve_small(a: Float[Array, "batch m m"], b: Float[Array, "batch m"]) -> Array:
    """Solve positive definite systems, all at once, by Gauss and Jordan's elimination."""
    table = jnp.concatenate([a, b[:, :, None]], axis=2)
    for i in range(a.shape[1]):
        row = table[:, i, :] / table[:, i, i, None]
        table = table - table[:, :, i, None] * row[:, None, :]
        table = table.at[:, i, :].set(row)
    return table[:, :, -1]
