"""One training as Python sees it: blocks of epochs until done, with history, stopping and progress.

start → [block on the device → history, progress, clock, Ctrl-C] … → best weights
"""

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field, replace

import jax
import numpy as np
from jaxtyping import Array, PRNGKeyArray

from chainrule.engine.compiling.speed import compile_for
from chainrule.engine.layers.notes import columns_of_notes, noting
from chainrule.engine.pytree import on_device
from chainrule.engine.training.epochs import STATIC, Block, Extent, State, block_of_epochs
from chainrule.engine.training.failure import locate_failure, locate_in_prediction
from chainrule.engine.training.flow import FlowRecord, is_recorded, next_recorded
from chainrule.engine.training.interrupt import Interrupt
from chainrule.engine.training.keeping import Arrays, Keeper, Kept
from chainrule.engine.training.pace import Pace
from chainrule.engine.training.results import Epoch, Progress, Trained
from chainrule.engine.training.rows import Layout, Rows, draw_orders
from chainrule.engine.training.starting import scale_rate
from chainrule.engine.training.step import Task
from chainrule.engine.training.stopping import Watch
from chainrule.importing import collection_paused


@dataclass(frozen=True)
class Limits:
    """When the user wants training to end: after some seconds, or at Ctrl-C."""

    start: float
    seconds: float | None
    interrupt: Interrupt

    @property
    def spent(self) -> float:
        return time.perf_counter() - self.start

    @property
    def left(self) -> float:
        return float("inf") if self.seconds is None else self.seconds - self.spent

    @property
    def reached(self) -> bool:
        return self.interrupt.requested or self.left <= 0


