"""Scale: y = s x."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from chainrule.predicting.layers.base import Arrays, EngineArrays, LayerSpec, Width, unchecked


class ScaleSpec(LayerSpec, frozen=True, tag="scale"):
    """A factor for every unit; array `scale` (n,)."""

    n: Width

    @property
    def in_a_line(self) -> str:
        return "scaled"

    @property
    def n_taken(self) -> int:
        return self.n

    def array_shapes(self) -> dict[str, tuple[int, ...]]:
        return {"scale": (self.n,)}

    def forward(self, x: np.ndarray, arrays: Arrays) -> np.ndarray:
        x *= arrays["scale"]
        return x

    @classmethod
    def of(cls, layer: Any, params: Any, n_out: int | None) -> tuple[Self, EngineArrays] | None:
        from chainrule.engine.layers.scale import Scale  # JAX, as after every training

        if not isinstance(layer, Scale):
            return None
        return cls(len(params.scale)), {"scale": params.scale}

    def engine_layer(self, arrays: Arrays) -> Any:
        from chainrule.engine.layers.scale import Scale  # JAX, as before every training

        return Scale()

    def engine_params(self, layer: Any, arrays: Arrays) -> Any:
        from chainrule.engine.layers.scale import ScaleParams  # as above

        return unchecked(ScaleParams, **arrays)
