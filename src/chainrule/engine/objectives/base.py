"""What every objective promises: a value, its delta at the raw output, and a link.

    per_row(z, y)          ℓₙ                       one loss per row
    value(z, y, w)         L  = Σₙ wₙ ℓₙ / Σₙ wₙ    weighted mean over rows
    delta(z, y, w)         ∂L/∂z                    what enters the backward pass
    link(z)                raw output → prediction  so `predict` never guesses

A row of weight 2 counts like the same row twice; a row of weight 0 is not there (padding).
An objective writes down its row losses, their slopes ∂ℓₙ/∂zₙ and its link; the mean is here.  So
does what is known of it beside: formulas, the names by which the estimators ask for it, its unit.
"""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, NamedTuple, Protocol, runtime_checkable

import jax.numpy as jnp
from jaxtyping import Array, Float

from chainrule.formulas import Formula


@runtime_checkable
class RowMeasure(Protocol):
    """Anything measured row by row: an objective, or a metric."""

    def per_row(
        self, z: Float[Array, "batch n"], y: Float[Array, "batch k"]
    ) -> Float[Array, " batch"]:
        """Return one number for each row from raw outputs `z` and targets `y`."""
        ...


class Measure(NamedTuple):
    """The loss of a row, its slope ∂ℓ/∂z, and what a prediction is; `{z}` is the raw output."""

    loss: Formula
    slope: Formula
    link: Formula


IDENTITY = Formula("{z}", "{z}")


class Objective(ABC):
    """Weighted mean of row losses; see the module formulas.

    Attributes
    ----------
    losses : tuple of str
        The names by which the estimators ask for it; none if they cannot.
    output : {"identity", "sigmoid", "softmax", "softmax blocks"}
        What the network gives to targets that it is for: numbers, or classes of one kind.
    linked : str
        The name of its link among those of `predicting.links`; empty if NumPy has none.
    growth : int
        The power of the target's unit in which the loss is measured.
    of_counts : bool
        Whether targets are counts: none below 0, and not scaled.
    levels : tuple of float
        The quantiles that it learns, one output for each; none for another.
    """

    losses: ClassVar[tuple[str, ...]] = ()
    output: ClassVar[str] = "identity"
    linked: ClassVar[str] = ""
    growth: ClassVar[int] = 0
    of_counts: ClassVar[bool] = False
    levels: tuple[float, ...] = ()

    @classmethod
    def asked(cls, given: Any, target: Any) -> "Objective":
        """Return the objective for what is `given` with the estimator's loss, and its target."""
        del given, target
        return cls()

    @property
    def measure(self) -> Measure:
        """Its formulas; those of a user's own objective tell its name."""
        name = type(self).__name__
        return Measure(
            Formula(f"ℓ({{z}}, y) of {name}", rf"\ell({{z}}, y)\;\text{{of {name}}}"),
            Formula("∂ℓ/∂{z}", r"\partial \ell / \partial {z}"),
            Formula("link({z})", r"\mathrm{link}({z})"),
        )

    @property
    def link_in_numpy(self) -> tuple[str | None, tuple[int, ...]]:
        """Name of the link in NumPy, and sizes of its blocks; None if there is no such link.

        A class says it for itself alone: one that inherits may link otherwise.
        """
        return vars(type(self)).get("linked"), ()

    @abstractmethod
    def per_row(
        self, z: Float[Array, "batch n"], y: Float[Array, "batch k"]
    ) -> Float[Array, " batch"]:
        """Return the loss ℓₙ of each row."""

    @abstractmethod
    def slopes(
        self, z: Float[Array, "batch n"], y: Float[Array, "batch k"]
    ) -> Float[Array, "batch n"]:
        """Return the derivative of each row's loss at its own raw outputs, ∂ℓₙ/∂zₙ."""

    @abstractmethod
    def link(self, z: Float[Array, "batch n"]) -> Float[Array, "batch n"]:
        """Map raw outputs to predictions."""

    def n_outputs(self, n_targets: int) -> int:
        """Return how many raw outputs the network needs for `n_targets` target columns."""
        return n_targets

    def value(
        self,
        z: Float[Array, "batch n"],
        y: Float[Array, "batch k"],
        weights: Float[Array, " batch"],
    ) -> Float[Array, ""]:
        """Return the weighted mean loss."""
        return jnp.sum(shares(weights) * self.per_row(z, y))

    def delta(
        self,
        z: Float[Array, "batch n"],
        y: Float[Array, "batch k"],
        weights: Float[Array, " batch"],
    ) -> Float[Array, "batch n"]:
        """Return the derivative of `value` at the raw outputs."""
        return shares(weights)[:, None] * self.slopes(z, y)


def shares(weights: Float[Array, " batch"]) -> Float[Array, " batch"]:
    """Return wₙ / Σ w; all zero if every weight is zero."""
    return weights / jnp.maximum(weights.sum(), jnp.finfo(weights.dtype).tiny)
