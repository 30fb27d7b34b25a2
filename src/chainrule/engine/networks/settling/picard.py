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


@pytree
class PicardState:
    """One sample a row: its state, how it moves, and how it fares."""

    value: Float[Array, "batch n"]
    residual: Float[Array, " batch"]
    sweeps: Int[Array, " batch"]
    status: Int[Array, " batch"]
    alpha: Float[Array, " batch"]
    fall: Fall

    @property
    def ended(self) -> tuple[Array, ...]:
        """What is left when it ends."""
        return self.value, self.residual, self.sweeps, self.status, self.alpha


def picard(
    f: Callable[[Any, Array], Array],
    context: Any,
    start: Float[Array, "batch n"],
    *,
    rates: Float[Array, " n"] | None,
    adapts: bool,
    tol: Array,
    smallest: float,
    first: Array,
    last: Array,
    shrinkings: int,
) -> tuple[Settled, Array]:
    """Iterate until every sample is done or sweep `last`; `rates` are α of each unit (1 if None).

    With `adapts`, each sample's rates are halved when its residual does not fall.
    """
    batch, n = start.shape
    dtype = start.dtype
    least = jnp.asarray(smallest * n**0.5, dtype)

    def sweep(context: Any, state: PicardState, number: Array) -> PicardState:
        del number
        live = state.status == LIVE
        image = f(context, state.value)
        move = image - state.value
        residual = norms(move)
        fall, alpha = state.fall.after(residual), state.alpha
        status = judge(residual, norms(image), fall, tol, least)
        if adapts:
            halve = fall.stuck & (status == LIVE)
            alpha = jnp.where(halve, jnp.maximum(0.5 * alpha, SMALLEST_ALPHA), alpha)
            fall = fall.anew(halve, residual)
            move = jnp.where((status == LIVE)[:, None], alpha[:, None] * move, move)
        if rates is not None:
            move = rates[None, :] * move
        return PicardState(
            value=jnp.where(
                (live & (status != OVERFLOW))[:, None], state.value + move, state.value
            ),
            residual=jnp.where(live, residual, state.residual),
            sweeps=state.sweeps + live.astype(jnp.int32),
            status=jnp.where(live, status, state.status),
            alpha=alpha,
            fall=fall,
        )

    state = PicardState(
        value=start,
        residual=jnp.full(batch, jnp.inf, dtype),
        sweeps=jnp.zeros(batch, jnp.int32),
        status=jnp.zeros(batch, jnp.int32),
        alpha=jnp.ones(batch, dtype),
        fall=no_fall_yet(batch, dtype),
    )
    state, number = sweep_until_done(
        sweep, lambda s: s.status == LIVE, context, state, first, last, shrinkings=shrinkings
    )
    return Settled(*state.ended), number
