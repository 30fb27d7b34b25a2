"""When to stop, and which weights to keep.

The watched measure is one of the history's columns; an epoch is better if it beats the best so
far by more than `min_delta`.  After `patience` epochs without a better one training stops.  The
weights of the best epoch are kept.

Reference: Prechelt (1998), Neural Networks: Tricks of the Trade, chapter 2.
"""

import math
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from chainrule.engine.pytree import hyperparameters, number, on_device, pytree
from chainrule.errors import OptionError


@dataclass(frozen=True)
class EarlyStopping:
    """Watch `monitor`, stop after `patience` epochs (None: never) without a better one."""

    monitor: str = "val_loss"
    patience: int | float | None = 20
    min_delta: float = 0.0
    higher_is_better: bool = False

    def __post_init__(self) -> None:
        if self.patience is not None and not self.patience >= 1:
            raise OptionError(
                f"EarlyStopping(patience={self.patience}) would stop before the first epoch. "
                "Give 1 or more epochs, or None to keep the best weights and never stop early."
            )
        if not 0 <= self.min_delta < math.inf:
            raise OptionError(f"EarlyStopping(min_delta={self.min_delta}); give 0 or more.")


@hyperparameters
class Watch:
    """`EarlyStopping` as the compiled program sees it: the number of a column."""

    column: int
    higher_is_better: bool
    patience: float = number(default=jnp.inf)
    min_delta: float = number(default=0.0)


@pytree
class Best:
    """The best epoch so far."""

    params: Any
    score: Float[Array, ""]
    epoch: Int[Array, ""]


def first_best(params: Any, dtype: Any) -> Best:
    """Return a best that any finite measure beats."""
    return Best(params, score=on_device(np.inf, dtype), epoch=on_device(0, np.int32))


def judge(
    watch: Watch, best: Best, measures: Float[Array, " columns"], params: Any, epoch: Int[Array, ""]
) -> tuple[Best, Bool[Array, ""]]:
    """Return the best epoch including this one, and whether patience has run out."""
    score = measures[watch.column]
    score = -score if watch.higher_is_better else score
    better = score < best.score - jnp.asarray(watch.min_delta, score.dtype)
    now = Best(params, score, epoch)
    best = jax.tree.map(lambda new, old: jnp.where(better, new, old), now, best)
    return best, (epoch - best.epoch).astype(score.dtype) >= watch.patience
