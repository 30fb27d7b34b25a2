"""The error by factors: the linear system of each sample solved outright, for few units.

    v = (I - Jᵀ)⁻¹ e

Every sample has a Jacobian J of its own, so samples go in blocks (see `newton`).
"""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array

from chainrule.engine.networks.settling.newton import in_blocks
from chainrule.engine.networks.settling.solver import Problem, Solver
from chainrule.engine.networks.settling.state import OVERFLOW, SETTLED, Settled, norms


def settle(problem: Problem) -> Settled:
    """Return v = e + Jᵀ v of each sample; e is where the problem starts."""
    image, slopes, n = problem.image, problem.slopes, problem.start.shape[1]
    assert slopes is not None

    def solve(given: Any) -> tuple[Array, Array]:
        context, e = given
        system = jnp.eye(n, dtype=e.dtype)[None] - slopes(context, e)
        v = jnp.linalg.solve(system, e[:, :, None])[:, :, 0]
        return v, norms(image(context, v) - v)

    v, residual = in_blocks(solve, (problem.context, problem.start), n)
    finite = jnp.isfinite(residual)
    status = jnp.where(finite, SETTLED, OVERFLOW).astype(jnp.int32)
    return Settled(v, residual, jnp.ones_like(status), status, jnp.ones_like(residual))


LU = Solver("lu", settle, of_states=False, needs_slopes=True)
