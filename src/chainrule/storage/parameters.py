"""Parameters of an estimator as JSON and arrays, and back; an object is refused."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.advice import Setting
from chainrule.errors import OptionError

MOST_LAYERS = 10_000
_DICT = ["dict"]  # the first entry of a list of pairs that stands for a dict


def parameters_told(
    parameters: Mapping[str, Any],
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the parameters as JSON takes them, and the arrays among them by name.

    Raises
    ------
    OptionError
        If one is an object.
    """
    plain: dict[str, Any] = {}
    arrays: dict[str, np.ndarray] = {}
    for name, value in parameters.items():
        if name in ("coefs_init", "intercepts_init") and value is not None:
            arrays |= {
                f"{name}.{i}": np.asarray(each, dtype=np.float64)
                for i, each in enumerate(value)
                if each is not None
            }
            plain[name] = len(value)
            continue
        if name == "random_state" and isinstance(value, np.random.RandomState):
            value = None  # the seed that it gave is in the file
        plain[name] = as_plain(name, value)
    return plain, arrays


def parameters_from(plain: dict[str, Any], arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """Return the parameters that were told; tuples where there were lists."""
    parameters: dict[str, Any] = {}
    for name, value in plain.items():
        if name in ("coefs_init", "intercepts_init") and value is not None:
            if type(value) is not int or not 0 <= value <= MOST_LAYERS:
                raise ValueError(f"{name} is for {value} layers")
            value = [arrays.get(f"{name}.{i}") for i in range(value)]
        parameters[name] = restored(value)
    return parameters


def restored(value: Any) -> Any:
    """Return a parameter as `as_plain` took it, with tuples for lists."""
    if not isinstance(value, list):
        return value
    if value[:1] == [_DICT]:
        return dict(value[1:])
    return tuple(restored(item) for item in value)


def as_plain(name: str, value: Any) -> Any:
    """Return a parameter as JSON takes it.

    Raises
    ------
    OptionError
        If it is an object.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [as_plain(name, item) for item in value]
    if isinstance(value, dict):
        return [_DICT, *([as_plain(name, k), as_plain(name, v)] for k, v in value.items())]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise OptionError(
        "{} is an object that a model file cannot hold. Use a name instead, or pickle the model.",
        Setting(name, value),
    )
