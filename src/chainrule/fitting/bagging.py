"""Networks that each leave a part of the rows out, stop by it, and predict together.

rows → folds → a network for each, trained on the others, its best epoch by its own fold → the mean

With five networks or more every row is left out by one.  What networks predict of rows that they
did not train on calibrates the probabilities and gives the errors of intervals.
Reference: Breiman (1996), Machine Learning 24:123-140.
"""

from __future__ import annotations

import contextvars
import copy
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np

from chainrule.data.rows.rows import Table
from chainrule.engine import train
from chainrule.engine.training.interrupt import catch_interrupt
from chainrule.engine.training.together import n_cores
from chainrule.errors import InterruptedWarning, OptionError
from chainrule.fitting.callbacks import Tasks
from chainrule.fitting.learning import Learning, Start
from chainrule.fitting.watching import spoken

OnProgress = Callable[[Any], None] | None
LEAST_ROWS = 20  # fewer are not parted: all networks train on all of them
MOST_SEEN = 10_000  # rows by which a network is begun
ENOUGH = 2000  # rows to tell how far networks differ
SOON = 1e-3  # seconds, after which a training ends with its first epoch


def train_bag(
    model: Any, table: Table, validation: Table | None, groups: Any, on_progress: OnProgress
) -> list[Any]:
    """Return `model.n_networks` fitted copies of `model`, all with the same columns and target.

    With `validation` rows all networks train on the whole table and stop by these.
    """
    begun, seed = time.perf_counter(), model._seed
    tell = _Telling(on_progress, int(model.n_networks)) if on_progress else None
    whole = Learning(model, table, table, validation, Start(seed, int(model.max_iter)))
    x, y, _ = whole.encoded(table)
    table = replace(table, encoded=(x, y))
    rng = np.random.default_rng(seed)
    seen = np.sort(rng.permutation(len(x))[:MOST_SEEN])
    parts = [(np.arange(len(x)), None)] * int(model.n_networks)
    if validation is None and len(x) >= LEAST_ROWS:
        parts = list(_parts(model, table, groups, seed))
    outputs, counts = np.zeros((len(x), whole.objective.n_outputs(y.shape[1]))), np.zeros(len(x))
    children = np.random.SeedSequence(seed).spawn(len(parts))
    waves = _waves(len(parts), n_cores())

    def ready(place: int, time_limit: float | None) -> Learning:
        """Return the fit of one network."""
        rows, held = parts[place]
        own_seed = int(children[place].generate_state(1)[0] >> 1)
        member = copy.copy(model)
        member.n_networks, member.time_limit = 1, time_limit
        member._begin = (x[seen], y[seen], own_seed)
        return Learning(
            member,
            table,
            table if held is None else table.take(rows),
            validation if held is None else table.take(held),
            Start(own_seed, int(model.max_iter)),
            prepared=(whole.encoder, whole.target),
        )

    members: list[Any] = []
    with catch_interrupt() as interrupt, spoken(model.verbose):
        if model.time_limit is not None:  # compile, so that what is left can be shared out evenly
            list(_train_wave([ready(0, SOON)], None))
        for k, wave in enumerate(waves):
            limit = None
            if model.time_limit is not None:
                left = model.time_limit - (time.perf_counter() - begun)
                if members and left <= 0:
                    break
                limit = max(left, SOON) / (len(waves) - k)
            if members and interrupt.requested:
                break
            for learning, plan, trained in _train_wave([ready(i, limit) for i in wave], tell):
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", InterruptedWarning)  # one for all, at the end
                    learning.keep(plan, trained)
                member = learning.model
                del member._begin
                held = parts[len(members)][1]
                if held is not None:
                    outputs[held] += member._outputs(x[held], raw=model._classifies)
                    counts[held] += 1
                members.append(member)
    out = counts > 0
    if out.any():
        left_out = table.take(np.flatnonzero(out))
        alone = outputs[out] / counts[out, None]
        if not model._classifies:
            alone = y[out] + as_of_the_mean(alone - y[out], members, x[out])
        model._calibrate_bag(members, alone, y[out], left_out, of_the_mean=len(members) == 1)
    elif validation is not None:
        given = whole.encoded(validation)
        each = [member._outputs(given[0], raw=model._classifies) for member in members]
        mean = np.mean(each, axis=0)
        model._calibrate_bag(members, mean, given[1], validation, of_the_mean=True)
    return members


