"""The solver by itself: `PATIENCE` sweeps of Picard's, then Anderson's for who is not done.

Where states rise to their fixed point, Picard's alone.
"""

import jax.numpy as jnp

from chainrule.engine.networks.settling.anderson import go_on
from chainrule.engine.networks.settling.picard import PICARD, sweeps
from chainrule.engine.networks.settling.solver import Problem, Solver
from chainrule.engine.networks.settling.state import Settled

PATIENCE = 64


def settle(problem: Problem) -> Settled:
    """Settle by plain sweeps, and by extrapolation what takes long."""
    if problem.rises:
        return PICARD.settle(problem)
    last = jnp.minimum(problem.max_settle, PATIENCE)
    return go_on(problem, *sweeps(problem, last, shrinkings=0))


AUTO = Solver("auto", settle)
