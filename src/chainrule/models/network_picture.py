"""A small picture of a fitted network, as SVG: units as circles, weights as lines.

A line's width is the size of its weight beside the largest of its layer, its colour the sign (blue
above zero, orange below).  Of a wide layer the first and the last units are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
from sklearn.utils import estimator_html_repr

MOST_UNITS, MOST_LETTERS = 9, 18
ABOVE, BELOW, INK, PALE = "#0072B2", "#D55E00", "#555555", "#ffffff"
STEP, GAP, MARGIN, RADIUS = 20, 120, 28, 6


class ShowsItsNetwork:
    """What an estimator has to show its network in a notebook."""

    def _repr_html_inner(self) -> str:
        """Return scikit-learn's HTML of an estimator, and below it a picture of the network."""
        html = estimator_html_repr(self)
        fitted = self.__sklearn_is_fitted__()  # pyright: ignore[reportAttributeAccessIssue]
        return f"{html}<div>{draw_network(self)}</div>" if fitted else html

    def _repr_mimebundle_(self, **options: Any) -> dict[str, str]:
        bundle = super()._repr_mimebundle_(**options)  # pyright: ignore[reportAttributeAccessIssue]
        if "text/html" in bundle:
            bundle["text/html"] = self._repr_html_inner()
        return bundle


def draw_network(model: Any) -> str:
    """Return the picture of a fitted estimator's network."""
    sizes = [model._pictured[0].shape[0], *(weights.shape[1] for weights in model._pictured)]
    shown = [_shown(size) for size in sizes]
    inputs, outputs = model._encoder.feature_names_out, _output_names(model, sizes[-1])
    left = _width([inputs[i] for i in shown[0] if i is not None])
    right = _width([outputs[i] for i in shown[-1] if i is not None])
    height = 2 * MARGIN + STEP * (max(map(len, shown)) - 1)
    width = left + GAP * (len(sizes) - 1) + right + 2 * RADIUS

    def place(layer: int, row: int) -> tuple[float, float]:
        top = (height - STEP * (len(shown[layer]) - 1)) / 2
        return left + RADIUS + GAP * layer, top + STEP * row

    parts = [_lines(w, i, shown, place) for i, w in enumerate(model._pictured)]
    for layer, units in enumerate(shown):
        parts += [_unit(*place(layer, row), unit) for row, unit in enumerate(units)]
        parts.append(_text(place(layer, 0)[0], 12, _heading(model, layer, sizes), "middle"))
    for row, unit in enumerate(shown[0]):
        x, y = place(0, row)
        parts.append(_text(x - 10, y + 4, "" if unit is None else inputs[unit], "end"))
    for row, unit in enumerate(shown[-1]):
        x, y = place(len(sizes) - 1, row)
        parts.append(_text(x + 10, y + 4, "" if unit is None else outputs[unit], "start"))
    title = f"Network of {' → '.join(map(str, sizes))} units"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" role="img" font-family="sans-serif" '
        f'font-size="11"><title>{title}</title>{"".join(parts)}</svg>'
    )


def _shown(size: int) -> list[int | None]:
    """Return the units to draw; None stands for those between."""
    if size <= MOST_UNITS:
        return list(range(size))
    half = MOST_UNITS // 2
    return [*range(half), None, *range(size - half, size)]


def _lines(weights: np.ndarray, layer: int, shown: list[list[int | None]], place: Any) -> str:
    largest = float(np.abs(weights).max()) or 1.0
    parts = []
    for i, unit in enumerate(shown[layer]):
        for j, following in enumerate(shown[layer + 1]):
            if unit is None or following is None:
                continue
            weight = float(weights[unit, following])
            share = abs(weight) / largest
            (x1, y1), (x2, y2) = place(layer, i), place(layer + 1, j)
            parts.append(
                f'<line x1="{x1:.0f}" y1="{y1:.1f}" x2="{x2:.0f}" y2="{y2:.1f}" '
                f'stroke="{ABOVE if weight > 0 else BELOW}" stroke-width="{0.3 + 2.2 * share:.2f}" '
                f'stroke-opacity="{0.15 + 0.75 * share:.2f}"/>'
            )
    return "".join(parts)


def _unit(x: float, y: float, unit: int | None) -> str:
    if unit is None:
        return _text(x, y + 4, "⋮", "middle")
    return f'<circle cx="{x:.0f}" cy="{y:.1f}" r="{RADIUS}" fill="{PALE}" stroke="{INK}"/>'


def _heading(model: Any, layer: int, sizes: Sequence[int]) -> str:
    if layer == 0:
        return f"{sizes[0]} inputs" if sizes[0] != 1 else "1 input"
    if layer == len(sizes) - 1:
        return str(model.out_activation_ or "output")
    names = model.activation
    name = names[layer - 1] if isinstance(names, list | tuple) else names
    return f"{sizes[layer]} {name if isinstance(name, str) else getattr(name, 'name', 'units')}"


def _output_names(model: Any, n_outputs: int) -> list[str]:
    if not model._classifies:
        return ["ŷ"] if n_outputs == 1 else [f"ŷ{i}" for i in range(n_outputs)]
    classes = model.classes_
    if isinstance(classes, list):
        return [str(c) for column in classes for c in column.tolist()]
    names = [str(c) for c in classes.tolist()]
    return names if len(names) == n_outputs else names[-n_outputs:]


def _text(x: float, y: float, text: str, anchor: str) -> str:
    short = text if len(text) <= MOST_LETTERS else text[: MOST_LETTERS - 1] + "…"
    return (
        f'<text x="{x:.0f}" y="{y:.1f}" text-anchor="{anchor}" fill="{INK}">{escape(short)}</text>'
    )


def _width(names: Sequence[str]) -> int:
    """Return the room that names beside a layer need; the headings need some too."""
    longest = max((min(len(name), MOST_LETTERS) for name in names), default=0)
    return max(40, 14 + 7 * longest)
