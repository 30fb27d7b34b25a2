"""Damped Picard iteration: each sample moves towards its own image until it stands still.

    h ← h + α (f(h) - h)

The continuous network τ dh/dt = -h + f(h) in Euler steps of length Δt is the same with α = Δt / τ.
Near a fixed point whose Jacobian has the eigenvalues λ it converges if |1 - α + α λ| < 1 for all of
them, so a small enough α settles whatever the continuous network settles.

With α left to itself it starts at 1, and is halved for a sample whose residual has not fallen below
its least for a window of sweeps.
"""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from chainrule.engine.networks.settling.buckets import sweep_until_done
from chainrule.engine.networks.settling.state import LIVE, OVERFLOW, Progress, is_live, norms
from chainrule.engine.pytree import pytree


@pytree
class PicardState:
    """One sample a row: its state, and the numbers of its `Progress`."""

    value: Float[Array, "batch n"]
    numbers: Float[Array, "batch numbers"]


def picard(
    f: Callable[[Any, Array], Array],
    context: Any,
    start: Float[Array, "batch n"],
    *,
    rates: Float[Array, " n"] | None,
    adapts: bool,
    tol: Array,
    smallest: float,
    last: Array,
    shrinkings: int,
    first_image: Float[Array, "batch n"] | None = None,
) -> tuple[PicardState, Int[Array, ""]]:
    """Iterate until every sample is done or sweep `last`; `rates` are α of each unit (1 if None).

    With `adapts`, each sample's rates are halved when its residual does not fall.  The image of
    `start` may be given where it is known for less than a sweep.
    """
    batch, n = start.shape
    dtype = start.dtype
    least = jnp.asarray(smallest * n**0.5, dtype)

    def sweep(context: Any, state: PicardState) -> PicardState:
        return towards(f(context, state.value), state)

    def towards(image: Array, state: PicardState) -> PicardState:
        before = Progress.of(state.numbers)
        live = before.status == LIVE
        move = image - state.value
        now = before.after(norms(move), norms(image), tol, least)
        if adapts:
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

    state = PicardState(start, Progress.at_start(batch, dtype).numbers)
    first = jnp.asarray(0, jnp.int32)
    if first_image is not None:
        state, first = towards(first_image, state), first + 1
    return sweep_until_done(
        sweep, lambda s: is_live(s.numbers), context, state, first, last, shrinkings=shrinkings
    )
