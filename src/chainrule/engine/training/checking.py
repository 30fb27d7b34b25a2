"""What `train` checks before it starts: arrays, options, and whether the network fits both."""

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.engine.layers.base import Layer
from chainrule.engine.objectives.base import Objective
from chainrule.engine.optimizers.base import Around, Optimizer
from chainrule.engine.pytree import check_leaves
from chainrule.errors import DataError, OptionError, ShapeError


def check_parts(network: Any, objective: Any, optimizer: Any, metrics: Any) -> None:
    """Refuse what is no network, objective, optimizer or mapping of metrics."""
    for value, kind, name, example in (
        (network, Layer, "network", "FeedForward((Dense(3),))"),
        (objective, Objective, "objective", "SquaredError()"),
        (optimizer, Optimizer, "optimizer", "Adam(0.001)"),
        (metrics or {}, Mapping, "metrics", '{"accuracy": Accuracy()}'),
    ):
        if isinstance(value, type) or not isinstance(value, kind):
            raise OptionError(f"{name}={value!r} is not valid. Give one such as {example}.")
        check_leaves(value)
    check_update(optimizer)


def check_update(optimizer: Optimizer) -> None:
    """Refuse an optimizer whose update cannot be given all that an update is given."""
    while isinstance(optimizer, Around):
        optimizer = optimizer.optimizer
    try:
        inspect.signature(optimizer.update).bind("params", "grads", "opt_state", "loss_and_grads")
    except TypeError:
        raise OptionError(
            f"{type(optimizer).__name__}.update is given (params, grads, opt_state, "
            "loss_and_grads): add loss_and_grads=None as the last of its parameters."
        ) from None


def check_rows(part: str, x: Any, y: Any, weights: Any = None) -> tuple[np.ndarray, ...]:
    """Return x, y and weights as arrays that fit together, every number finite."""
    x, y = np.asarray(x), np.asarray(y)
    weights = np.ones(len(x)) if weights is None else np.asarray(weights)
    if x.ndim != 2 or y.ndim != 2 or weights.ndim != 1:
        raise ShapeError(
            f"The {part} rows expect x of shape (rows, inputs), y of shape (rows, targets) and "
            f"weights of shape (rows,); got {x.shape}, {y.shape} and {weights.shape}. "
            "Turn class numbers into one-hot rows, and one number per row into y[:, None]."
        )
    if not len(x) == len(y) == len(weights) or len(x) == 0:
        raise ShapeError(
            f"The {part} rows need the same number of rows, at least one, in x, y and weights; "
            f"got {len(x)}, {len(y)} and {len(weights)}."
        )
    for name, array in (("x", x), ("y", y), ("weights", weights)):
        # the extremes of an array show every number that is not finite, without a copy
        if array.size and not (np.isfinite(array.min()) and np.isfinite(array.max())):
            finite = np.isfinite(array).reshape(len(array), -1).all(axis=1)
            raise DataError(
                f"{name} of the {part} rows is not finite in row {int(np.argmin(finite))}. "
                "Fill gaps and replace infinities before training."
            )
    if weights.min() < 0 or weights.max() <= 0:
        raise DataError(
            f"The weights of the {part} rows must be 0 or more, and not all 0; "
            f"their range is {weights.min():g} to {weights.max():g}."
        )
    return x, y, weights


def check_outputs(network: Layer, objective: Objective, table: tuple[np.ndarray, ...]) -> None:
    """Refuse outputs and targets of different widths: arithmetic would repeat one for the other."""
    n_in, n_targets = table[0].shape[1], table[1].shape[1]
    given, needed = network.width(n_in), objective.n_outputs(n_targets)
    if given != needed:
        raise ShapeError(
            f"The network gives {given} outputs, but {type(objective).__name__} needs {needed} "
            f"for y of shape {table[1].shape}. Give the last layer {needed} units, or check y."
        )


def check_options(
    table: tuple[np.ndarray, ...],
    held_out: tuple[np.ndarray, ...] | None,
    batch_size: int | None,
    n_epochs: int,
    time_limit: float | None,
    optimizer: Optimizer,
) -> None:
    """Refuse options that cannot work, and tables of different shape."""
    if held_out is not None and held_out[0].shape[1] != table[0].shape[1]:
        raise ShapeError(
            f"The validation rows have {held_out[0].shape[1]} inputs, the training rows "
            f"{table[0].shape[1]}. Encode both the same way."
        )
    if held_out is not None and held_out[1].shape[1] != table[1].shape[1]:
        raise ShapeError(
            f"The validation targets have {held_out[1].shape[1]} columns, the training targets "
            f"{table[1].shape[1]}. Encode both the same way."
        )
    if batch_size is not None and batch_size < 1:
        raise OptionError(f"batch_size={batch_size}; give 1 or more rows, or None for all.")
    if n_epochs < 0:
        raise OptionError(f"n_epochs={n_epochs}; give 0 or more.")
    if time_limit is not None and not time_limit > 0:
        raise OptionError(f"time_limit={time_limit}; give a number of seconds above 0.")
    if optimizer.full_batch_only and batch_size is not None and batch_size < len(table[0]):
        raise OptionError(
            f"{type(optimizer).__name__} needs the gradient of the whole table, but batch_size is "
            f"{batch_size} of {len(table[0])} rows. Use batch_size=None, or another optimizer."
        )
