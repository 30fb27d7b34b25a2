"""What a training starts from: seeds, the first state, the schedule's length, the columns."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import jax
import numpy as np
from jaxtyping import PRNGKeyArray

from chainrule.engine.keys import make_key
from chainrule.engine.layers.base import Layer
from chainrule.engine.optimizers.base import Optimizer
from chainrule.engine.optimizers.schedules import Schedule
from chainrule.engine.pytree import on_device
from chainrule.engine.training.epochs import State
from chainrule.engine.training.failure import is_finite
from chainrule.engine.training.stopping import Watch, first_best
from chainrule.errors import DataError, OptionError


def random_parts(
    seed: int, shuffle: bool
) -> tuple[PRNGKeyArray, PRNGKeyArray, np.random.Generator | None]:
    """Return what a seed decides: keys of initial weights and of steps, and the order of rows."""
    seeds = np.random.SeedSequence(seed).spawn(3)
    rng = np.random.default_rng(seeds[2]) if shuffle else None
    return make_key(seeds[0]), make_key(seeds[1]), rng


def first_state(
    network: Layer,
    optimizer: Optimizer,
    params: Any,
    key: PRNGKeyArray,
    n_in: int,
    watch: Watch | None,
    dtype: np.dtype,
) -> State:
    """Return the state before the first epoch, from given parameters or drawn ones."""
    params = network.init(key, n_in) if params is None else params
    params = jax.tree.map(lambda p: on_device(p, dtype), params)
    if not is_finite(params):
        raise DataError(
            f"The initial parameters are not finite in {dtype}. Give finite initial weights."
        )
    return State(
        params=params,
        opt_state=optimizer.init(params),
        epoch=on_device(0, np.int32),
        running_loss=on_device(np.nan, dtype),
        best=None if watch is None else first_best(params, dtype),
    )


def fill_schedule(optimizer: Any, n_steps: int) -> Any:
    """Return the optimizer, however deep inside others, with the length of its schedule known."""
    if isinstance(getattr(optimizer, "learning_rate", None), Schedule):
        return replace(optimizer, learning_rate=optimizer.learning_rate.over(n_steps))
    if isinstance(getattr(optimizer, "optimizer", None), Optimizer):
        return replace(optimizer, optimizer=fill_schedule(optimizer.optimizer, n_steps))
    return optimizer


def columns_of(metrics: Mapping[str, Any], measured: bool, validated: bool) -> list[str]:
    """Return the names of the history's columns after "epoch"."""
    names = ["loss", *metrics]
    columns = ["running_loss", *(names if measured else [])]
    columns += [f"val_{name}" for name in names] if validated else []
    taken = [name for name in metrics if name == "epoch" or columns.count(name) > 1]
    if taken:
        raise OptionError(
            f'The metric name "{taken[0]}" is taken: history has a column of that name. '
            "Choose another."
        )
    return columns
