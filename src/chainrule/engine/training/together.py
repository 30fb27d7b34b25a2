"""Several networks of one shape, trained side by side in one compiled program.

Folds, seeds or starts: the arrays of all networks are stacked, and each step serves them all, so
that the overhead of a step is paid once.  The numbers are those of training them one by one.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import jax
import numpy as np

from chainrule.engine.layers.base import Layer
from chainrule.engine.objectives.base import Objective, RowMeasure
from chainrule.engine.objectives.penalty import Penalty
from chainrule.engine.optimizers.base import Optimizer
from chainrule.engine.pytree import on_device
from chainrule.engine.training.checking import check_options, check_outputs, check_parts, check_rows
from chainrule.engine.training.compilation_cache import keep_compilations
from chainrule.engine.training.epochs import run_blocks
from chainrule.engine.training.precision import as_dtype, precision
from chainrule.engine.training.results import Trained
from chainrule.engine.training.rows import lay_out, pad_rows
from chainrule.engine.training.starting import (
    Checkpoint,
    columns_of,
    fill_schedule,
    first_state,
    random_parts,
)
from chainrule.engine.training.step import Task
from chainrule.engine.training.train import train
from chainrule.errors import ShapeError


def train_together(
    network: Layer,
    objective: Objective,
    tables: Sequence[tuple[np.ndarray, ...]],
    *,
    optimizer: Optimizer,
    batch_size: int | None = 32,
    n_epochs: int = 100,
    penalty: Penalty | None = None,
    metrics: Mapping[str, RowMeasure] | None = None,
    shuffle: bool = True,
    seeds: Sequence[int] | None = None,
    params: Sequence[Any] | None = None,
    measure_training: bool = True,
    dtype: Any = "float32",
) -> list[Trained]:
    """Train one network per table, side by side, and return what `train` returns for each.

    Parameters
    ----------
    tables : sequence of (x, y) or (x, y, weights)
        A table for each network, all with the same number of rows.
    seeds : sequence of int, optional
        A seed for each network; 0, 1, 2, … if not given.
    params : sequence of parameters, optional
        Initial parameters for each network.
    measure_training : bool, default=True
        Measure loss and metrics after every epoch; without it, the history holds only the
        "running_loss" of the steps.
    network, objective, optimizer, batch_size, n_epochs, penalty, metrics, shuffle, dtype
        As in `train`.

    Returns
    -------
    list of Trained
        In the order of the tables.  A network whose loss stops being finite is trained again on
        its own, for the diagnosis that `train` gives.

    Raises
    ------
    ShapeError
        If the tables differ in shape, or there are not as many seeds or parameters as tables.
    DataError, OptionError
        As `train` does.
    """
    keep_compilations()
    check_parts(network, objective, optimizer, metrics)
    start = time.perf_counter()
    dtype, metrics = as_dtype(dtype), dict(metrics or {})
    checked = [check_rows(f"table {i}'s", *table) for i, table in enumerate(tables)]
    seeds = list(range(len(tables))) if seeds is None else list(seeds)
    starts = [None] * len(tables) if params is None else list(params)
    _check_alike(checked, seeds, starts)
    check_options(checked[0], None, batch_size, n_epochs, None, optimizer)
    check_outputs(network, objective, checked[0])
    x, y, _ = checked[0]
    layout = lay_out(len(x), x.shape[1] + y.shape[1], batch_size)
    filled = fill_schedule(optimizer, n_epochs * layout.n_steps)
    task = Task(network, objective, filled, penalty, tuple(metrics.values()))
    randoms = [random_parts(seed, shuffle) for seed in seeds]

    with precision(dtype):
        size = layout.table_size
        places = layout.fixed_places(shuffle)
        rows = _stack(
            [pad_rows(*table, size=size, dtype=dtype, places=places) for table in checked]
        )
        firsts = [
            first_state(network, filled, Checkpoint(p), key, x.shape[1], None, dtype)
            for p, (key, _, _) in zip(starts, randoms, strict=True)
        ]
        states = replace(_stack(firsts), epoch=firsts[0].epoch)  # all are at the same epoch
        words = np.stack([np.asarray(jax.random.key_data(key)) for _, key, _ in randoms])
        keys = jax.random.wrap_key_data(on_device(words), impl="threefry2x32")
        entries, failed, epoch, compile_seconds = [], np.zeros(len(tables), bool), 0, 0.0
        length = 0  # the first block compiles, and measures the start
        while True:
            each = [layout.orders(length, rng) for _, _, rng in randoms]
            orders = None if each[0] is None else np.stack([np.asarray(o) for o in each])
            block = run_blocks(
                firsts[0].params,
                task,
                states,
                rows,
                orders,
                keys,
                np.int32(length),
                np.int32(layout.n_steps),
                batch_size=layout.batch_size,
                chunk_size=layout.chunk_size,
                n_slots=layout.longest_block,
                measure_training=measure_training,
            )
            history = np.asarray(block.history)[:, : length + 1]
            if not entries:
                compile_seconds = time.perf_counter() - start
            entries.append(history[:, 1:] if entries else history)
            failed |= np.asarray(block.failed)
            states, epoch = block.state, epoch + length
            if epoch >= n_epochs:
                break
            length = min(layout.longest_block, n_epochs - epoch)
        seconds = time.perf_counter() - start - compile_seconds

    table = np.concatenate(entries, axis=1)
    names = columns_of(network, metrics, measure_training, False)
    results = []
    for i in range(len(tables)):
        if failed[i]:
            options = {"batch_size": batch_size, "n_epochs": n_epochs, "penalty": penalty}
            options |= {"metrics": metrics, "shuffle": shuffle, "dtype": dtype}
            x, y, w = checked[i]
            results.append(
                train(
                    network,
                    objective,
                    x,
                    y,
                    weights=w,
                    optimizer=optimizer,
                    seed=seeds[i],
                    params=starts[i],
                    **options,
                )
            )
            continue
        columns = {name: table[i, :, c] for c, name in enumerate(names)}
        own = jax.tree.map(lambda a, i=i: np.asarray(a)[i], (states.params, states.opt_state))
        with precision(dtype):
            own_params, own_opt_state = jax.tree.map(on_device, own)
        results.append(
            Trained(
                params=own_params,
                opt_state=own_opt_state,
                history={"epoch": np.arange(n_epochs + 1), **columns},
                n_epochs=n_epochs,
                best_epoch=n_epochs,
                stop="finished",
                message=f"all {n_epochs} epochs done",
                seconds=seconds,
                compile_seconds=compile_seconds,
            )
        )
    return results


def _stack(trees: list[Any]) -> Any:
    """Return one tree with a leading axis, stacked on the host."""
    return jax.tree.map(
        lambda *leaves: on_device(np.stack([np.asarray(v) for v in leaves])), *trees
    )


def _check_alike(tables: list[tuple[np.ndarray, ...]], seeds: list[int], starts: list[Any]) -> None:
    shapes = {(x.shape, y.shape) for x, y, _ in tables}
    if len(shapes) != 1:
        raise ShapeError(
            f"Networks trained together need tables of one shape, got {len(shapes)} shapes: "
            f"{sorted(shapes)}. Group tables of equal shape, or train them one by one."
        )
    if not len(tables) == len(seeds) == len(starts):
        raise ShapeError(
            f"{len(tables)} tables need as many seeds and initial parameters, got {len(seeds)} "
            f"and {len(starts)}."
        )
