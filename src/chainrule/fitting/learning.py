"""One fit, from rows to a `Fitted`.

rows encoded → network and optimizer as the parameters say → the engine trains → what it gives kept
"""

import copy
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import jax
import numpy as np

from chainrule.data import Answers, InputEncoder
from chainrule.data.rows.rows import Rows
from chainrule.engine import Constant, Epoch, Trained, make_room, train
from chainrule.engine.compiling.precision import as_dtype
from chainrule.errors import DataError, DivergedError
from chainrule.fitting import plan as planning
from chainrule.fitting.callbacks import Tasks
from chainrule.fitting.continuing import resume_point
from chainrule.fitting.conversion import as_predicting
from chainrule.fitting.job import Job
from chainrule.fitting.network import frozen_places
from chainrule.fitting.watching import (
    Look,
    ScoreWatch,
    all_of,
    as_scorer,
    say_compilation,
    say_epoch,
    spoken,
)
from chainrule.predicting.fitted import Ending, Fitted
from chainrule.predicting.history import History


@dataclass(frozen=True, eq=False)
class Start:
    """From where a training starts, and how far it may go.

    `goes_on` keeps weights, optimizer state, columns and classes of the fit before; `one_pass` is
    `partial_fit`, whose `classes` are declared ahead.
    """

    seed: int
    n_epochs: int
    goes_on: bool = False
    one_pass: bool = False
    classes: Any = None


@dataclass(frozen=True, eq=False)
class Plan:
    """What the engine is to do, as arguments of `train`, and what is needed to keep its results."""

    arguments: dict[str, Any]
    arrays: tuple[np.ndarray, ...]
    held_out: tuple[np.ndarray, ...] | None
    first: int
    watch: ScoreWatch | None
    limit: planning.EvaluationLimit | None

    def identity(self) -> str:
        """Return a digest of the rows and of what is not among the estimator's parameters."""
        given = self.arguments
        before = [np.asarray(leaf) for leaf in jax.tree.leaves(given["resume"])]
        rows = hash_rows(*self.arrays, *(self.held_out or ()), *before)
        return f"{rows} {given['seed']} {given['n_epochs']} {given['batch_size']} {given['dtype']}"


