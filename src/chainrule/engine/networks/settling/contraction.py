"""Plain sweeps of a map that brings any two states nearer: little to keep track of.

    h ← f(h)

Every full step helps, so nothing is damped or extrapolated, and the samples of a batch are done at
nearly the same time, so it stays whole.  Half as much to compile as for a map of which less is
known.  One that is no contraction is not made one: its samples may come to the end of their sweeps.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from chainrule.engine.networks.settling.picard import PICARD
from chainrule.engine.networks.settling.solver import Problem, Solver
from chainrule.engine.networks.settling.state import (
    FLOOR,
    FLOOR_ROOM,
    LIVE,
    OVERFLOW,
    SETTLED,
    Settled,
    norms,
)
from chainrule.engine.pytree import pytree


@pytree
class ContractionState:
    """One sample a row: its state, its last residual, its sweeps, and how it ended."""

    value: Float[Array, "batch n"]
    residual: Float[Array, " batch"]
    sweeps: Int[Array, " batch"]
    status: Int[Array, " batch"]


def settle(problem: Problem) -> Settled:
    """Sweep until every sample stands still; with time constants, as Picard's iteration does."""
    if problem.rates is not None:
        return PICARD.settle(problem)
    start, tol, least = problem.start, problem.tol, problem.least_size
    batch, dtype = len(start), start.dtype
    eps = jnp.finfo(dtype).eps

    def towards(image: Array, s: ContractionState) -> ContractionState:
        live = s.status == LIVE
        residual, size = norms(image - s.value), norms(image)
        floor = (residual >= s.residual) & (residual <= FLOOR_ROOM * eps * size)
        status = jnp.where(floor, FLOOR, LIVE)
        status = jnp.where(residual <= tol * (size + least), SETTLED, status)
        finite = jnp.isfinite(residual) & jnp.isfinite(size)
        status = jnp.where(finite, status, OVERFLOW).astype(jnp.int32)
        return ContractionState(
            value=jnp.where((live & finite)[:, None], image, s.value),
            residual=jnp.where(live, residual, s.residual),
            sweeps=jnp.where(live, s.sweeps + 1, s.sweeps),
            status=jnp.where(live, status, s.status),
        )

    def sweep(carry: tuple[ContractionState, Array]) -> tuple[ContractionState, Array]:
        state, number = carry
        return towards(problem.image(problem.context, state.value), state), number + 1

    def goes_on(carry: tuple[ContractionState, Array]) -> Array:
        state, number = carry
        return jnp.any(state.status == LIVE) & (number < problem.max_settle)

    none = jnp.zeros(batch, jnp.int32)
    state = ContractionState(start, jnp.full(batch, jnp.inf, dtype), none, none + LIVE)
    first = jnp.asarray(0, jnp.int32)
    if problem.first_image is not None:
        state, first = towards(problem.first_image, state), first + 1
    state, _ = jax.lax.while_loop(goes_on, sweep, (state, first))
    ones = jnp.ones(batch, dtype)
    return Settled(state.value, state.residual, state.sweeps, state.status, ones)


CONTRACTION = Solver("contraction", settle, plain=True, in_numpy="picard")
