"""The cell that both recurrent networks share: one step of units that hear inputs and each other.

    forward    z  = A(x) + B(h),   h' = f(z)
    backward   dz = f'(z)ᵀ dh',    dx = Aᵀ dz,   dh = Bᵀ dz

A (`inputs`), B (`connections`) and f (`body`) are ordinary layers, so the cell's backward pass is
theirs.  The drive A(x) does not depend on h and is worked out once, however often the cell steps.
A deep cell has a body of several layers.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from chainrule.engine.keys import split_key
from chainrule.engine.layers.activations import tanh
from chainrule.engine.layers.differentiated import as_layer
from chainrule.engine.layers.kind import kind_of
from chainrule.engine.networks.connections import Connections
from chainrule.engine.pytree import hyperparameters, part, pytree
from chainrule.errors import OptionError, ShapeError


@pytree
class CellParams:
    """Parameters of the inputs A, the connections B and the body f."""

    inputs: Any
    connections: Any
    body: Any


@pytree
class CellTape:
    """Tapes of the three, the state that was stepped from, and the connections' weights in use."""

    inputs: Any
    connections: Any
    body: Any


@pytree
class Wiring:
    """What stays the same while a cell steps: its drive, and the weights of its connections."""

    drive: Float[Array, "batch n"]
    inputs: Any
    effective: Any
    made: Any


@hyperparameters
class Cell:
    """One step of a recurrent network; see the module formulas.

    Parameters
    ----------
    inputs : layer
        From the inputs to the units' drive, such as `Dense(n)`.
    connections : Connections
        From the units to themselves, such as `Recurrent()`.
    body : layer, default=tanh
        From what each unit receives to its new state; keeps the number of units.  Nothing in it may
        draw at random: silence inputs instead.
    """

    inputs: Any = part()
    connections: Any = part()
    body: Any = part(default=tanh)

    def __post_init__(self) -> None:
        object.__setattr__(self, "inputs", as_layer(self.inputs))
        object.__setattr__(self, "body", as_layer(self.body))
        if not isinstance(self.connections, Connections):
            raise OptionError(
                "Cell takes connections such as Recurrent(), "
                f"got {type(self.connections).__name__}."
            )
        if any(kind_of(each).only_trains for each in getattr(self.body, "layers", (self.body,))):
            raise OptionError(
                "A cell's body cannot hold Dropout: the network would chase a target that moves. "
                "Put it before or behind the recurrent network."
            )

    def width(self, n_in: int) -> int:
        return self.inputs.width(n_in)

    def init(self, key: PRNGKeyArray, n_in: int) -> CellParams:
        keys, n = split_key(key, 3), self.width(n_in)
        if self.body.width(n) != n:
            raise ShapeError(
                f"The cell's body turns {n} units into {self.body.width(n)}; it must keep them."
            )
        return CellParams(
            inputs=self.inputs.init(keys[0], n_in),
            connections=self.connections.init(keys[1], n),
            body=self.body.init(keys[2], n),
        )

    def wire(self, params: CellParams, x: Array, key: PRNGKeyArray | None = None) -> Wiring:
        """Return what stays the same while the cell steps on the input `x`."""
        drive, inputs = self.inputs.forward(params.inputs, x, key)
        effective, made = self.connections.effective(params.connections)
        return Wiring(drive=drive, inputs=inputs, effective=effective, made=made)

    def respond(self, params: CellParams, effective: Any, drive: Array, h: Array) -> Any:
        """Return the next state and the body's tape."""
        return self.body.forward(params.body, drive + self.connections.apply(effective, h))

    def pull(self, params: CellParams, effective: Any, body_tape: Any, dh: Array) -> Array:
        """Return the gradient at the state that was stepped from."""
        _, dz = self.body.backward(params.body, body_tape, dh)
        return self.connections.pull(effective, dz)

    def forward(
        self,
        params: CellParams,
        x: Float[Array, "batch n_in"],
        h: Float[Array, "batch n"],
        key: PRNGKeyArray | None = None,
    ) -> tuple[Float[Array, "batch n"], CellTape]:
        return self.step(params, self.wire(params, x, key), h)

    def step(self, params: CellParams, wiring: Wiring, h: Array) -> tuple[Array, CellTape]:
        """Return the next state and the tape, with what is wired already."""
        h_next, body = self.respond(params, wiring.effective, wiring.drive, h)
        connections = (h, wiring.effective, wiring.made)
        return h_next, CellTape(inputs=wiring.inputs, connections=connections, body=body)

    def backward(
        self, params: CellParams, tape: CellTape, dh: Float[Array, "batch n"]
    ) -> tuple[CellParams, Float[Array, "batch n_in"], Float[Array, "batch n"]]:
        body, dz = self.body.backward(params.body, tape.body, dh)
        h, effective, made = tape.connections
        d_effective = self.connections.gradient(h, dz)
        connections = self.connections.effective_backward(params.connections, made, d_effective)
        inputs, dx = self.inputs.backward(params.inputs, tape.inputs, dz)
        grads = CellParams(inputs=inputs, connections=connections, body=body)
        return grads, dx, self.connections.pull(effective, dz)

    def jacobian(self, params: CellParams, effective: Any, body_tape: Any) -> Array:
        """Return ∂h'/∂h of each sample, (batch, n, n): row j holds the slopes of unit j."""
        shape = jax.tree.leaves(body_tape)[0].shape
        n = shape[-1]

        def row(unit: Array) -> Array:
            return self.pull(params, effective, body_tape, jnp.broadcast_to(unit[None, :], shape))

        dtype = jax.tree.leaves(body_tape)[0].dtype
        return jnp.moveaxis(jax.lax.map(row, jnp.eye(n, dtype=dtype)), 0, 1)
