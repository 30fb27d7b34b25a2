"""Solvers of fixed points, by the names that `settle_solver` and `adjoint_solver` give them."""

from chainrule.engine.networks.settling.anderson import ANDERSON
from chainrule.engine.networks.settling.auto import AUTO
from chainrule.engine.networks.settling.contraction import CONTRACTION
from chainrule.engine.networks.settling.lu import LU
from chainrule.engine.networks.settling.newton import NEWTON
from chainrule.engine.networks.settling.picard import PICARD
from chainrule.engine.networks.settling.solver import Problem, Solver
from chainrule.engine.networks.settling.state import Settled

_ALL = (
    AUTO,
    PICARD,
    ANDERSON,
    CONTRACTION,
    NEWTON,
    LU,
)
SOLVERS: dict[str, Solver] = {each.name: each for each in _ALL}
OF_STATES = tuple(name for name, solver in SOLVERS.items() if solver.of_states)
OF_ERRORS = tuple(name for name, solver in SOLVERS.items() if solver.of_errors)

__all__ = ["OF_ERRORS", "OF_STATES", "SOLVERS", "Problem", "Settled", "Solver"]
