"""Prediction with NumPy alone: a fitted network as a list of layers and their arrays.

    dense        z = x W + b
    layer norm   y = γ (x - μ) / √(var + ε) + β
    scale        y = s x
    piecewise    y = (x, t - ½), t the way through each interval, kept within 0 and 1
    activation   a = f(z), softmax included; dropout has no place here
    link         raw output → prediction

>>> import numpy as np
>>> layers = (DenseSpec(2, 1, True), ActivationSpec("tanh"))
>>> arrays = ({"weights": np.ones((2, 1)), "biases": np.zeros(1)}, {})
>>> PlainNetwork(layers, arrays, "identity").predict(np.array([[0.5, -0.5]]))
array([[0.]])

The formulas are the engine's, forward only, and nothing is compiled: one row takes microseconds.
As in the engine, a number that outgrows the dtype becomes infinite, and no warning is given.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal

import msgspec
import numpy as np

from chainrule.errors import ModelFileError, OptionError, ShapeError
from chainrule.models.plain_activations import ACTIVATIONS, sigmoid, softmax
from chainrule.models.plain_settling import settle_rows

# Of the widest layer: a megabyte, which stays in the cache from one layer to the next.  Smaller
# ones are no faster, and on a busy machine the threads of the BLAS wait for each other in each.
BLOCK_NUMBERS = 1 << 18

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


@dataclass(frozen=True, eq=False)
class PlainNetwork:
    """A feed-forward network that predicts without an engine.

    Parameters
    ----------
    layers : tuple of specs
        In their order.
    arrays : tuple of dict
        The arrays of each layer by name; their dtype is the one that is computed in.
    link : str
        "identity", "softmax", "sigmoid", "exp", "sort" (ascending outputs), or "softmax blocks"
        (neighbouring outputs, `sizes` of them, are a distribution each).
    sizes : tuple of int, default=()
        For "softmax blocks".
    """

    layers: tuple[LayerSpec, ...]
    arrays: tuple[dict[str, np.ndarray], ...]
    link: str
    sizes: tuple[int, ...] = ()

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Return predictions of shape (n_rows, n_outputs), in the dtype of the weights.

        The link is computed in float64.

        Raises
        ------
        ShapeError
            If `x` is not a table of rows with as many columns as the network has inputs.
        """
        return self._forward(x, len(self.layers), link=True)

    def raw(self, x: np.ndarray) -> np.ndarray:
        """Return raw outputs, before the link; see `predict`."""
        return self._forward(x, len(self.layers))

    def activations(self, x: np.ndarray, layer: int) -> np.ndarray:
        """Return what hidden layer `layer` (the first is 1) hands to the next dense layer.

        Raises
        ------
        OptionError
            If there is no such hidden layer.
        """
        n_hidden = len(self.hidden_sizes)
        if isinstance(layer, bool) or layer not in range(1, n_hidden + 1):
            choices = ", ".join(str(i + 1) for i in range(n_hidden))
            hint = f"Choose one of {choices}." if choices else "The network has no hidden layer."
            raise OptionError(f"layer={layer!r} is not a hidden layer of this network. {hint}")
        return self._forward(x, self._places[layer])

    def __reduce__(self) -> tuple:
        return PlainNetwork, (self.layers, self.arrays, self.link, self.sizes)

    @property
    def n_inputs(self) -> int:
        """Columns of `x`."""
        return next(n for spec in self.layers if (n := _takes(spec)) is not None)

    @property
    def n_outputs(self) -> int:
        """Columns of a prediction."""
        return self._widths[-1]

    @property
    def hidden_sizes(self) -> tuple[int, ...]:
        """Units of each hidden layer."""
        return tuple(self._widths[1:-1])

    @cached_property
    def dtype(self) -> np.dtype:
        """What is computed in."""
        return self.arrays[self._places[0]]["weights"].dtype

    @cached_property
    def _places(self) -> list[int]:
        """Where the layers of units are: dense ones, and those that settle."""
        return [i for i, spec in enumerate(self.layers) if isinstance(spec, WITH_UNITS)]

    @cached_property
    def _widths(self) -> list[int]:
        """Numbers in a row before the first layer and after every dense one."""
        units = [spec for spec in self.layers if isinstance(spec, WITH_UNITS)]
        return [units[0].n_in, *(spec.n_out for spec in units)]

    @cached_property
    def _steps(self) -> list[tuple[Callable[..., np.ndarray], LayerSpec, dict[str, np.ndarray]]]:
        steps = zip(self.layers, self.arrays, strict=True)
        return [(_FORWARD[type(spec)], spec, arrays) for spec, arrays in steps]

    def _forward(self, x: np.ndarray, n_layers: int, *, link: bool = False) -> np.ndarray:
        given = np.asarray(x)
        if given.ndim != 2 or given.shape[1] != self.n_inputs:
            raise ShapeError(
                f"x has shape {given.shape}, the network expects (rows, {self.n_inputs}). "
                "Give encoded rows; a single row as x[None, :]."
            )
        steps, n_rows = self._steps[:n_layers], len(given)
        longest = max(1, BLOCK_NUMBERS // max(self._widths))
        # One context for all, since entering it costs as much as a small layer.
        with np.errstate(all="ignore"):
            if n_rows <= longest:
                return self._block(given, steps, link)
            first = self._block(given[:longest], steps, link)
            out = np.empty((n_rows, first.shape[1]), self.dtype)
            out[:longest] = first
            for start in range(longest, n_rows, longest):
                rows = slice(start, start + longest)
                out[rows] = self._block(given[rows], steps, link)
            return out

    def _block(self, x: np.ndarray, steps: Sequence[tuple], link: bool) -> np.ndarray:
        # Layers write into what they are given, which must not be the caller's own table.
        must_own = not isinstance(self.layers[0], WITH_UNITS)
        a = x.astype(self.dtype, copy=must_own)
        for function, spec, arrays in steps:
            a = function(a, spec, arrays)
        if not link or self.link == "identity":
            return a
        return LINKS[self.link](a.astype(np.float64), self.sizes).astype(self.dtype, copy=False)


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
    edges = arrays["edges"]
    left, step = edges[:, :-1], np.diff(edges, axis=1)
    real = step > 0
    low, high = np.zeros_like(left), np.ones_like(left)
    low[:, 0] = -np.inf
    high[np.arange(len(high)), real.sum(axis=1) - 1] = np.inf
    t = x[:, spec.columns, None] - left
    t /= np.where(real, step, 1)
    np.clip(t, low, high, out=t)
    t -= x.dtype.type(0.5)
    t *= real
    return np.concatenate([x, t.reshape(len(x), -1)], axis=1)


def _activation(x: np.ndarray, spec: ActivationSpec, arrays: dict[str, np.ndarray]) -> np.ndarray:
    del arrays
    return ACTIVATIONS[spec.name][0](x, *spec.constants)


def _softmax(x: np.ndarray, spec: SoftmaxSpec, arrays: dict[str, np.ndarray]) -> np.ndarray:
    del spec, arrays
    return softmax(x)


def _fixed_point(x: np.ndarray, spec: FixedPointSpec, arrays: dict[str, np.ndarray]) -> np.ndarray:
    return settle_rows(x, spec, arrays).states


_FORWARD: dict[type, Callable[..., np.ndarray]] = {
    DenseSpec: _dense,
    LayerNormSpec: _layer_norm,
    ScaleSpec: _scale,
    PiecewiseSpec: _piecewise,
    ActivationSpec: _activation,
    SoftmaxSpec: _softmax,
    FixedPointSpec: _fixed_point,
}


def _softmax_blocks(z: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
    ends = np.cumsum(sizes)[:-1]
    return np.concatenate([softmax(block) for block in np.split(z, ends, axis=1)], axis=1)


LINKS: dict[str, Callable[[np.ndarray, Sequence[int]], np.ndarray]] = {
    "identity": lambda z, sizes: z,
    "softmax": lambda z, sizes: softmax(z),
    "sigmoid": lambda z, sizes: sigmoid(z),
    "exp": lambda z, sizes: np.exp(z, out=z),
    "sort": lambda z, sizes: np.sort(z, axis=1),
    "softmax blocks": _softmax_blocks,
}


def check(network: PlainNetwork) -> None:
    """Refuse a network whose parts do not fit together or whose numbers are not all finite.

    Raises
    ------
    ModelFileError
        In one sentence that names the layer.
    """
    check_layers(network.layers, network.link, network.sizes)
    if len(network.arrays) != len(network.layers):
        raise ModelFileError(
            f"The network has {len(network.layers)} layers and arrays for {len(network.arrays)}."
        )
    dtypes = {array.dtype for arrays in network.arrays for array in arrays.values()}
    if len(dtypes) != 1 or not dtypes <= {np.dtype(np.float32), np.dtype(np.float64)}:
        found = ", ".join(sorted(str(dtype) for dtype in dtypes))
        raise ModelFileError(f"The network's arrays are {found}, not all float32 or all float64.")
    pairs = zip(network.layers, network.arrays, strict=True)
    for place, (spec, arrays) in enumerate(pairs):
        expected = array_shapes(spec)
        found = {name: array.shape for name, array in arrays.items()}
        if found != expected:
            raise ModelFileError(f"{_called(place, spec)} has arrays {found}, expected {expected}.")
        for name, array in arrays.items():
            # The extremes of an array show every number that is not finite, without a copy.
            if not (np.isfinite(array.min()) and np.isfinite(array.max())):
                raise ModelFileError(f"{_called(place, spec)} has {name} that are not finite.")


def _takes(spec: LayerSpec) -> int | None:
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


def check_layers(layers: Sequence[LayerSpec], link: str, sizes: Sequence[int]) -> None:
    """Refuse layers that cannot follow one another, or a link that does not fit; as `check`."""
    width: int | None = None
    for place, spec in enumerate(layers):
        fault = _fault(spec)
        if fault:
            raise ModelFileError(f"{_called(place, spec)} {fault}.")
        takes = _takes(spec)
        n_in = width if takes is None else takes
        if width is not None and n_in != width:
            raise ModelFileError(
                f"{_called(place, spec)} takes {n_in} numbers, the layer before gives {width}."
            )
        width = getattr(spec, "n_out", n_in)
    if not any(isinstance(spec, DenseSpec) for spec in layers):
        raise ModelFileError("The network has no dense layer.")
    if link not in LINKS:
        raise ModelFileError(f"The link {link!r} is none of {', '.join(LINKS)}.")
    if bool(sizes) != (link == "softmax blocks"):
        raise ModelFileError(f"The link {link!r} comes with the sizes {list(sizes)}.")
    if sizes and (min(sizes) < 1 or sum(sizes) != width):
        raise ModelFileError(f"The blocks of sizes {list(sizes)} do not make {width} outputs.")


def _fault(spec: LayerSpec) -> str:
    """Return what is wrong with a layer by itself, or nothing."""
    if min((min(shape) for shape in array_shapes(spec).values()), default=1) < 1:
        return "has no inputs or no units"
    if isinstance(spec, PiecewiseSpec):
        n_pieces, rest = divmod(spec.n_out - spec.n_in, max(len(spec.columns), 1))
        if n_pieces < 1 or rest or max(spec.columns, default=spec.n_in) >= spec.n_in:
            return f"cuts {len(spec.columns)} columns of {spec.n_in} into {spec.n_out} numbers"
    if isinstance(spec, LayerNormSpec) and not 0 < spec.epsilon < math.inf:
        return f"has epsilon {spec.epsilon}, expected a number above 0"
    if isinstance(spec, FixedPointSpec):
        if spec.step is not None and not 0 < spec.step <= 1:
            return f"has the step {spec.step}, expected one in (0, 1]"
        if spec.tol is not None and not 0 < spec.tol < 1:
            return f"has the tolerance {spec.tol}, expected one between 0 and 1"
        known = not spec.tau or len(spec.tau) in (1, spec.n_out)
        if not known or not all(0 < tau < math.inf for tau in spec.tau):
            return "has time constants that do not fit its units"
    if isinstance(spec, ActivationSpec | FixedPointSpec):
        name = spec.name if isinstance(spec, ActivationSpec) else spec.activation
        if name not in ACTIVATIONS:
            return f"is called {name!r}, expected one of {', '.join(ACTIVATIONS)}"
        n = ACTIVATIONS[name][1]
        if len(spec.constants) != n or not all(map(math.isfinite, spec.constants)):
            return f"has the constants {spec.constants}, expected {n} finite numbers"
    return ""


def _called(place: int, spec: LayerSpec) -> str:
    kind = spec.name if isinstance(spec, ActivationSpec) else type(spec).__name__
    return f"Layer {place + 1} ({kind.removesuffix('Spec')})"
