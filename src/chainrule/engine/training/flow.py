"""What flows through each layer as it trains, in a few numbers.

Of every layer with parameters θ, in one step:

    delta_norm        √ mean over rows of ‖δ‖²,  δ = ∂(loss of the row)/∂(output of the layer)
    gradient_norm     ‖g‖ of the step
    weight_norm       ‖θ‖ before it
    update_ratio      ‖Δθ‖ / ‖θ‖

and of every activation a = f(z), whose slope is what comes back through it, f' = δz / δa:

    activation_mean, activation_spread    over rows and units
    dead              share of units through which nothing comes back for any row
    saturated         share of all slopes that are below 5 % of the layer's steepest

The compiled program hands out the arrays of its last step, which it has at hand anyway; the numbers
are worked out from them on the host, for one step of a few epochs.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from chainrule.engine.layers.kind import kind_of
from chainrule.engine.layers.notes import Passed
from chainrule.engine.networks.feed_forward import FeedForward
from chainrule.engine.networks.names import name_layers
from chainrule.engine.pytree import pytree

FLAT = 0.05  # of the steepest slope


@pytree
class Flow:
    """The arrays of one step: of each layer δ at its output, its activations, and gradients."""

    deltas: Any
    activations: Any
    grads: Any


def flow_of(network: Any, tape: Any, passed: Passed) -> Flow:
    """Return what is handed out of a step."""
    layers = flat_layers(network, tape)
    activations = [kind_of(layer).activations(own) for layer, own in layers]
    return Flow(passed.deltas, activations, passed.grads)


def flat_layers(network: Any, *trees: Any) -> list[tuple[Any, ...]]:
    """Return (layer, its part of each tree) of all layers of nested networks in a row."""
    if not isinstance(network, FeedForward):
        return [(network, *trees)]
    rows = zip(network.layers, *trees, strict=True)
    return [each for row in rows for each in flat_layers(*row)]


def labels_of(layers: Sequence[Any]) -> list[str]:
    """Return the names of layers; those of the same name counted."""
    names = [str(name) for name in name_layers(layers)]
    return [
        name if (n := names[:i].count(name)) == 0 else f"{name} {n + 1}"
        for i, name in enumerate(names)
    ]


def is_recorded(epoch: int) -> bool:
    """Return whether the flow of an epoch is recorded.

    >>> [epoch for epoch in range(1, 100) if is_recorded(epoch)]
    [1, 2, 4, 8, 16, 32, 64]
    """
    return epoch.bit_count() == 1


def next_recorded(epoch: int) -> int:
    """Return the first epoch from this one on that is recorded."""
    while not is_recorded(epoch):
        epoch += 1
    return epoch


class FlowRecord:
    """The numbers of a training, an entry for each epoch that is recorded."""

    def __init__(self) -> None:
        self.epochs: list[int] = []
        self.columns: dict[str, dict[str, list[float]]] = {}

    def add(
        self, network: Any, epoch: int, before: Any, after: Any, flow: Flow, weights: np.ndarray
    ) -> None:
        """Record a step from the parameters `before` to those `after`, of rows with `weights`."""
        self.epochs.append(epoch)
        trees = jax.tree.map(np.asarray, (before, after, flow.grads, flow.deltas))
        layers, counts = flat_layers(network, *trees), np.asarray(weights) > 0
        into: np.ndarray | None = None  # δ at the input of the layer
        labels = labels_of([layer for layer, *_ in layers])
        rows = zip(labels, layers, flow.activations, strict=True)
        for label, (_, old, new, grads, dy), a in rows:
            numbers: dict[str, float] = {}
            if jax.tree.leaves(old):
                change = jax.tree.map(np.subtract, new, old)
                size = _norm(old)
                numbers["delta_norm"] = _norm(dy) * float(np.sqrt(weights.sum()))
                numbers["gradient_norm"] = _norm(grads)
                numbers["weight_norm"] = size
                numbers["update_ratio"] = _norm(change) / size if size > 0 else np.nan
            if a is not None:
                numbers |= dict(_of_activations(np.asarray(a)[counts], into, dy, counts))
            own = self.columns.setdefault(label, {})
            for name, value in numbers.items():
                own.setdefault(name, []).append(value)
            into = dy

    def as_arrays(self) -> Mapping[str, Any]:
        """Return {"epoch": …, layer: {what: …}}, of layers that have something to show."""
        layers = {
            label: {name: np.array(values) for name, values in own.items()}
            for label, own in self.columns.items()
            if own
        }
        return {"epoch": np.array(self.epochs, int), **layers}


def _of_activations(
    a: np.ndarray, dz: np.ndarray | None, da: np.ndarray, counts: np.ndarray
) -> Iterator[tuple[str, float]]:
    a = a.astype(np.float64)
    yield "activation_mean", float(a.mean())
    yield "activation_spread", float(a.std())
    known = np.zeros(a.shape, bool)
    if dz is not None and dz.shape == da.shape:
        dz, da = dz[counts].astype(np.float64), da[counts].astype(np.float64)
        known = np.abs(da) > np.finfo(np.float32).tiny
    if dz is None or not known.any():  # nothing comes back at all
        yield "dead", np.nan
        yield "saturated", np.nan
        return
    slopes = np.abs(np.divide(dz, da, out=np.full_like(da, np.nan), where=known))
    steepest = np.nanmax(slopes)
    through = np.where(known, slopes, 0).max(axis=0)
    yield "dead", float((through <= 1e-6 * steepest).mean())
    yield "saturated", float((slopes[known] < FLAT * max(steepest, 1e-300)).mean())


def _norm(tree: Any) -> float:
    parts = [np.square(leaf, dtype=np.float64).sum() for leaf in jax.tree.leaves(tree)]
    return float(np.sqrt(sum(parts)))
