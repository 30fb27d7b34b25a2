"""Prediction with NumPy alone: a fitted network as a list of layers and their arrays.

    x → layer → layer → … → raw output → link → prediction

>>> import numpy as np
>>> from chainrule.predicting.layers import ActivationSpec
>>> layers = (DenseSpec(2, 1, True), ActivationSpec("tanh"))
>>> arrays = ({"weights": np.ones((2, 1)), "biases": np.zeros(1)}, {})
>>> PlainNetwork(layers, arrays, "identity").predict(np.array([[0.5, -0.5]]))
array([[0.]])

The layers are in `predicting.layers`.  The formulas are the engine's, forward only, and nothing is
compiled: one row takes microseconds.
As in the engine, a number that outgrows the dtype becomes infinite, and no warning is given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.errors import ModelFileError, OptionError, ShapeError
from chainrule.predicting.layers import (
    AnyLayer,
    DenseSpec,
)
from chainrule.predicting.layers.base import Arrays
from chainrule.predicting.links import LINKS

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

    layers: tuple[AnyLayer, ...]
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
            raise OptionError(
                "{layer} is not a hidden layer of this network. {}", hint, layer=layer
            )
        return self._forward(x, self._places[layer])

    def computing_in(self, dtype: Any) -> PlainNetwork:
        """Return the same network with its arrays in another number type."""
        if self.dtype == dtype:
            return self
        layers = tuple(spec.as_exact_as(self.dtype) for spec in self.layers)
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
        pairs = zip(self._places, self._widths[:-1], strict=True)
        return [self.layers[place].heard(self.arrays[place], n) for place, n in pairs]

    @property
    def n_weights(self) -> int:
        """Numbers that training found; not the weights that others are made into."""
        pairs = zip(self.layers, self.arrays, strict=True)
        return sum(own[name].size for spec, own in pairs for name in spec.trained)

    @property
    def _dense(self) -> list[dict[str, np.ndarray]]:
        pairs = zip(self.layers, self.arrays, strict=True)
        return [own for spec, own in pairs if isinstance(spec, DenseSpec)]

    @property
    def n_inputs(self) -> int:
        """Columns of `x`."""
        return next(n for spec in self.layers if (n := spec.n_taken) is not None)

    @property
    def n_outputs(self) -> int:
        """Columns of a prediction."""
        return self._widths[-1]

    @property
    def hidden_sizes(self) -> tuple[int, ...]:
        """Units of each hidden layer."""
        return tuple(self._widths[1:-1])

    @property
    def rows_together(self) -> int:
        """Rows of a block; the BLAS may round a row otherwise in a block of another length."""
        return max(1, BLOCK_NUMBERS // max(self._widths))

    @property
    def dtype(self) -> np.dtype:
        """What is computed in."""
        return self.arrays[self._places[0]]["weights"].dtype

    @cached_property
    def _places(self) -> list[int]:
        """Where the layers with units of their own are."""
        return [i for i, spec in enumerate(self.layers) if spec.has_units]

    @cached_property
    def _widths(self) -> list[int]:
        """Numbers in a row before every layer of units, and after the last layer."""
        found, width = [], self.n_inputs
        for spec in self.layers:
            found += [width] if spec.has_units else []
            width = spec.n_given(width)
        return [*found, width]

    @cached_property
    def _steps(self) -> list[tuple[Callable[..., np.ndarray], Arrays]]:
        steps = zip(self.layers, self.arrays, strict=True)
        return [(spec.forward, arrays) for spec, arrays in steps]

    def _forward(self, x: np.ndarray, n_layers: int, *, link: bool = False) -> np.ndarray:
        given = np.asarray(x)
        if given.ndim != 2 or given.shape[1] != self.n_inputs:
            raise ShapeError(
                f"x has shape {given.shape}, the network expects (rows, {self.n_inputs}). "
                "Give encoded rows; a single row as x[None, :]."
            )
        steps, n_rows = self._steps[:n_layers], len(given)
        longest = self.rows_together
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
        must_own = not self.layers[0].has_units
        a = x.astype(self.dtype, copy=must_own)
        for forward, arrays in steps:
            a = forward(a, arrays)
        if not link or self.link == "identity":
            return a
        predictions = LINKS[self.link].forward(a.astype(np.float64), self.sizes)
        return predictions.astype(self.dtype, copy=False)


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
        expected = spec.array_shapes()
        found = {name: array.shape for name, array in arrays.items()}
        if found != expected:
            raise ModelFileError(f"{_called(place, spec)} has arrays {found}, expected {expected}.")
        for name, array in arrays.items():
            # The extremes of an array show every number that is not finite, without a copy.
            if not (np.isfinite(array.min()) and np.isfinite(array.max())):
                raise ModelFileError(f"{_called(place, spec)} has {name} that are not finite.")


def check_layers(layers: Sequence[AnyLayer], link: str, sizes: Sequence[int]) -> None:
    """Refuse layers that cannot follow one another, or a link that does not fit; as `check`."""
    width: int | None = None
    for place, spec in enumerate(layers):
        fault = _fault(spec)
        if fault:
            raise ModelFileError(f"{_called(place, spec)} {fault}.")
        n_in = width if spec.n_taken is None else spec.n_taken
        if width is not None and n_in != width:
            raise ModelFileError(
                f"{_called(place, spec)} takes {n_in} numbers, the layer before gives {width}."
            )
        width = n_in if n_in is None else spec.n_given(n_in)
    if not any(isinstance(spec, DenseSpec) for spec in layers):
        raise ModelFileError("The network has no dense layer.")
    if link not in LINKS:
        raise ModelFileError(f"The link {link!r} is none of {', '.join(LINKS)}.")
    if bool(sizes) != LINKS[link].has_sizes:
        raise ModelFileError(f"The link {link!r} comes with the sizes {list(sizes)}.")
    if sizes and (min(sizes) < 1 or sum(sizes) != width):
        raise ModelFileError(f"The blocks of sizes {list(sizes)} do not make {width} outputs.")


def _fault(spec: AnyLayer) -> str:
    """Return what is wrong with a layer by itself, or nothing."""
    if min((min(shape) for shape in spec.array_shapes().values()), default=1) < 1:
        return "has no inputs or no units"
    return spec.fault()


def _called(place: int, spec: AnyLayer) -> str:
    return f"Layer {place + 1} ({spec.kind})"
