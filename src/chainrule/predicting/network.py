"""Prediction with NumPy alone: a fitted network as a list of layers and their arrays.

    x → layer → layer → … → raw output → link → prediction

>>> import numpy as np
>>> layers = (DenseSpec(2, 1, True), ActivationSpec("tanh"))
>>> arrays = ({"weights": np.ones((2, 1)), "biases": np.zeros(1)}, {})
>>> PlainNetwork(layers, arrays, "identity").predict(np.array([[0.5, -0.5]]))
array([[0.]])

The layers are in `plain_layers`.  The formulas are the engine's, forward only, and nothing is
compiled: one row takes microseconds.
As in the engine, a number that outgrows the dtype becomes infinite, and no warning is given.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from msgspec.structs import replace

from chainrule.activations import RECORDS, sigmoid
from chainrule.errors import ModelFileError, OptionError, ShapeError
from chainrule.predicting.layers import (
    FORWARD,
    WITH_UNITS,
    ActivationSpec,
    DenseSpec,
    FixedPointSpec,
    LayerNormSpec,
    LayerSpec,
    PiecewiseSpec,
    array_shapes,
    softmax,
    takes,
)
from chainrule.predicting.settling import automatic_tolerance

# Of the widest layer: a megabyte, which stays in the cache from one layer to the next.  Smaller
# ones are no faster, and on a busy machine the threads of the BLAS wait for each other in each.
BLOCK_NUMBERS = 1 << 18


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

    def computing_in(self, dtype: Any) -> PlainNetwork:
        """Return the same network with its arrays in another number type."""
        if self.dtype == dtype:
            return self
        # what settles is as exact as in the training
        layers = tuple(
            replace(spec, tol=automatic_tolerance(self.dtype))
            if isinstance(spec, FixedPointSpec) and spec.tol is None
            else spec
            for spec in self.layers
        )
        arrays = tuple({name: a.astype(dtype) for name, a in own.items()} for own in self.arrays)
        return PlainNetwork(layers, arrays, self.link, self.sizes)

    def sharpened(self, factor: float) -> PlainNetwork:
        """Return the network whose raw outputs are `factor` times as large."""
        last = {name: a * a.dtype.type(factor) for name, a in self.arrays[-1].items()}
        return PlainNetwork(self.layers, (*self.arrays[:-1], last), self.link, self.sizes)

    def __reduce__(self) -> tuple:
        return PlainNetwork, (self.layers, self.arrays, self.link, self.sizes)

    @property
    def coefs(self) -> list[np.ndarray]:
        """Weights of the dense layers, in order."""
        return [own["weights"] for own in self._dense]

    @property
    def intercepts(self) -> list[np.ndarray]:
        """Biases of the dense layers, in order."""
        return [own["biases"] for own in self._dense]

    @property
    def between(self) -> list[np.ndarray]:
        """Weights between the layers of units, in order, as a picture shows them."""
        own = (self.arrays[place] for place in self._places)
        return [arrays.get("inputs", arrays["weights"]) for arrays in own]

    @property
    def n_weights(self) -> int:
        """Numbers that training found; not the weights that others are made into."""
        made = any(name.startswith("free_") for own in self.arrays for name in own)
        return sum(
            array.size
            for spec, own in zip(self.layers, self.arrays, strict=True)
            for name, array in own.items()
            if isinstance(spec, DenseSpec) or not (made and name == "weights")
        )

    @property
    def _dense(self) -> list[dict[str, np.ndarray]]:
        pairs = zip(self.layers, self.arrays, strict=True)
        return [own for spec, own in pairs if isinstance(spec, DenseSpec)]

    @property
    def n_inputs(self) -> int:
        """Columns of `x`."""
        return next(n for spec in self.layers if (n := takes(spec)) is not None)

    @property
    def n_outputs(self) -> int:
        """Columns of a prediction."""
        return self._widths[-1]

    @property
    def hidden_sizes(self) -> tuple[int, ...]:
        """Units of each hidden layer."""
        return tuple(self._widths[1:-1])

    @property
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
        return [(FORWARD[type(spec)], spec, arrays) for spec, arrays in steps]

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


def check_layers(layers: Sequence[LayerSpec], link: str, sizes: Sequence[int]) -> None:
    """Refuse layers that cannot follow one another, or a link that does not fit; as `check`."""
    width: int | None = None
    for place, spec in enumerate(layers):
        fault = _fault(spec)
        if fault:
            raise ModelFileError(f"{_called(place, spec)} {fault}.")
        own = takes(spec)
        n_in = width if own is None else own
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
        if name not in RECORDS:
            return f"is called {name!r}, expected one of {', '.join(RECORDS)}"
        n = len(RECORDS[name].constants)
        if len(spec.constants) != n or not all(map(math.isfinite, spec.constants)):
            return f"has the constants {spec.constants}, expected {n} finite numbers"
    return ""


def _called(place: int, spec: LayerSpec) -> str:
    kind = spec.name if isinstance(spec, ActivationSpec) else type(spec).__name__
    return f"Layer {place + 1} ({kind.removesuffix('Spec')})"
