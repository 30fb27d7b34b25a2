"""A block of epochs as one compiled program: nothing per step happens in Python.

Each turn of the loop runs one epoch of steps, measures the network, records the measures and judges
them.  So entry e of the history is the state after e epochs; entry 0, the start, is a turn that has
no steps to run.

An epoch that takes long is cut: at most `most_steps` steps and `most_chunks` chunks of measuring
happen in a turn, an epoch that is not complete then ends the block, and the next block goes on
inside it.

The number of epochs, of rows and of steps are run-time values; the program is shaped only by the
architecture, the batch size and the padded size of the table.
"""

from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key, PRNGKeyArray

from chainrule.engine.compiling.count import count_compilation
from chainrule.engine.layers.notes import noting, sum_up
from chainrule.engine.optimizers.gradient_descent import GradientDescent
from chainrule.engine.pytree import as_vector, on_device, pytree
from chainrule.engine.training.flow import Flow, flow_of
from chainrule.engine.training.measuring import n_chunks_of, slice_rows, sum_measures, take_rows
from chainrule.engine.training.rows import Rows
from chainrule.engine.training.step import Stepped, Task, step
from chainrule.engine.training.stopping import Best, Watch, judge

STATIC = ("batch_size", "chunk_size", "n_slots", "measure_training", "records_flow")
STATIC_OF_SEVERAL = (*STATIC[:-1], "shared")
WITHOUT_END = 2**30


@dataclass(frozen=True)
class Sums:
    """Where the running epoch adds things up, all in one vector, so that one kernel does it.

    Of its steps: loss and weight, and of the notes of the rows sums and largest values.  Then what
    it has measured.
    """

    names: tuple[str, ...]  # of the notes
    n_measures: int

    @property
    def n_notes(self) -> int:
        return len(self.names)

    @property
    def size(self) -> int:
        return 3 + 2 * self.n_notes + self.n_measures

    def zeros(self, dtype: Any) -> Array:
        """Return the sums with which an epoch begins, made on the host."""
        return on_device(np.zeros(self.size, dtype))

    def add(self, sums: Array, stepped: Stepped, weights: Array) -> Array:
        """Return the sums with a step of rows with these weights."""
        notes, peaks = sum_up(self.names, stepped.passed.notes, weights)
        weight, dtype = weights.sum(), sums.dtype
        rows = jnp.sum(weights > 0).astype(dtype)
        first = jnp.stack([weight * stepped.loss, weight, rows])
        more = jnp.concatenate([first, notes, peaks, jnp.zeros(self.n_measures, dtype)])
        place = np.arange(self.size)
        peak = (place >= 3 + self.n_notes) & (place < 3 + 2 * self.n_notes)
        return jnp.where(peak, jnp.maximum(sums, more), sums + more)

    def running(self, sums: Array) -> Array:
        """Return the mean loss of the steps, then means and peaks of the notes; NaN before any."""
        peaks = 3 + self.n_notes
        loss, means = sums[:1] / sums[1], sums[3:peaks] / sums[2]
        return jnp.concatenate([loss, means, sums[peaks : peaks + self.n_notes]])

    def measures(self, sums: Array) -> Array:
        return sums[3 + 2 * self.n_notes :]

    def with_measures(self, sums: Array, measures: Array) -> Array:
        return jnp.concatenate([sums[: 3 + 2 * self.n_notes], measures])


@pytree
class State:
    """Everything that training changes.

    `epoch` is the epoch that runs, or that ran last if it is complete: `step` of its steps and
    `chunk` chunks of its measuring are done.  Networks side by side keep no `sums`: their epochs
    are not cut.
    """

    params: Any
    opt_state: Any
    epoch: Int[Array, ""]
    step: Int[Array, ""]
    chunk: Int[Array, ""]
    sums: Any
    best: Best | None


@pytree
class Block:
    """What a block gives back: the state, its history, and whether training must stop.

    `flow` is what flowed in its last step, if that is asked for.

    Several networks trained side by side have a leading axis, but count epochs in common.
    """

    state: State
    history: Float[Array, "*networks epochs columns"]
    n_entries: Int[Array, ""]
    complete: Bool[Array, ""]
    patience_over: Bool[Array, "*networks"]
    failed: Bool[Array, "*networks"]
    flow: Flow | None = None


@pytree
class Extent:
    """How far a block goes: epochs, steps in each, and what a turn may do of them."""

    n_epochs: Any
    n_steps: Any
    most_steps: Any = WITHOUT_END
    most_chunks: Any = WITHOUT_END


