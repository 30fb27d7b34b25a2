"""Initial weights by name, by formula, or given.

    glorot   variance 2 / (n_in + n_out)      Glorot & Bengio (2010), AISTATS, eq. 16
    he       variance 2 / n_in                He et al. (2015), ICCV, eq. 10
    lecun    variance 1 / n_in                LeCun et al. (1998), Efficient BackProp, eq. 16

each as `_uniform` (the default of a plain name) or `_normal`; `Uniform(low, high)`,
`Normal(scale)`, `Zeros()` and `Given(values)` for the rest.  Numbers are drawn in float64 on the
host, so a float32 and a float64 network start from the same weights.
"""

from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np

from chainrule.engine.pytree import hyperparameters, number, part
from chainrule.errors import OptionError, ShapeError


@runtime_checkable
class Initializer(Protocol):
    """Draws an array of a given shape."""

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """Return a float64 array of `shape`; weights have shape (n_in, n_out)."""
        ...


@hyperparameters
class VarianceScaling:
    """Zero mean, variance `gain` / fan, with fan = n_in, or (n_in + n_out) / 2 for "mean"."""

    fan: Literal["in", "mean"] = "mean"
    distribution: Literal["uniform", "normal"] = "uniform"
    gain: float = number(default=1.0)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        n_in, n_out = shape[0], shape[-1]
        fan = n_in if self.fan == "in" else (n_in + n_out) / 2
        deviation = (self.gain / max(fan, 1)) ** 0.5
        if self.distribution == "normal":
            return rng.normal(scale=deviation, size=shape)
        limit = 3**0.5 * deviation
        return rng.uniform(-limit, limit, size=shape)


@hyperparameters
class Uniform:
    """Uniform on [`low`, `high`)."""

    low: float = number(default=-0.5)
    high: float = number(default=0.5)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return rng.uniform(self.low, self.high, size=shape)


@hyperparameters
class Normal:
    """Normal with mean 0 and standard deviation `scale`."""

    scale: float = number(default=0.5)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return rng.normal(scale=self.scale, size=shape)


@hyperparameters
class Zeros:
    """Every entry zero: the default of biases."""

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return np.zeros(shape)


@hyperparameters
class Given:
    """The values themselves, of exactly the shape that the layer needs."""

    values: Any = part()

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", np.array(self.values, dtype=np.float64))

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        if self.values.shape != shape:
            raise ShapeError(
                f"Given initial values have shape {self.values.shape}, the layer needs {shape}. "
                "Weights are (inputs, units), biases (units,)."
            )
        return self.values


INITIALIZERS: dict[str, Initializer] = {
    "glorot": VarianceScaling("mean", "uniform", 1.0),
    "glorot_uniform": VarianceScaling("mean", "uniform", 1.0),
    "glorot_normal": VarianceScaling("mean", "normal", 1.0),
    "he": VarianceScaling("in", "uniform", 2.0),
    "he_uniform": VarianceScaling("in", "uniform", 2.0),
    "he_normal": VarianceScaling("in", "normal", 2.0),
    "lecun": VarianceScaling("in", "uniform", 1.0),
    "lecun_uniform": VarianceScaling("in", "uniform", 1.0),
    "lecun_normal": VarianceScaling("in", "normal", 1.0),
    "zeros": Zeros(),
}


def as_initializer(what: Any) -> Initializer:
    """Return the initializer meant by a name, an initializer, or an array of values."""
    if isinstance(what, str):
        if what not in INITIALIZERS:
            raise OptionError(
                f"No initializer is called {what!r}. Choose one of {', '.join(INITIALIZERS)}, "
                "or give Uniform(low, high), Normal(scale), or an array."
            )
        return INITIALIZERS[what]
    return what if isinstance(what, Initializer) else Given(what)
