"""What looks at the network after every epoch, from outside the compiled program.

A scorer that decides when to stop, scikit-learn's callbacks, and words for people.
"""

import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.metrics import check_scoring

from chainrule.engine import Epoch, Trained, compilations
from chainrule.engine.training.keeping import leaves_told, restored
from chainrule.errors import OptionError

Look = Callable[[Epoch], bool | None]
logger = logging.getLogger("chainrule")


def all_of(looks: list[Look]) -> Look | None:
    """Return one function that calls each, and asks to stop if any does; None if there is none."""
    if not looks:
        return None
    return lambda epoch: any([look(epoch) for look in looks])


class ScoreWatch:
    """Scores the network on the held-out rows, keeps the best, stops when patience is over."""

    def __init__(
        self,
        scorer: Callable[..., float],
        model_at: Callable[[Epoch], Any],
        rows: tuple[Any, Any, Any],
        patience: float | None,
        min_delta: float,
    ) -> None:
        self.scorer, self.model_at, self.rows = scorer, model_at, rows
        self.patience = np.inf if patience is None else patience
        self.min_delta = min_delta
        self.scores: list[float] = []
        self.best: Epoch | None = None
        self.best_score = -np.inf
        self.progress = 0
        self.over = False

    def __call__(self, epoch: Epoch) -> bool:
        X, y, weights = self.rows
        options = {} if weights is None else {"sample_weight": weights}
        score = float(self.scorer(self.model_at(epoch), X, y, **options))
        self.scores.append(score)
        if score > self.best_score + self.min_delta or self.best is None:
            self.progress = epoch.epoch
        if score > self.best_score or self.best is None:
            self.best = epoch
            self.best_score = max(score, self.best_score)  # a score that is no number stays out
        self.over = epoch.epoch - self.progress >= self.patience
        return self.over

    def told(self) -> dict[str, np.ndarray]:
        """Return the state as arrays by name."""
        best = self.best
        if best is None:
            return {}
        counts = np.array([best.epoch, self.progress, int(self.over)])
        told = {"watch.scores": np.array(self.scores), "watch.counts": counts}
        told["watch.best_score"] = np.array([self.best_score])
        told |= leaves_told("watch.params", best.params)
        return told | leaves_told("watch.opt_state", best.opt_state)

    def take_up(self, arrays: Mapping[str, np.ndarray], fresh: Any) -> None:
        """Take the state that was told up again; `fresh` is the engine's at the start."""
        if "watch.scores" not in arrays:
            return
        epoch, self.progress, over = map(int, arrays["watch.counts"])
        self.over, self.scores = bool(over), arrays["watch.scores"].tolist()
        self.best_score = float(arrays["watch.best_score"][0])
        params = restored(fresh.params, arrays, "watch.params")
        opt_state = restored(fresh.opt_state, arrays, "watch.opt_state")
        self.best = Epoch(epoch, {}, params, opt_state)

    def settle(self, trained: Trained) -> Trained:
        """Return what training gave, with the weights of the best score."""
        if self.best is None:
            return trained
        scores = np.full(len(trained.history["epoch"]), np.nan)
        scores[: len(self.scores)] = self.scores[: len(scores)]
        stop, message = trained.stop, trained.message
        if stop == "asked" and self.over:
            n_idle = trained.n_epochs - self.progress
            stop, message = "early", f"the score was no better for {n_idle} epochs"
        return replace(
            trained,
            params=self.best.params,
            opt_state=self.best.opt_state,
            best_epoch=self.best.epoch,
            stop=stop,
            message=message,
            history={**trained.history, "val_score": scores},
        )


def as_scorer(estimator: Any, scoring: Any) -> Any:
    """Return the scorer that `scoring` means to scikit-learn.

    Raises
    ------
    OptionError
        If it knows none.
    """
    try:
        return check_scoring(estimator, scoring=scoring)
    except (ValueError, TypeError) as error:
        raise OptionError(
            "{scoring} is no scorer ({}). Give a name of sklearn.metrics.get_scorer_names(), a "
            'function f(estimator, X, y), or "loss".',
            str(error).splitlines()[0],
            scoring=scoring,
        ) from None


def say_epoch(epoch: Epoch) -> None:
    """Log one line for an epoch."""
    if epoch.epoch > 0:
        shown = [
            f"{name} = {epoch.measures[name]:.8f}"
            for name in ("running_loss", "val_loss")
            if name in epoch.measures
        ]
        logger.info("Epoch %d, %s", epoch.epoch, ", ".join(shown))


def say_compilation(trained: Trained) -> None:
    """Log how long compiling took, and how many programs this process has compiled."""
    logger.info(
        "%.2f s of training, and %.2f s to compile (%d programs in this process)",
        trained.seconds,
        trained.compile_seconds,
        sum(compilations().values()),
    )


@contextmanager
def spoken(verbose: Any) -> Iterator[None]:
    """Let the log go to standard output instead of where the program sends it."""
    if not verbose:
        yield
        return
    handler, level, propagates = logging.StreamHandler(sys.stdout), logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagates
