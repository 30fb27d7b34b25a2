"""Dense layer: every unit sees every input.

    forward    z  = x W + b                       (pre-activations)
    backward   dW = xᵀ dz,   db = Σₙ dz,   dx = dz Wᵀ

Reference: Rumelhart, Hinton & Williams (1986), Nature 323:533-536.
"""

from typing import Any, ClassVar

from jaxtyping import Array, Float, PRNGKeyArray

from chainrule.engine.keys import generator
from chainrule.engine.layers.initializers import as_initializer
from chainrule.engine.layers.kind import GIVEN, ROWS_INPUTS, Kind, Row, Shown, over_rows
from chainrule.engine.pytree import hyperparameters, on_device, part, pytree
from chainrule.errors import OptionError, ShapeError
from chainrule.formulas import Formula


@pytree
class DenseParams:
    """What training changes; gradients have the same type.  Without bias, `biases` is None."""

    weights: Float[Array, "n_in n_out"]
    biases: Float[Array, " n_out"] | None


@pytree
class DenseTape:
    """What `backward` needs from `forward`: only the input."""

    x: Float[Array, "batch n_in"]


@hyperparameters
class Dense(Kind):
    """Affine map from `n_in` features to `n_out` units; see the module formulas.

    Parameters
    ----------
    n_out : int
        Number of units.
    bias : bool, default=True
        Whether the units have a bias.
    weights, biases : str, initializer or array, default="glorot", "zeros"
        How the parameters start; see `initializers`.
    """

    sums: ClassVar[str] = "weights"
    n_out: int
    bias: bool = True
    weights: Any = part(default="glorot")
    biases: Any = part(default="zeros")

    def __post_init__(self) -> None:
        if not isinstance(self.n_out, int) or self.n_out < 1:
            raise OptionError(
                f"Dense(n_out={self.n_out!r}) needs a whole number of units, 1 or more."
            )
        object.__setattr__(self, "weights", as_initializer(self.weights))
        object.__setattr__(self, "biases", as_initializer(self.biases))

    def width(self, n_in: int) -> int:
        del n_in
        return self.n_out

    def init(self, key: PRNGKeyArray, n_in: int) -> DenseParams:
        rng = generator(key)
        weights = on_device(self.weights.draw(rng, (n_in, self.n_out)))
        biases = on_device(self.biases.draw(rng, (self.n_out,))) if self.bias else None
        return DenseParams(weights=weights, biases=biases)

    def forward(
        self, params: DenseParams, x: Float[Array, "batch n_in"], key: PRNGKeyArray | None = None
    ) -> tuple[Float[Array, "batch n_out"], DenseTape]:
        del key
        if x.shape[-1] != params.weights.shape[0]:
            raise ShapeError(
                f"Dense(n_out={self.n_out}) expects {params.weights.shape[0]} input "
                f"features, got {x.shape[-1]} (x has shape {x.shape}). "
                f"Initialise the layer with n_in={x.shape[-1]}, or check the columns."
            )
        z = x @ params.weights
        if params.biases is not None:
            z = z + params.biases[None, :]
        return z, DenseTape(x=x)

    def backward(
        self, params: DenseParams, tape: DenseTape, dy: Float[Array, "batch n_out"]
    ) -> tuple[DenseParams, Float[Array, "batch n_in"]]:
        biases = None if params.biases is None else dy.sum(axis=0)
        return DenseParams(weights=tape.x.T @ dy, biases=biases), dy @ params.weights.T

    def shown(self) -> Shown:
        return Shown(
            (
                Row("weights", "params.weights", GIVEN, ("input", "unit"), "W"),
                Row("biases", "params.biases", GIVEN, ("unit",), "b"),
                Row("z", "y", Formula.same("{x} {weights} + {biases}"), letter="z"),
                Row("z", "y", Formula.same("{x} {weights}"), letter="z"),
            ),
            (
                Row(
                    "d weights",
                    "grads.weights",
                    Formula("{x}ᵀ {dy}", r"{x}^\top {dy}"),
                    ("input", "unit"),
                ),
                Row("d biases", "grads.biases", over_rows(Formula.same("{dy}")), ("unit",)),
                Row("dx", "dx", Formula("{dy} {weights}ᵀ", r"{dy} {weights}^\top"), ROWS_INPUTS),
            ),
        )
