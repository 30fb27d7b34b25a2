"""Several networks of one shape, trained side by side: folds, seeds, starts, or candidates.

The networks are dealt to as many groups as there are cores, and each group has a thread.  Within a
group the arrays of all networks are stacked and a step serves them all, so that the overhead of a
step is paid once; where the steps themselves are long, a group is one network.  The numbers are
those of training them one by one.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np

from chainrule.engine.compiling.precision import as_dtype, precision
from chainrule.engine.compiling.room import make_room_for_programs
from chainrule.engine.compiling.speed import compile_for
from chainrule.engine.layers.base import Layer
from chainrule.engine.objectives.base import Objective, RowMeasure
from chainrule.engine.objectives.penalty import Penalty
from chainrule.engine.optimizers.base import Optimizer
from chainrule.engine.pytree import count_numbers, on_device
from chainrule.engine.training.checking import check_options, check_outputs, check_parts, check_rows
from chainrule.engine.training.epochs import STATIC_OF_SEVERAL, Extent, State, blocks_of_epochs
from chainrule.engine.training.keeping import Keeper, foreign, leaves_told, restored
from chainrule.engine.training.pace import BLOCK_SECONDS
from chainrule.engine.training.results import Trained
from chainrule.engine.training.rows import Layout, Rows, draw_orders, lay_out, pad_rows
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

# Products in a step above which networks are faster one by one: the cores then share a product.
MANY_PRODUCTS = 2_000_000


def train_together(
    network: Layer,
    objective: Objective,
    tables: Sequence[tuple[np.ndarray, ...]],
    *,
    optimizer: Optimizer | Sequence[Optimizer],
    batch_size: int | None = 32,
    n_epochs: int = 100,
    penalty: Penalty | Sequence[Penalty] | None = None,
    metrics: Mapping[str, RowMeasure] | None = None,
    shuffle: bool = True,
    seeds: Sequence[int] | None = None,
    params: Sequence[Any] | None = None,
    measure_training: bool = True,
    dtype: Any = "float32",
    n_threads: int | None = None,
    keeper_of: Callable[[str], Keeper] | None = None,
) -> list[Trained]:
    """Train one network per table, side by side, and return what `train` returns for each.

    Parameters
    ----------
    tables : sequence of (x, y) or (x, y, weights)
        A table for each network.  They have the same columns, and rows for the same number of
        batches: folds may differ by a row.  The same arrays given again take no more memory.
    optimizer, penalty : one, or a sequence with one for each network
        Those of a sequence differ in their numbers only: candidates for rate or strength.
    seeds : sequence of int, optional
        A seed for each network; 0, 1, 2, … if not given.
    params : sequence of parameters, optional
        Initial parameters for each network.
    measure_training : bool, default=True
        Measure loss and metrics after every epoch; without it, the history holds only the
        "running_loss" of the steps.
    n_threads : int, optional
        Groups that train at the same time; as many as cores if not given.
    keeper_of : callable, optional
        Gives the `Keeper` of a group of networks by its name, such as "0-3"; see `train`.
    network, objective, batch_size, n_epochs, metrics, shuffle, dtype
        As in `train`.

    Returns
    -------
    list of Trained
        In the order of the tables.  A network whose loss stops being finite is trained again on
        its own, for the diagnosis that `train` gives.

    Raises
    ------
    ShapeError
        If the tables differ in shape, or there are not as many seeds, parameters, optimizers or
        penalties as tables.
    DataError, OptionError
        As `train` does.
    """
    make_room_for_programs()
    start = time.perf_counter()
    n = len(tables)
    seeds = list(range(n)) if seeds is None else list(seeds)
    starts = [None] * n if params is None else list(params)
    optimizers, penalties = _one_each(optimizer, n), _one_each(penalty, n)
    for each in optimizers:
        check_parts(network, objective, each, metrics)
    dtype, metrics = as_dtype(dtype), dict(metrics or {})
    checked = [check_rows(f"table {i}'s", *table) for i, table in enumerate(tables)]
    layouts = [lay_out(len(x), x.shape[1] + y.shape[1], batch_size) for x, y, _ in checked]
    _check_alike(checked, layouts, (seeds, starts, optimizers, penalties))
    check_options(checked[0], None, batch_size, n_epochs, None, optimizers[0])
    check_outputs(network, objective, checked[0])
    layout = layouts[0]
    filled = [fill_schedule(each, n_epochs * layout.n_steps) for each in optimizers]
    _check_rules(filled, penalties)
    task = Task(network, objective, filled[0], penalties[0], tuple(metrics.values()))
    alike = isinstance(optimizer, Optimizer) and not isinstance(penalty, Sequence)
    same = all(a is b for table in tables for a, b in zip(table, tables[0], strict=True))
    shared = (*(["rules"] if alike else []), *(["tables"] if same else []))

    def padded(i: int) -> Rows:
        places = layouts[i].fixed_places(shuffle)
        return pad_rows(*checked[i], size=layout.table_size, dtype=dtype, places=places)

    def member(i: int) -> _Member:
        key, step_key, rng = random_parts(seeds[i], shuffle)
        n_in = checked[i][0].shape[1]
        state = first_state(network, filled[i], Checkpoint(starts[i]), key, n_in, None, dtype)
        return _Member(i, layouts[i], state, step_key, rng, (filled[i], penalties[i]))

    with precision(dtype):
        members = [member(i) for i in range(n)]
        products = layout.batch_size * count_numbers(members[0].state.params)
        n_threads = n_threads or n_cores()
        groups = _deal(members, n_threads, alone=products > MANY_PRODUCTS)
        one_table = padded(0) if same else None
        running = []
        for group in groups:
            rows = one_table or _stack([padded(m.place) for m in group])
            keeper = keeper_of and keeper_of(f"{group[0].place}-{group[-1].place}")
            running.append(_Group(task, group, rows, shared, dtype, measure_training, keeper))
        for group in running:
            if not group.goes_on():
                group.block(1)  # the first one compiles; all measure the start
    compile_seconds = time.perf_counter() - start
    with ThreadPoolExecutor(n_threads) as pool:
        tasks = [pool.submit(group.run, n_epochs) for group in running]
        try:
            for each in tasks:
                each.result()
        finally:  # Ctrl-C, or an error in one of them: the others end with their block
            for group in running:
                group.stopped = True
    seconds = time.perf_counter() - start - compile_seconds

    names = columns_of(network, metrics, measure_training, False)
    results: list[Trained] = []
    for i, found in enumerate(m for group in running for m in group.results()):
        if found is None:
            x, y, w = checked[i]
            results.append(
                train(
                    network,
                    objective,
                    x,
                    y,
                    weights=w,
                    optimizer=optimizers[i],
                    batch_size=batch_size,
                    n_epochs=n_epochs,
                    penalty=penalties[i],
                    metrics=metrics,
                    shuffle=shuffle,
                    seed=seeds[i],
                    params=starts[i],
                    dtype=dtype,
                )
            )
            continue
        own_params, own_opt_state, table = found
        columns = {name: table[:, c] for c, name in enumerate(names)}
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


@dataclass(frozen=True, eq=False)
class _Member:
    """One network: its place in the order of tables, and where it starts."""

    place: int
    layout: Layout
    state: State
    key: Any
    rng: np.random.Generator | None
    rules: Any


class _Group:
    """Networks whose arrays are stacked, and the loop over their blocks.

    The last group may be filled up with copies of its last network, so that all groups run the
    same program; `n_own` are no copies.
    """

    def __init__(
        self,
        task: Task,
        members: list[_Member],
        tables: Rows,
        shared: tuple[str, ...],
        dtype: np.dtype,
        measure_training: bool,
        keeper: Keeper | None,
    ) -> None:
        self.keeper = keeper
        self.task, self.members, self.tables, self.dtype = task, members, tables, dtype
        self.shared, self.measure_training = shared, measure_training
        self.layout, self.params = members[0].layout, members[0].state.params
        self.n_own = len({m.place for m in members})
        first = members[0]
        states = _stack([m.state for m in members])
        at = {name: getattr(first.state, name) for name in ("epoch", "step", "chunk")}
        self.states = replace(states, **at)  # all are at the same epoch
        self.rules = first.rules
        if "rules" not in shared:
            self.rules = _stack([_as_arrays(m.rules, dtype) for m in members])
        words = np.stack([np.asarray(jax.random.key_data(m.key)) for m in members])
        self.keys = jax.random.wrap_key_data(on_device(words), impl="threefry2x32")
        self.entries: list[np.ndarray] = []
        self.failed = np.zeros(len(members), bool)
        self.stopped = False

    def block(self, length: int) -> None:
        """Run so many epochs; the first block only measures the start."""
        layout = self.layout
        own = self.members[: self.n_own]
        n_drawn = length if self.entries else 0
        drawn = draw_orders([m.layout for m in own], n_drawn, [m.rng for m in own])
        copies = [min(i, self.n_own - 1) for i in range(len(self.members))]
        if drawn is not None:
            drawn = on_device(drawn if len(own) == len(copies) else drawn[copies])
        program = compile_for(self.params, layout.batch_size, blocks_of_epochs, STATIC_OF_SEVERAL)
        block = program(
            self.task,
            self.rules,
            self.states,
            self.tables,
            drawn,
            self.keys,
            jax.tree.map(np.int32, Extent(length, layout.n_steps)),
            shared=self.shared,
            batch_size=layout.batch_size,
            chunk_size=layout.chunk_size,
            n_slots=layout.longest_block,
            measure_training=self.measure_training,
        )
        self.entries.append(np.asarray(block.history)[:, :length])
        self.failed |= np.asarray(block.failed)
        self.states = block.state

    def goes_on(self) -> bool:
        """Take up what was kept of these networks, and return whether anything was."""
        found = None if self.keeper is None else self.keeper.kept(self.states)
        if found is None:
            return False
        kept, _ = found
        self.states = restored(self.states, kept, "state")
        entries, failed = kept.get("entries"), kept.get("failed")
        n_done = int(self.states.epoch) - int(self.members[0].state.epoch)
        if failed is None or entries is None or entries.shape[:2] != (len(failed), n_done + 1):
            raise foreign()
        self.entries, self.failed = [entries], failed.astype(bool)
        for member in self.members[: self.n_own]:
            member.layout.skip_orders(n_done, member.rng)
        return True

    def keep(self) -> None:
        """Keep the networks as they are, if it is time."""
        if self.keeper is not None and self.keeper.due:
            told = {"entries": np.concatenate(self.entries, axis=1), "failed": self.failed}
            told["failed"] = told["failed"].astype(np.int32)
            told |= leaves_told("state", self.states)
            self.keeper.keep(told, int(self.states.epoch))

    def run(self, n_epochs: int) -> None:
        """Run all epochs, in blocks of about a tenth of a second."""
        done, length = int(self.states.epoch) - int(self.members[0].state.epoch), 1
        with precision(self.dtype):  # a setting of the thread
            while done < n_epochs and not self.stopped:
                length = min(length, n_epochs - done, self.layout.longest_block)
                clock = time.perf_counter()
                self.block(length)
                done += length
                self.keep()
                each = (time.perf_counter() - clock) / length
                length = max(1, min(int(BLOCK_SECONDS / max(each, 1e-6)), 4 * length))

    def results(self) -> Iterator[tuple[Any, Any, np.ndarray] | None]:
        """Yield parameters, optimizer state and history of each network; None for a broken one."""
        table = np.concatenate(self.entries, axis=1)
        host = jax.tree.map(np.asarray, (self.states.params, self.states.opt_state))
        for i in range(self.n_own):
            if self.failed[i]:
                yield None
                continue
            with precision(self.dtype):
                params, opt_state = jax.tree.map(lambda a, i=i: on_device(a[i]), host)
            yield params, opt_state, table[i]


def _deal(members: list[_Member], n_threads: int, *, alone: bool) -> list[list[_Member]]:
    """Return the networks in groups of equal size, one for each thread; or each `alone`."""
    size = 1 if alone else -(-len(members) // min(n_threads, len(members)))
    groups = [members[i : i + size] for i in range(0, len(members), size)]
    groups[-1] += (size - len(groups[-1])) * groups[-1][-1:]
    return groups


def n_cores() -> int:
    """Return how many cores this process may use."""
    known = getattr(os, "sched_getaffinity", None)
    return len(known(0)) if known else os.cpu_count() or 1


def _one_each(given: Any, n: int) -> list[Any]:
    return list(given) if isinstance(given, Sequence) else [given] * n


def _as_arrays(tree: Any, dtype: np.dtype) -> Any:
    """Return a tree with arrays for its numbers, in the types that a program would give them."""

    def array(leaf: Any) -> np.ndarray:
        floats = np.asarray(leaf).dtype.kind == "f"
        return np.asarray(leaf, dtype if floats else np.int32)

    return jax.tree.map(array, tree)


def _stack(trees: list[Any]) -> Any:
    """Return one tree with a leading axis, stacked on the host."""
    return jax.tree.map(
        lambda *leaves: on_device(np.stack([np.asarray(v) for v in leaves])), *trees
    )


def _check_alike(
    tables: list[tuple[np.ndarray, ...]], layouts: list[Layout], given: tuple[list[Any], ...]
) -> None:
    shapes = {(x.shape[1:], y.shape[1:]) for x, y, _ in tables}
    laid = {replace(layout, n_rows=layout.n_steps) for layout in layouts}
    if len(shapes) != 1 or len(laid) != 1:
        found = sorted({(x.shape, y.shape) for x, y, _ in tables})
        raise ShapeError(
            "Networks trained together need tables of one shape, or of rows for the same number "
            f"of batches: got {found}. Group tables that are alike, or train them one by one."
        )
    if {len(each) for each in given} != {len(tables)}:
        counts = ", ".join(str(len(each)) for each in given)
        raise ShapeError(
            f"{len(tables)} tables need as many seeds, initial parameters, optimizers and "
            f"penalties, got {counts}."
        )


def _check_rules(optimizers: list[Any], penalties: list[Any]) -> None:
    kinds = {jax.tree.structure(pair) for pair in zip(optimizers, penalties, strict=True)}
    if len(kinds) != 1:
        raise ShapeError(
            "Networks trained together need optimizers and penalties of one kind, which differ in "
            f"their numbers only: got {len(kinds)} kinds. Train the others apart."
        )
