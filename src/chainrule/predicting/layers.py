"""What each kind of layer is and computes when NumPy predicts: forward only, dropout left out.

    dense        z = x W + b
    layer norm   y = γ (x - μ) / √(var + ε) + β
    scale        y = s x
    piecewise    y = (x, t - ½), t the way through each interval, kept within 0 and 1
    activation   a = f(z), softmax included
    fixed point  the state in which the units settle

A layer is a spec, which a model file holds as it is, and its arrays by name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Literal

import msgspec
import numpy as np

from chainrule.activations import RECORDS
from chainrule.predicting.settling import settle_rows

Width = Annotated[int, msgspec.Meta(ge=1, le=1 << 40)]


class DenseSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="dense"):
    """Every unit sees every input; arrays `weights` (n_in, n_out) and, with a bias, `biases`."""

    n_in: Width
    n_out: Width
    bias: bool


class LayerNormSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="layer_norm"):
    """Each row brought to mean 0 and variance 1; arrays `scale` and `shift`, both (n,)."""

    n: Width
    epsilon: float


class ScaleSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="scale"):
    """A factor for every unit; array `scale` (n,)."""

    n: Width


class PiecewiseSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="piecewise"):
    """The pieces of some columns behind all columns; array `edges` (n_columns, n_pieces + 1)."""

    n_in: Width
    n_out: Width
    columns: list[Annotated[int, msgspec.Meta(ge=0)]]


class ActivationSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="activation"):
    """An elementwise function by name, with its constants."""

    name: str
    constants: list[float] = []


class SoftmaxSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="softmax"):
    """Softmax over the units of a layer."""


class FixedPointSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="fixed_point"):
    """Units that settle; arrays `inputs` (n_in, n_out), `biases`, `weights` (n_out, n_out) in use.

    `free` names the arrays that training changes and `weights` is made of; predicting needs none.
    """

    n_in: Width
    n_out: Width
    activation: str
    constants: list[float] = []
    accelerates: bool = True
    step: float | None = None
    tau: list[float] = []
    tol: float | None = None
    max_sweeps: Annotated[int, msgspec.Meta(ge=1, le=1 << 40)] = 1000
    free: list[Literal["weights", "skew", "log_scale"]] = []


LayerSpec = (
    DenseSpec
    | LayerNormSpec
    | ScaleSpec
    | PiecewiseSpec
    | ActivationSpec
    | SoftmaxSpec
    | FixedPointSpec
)
WITH_UNITS = (DenseSpec, FixedPointSpec)


def takes(spec: LayerSpec) -> int | None:
    """Return how many numbers a layer takes, if it takes no other number of them."""
    return getattr(spec, "n_in", getattr(spec, "n", None))


def array_shapes(spec: LayerSpec) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a layer's arrays by name."""
    if isinstance(spec, DenseSpec):
        biases = {"biases": (spec.n_out,)} if spec.bias else {}
        return {"weights": (spec.n_in, spec.n_out), **biases}
    if isinstance(spec, FixedPointSpec):
        n = spec.n_out
        shapes = {"weights": (n, n), "skew": (n, n), "log_scale": (n,)}
        free = {f"free_{name}": shapes[name] for name in spec.free}
        return {"inputs": (spec.n_in, n), "biases": (n,), "weights": (n, n), **free}
    if isinstance(spec, LayerNormSpec):
        return {"scale": (spec.n,), "shift": (spec.n,)}
    if isinstance(spec, ScaleSpec):
        return {"scale": (spec.n,)}
    if isinstance(spec, PiecewiseSpec):
        n_pieces = (spec.n_out - spec.n_in) // max(len(spec.columns), 1)
        return {"edges": (len(spec.columns), n_pieces + 1)}
    return {}


def _dense(x: np.ndarray, spec: DenseSpec, arrays: dict[str, np.ndarray]) -> np.ndarray:
    z = x @ arrays["weights"]
    if spec.bias:
        z += arrays["biases"]
    return z


def _layer_norm(x: np.ndarray, spec: LayerNormSpec, arrays: dict[str, np.ndarray]) -> np.ndarray:
    x -= np.add.reduce(x, axis=1, keepdims=True) / spec.n
    deviation = np.sqrt(np.einsum("ij,ij->i", x, x) / spec.n + spec.epsilon)
    x /= deviation[:, None]
    x *= arrays["scale"]
    x += arrays["shift"]
    return x


def _scale(x: np.ndarray, spec: ScaleSpec, arrays: dict[str, np.ndarray]) -> np.ndarray:
    del spec
    x *= arrays["scale"]
    return x


def _piecewise(x: np.ndarray, spec: PiecewiseSpec, arrays: dict[str, np.ndarray]) -> np.ndarray:
    return cut_into_pieces(x, spec.columns, arrays["edges"])


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


def _activation(x: np.ndarray, spec: ActivationSpec, arrays: dict[str, np.ndarray]) -> np.ndarray:
    del arrays
    return RECORDS[spec.name].f(x, *spec.constants)


def _softmax(x: np.ndarray, spec: SoftmaxSpec, arrays: dict[str, np.ndarray]) -> np.ndarray:
    del spec, arrays
    return softmax(x)


def softmax(z: np.ndarray) -> np.ndarray:
    """Return rows that are positive and sum to one, written into what is given."""
    z -= np.maximum.reduce(z, axis=1, keepdims=True)
    np.exp(z, out=z)
    z /= np.add.reduce(z, axis=1, keepdims=True)
    return z


def _fixed_point(x: np.ndarray, spec: FixedPointSpec, arrays: dict[str, np.ndarray]) -> np.ndarray:
    return settle_rows(x, spec, arrays).states


FORWARD: dict[type, Callable[..., np.ndarray]] = {
    DenseSpec: _dense,
    LayerNormSpec: _layer_norm,
    ScaleSpec: _scale,
    PiecewiseSpec: _piecewise,
    ActivationSpec: _activation,
    SoftmaxSpec: _softmax,
    FixedPointSpec: _fixed_point,
}