@dataclass(eq=False, kw_only=True)
class Run:
    """One training: the data on the device and the loop over blocks.

    `reductions` are factors of the learning rate, one for each plateau; `kept` is what the `keeper`
    has of it from before.
    """

    task: Task
    watch: Watch | None
    layout: Layout
    columns: list[str]
    key: PRNGKeyArray
    rng: np.random.Generator | None
    train: Rows
    validation: Rows | None
    measure_training: bool
    reductions: Iterator[float]
    flow: FlowRecord | None
    keeper: Keeper | None
    kept: Arrays | None
    inside: bool = False  # an epoch, part of which has run
    cut: bool = False  # the last epoch ended early
    n_reductions: int = 0
    entries: list[np.ndarray] = field(default_factory=list)
    first_epoch: int = 0
    compile_seconds: float = 0.0

    def until(
        self,
        state: State,
        n_epochs: int,
        limits: Limits,
        on_progress: Callable[[Progress], None] | None,
        on_epoch: Callable[[Epoch], bool | None] | None,
    ) -> Trained:
        """Train for `n_epochs` from `state`, or until there is a reason to stop."""
        self.first_epoch = int(state.epoch)
        last = self.first_epoch + n_epochs
        state, limits = self._as_kept(state, limits)
        epoch = int(state.epoch) - int(self.inside)
        pace = Pace(self.layout, state.params)
        stop, message = "finished", f"all {n_epochs} epochs done"

        def show(state: State, share: float = 0.0) -> None:
            if on_progress is not None and self.entries:
                best = None if state.best is None else int(state.best.epoch)
                shown = (self._last_measures(), best, limits.spent, self.compile_seconds, share)
                on_progress(Progress(epoch, last, *shown))

        while True:
            most = 1 if on_epoch is not None or not self.entries else last - epoch
            before, n_before = state, len(self.entries)
            block, orders = self._advance(state, most, pace, limits, show)
            state, epoch = block.state, int(block.state.epoch)
            if bool(block.failed):
                return self._diverged(before, state, orders, limits)
            patience_over = bool(block.patience_over)
            show(state)
            asked = on_epoch is not None and on_epoch(
                Epoch(epoch, self._last_measures(), state.params, state.opt_state)
            )
            beyond = self._beyond_a_limit(n_before)
            factor = next(self.reductions, None) if patience_over else None
            if factor is not None and state.best is not None:
                self._reduce_rate(factor)
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
            elif limits.interrupt.requested:
                self._keep(state, limits, inside=False, now=not self.cut)
                stop, message = "interrupted", f"stopped by hand after epoch {epoch}"
            elif limits.left <= 0 and epoch > self.first_epoch:
                stop, message = (
                    "time",
                    f"the time limit of {limits.seconds:g} s was reached after epoch {epoch}",
                )
            else:
                self._keep(state, limits, inside=False)
                continue
            return self._result(state, stop, message, limits)

    def _as_kept(self, fresh: State, limits: Limits) -> tuple[State, Limits]:
        """Return the state from which a training goes on that was kept, with its clock."""
        if self.kept is None:
            return fresh, limits
        kept = Kept.from_arrays(self.kept, fresh, len(self.columns))
        self.entries, self.inside = list(kept.entries), kept.inside
        if self.flow is not None and kept.flow is not None:
            self.flow = kept.flow
        for factor in itertools.islice(self.reductions, kept.n_reductions):
            self._reduce_rate(factor)
        n_drawn = int(kept.state.epoch) - int(fresh.epoch) - int(kept.inside)
        self.layout.skip_orders(n_drawn, self.rng)
        return kept.state, replace(limits, start=limits.start - kept.spent)

    def _keep(self, state: State, limits: Limits, *, inside: bool, now: bool = False) -> None:
        """Keep the training if it is time, or `now`; but not what an epoch that was cut gives."""
        if self.keeper is None or not self.entries or self.cut:
            return
        if now or self.keeper.due:
            kept = Kept(state, inside, self.entries, self.n_reductions, limits.spent, self.flow)
            self.keeper.keep(kept.as_arrays(), int(state.epoch))

    def _reduce_rate(self, factor: float) -> None:
        optimizer = scale_rate(self.task.optimizer, factor)
        self.task = replace(self.task, optimizer=optimizer)
        self.n_reductions += 1

    def _advance(
        self,
        state: State,
        most: int,
        pace: Pace,
        limits: Limits,
        show: Callable[[State, float], None],
    ) -> tuple[Block, Array | None]:
        """Run at most so many epochs, or one that takes several blocks; or a part, if time is up.

        Return the last block, and the order of the rows in its epochs.
        """
        first_entry, inside, self.inside = not self.entries, self.inside, False
        epoch = int(state.epoch) + int(not inside)
        records = self.flow is not None and not first_entry and not inside
        most = 1 if inside else most
        if records:  # a step that is recorded is a block of its own
            most = min(most, next_recorded(epoch + 1) - epoch)
            records = is_recorded(epoch)
        extent = pace.next(most, limits.left)
        undrawn = None if self.rng is None else self.rng.bit_generator.state
        orders, rest = self._orders(0 if first_entry else extent.n_epochs), extent
        if records:
            extent = replace(extent, n_epochs=1, most_steps=1)
        n_steps = self.layout.n_steps
        while True:
            clock, first_call = time.perf_counter(), self.compile_seconds == 0
            with collection_paused() if first_call else nullcontext():
                block = self._block(state, extent, orders)
                complete, failed = bool(block.complete), bool(block.failed)
            spent = time.perf_counter() - clock
            if first_call:
                self.compile_seconds = spent
            elif not records:
                pace.took(spent, state, block)
            self._record(block)
            before, state = state, block.state
            if records:
                self._record_flow(epoch, before, block, orders)
            if complete:
                n_run = int(state.epoch) - epoch + 1
                if self.rng and undrawn and n_run < rest.n_epochs:  # patience was over
                    self.rng.bit_generator.state = undrawn
                    self.layout.skip_orders(n_run, self.rng)
                return block, orders
            done = min(int(state.step), n_steps)
            show(state, done / n_steps)
            ends = limits.reached and not first_entry
            if not failed:
                self._keep(state, limits, inside=True, now=ends)
            if failed or ends:  # the epoch ends here
                self.cut = True
                extent = Extent(1, done)
            else:
                extent = rest if records else pace.next(1, limits.left)
            records = False

    def _block(self, state: State, extent: Extent, orders: Array | None) -> Block:
        layout = self.layout
        program = compile_for(state.params, layout.batch_size, block_of_epochs, STATIC)
        return program(
            self.task,
            self.watch,
            state,
            self.train,
            self.validation,
            orders,
            self.key,
            jax.tree.map(np.int32, extent),
            batch_size=layout.batch_size,
            chunk_size=layout.chunk_size,
            n_slots=layout.longest_block,
            measure_training=self.measure_training,
            records_flow=self.flow is not None,
        )

    def _orders(self, n_epochs: int) -> Array | None:
        drawn = draw_orders([self.layout], n_epochs, [self.rng])
        return None if drawn is None else on_device(drawn[0])

    def _record(self, block: Block) -> None:
        self.entries.extend(np.asarray(block.history)[: int(block.n_entries)])

    def _record_flow(self, epoch: int, before: State, block: Block, orders: Array | None) -> None:
        """Record the first step of an epoch."""
        if self.flow is None or block.flow is None:
            return
        weights = np.asarray(self.train.weights)
        size = self.layout.batch_size
        weights = weights[:size] if orders is None else weights[np.asarray(orders)[0, :size]]
        params = (before.params, block.state.params)
        self.flow.add(self.task.network, epoch, *params, block.flow, weights)

    def _last_measures(self) -> dict[str, float]:
        entry = self.entries[-1][: len(self.columns)]
        return dict(zip(self.columns, entry.tolist(), strict=True))

    def _beyond_a_limit(self, n_before: int) -> str:
        """Return in words which note since the first entries is beyond its limit; else nothing."""
        for name, most in noting(self.task.network).limits.items():
            column = self.columns.index(name)
            for i in range(n_before, len(self.entries)):
                if self.entries[i][column] > most:
                    share, epoch = self.entries[i][column], self.first_epoch + i
                    return f"{name.replace('_', ' ')} in epoch {epoch}: {share:.1%} of the samples"
        return ""

    def _result(self, state: State, stop: str, message: str, limits: Limits) -> Trained:
        best = state if state.best is None else state.best
        return Trained(
            params=best.params,
            opt_state=best.opt_state,
            history=self._history(),
            flow={} if self.flow is None else self.flow.as_arrays(),
            n_epochs=int(state.epoch),
            best_epoch=int(best.epoch),
            stop=stop,
            message=message,
            seconds=limits.spent - self.compile_seconds,
            compile_seconds=self.compile_seconds,
        )

    def _history(self) -> dict[str, np.ndarray]:
        table = np.stack(self.entries)
        n_running = 1 + len(columns_of_notes(self.task.network))
        table[0, :n_running] = np.nan  # before the first epoch nothing has run
        columns = {name: table[:, i] for i, name in enumerate(self.columns)}
        return {"epoch": self.first_epoch + np.arange(len(table)), **columns}

    def _diverged(
        self, before: State, state: State, orders: Array | None, limits: Limits
    ) -> Trained:
        """Go back to the last finite epoch, find the place, and keep what is good."""
        failed_at, good = int(state.epoch), before
        done = failed_at - int(before.epoch) - 1
        if done > 0:
            good = self._block(before, Extent(done, self.layout.n_steps), orders).state
        if failed_at == self.first_epoch:
            place = locate_in_prediction(self.task, good.params, self._tables())
            remedy = "Scale the inputs and targets, or start from smaller weights"
        else:
            batches = self._batches(orders, max(done, 0))
            epoch_key = jax.random.fold_in(self.key, failed_at - 1)
            place = locate_failure(
                self.task, good.params, good.opt_state, batches, epoch_key, self._tables()
            )
            remedy = "Lower the learning rate tenfold, or clip the gradient (clip_norm=1)"
        kept = good.best.epoch if good.best is not None else good.epoch
        message = (
            f"the loss stopped being finite in epoch {failed_at}; first seen in {place}. "
            f"Weights of epoch {int(kept)} kept. {remedy}"
        )
        result = self._result(good, "diverged", message, limits)
        return replace(result, n_epochs=failed_at)

    def _tables(self) -> Iterator[Rows]:
        """Yield the rows that are measured, a chunk at a time."""
        size = self.layout.chunk_size
        for rows in (self.train, self.validation):
            for i in range(0, 0 if rows is None else len(rows.weights), size):
                yield jax.tree.map(lambda a, i=i: a[i : i + size], rows)

    def _batches(self, orders: Array | None, slot: int) -> list[Rows]:
        if self.layout.whole:
            return [self.train]
        size, n = self.layout.batch_size, self.layout.n_steps
        order = np.arange(self.layout.table_size) if orders is None else np.asarray(orders)[slot]
        indices = order[: n * size].reshape(n, size)
        return [jax.tree.map(lambda a, i=i: a[i], self.train) for i in indices]
