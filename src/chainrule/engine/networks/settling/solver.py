"""What every solver of fixed points promises: from a problem, where each sample ended.

    problem    h ← f(context, h) from `start`; each row of the context belongs to one sample
    settle     problem → `Settled`

A solver is one file with one record, a `Solver`.  What settles may be a state, or the error of the
backward pass, which is a linear problem.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import jax.numpy as jnp
from jaxtyping import Array, Float

from chainrule.engine.networks.settling.state import Settled


@dataclass(frozen=True, eq=False)
class Problem:
    """What is to settle, and how far.

    Attributes
    ----------
    image : callable
        f(context, h) of samples.
    slopes : callable or None
        Its Jacobian of each sample, (batch, n, n), where it is known.
    rates : array of shape (n,), optional
        α of each unit; 1 if None.
    adapts : bool
        Whether a sample's α is halved when its residual does not fall.
    rises : bool
        Whether states rise to their fixed point, so that full steps settle and none may skip.
    smallest : float
        Size of a unit's state below which the tolerance is absolute.
    compacts : bool
        Whether samples that are done leave the batch.
    first_image : array of shape (batch, n), optional
        The image of `start`, where it is known for less than a sweep.
    """

    image: Callable[[Any, Array], Array]
    context: Any
    start: Float[Array, "batch n"]
    tol: Array
    max_settle: Array
    slopes: Callable[[Any, Array], Array] | None = None
    rates: Float[Array, " n"] | None = None
    adapts: bool = True
    rises: bool = False
    smallest: float = 0.0
    compacts: bool = True
    first_image: Float[Array, "batch n"] | None = None

    @property
    def least_size(self) -> Array:
        """The size of a sample's state that counts as none."""
        n, dtype = self.start.shape[1], self.start.dtype
        return jnp.asarray(self.smallest * n**0.5, dtype)


@dataclass(frozen=True)
class Solver:
    """A solver of fixed points.

    Attributes
    ----------
    name : str
        What `settle_solver` or `adjoint_solver` call it.
    settle : callable
        From a problem to where it ended.
    of_states, of_errors : bool
        What it can settle.
    needs_slopes : bool
        Whether the problem must give its Jacobian.
    plain : bool
        Whether it goes by sweeps alone, so that the step's length decides.
    in_numpy : {"picard", "anderson", "newton"}
        How predictions settle, where NumPy does it alone.
    """

    name: str
    settle: Callable[[Problem], Settled]
    of_states: bool = True
    of_errors: bool = True
    needs_slopes: bool = False
    plain: bool = False
    in_numpy: Literal["picard", "anderson", "newton"] = "anderson"
