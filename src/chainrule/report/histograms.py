"""Histograms of weights, activations and gradients, layer by layer, at one moment of a network."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.report.style import (
    INK,
    depth_colours,
    labelled,
    new_figure,
    some_rows,
    words,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Values = Mapping[str, Mapping[str, np.ndarray]]
MOST_LAYERS, MOST_ROWS, N_BINS = 6, 500, 40


def histogram_figure(values: Values) -> "Figure":
    """Draw a histogram of the numbers of every kind (a column) in every layer (a row).

    How to read it: weights and gradients should be heaps around zero of similar width in all
    layers; activations piled up at the ends of their range are saturated, a single bar at zero
    means dead units, and gradients of a far smaller spread in the first layers are vanishing.

    Parameters
    ----------
    values : mapping of mappings of arrays
        For every layer, by its label and in order: arrays of any shape by kind, such as "weights",
        "activations" and "gradients".  Of more than six layers the first and last three are drawn.
    """
    layers = list(values)
    if len(layers) > MOST_LAYERS:
        layers = layers[: MOST_LAYERS // 2] + layers[-MOST_LAYERS // 2 :]
    kinds = list(dict.fromkeys(kind for layer in layers for kind in values[layer]))
    figure, axes = new_figure(len(layers) * len(kinds), 2.3, 1.75, columns=len(kinds))
    colours = dict(zip(values, depth_colours(len(values)), strict=True))
    panels = iter(axes)
    for layer in layers:
        for kind in kinds:
            ax = next(panels)
            if kind not in values[layer]:
                ax.set_axis_off()
                continue
            _draw(ax, np.ravel(values[layer][kind]), colours[layer])
            labelled(ax, f"{words(layer, 14)}: {kind}")
            ax.title.set_fontsize(9)
    return figure


def _draw(ax: "Axes", numbers: np.ndarray, colour: Any) -> None:
    finite = numbers[np.isfinite(numbers)].astype(np.float64)
    ax.stairs(*np.histogram(finite, N_BINS), fill=True, color=colour, linewidth=0)
    ax.set_yticks([])
    ax.locator_params(axis="x", nbins=4)
    ax.ticklabel_format(axis="x", scilimits=(-2, 3))
    ax.xaxis.offsetText.set(fontsize=7, color=INK)
    ax.margins(y=0.45)  # room for the line of text
    text = f"mean {finite.mean():.2g}, spread {finite.std():.2g}" if len(finite) else "no numbers"
    if len(finite) < numbers.size:
        text += f"\n{numbers.size - len(finite):,} not finite"
    ax.text(0.5, 0.97, text, transform=ax.transAxes, fontsize=7, color=INK, ha="center", va="top")


def layer_values(model: Any, X: Any, y: Any) -> dict[str, dict[str, np.ndarray]]:
    """Return weights, activations and gradients of every layer of a fitted estimator.

    The gradients are those of the mean loss over the rows (at most 500 of them), without penalty
    and without dropout; activations of the output layer are its predictions.  Biases are left out.

    Parameters
    ----------
    model : estimator
        Of chainrule, fitted.
    X, y
        Rows and their true targets.
    """
    import jax  # a figure of given numbers needs none

    from chainrule.data.rows.rows import as_rows
    from chainrule.engine.compiling.precision import precision
    from chainrule.engine.networks.passes import backward_passes, forward_passes
    from chainrule.engine.objectives.loss_pass import loss_pass
    from chainrule.engine.pytree import on_device

    rows = as_rows(X, y)
    rows = rows.take(some_rows(len(rows), MOST_ROWS)[0])
    dtype = model.coefs_[0].dtype
    x = model.fitted_.encoder.transform(rows.columns, dtype)
    targets = model.fitted_.target.encode(rows.y).astype(dtype)
    network, objective = model.network_, model.objective_

    with precision(dtype):
        x, targets, ones = map(on_device, (x, targets, np.ones(len(x), dtype)))
        passes = forward_passes(network, jax.tree.map(on_device, model.params_), x)
        loss = loss_pass(objective, passes[-1].y, targets, ones)
        backward = backward_passes(passes, loss.delta)
    outputs = [*(each.y for each in passes[:-1]), loss.predictions]
    found: list[dict[str, np.ndarray]] = []
    for passed, output, back in zip(passes, outputs, backward, strict=True):
        weights, grads = _weights(passed.params), _weights(back.grads)
        if weights.size:
            found.append({"weights": weights, "activations": output, "gradients": grads})
        if found:  # what is done to the inputs comes before any weights
            found[-1]["activations"] = np.asarray(output)
    labels = [*(f"hidden{i + 1}" for i in range(len(found) - 1)), "output"]
    return dict(zip(labels, found, strict=True))


def _weights(tree: Any) -> np.ndarray:
    """Return the matrices among a layer's parameters, or their gradients, as one vector."""
    import jax

    matrices = [np.ravel(leaf) for leaf in jax.tree.leaves(tree) if np.ndim(leaf) > 1]
    return np.concatenate(matrices) if matrices else np.zeros(0)
