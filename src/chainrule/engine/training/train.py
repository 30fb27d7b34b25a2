"""Training from the outside: options and rows checked, laid out on the device, and trained."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from chainrule.engine.compiling.precision import as_dtype, precision
from chainrule.engine.compiling.room import make_room_for_programs
from chainrule.engine.layers.base import Layer
from chainrule.engine.objectives.base import Objective, RowMeasure
from chainrule.engine.objectives.penalty import Penalty
from chainrule.engine.optimizers.base import Optimizer
from chainrule.engine.training.checking import check_options, check_outputs, check_parts, check_rows
from chainrule.engine.training.flow import FlowRecord
from chainrule.engine.training.interrupt import catch_interrupt
from chainrule.engine.training.keeping import Keeper, trained_from, trained_told
from chainrule.engine.training.results import Epoch, Progress, Trained
from chainrule.engine.training.rows import Room, lay_out, pad_rows, padded_size
from chainrule.engine.training.run import Limits, Run
from chainrule.engine.training.starting import (
    Checkpoint,
    columns_of,
    fill_schedule,
    first_state,
    random_parts,
    scale_rate,
)
from chainrule.engine.training.step import Task
from chainrule.engine.training.stopping import EarlyStopping, reductions_of, watch_of


def train(
    network: Layer,
    objective: Objective,
    x: np.ndarray | Room,
    y: np.ndarray,
    *,
    weights: np.ndarray | None = None,
    validation: tuple[np.ndarray, ...] | None = None,
    optimizer: Optimizer,
    batch_size: int | None = 32,
    n_epochs: int = 100,
    penalty: Penalty | None = None,
    metrics: Mapping[str, RowMeasure] | None = None,
    stopping: EarlyStopping | None = None,
    shuffle: bool = True,
    seed: int = 0,
    params: Any = None,
    resume: Checkpoint | None = None,
    measure_training: bool = True,
    record_flow: bool = False,
    dtype: Any = "float32",
    time_limit: float | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    on_epoch: Callable[[Epoch], bool | None] | None = None,
    keeper: Keeper | None = None,
) -> Trained:
    """Train `network` by backpropagation and return its parameters and history.

    Parameters
    ----------
    network : Layer
        Any layer; for most uses a `FeedForward`.
    objective : Objective
        What is minimised.
    x : array of shape (n_rows, n_in)
        Encoded inputs.  A large table that is not needed afterwards can be written into what
        `make_room` gives, and is then not copied.
    y : array of shape (n_rows, n_targets)
        Targets in the form the objective takes (one-hot rows for classes).
    weights : array of shape (n_rows,), optional
        Row weights, 0 or more; 2 counts like the row twice.
    validation : (x, y) or (x, y, weights), optional
        Rows that are measured and never trained on.
    optimizer : Optimizer
        The update rule; schedules of open length get the length of this training.
    batch_size : int or None, default=32
        Rows to a step: 1 is online training, None the full matrix.
    n_epochs : int, default=100
        Passes over the table at most.
    penalty : Penalty, optional
        L1 and L2 penalty on weights.
    metrics : mapping of name to metric, optional
        Measured beside the loss, on training and validation rows.
    stopping : EarlyStopping, optional
        What to watch, and when to stop; the best weights are kept.
    shuffle : bool, default=True
        A new random order of rows in every epoch; False keeps the table's order.
    seed : int, default=0
        Decides initial weights, order of rows and dropout.
    params : optional
        Initial parameters, instead of those the network draws.
    resume : Checkpoint, optional
        Go on from there for `n_epochs` more: with the same seed, rows and a constant rate the
        numbers are those of one longer training.
    measure_training : bool, default=True
        Measure loss and metrics on the training rows after every epoch; without it the history
        holds the "running_loss" of the steps, and what validation rows say.
    record_flow : bool, default=False
        Record what flows through every layer in the first step of the epochs 1, 2, 4, 8, 16, …
    dtype : "float32" or "float64", default="float32"
        Precision of everything.
    time_limit : float, optional
        Seconds after which training stops, compilation included; an epoch that then runs ends
        early.
    on_progress : callable, optional
        Called with a `Progress` some ten times a second, within long epochs too.
    on_epoch : callable, optional
        Called with an `Epoch` after every epoch; training stops when it returns True.  Epochs
        then run one at a time, each with its own call of the compiled program.
    keeper : Keeper, optional
        Keeps the training whenever it says that it is time; where it has kept it, the training
        goes on from there, to the same bits.  Everything else is given as it was at the start.

    Returns
    -------
    Trained

    Raises
    ------
    ShapeError
        If arrays do not fit together.
    DataError
        If inputs, targets or weights are not finite, or weights are negative or all zero.
    OptionError
        If an option has a value it cannot have.
    """
    make_room_for_programs()
    check_parts(network, objective, optimizer, metrics)
    dtype = as_dtype(dtype)
    start = time.perf_counter()
    room = x if isinstance(x, Room) else None
    table = check_rows("training", x if room is None else room.rows, y, weights)
    held_out = None if validation is None else check_rows("validation", *validation)
    check_options(table, held_out, batch_size, n_epochs, time_limit, optimizer)
    check_outputs(network, objective, table)
    metrics = dict(metrics or {})
    layout = lay_out(len(table[0]), table[0].shape[1] + table[1].shape[1], batch_size)
    columns = columns_of(network, metrics, measure_training, held_out is not None)
    watch = watch_of(stopping, columns)
    optimizer = fill_schedule(optimizer, n_epochs * layout.n_steps)
    if stopping is not None and stopping.n_reductions > 0:
        optimizer = scale_rate(optimizer, 1.0)
    task = Task(network, objective, optimizer, penalty, tuple(metrics.values()))
    init_key, step_key, rng = random_parts(seed, shuffle)

    begin = Checkpoint(params) if resume is None else resume
    layout.skip_orders(begin.epoch, rng)

    with precision(dtype), catch_interrupt() as interrupt:
        n_in, n_tables = table[0].shape[1], int(measure_training) + int(held_out is not None)
        state = first_state(
            network,
            optimizer,
            begin,
            init_key,
            n_in,
            watch,
            dtype,
            n_measures=(1 + len(metrics)) * n_tables,
        )
        kept, facts = (None if keeper is None else keeper.kept(state)) or (None, {})
        if kept is not None and facts:
            return trained_from(kept, facts, state)
        places = layout.fixed_places(shuffle)
        inputs = table[0] if room is None else room
        size = layout.table_size
        rows = pad_rows(inputs, *table[1:], size=size, dtype=dtype, places=places)
        held_out_rows = None
        if held_out is not None:
            size = padded_size(len(held_out[0]), 1)
            if size > layout.chunk_size:
                size = padded_size(len(held_out[0]), layout.chunk_size)
            held_out_rows = pad_rows(*held_out, size=size, dtype=dtype)
        run = Run(
            task=task,
            watch=watch,
            layout=layout,
            columns=columns,
            key=step_key,
            rng=rng,
            train=rows,
            validation=held_out_rows,
            measure_training=measure_training,
            reductions=reductions_of(stopping),
            flow=FlowRecord() if record_flow else None,
            keeper=keeper,
            kept=kept,
        )
        limits = Limits(start, time_limit, interrupt)
        trained = run.until(state, n_epochs, limits, on_progress, on_epoch)
    if keeper is not None and trained.stop != "interrupted":
        arrays, facts = trained_told(trained)
        keeper.finish(arrays, trained.n_epochs, facts)
    return trained
