"""Connections of units among themselves: which there are, and what their weights may be.

    weights   W = g(V)            from the free parameters V, once for all sweeps
    forward   z = h W             unit j receives Σᵢ hᵢ Wᵢⱼ
    backward  dW = hᵀ dz,   dh = dz Wᵀ,   dV = (∂g/∂V)ᵀ dW

Connections are linear layers from n units to the same n units.  A recurrent network applies them in
every sweep, so what they cost only once is kept apart: `effective` and its adjoint.
"""

from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from chainrule.engine.keys import generator
from chainrule.engine.layers.initializers import as_initializer
from chainrule.engine.layers.kind import Kind
from chainrule.engine.pytree import hyperparameters, on_device, part, pytree
from chainrule.errors import OptionError, ShapeError
from chainrule.formulas import Formula


@pytree
class ConnectionParams:
    """What training changes; gradients have the same type."""

    weights: Float[Array, "..."]


@pytree
class ConnectionTape:
    """What the adjoint needs: the input, the weights in use, and how they came about."""

    h: Float[Array, "batch n"]
    effective: Any
    made: Any


class Making(NamedTuple):
    """How the weights in use come about from the free ones, and what the parts of it are called."""

    formula: Formula
    parts: tuple[str, ...] = ()


class Connections(Kind):
    """A layer whose weights are made once and applied often; see the module formulas.

    `received` and `at_weights` are the formulas of what the units receive of the state `{h}` by the
    weights `{w}`, and of the gradient there.
    """

    params_type: ClassVar[type] = ConnectionParams
    received: ClassVar[Formula] = Formula.same("{h} {w}")
    at_weights: ClassVar[Formula] = Formula("{h}ᵀ {dz}", r"{h}^\top {dz}")

    @property
    def making(self) -> Making:
        """How the weights in use come about, with V for the free ones."""
        return Making(Formula.same("g(V)"))

    @property
    def rises(self) -> bool:
        """Whether states rise to their fixed point, so that full steps settle and none may skip."""
        return False

    def width(self, n_in: int) -> int:
        return n_in

    def effective(self, params: Any) -> tuple[Any, Any]:
        """Return the weights in use, and what their adjoint needs."""
        raise NotImplementedError

    def effective_backward(self, params: Any, made: Any, d_effective: Any) -> Any:
        """Map the gradient at the weights in use to that of the parameters."""
        raise NotImplementedError

    def apply(self, effective: Any, h: Float[Array, "batch n"]) -> Float[Array, "batch n"]:
        """Return what each unit receives."""
        return h @ effective

    def pull(self, effective: Any, dz: Float[Array, "batch n"]) -> Float[Array, "batch n"]:
        """Return the adjoint of `apply` in `h`."""
        return dz @ effective.T

    def gradient(self, h: Float[Array, "batch n"], dz: Float[Array, "batch n"]) -> Any:
        """Return the gradient at the weights in use."""
        return h.T @ dz

    def forward(
        self, params: Any, x: Float[Array, "batch n"], key: PRNGKeyArray | None = None
    ) -> tuple[Float[Array, "batch n"], ConnectionTape]:
        del key
        effective, made = self.effective(params)
        return self.apply(effective, x), ConnectionTape(h=x, effective=effective, made=made)

    def backward(
        self, params: Any, tape: ConnectionTape, dy: Float[Array, "batch n"]
    ) -> tuple[Any, Float[Array, "batch n"]]:
        grads = self.effective_backward(params, tape.made, self.gradient(tape.h, dy))
        return grads, self.pull(tape.effective, dy)


@jax.jit
def weights_in_use(connections: Connections, params: Any) -> Any:
    """Return the weights that training has come to."""
    return connections.effective(params)[0]


def draw_weights(initializer: Any, key: PRNGKeyArray, n: int, mask: Any) -> ConnectionParams:
    """Return initial weights of `n` units; where the mask is 0 there is no connection."""
    drawn = initializer.draw(generator(key), (n, n))
    if mask is not None:
        if mask.shape != (n, n):
            raise ShapeError(
                f"The mask has shape {mask.shape}, but {n} units need ({n}, {n}): entry (i, j) is "
                "1 where unit i reaches unit j, else 0."
            )
        drawn = drawn * mask
    return ConnectionParams(weights=on_device(drawn))


def as_mask(mask: Any) -> Any:
    """Return a mask of zeros and ones as an array.

    Raises
    ------
    ShapeError, OptionError
        If it is not square, or holds other numbers.
    """
    if mask is None or not isinstance(mask, np.ndarray | list | tuple):
        return mask
    array = np.asarray(mask, dtype=np.float64)
    if array.ndim != 2 or array.shape[0] != array.shape[1]:
        raise ShapeError(f"A mask of connections has the shape (units, units), got {array.shape}.")
    if not np.isin(array, (0, 1)).all():
        raise OptionError("A mask of connections holds 0 and 1 only.")
    return array


@hyperparameters
class Recurrent(Connections):
    """Every unit reaches every unit, or those that a mask lets through.

    Parameters
    ----------
    weights : str, initializer or array, default="glorot"
        How the weights (n, n) start.
    mask : array of shape (n, n), optional
        1 where unit i reaches unit j, 0 where it does not, now and after training.
    """

    weights: Any = part(default="glorot")
    mask: Any = part(default=None)

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", as_initializer(self.weights))
        object.__setattr__(self, "mask", as_mask(self.mask))

    def init(self, key: PRNGKeyArray, n_in: int) -> ConnectionParams:
        return draw_weights(self.weights, key, n_in, self.mask)

    @property
    def making(self) -> Making:
        return Making(Formula("V where the mask is 1", r"V \odot \mathrm{mask}"))

    def effective(self, params: ConnectionParams) -> tuple[Array, tuple[()]]:
        return masked(params.weights, self.mask), ()

    def effective_backward(
        self, params: ConnectionParams, made: tuple[()], d_effective: Array
    ) -> ConnectionParams:
        del params, made
        return ConnectionParams(weights=masked(d_effective, self.mask))


def masked(weights: Array, mask: Any) -> Array:
    """Return the weights where the mask is 1, and 0 elsewhere."""
    return weights if mask is None else weights * jnp.asarray(mask, weights.dtype)
