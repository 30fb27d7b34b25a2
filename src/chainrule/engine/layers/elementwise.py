"""Elementwise layer: one scalar function applied to every unit.

    forward    a  = f(z)
    backward   dz = da f'(z)

The derivative is a function of (z, a), since many are cheaper from a = f(z).
The functions themselves are in `chainrule.activations`.  Of a user's own the derivative may be left
out; autodiff finds it then.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from chainrule.engine.pytree import hyperparameters, part, pytree


@pytree
class ElementwiseTape:
    """Pre-activations and activations."""

    z: Float[Array, "batch n"]
    a: Float[Array, "batch n"]


@hyperparameters
class Elementwise:
    """An activation function `f(z, *constants)` with its derivative `(z, a, *constants)`."""

    name: str
    f: Callable[..., Array]
    derivative: Callable[..., Array] | None = None
    constants: tuple[float, ...] = part(default=())

    def width(self, n_in: int) -> int:
        return n_in

    def init(self, key: PRNGKeyArray, n_in: int) -> tuple[()]:
        del key, n_in
        return ()

    def forward(
        self, params: tuple[()], x: Float[Array, "batch n"], key: PRNGKeyArray | None = None
    ) -> tuple[Float[Array, "batch n"], ElementwiseTape]:
        del params, key
        a = self.f(x, *self.constants)
        return a, ElementwiseTape(z=x, a=a)

    def backward(
        self, params: tuple[()], tape: ElementwiseTape, dy: Float[Array, "batch n"]
    ) -> tuple[tuple[()], Float[Array, "batch n"]]:
        del params
        return (), dy * self.slope(tape)

    def slope(self, tape: ElementwiseTape) -> Float[Array, "batch n"]:
        """Return f'(z) of every unit."""
        if self.derivative is not None:
            return self.derivative(tape.z, tape.a, *self.constants)
        _, vjp = jax.vjp(lambda z: self.f(z, *self.constants), tape.z)  # noqa: TID251
        return vjp(jnp.ones_like(tape.a))[0]
