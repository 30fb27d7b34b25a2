"""Measuring: loss and metrics of a network on a whole table, as in prediction.

Training and validation rows are measured the same way, at the same moment: no dropout, no penalty.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from chainrule.engine.training.rows import Rows
from chainrule.engine.training.step import Task


def n_chunks_of(rows: Rows, chunk_size: int) -> int:
    """Return in how many chunks a table is measured."""
    return max(1, rows.weights.shape[0] // chunk_size)


def sum_measures(
    task: Task,
    params: Any,
    rows: Rows,
    chunk_size: int,
    start: Float[Array, " measures"],
    bounds: tuple[Array, Array] | None,
) -> Float[Array, " measures"]:
    """Return `start` plus the weighted sums of the objective and every metric.

    Over the chunks from one of the `bounds` to the other, or without them over the whole table.
    """
    measures = (task.objective, *task.metrics)

    def sums(chunk: Rows) -> Array:
        z, _ = task.network.forward(params, chunk.x)
        return jnp.stack([jnp.sum(chunk.weights * m.per_row(z, chunk.y)) for m in measures])

    if bounds is None:
        return start + sums(rows)
    size = min(chunk_size, rows.weights.shape[0])

    def add(i: Array, total: Array) -> Array:
        return total + sums(jax.tree.map(lambda a: slice_rows(a, i * size, size), rows))

    return jax.lax.fori_loop(*bounds, add, start)


def slice_rows(array: Array, start: Array, size: int) -> Array:
    """Return `size` rows of `array` from `start`, which may be a traced number."""
    return jax.lax.dynamic_slice_in_dim(array, start, size, axis=0, allow_negative_indices=False)


def take_rows(array: Array, index: Array) -> Array:
    """Return the rows of `array` at `index`, whose entries are known to be places of it."""
    return array.at[index].get(mode="promise_in_bounds", wrap_negative_indices=False)
