"""What every layer promises: a forward pass and the adjoint of that same pass.

    width(n_in) -> n_out
    init(key, n_in) -> params
    forward(params, x, key=None) -> (y, tape)
    backward(params, tape, dy) -> (grads, dx)

How training reaches a layer: through `key`, for every layer alike.  Without a key the layer
predicts; with a key it trains, and the key is its own source of randomness.  A network that holds
layers gives each of them a key of its own.  `init` draws on the host (see `keys`).
"""

from typing import Any, Protocol, runtime_checkable

from jaxtyping import Array, PRNGKeyArray


@runtime_checkable
class Layer(Protocol):
    """A differentiable map with parameters.  Chains and loops of layers are layers too."""

    def width(self, n_in: int) -> int:
        """Return the number of outputs for `n_in` inputs."""
        ...

    def init(self, key: PRNGKeyArray, n_in: int) -> Any:
        """Draw initial parameters for inputs with `n_in` features."""
        ...

    def forward(self, params: Any, x: Array, key: PRNGKeyArray | None = None) -> tuple[Array, Any]:
        """Return the output and the tape: exactly what `backward` will need."""
        ...

    def backward(self, params: Any, tape: Any, dy: Array) -> tuple[Any, Array]:
        """Map the gradient at the output to (gradients of `params`, gradient at `x`)."""
        ...
