"""The marks that a picture of a network is made of, as SVG: lines, circles, words.

A line's width is the size of its weight beside the largest of its layer, its colour and its dashes
the sign: blue and solid above zero, orange and dashed below; a weight of zero has none.  Everything
else has the text colour of the page, and names and numbers show where the pointer rests.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.wording import visible

MOST_LETTERS = 20
ABOVE, BELOW = "#0072B2", "#D55E00"
RADIUS, CELL = 6, 11
MOST_LOOPS = 12

Layers = list[list[int | None]]


def shown_units(size: int, most: int) -> list[int | None]:
    """Return the units to draw; None stands for those between."""
    if size <= most:
        return list(range(size))
    half = most // 2
    return [*range(half), None, *range(size - half, size)]


def largest_of(weights: np.ndarray) -> float:
    """Return the size of the largest weight; 1 if all are zero."""
    return float(np.abs(weights).max()) or 1.0


def lines(weights: np.ndarray, layer: int, shown: Layers, names: Any, place: Any) -> str:
    """Return the lines of the weights from one layer to the next."""
    largest, parts = largest_of(weights), []
    for i, unit in enumerate(shown[layer]):
        for j, following in enumerate(shown[layer + 1]):
            if unit is None or following is None or weights[unit, following] == 0:
                continue
            weight = float(weights[unit, following])
            (x1, y1), (x2, y2) = place(layer, i), place(layer + 1, j)
            parts.append(
                f'<line x1="{x1 + RADIUS:.0f}" y1="{y1:.1f}" x2="{x2 - RADIUS:.0f}" y2="{y2:.1f}" '
                f"{_stroke(weight, largest)}>"
                f"{_tooltip(names[layer + 1][following], names[layer][unit], weight)}</line>"
            )
    return "".join(parts)


def _stroke(weight: float, largest: float) -> str:
    share = abs(weight) / largest
    colour = f'stroke="{ABOVE}"' if weight > 0 else f'stroke="{BELOW}" stroke-dasharray="5 2"'
    return (
        f'{colour} stroke-width="{0.3 + 2.2 * share:.2f}" stroke-opacity="{0.2 + 0.75 * share:.2f}"'
    )


def escape(name: str) -> str:
    """Return a text as it stands in a picture."""
    return html.escape(visible(name))


def _tooltip(to: str, of: str, weight: float) -> str:
    return f"<title>{escape(to)} &lt;- {escape(of)}: {weight:.4g}</title>"


def unit_mark(x: float, y: float, name: str | None) -> str:
    """Return the circle of a unit; dots for those that are not shown."""
    if name is None:
        return text(x, y + 4, "⋮", "middle")
    return (
        f'<circle cx="{x:.0f}" cy="{y:.1f}" r="{RADIUS}" fill="none" stroke="currentColor" '
        f'pointer-events="all"><title>{escape(name)}</title></circle>'
    )


def loops(weights: np.ndarray, layer: int, shown: Layers, names: Any, place: Any) -> str:
    """Return arcs of the largest weights among units: down on the right, up on the left."""
    ways = [
        (weights[unit, following], i, j)
        for i, unit in enumerate(shown[layer])
        for j, following in enumerate(shown[layer])
        if unit is not None and following is not None and weights[unit, following] != 0
    ]
    parts = []
    for weight, i, j in sorted(ways, key=lambda way: -abs(way[0]))[:MOST_LOOPS]:
        (x, y1), (_, y2) = place(layer, i), place(layer, j)
        if i == j:  # above the unit
            top = y1 - RADIUS
            way = f"M{x - 4:.0f} {top + 1:.1f}C{x - 9:.0f} {top - 9:.1f} {x + 9:.0f} {top - 9:.1f} "
            way += f"{x + 4:.0f} {top + 1:.1f}"
        else:
            side = 1 if j > i else -1
            edge, middle = x + side * RADIUS, (y1 + y2) / 2
            bulge = edge + side * (12 + 0.3 * abs(y2 - y1))
            way = f"M{edge:.0f} {y1:.1f}Q{bulge:.0f} {middle:.1f} {edge:.0f} {y2:.1f}"
        own = shown[layer]
        tooltip = _tooltip(names[layer][own[j]], names[layer][own[i]], float(weight))
        stroke = _stroke(float(weight), largest_of(weights))
        parts.append(f'<path d="{way}" fill="none" {stroke}>{tooltip}</path>')
    return "".join(parts)


def block(weights: np.ndarray, shown: list[int | None], names: Any, x: float, top: float) -> str:
    """Return the table of weights among the units of a layer: from a row to a column."""
    largest, left = largest_of(weights), x - CELL * len(shown) / 2
    parts = [
        text(x, top, f"among them (row to column), largest {largest:.2g}", "middle", whole=True)
    ]
    for i, unit in enumerate(shown):
        for j, following in enumerate(shown):
            if unit is None or following is None or weights[unit, following] == 0:
                continue
            weight = float(weights[unit, following])
            share = abs(weight) / largest
            side = 2 + (CELL - 3) * share**0.5  # its area is the size
            corner = (CELL - side) / 2
            x1, y1 = left + CELL * j + corner, top + 6 + CELL * i + corner
            look = f'fill="{ABOVE}"' if weight > 0 else f'fill="none" stroke="{BELOW}"'
            parts.append(
                f'<rect x="{x1:.1f}" y="{y1:.1f}" width="{side:.1f}" height="{side:.1f}" {look} '
                f'pointer-events="all">{_tooltip(names[following], names[unit], weight)}</rect>'
            )
    return "".join(parts)


def legend(y: float) -> str:
    """Return what the lines mean, at a height."""
    parts, x = [], 8
    for weight, label in ((1.0, "above zero"), (-1.0, "below zero")):
        parts.append(
            f'<line x1="{x}" y1="{y - 4}" x2="{x + 24}" y2="{y - 4}" {_stroke(weight, 1)}/>'
        )
        parts.append(text(x + 30, y, label, "start"))
        x += 100
    return "".join([*parts, text(x, y, "wider = larger", "start")])


def text(x: float, y: float, words: str, anchor: str, *, whole: bool = False) -> str:
    """Return words at a place, cut short unless they are to stay `whole`."""
    short = words if whole or len(words) <= MOST_LETTERS else words[: MOST_LETTERS - 1] + "…"
    return f'<text x="{x:.0f}" y="{y:.1f}" text-anchor="{anchor}">{escape(short)}</text>'


def room_for(names: Sequence[str]) -> int:
    """Return the room that names beside a layer need; the headings need some too."""
    longest = max((min(len(name), MOST_LETTERS) for name in names), default=0)
    return max(40, 14 + 7 * longest)
