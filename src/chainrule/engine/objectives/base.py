"""What every objective promises: a value, its delta at the raw output, and a link.

    per_row(z, y)          ℓₙ                       one loss per row
    value(z, y, w)         L  = Σₙ wₙ ℓₙ / Σₙ wₙ    weighted mean over rows
    delta(z, y, w)         ∂L/∂z                    what enters the backward pass
    link(z)                raw output → prediction  so `predict` never guesses

A row of weight 2 counts like the same row twice; a row of weight 0 is not there (padding).
An objective writes down its row losses, their slopes ∂ℓₙ/∂zₙ and its link; the mean is here.
"""

from abc import ABC, abstractmethod
from typing import Protocol, runtime_checkable

import jax.numpy as jnp
from jaxtyping import Array, Float


@runtime_checkable
class RowMeasure(Protocol):
    """Anything measured row by row: an objective, or a metric."""

    def per_row(
        self, z: Float[Array, "batch n"], y: Float[Array, "batch k"]
    ) -> Float[Array, " batch"]:
        """Return one number for each row from raw outputs `z` and targets `y`."""
        ...


class Objective(ABC):
    """Weighted mean of row losses; see the module formulas."""

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
