"""Elementwise layer: a = f(z), the function by its name; see `chainrule.activations`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from chainrule.activations import RECORDS, record_of
from chainrule.predicting.layers.base import Arrays, EngineArrays, LayerSpec


class ActivationSpec(LayerSpec, frozen=True, tag="activation"):
    """An elementwise function by name, with its constants."""

    name: str
    constants: list[float] = []

    @property
    def kind(self) -> str:
        return self.name

    def fault(self) -> str:
        return fault_of_function(self.name, self.constants)

    def forward(self, x: np.ndarray, arrays: Arrays) -> np.ndarray:
        return RECORDS[self.name].f(x, *self.constants)

    @classmethod
    def of(cls, layer: Any, params: Any, n_out: int | None) -> tuple[Self, EngineArrays] | None:
        record = record_of(layer)
        if record is None:
            return None
        return cls(record.name, [float(constant) for constant in layer.constants]), {}

    def engine_layer(self, arrays: Arrays) -> Any:
        from chainrule.engine.layers.elementwise import Elementwise  # JAX, as before every training

        record = RECORDS[self.name]
        return Elementwise(self.name, record.f, record.slope, tuple(self.constants))


def fault_of_function(name: str, constants: Sequence[float]) -> str:
    """Return what is wrong with a function's name or constants, or nothing."""
    if name not in RECORDS:
        return f"is called {name!r}, expected one of {', '.join(RECORDS)}"
    n = len(RECORDS[name].constants)
    if len(constants) != n or not all(map(math.isfinite, constants)):
        return f"has the constants {list(constants)}, expected {n} finite numbers"
    return ""
