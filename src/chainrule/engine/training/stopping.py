"""When to stop, and which weights to keep.

The watched measure is one of the history's columns.  The weights of the best epoch are kept.  After
`patience` epochs none of which beat the best before it by more than `min_delta`, training stops.

Reference: Prechelt (1998), Neural Networks: Tricks of the Trade, chapter 2.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from chainrule.engine.objectives.penalty import Penalty
from chainrule.engine.pytree import hyperparameters, number, on_device, pytree
from chainrule.errors import OptionError


@dataclass(frozen=True)
class EarlyStopping:
    """Watch `monitor`, stop after `patience` epochs (None: never) without progress.

    On the first `n_reductions` such plateaus training does not stop, but goes on with the learning
    rate times `reduction`.  `with_penalty` adds the penalty to what is watched; without `keep_best`
    the last weights are kept, not the best.  Of equal scores the first is the best, with `latest`
    the last.
    """

    monitor: str = "val_loss"
    patience: int | float | None = 20
    min_delta: float = 0.0
    higher_is_better: bool = False
    n_reductions: int = 0
    reduction: float = 0.2
    with_penalty: bool = False
    keep_best: bool = True
    latest: bool = False

    def __post_init__(self) -> None:
        if self.patience is not None and not self.patience >= 1:
            raise OptionError(
                f"EarlyStopping(patience={self.patience}) would stop before the first epoch. "
                "Give 1 or more epochs, or None to keep the best weights and never stop early."
            )
        if not 0 <= self.min_delta < math.inf:
            raise OptionError(f"EarlyStopping(min_delta={self.min_delta}); give 0 or more.")
        if self.n_reductions < 0 or not 0 < self.reduction < 1:
            raise OptionError(
                f"EarlyStopping(n_reductions={self.n_reductions}, reduction={self.reduction}); "
                "give 0 or more reductions by a factor between 0 and 1."
            )


@hyperparameters
class Watch:
    """`EarlyStopping` as the compiled program sees it: the number of a column."""

    column: int
    higher_is_better: bool
    with_penalty: bool = False
    keep_best: bool = True
    latest: bool = False
    patience: float = number(default=jnp.inf)
    min_delta: float = number(default=0.0)


def reductions_of(stopping: EarlyStopping | None) -> Iterator[float]:
    """Yield the factor of the learning rate after each plateau that training goes on from."""
    if stopping is not None:
        for i in range(stopping.n_reductions):
            yield stopping.reduction ** (i + 1)


def watch_of(stopping: EarlyStopping | None, columns: list[str]) -> Watch | None:
    """Return what the program watches; None without early stopping."""
    if stopping is None:
        return None
    if stopping.monitor not in columns:
        raise OptionError(
            f'Early stopping watches "{stopping.monitor}", which is not measured. '
            f"Choose one of {', '.join(columns)}; val_… needs validation rows."
        )
    patience = jnp.inf if stopping.patience is None else float(stopping.patience)
    return Watch(
        column=columns.index(stopping.monitor),
        higher_is_better=stopping.higher_is_better,
        with_penalty=stopping.with_penalty,
        keep_best=stopping.keep_best,
        latest=stopping.latest,
        patience=patience,
        min_delta=stopping.min_delta,
    )


@pytree
class Best:
    """The epoch to keep, whole: training can go on from it; and the best score so far."""

    params: Any
    opt_state: Any
    score: Float[Array, ""]
    epoch: Int[Array, ""]
    progress: Int[Array, ""]  # the last epoch that was better by more than `min_delta`


def first_best(params: Any, opt_state: Any, epoch: int, dtype: Any) -> Best:
    """Return a best that any finite measure beats."""
    score, at = on_device(np.inf, dtype), on_device(epoch, np.int32)
    return Best(params, opt_state, score, epoch=at, progress=at)


def judge(
    watch: Watch,
    best: Best,
    measures: Float[Array, " columns"],
    penalty: Penalty | None,
    params: Any,
    opt_state: Any,
    epoch: Int[Array, ""],
) -> tuple[Best, Bool[Array, ""]]:
    """Return the epoch to keep including this one, and whether patience has run out."""
    score = measures[watch.column]
    score = -score if watch.higher_is_better else score
    if watch.with_penalty and penalty is not None:
        score = score + penalty.value(params).astype(score.dtype)
    progressed = score < best.score - jnp.asarray(watch.min_delta, score.dtype)
    better = score <= best.score if watch.latest else score < best.score
    progress = jnp.where(progressed, epoch, best.progress)
    now = Best(params, opt_state, score, epoch, progress)
    before = replace(best, progress=progress)
    if not watch.keep_best:
        before = replace(now, score=best.score)
    # a branch copies its arrays as they are; `where` would compile a kernel for each of them
    best = jax.lax.cond(better, lambda: now, lambda: before)
    return best, (epoch - progress).astype(score.dtype) >= watch.patience
