"""Softmax layer: aₖ = exp(zₖ) / Σⱼ exp(zⱼ)."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from chainrule.predicting.layers.base import Arrays, EngineArrays, LayerSpec


class SoftmaxSpec(LayerSpec, frozen=True, tag="softmax"):
    """Softmax over the units of a layer."""

    def forward(self, x: np.ndarray, arrays: Arrays) -> np.ndarray:
        return softmax(x)

    @classmethod
    def of(cls, layer: Any, params: Any, n_out: int | None) -> tuple[Self, EngineArrays] | None:
        from chainrule.engine.layers.softmax import Softmax  # JAX, as after every training

        return (cls(), {}) if isinstance(layer, Softmax) else None

    def engine_layer(self, arrays: Arrays) -> Any:
        from chainrule.engine.layers.softmax import Softmax  # JAX, as before every training

        return Softmax()


def softmax(z: np.ndarray) -> np.ndarray:
    """Return rows that are positive and sum to one, written into what is given."""
    z -= np.maximum.reduce(z, axis=1, keepdims=True)
    np.exp(z, out=z)
    z /= np.add.reduce(z, axis=1, keepdims=True)
    return z
