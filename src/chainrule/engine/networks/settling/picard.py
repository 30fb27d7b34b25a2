"""Damped Picard iteration: each sample moves towards its own image until it stands still.

    h ← h + α (f(h) - h)

The continuous network τ dh/dt = -h + f(h) in Euler steps of length Δt is the same with α = Δt / τ.
Near a fixed point whose Jacobian has the eigenvalues λ it converges if |1 - α + α λ| < 1 for all of
them, so a small enough α settles whatever the continuous network settles.

With α left to itself it starts at 1, and is halved for a sample whose residual has not fallen below
its least for a window of sweeps.
"""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from chainrule.engine.networks.settling.buckets import MOST_SHRINKINGS, sweep_until_done
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


@pytree
class PicardState:
    """One sample a row: its state, and the numbers of its `Progress`."""

    value: Float[Array, "batch n"]
    numbers: Float[Array, "batch numbers"]


def sweeps(problem: Problem, last: Array, *, shrinkings: int) -> tuple[PicardState, Int[Array, ""]]:
    """Iterate until every sample is done or sweep `last`; return the number of the next sweep."""
    start, rates, first_image = problem.start, problem.rates, problem.first_image
    least = problem.least_size

    def sweep(context: Any, state: PicardState) -> PicardState:
        return towards(problem.image(context, state.value), state)

    def towards(image: Array, state: PicardState) -> PicardState:
        before = Progress.of(state.numbers)
        live = before.status == LIVE
        move = image - state.value
        now = before.after(norms(move), norms(image), problem.tol, least)
        if problem.adapts:
            goes_on = now.status == LIVE
            now = now.slower(now.stuck & goes_on)
            move = jnp.where(goes_on[:, None], now.alpha[:, None] * move, move)
        if rates is not None:
            move = rates[None, :] * move
        moves = live & (now.status != OVERFLOW)
        return PicardState(
            value=jnp.where(moves[:, None], state.value + move, state.value),
            numbers=jnp.where(live[:, None], now.numbers, state.numbers),
        )

    state = PicardState(start, Progress.at_start(len(start), start.dtype).numbers)
    first = jnp.asarray(0, jnp.int32)
    if first_image is not None:
        state, first = towards(first_image, state), first + 1

    def live(state: PicardState) -> Array:
        return is_live(state.numbers)

    return sweep_until_done(sweep, live, problem.context, state, first, last, shrinkings=shrinkings)


def settle(problem: Problem) -> Settled:
    """Settle by sweeps alone."""
    shrinkings = MOST_SHRINKINGS if problem.compacts else 0
    state, _ = sweeps(problem, problem.max_settle, shrinkings=shrinkings)
    return Progress.of(state.numbers).settled(state.value)


PICARD = Solver("picard", settle, plain=True, in_numpy="picard")
