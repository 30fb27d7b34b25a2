"""Piecewise-linear encoding: a number, and how far it has come through each of its intervals.

    forward    t_k = (x_j - e_k) / (e_{k+1} - e_k), kept within 0 and 1; open at both outer ends
               y   = (x, t - ½)
    backward   dx_j = dy_j + Σ_k dt_k / (e_{k+1} - e_k)   over the intervals that x_j is in

The edges e are those of the layer and are not trained; with quantiles of the training rows as
edges, a dense layer after it can bend where the rows are, which plain networks are slow to learn.
Reference: Gorishniy, Rubachev & Babenko (2022), NeurIPS, equation 1.
"""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from chainrule.engine.layers.kind import GIVEN, ROWS_INPUTS, KeepsUnits, Row, Shown
from chainrule.engine.pytree import hyperparameters, part, pytree
from chainrule.errors import OptionError, ShapeError
from chainrule.formulas import Formula
from chainrule.wording import names_of_pieces


@pytree
class PiecewiseTape:
    """The slope of every piece where each row is; 0 outside of its interval."""

    slopes: Float[Array, "batch columns pieces"]


@hyperparameters
class Piecewise(KeepsUnits):
    """Puts the pieces of some columns behind all columns.

    Parameters
    ----------
    columns : tuple of int
        Which columns of the input are cut into pieces.
    edges : array of shape (n_columns, n_pieces + 1)
        The edges of each column, ascending; a column of fewer pieces repeats its last edge, and
        what stands for the pieces it has not is 0.
    """

    columns: tuple[int, ...]
    edges: Any = part()

    def __post_init__(self) -> None:
        edges = self.edges
        if not isinstance(edges, list | tuple | np.ndarray):
            return  # inside a compiled program
        edges = np.asarray(edges, dtype=np.float64)
        if edges.ndim != 2 or edges.shape[0] != len(self.columns) or edges.shape[1] < 2:
            raise ShapeError(
                f"Piecewise has edges of shape {edges.shape} for {len(self.columns)} columns, "
                f"expected ({len(self.columns)}, pieces + 1). Give a row of edges for each column."
            )
        steps = np.diff(edges, axis=1)
        if not (np.isfinite(edges).all() and (steps[:, 0] > 0).all() and _ascend(steps)):
            raise OptionError(
                "Piecewise needs finite edges that ascend in each row, at least two of them "
                "different; only the last one may be repeated. `quantile_edges` makes them."
            )
        object.__setattr__(self, "columns", tuple(int(c) for c in self.columns))
        object.__setattr__(self, "edges", edges)

    @property
    def n_pieces(self) -> int:
        """Pieces of each column."""
        return self.edges.shape[1] - 1

    def width(self, n_in: int) -> int:
        return n_in + len(self.columns) * self.n_pieces

    def init(self, key: PRNGKeyArray, n_in: int) -> tuple[()]:
        del key
        if not 0 <= min(self.columns, default=0) <= max(self.columns, default=0) < n_in:
            raise ShapeError(
                f"Piecewise cuts the columns {self.columns}, the input has {n_in}. Count from 0."
            )
        return ()

    def forward(
        self, params: tuple[()], x: Float[Array, "batch n_in"], key: PRNGKeyArray | None = None
    ) -> tuple[Float[Array, "batch n_out"], PiecewiseTape]:
        del params, key
        edges = jnp.asarray(self.edges, x.dtype)[None]
        left, step = edges[:, :, :-1], jnp.diff(edges, axis=2)
        real = step > 0
        slope = jnp.where(real, 1 / jnp.where(real, step, 1), 0)
        place = jnp.arange(self.n_pieces)[None, None, :]
        n_real = real.sum(axis=2, keepdims=True)
        low = jnp.where(place == 0, -jnp.inf, 0).astype(x.dtype)
        high = jnp.where(place == n_real - 1, jnp.inf, 1).astype(x.dtype)
        t = (x[:, self.columns, None] - left) * slope
        within = (t > low) & (t <= high)
        pieces = jnp.where(real, jnp.clip(t, low, high) - 0.5, 0)
        y = jnp.concatenate([x, pieces.reshape(len(x), -1)], axis=1)
        return y, PiecewiseTape(slopes=jnp.where(within, slope, 0))

    def backward(
        self, params: tuple[()], tape: PiecewiseTape, dy: Float[Array, "batch n_out"]
    ) -> tuple[tuple[()], Float[Array, "batch n_in"]]:
        del params
        n_in = dy.shape[1] - len(self.columns) * self.n_pieces
        through = (dy[:, n_in:].reshape(tape.slopes.shape) * tape.slopes).sum(axis=2)
        return (), dy[:, :n_in].at[:, self.columns].add(through)

    def names_after(self, names: Sequence[str]) -> Sequence[str]:
        return names_of_pieces(names, self.columns, self.n_pieces)

    def shown(self) -> Shown:
        y = Formula(
            "{x}, then for column j its pieces k: (xⱼ - eₖ) / (eₖ₊₁ - eₖ) kept within 0 and 1, "
            "less ½",
            r"\left({x},\; \mathrm{clip}\left(\frac{x_j - e_{j,k}}"
            r"{e_{j,k+1} - e_{j,k}}, 0, 1\right) - \tfrac12\right)",
        )
        inside = Formula("1 / (eₖ₊₁ - eₖ) within the piece, else 0", r"1 / (e_{j,k+1} - e_{j,k})")
        dx = Formula(
            "{dy} of x, and Σ over its pieces of {dy} · {slope}",
            r"{dy}_j + \sum_k {dy}_{j,k} \odot {slope}_{j,k}",
        )
        ends = "the first piece is open below, the last above"
        return Shown(
            (
                Row("edges", "layer.edges", GIVEN, ("column", "edge"), "e"),
                Row("y", "y", y, letter="y", note=ends),
            ),
            (
                Row("slope", _slopes, inside, ("row", "piece"), ("slope", "f'")),
                Row("dx", "dx", dx, ROWS_INPUTS),
            ),
        )


def _slopes(seen: Any) -> Array:
    return seen.tape.slopes.reshape(len(seen.y), -1)


def quantile_edges(column: np.ndarray, n_pieces: int) -> np.ndarray:
    """Return edges for a column of numbers, (n_pieces + 1,): quantiles of its values.

    Of equal quantiles one is kept, and the last edge is repeated in place of the others.

    Raises
    ------
    OptionError
        If all values are equal.
    """
    edges = np.unique(np.quantile(column, np.linspace(0, 1, n_pieces + 1)))
    if len(edges) < 2:
        raise OptionError("A column of equal values has no edges. Leave the column out.")
    return np.concatenate([edges, np.full(n_pieces + 1 - len(edges), edges[-1])])


def _ascend(steps: np.ndarray) -> bool:
    """Return whether no step goes down, and none goes up after one of length 0."""
    ended = np.cumsum(steps == 0, axis=1) > 0
    return bool((steps >= 0).all() and not (ended & (steps > 0)).any())
