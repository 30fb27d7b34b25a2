"""A block of epochs as one compiled program: nothing per step happens in Python.

Each turn of the loop measures the network, records the measures, judges them, and, unless the
block is done or training must stop, runs one epoch of steps.  So entry e of the history is the
state after e epochs, and entry 0 is the start.

The number of epochs, of rows and of steps are run-time values; the program is shaped only by the
architecture, the batch size and the padded size of the table.
"""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, PRNGKeyArray

from chainrule.engine.layers.notes import notes_of
from chainrule.engine.pytree import as_vector, pytree
from chainrule.engine.training.compilation_speed import compile_for
from chainrule.engine.training.compilations import count_compilation
from chainrule.engine.training.measuring import measure, slice_rows, take_rows
from chainrule.engine.training.rows import Rows
from chainrule.engine.training.step import Task, step
from chainrule.engine.training.stopping import Best, Watch, judge

STATIC = ("batch_size", "chunk_size", "n_slots", "measure_training")
STATIC_OF_SEVERAL = (*STATIC, "shared")


@pytree
class State:
    """Everything that training changes; `running` is what the last epoch measured as it ran.

    That is the mean loss of its steps, then of what layers note the means and the largest values.
    """

    params: Any
    opt_state: Any
    epoch: Int[Array, ""]
    running: Float[Array, "*networks measures"]
    best: Best | None


@pytree
class Block:
    """What a block gives back: the state, its history, and whether training must stop.

    Several networks trained side by side have a leading axis, but count epochs in common.
    """

    state: State
    history: Float[Array, "*networks epochs columns"]
    n_entries: Int[Array, ""]
    patience_over: Bool[Array, "*networks"]
    failed: Bool[Array, "*networks"]


