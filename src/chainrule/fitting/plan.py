"""From an estimator's parameters to what the engine trains with: optimizer, schedule, stopping.

`solver` and `learning_rate` take scikit-learn's names, `schedule` chainrule's; `optimizer` takes an
optimizer of the engine in place of all of them.
"""

import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from chainrule.engine import EarlyStopping, Epoch, Penalty, Trained
from chainrule.engine.optimizers import (
    SOLVERS,
    Clipped,
    Constant,
    Cosine,
    Exponential,
    Frozen,
    InverseScaling,
    OneCycle,
    Optimizer,
    Rule,
    Schedule,
    Shifted,
    StepDecay,
    WarmUp,
)
from chainrule.engine.pytree import check_leaves
from chainrule.engine.training.checking import check_update
from chainrule.errors import DivergedWarning, InterruptedWarning, OptionError, not_known

# "step" halves the rate ten times over the training, "exponential" ends at a hundredth.
SCHEDULES: dict[str, Callable[[float, int], Schedule]] = {
    "constant": lambda rate, n_steps: Constant(rate),
    "step": lambda rate, n_steps: StepDecay(rate, factor=0.5, every=max(n_steps / 10, 1)),
    "exponential": lambda rate, n_steps: Exponential(rate, factor=0.01, every=max(n_steps, 1)),
    "cosine": lambda rate, n_steps: Cosine(rate, n_steps=n_steps),
    "one-cycle": lambda rate, n_steps: OneCycle(rate, n_steps=n_steps),
}
LEARNING_RATES = ("constant", "invscaling", "adaptive")
# alpha="auto": a penalty of 3 / rows; chosen on other folds than those of docs/accuracy.md
PRIOR, MOST_FOR_CLASSES = 3.0, 0.003
SMALLEST_RATE, REDUCTION = 1e-6, 0.2  # scikit-learn's, of "adaptive"


def build_schedule(
    name: Any, rate: float, n_steps: int, warm_up: float = 0.0, start: int = 0
) -> Schedule:
    """Return a schedule by name.

    `warm_up` is the share of the steps in which the rate grows; `start` the step that is its first.
    """
    if isinstance(name, Schedule):
        return name
    if not isinstance(name, str) or name not in SCHEDULES:
        raise not_known("schedule", name, SCHEDULES)
    schedule = SCHEDULES[name](rate, n_steps)
    schedule = WarmUp(schedule, n_warm_up=warm_up * n_steps) if warm_up > 0 else schedule
    return schedule if name == "constant" else Shifted(schedule, start)


def plan_schedule(
    model: Any, *, n_epochs: int, n_steps: int, n_rows: int, start: int = 0
) -> Schedule:
    """Return the schedule of a training of `n_epochs` epochs of `n_steps` steps each."""
    rate, kind = float(model.learning_rate_init), model.learning_rate
    if kind is None:
        return build_schedule(model.schedule, rate, n_epochs * n_steps, start=start)
    if kind not in LEARNING_RATES:
        or_else = ", or leave it out and choose a schedule. The rate itself is learning_rate_init"
        raise not_known("learning_rate", kind, LEARNING_RATES, or_else)
    if kind == "invscaling" and named_rule(model).adapts:
        return InverseScaling(rate, float(model.power_t), every=n_steps, scale=n_rows)
    return Constant(rate)


def named_rule(model: Any) -> type[Rule]:
    """Return the class of the optimizer that `solver` names, whether or not another is given.

    Raises
    ------
    OptionError
        If no optimizer has that name.
    """
    if not isinstance(model.solver, str) or model.solver not in SOLVERS:
        raise not_known("solver", model.solver, SOLVERS)
    return SOLVERS[model.solver]


def plan_optimizer(model: Any, schedule: Schedule, frozen: tuple[int, ...] = ()) -> Optimizer:
    """Return the optimizer of an estimator; layers at the places `frozen` stay as they are.

    Raises
    ------
    OptionError
        If no optimizer has that name.
    """
    if model.optimizer is not None:
        if not isinstance(model.optimizer, Optimizer) or isinstance(model.optimizer, type):
            raise OptionError(
                "{optimizer} is not valid. Give one of chainrule.engine such as Adam(0.001), or a "
                "name to {solver}.",
                optimizer=model.optimizer,
                solver=...,
            )
        check_leaves(model.optimizer)
        check_update(model.optimizer)
        optimizer = model.optimizer
    else:
        optimizer = named_rule(model).asked(model, schedule)
    optimizer = optimizer if model.clip_norm is None else Clipped(optimizer, float(model.clip_norm))
    return Frozen(optimizer, frozen) if frozen else optimizer


