"""How far each sample has settled: its state, its residual, its sweeps, and how it ended.

    residual    ‖f(h) - h‖ of a sample, the Euclidean norm over its units
    settled     residual ≤ tol (‖f(h)‖ + 0.01 √n)

Without a tolerance, that of the number type: as small as rounding allows with room to spare.  A
residual that stops falling within `FLOOR_ROOM` roundings of the state's size is at the floor of the
number type: no tolerance below it can be met, and the sample counts as done.
"""

from typing import Any, NamedTuple

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


class Progress(NamedTuple):
    """How each sample fares; inside loops, the columns of one array, which moves as one."""

    residual: Float[Array, " batch"]
    least: Float[Array, " batch"]  # the least residual so far
    idle: Float[Array, " batch"]  # sweeps since it was reached
    sweeps: Float[Array, " batch"]
    status: Float[Array, " batch"]
    alpha: Float[Array, " batch"]

    @classmethod
    def at_start(cls, batch: int, dtype: Any) -> "Progress":
        none, zeros = jnp.full(batch, jnp.inf, dtype), jnp.zeros(batch, dtype)
        return cls(none, none, zeros, zeros, zeros, jnp.ones(batch, dtype))

    @classmethod
    def of(cls, numbers: Float[Array, "batch numbers"]) -> "Progress":
        return cls(*jnp.moveaxis(numbers, 1, 0))

    @property
    def numbers(self) -> Float[Array, "batch numbers"]:
        """All of them in one array: copied, gathered and scattered at once."""
        return jnp.stack(self, axis=1)

    @property
    def stuck(self) -> Bool[Array, " batch"]:
        """Whether the residual has not fallen for `WINDOW` sweeps."""
        return self.idle >= WINDOW

    def after(
        self,
        residual: Float[Array, " batch"],
        size: Float[Array, " batch"],
        tol: Array,
        smallest: Array,
    ) -> "Progress":
        """Return what a sweep with this residual, from an image of this size, makes of it.

        `smallest` is the size of a state that counts as none.
        """
        falls = residual < self.least
        new = self._replace(
            residual=residual,
            least=jnp.where(falls, residual, self.least),
            idle=jnp.where(falls, 0, self.idle + 1),
            sweeps=self.sweeps + 1,
        )
        eps = jnp.finfo(residual.dtype).eps
        floor = new.stuck & (residual <= FLOOR_ROOM * eps * size)
        status = jnp.where(floor, FLOOR, LIVE)
        status = jnp.where(residual <= tol * (size + smallest), SETTLED, status)
        # a square that overflows in the size alone would meet any tolerance
        status = jnp.where(jnp.isfinite(residual) & jnp.isfinite(size), status, OVERFLOW)
        return new._replace(status=status.astype(residual.dtype))

    def slower(self, which: Bool[Array, " batch"]) -> "Progress":
        """Return it with half the step for some samples, whose residual is to fall from here."""
        half = jnp.maximum(0.5 * self.alpha, SMALLEST_ALPHA)
        return self._replace(
            least=jnp.where(which, self.residual, self.least),
            idle=jnp.where(which, 0, self.idle),
            alpha=jnp.where(which, half, self.alpha),
        )

    def settled(self, value: Float[Array, "batch n"]) -> Settled:
        """Return where settling ended, with the states."""
        return Settled(
            value=value,
            residual=self.residual,
            sweeps=self.sweeps.astype(jnp.int32),
            status=self.status.astype(jnp.int32),
            alpha=self.alpha,
        )


def is_live(numbers: Float[Array, "batch numbers"]) -> Bool[Array, " batch"]:
    """Return which samples still settle."""
    return Progress.of(numbers).status == LIVE
