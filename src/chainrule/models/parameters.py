"""The parameters of a network estimator: stored as they are given, checked when `fit` begins.

Names that scikit-learn's MLP has mean what they mean there; the others are chainrule's.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from chainrule.advice import Setting
from chainrule.errors import OptionError

# Lowest and highest value of each number, and whether these themselves are allowed.
_NUMBERS: dict[str, tuple[float, float, str]] = {
    "alpha": (0, np.inf, "[)"),
    "l1": (0, np.inf, "[)"),
    "learning_rate_init": (0, np.inf, "()"),
    "power_t": (0, np.inf, "[)"),
    "max_iter": (1, np.inf, "[)"),
    "max_fun": (1, np.inf, "[)"),
    "n_networks": (1, np.inf, "[)"),
    "tol": (0, np.inf, "[)"),
    "momentum": (0, 1, "[]"),
    "beta_1": (0, 1, "[)"),
    "beta_2": (0, 1, "[)"),
    "epsilon": (0, np.inf, "()"),
    "weight_decay": (0, np.inf, "[)"),
    "validation_fraction": (0, 1, "[)"),
    "clip_norm": (0, np.inf, "()"),
    "time_limit": (0, np.inf, "()"),
    "n_iter_no_change": (1, np.inf, "[]"),
}
_SWITCHES = ("shuffle", "warm_start", "nesterovs_momentum", "early_stopping", "layer_norm", "scale")
_OPTIONAL = ("clip_norm", "time_limit", "n_iter_no_change")
_WHOLE = ("max_iter", "max_fun", "n_networks")
_TRIES = {"learning_rate_init": " Try 0.005."}


class NetworkParameters(BaseEstimator):
    """The constructor of the estimators; see `BaseMLP` for what each parameter means."""

    most_prior = np.inf  # the largest L2 strength that `alpha="auto"` may stand for, of numbers

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: Any = "relu",
        *,
        loss: Any = "auto",
        solver: str = "adam",
        alpha: float | str = "auto",
        l1: float = 0.0,
        dropout: float = 0.0,
        layer_norm: bool = False,
        n_networks: int = 1,
        batch_size: int | str = "auto",
        learning_rate: str | None = None,
        learning_rate_init: float = 0.005,
        power_t: float = 0.5,
        schedule: Any = "cosine",
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 0.0,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        validation_split: Any = "random",
        scoring: Any = "loss",
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: int | None = 20,
        max_fun: int = 15_000,
        optimizer: Any = None,
        weight_decay: float = 0.01,
        clip_norm: float | None = None,
        coefs_init: Sequence[Any] | None = None,
        intercepts_init: Sequence[Any] | None = None,
        frozen_layers: Sequence[int] = (),
        scale: bool = True,
        dtype: str = "float32",
        time_limit: float | None = None,
        category: Sequence[str] = (),
        number: Sequence[str] = (),
        drop: Sequence[str] = (),
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.loss = loss
        self.solver = solver
        self.alpha = alpha
        self.l1 = l1
        self.dropout = dropout
        self.layer_norm = layer_norm
        self.n_networks = n_networks
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.schedule = schedule
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.validation_split = validation_split
        self.scoring = scoring
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.optimizer = optimizer
        self.weight_decay = weight_decay
        self.clip_norm = clip_norm
        self.coefs_init = coefs_init
        self.intercepts_init = intercepts_init
        self.frozen_layers = frozen_layers
        self.scale = scale
        self.dtype = dtype
        self.time_limit = time_limit
        self.category = category
        self.number = number
        self.drop = drop


def every_parameter() -> set[str]:
    """Return the names of all parameters that `NetworkParameters` has."""
    return set(inspect.signature(NetworkParameters.__init__).parameters) - {"self"}


def check_numbers(parameters: Mapping[str, Any], may_be_auto: Sequence[str]) -> None:
    """Refuse switches and numbers that are not valid, or lie outside their range."""
    for name in (each for each in _SWITCHES if each in parameters):
        if not isinstance(parameters[name], bool | np.bool_):
            raise OptionError("{} must be True or False.", Setting(name, parameters[name]))
    verbose = parameters["verbose"]
    if not isinstance(verbose, bool | np.bool_ | int | np.integer) or verbose < 0:
        raise OptionError("{verbose} must be True, False or 0, 1, 2, ….", verbose=verbose)
    for name in (each for each in _NUMBERS if each in parameters):
        (low, high, ends), value = _NUMBERS[name], parameters[name]
        auto = name in may_be_auto and isinstance(value, str) and value == "auto"
        if auto or (value is None and name in _OPTIONAL):
            continue
        if isinstance(value, bool) or not isinstance(value, int | float | np.number):
            raise OptionError("{} must be a number.", Setting(name, value))
        above = value >= low if ends[0] == "[" else value > low
        below = value <= high if ends[1] == "]" else value < high
        if not (above and below):
            wanted = _range(low, high, ends)
            raise OptionError(
                "{} must be {}.{}", Setting(name, value), wanted, _TRIES.get(name, "")
            )
        if name in _WHOLE and not float(value).is_integer():
            raise OptionError("{} must be a whole number.", Setting(name, value))


def _range(low: float, high: float, ends: str) -> str:
    if high == np.inf:
        return f"{low:g} or more" if ends[0] == "[" else "positive"
    return f"in {ends[0]}{low:g}, {high:g}{ends[1]}"


def takes_batches(model: Any) -> bool:
    """Return whether the optimizer can go through a part of the rows; else say why it cannot."""
    from chainrule.engine.optimizers import SOLVERS  # JAX only where it is asked for

    rule = SOLVERS.get(str(model.solver)) if model.optimizer is None else model.optimizer
    if getattr(rule, "full_batch_only", False):
        raise AttributeError(
            f"partial_fit is only available for optimizers that take batches; "
            f"{model.optimizer or model.solver} needs the whole table."
        )
    return True


def with_parameters_of(base: type, without: Sequence[str] = ()) -> Callable[[Any], Any]:
    """Let a constructor show the parameters that it passes on to that of `base`.

    scikit-learn reads them from the signature.
    """

    def decorate(init: Any) -> Any:
        shown = dict(inspect.signature(base.__init__).parameters)
        own = {n: p for n, p in inspect.signature(init).parameters.items() if n not in shown}
        places = [n for n, p in own.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
        first = {"self": shown["self"], **{n: own[n] for n in places}}
        shown = first | {n: p for n, p in shown.items() if n not in without}
        for name, parameter in inspect.signature(init).parameters.items():
            if parameter.kind is not parameter.VAR_KEYWORD:
                shown[name] = parameter
        init.__signature__ = inspect.Signature(list(shown.values()))
        return init

    return decorate
