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
FLOOR_ROOM = 50.0
SMALLEST_ALPHA = 1 / 64
WINDOW = 16  # sweeps within which a residual should fall


@pytree
class Settled:
    """Where settling ended; `status` indexes `STATUSES`, `alpha` is the step of the last sweeps."""

    value: Float[Array, "batch n"]
    residual: Float[Array, " batch"]
    sweeps: Int[Array, " batch"]
    status: Int[Array, " batch"]
    alpha: Float[Array, " batch"]

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


@pytree
class Fall:
    """How a residual falls: the least so far, and the sweeps since it was reached."""

    least: Float[Array, " batch"]
    idle: Int[Array, " batch"]

    def after(self, residual: Float[Array, " batch"]) -> "Fall":
        """Return the record with one more residual."""
        falls = residual < self.least
        return Fall(
            least=jnp.where(falls, residual, self.least), idle=jnp.where(falls, 0, self.idle + 1)
        )

    def anew(self, which: Bool[Array, " batch"], residual: Float[Array, " batch"]) -> "Fall":
        """Return the record in which some samples start again from the residual they have."""
        return Fall(
            least=jnp.where(which, residual, self.least), idle=jnp.where(which, 0, self.idle)
        )

    @property
    def stuck(self) -> Bool[Array, " batch"]:
        """Whether the residual has not fallen for `WINDOW` sweeps."""
        return self.idle >= WINDOW


def no_fall_yet(batch: int, dtype: Any) -> Fall:
    """Return the record before the first sweep."""
    return Fall(least=jnp.full(batch, jnp.inf, dtype), idle=jnp.zeros(batch, jnp.int32))


def judge(
    residual: Float[Array, " batch"],
    size: Float[Array, " batch"],
    fall: Fall,
    tol: Array,
    smallest: Array,
) -> Int[Array, " batch"]:
    """Return the status of each sample; `smallest` is the size of a state that counts as none."""
    eps = jnp.finfo(residual.dtype).eps
    floor = fall.stuck & (residual <= FLOOR_ROOM * eps * size)
    status = jnp.where(residual <= tol * (size + smallest), SETTLED, jnp.where(floor, FLOOR, LIVE))
    # a square that overflows in the size alone would meet any tolerance
    return jnp.where(jnp.isfinite(residual) & jnp.isfinite(size), status, OVERFLOW)
