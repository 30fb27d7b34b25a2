"""Training from the outside: blocks of epochs until done, with history, stopping and progress.

    start → [block of epochs on the device → history, progress, clock, Ctrl-C] … → best weights

A block is as long as it takes to show progress some ten times a second.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import jax
import numpy as np
from jaxtyping import PRNGKeyArray

from chainrule.engine.layers.base import Layer
from chainrule.engine.layers.notes import columns_of_notes, limits_of
from chainrule.engine.objectives.base import Objective, RowMeasure
from chainrule.engine.objectives.penalty import Penalty
from chainrule.engine.optimizers.base import Optimizer
from chainrule.engine.pytree import on_device
from chainrule.engine.training.checking import check_options, check_outputs, check_parts, check_rows
from chainrule.engine.training.compilation_cache import keep_compilations
from chainrule.engine.training.epochs import Block, State, run_block
from chainrule.engine.training.failure import locate_failure, locate_in_prediction
from chainrule.engine.training.interrupt import Interrupt, catch_interrupt
from chainrule.engine.training.precision import as_dtype, precision
from chainrule.engine.training.results import Epoch, Progress, Trained
from chainrule.engine.training.rows import (
    Layout,
    Room,
    Rows,
    draw_orders,
    lay_out,
    pad_rows,
    padded_size,
)
from chainrule.engine.training.starting import (
    Checkpoint,
    columns_of,
    fill_schedule,
    first_state,
    random_parts,
    scale_rate,
)
from chainrule.engine.training.step import Task
from chainrule.engine.training.stopping import EarlyStopping, Watch, reductions_of, watch_of
from chainrule.importing import collection_paused

BLOCK_SECONDS = 0.1


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
    dtype: Any = "float32",
    time_limit: float | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    on_epoch: Callable[[Epoch], bool | None] | None = None,
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
    dtype : "float32" or "float64", default="float32"
        Precision of everything.
    time_limit : float, optional
        Seconds after which training stops at the end of a block, compilation included;
        one epoch always runs.
    on_progress : callable, optional
        Called with a `Progress` after every block.
    on_epoch : callable, optional
        Called with an `Epoch` after every epoch; training stops when it returns True.  Epochs
        then run one at a time, each with its own call of the compiled program.

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
    keep_compilations()
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
        state = first_state(network, optimizer, begin, init_key, table[0].shape[1], watch, dtype)
        places = layout.fixed_places(shuffle)
        inputs = table[0] if room is None else room
        size = layout.table_size
        rows = pad_rows(inputs, *table[1:], size=size, dtype=dtype, places=places)
        run = _Run(task, watch, layout, columns, step_key, rng, rows, measure_training)
        run.reductions = reductions_of(stopping)
        if held_out is not None:
            size = padded_size(len(held_out[0]), 1)
            if size > layout.chunk_size:
                size = padded_size(len(held_out[0]), layout.chunk_size)
            run.validation = pad_rows(*held_out, size=size, dtype=dtype)
        return run.until(state, n_epochs, start, time_limit, interrupt, on_progress, on_epoch)


class _Run:
    """One training: the data on the device and the loop over blocks."""

    validation: Rows | None = None
    reductions: Iterator[float] = iter(())  # factors of the learning rate, one for each plateau

    def __init__(
        self,
        task: Task,
        watch: Watch | None,
        layout: Layout,
        columns: list[str],
        key: PRNGKeyArray,
        rng: np.random.Generator | None,
        rows: Rows,
        measure_training: bool,
    ) -> None:
        self.train, self.measure_training = rows, measure_training
        self.task, self.watch, self.layout = task, watch, layout
        self.columns, self.key, self.rng = columns, key, rng
        self.entries: list[np.ndarray] = []
        self.first_epoch = 0

    def block(self, state: State, n_epochs: int, orders: np.ndarray | None) -> Block:
        layout = self.layout
        return run_block(
            state.params,
            self.task,
            self.watch,
            state,
            self.train,
            self.validation,
            None if orders is None else on_device(orders),
            self.key,
            np.int32(n_epochs),
            np.int32(layout.n_steps),
            batch_size=layout.batch_size,
            chunk_size=layout.chunk_size,
            n_slots=layout.longest_block,
            measure_training=self.measure_training,
        )

    def orders(self, n_epochs: int) -> np.ndarray | None:
        drawn = draw_orders([self.layout], n_epochs, [self.rng])
        return None if drawn is None else drawn[0]

    def until(
        self,
        state: State,
        n_epochs: int,
        start: float,
        time_limit: float | None,
        interrupt: Interrupt,
        on_progress: Callable[[Progress], None] | None,
        on_epoch: Callable[[Epoch], bool | None] | None,
    ) -> Trained:
        compile_seconds = 0.0
        epoch = self.first_epoch = int(state.epoch)
        last = epoch + n_epochs
        length = 0  # the first block runs no epoch: it compiles, and measures the start
        stop, message = "finished", f"all {n_epochs} epochs done"
        while True:
            length = min(length, last - epoch)
            orders = self.orders(length)
            clock = time.perf_counter()
            with nullcontext() if self.entries else collection_paused():
                block = self.block(state, length, orders)
            failed, patience_over = bool(block.failed), bool(block.patience_over)
            spent = time.perf_counter() - clock
            if not self.entries:
                compile_seconds = spent
            before, state, epoch = state, block.state, int(block.state.epoch)
            self._record(block, epoch)
            if failed:
                return self._diverged(before, state, orders, start, compile_seconds)
            seconds = time.perf_counter() - start
            best = None if state.best is None else int(state.best.epoch)
            measures = dict(zip(self.columns, self.entries[-1].tolist(), strict=True))
            if on_progress is not None:
                on_progress(Progress(epoch, last, measures, best, seconds, compile_seconds))
            asked = on_epoch is not None and on_epoch(
                Epoch(epoch, measures, state.params, state.opt_state)
            )
            beyond = self._beyond_a_limit(int(block.n_entries))
            factor = next(self.reductions, None) if patience_over else None
            if factor is not None and state.best is not None:
                optimizer = scale_rate(self.task.optimizer, factor)
                self.task = replace(self.task, optimizer=optimizer)
                state = replace(state, best=replace(state.best, progress=state.epoch))
            if patience_over and factor is None and state.best is not None:
                n_idle = epoch - int(state.best.progress)
                stop, message = "early", f"no better for {n_idle} epochs"
            elif beyond:
                stop, message = "unsettled", beyond
            elif asked:
                stop, message = "asked", f"stopped as asked after epoch {epoch}"
            elif epoch >= last:
                pass
            elif interrupt.requested:
                stop, message = "interrupted", f"stopped by hand after epoch {epoch}"
            elif time_limit is not None and seconds >= time_limit and epoch > self.first_epoch:
                stop, message = (
                    "time",
                    f"the time limit of {time_limit:g} s was reached after epoch {epoch}",
                )
            else:
                length = self._next_length(length, spent, seconds, time_limit)
                length = length if on_epoch is None else 1
                continue
            return self._result(state, stop, message, start, compile_seconds)

    def _next_length(
        self, length: int, spent: float, seconds: float, time_limit: float | None
    ) -> int:
        """Return how many epochs fit into a tenth of a second, and into the time left."""
        if length == 0:
            return 1
        each = max(spent / length, 1e-6)
        wanted = BLOCK_SECONDS if time_limit is None else min(BLOCK_SECONDS, time_limit - seconds)
        return max(1, min(int(wanted / each), 4 * length, self.layout.longest_block))

    def _record(self, block: Block, epoch: int) -> None:
        """Append the block's entries; the first one repeats the last of the block before."""
        rows = np.asarray(block.history)[: int(block.n_entries)]
        self.entries.extend(rows[1:] if self.entries else rows)

    def _beyond_a_limit(self, n_entries: int) -> str:
        """Return in words which note of the last epochs is beyond its limit; else nothing."""
        for name, most in limits_of(self.task.network).items():
            column = self.columns.index(name)
            for i in range(max(len(self.entries) - n_entries, 0), len(self.entries)):
                if self.entries[i][column] > most:
                    share, epoch = self.entries[i][column], self.first_epoch + i
                    return f"{name.replace('_', ' ')} in epoch {epoch}: {share:.1%} of the samples"
        return ""

    def _result(
        self, state: State, stop: str, message: str, start: float, compile_seconds: float
    ) -> Trained:
        best = state if state.best is None else state.best
        return Trained(
            params=best.params,
            opt_state=best.opt_state,
            history=self._history(),
            n_epochs=int(state.epoch),
            best_epoch=int(best.epoch),
            stop=stop,
            message=message,
            seconds=time.perf_counter() - start - compile_seconds,
            compile_seconds=compile_seconds,
        )

    def _history(self) -> dict[str, np.ndarray]:
        table = np.stack(self.entries)
        n_running = 1 + len(columns_of_notes(self.task.network))
        table[0, :n_running] = np.nan  # before the first epoch nothing has run
        columns = {name: table[:, i] for i, name in enumerate(self.columns)}
        return {"epoch": self.first_epoch + np.arange(len(table)), **columns}

    def _diverged(
        self,
        before: State,
        state: State,
        orders: np.ndarray | None,
        start: float,
        compile_seconds: float,
    ) -> Trained:
        """Go back to the last finite epoch, find the place, and keep what is good."""
        failed_at, good = int(state.epoch), before
        done = failed_at - int(before.epoch) - 1
        if done > 0:
            good = self.block(before, done, orders).state
        if failed_at == self.first_epoch:
            place = locate_in_prediction(self.task, good.params, self._tables())
            remedy = "Scale the inputs and targets, or start from smaller weights"
        else:
            batches = self._batches(orders, max(done, 0))
            epoch_key = jax.random.fold_in(self.key, failed_at - 1)
            place = locate_failure(
                self.task, good.params, good.opt_state, batches, epoch_key, self._tables()
            )
            remedy = "Lower the learning rate tenfold, or clip the gradient (max_norm=1)"
        kept = good.best.epoch if good.best is not None else good.epoch
        message = (
            f"the loss stopped being finite in epoch {failed_at}; first seen in {place}. "
            f"Weights of epoch {int(kept)} kept. {remedy}"
        )
        result = self._result(good, "diverged", message, start, compile_seconds)
        return replace(result, n_epochs=failed_at)

    def _tables(self) -> Iterator[Rows]:
        """Yield the rows that are measured, a chunk at a time."""
        size = self.layout.chunk_size
        for rows in (self.train, self.validation):
            for i in range(0, 0 if rows is None else len(rows.weights), size):
                yield jax.tree.map(lambda a, i=i: a[i : i + size], rows)

    def _batches(self, orders: np.ndarray | None, slot: int) -> list[Rows]:
        if self.layout.whole:
            return [self.train]
        size, n = self.layout.batch_size, self.layout.n_steps
        order = np.arange(self.layout.table_size) if orders is None else orders[slot]
        indices = order[: n * size].reshape(n, size)
        return [jax.tree.map(lambda a, i=i: a[i], self.train) for i in indices]