def block_of_epochs(
    task: Task,
    watch: Watch | None,
    state: State,
    train: Rows,
    validation: Rows | None,
    orders: Int[Array, "slots places"] | None,
    key: PRNGKeyArray,
    extent: Extent,
    *,
    batch_size: int,
    chunk_size: int,
    n_slots: int,
    measure_training: bool = True,
    records_flow: bool = False,
    lockstep: bool = False,
) -> Block:
    """Run a block; without `orders`, rows lie as dealt; with them, slot 0 is the first epoch's.

    In `lockstep`, for several networks under `vmap`, nothing that one network does changes when
    the loops end: all counters are then shared, and only a network's own numbers have an axis.
    """
    count_compilation("run_block")
    dtype, table_size = train.weights.dtype, train.weights.shape[0]
    whole, per_chunk = batch_size == table_size, chunk_size // batch_size
    names, n_steps = noting(task.network).notes, extent.n_steps
    tables = [train] if measure_training else []
    tables += [] if validation is None else [validation]
    n_chunks = sum(n_chunks_of(rows, chunk_size) for rows in tables)
    n_measures = (1 + len(task.metrics)) * len(tables)

    adds, n_notes = Sums(names, n_measures), len(names)
    nothing = adds.zeros(dtype)
    # the epoch to which slot 0 belongs: the one that runs, or the next
    first = state.epoch + _is_complete(state, extent, n_chunks).astype(jnp.int32)

    def begin(state: State) -> State:
        """Begin the next epoch, if the last one is complete."""
        new = _is_complete(state, extent, n_chunks)
        zero = jnp.asarray(0, jnp.int32)
        return State(
            state.params,
            state.opt_state,
            state.epoch + new.astype(jnp.int32),
            jnp.where(new, zero, state.step),
            jnp.where(new, zero, state.chunk),
            jnp.where(new, nothing, state.sums),
            state.best,
        )

    def run_steps(state: State, flow: Flow | None) -> tuple[State, Flow | None]:
        until = jnp.minimum(n_steps, state.step + jnp.minimum(extent.most_steps, n_steps))
        before = state.epoch - 1
        epoch_key = jax.random.fold_in(key, before)
        order = None if orders is None else slice_rows(orders, state.epoch - first, 1)[0]

        def run_step(batch: Rows, k: PRNGKeyArray, carry: Any) -> Any:
            params, opt_state, sums, _ = carry
            done = step(task, params, opt_state, batch.x, batch.y, batch.weights, k)
            sums = adds.add(sums, done, batch.weights)
            flow = None
            if records_flow:
                flow = flow_of(task.network, done.tape, done.passed)
            return done.params, done.opt_state, sums, flow

        def run_chunk(c: Array, carry: Any) -> Any:
            rows = train
            if order is not None:
                index = slice_rows(order, c * chunk_size, chunk_size)
                rows = jax.tree.map(lambda a: take_rows(a, index), train)
            elif chunk_size < table_size:
                rows = jax.tree.map(lambda a: slice_rows(a, c * chunk_size, chunk_size), train)

            def run_batch(b: Array, carry: Any) -> Any:
                batch = jax.tree.map(lambda a: slice_rows(a, b * batch_size, batch_size), rows)
                k = jax.random.fold_in(epoch_key, c * per_chunk + b)
                return run_step(batch, k, carry)

            start = jnp.clip(state.step - c * per_chunk, 0, per_chunk)
            end = jnp.clip(until - c * per_chunk, 0, per_chunk)
            return jax.lax.fori_loop(start, end, run_batch, carry)

        carry = (state.params, state.opt_state, state.sums, flow)
        if whole:  # a loop round a single step would take longer than the step of a small table
            *new, flow = run_step(train, epoch_key, carry)
            go = state.step < until
            new = jax.tree.map(lambda a, b: jnp.where(go, a, b), tuple(new), carry[:3])
            params, opt_state, sums = new
        elif chunk_size == table_size:
            params, opt_state, sums, flow = run_chunk(jnp.asarray(0, jnp.int32), carry)
        else:
            chunks = (state.step // per_chunk, -(-until // per_chunk))
            params, opt_state, sums, flow = jax.lax.fori_loop(*chunks, run_chunk, carry)
        step_now = jnp.maximum(state.step, until)
        state = replace(state, params=params, opt_state=opt_state, step=step_now, sums=sums)
        return state, flow

    def measure(state: State) -> State:
        """Measure the tables one after another, once the steps are done."""
        done = jnp.maximum(state.chunk, 0)
        more = jnp.minimum(extent.most_chunks, n_chunks)
        until = jnp.where(state.step >= n_steps, jnp.minimum(done + more, n_chunks), state.chunk)
        parts, passed, before = [], 0, adds.measures(state.sums)
        for i, rows in enumerate(tables):
            n, width = n_chunks_of(rows, chunk_size), 1 + len(task.metrics)
            start = before[i * width : (i + 1) * width]
            bounds = (jnp.clip(done - passed, 0, n), jnp.clip(until - passed, 0, n))
            alone = whole and n == 1
            parts.append(
                sum_measures(task, state.params, rows, chunk_size, start, None if alone else bounds)
            )
            passed += n
        sums = state.sums
        if parts:
            sums = adds.with_measures(sums, jnp.concatenate(parts))
        return replace(state, chunk=until, sums=sums)

    def record(state: State) -> Array:
        found, width = adds.measures(state.sums), 1 + len(task.metrics)
        means = [
            found[i * width : (i + 1) * width] / rows.weights.sum() for i, rows in enumerate(tables)
        ]
        return jnp.concatenate([adds.running(state.sums), *means])

    def turn(block: Block) -> Block:
        state, flow = run_steps(begin(block.state), block.flow)
        state = measure(state)
        complete = _is_complete(state, extent, n_chunks)
        measures = record(state)
        history = block.history.at[block.n_entries].set(measures)
        failed = complete & ~jnp.all(jnp.isfinite(measures[1 + 2 * n_notes :]))
        failed |= ~jnp.isfinite(state.sums[0])  # pyright: ignore
        # saturated units hide weights that are not finite from every loss
        failed |= ~jnp.all(jnp.isfinite(as_vector(state.params)))
        patience_over = jnp.asarray(False)
        if watch is not None and state.best is not None:
            best, patience_over = judge(
                watch,
                state.best,
                jnp.where(complete, measures, jnp.nan),
                task.penalty,
                state.params,
                state.opt_state,
                state.epoch,
            )
            patience_over &= complete
            state = replace(state, best=best)
        n_entries = block.n_entries + complete.astype(jnp.int32)
        failed |= block.failed
        return Block(state, history, n_entries, complete, patience_over, failed, flow)

    def unfinished(block: Block) -> Array:
        going = (block.n_entries < extent.n_epochs) & block.complete
        return going if lockstep else going & ~block.failed & ~block.patience_over

    n_columns = 1 + 2 * n_notes + n_measures
    no, yes = jnp.asarray(False), jnp.asarray(True)
    empty = jnp.full((n_slots, n_columns), jnp.nan, dtype)
    if state.sums is None:
        state = replace(state, sums=nothing)
    flow = _no_flow(task, state, train, batch_size) if records_flow else None
    start = Block(state, empty, jnp.asarray(0, jnp.int32), yes, no, no, flow)
    return jax.lax.while_loop(unfinished, turn, start)


def _no_flow(task: Task, state: State, train: Rows, batch_size: int) -> Flow:
    """Return what flows before any step: zeros."""
    still = replace(task, optimizer=GradientDescent(), penalty=None)  # soon traced

    def flow(params: Any, rows: Rows, key: Any) -> Flow:
        opt_state = still.optimizer.init(params)
        done = step(still, params, opt_state, rows.x, rows.y, rows.weights, key)
        return flow_of(task.network, done.tape, done.passed)

    batch = jax.tree.map(lambda a: a[:batch_size], train)
    shapes = jax.eval_shape(flow, state.params, batch, jax.random.key(0))
    return jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), shapes)


