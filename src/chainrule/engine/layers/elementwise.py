"""Elementwise layer: one scalar function applied to every unit.

    forward    a  = f(z)
    backward   dz = da f'(z)

The derivative is a function of (z, a), since many are cheaper from a = f(z).
The functions themselves are in `chainrule.activations`.  Of a user's own the derivative may be left
out; autodiff finds it then.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from chainrule.activations import record_of
from chainrule.engine.layers.kind import KeepsUnits, Row, Shown, times
from chainrule.engine.pytree import hyperparameters, part, pytree
from chainrule.formulas import Formula


@pytree
class ElementwiseTape:
    """Pre-activations and activations."""

    z: Float[Array, "batch n"]
    a: Float[Array, "batch n"]


@hyperparameters
class Elementwise(KeepsUnits):
    """An activation function `f(z, *constants)` with its derivative `(z, a, *constants)`."""

    name: str
    f: Callable[..., Array]
    derivative: Callable[..., Array] | None = None
    constants: tuple[float, ...] = part(default=())

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

    @property
    def called(self) -> str:
        return self.name

    def activations(self, tape: ElementwiseTape) -> Array:
        return tape.a

    def shown(self) -> Shown:
        record, note = record_of(self), ""
        value, slope = Formula.same("f({x})"), Formula("f′({x})", "f'({x})")
        if record is not None:
            symbols = {"z": Formula.same("{x}"), "a": Formula.same("{y}")}
            value = record.formula.filled(**symbols)
            slope = record.slope_formula.filled(**symbols)
            given = dict(zip(record.constants, self.constants, strict=True))
            letters = {**given, **record.fixed}
            note = ", ".join(f"{letter} = {float(c):g}" for letter, c in letters.items())
        return Shown(
            (Row("a", "y", value, letter="a", note=note),),
            (
                Row("slope", _slope, slope, letter=("slope", "f'"), note=note),
                Row("dz", "dx", times("{dy}", "{slope}")),
            ),
        )


@jax.jit  # one program in place of one for each operation
def _slope_of(layer: Elementwise, tape: ElementwiseTape) -> Array:
    return layer.slope(tape)


def _slope(seen: Any) -> Array:
    return _slope_of(seen.layer, seen.tape)
