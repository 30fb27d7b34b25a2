"""What a kind of layer is where NumPy predicts: its spec, which a model file holds as it is.

    spec       the numbers that say which layer it is, such as its units
    arrays     what training found, by name
    forward    what it computes of them, without an engine

Each kind has a file here, and one with its passes in `engine/layers`; the way from there and back
is part of the spec, and imports the engine only when it is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Self

import msgspec
import numpy as np

Width = Annotated[int, msgspec.Meta(ge=1, le=1 << 40)]
Arrays = dict[str, np.ndarray]
EngineArrays = dict[str, Any]  # the engine's, or NumPy's


class LayerSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One layer; `has_units` tells whether it has units of its own or works on those before it."""

    has_units: ClassVar[bool] = False

    @property
    def kind(self) -> str:
        """What it is called."""
        return str(type(self).__struct_config__.tag).replace("_", " ")

    @property
    def in_a_line(self) -> str:
        """What it adds to a line such as "4 → 16 tanh → 3"."""
        return self.kind

    @property
    def n_taken(self) -> int | None:
        """How many numbers it takes; None if it takes any number of them."""
        return None

    def n_given(self, n_taken: int) -> int:
        """How many numbers come out."""
        return n_taken

    def heard(self, arrays: Arrays, n_taken: int) -> np.ndarray:
        """Return by which weights its units hear the numbers before them, (n_taken, n_given)."""
        del n_taken
        return arrays["weights"]

    def array_shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shapes of its arrays by name."""
        return {}

    def fault(self) -> str:
        """Return what is wrong with it by itself, or nothing."""
        return ""

    @property
    def trained(self) -> tuple[str, ...]:
        """The arrays that training found."""
        return tuple(self.array_shapes())

    def as_exact_as(self, dtype: Any) -> Self:
        """Return the layer as exact as it is in a number type, whatever it computes in."""
        del dtype
        return self

    def names_after(self, names: Sequence[str]) -> Sequence[str]:
        """Return the names of what comes out, where it has no units of its own."""
        return names

    def forward(self, x: np.ndarray, arrays: Arrays) -> np.ndarray:
        """Return its output; it may write into `x`."""
        raise NotImplementedError

    @classmethod
    def of(cls, layer: Any, params: Any, n_out: int | None) -> tuple[Self, EngineArrays] | None:
        """Return spec and arrays of an engine's layer; None if it is of another kind.

        `n_out` is how many numbers the layers behind it take, where these tell.
        """
        raise NotImplementedError

    def engine_layer(self, arrays: Arrays) -> Any:
        """Return the engine's layer."""
        raise NotImplementedError

    def engine_params(self, layer: Any, arrays: Arrays) -> Any:
        """Return the parameters as the engine's layer has them."""
        del layer, arrays
        return ()


def unchecked(cls: Any, **arrays: Any) -> Any:
    """Return parameters that hold NumPy arrays, which become the engine's when it runs."""
    params = object.__new__(cls)
    for name, array in arrays.items():
        object.__setattr__(params, name, array)
    return params
