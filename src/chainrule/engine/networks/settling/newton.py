"""Newton's method: for few units, where sweeps are many.

    h ← h + (I - J)⁻¹ (f(h) - h)

Every sample has a Jacobian J of its own, so samples go in blocks that keep within `CAP_BYTES`.
Newton's method finds fixed points whether or not the network would settle there by itself.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

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

MOST_STEPS = 50
CAP_BYTES = 16 * 2**20


def settle(problem: Problem) -> Settled:
    """Iterate until every sample stands still, at most `MOST_STEPS` times."""
    jacobian, tol, least = problem.slopes, problem.tol, problem.least_size
    assert jacobian is not None
    n, dtype = problem.start.shape[1], problem.start.dtype
    last = jnp.minimum(problem.max_settle, MOST_STEPS)
    eps = jnp.finfo(dtype).eps

    def block(given: tuple[Any, Array]) -> Settled:
        context, start = given

        def once(carry: tuple[Settled, Array]) -> tuple[Settled, Array]:
            s, number = carry
            live = s.status == LIVE
            image = problem.image(context, s.value)
            move = image - s.value
            residual, size = norms(move), norms(image)
            status = jnp.where(residual <= tol * (size + least), SETTLED, LIVE)
            stuck = (residual >= 0.5 * s.residual) & (residual <= FLOOR_ROOM * eps * size)
            status = jnp.where((status == LIVE) & stuck, FLOOR, status)
            status = jnp.where(jnp.isfinite(residual), status, OVERFLOW)
            slopes = jnp.eye(n, dtype=dtype)[None] - jacobian(context, s.value)
            step = jnp.linalg.solve(slopes, move[:, :, None])[:, :, 0]
            go = (live & (status == LIVE))[:, None]
            return Settled(
                value=jnp.where(go, s.value + step, s.value),
                residual=jnp.where(live, residual, s.residual),
                sweeps=s.sweeps + live.astype(jnp.int32),
                status=jnp.where(live, status, s.status),
                alpha=s.alpha,
            ), number + 1

        def goes_on(carry: tuple[Settled, Array]) -> Array:
            s, number = carry
            return jnp.any(s.status == LIVE) & (number < last)

        size = start.shape[0]
        none = jnp.zeros(size, jnp.int32)
        state = Settled(start, jnp.full(size, jnp.inf, dtype), none, none, jnp.ones(size, dtype))
        return jax.lax.while_loop(goes_on, once, (state, jnp.asarray(0, jnp.int32)))[0]

    return in_blocks(block, (problem.context, problem.start), n)


def in_blocks(function: Callable[[Any], Any], given: Any, n: int) -> Any:
    """Apply `function` to blocks of samples whose Jacobians fit under the cap."""
    leaf = jax.tree.leaves(given)[0]
    batch = leaf.shape[0]
    per_block = max(1, CAP_BYTES // (3 * n * n * leaf.dtype.itemsize))
    if per_block >= batch:
        return function(given)
    n_blocks = -(-batch // per_block)
    padding = n_blocks * per_block - batch

    def split(a: Array) -> Array:
        padded = jnp.concatenate([a, jnp.repeat(a[-1:], padding, axis=0)])
        return padded.reshape(n_blocks, per_block, *a.shape[1:])

    out = jax.lax.map(function, jax.tree.map(split, given))
    return jax.tree.map(lambda a: a.reshape(-1, *a.shape[2:])[:batch], out)


NEWTON = Solver("newton", settle, of_errors=False, needs_slopes=True, in_numpy="newton")
