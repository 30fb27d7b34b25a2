"""How far each sample has settled: its state, its residual, its sweeps, and how it ended.

    residual    ‖f(h) - h‖ of a sample, the Euclidean norm over its units
    settled     residual ≤ tol (‖f(h)‖ + 0.01 √n)

Without a tolerance, that of the number type: as small as rounding allows with room to spare.  A
residual that stops falling within `FLOOR_ROOM` roundings of the state's size is at the floor of the
number type: no tolerance below it can be met, and the sample counts as done.
"""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from chainrule.engine.pytree import pytree

LIVE, SETTLED, FLOOR, OVERFLOW = 0, 1, 2, 3
STATUSES = ("unsettled", "settled", "floor", "overflow")

SMALL_STATE = 0.01  # per unit: below this size of a state, the tolerance is absolute
FLOOR_ROOM = 200.0
WINDOW = 8  # sweeps after which a residual should have fallen


@pytree
class Settled:
    """Where settling ended; `status` indexes `STATUSES`."""

    value: Float[Array, "batch n"]
    residual: Float[Array, " batch"]
    sweeps: Int[Array, " batch"]
    status: Int[Array, " batch"]

    @property
    def usable(self) -> Bool[Array, " batch"]:
        """Which samples stand still, to their tolerance or to the floor of the number type."""
        return (self.status == SETTLED) | (self.status == FLOOR)


def automatic_tolerance(dtype: Any) -> float:
    """Return the tolerance for a number type: 5e-7 for float32, 2e-15 for float64."""
    return (4 if dtype == jnp.float32 else 8) * float(jnp.finfo(dtype).eps)


def norms(a: Float[Array, "batch n"]) -> Float[Array, " batch"]:
    """Return the Euclidean norm of each row."""
    return jnp.sqrt(jnp.sum(a * a, axis=1))


def judge(
    residual: Float[Array, " batch"],
    size: Float[Array, " batch"],
    mark: Float[Array, " batch"],
    at_mark: Bool[Array, ""],
    tol: Array,
    smallest: Array,
) -> Int[Array, " batch"]:
    """Return the status of each sample; `mark` is its residual a window of sweeps ago."""
    eps = jnp.finfo(residual.dtype).eps
    stuck = at_mark & (residual >= mark) & (residual <= FLOOR_ROOM * eps * size)
    status = jnp.where(residual <= tol * (size + smallest), SETTLED, jnp.where(stuck, FLOOR, LIVE))
    return jnp.where(jnp.isfinite(residual), status, OVERFLOW)
