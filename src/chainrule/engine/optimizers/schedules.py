"""Learning-rate schedules: the rate η as a function of the step t, which counts from 0.

    constant      η
    step          η γ^⌊t / every⌋
    exponential   η γ^(t / every)
    cosine        η [f + (1 - f) ½(1 + cos πp)],  p = t / T                  ends at f η
    one-cycle     from η/25 up to η over the first 30 %, then down to η/250000, both cosines
    cosine-cycles η ½(1 - cos 2πc),  c = log₂(1 + (2ⁿ - 1) t / T)   n cycles, each twice as long
    inverse       η / (1 + ⌊t / every⌋ scale)^power
    warm-up       (t + 1) / (n + 1) of the rate of another schedule, for the first n steps
    shifted       another schedule that begins at a later step
    scaled        another schedule times a factor, which a plateau lowers

`n_steps` T is the length of the training; left None, `train` fills it in.
References: Loshchilov & Hutter (2017), ICLR (cosine); Smith & Topin (2018), arXiv:1708.07120
(one-cycle); Goyal et al. (2017), arXiv:1706.02677 (warm-up); Holzmüller, Grinsztajn & Steinwart
(2024), NeurIPS, section 3 (cosine cycles, there "coslog").
"""

import math
from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from chainrule.engine.optimizers.base import check_number
from chainrule.engine.pytree import hyperparameters, number, part
from chainrule.errors import OptionError

RATE_WANTED = (
    "it must be a positive number or a schedule. "
    "Try 0.001 with adam, 0.1 with plain gradient descent."
)


class Schedule(ABC):
    """A learning rate that depends on the step."""

    @abstractmethod
    def rate(self, step: Array) -> Any:
        """Return the learning rate of `step`, a float array that counts from 0."""

    def over(self, n_steps: int) -> "Schedule":
        """Return the schedule with its open length filled in."""
        open_length = getattr(self, "n_steps", n_steps) is None
        return replace(self, n_steps=float(n_steps)) if open_length else self  # pyright: ignore


@hyperparameters
class Constant(Schedule):
    """The same rate at every step."""

    learning_rate: float = number(default=0.01)

    def __post_init__(self) -> None:
        _check_rate(self)

    def rate(self, step: Array) -> Any:
        del step
        return self.learning_rate


@hyperparameters
class StepDecay(Schedule):
    """Multiplied by `factor` after every `every` steps."""

    learning_rate: float = number(default=0.01)
    factor: float = number(default=0.5)
    every: int | float = number(default=1000.0)

    def __post_init__(self) -> None:
        _check_rate(self)
        check_number(self, "factor", 0 < self.factor < math.inf, "above 0, usually 0.5")
        check_number(self, "every", self.every > 0, "above 0 (a number of steps)")

    def rate(self, step: Array) -> Any:
        return self.learning_rate * self.factor ** jnp.floor(step / self.every)


@hyperparameters
class Exponential(Schedule):
    """Multiplied by `factor` over every `every` steps, smoothly."""

    learning_rate: float = number(default=0.01)
    factor: float = number(default=0.5)
    every: int | float = number(default=1000.0)

    def __post_init__(self) -> None:
        _check_rate(self)
        check_number(self, "factor", 0 < self.factor < math.inf, "above 0, usually 0.5")
        check_number(self, "every", self.every > 0, "above 0 (a number of steps)")

    def rate(self, step: Array) -> Any:
        return self.learning_rate * self.factor ** (step / self.every)


@hyperparameters
class Cosine(Schedule):
    """Half a cosine from the full rate down to `final_share` of it at `n_steps`."""

    learning_rate: float = number(default=0.01)
    final_share: float = number(default=0.0)
    n_steps: int | float | None = number(default=None)

    def __post_init__(self) -> None:
        _check_rate(self)
        check_number(self, "final_share", 0 <= self.final_share < math.inf, "of 0 or more")

    def rate(self, step: Array) -> Any:
        return self.learning_rate * _cosine(step / _length(self), 1.0, self.final_share)


@hyperparameters
class OneCycle(Schedule):
    """Up to the peak rate, then down to almost nothing."""

    learning_rate: float = number(default=0.01)
    rise: float = number(default=0.3)
    start_share: float = number(default=1 / 25)
    final_share: float = number(default=1 / 250_000)
    n_steps: int | float | None = number(default=None)

    def __post_init__(self) -> None:
        _check_rate(self)
        check_number(self, "rise", 0 <= self.rise < 1, "in [0, 1), usually 0.3")
        check_number(self, "start_share", 0 <= self.start_share < math.inf, "of 0 or more")
        check_number(self, "final_share", 0 <= self.final_share < math.inf, "of 0 or more")

    def rate(self, step: Array) -> Any:
        peak = self.rise * _length(self)
        up = _cosine(step / peak, self.start_share, 1.0)
        down = _cosine((step - peak) / (_length(self) - peak), 1.0, self.final_share)
        return self.learning_rate * jnp.where(step < peak, up, down)


