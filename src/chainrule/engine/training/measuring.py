"""Measuring: loss and metrics of a network on a whole table, as in prediction.

Training and validation rows are measured the same way, at the same moment: no dropout, no penalty.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from chainrule.engine.training.rows import Rows
from chainrule.engine.training.step import Task


def measure(task: Task, params: Any, rows: Rows, chunk_size: int) -> Float[Array, " measures"]:
    """Return the weighted means over `rows` of the objective and of every metric."""
    measures = (task.objective, *task.metrics)

    def sums(chunk: Rows) -> Array:
        z, _ = task.network.forward(params, chunk.x)
        return jnp.stack([jnp.sum(chunk.weights * m.per_row(z, chunk.y)) for m in measures])

    n_rows = rows.weights.shape[0]
    if n_rows <= chunk_size:
        total = sums(rows)
    else:

        def add(i: Array, total: Array) -> Array:
            start = i * chunk_size
            return total + sums(jax.tree.map(lambda a: slice_rows(a, start, chunk_size), rows))

        zeros = jnp.zeros(len(measures), rows.weights.dtype)
        total = jax.lax.fori_loop(0, n_rows // chunk_size, add, zeros)
    return total / rows.weights.sum()


def slice_rows(array: Array, start: Array, size: int) -> Array:
    """Return `size` rows of `array` from `start`, which may be a traced number."""
    return jax.lax.dynamic_slice_in_dim(array, start, size, axis=0, allow_negative_indices=False)


def take_rows(array: Array, index: Array) -> Array:
    """Return the rows of `array` at `index`, whose entries are known to be places of it."""
    return array.at[index].get(mode="promise_in_bounds", wrap_negative_indices=False)
