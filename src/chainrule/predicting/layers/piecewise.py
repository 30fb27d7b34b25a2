"""Piecewise-linear encoding: y = (x, t - ½), t the way through each interval, within 0 and 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Self

import msgspec
import numpy as np

from chainrule.predicting.layers.base import Arrays, EngineArrays, LayerSpec, Width
from chainrule.wording import names_of_pieces


class PiecewiseSpec(LayerSpec, frozen=True, tag="piecewise"):
    """The pieces of some columns behind all columns; array `edges` (n_columns, n_pieces + 1)."""

    n_in: Width
    n_out: Width
    columns: list[Annotated[int, msgspec.Meta(ge=0)]]

    @property
    def in_a_line(self) -> str:
        return "in pieces"

    @property
    def n_taken(self) -> int:
        return self.n_in

    def n_given(self, n_taken: int) -> int:
        return self.n_out

    def array_shapes(self) -> dict[str, tuple[int, ...]]:
        n_pieces = (self.n_out - self.n_in) // max(len(self.columns), 1)
        return {"edges": (len(self.columns), n_pieces + 1)}

    def fault(self) -> str:
        n_pieces, rest = divmod(self.n_out - self.n_in, max(len(self.columns), 1))
        if n_pieces < 1 or rest or max(self.columns, default=self.n_in) >= self.n_in:
            return f"cuts {len(self.columns)} columns of {self.n_in} into {self.n_out} numbers"
        return ""

    def names_after(self, names: Sequence[str]) -> Sequence[str]:
        return names_of_pieces(names, self.columns, self.array_shapes()["edges"][1] - 1)

    def forward(self, x: np.ndarray, arrays: Arrays) -> np.ndarray:
        return cut_into_pieces(x, self.columns, arrays["edges"])

    @classmethod
    def of(cls, layer: Any, params: Any, n_out: int | None) -> tuple[Self, EngineArrays] | None:
        from chainrule.engine.layers.piecewise import Piecewise  # JAX, as after every training

        if not isinstance(layer, Piecewise) or n_out is None:
            return None
        n_in = n_out - len(layer.columns) * layer.n_pieces
        return cls(n_in, n_out, list(layer.columns)), {"edges": layer.edges}

    def engine_layer(self, arrays: Arrays) -> Any:
        from chainrule.engine.layers.piecewise import Piecewise  # JAX, as before every training

        return Piecewise(tuple(self.columns), arrays["edges"])


def cut_into_pieces(x: np.ndarray, columns: Sequence[int], edges: np.ndarray) -> np.ndarray:
    """Return `x` with the pieces of some columns behind it; `edges` (n_columns, n_pieces + 1)."""
    left, step = edges[:, :-1], np.diff(edges, axis=1)
    real = step > 0
    low, high = np.zeros_like(left), np.ones_like(left)
    low[:, 0] = -np.inf
    high[np.arange(len(high)), real.sum(axis=1) - 1] = np.inf
    t = x[:, list(columns), None] - left
    t /= np.where(real, step, 1)
    np.clip(t, low, high, out=t)
    t -= x.dtype.type(0.5)
    t *= real
    return np.concatenate([x, t.reshape(len(x), -1)], axis=1)