class Learning:
    """One fit: everything between an estimator's parameters and what comes of them.

    `table` are all rows, of which `training` are trained on and `validation` are not.  What is
    `prepared` are columns and target, learnt from other rows.
    """

    def __init__(
        self,
        job: Job,
        table: Rows,
        training: Rows,
        validation: Rows | None,
        start: Start,
        prepared: tuple[InputEncoder, Any] | None = None,
    ) -> None:
        self.job, self.settings, self.task, self.start = job, job.settings, job.task, start
        self.table, self.training, self.validation = table, training, validation
        if prepared is not None:
            self.encoder, self.target = prepared
        elif start.goes_on:
            assert job.before.encoder is not None
            self.encoder, self.target = job.before.encoder, self._same_target(job.before.target)
        else:
            self.target = self.task.fit_target(table, training, start.classes)
            self.encoder = InputEncoder.fit(
                training.columns,
                scale=self.settings.scale,
                category=self.settings.category,
                number=self.settings.number,
                drop=self.settings.drop,
                weights=training.weights,
                schema=training.schema,
                answers=self._answers(self.target.encode(training.y, name=training.name)),
            )
        self.objective = self.task.objective(self.target)

    def encoded(self, rows: Rows, out: np.ndarray | None = None) -> tuple[np.ndarray, ...]:
        """Return inputs (written into `out`), targets and weights as the engine takes them."""
        if rows.encoded is not None:
            x, y = rows.encoded
            if out is not None:
                out[:] = x
            return x if out is None else out, y, rows.weights
        dtype = self.settings.dtype
        x = self.encoder.transform(rows.columns, dtype, who=self.job.who, out=out)
        return x, self.target.encode(rows.y, name=rows.name), rows.weights

    def encoded_training(self, out: np.ndarray | None = None) -> tuple[np.ndarray, ...]:
        """Return the rows of training likewise, none of which hears of its own target."""
        rows = self.training
        x, y, weights = self.encoded(rows, out)
        again = self.start.one_pass and self.start.goes_on  # the encoder never saw these rows
        if rows.encoded is None and self.encoder.asks_target and not again:
            x[:] = self.without_own(rows, x, y, rows.in_parts())
        return x, y, weights

    def without_own(
        self, rows: Rows, x: np.ndarray, y: np.ndarray, parts: np.ndarray
    ) -> np.ndarray:
        """Return encoded rows as if the part of each were not learnt from; -1: of none is."""
        answers = self._answers(y)
        return self.encoder.without_own(rows.columns, x, parts, rows.weights, answers)

    def _answers(self, y: np.ndarray) -> Answers:
        return Answers(y, self.target.means(self.table.names or (self.table.name,)))

    @cached_property
    def network(self) -> Any:
        """The network that the parameters say, for this target."""
        n_outputs = self.objective.n_outputs(self.target.n_outputs)
        return self.job.build(n_outputs, not self.start.goes_on)

    def run(self, on_progress: Callable[[Any], None] | None, tasks: Tasks) -> Fitted:
        """Train, and return what came of it."""
        plan = self.plan(tasks)
        with spoken(self.settings.verbose):
            return self.keep(plan, train(on_progress=on_progress, **plan.arguments))

    def plan(self, tasks: Tasks) -> Plan:
        """Return all that the engine needs to know."""
        settings, start = self.settings, self.start
        frozen = frozen_places(self.network, settings.frozen_layers)
        any_rate = planning.plan_optimizer(settings, Constant(1.0), frozen)
        n_rows = self.training.columns.n_rows
        full = any_rate.full_batch_only
        batch_size = planning.plan_batch_size(settings, n_rows, full_batch_only=full)
        n_in, n_targets = len(self.encoder.feature_names_out), self.target.n_outputs
        room = make_room(n_rows, n_in, n_targets, batch_size, as_dtype(settings.dtype))
        arrays = x, y, weights = self.encoded_training(out=room.rows)
        held_out = None if self.validation is None else self.encoded(self.validation)
        point = None
        if start.goes_on:
            point = resume_point(self.job.before, self.network, any_rate, settings)
        first = 0 if point is None else point.checkpoint.epoch
        schedule = Constant(settings.learning_rate_init)
        if not start.one_pass:
            schedule = planning.plan_schedule(
                settings,
                n_epochs=start.n_epochs,
                n_steps=-(-len(x) // batch_size),
                n_rows=len(x),
                start=0 if point is None else point.n_steps,
            )
        n_before = 0
        if start.one_pass and start.goes_on:
            n_before = self.job.before.ending.n_rows_seen
        watch, stopping = self._watch()
        looks = self._looks(watch, tasks, first)
        limit = planning.evaluation_limit(settings)
        if limit is not None:
            looks.append(limit)
        arguments = {
            "network": self.network,
            "objective": self.objective,
            "x": room,
            "y": y,
            "weights": weights,
            "validation": held_out,
            "optimizer": planning.plan_optimizer(settings, schedule, frozen),
            "batch_size": batch_size,
            "n_epochs": start.n_epochs,
            "penalty": planning.plan_penalty(
                settings, batch_size, weights, n_before, classifies=self.task.classifies
            ),
            "metrics": self.task.metrics(self.target, self.objective),
            "stopping": stopping,
            "shuffle": settings.shuffle,
            "seed": start.seed,
            "resume": None if point is None else point.checkpoint,
            "dtype": settings.dtype,
            "time_limit": settings.time_limit,
            "measure_training": not self.job.tabular,
            "record_flow": not self.job.tabular,  # in one pass too: the same program and numbers
            "on_epoch": all_of(looks),
        }
        plan = Plan(arguments, arrays, held_out, first, watch, limit)
        keeping = self.job.keeping
        if keeping is not None:
            own = [each for each in (watch, limit) if each is not None]
            arguments["keeper"] = keeping.training(plan.identity, own)
        return plan

    def keep(self, plan: Plan, trained: Trained) -> Fitted:
        """Return what the engine gave, as it is kept."""
        trained = trained if plan.watch is None else plan.watch.settle(trained)
        trained = trained if plan.limit is None else plan.limit.settle(trained)
        if trained.stop == "diverged" and trained.n_epochs == plan.first:
            raise DivergedError(f"Training did not start: {trained.message}.")
        if trained.stop == "unsettled" and self.job.refuse is not None:
            self.job.refuse(self.network, trained, plan.arrays[0])
        if self.settings.verbose:
            say_compilation(trained)
        fitted = self.calibrated(self.job.finish(self._fitted(plan, trained), plan.arrays[0]))
        plateau = plan.arguments["stopping"] is not None and self.validation is None
        planning.warn_of_the_end(self.settings, trained, plateau=plateau)
        return fitted

    def calibrated(self, fitted: Fitted) -> Fitted:
        """Return the same with the errors to expect, by rows that did not train."""
        calibration = self.task.calibration(fitted, self.validation, self.job.outputs)
        return replace(fitted, calibration=calibration)

    def _watch(self) -> tuple[ScoreWatch | None, Any]:
        """Return who decides when to stop: a scorer outside the program, or a column inside."""
        settings, rows = self.settings, self.validation
        column = None if rows is None else self.task.watched(settings.scoring)
        if rows is not None and column is None:
            scorer = as_scorer(self.job.estimator, settings.scoring)
            used = rows.weights if (rows.weights != 1).any() else None
            seen = (rows.native, rows.targets, used)
            patience, tol = settings.n_iter_no_change, settings.tol
            return ScoreWatch(scorer, self._estimator_at, seen, patience, tol), None
        if self.start.one_pass:
            return None, None
        loss = column in (None, "val_loss")
        return None, planning.plan_stopping(
            settings,
            column,
            higher_is_better=column == "val_accuracy",
            unit=self.task.loss_unit(self.target) if loss else 1.0,
            latest=self.job.tabular and self.task.classifies,
        )

    def _looks(self, watch: ScoreWatch | None, tasks: Tasks, first: int) -> list[Look]:
        looks: list[Look] = [] if watch is None else [watch]
        if self.settings.verbose:
            looks.append(say_epoch)
        if tasks.wanted:

            def report(epoch: Epoch) -> bool:
                return epoch.epoch > first and tasks.epoch(
                    lambda: {"fitted_": self._in_numbers(epoch.params)}
                )

            looks.append(report)
        return looks

    def at(self, params: Any) -> Fitted:
        """Return all that predictions need, for a network with these parameters."""
        network = as_predicting(self.network, params, self.objective)
        return Fitted(network, encoder=self.encoder, target=self.target, engine=self.network)

    def _estimator_at(self, epoch: Epoch) -> Any:
        estimator = copy.copy(self.job.estimator)
        estimator.fitted_ = self._in_numbers(epoch.params)
        return estimator

    def _in_numbers(self, params: Any) -> Fitted:
        """Return the same with numbers for dates, as the targets are that it is scored by."""
        return replace(self.at(params), target=self.target.numeric)

    def _fitted(self, plan: Plan, trained: Trained) -> Fitted:
        before = self.job.before if self.start.goes_on else None
        history, held_out = History(trained.history), plan.held_out
        parts = plan.arrays[1:], None if held_out is None else held_out[1:]
        if self.job.tabular:
            history["loss"] = history["running_loss"]
            held = {name: history.pop(name) for name in list(history) if name.startswith("val_")}
            history.update(held)
        self.task.finish_history(history, parts)
        n_epochs = trained.n_epochs - plan.first
        n_seen = 0 if before is None else before.ending.n_rows_seen
        ending = Ending(
            stop=trained.stop,
            message=trained.message,
            n_epochs=n_epochs,
            epoch=trained.best_epoch,
            seconds=trained.seconds,
            compile_seconds=trained.compile_seconds,
            n_rows_seen=n_seen + n_epochs * len(plan.arrays[0]),
            penalty=plan.arguments["penalty"].value_on_host(trained.params),
        )
        if before is not None:
            history = before.history.and_then(history)
        return replace(
            self.at(trained.params),
            history=history,
            flow=trained.flow,
            ending=ending,
            seed=self.start.seed,
            data_hash=hash_rows(*plan.arrays),
            optimizer_state=tuple(np.asarray(v) for v in jax.tree.leaves(trained.opt_state)),
        )

    def _same_target(self, before: Any) -> Any:
        """Return the target of the fit before, after a look at the classes of now."""
        start = self.start
        if not self.task.classifies or (start.one_pass and start.classes is None):
            return before
        now: Any = self.task.fit_target(self.table, self.training, start.classes)
        if list(map(set, now.class_lists)) == list(map(set, before.class_lists)):
            return before
        if start.one_pass:
            raise DataError(
                f"`classes={start.classes}` is not the same as on last call to partial_fit, was: "
                f"{before.classes}. Leave it out after the first call."
            )
        raise DataError(
            "warm_start can only be used where `y` has the same classes as in the previous call "
            "to fit. Previously {}, now {}. Fit with {warm_start}, or use partial_fit.",
            before.classes,
            now.classes,
            warm_start=False,
        )


def hash_rows(*arrays: np.ndarray) -> str:
    """Return a digest of encoded rows, by which a model file says what it was trained on."""
    digest = hashlib.blake2b(digest_size=16)
    for array in arrays:
        digest.update(str((array.shape, array.dtype.str)).encode())
        digest.update(np.ascontiguousarray(array).data)
    return f"blake2b:{digest.hexdigest()}"
