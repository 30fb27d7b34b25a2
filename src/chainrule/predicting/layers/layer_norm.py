"""Layer normalisation: y = γ (x - μ) / √(var + ε) + β."""

from __future__ import annotations

import math
from typing import Any, Self

import numpy as np

from chainrule.predicting.layers.base import Arrays, EngineArrays, LayerSpec, Width, unchecked


class LayerNormSpec(LayerSpec, frozen=True, tag="layer_norm"):
    """Each row brought to mean 0 and variance 1; arrays `scale` and `shift`, both (n,)."""

    n: Width
    epsilon: float

    @property
    def in_a_line(self) -> str:
        return "normed"

    @property
    def n_taken(self) -> int:
        return self.n

    def array_shapes(self) -> dict[str, tuple[int, ...]]:
        return {"scale": (self.n,), "shift": (self.n,)}

    def fault(self) -> str:
        if not 0 < self.epsilon < math.inf:
            return f"has epsilon {self.epsilon}, expected a number above 0"
        return ""

    def forward(self, x: np.ndarray, arrays: Arrays) -> np.ndarray:
        x -= np.add.reduce(x, axis=1, keepdims=True) / self.n
        deviation = np.sqrt(np.einsum("ij,ij->i", x, x) / self.n + self.epsilon)
        x /= deviation[:, None]
        x *= arrays["scale"]
        x += arrays["shift"]
        return x

    @classmethod
    def of(cls, layer: Any, params: Any, n_out: int | None) -> tuple[Self, EngineArrays] | None:
        from chainrule.engine.layers.layer_norm import LayerNorm  # JAX, as after every training

        if not isinstance(layer, LayerNorm):
            return None
        spec = cls(len(params.scale), float(layer.epsilon))
        return spec, {"scale": params.scale, "shift": params.shift}

    def engine_layer(self, arrays: Arrays) -> Any:
        from chainrule.engine.layers.layer_norm import LayerNorm  # JAX, as before every training

        return LayerNorm(self.epsilon)

    def engine_params(self, layer: Any, arrays: Arrays) -> Any:
        from chainrule.engine.layers.layer_norm import LayerNormParams  # as above

        return unchecked(LayerNormParams, **arrays)
