"""The kinds of layers that NumPy predicts with: a file each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

import numpy as np

from chainrule.predicting.layers.base import Arrays, LayerSpec
from chainrule.predicting.layers.dense import DenseSpec
from chainrule.predicting.layers.elementwise import ActivationSpec
from chainrule.predicting.layers.fixed_point import FixedPointSpec
from chainrule.predicting.layers.layer_norm import LayerNormSpec
from chainrule.predicting.layers.piecewise import PiecewiseSpec
from chainrule.predicting.layers.scale import ScaleSpec
from chainrule.predicting.layers.softmax import SoftmaxSpec

__all__ = [
    "KINDS",
    "ActivationSpec",
    "AnyLayer",
    "DenseSpec",
    "FixedPointSpec",
    "LayerNormSpec",
    "LayerSpec",
    "PiecewiseSpec",
    "ScaleSpec",
    "SoftmaxSpec",
    "described",
    "engine_params",
    "in_a_line",
]

# What a file may hold.
AnyLayer = (
    DenseSpec
    | LayerNormSpec
    | ScaleSpec
    | PiecewiseSpec
    | ActivationSpec
    | SoftmaxSpec
    | FixedPointSpec
)
KINDS: tuple[type[AnyLayer], ...] = get_args(AnyLayer)


def described(
    layers: Sequence[Any], params: Sequence[Any]
) -> tuple[tuple[AnyLayer, ...], tuple[Arrays, ...]] | None:
    """Return specs and arrays of the engine's layers in a row, without those that only train.

    None if one of them is of no kind that NumPy knows, such as a user's own.
    """
    import jax  # as after every training

    from chainrule.engine.layers.kind import kind_of

    dtype = jax.tree.leaves(params)[0].dtype
    found: list[tuple[AnyLayer, Arrays]] = []
    n_out: int | None = None
    for layer, own in zip(reversed(layers), reversed(params), strict=True):
        if kind_of(layer).only_trains:
            continue
        made = (kind.of(layer, own, n_out) for kind in KINDS)
        one = next((each for each in made if each is not None), None)
        if one is None:
            return None
        spec, arrays = one
        found.append((spec, {name: np.array(array, dtype) for name, array in arrays.items()}))
        n_out = n_out if spec.n_taken is None else spec.n_taken
    specs, arrays = zip(*reversed(found), strict=True)
    return specs, arrays


def engine_params(
    layers: Sequence[Any], specs: Sequence[LayerSpec], arrays: Sequence[Arrays]
) -> tuple[Any, ...]:
    """Return the parameters of the engine's layers in a row, made of what describes them."""
    from chainrule.engine.layers.kind import kind_of  # JAX, as before every training

    known = iter(zip(specs, arrays, strict=True))
    params: list[Any] = []
    for layer in layers:
        if kind_of(layer).only_trains:
            params.append(())
        else:
            spec, own = next(known)
            params.append(spec.engine_params(layer, own))
    return tuple(params)


def in_a_line(specs: Sequence[LayerSpec]) -> str:
    """Return layers in a line, such as "4 → 16 tanh → 3"."""
    line = str(next((spec.n_taken for spec in specs if spec.has_units), ""))
    for spec in specs:
        line += f"{' → ' if spec.has_units else ' '}{spec.in_a_line}"
    return line
