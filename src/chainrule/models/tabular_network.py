"""The network of the tabular estimators, with initial weights that fit the rows.

    soft clip → [pieces of every number] → a factor for every input → (dense → activation)ⁿ → dense

Weights are drawn so that the pre-activations of the rows have variance 1, and biases so that every
unit bends among them; the last layer starts at 0, its biases at the target's mean or log-odds.
Reference: Holzmüller, Grinsztajn & Steinwart (2024), NeurIPS, section 3.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.engine import (
    Dense,
    FeedForward,
    Piecewise,
    Scale,
    as_activation,
    quantile_edges,
    soft_clip,
)
from chainrule.models.inference import (
    ActivationSpec,
    DenseSpec,
    LayerSpec,
    PiecewiseSpec,
    PlainNetwork,
)

LEAST_EDGES = 4  # a column of fewer different quantiles is left whole
N_MIXED = 5  # rows whose pre-activations are mixed into a bias


def build_tabular_network(
    hidden_sizes: Sequence[int],
    activation: str,
    x: np.ndarray,
    outputs: np.ndarray,
    n_pieces: int,
    rng: np.random.Generator,
) -> FeedForward:
    """Return the network for encoded rows `x`, whose last biases are `outputs`."""
    layers: list[Any] = [soft_clip]
    specs: list[LayerSpec] = [ActivationSpec("soft_clip", [float(soft_clip.constants[0])])]
    arrays: list[dict[str, np.ndarray]] = [{}]
    cut = _cut(x, n_pieces) if n_pieces else None
    n_in = x.shape[1]
    if cut is not None:
        n_in = cut.width(n_in)
        layers.append(cut)
        specs.append(PiecewiseSpec(x.shape[1], n_in, list(cut.columns)))
        arrays.append({"edges": np.asarray(cut.edges, x.dtype)})
    layers.append(Scale())
    for size in hidden_sizes:
        weights = rng.normal(size=(n_in, size)).astype(x.dtype) / np.sqrt(n_in, dtype=x.dtype)
        dense = [*specs, DenseSpec(n_in, size, False)]
        z = PlainNetwork(tuple(dense), (*arrays, {"weights": weights}), "identity").raw(x)
        spread = z.std(axis=0) + x.dtype.type(1e-6)
        weights, z = weights / spread, z / spread
        mixed = rng.exponential(size=(N_MIXED, size))
        rows = rng.integers(0, len(x), size=(N_MIXED, size))
        mixture = mixed / mixed.sum(axis=0) * np.take_along_axis(z, rows, axis=0)
        biases = -mixture.sum(axis=0).astype(x.dtype)
        layers += [Dense(size, weights=weights, biases=biases), as_activation(activation)]
        specs += [DenseSpec(n_in, size, True), ActivationSpec(activation)]
        arrays += [{"weights": weights, "biases": biases}, {}]
        n_in = size
    last = np.zeros((n_in, len(outputs)), x.dtype)
    return FeedForward((*layers, Dense(len(outputs), weights=last, biases=outputs)))


def _cut(x: np.ndarray, n_pieces: int) -> Piecewise | None:
    """Return the layer that cuts the columns of many values into pieces; None if there is none."""
    bound = x.dtype.type(soft_clip.constants[0])
    clipped = x / np.sqrt(1 + np.square(x / bound))
    found: dict[int, np.ndarray] = {}
    for j, column in enumerate(clipped.T):
        if column.min() < column.max():
            edges = quantile_edges(column, n_pieces)
            if len(np.unique(edges)) >= LEAST_EDGES:
                found[j] = edges
    return Piecewise(tuple(found), np.stack(list(found.values()))) if found else None