def _is_complete(state: State, extent: Extent, n_chunks: int) -> Array:
    return (state.step >= extent.n_steps) & (state.chunk >= n_chunks)


def blocks_of_epochs(
    task: Task,
    rules: Any,
    states: State,
    tables: Rows,
    orders: Int[Array, "networks slots places"] | None,
    keys: Key[Array, " networks"],
    extent: Extent,
    *,
    shared: tuple[str, ...],
    batch_size: int,
    chunk_size: int,
    n_slots: int,
    measure_training: bool = True,
) -> Block:
    """Run a block of several networks side by side; every array has a leading axis of networks.

    `rules` are optimizer and penalty, in place of the task's.  What is `shared` ("rules",
    "tables") has no such axis.  Epochs are not cut.
    """

    def one(own: tuple[Any, Any], rule: Any, table: Rows, order: Any, key: Any) -> Any:
        optimizer, penalty = rule
        block = block_of_epochs(
            replace(task, optimizer=optimizer, penalty=penalty),
            None,
            replace(states, params=own[0], opt_state=own[1]),
            table,
            None,
            order,
            key,
            extent,
            batch_size=batch_size,
            chunk_size=chunk_size,
            n_slots=n_slots,
            measure_training=measure_training,
            lockstep=True,
        )
        own = (block.state.params, block.state.opt_state)
        counters = (block.state.epoch, block.state.step, block.state.chunk)
        return (own, block.history, block.failed), (counters, block.n_entries, block.complete)

    own = (states.params, states.opt_state)
    axes = {name: None if name in shared else 0 for name in ("rules", "tables")}
    in_axes = (0, axes["rules"], axes["tables"], None if orders is None else 0, 0)
    each, (counters, n_entries, complete) = jax.vmap(one, in_axes, (0, None))(
        own, rules, tables, orders, keys
    )
    own, history, failed = each
    states = State(*own, *counters, sums=None, best=None)
    return Block(states, history, n_entries, complete, jnp.zeros_like(failed), failed)
