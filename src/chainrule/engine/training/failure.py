"""Where training broke: replay the epoch that went wrong, step by step, and name the place.

Training is deterministic, so the compiled program needs no checks of its own: when a block reports
a loss that is not finite, the epoch is run again from its start with a look at every array.
"""

from collections.abc import Iterable
from typing import Any

import jax
import numpy as np
from jaxtyping import PRNGKeyArray

from chainrule.engine.networks.names import name_layers
from chainrule.engine.networks.passes import backward_passes, forward_passes
from chainrule.engine.training.rows import Rows
from chainrule.engine.training.step import Task, step


def locate_failure(
    task: Task,
    params: Any,
    opt_state: Any,
    batches: list[Rows],
    epoch_key: PRNGKeyArray,
    tables: Iterable[Rows],
) -> str:
    """Return in words where the first non-finite number of an epoch appears.

    First in its `batches`, then in the `tables` that are measured after them.
    """
    compiled = jax.jit(step)
    for b, batch in enumerate(batches):
        key = epoch_key if len(batches) == 1 else jax.random.fold_in(epoch_key, b)
        place = _first_non_finite(task, params, batch, key)
        if place is not None:
            return f"{place}, batch {b + 1} of {len(batches)}"
        done = compiled(task, params, opt_state, batch.x, batch.y, batch.weights, key)
        params, opt_state = done.params, done.opt_state
        if not is_finite(params):
            return f"the weight update after batch {b + 1} of {len(batches)}"
    place = locate_in_prediction(task, params, tables)
    return f"{place}, after the last of {len(batches)} batches"


def locate_in_prediction(task: Task, params: Any, tables: Iterable[Rows]) -> str:
    """Return in words where the first non-finite number appears when `tables` are measured."""
    for rows in tables:
        place = _first_non_finite(task, params, rows, None)
        if place is not None:
            return place
    return "the sum of a measure over its table"


def _first_non_finite(task: Task, params: Any, batch: Rows, key: PRNGKeyArray | None) -> str | None:
    """Look at a training step; without a key, only at what measuring does."""
    passes = forward_passes(task.network, params, batch.x, key)
    names = name_layers([each.layer for each in passes])
    for passed, name in zip(passes, names, strict=True):
        if not is_finite(passed.y):
            return f"the forward pass of {name}"
    y = passes[-1].y
    if not is_finite(task.objective.value(y, batch.y, batch.weights)):
        return f"the loss ({type(task.objective).__name__})"
    if key is None:
        odd = (m for m in task.metrics if not is_finite(batch.weights * m.per_row(y, batch.y)))
        return next((f"the metric {type(metric).__name__}" for metric in odd), None)
    backs = backward_passes(passes, task.objective.delta(y, batch.y, batch.weights))
    for back, name in zip(reversed(backs), reversed(names), strict=True):
        if not is_finite((back.grads, back.dx)):
            return f"the backward pass of {name}"
    return None


def is_finite(tree: Any) -> bool:
    """Return whether every number in `tree` is finite."""
    return all(np.isfinite(np.asarray(leaf)).all() for leaf in jax.tree.leaves(tree))
