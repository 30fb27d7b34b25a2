"""Prediction: forward without a key, then the objective's link, compiled once per padded size."""

from functools import partial
from typing import Any

import jax
import numpy as np
from jaxtyping import Array

from chainrule.engine.compiling.count import count_compilation
from chainrule.engine.compiling.precision import precision
from chainrule.engine.compiling.room import make_room_for_programs
from chainrule.engine.layers.base import Layer
from chainrule.engine.objectives.base import Objective
from chainrule.engine.pytree import on_device
from chainrule.engine.training.rows import CHUNK_NUMBERS, padded_size
from chainrule.errors import ShapeError


@partial(jax.jit, static_argnames=("raw",))
def _run(network: Layer, objective: Objective, params: Any, x: Array, raw: bool) -> Array:
    count_compilation("predict")
    z, _ = network.forward(params, x)
    return z if raw else objective.link(z)


def predict(
    network: Layer, objective: Objective, params: Any, x: np.ndarray, *, raw: bool = False
) -> np.ndarray:
    """Return predictions for the rows of `x`, in the dtype of the parameters.

    Parameters
    ----------
    network, objective
        As they were trained.
    params
        Trained parameters.
    x : array of shape (n_rows, n_in)
        Encoded inputs.
    raw : bool, default=False
        Raw outputs z instead of link(z).

    Returns
    -------
    array of shape (n_rows, n_outputs)

    Raises
    ------
    ShapeError
        If `x` is no table of rows, or has another number of inputs than in training.
    """
    x = np.asarray(x)
    if x.ndim != 2:
        raise ShapeError(
            f"predict expects x of shape (rows, inputs), got {x.shape}. "
            "Give one row as x[None, :], one column as x[:, None]."
        )
    leaves = jax.tree.leaves(params)
    make_room_for_programs()
    dtype = np.dtype(leaves[0].dtype if leaves else np.float32)
    longest = max(CHUNK_NUMBERS // max(x.shape[1], 1), 1)
    parts = []
    with precision(dtype):
        for start in range(0, max(len(x), 1), longest):
            part = x[start : start + longest]
            padded = np.zeros((padded_size(max(len(part), 1)), x.shape[1]), dtype)
            padded[: len(part)] = part
            out = _run(network, objective, params, on_device(padded), raw)
            parts.append(np.asarray(out)[: len(part)])
    return np.concatenate(parts)
