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

import msgspec
import numpy as np
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold

from chainrule.data import NumberTarget
from chainrule.data.rows.rows import Rows
from chainrule.engine import train
from chainrule.engine.training.interrupt import catch_interrupt
from chainrule.engine.training.together import n_cores
from chainrule.errors import InterruptedWarning, OptionError
from chainrule.fitting.callbacks import Tasks
from chainrule.fitting.job import Job
from chainrule.fitting.learning import Learning, Start
from chainrule.fitting.tabular_network import tabular_network
from chainrule.fitting.temperature import sharpened, temperature
from chainrule.fitting.watching import spoken
from chainrule.predicting.fitted import Ending, Fitted
from chainrule.predicting.intervals import Calibration
from chainrule.predicting.links import link_of

OnProgress = Callable[[Any], None] | None
LEAST_ROWS = 20  # fewer are not parted: all networks train on all of them
MOST_SEEN = 10_000  # rows by which a network is begun
ENOUGH = 2000  # rows to tell how far networks differ
SOON = 1e-3  # seconds, after which a training ends with its first epoch


def train_bag(
    job: Job,
    table: Rows,
    validation: Rows | None,
    seed: int,
    on_progress: OnProgress,
) -> Fitted:
    """Return `n_networks` networks as one, all with the same columns and target.

    With `validation` rows all networks train on the whole table and stop by these.
    """
    begun, settings, n_networks = time.perf_counter(), job.settings, int(job.settings.n_networks)
    tell = _Telling(on_progress, n_networks) if on_progress else None
    whole = Learning(job, table, table, validation, Start(seed, int(settings.max_iter)))
    plain, y, _ = whole.encoded(table)
    uncut = whole.encoder.uncut
    rng = np.random.default_rng(seed)
    seen = np.sort(rng.permutation(len(plain))[:MOST_SEEN])
    parts = [(np.arange(len(plain)), None)] * n_networks
    own_part = table.in_parts()
    if validation is None and len(plain) >= LEAST_ROWS:
        parts = list(_parts(table, seed, n_networks, stratify=job.task.classifies))
        own_part += len(parts)
        for place, (_, held) in enumerate(parts):
            own_part[held] = place
    x = whole.without_own(table, plain, y, own_part)
    outputs, counts = np.zeros((len(x), whole.objective.n_outputs(y.shape[1]))), np.zeros(len(x))
    children = np.random.SeedSequence(seed).spawn(len(parts))
    waves = _waves(len(parts), n_cores())

    def ready(place: int, time_limit: float | None, *, kept: bool = True) -> Learning:
        """Return the fit of one network."""
        keeping = job.keeping.within(place) if kept and job.keeping is not None else None
        rows, held = parts[place]
        own_seed = int(children[place].generate_state(1)[0] >> 1)
        own = copy.copy(settings)
        own.n_networks, own.time_limit = 1, time_limit
        own_x = x
        if held is not None:  # what it leaves out tells it nothing, by no other row either
            learnt_from = own_part.copy()
            learnt_from[held] = -1
            own_x = whole.without_own(table, plain, y, learnt_from)
        encoded = replace(table, encoded=(own_x, y))

        def build(n_outputs: int, given: bool) -> Any:
            del given
            few, classifies = (own_x[seen], y[seen]), job.task.classifies
            return tabular_network(settings, *few, n_outputs, own_seed, classifies, uncut)

        return Learning(
            replace(job, settings=own, build=build, keeping=keeping),
            encoded,
            encoded if held is None else encoded.take(rows),
            validation if held is None else encoded.take(held),
            Start(own_seed, int(settings.max_iter)),
            prepared=(whole.encoder, whole.target),
        )

    members: list[Fitted] = []
    with catch_interrupt() as interrupt, spoken(settings.verbose):
        if settings.time_limit is not None:  # compile, so that the rest can be shared out evenly
            list(_train_wave([ready(0, SOON, kept=False)], None))
        for k, wave in enumerate(waves):
            limit = None
            if settings.time_limit is not None:
                left = settings.time_limit - (time.perf_counter() - begun)
                if members and left <= 0:
                    break
                limit = max(left, SOON) / (len(waves) - k)
            if members and interrupt.requested:
                break
            for learning, plan, trained in _train_wave([ready(i, limit) for i in wave], tell):
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", InterruptedWarning)  # one for all, at the end
                    member = learning.keep(plan, trained)
                held = parts[len(members)][1]
                if held is not None:
                    own_x, _, _ = learning.encoded(learning.validation)
                    outputs[held] += member.outputs(own_x, raw=job.task.classifies)
                    counts[held] += 1
                members.append(member)
    out, classifies = counts > 0, job.task.classifies
    bag = members[0] if len(members) == 1 else replace(members[0], members=tuple(members))
    bag = replace(bag, seed=seed, ending=_ending(settings, members), calibration=None)
    if out.any():
        left_out = table.take(np.flatnonzero(out))
        alone = outputs[out] / counts[out, None]
        if not classifies:
            alone = y[out] + as_of_the_mean(alone - y[out], members, x[out])
        return _calibrated(bag, alone, y[out], left_out, of_the_mean=len(members) == 1)
    if validation is not None:
        given = whole.encoded(validation)
        mean = np.mean([each.outputs(given[0], raw=classifies) for each in members], axis=0)
        return _calibrated(bag, mean, given[1], validation, of_the_mean=True)
    return bag