def how_it_ended(model: Any, members: list[Any]) -> tuple[str, str]:
    """Return why the training of all networks ended, as `stop_` and `stop_message_` have it."""
    ends = [member.stop_ for member in members]
    trained, n = len(members), int(model.n_networks)
    if "diverged" in ends:
        first = members[ends.index("diverged")]
        return first.stop_, first.stop_message_
    if "interrupted" in ends:
        return "interrupted", f"stopped by hand with {trained} of {n} networks"
    if "time" in ends or trained < n:
        said = (
            f"the time limit of {model.time_limit:g} s was reached with {trained} of {n} networks"
        )
        return "time", said
    return ends[0], members[0].stop_message_


def _parts(
    model: Any, table: Table, groups: Any, seed: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield for each network the rows it trains on and those it leaves out."""
    from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold

    n, n_folds = table.columns.n_rows, max(int(model.n_networks), 5)
    if groups is not None:
        groups = np.asarray(groups)
        n_groups = len(np.unique(groups))
        if len(groups) != n or n_groups < 2:
            raise OptionError(
                f"groups has {len(groups)} entries of {n_groups} kinds for {n} rows. Give one for "
                "each row, of two kinds or more."
            )
        splitter: Any = GroupKFold(min(n_folds, n_groups), shuffle=True, random_state=seed)
    elif model._classifies and table.targets.ndim == 1:
        splitter = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    else:
        splitter = KFold(n_folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a class of fewer rows than folds is no fault
        found = list(splitter.split(np.zeros((n, 1)), table.targets, groups))
    for i in range(int(model.n_networks)):
        yield found[i % len(found)]


def _waves(n: int, at_once: int) -> list[range]:
    """Return which networks train at the same time; the first is alone, since it compiles."""
    return [range(min(n, 1)), *(range(i, min(i + at_once, n)) for i in range(1, n, at_once))]


def _train_wave(learnings: list[Learning], tell: _Telling | None) -> Iterator[Any]:
    """Train networks, each in a thread of its own if there are several; yield what they gave."""
    plans = [learning.plan(Tasks(None, 1)) for learning in learnings]

    def one(plan: Any) -> Any:
        return train(on_progress=tell and tell.of_one(), **plan.arguments)

    if len(plans) == 1:
        yield learnings[0], plans[0], one(plans[0])
        return
    with ThreadPoolExecutor(len(plans)) as pool:
        tasks = [pool.submit(contextvars.copy_context().run, one, plan) for plan in plans]
        found = [task.result() for task in tasks]
    yield from zip(learnings, plans, found, strict=True)


class _Telling:
    """What tells of each network's epochs as of some of all that there will be."""

    def __init__(self, on_progress: Callable[[Any], None], n_networks: int) -> None:
        self.on_progress, self.n_networks = on_progress, n_networks
        self.epochs: list[float] = []
        self.lock = threading.Lock()

    def of_one(self) -> Callable[[Any], None]:
        """Return the `on_progress` of the next network."""
        place = len(self.epochs)
        self.epochs.append(0.0)

        def tell(progress: Any) -> None:
            with self.lock:
                self.epochs[place] = progress.epoch + progress.share
                done = sum(self.epochs)
                n_epochs = self.n_networks * progress.n_epochs
                now = replace(progress, epoch=int(done), share=done % 1, n_epochs=n_epochs)
                self.on_progress(now)

        return tell


def as_of_the_mean(errors: np.ndarray, members: list[Any], x: np.ndarray) -> np.ndarray:
    """Return errors of single networks as those that the mean of all will make.

    Of the squared error of one, the variance V between networks falls to V / k in the mean of k.
    """
    if len(members) == 1 or errors.shape[1] != members[0]._target.n_outputs:
        return errors
    some = slice(None, None, max(len(x) // ENOUGH, 1))
    outputs = [member._outputs(x[some]) for member in members]
    variance = np.var(outputs, axis=0, ddof=1).mean(axis=0)
    share = variance / np.maximum((errors[some] ** 2).mean(axis=0), np.finfo(np.float64).tiny)
    return errors * np.sqrt(np.maximum(1 - (1 - 1 / len(members)) * share, 1 / len(members)))