def block_of_epochs(
    task: Task,
    watch: Watch | None,
    state: State,
    train: Rows,
    validation: Rows | None,
    orders: Int[Array, "slots places"] | None,
    key: PRNGKeyArray,
    n_epochs: Int[Array, ""],
    n_steps: Int[Array, ""],
    *,
    batch_size: int,
    chunk_size: int,
    n_slots: int,
    measure_training: bool = True,
    lockstep: bool = False,
) -> Block:
    """Run at most `n_epochs` epochs of `n_steps` steps; without `orders`, rows lie as dealt.

    In `lockstep`, for several networks under `vmap`, nothing that one network does changes when
    the loops end: all counters are then shared, and only a network's own numbers have an axis.
    """
    count_compilation("run_block")
    first = state.epoch
    dtype, table_size = train.weights.dtype, train.weights.shape[0]
    whole = batch_size == table_size
    n_notes = len(notes_of(task.network))

    def running_measures(loss: Array, sums: Array, peaks: Array) -> Array:
        n_rows = jnp.sum(train.weights > 0).astype(dtype)
        return jnp.concatenate([loss[None], sums / n_rows, peaks])

    def record(state: State) -> Array:
        parts = [state.running]
        if measure_training:
            parts.append(measure(task, state.params, train, chunk_size))
        if validation is not None:
            parts.append(measure(task, state.params, validation, chunk_size))
        return jnp.concatenate(parts)

    def full_batch_epoch(state: State, go: Array) -> tuple[Any, Any, Array]:
        del go
        k = jax.random.fold_in(key, state.epoch)
        x, y, w = train.x, train.y, train.weights
        params, opt_state, loss, (sums, peaks) = step(
            task, state.params, state.opt_state, x, y, w, k
        )
        return params, opt_state, running_measures(loss, sums, peaks)

    def batches_epoch(state: State, go: Array) -> tuple[Any, Any, Array]:
        order = None if orders is None else slice_rows(orders, state.epoch - first, 1)[0]
        epoch_key = jax.random.fold_in(key, state.epoch)
        per_chunk = chunk_size // batch_size
        steps = jnp.where(go, n_steps, 0)

        def run_chunk(c: Array, carry: Any) -> Any:
            rows = train
            if order is not None:
                index = slice_rows(order, c * chunk_size, chunk_size)
                rows = jax.tree.map(lambda a: take_rows(a, index), train)
            elif chunk_size < table_size:
                rows = jax.tree.map(lambda a: slice_rows(a, c * chunk_size, chunk_size), train)

            def run_step(b: Array, carry: Any) -> Any:
                params, opt_state, total, sums, peaks = carry
                batch = jax.tree.map(lambda a: slice_rows(a, b * batch_size, batch_size), rows)
                k = jax.random.fold_in(epoch_key, c * per_chunk + b)
                params, opt_state, loss, (own_sums, own_peaks) = step(
                    task, params, opt_state, batch.x, batch.y, batch.weights, k
                )
                total = total + batch.weights.sum() * loss
                return params, opt_state, total, sums + own_sums, jnp.maximum(peaks, own_peaks)

            in_chunk = jnp.minimum(steps - c * per_chunk, per_chunk)
            return jax.lax.fori_loop(0, in_chunk, run_step, carry)

        none = jnp.zeros(n_notes, dtype)
        carry = (state.params, state.opt_state, jnp.zeros((), dtype), none, none)
        if chunk_size == table_size:
            carry = run_chunk(jnp.asarray(0, jnp.int32), carry)
        else:
            n_chunks = -(-steps // per_chunk)
            carry = jax.lax.fori_loop(0, n_chunks, run_chunk, carry)
        params, opt_state, total, sums, peaks = carry
        return params, opt_state, running_measures(total / train.weights.sum(), sums, peaks)

    def epoch(state: State, go: Array) -> State:
        """Run one epoch if `go`; the single step of a full batch has run anyway, and is dropped."""
        new = (full_batch_epoch if whole else batches_epoch)(state, go)
        if whole:
            old = (state.params, state.opt_state, state.running)
            new = jax.tree.map(lambda n, o: jnp.where(go, n, o), new, old)
        params, opt_state, running = new
        running = jnp.where(go, running, state.running)
        return State(params, opt_state, state.epoch + go.astype(jnp.int32), running, state.best)

    def turn(block: Block) -> Block:
        state = block.state
        measures = record(state)
        done = block.n_entries
        history = block.history.at[done].set(measures)
        # a running loss that is not finite counts too, but before the first epoch there is none
        failed = ~jnp.all(jnp.isfinite(measures[1:]))
        failed |= ~jnp.isfinite(state.running[0]) & (state.epoch > 0)
        # saturated units hide weights that are not finite from every loss
        failed |= ~jnp.all(jnp.isfinite(as_vector(state.params)))
        patience_over = jnp.asarray(False)
        if watch is not None and state.best is not None:
            best, patience_over = judge(
                watch,
                state.best,
                measures,
                task.penalty,
                state.params,
                state.opt_state,
                state.epoch,
            )
            state = State(state.params, state.opt_state, state.epoch, state.running, best)
        go = done < n_epochs
        if not lockstep:
            go &= ~failed & ~patience_over
        state = epoch(state, go)
        return Block(state, history, done + 1, patience_over, block.failed | failed)

    def unfinished(block: Block) -> Array:
        # the turn that runs no epoch is the last: then the entries have overtaken the epochs
        going = block.n_entries <= n_epochs
        return going if lockstep else going & ~block.failed & ~block.patience_over

    n_tables = int(measure_training) + int(validation is not None)
    n_columns = 1 + 2 * n_notes + (1 + len(task.metrics)) * n_tables
    no = jnp.asarray(False)
    empty = jnp.full((n_slots + 1, n_columns), jnp.nan, dtype)
    return jax.lax.while_loop(
        unfinished, turn, Block(state, empty, jnp.asarray(0, jnp.int32), no, no)
    )


def blocks_of_epochs(
    task: Task,
    rules: Any,
    states: State,
    tables: Rows,
    orders: Int[Array, "networks slots places"] | None,
    keys: Key[Array, " networks"],
    n_epochs: Int[Array, ""],
    n_steps: Int[Array, ""],
    *,
    shared: tuple[str, ...],
    batch_size: int,
    chunk_size: int,
    n_slots: int,
    measure_training: bool = True,
) -> Block:
    """Run a block of several networks side by side; every array has a leading axis of networks.

    `rules` are optimizer and penalty, in place of the task's.  What is `shared` ("rules",
    "tables") has no such axis.
    """

    def one(own: tuple[Any, Any, Array], rule: Any, table: Rows, order: Any, key: Any) -> Any:
        params, opt_state, running = own
        optimizer, penalty = rule
        block = block_of_epochs(
            replace(task, optimizer=optimizer, penalty=penalty),
            None,
            State(params, opt_state, states.epoch, running, None),
            table,
            None,
            order,
            key,
            n_epochs,
            n_steps,
            batch_size=batch_size,
            chunk_size=chunk_size,
            n_slots=n_slots,
            measure_training=measure_training,
            lockstep=True,
        )
        state = block.state
        own = (state.params, state.opt_state, state.running)
        return (own, block.history, block.failed), (state.epoch, block.n_entries)

    own = (states.params, states.opt_state, states.running)
    axes = {name: None if name in shared else 0 for name in ("rules", "tables")}
    in_axes = (0, axes["rules"], axes["tables"], None if orders is None else 0, 0)
    (own, history, failed), (epoch, n_entries) = jax.vmap(one, in_axes, (0, None))(
        own, rules, tables, orders, keys
    )
    params, opt_state, running = own
    states = State(params, opt_state, epoch, running, None)
    return Block(states, history, n_entries, jnp.zeros_like(failed), failed)


def run_block(params: Any, *arguments: Any, **sizes: Any) -> Block:
    """Run `block_of_epochs`, compiled as suits the `params` of one network."""
    return compile_for(params, sizes["batch_size"], block_of_epochs, STATIC)(*arguments, **sizes)


def run_blocks(params: Any, *arguments: Any, **sizes: Any) -> Block:
    """Run `blocks_of_epochs`, compiled as suits the `params` of one network."""
    return compile_for(params, sizes["batch_size"], blocks_of_epochs, STATIC_OF_SEVERAL)(
        *arguments, **sizes
    )
