"""What flows through the layers while a network trains: signals forward, deltas and gradients back.

A panel for each measure, a line for each layer: blue is the first layer, orange the last.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from chainrule.errors import ShapeError
from chainrule.report.style import INK, depth_colours, labelled, new_figure, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANELS = {
    "activation_mean": "Mean of activations",
    "activation_spread": "Spread of activations",
    "dead": "Share of dead units",
    "saturated": "Share of saturated units",
    "delta_norm": "Norm of deltas",
    "gradient_norm": "Norm of gradients",
    "update_ratio": "Update beside weights",
}
SHARES = ("dead", "saturated")
MOST_LABELS, APART = 10, 0.085  # labels of a panel, and how far they stand apart, in its height
_DASHES = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (6, 1.5, 1.2, 1.5)))


def flow_figure(
    flow: Mapping[str, Mapping[str, np.ndarray]], epochs: np.ndarray, columns: int = 2
) -> "Figure":
    """Draw what was recorded of each layer over the epochs.

    How to read it: lines of one panel should stay within a factor of ten or so of each other; norms
    that shrink towards the first (blue) layer are vanishing deltas, norms that grow without end are
    exploding ones, and an update of about a thousandth of the weights is a healthy step.

    Parameters
    ----------
    flow : mapping of mappings of arrays of shape (n,)
        For every layer, by its label and in order: any of "activation_mean", "activation_spread",
        "dead", "saturated" (shares, 0 to 1), "delta_norm", "gradient_norm", "update_ratio".
    epochs : array of shape (n,)
        When they were recorded.
    columns : int, default=2
        Panels to a row.

    Raises
    ------
    ShapeError
        If there is nothing to draw, or a series has not one number for every epoch.
    """
    for layer, series in flow.items():
        for name, values in series.items():
            if np.shape(values) != np.shape(epochs):
                raise ShapeError(
                    f"flow_figure expects one number for each of the {len(epochs)} epochs, got "
                    f"shape {np.shape(values)} for {name!r} of {layer!r}. Record both together."
                )
    names = [name for name in PANELS if any(name in series for series in flow.values())]
    if not names:
        raise ShapeError(
            f"flow_figure got no series to draw. Give at least one of {', '.join(PANELS)}."
        )
    figure, axes = new_figure(len(names), 4.2, 2.7, columns=columns)
    colours = dict(zip(flow, depth_colours(len(flow)), strict=True))
    dashes = {layer: _DASHES[i % len(_DASHES)] for i, layer in enumerate(flow)}
    for ax, name in zip(axes, names, strict=True):
        lines = {layer: np.asarray(s[name], float) for layer, s in flow.items() if name in s}
        for layer, values in lines.items():
            ax.plot(epochs, values, color=colours[layer], linestyle=dashes[layer], linewidth=1.5)
        _scale(ax, name, np.concatenate(list(lines.values())))
        if len(epochs) > 2 and epochs[0] > 0 and epochs[-1] >= 16 * epochs[0]:
            ax.set_xscale("log", base=2)  # epochs are recorded as 1, 2, 4, 8, …
            ax.xaxis.set_major_formatter("{x:g}")
        labelled(ax, PANELS[name], "epoch")
        _label_ends(ax, {layer: (epochs, v) for layer, v in lines.items()}, colours)
    return figure


def _scale(ax: "Axes", name: str, values: np.ndarray) -> None:
    """Take a logarithmic axis for what is positive and spans more than a factor of ten."""
    values = values[np.isfinite(values)]
    if name in SHARES:
        ax.set_ylim(-0.03, 1.03)
    elif len(values) and values.min() > 0 and values.max() > 10 * values.min():
        ax.set_yscale("log")


def _label_ends(ax: "Axes", lines: Mapping[str, tuple], colours: Mapping[str, tuple]) -> None:
    """Write each layer's name beside the end of its line, pushed apart where ends lie close."""
    ax.autoscale_view()  # else the ends would be measured on an axis without limits
    place = ax.transData + ax.transAxes.inverted()
    ends = {}
    for layer, (epochs, values) in lines.items():
        known = np.flatnonzero(np.isfinite(values))
        if len(known):
            end = place.transform((epochs[known[-1]], values[known[-1]]))
            ends[layer] = np.clip(end, 0, 1)
    chosen = np.unique(np.linspace(0, len(ends) - 1, min(len(ends), MOST_LABELS)).astype(int))
    layers = sorted((list(ends)[i] for i in chosen), key=lambda layer: ends[layer][1])
    for layer, height in zip(layers, _apart([ends[layer][1] for layer in layers]), strict=True):
        x, y = ends[layer]
        ax.plot(
            [x, 1.0, 1.04],
            [y, height, height],
            color=colours[layer],
            linewidth=1,
            transform=ax.transAxes,
            clip_on=False,
            scalex=False,
            scaley=False,
            label="_leader",
        )
        ax.text(
            1.05,
            height,
            words(layer, 14),
            transform=ax.transAxes,
            fontsize=8,
            color=INK,
            va="center",
        )


def _apart(heights: list[float]) -> list[float]:
    """Return ascending heights at least `APART` from each other, as near as can be to those given.

    Each is lifted over the one below it, and where that reaches beyond the top, all are lowered.
    """
    placed: list[float] = []
    for height in heights:
        placed.append(max(height, placed[-1] + APART) if placed else height)
    ceiling = 1.0
    for i in range(len(placed) - 1, -1, -1):
        placed[i] = min(placed[i], ceiling)
        ceiling = placed[i] - APART
    return placed
