"""Unrolled network: a cell stepped through a signal, one step for each time (BPTT).

    forward    hₜ = F(xₜ, hₜ₋₁)                    step forwards, keep every tape
    backward   δₜ = dyₜ + (∂F/∂h)ᵀ δₜ₊₁            walk the tapes backwards

A row holds a whole signal, time by time: `n_features` numbers of time 1, then those of time 2, ….

Reference: Werbos (1990), Proc. IEEE 78:1550-1560.
"""

from typing import Any, Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from chainrule.engine.layers.kind import Kind
from chainrule.engine.networks.cell import Cell, CellParams
from chainrule.engine.pytree import hyperparameters, part, pytree
from chainrule.errors import OptionError, ShapeError


@pytree
class UnrolledTape:
    """The cell's tape at every time, with a leading time axis."""

    cells: Any


@hyperparameters
class Unrolled(Kind):
    """`cell` stepped once for each time of a signal, from rest.

    Parameters
    ----------
    cell : Cell
        One step.
    n_features : int, default=1
        Numbers of the signal at each time.
    output : {"last", "all"}, default="last"
        The state at the last time, or those of all times one after the other.
    """

    cell: Any = part()
    n_features: int = 1
    output: Literal["last", "all"] = "last"

    def __post_init__(self) -> None:
        if not isinstance(self.cell, Cell):
            raise OptionError(
                f"Unrolled takes a Cell, got {type(self.cell).__name__}. "
                "Give one such as Cell(Dense(8), Recurrent())."
            )
        if self.output not in ("last", "all"):
            raise OptionError(f'output={self.output!r} is not known. Choose "last" or "all".')

    def width(self, n_in: int) -> int:
        n = self.cell.width(self.n_features)
        return n if self.output == "last" else n * self._n_times(n_in)

    def init(self, key: PRNGKeyArray, n_in: int) -> CellParams:
        self._n_times(n_in)
        return self.cell.init(key, self.n_features)

    def forward(
        self, params: CellParams, x: Float[Array, "batch n_in"], key: PRNGKeyArray | None = None
    ) -> tuple[Float[Array, "batch n_out"], UnrolledTape]:
        del key
        batch, n_times = x.shape[0], self._n_times(x.shape[1])
        signal = jnp.swapaxes(x.reshape(batch, n_times, self.n_features), 0, 1)

        def step(h: Array, x_t: Array) -> tuple[Array, Any]:
            h, tape = self.cell.forward(params, x_t, h)
            return h, (h, tape)

        rest = jnp.zeros((batch, self.cell.width(self.n_features)), x.dtype)
        last, (states, tapes) = jax.lax.scan(step, rest, signal)
        if self.output == "last":
            return last, UnrolledTape(cells=tapes)
        return jnp.swapaxes(states, 0, 1).reshape(batch, -1), UnrolledTape(cells=tapes)

    def backward(
        self, params: CellParams, tape: UnrolledTape, dy: Float[Array, "batch n_out"]
    ) -> tuple[CellParams, Float[Array, "batch n_in"]]:
        batch, n = dy.shape[0], self.cell.width(self.n_features)
        rest = jnp.zeros((batch, n), dy.dtype)
        if self.output == "last":
            n_times = jax.tree.leaves(tape.cells)[0].shape[0]
            given = jnp.zeros((n_times, batch, n), dy.dtype).at[-1].set(dy)
        else:
            given = jnp.swapaxes(dy.reshape(batch, -1, n), 0, 1)

        def step(carry: tuple[Array, Any], at: tuple[Any, Array]) -> tuple[Any, Array]:
            delta, grads = carry
            cell_tape, dy_t = at
            own, dx_t, delta = self.cell.backward(params, cell_tape, dy_t + delta)
            return (delta, jax.tree.map(jnp.add, grads, own)), dx_t

        zeros = jax.tree.map(jnp.zeros_like, params)
        (_, grads), dx = jax.lax.scan(step, (rest, zeros), (tape.cells, given), reverse=True)
        return grads, jnp.swapaxes(dx, 0, 1).reshape(batch, -1)

    def _n_times(self, n_in: int) -> int:
        if self.n_features < 1 or n_in % self.n_features:
            raise ShapeError(
                f"Unrolled(n_features={self.n_features}) takes whole signals, but {n_in} inputs "
                f"are not a multiple of {self.n_features}. Check the columns, or n_features."
            )
        return n_in // self.n_features
