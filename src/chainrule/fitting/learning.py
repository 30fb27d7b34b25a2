"""One fit, from rows to a fitted estimator.

rows encoded → network and optimizer as the parameters say → the engine trains → what it gives kept
"""

import copy
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import numpy as np

from chainrule.data import InputEncoder
from chainrule.data.rows.rows import Table
from chainrule.engine import Constant, Epoch, Penalty, Trained, make_room, train
from chainrule.engine.compiling.precision import as_dtype
from chainrule.errors import DataError, DivergedError
from chainrule.fitting import plan as planning
from chainrule.fitting.callbacks import Tasks
from chainrule.fitting.continuing import resume_point
from chainrule.fitting.conversion import network_attributes
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


class Learning:
    """One fit of `model`: everything between its parameters and what it keeps.

    `table` are all rows, of which `training` are trained on and `validation` are not.  What is
    `prepared` are columns and target, learnt from other rows.
    """

    def __init__(
        self,
        model: Any,
        table: Table,
        training: Table,
        validation: Table | None,
        start: Start,
        prepared: tuple[InputEncoder, Any] | None = None,
    ) -> None:
        self.model, self.start = model, start
        self.table, self.training, self.validation = table, training, validation
        if prepared is not None:
            self.encoder, self.target = prepared
        elif start.goes_on:
            self.encoder, self.target = model._encoder, self._same_target()
        else:
            self.target = model._fit_target(table, training, start.classes)
            self.encoder = InputEncoder.fit(
                training.columns,
                scale=model.scale,
                category=model.category,
                number=model.number,
                drop=model.drop,
                weights=training.weights,
            )
        self.objective = model._objective(self.target)

    def encoded(self, rows: Table, out: np.ndarray | None = None) -> tuple[np.ndarray, ...]:
        """Return inputs (written into `out`), targets and weights as the engine takes them."""
        model = self.model
        if rows.encoded is not None:
            x, y = rows.encoded
            if out is not None:
                out[:] = x
            return x if out is None else out, y, rows.weights
        x = self.encoder.transform(rows.columns, model.dtype, who=type(model).__name__, out=out)
        return x, self.target.encode(rows.targets, name=rows.name), rows.weights

    @cached_property
    def network(self) -> Any:
        """The network that the parameters say, for this target."""
        n_outputs = self.objective.n_outputs(self.target.n_outputs)
        return self.model._build(n_outputs, given=not self.start.goes_on)

    def run(self, on_progress: Callable[[Any], None] | None, tasks: Tasks) -> None:
        """Train, and leave the model fitted."""
        plan = self.plan(tasks)
        with spoken(self.model.verbose):
            self.keep(plan, train(on_progress=on_progress, **plan.arguments))

    def plan(self, tasks: Tasks) -> Plan:
        """Return all that the engine needs to know."""
        model, start = self.model, self.start
        frozen = frozen_places(self.network, model.frozen_layers)
        any_rate = planning.plan_optimizer(model, Constant(1.0), frozen)
        n_rows = self.training.columns.n_rows
        full = any_rate.full_batch_only
        batch_size = planning.plan_batch_size(model, n_rows, full_batch_only=full)
        n_in, n_targets = len(self.encoder.feature_names_out), self.target.n_outputs
        room = make_room(n_rows, n_in, n_targets, batch_size, as_dtype(model.dtype))
        arrays = x, y, weights = self.encoded(self.training, out=room.rows)
        held_out = None if self.validation is None else self.encoded(self.validation)
        point = resume_point(model, self.network, any_rate) if start.goes_on else None
        first = 0 if point is None else point.checkpoint.epoch
        schedule = Constant(model.learning_rate_init)
        if not start.one_pass:
            schedule = planning.plan_schedule(
                model,
                n_epochs=start.n_epochs,
                n_steps=-(-len(x) // batch_size),
                n_rows=len(x),
                start=0 if point is None else point.n_steps,
            )
        n_before = model.t_ if start.one_pass and start.goes_on else 0
        watch, stopping = self._watch()
        looks = self._looks(watch, tasks, first)
        limit = planning.evaluation_limit(model)
        if limit is not None:
            looks.append(limit)
        arguments = {
            "network": self.network,
            "objective": self.objective,
            "x": room,
            "y": y,
            "weights": weights,
            "validation": held_out,
            "optimizer": planning.plan_optimizer(model, schedule, frozen),
            "batch_size": batch_size,
            "n_epochs": start.n_epochs,
            "penalty": planning.plan_penalty(model, batch_size, weights, n_before),
            "metrics": model._metrics(self.target, self.objective),
            "stopping": stopping,
            "shuffle": model.shuffle,
            "seed": start.seed,
            "resume": None if point is None else point.checkpoint,
            "dtype": model.dtype,
            "time_limit": model.time_limit,
            "measure_training": model._measures_training,
            "record_flow": model._records_flow,  # in one pass too: the same program and numbers
            "on_epoch": all_of(looks),
        }
        return Plan(arguments, arrays, held_out, first, watch, limit)

    def keep(self, plan: Plan, trained: Trained) -> None:
        """Leave the model fitted with what the engine gave."""
        model, first = self.model, plan.first
        trained = trained if plan.watch is None else plan.watch.settle(trained)
        trained = trained if plan.limit is None else plan.limit.settle(trained)
        if trained.stop == "diverged" and trained.n_epochs == first:
            raise DivergedError(f"Training did not start: {trained.message}.")
        if trained.stop == "unsettled":
            model._refuse_unsettled(self.network, trained, plan.arrays[0])
        if model.verbose:
            say_compilation(trained)
        self._keep(trained, first, plan.arrays, plan.held_out, plan.arguments["penalty"])
        model._keep_rows(plan.arrays[0])
        model._calibrate(self.validation)
        plateau = plan.arguments["stopping"] is not None and self.validation is None
        planning.warn_of_the_end(model, trained, plateau=plateau)

    def _watch(self) -> tuple[ScoreWatch | None, Any]:
        """Return who decides when to stop: a scorer outside the program, or a column inside."""
        model, rows = self.model, self.validation
        column = None if rows is None else model._watched(self.target)
        if rows is not None and column is None:
            scorer = as_scorer(model, model.scoring)
            used = rows.weights if (rows.weights != 1).any() else None
            seen = (rows.native, rows.targets, used)
            return ScoreWatch(scorer, self._model_at, seen, model.n_iter_no_change, model.tol), None
        if self.start.one_pass:
            return None, None
        loss = column in (None, "val_loss")
        return None, planning.plan_stopping(
            model,
            column,
            higher_is_better=column == "val_accuracy",
            unit=model._loss_unit(self.target) if loss else 1.0,
        )

    def _looks(self, watch: ScoreWatch | None, tasks: Tasks, first: int) -> list[Look]:
        looks: list[Look] = [] if watch is None else [watch]
        if self.model.verbose:
            looks.append(say_epoch)
        if tasks.wanted:

            def report(epoch: Epoch) -> bool:
                return epoch.epoch > first and tasks.epoch(lambda: self.attributes(epoch.params))

            looks.append(report)
        return looks

    def attributes(self, params: Any) -> dict[str, Any]:
        """Return all that predictions need, for a network with these parameters."""
        parts = {
            "_encoder": self.encoder,
            "_target": self.target,
            "n_features_in_": self.encoder.n_features_in,
        }
        if self.encoder.feature_names_in is not None:
            names = np.asarray(self.encoder.feature_names_in, dtype=object)
            parts["feature_names_in_"] = names
        return parts | network_attributes(self.network, params, self.objective)

    def _model_at(self, epoch: Epoch) -> Any:
        model = copy.copy(self.model)
        vars(model).update(self.attributes(epoch.params))
        return model

    def _keep(
        self, trained: Trained, first: int, arrays: Any, held_out: Any, penalty: Penalty
    ) -> None:
        model, goes_on = self.model, self.start.goes_on
        if self.encoder.feature_names_in is None:
            vars(model).pop("feature_names_in_", None)
        vars(model).pop("members_", None)
        vars(model).update(self.attributes(trained.params))
        history = History(trained.history)
        model._finish_history(history, (arrays[1:], None if held_out is None else held_out[1:]))
        model.history_ = model.history_.and_then(history) if goes_on else history
        model.flow_ = trained.flow
        model.n_iter_, model.best_iter_ = trained.n_epochs - first, trained.best_epoch
        model.stop_, model.stop_message_ = trained.stop, trained.message
        model.fit_seconds_, model.compile_seconds_ = trained.seconds, trained.compile_seconds
        model.t_ = (model.t_ if goes_on else 0) + model.n_iter_ * len(arrays[0])
        model._seed, model._epoch = self.start.seed, trained.best_epoch
        model._data_hash = hash_rows(*arrays)
        model._penalty = penalty.value_on_host(trained.params)
        model._optimizer_leaves = [np.asarray(v) for v in jax.tree.leaves(trained.opt_state)]

    def _same_target(self) -> Any:
        """Return the target of the fit before, after a look at the classes of now."""
        model, start, before = self.model, self.start, self.model._target
        if not model._classifies or (start.one_pass and start.classes is None):
            return before
        now = model._fit_target(self.table, self.training, start.classes)
        if list(map(set, now.class_lists)) == list(map(set, before.class_lists)):
            return before
        if start.one_pass:
            raise DataError(
                f"`classes={start.classes}` is not the same as on last call to partial_fit, was: "
                f"{before.classes}. Leave it out after the first call."
            )
        raise DataError(
            "warm_start can only be used where `y` has the same classes as in the previous call "
            f"to fit. Previously {before.classes}, now {now.classes}. Fit with warm_start=False, "
            "or use partial_fit."
        )


def hash_rows(*arrays: np.ndarray) -> str:
    """Return a digest of encoded rows, by which a model file says what it was trained on."""
    digest = hashlib.blake2b(digest_size=16)
    for array in arrays:
        digest.update(str((array.shape, array.dtype.str)).encode())
        digest.update(np.ascontiguousarray(array).data)
    return f"blake2b:{digest.hexdigest()}"
