"""The network of the tabular estimators, with initial weights that fit the rows.

    soft clip → [pieces of every number] → a factor for every input → (dense → activation)ⁿ → dense

Weights are drawn so that the pre-activations of the rows have variance 1, and biases so that every
unit bends among them; the last layer starts at 0, its biases at the target's mean or log-odds.
Reference: Holzmüller, Grinsztajn & Steinwart (2024), NeurIPS, section 3.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.activations import record_of
from chainrule.advice import Either, Setting
from chainrule.engine import (
    AdamW,
    Dense,
    Elementwise,
    FeedForward,
    Optimizer,
    Piecewise,
    RateFactors,
    Scale,
    Schedule,
    as_activation,
    quantile_edges,
    soft_clip,
)
from chainrule.errors import OptionError
from chainrule.fitting.network import hidden_sizes
from chainrule.fitting.recipe import PIECES, ROWS_TO_A_PIECE
from chainrule.fitting.temperature import one_of_several
from chainrule.predicting.layers.piecewise import cut_into_pieces

LEAST_EDGES = 4  # a column of fewer different quantiles is left whole
N_MIXED = 5  # rows whose pre-activations are mixed into a bias


def tabular_rule(schedule: Schedule, weight_decay: float) -> Optimizer:
    """Return the optimizer, whose rates differ by the kind of parameter."""
    rule = AdamW(schedule, beta_2=0.95, weight_decay=weight_decay)
    return RateFactors(rule, {"biases": 0.1, "scale": 6.0}, by_fan_in=True)


def tabular_network(
    settings: Any,
    x: np.ndarray,
    y: np.ndarray,
    n_outputs: int,
    seed: int,
    classifies: bool,
    uncut: Sequence[int],
) -> FeedForward:
    """Return the network for some encoded rows and targets; see `build_tabular_network`."""
    outputs = np.zeros(n_outputs, x.dtype)
    if classifies and y.shape[1] == n_outputs:
        share = np.clip(y.mean(axis=0), 1e-4, 1 - 1e-4)
        outputs = np.log(share) if one_of_several(y) else np.log(share / (1 - share))
    return build_tabular_network(
        hidden_sizes(settings.hidden_layer_sizes),
        settings.activation,
        x,
        outputs.astype(x.dtype),
        0 if classifies else min(PIECES, len(x) // ROWS_TO_A_PIECE),
        np.random.default_rng(seed),
        uncut,
    )


def build_tabular_network(
    hidden_sizes: Sequence[int],
    activation: Any,
    x: np.ndarray,
    outputs: np.ndarray,
    n_pieces: int,
    rng: np.random.Generator,
    uncut: Sequence[int] = (),
) -> FeedForward:
    """Return the network for encoded rows `x`, whose last biases are `outputs`.

    The columns that are `uncut` are not cut into pieces.

    Raises
    ------
    OptionError
        If the activation is none of the named ones.
    """
    function = named_activation(activation)
    layers: list[Any] = [soft_clip]
    with np.errstate(all="ignore"):  # as everywhere, numbers that outgrow their type are infinite
        h = _apply(soft_clip, x)
        cut = _cut(h, n_pieces, uncut) if n_pieces else None
        if cut is not None:
            layers.append(cut)
            h = cut_into_pieces(h, cut.columns, np.asarray(cut.edges, x.dtype))
        layers.append(Scale())
        for size in hidden_sizes:
            weights, biases = _begin(h, size, rng)
            layers += [Dense(size, weights=weights, biases=biases), function]
            h = _apply(function, h @ weights + biases)
    last = np.zeros((h.shape[1], len(outputs)), x.dtype)
    return FeedForward((*layers, Dense(len(outputs), weights=last, biases=outputs)))


def named_activation(what: Any) -> Elementwise:
    """Return the activation layer that is meant.

    Raises
    ------
    OptionError
        If it is none of the named ones, which NumPy has too.
    """
    function = as_activation(what) if isinstance(what, str | Elementwise) else what
    if isinstance(function, Elementwise) and record_of(function) is not None:
        return function
    raise OptionError(
        "{activation} must be one function of single units for all hidden layers, such as {}. "
        "For other layers, or one for each, use `{}`.",
        Either('"selu"', "selu"),
        Either("MLPClassifier", Setting("model", "mlp")),
        activation=what,
    )


def _apply(function: Any, z: np.ndarray) -> np.ndarray:
    return function.f(z, *(float(constant) for constant in function.constants))


def _begin(h: np.ndarray, size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return weights by which rows get variance 1, and biases that are mixtures of rows."""
    n_in = h.shape[1]
    weights = rng.normal(size=(n_in, size)).astype(h.dtype) / np.sqrt(n_in, dtype=h.dtype)
    z = h @ weights
    spread = z.std(axis=0) + h.dtype.type(1e-6)
    mixed = rng.exponential(size=(N_MIXED, size))
    rows = rng.integers(0, len(h), size=(N_MIXED, size))
    mixture = mixed / mixed.sum(axis=0) * np.take_along_axis(z / spread, rows, axis=0)
    return weights / spread, -mixture.sum(axis=0).astype(h.dtype)


def _cut(x: np.ndarray, n_pieces: int, uncut: Sequence[int]) -> Piecewise | None:
    """Return the layer that cuts the columns of many values into pieces; None if there is none."""
    found: dict[int, np.ndarray] = {}
    for j, column in enumerate(x.T):
        if j not in uncut and column.min() < column.max():
            edges = quantile_edges(column, n_pieces)
            if len(np.unique(edges)) >= LEAST_EDGES:
                found[j] = edges
    return Piecewise(tuple(found), np.stack(list(found.values()))) if found else None