def plan_stopping(
    model: Any, watched: str | None, *, higher_is_better: bool, unit: float, latest: bool
) -> Any:
    """Return the engine's early stopping, or None; `unit` is 1 of the user's loss in ours.

    With a `watched` column of the validation rows, that one.  Without, the training loss, when
    `tol`, `learning_rate="adaptive"` or the solver ask for a plateau.
    """
    rule = named_rule(model)
    adaptive = model.learning_rate == "adaptive" and rule.adapts
    reductions = 0
    if adaptive:
        wanted = math.log(SMALLEST_RATE / model.learning_rate_init) / math.log(REDUCTION)
        reductions = max(math.ceil(wanted), 0)
    if watched is None and not (model.tol > 0 or adaptive or rule.most_tries):
        return None
    return EarlyStopping(
        "loss" if watched is None else watched,
        patience=model.n_iter_no_change,
        # a step that is found by trying and brings little is no plateau yet
        min_delta=0.0 if rule.most_tries else float(model.tol) / unit,
        higher_is_better=higher_is_better,
        with_penalty=watched is None,
        keep_best=watched is not None,
        latest=latest,
        n_reductions=reductions,
        reduction=REDUCTION,
    )


def plan_batch_size(model: Any, n_rows: int, *, full_batch_only: bool) -> int:
    """Return the number of rows to a step.

    Raises
    ------
    OptionError
        If it is no size, or the optimizer needs the whole table and the size is smaller.
    """
    size = model.batch_size
    if isinstance(size, str) and size in ("full", "auto"):
        if size == "full" or full_batch_only:
            return n_rows
        return min(n_rows, max(32, min(256, n_rows // 300)))
    if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1:
        raise OptionError(
            '{batch_size} must be a whole number above 0, "auto" or "full".', batch_size=size
        )
    if named_rule(model).most_tries and model.optimizer is None:
        return n_rows  # scikit-learn's rule: it has no batches
    if full_batch_only and size < n_rows:
        raise OptionError(
            "{solver} needs the gradient of the whole table in every step. Use {batch_size}, or "
            "another solver.",
            solver=model.solver,
            batch_size="full",
        )
    return min(int(size), n_rows)


def plan_penalty(
    model: Any, batch_size: int, weights: np.ndarray, n_before: int = 0, *, classifies: bool
) -> Penalty:
    """Return the penalty: strengths divided by the weights that a batch holds on average.

    The L2 strength "auto" is a prior on the weights, worth as much as a few rows: it fades as rows
    come in, `n_before` of them in the passes before.  Classes of few rows bear less of it.
    """
    share = batch_size * float(np.mean(weights))
    if isinstance(model.alpha, str):
        prior = PRIOR / (n_before + float(np.sum(weights)))
        prior = min(prior, MOST_FOR_CLASSES if classifies else model.most_prior)
        return Penalty(l1=float(model.l1) / share, l2=prior)
    return Penalty(l1=float(model.l1) / share, l2=float(model.alpha) / share)


class EvaluationLimit:
    """Stops L-BFGS after `most` evaluations of the loss: scikit-learn's `max_fun`."""

    def __init__(self, most: int) -> None:
        self.most, self.reached = most, False

    def __call__(self, epoch: Epoch) -> bool:
        self.reached = int(epoch.opt_state.n_evaluations) >= self.most
        return self.reached

    def told(self) -> dict[str, np.ndarray]:
        """Return the state as arrays by name."""
        return {"limit.reached": np.array([int(self.reached)])}

    def take_up(self, arrays: Mapping[str, np.ndarray], fresh: Any) -> None:
        """Take the state that was told up again."""
        del fresh
        self.reached = bool(arrays["limit.reached"][0])

    def settle(self, trained: Trained) -> Trained:
        """Return what training gave, with the reason of its end."""
        if not (self.reached and trained.stop == "asked"):
            return trained
        message = f"max_fun={self.most} evaluations of the loss done"
        return replace(trained, stop="finished", message=message)


def evaluation_limit(model: Any) -> EvaluationLimit | None:
    """Return the limit on evaluations, if it can be reached before `max_iter` is."""
    if not named_rule(model).most_tries or model.optimizer is not None:
        return None
    most = model.max_iter * (named_rule(model).most_tries + 1)
    return EvaluationLimit(int(model.max_fun)) if model.max_fun < most else None


def warn_of_the_end(model: Any, trained: Any, *, plateau: bool) -> None:
    """Warn if training ended before it was done; `plateau`: it was to stop on one, and did not."""
    level = 4  # the line that called `fit`
    if trained.stop == "diverged":
        warnings.warn(f"Training broke down: {trained.message}.", DivergedWarning, stacklevel=level)
    if trained.stop in ("interrupted", "time"):
        warn_unfinished(trained.message, level + 1)
    falls = model.learning_rate is None and model.schedule != "constant"
    if plateau and trained.stop == "finished" and (named_rule(model).most_tries or not falls):
        warnings.warn(
            f"Training has not converged: {trained.message} (max_iter={model.max_iter}), and the "
            "training loss still falls. Raise max_iter or tol, or use early_stopping.",
            ConvergenceWarning,
            stacklevel=level,
        )


def warn_unfinished(why: str, level: int) -> None:
    """Warn that training ended by hand or by the clock; `level` is that of the line to blame."""
    text = f"Training is unfinished: {why}. Best weights so far are kept."
    warnings.warn(text, InterruptedWarning, stacklevel=level)
