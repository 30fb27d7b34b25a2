"""What a training starts from: seeds, the first state, the schedule's length, the columns."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import jax
import numpy as np
from jaxtyping import PRNGKeyArray

from chainrule.engine.keys import make_key
from chainrule.engine.layers.base import Layer
from chainrule.engine.layers.notes import columns_of_notes, noting
from chainrule.engine.optimizers.base import Optimizer
from chainrule.engine.optimizers.schedules import Scaled, Schedule
from chainrule.engine.pytree import on_device, pytree
from chainrule.engine.training.epochs import WITHOUT_END, State, Sums
from chainrule.engine.training.failure import is_finite
from chainrule.engine.training.stopping import Watch, first_best
from chainrule.errors import DataError, OptionError, ShapeError


def random_parts(
    seed: int, shuffle: bool
) -> tuple[PRNGKeyArray, PRNGKeyArray, np.random.Generator | None]:
    """Return what a seed decides: keys of initial weights and of steps, and the order of rows."""
    seeds = np.random.SeedSequence(seed).spawn(3)
    rng = np.random.default_rng(seeds[2]) if shuffle else None
    return make_key(seeds[0]), make_key(seeds[1]), rng


@pytree
class Checkpoint:
    """Where a training stands, so that `train` can go on from there.

    Without `opt_state` the optimizer starts anew.
    """

    params: Any
    opt_state: Any = None
    epoch: int = 0


def first_state(
    network: Layer,
    optimizer: Optimizer,
    start: Checkpoint,
    key: PRNGKeyArray,
    n_in: int,
    watch: Watch | None,
    dtype: np.dtype,
    *,
    n_measures: int | None = None,
) -> State:
    """Return the state before the first epoch, from given parameters or drawn ones.

    `n_measures` is how many are taken of all tables together; without it there are no sums.
    """
    params = network.init(key, n_in) if start.params is None else start.params
    params = jax.tree.map(lambda p: on_device(p, dtype), params)
    if not is_finite(params):
        raise DataError(
            f"The initial parameters are not finite in {dtype}. Give finite initial weights."
        )
    opt_state = optimizer.init(params)
    if start.opt_state is not None:
        opt_state = _as_before(opt_state, start.opt_state)
    epoch, sums = int(start.epoch), None
    if n_measures is not None:
        sums = Sums(noting(network).notes, n_measures).zeros(dtype)
    return State(
        params=params,
        opt_state=opt_state,
        epoch=on_device(epoch, np.int32),
        step=on_device(WITHOUT_END, np.int32),
        chunk=on_device(-1, np.int32),
        sums=sums,
        best=None if watch is None else first_best(params, opt_state, epoch, dtype),
    )


def _as_before(fresh: Any, kept: Any) -> Any:
    """Return the kept state in the types of a fresh one."""
    shapes = [[np.shape(leaf) for leaf in jax.tree.leaves(tree)] for tree in (fresh, kept)]
    if jax.tree.structure(fresh) != jax.tree.structure(kept) or shapes[0] != shapes[1]:
        raise ShapeError(
            "The checkpoint's optimizer state belongs to another optimizer or network. "
            "Go on with the same ones, or leave opt_state out: the optimizer then starts anew."
        )
    return jax.tree.map(lambda new, old: on_device(old, new.dtype), fresh, kept)


def map_schedule(f: Callable[[Schedule], Schedule], optimizer: Any) -> Any:
    """Return the optimizer, however deep inside others, with `f` of its schedule."""
    if isinstance(getattr(optimizer, "learning_rate", None), Schedule):
        return replace(optimizer, learning_rate=f(optimizer.learning_rate))
    if isinstance(getattr(optimizer, "optimizer", None), Optimizer):
        return replace(optimizer, optimizer=map_schedule(f, optimizer.optimizer))
    return optimizer


def fill_schedule(optimizer: Any, n_steps: int) -> Any:
    """Return the optimizer with the length of its schedule known."""
    return map_schedule(lambda schedule: schedule.over(n_steps), optimizer)


def scale_rate(optimizer: Any, factor: float) -> Any:
    """Return the optimizer with its learning rate times `factor`, in place of any factor before."""

    def scaled(schedule: Schedule) -> Schedule:
        return Scaled(schedule.schedule if isinstance(schedule, Scaled) else schedule, factor)

    return map_schedule(scaled, optimizer)


def columns_of(
    network: Layer, metrics: Mapping[str, Any], measured: bool, validated: bool
) -> list[str]:
    """Return the names of the history's columns after "epoch"."""
    names = ["loss", *metrics]
    columns = ["running_loss", *columns_of_notes(network), *(names if measured else [])]
    columns += [f"val_{name}" for name in names] if validated else []
    taken = [name for name in metrics if name == "epoch" or columns.count(name) > 1]
    if taken:
        raise OptionError(
            f'The metric name "{taken[0]}" is taken: history has a column of that name. '
            "Choose another."
        )
    return columns