def _calibrated(
    bag: Fitted, outputs: np.ndarray, y: np.ndarray, rows: Rows, *, of_the_mean: bool
) -> Fitted:
    """Return the bag, as bold as its outputs for these rows deserve, or with its errors there."""
    if isinstance(bag.target, NumberTarget):
        predictions = bag.target.in_units(outputs)
        known = Calibration.of(rows.targets, predictions, rows.weights)
        return replace(bag, calibration=known)
    if not link_of(bag.network.link).of_probabilities:
        return bag
    factor = temperature(outputs, y, rows.weights)
    if not of_the_mean:  # which is milder than each of them: half of the way, as was measured
        factor = factor**0.5
    members = tuple(sharpened(member, factor) for member in bag.networks)
    return replace(bag, network=members[0].network, members=members if bag.members else ())


def _ending(settings: Any, members: list[Fitted]) -> Ending:
    """Return how the training of all networks ended."""
    endings = [member.ending for member in members]
    trained, n = len(members), int(settings.n_networks)
    told = next((each for each in endings if each.stop == "diverged"), endings[0])
    stop, message, stops = told.stop, told.message, {each.stop for each in endings}
    if stop != "diverged" and "interrupted" in stops:
        stop, message = "interrupted", f"stopped by hand with {trained} of {n} networks"
    elif stop != "diverged" and ("time" in stops or trained < n):
        limit = f"the time limit of {settings.time_limit:g} s was reached"
        stop, message = "time", f"{limit} with {trained} of {n} networks"
    return msgspec.structs.replace(
        endings[0],
        stop=stop,
        message=message,
        seconds=sum(each.seconds for each in endings),
        compile_seconds=sum(each.compile_seconds for each in endings),
    )


def _parts(
    table: Rows, seed: int, n_networks: int, *, stratify: bool
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield for each network the rows it trains on and those it leaves out."""
    n, groups = len(table), table.groups
    n_folds = min(max(n_networks, 5), n)
    if groups is not None:
        n_groups = len(np.unique(groups))
        if n_groups < 2:
            raise OptionError(
                "groups are all the same, so that none can be left out. Give groups of two kinds "
                "or more, or leave them out."
            )
        splitter: Any = GroupKFold(min(n_folds, n_groups), shuffle=True, random_state=seed)
    elif stratify and table.targets.ndim == 1 and _most_of_a_class(table.targets) >= n_folds:
        splitter = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    else:
        splitter = KFold(n_folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a class of fewer rows than folds is no fault
        found = list(splitter.split(np.zeros((n, 1)), table.targets, groups))
    for i in range(n_networks):
        yield found[i % len(found)]


def _most_of_a_class(classes: np.ndarray) -> int:
    return int(np.unique(classes, return_counts=True)[1].max())


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


def as_of_the_mean(errors: np.ndarray, members: list[Fitted], x: np.ndarray) -> np.ndarray:
    """Return errors of single networks as those that the mean of all will make.

    Of the squared error of one, the variance V between networks falls to V / k in the mean of k.
    """
    target = members[0].target
    if len(members) == 1 or target is None or errors.shape[1] != target.n_outputs:
        return errors
    some = slice(None, None, max(len(x) // ENOUGH, 1))
    outputs = [member.outputs(x[some]) for member in members]
    variance = np.var(outputs, axis=0, ddof=1).mean(axis=0)
    share = variance / np.maximum((errors[some] ** 2).mean(axis=0), np.finfo(np.float64).tiny)
    return errors * np.sqrt(np.maximum(1 - (1 - 1 / len(members)) * share, 1 / len(members)))
