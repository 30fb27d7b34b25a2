"""Dense layer: z = x W + b."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np

from chainrule.predicting.layers.base import Arrays, EngineArrays, LayerSpec, Width, unchecked


class DenseSpec(LayerSpec, frozen=True, tag="dense"):
    """Every unit sees every input; arrays `weights` (n_in, n_out) and, with a bias, `biases`."""

    has_units: ClassVar[bool] = True
    n_in: Width
    n_out: Width
    bias: bool

    @property
    def in_a_line(self) -> str:
        return str(self.n_out)

    @property
    def n_taken(self) -> int:
        return self.n_in

    def n_given(self, n_taken: int) -> int:
        return self.n_out

    def array_shapes(self) -> dict[str, tuple[int, ...]]:
        biases = {"biases": (self.n_out,)} if self.bias else {}
        return {"weights": (self.n_in, self.n_out), **biases}

    def forward(self, x: np.ndarray, arrays: Arrays) -> np.ndarray:
        z = x @ arrays["weights"]
        if self.bias:
            z += arrays["biases"]
        return z

    @classmethod
    def of(cls, layer: Any, params: Any, n_out: int | None) -> tuple[Self, EngineArrays] | None:
        from chainrule.engine.layers.dense import Dense  # JAX, as after every training

        if not isinstance(layer, Dense):
            return None
        biases = {} if params.biases is None else {"biases": params.biases}
        n_in, n_units = map(int, params.weights.shape)
        return cls(n_in, n_units, bool(biases)), {"weights": params.weights, **biases}

    def engine_layer(self, arrays: Arrays) -> Any:
        from chainrule.engine.layers.dense import Dense  # JAX, as before every training

        return Dense(self.n_out, bias=self.bias)

    def engine_params(self, layer: Any, arrays: Arrays) -> Any:
        from chainrule.engine.layers.dense import DenseParams  # as above

        return unchecked(DenseParams, weights=arrays["weights"], biases=arrays.get("biases"))
