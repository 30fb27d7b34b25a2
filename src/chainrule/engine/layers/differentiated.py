"""A user's own layer that gives only `forward`; autodiff finds its backward pass.

    forward    y = f(params, x)
    backward   (grads, dx) = vjp of f at (params, x), applied to dy

Here, and for a user's own loss, autodiff is a player and not the referee.
"""

import inspect
from typing import Any

import jax
from jaxtyping import Array, PRNGKeyArray

from chainrule.engine.layers.base import Layer
from chainrule.engine.layers.kind import Kind, kind_of
from chainrule.engine.pytree import check_leaves, hyperparameters, pytree
from chainrule.errors import OptionError


@pytree
class DifferentiatedTape:
    """The input and the key, to differentiate at."""

    x: Array
    key: PRNGKeyArray | None


@hyperparameters
class Differentiated(Kind):
    """Wraps `layer`, whose `forward(params, x)` or `forward(params, x, key)` returns y alone.

    The user's object shapes the program as a whole, so it must be hashable (any plain object is).
    `init(key, n_in)` is optional (no parameters without it), `width(n_in)` too (found by tracing).
    """

    layer: Any

    @property
    def called(self) -> str:
        return kind_of(self.layer).called

    def width(self, n_in: int) -> int:
        if hasattr(self.layer, "width"):
            return self.layer.width(n_in)
        params = self.init(jax.random.wrap_key_data(jax.numpy.zeros(2, "uint32")), n_in)
        x = jax.ShapeDtypeStruct((1, n_in), jax.numpy.result_type(float))
        return jax.eval_shape(lambda p, x: self._call(p, x, None), params, x).shape[-1]

    def init(self, key: PRNGKeyArray, n_in: int) -> Any:
        return self.layer.init(key, n_in) if hasattr(self.layer, "init") else ()

    def forward(
        self, params: Any, x: Array, key: PRNGKeyArray | None = None
    ) -> tuple[Array, DifferentiatedTape]:
        return self._call(params, x, key), DifferentiatedTape(x=x, key=key)

    def backward(self, params: Any, tape: DifferentiatedTape, dy: Array) -> tuple[Any, Array]:
        _, vjp = jax.vjp(lambda p, x: self._call(p, x, tape.key), params, tape.x)  # noqa: TID251
        return vjp(dy)

    def _call(self, params: Any, x: Array, key: PRNGKeyArray | None) -> Array:
        if "key" in inspect.signature(self.layer.forward).parameters:
            return self.layer.forward(params, x, key=key)
        return self.layer.forward(params, x)


def as_layer(what: Any) -> Layer:
    """Return `what` if it is a whole layer; wrap it if it gives only `forward`.

    Raises
    ------
    OptionError
        If it has no `forward` at all, or is a whole layer but no pytree.
    """
    if isinstance(what, type):
        raise OptionError(f"{what.__name__} is a class, not a layer. Write {what.__name__}(…).")
    if isinstance(what, Layer):
        check_leaves(what)
        return what
    if hasattr(what, "forward") and not hasattr(what, "backward"):
        return Differentiated(what)
    raise OptionError(
        f"{type(what).__name__} is not a layer: a layer has width, init, forward and backward, "
        "or forward alone (its backward pass is then found by automatic differentiation)."
    )
