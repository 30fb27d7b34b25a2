"""Which solver settles: by name, or chosen by itself.

picard     damped sweeps; cheapest, best while the network settles quickly
anderson   extrapolates; for spectral radii near 1
newton     few units only; finds fixed points that no sweeps reach
lu         for the adjoint only: solves the linear system of each sample
auto       `PATIENCE` sweeps of Picard's, then Anderson's for the samples that are not done
"""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from chainrule.engine.networks.settling.anderson import anderson
from chainrule.engine.networks.settling.buckets import MOST_SHRINKINGS
from chainrule.engine.networks.settling.picard import picard
from chainrule.engine.networks.settling.state import Progress, Settled
from chainrule.errors import not_known

PATIENCE = 64
GROUPS, SMALLEST_GROUP = 8, 8
FORWARD, ADJOINT = ("auto", "picard", "anderson", "newton"), ("auto", "picard", "anderson", "lu")


def check_solver(name: str, value: Any, known: tuple[str, ...]) -> None:
    """Refuse a solver that does not exist.

    Raises
    ------
    OptionError
        With those there are.
    """
    if value not in known:
        raise not_known(name, value, known)


def sweep(
    f: Callable[[Any, Array], Array],
    context: Any,
    start: Float[Array, "batch n"],
    *,
    solver: str,
    rates: Float[Array, " n"] | None,
    adapts: bool,
    tol: Array,
    smallest: float,
    max_sweeps: Array,
    compacts: bool = True,
    first_image: Float[Array, "batch n"] | None = None,
) -> Settled:
    """Settle by sweeps: "auto", "picard" or "anderson"; the image of `start` may be given."""
    last = jnp.asarray(max_sweeps, jnp.int32)
    plain = {"auto": jnp.minimum(last, PATIENCE), "picard": last, "anderson": jnp.int32(1)}[solver]
    limits: dict[str, Any] = {"tol": tol, "smallest": smallest, "last": last}
    shrinkings = MOST_SHRINKINGS if compacts and solver == "picard" else 0
    state, number = picard(
        f,
        context,
        start,
        rates=rates,
        adapts=adapts,
        shrinkings=shrinkings,
        first_image=first_image,
        **{**limits, "last": plain},
    )
    if solver != "picard":
        batch = start.shape[0]
        group = max(SMALLEST_GROUP, batch // GROUPS) if compacts else batch
        state = anderson(f, context, state, rates=rates, first=number, group=group, **limits)
    return Progress.of(state.numbers).settled(state.value)