@hyperparameters
class CosineCycles(Schedule):
    """`n_cycles` waves from 0 to the full rate and back, each twice as long as the one before.

    Short waves explore while much is still to be learned, the last one is half of the training.
    """

    learning_rate: float = number(default=0.01)
    n_cycles: int | float = number(default=4.0)
    n_steps: int | float | None = number(default=None)

    def __post_init__(self) -> None:
        _check_rate(self)
        check_number(self, "n_cycles", 0 < self.n_cycles < 64, "above 0, usually 4")

    def rate(self, step: Array) -> Any:
        progress = jnp.clip((step + 0.5) / _length(self), 0.0, 1.0)
        cycle = jnp.log2(1 + (2.0**self.n_cycles - 1) * progress)
        return self.learning_rate * 0.5 * (1 - jnp.cos(2 * jnp.pi * cycle))


@hyperparameters
class InverseScaling(Schedule):
    """Falls with a power of the time, counted in `scale` for every `every` steps.

    With the steps and the rows of an epoch, this is scikit-learn's "invscaling".
    """

    learning_rate: float = number(default=0.01)
    power: float = number(default=0.5)
    every: int | float = number(default=1.0)
    scale: int | float = number(default=1.0)

    def __post_init__(self) -> None:
        _check_rate(self)
        check_number(self, "power", 0 <= self.power < math.inf, "of 0 or more, usually 0.5")
        check_number(self, "every", self.every > 0, "above 0 (a number of steps)")
        check_number(self, "scale", 0 <= self.scale < math.inf, "of 0 or more")

    def rate(self, step: Array) -> Any:
        return self.learning_rate / (1 + jnp.floor(step / self.every) * self.scale) ** self.power


@hyperparameters
class Shifted(Schedule):
    """`schedule` as if step `start` were its first: for training that goes on."""

    schedule: Schedule = part()
    start: int | float = number(default=0.0)

    def rate(self, step: Array) -> Any:
        return self.schedule.rate(jnp.maximum(step - self.start, 0.0))

    def over(self, n_steps: int) -> "Shifted":
        return replace(self, schedule=self.schedule.over(n_steps))


@hyperparameters
class Scaled(Schedule):
    """`schedule` times `factor`."""

    schedule: Schedule = part()
    factor: float = number(default=1.0)

    def rate(self, step: Array) -> Any:
        return self.factor * self.schedule.rate(step)

    def over(self, n_steps: int) -> "Scaled":
        return replace(self, schedule=self.schedule.over(n_steps))


@hyperparameters
class WarmUp(Schedule):
    """Grows linearly over the first `n_warm_up` steps into `schedule`."""

    schedule: Schedule = part()
    n_warm_up: int | float = number(default=100.0)

    def __post_init__(self) -> None:
        check_number(
            self, "n_warm_up", 0 <= self.n_warm_up < math.inf, "of 0 or more (a number of steps)"
        )

    def rate(self, step: Array) -> Any:
        share = jnp.minimum((step + 1) / (self.n_warm_up + 1), 1.0)
        return share * self.schedule.rate(step)

    def over(self, n_steps: int) -> "WarmUp":
        return replace(self, schedule=self.schedule.over(n_steps))


def as_schedule(what: Any) -> Schedule:
    """Return a schedule: the one given, or the constant one of a positive number."""
    if isinstance(what, Schedule):
        return what
    if isinstance(what, int | float | np.number):
        return Constant(float(what))
    raise OptionError(f"The learning rate is {what!r}; {RATE_WANTED}")


def _check_rate(schedule: Any) -> None:
    rate = schedule.learning_rate
    if not 0 < rate < math.inf:
        raise OptionError(f"The learning rate is {rate!r}; {RATE_WANTED}")


def _cosine(progress: Any, start: Any, end: Any) -> Any:
    progress = jnp.clip(progress, 0.0, 1.0)
    return end + (start - end) * 0.5 * (1 + jnp.cos(jnp.pi * progress))


def _length(schedule: Any) -> Any:
    if schedule.n_steps is None:
        raise OptionError(
            f"{type(schedule).__name__} does not know how long the training is. "
            "Give n_steps, or let `train` fill it in."
        )
    return jnp.maximum(schedule.n_steps, 1.0)
