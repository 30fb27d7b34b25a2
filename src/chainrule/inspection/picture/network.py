"""A picture of a fitted network: units as circles, weights as lines.

Of a wide layer the first and the last units are shown.  Units that reach each other are joined by
arcs, where the weight is large, and have a small table of all their weights below them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chainrule.errors import OptionError
from chainrule.inspection.picture import marks
from chainrule.writing import written_whole

MOST_UNITS = 9
STEP, GAP, MARGIN = 20, 120, 30
FOOT = 30  # room for the largest weights and the legend below the units


@dataclass(frozen=True)
class NetworkPicture:
    """A picture of a network.

    Attributes
    ----------
    svg : str
        An `<svg>` element, for a file or the inside of an HTML page.
    """

    svg: str

    def save(self, path: str | Path) -> Path:
        """Write the picture to a file and return its path."""
        path = Path(path)
        with written_whole(path) as unfinished:
            unfinished.write_text(self.svg, encoding="utf-8")
        return path

    def _repr_svg_(self) -> str:
        return self.svg


def picture_of(model: Any, most_units: int = MOST_UNITS) -> NetworkPicture:
    """Return the picture of a fitted estimator's network.

    Raises
    ------
    OptionError
        If `most_units` is below 3.
    """
    if most_units < 3:
        raise OptionError(
            f"most_units={most_units!r} must be 3 or more: the first unit, those left out, the "
            "last one."
        )
    return NetworkPicture(draw_network(model, most_units))


def draw_network(model: Any, most_units: int = MOST_UNITS) -> str:
    """Return the picture of a fitted estimator's network.

    How to read it: signals go from the inputs on the left to the outputs on the right; a wide blue
    line says that the unit on its right grows with the one on its left, a wide orange dashed one
    that it falls, and thin pale lines hardly matter.
    """
    weights = model.fitted_.network.between
    sizes = [weights[0].shape[0], *(each.shape[1] for each in weights)]
    shown = [marks.shown_units(size, most_units) for size in sizes]
    beside = {
        0: _names_before_weights(model),
        len(weights): _output_names(model, sizes[-1]),
    }
    names = _unit_names(beside[0], sizes, beside[len(weights)])
    left, right = (
        marks.room_for([own[i] for i in shown[k] if i is not None]) for k, own in beside.items()
    )
    units = STEP * (max(map(len, shown)) - 1)
    recurrent = getattr(model, "recurrent_coefs_", None)
    block = 0 if recurrent is None else marks.CELL * len(shown[1]) + 24
    height = 2 * MARGIN + units + FOOT + block
    width = max(left + GAP * (len(sizes) - 1) + right + 2 * marks.RADIUS, 300)

    def place(layer: int, row: int) -> tuple[float, float]:
        top = MARGIN + (units - STEP * (len(shown[layer]) - 1)) / 2
        return left + marks.RADIUS + GAP * layer, top + STEP * row

    foot = MARGIN + units + 26
    parts = [marks.lines(w, i, shown, names, place) for i, w in enumerate(weights)]
    for layer, rows in enumerate(shown):
        for row, unit in enumerate(rows):
            parts.append(
                marks.unit_mark(*place(layer, row), None if unit is None else names[layer][unit])
            )
        parts.append(marks.text(place(layer, 0)[0], 12, heading(model, layer, sizes), "middle"))
    for layer, own in beside.items():
        shift, anchor = (-10, "end") if layer == 0 else (10, "start")
        for row, unit in enumerate(shown[layer]):
            if unit is not None:
                x, y = place(layer, row)
                parts.append(marks.text(x + shift, y + 4, own[unit], anchor))
    for layer, each in enumerate(weights):
        middle = (place(layer, 0)[0] + place(layer + 1, 0)[0]) / 2
        parts.append(marks.text(middle, foot, f"largest {marks.largest_of(each):.2g}", "middle"))
    if recurrent is not None:
        parts.append(marks.loops(recurrent, 1, shown, names, place))
        parts.append(marks.block(recurrent, shown[1], names[1], place(1, 0)[0], foot + 22))
    parts.append(marks.legend(height - 12))
    title = f"Network of {' → '.join(map(str, sizes))} units"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" style="max-width:100%;height:auto" role="img" '
        f'font-family="sans-serif" font-size="11" fill="currentColor">'
        f"<title>{title}</title>{''.join(parts)}</svg>"
    )


def heading(model: Any, layer: int, sizes: Sequence[int]) -> str:
    """Return what stands above a layer of units."""
    if layer == 0:
        return f"{sizes[0]} inputs" if sizes[0] != 1 else "1 input"
    if layer == len(sizes) - 1:
        return str(model.out_activation_ or "output")
    specs = model.fitted_.network.layers
    if not specs:  # layers of the user's own
        names = model.fitted_.recipe.get("activation", model.activation)
        name = names[layer - 1] if isinstance(names, list | tuple) else names
        return f"{sizes[layer]} {name if isinstance(name, str) else getattr(name, 'name', 'units')}"
    starts = [place for place, spec in enumerate(specs) if spec.has_units]
    own = specs[starts[layer - 1] : starts[layer]]
    size = "" if own[0].in_a_line[0].isdigit() else f"{sizes[layer]} "
    return size + " ".join(spec.in_a_line for spec in own)


def _names_before_weights(model: Any) -> list[str]:
    """Return the names of the inputs, with those of their pieces where they are cut into some."""
    names = list(model.fitted_.encoder.feature_names_out)
    for spec in model.fitted_.network.layers:
        if spec.has_units:
            break
        names = list(spec.names_after(names))
    return names


def _unit_names(inputs: list[str], sizes: Sequence[int], outputs: Sequence[str]) -> list[list[str]]:
    """Return the full name of every unit: columns, hidden1[0], …, output[class]."""
    hidden = [
        [f"hidden{layer}[{unit}]" for unit in range(size)]
        for layer, size in enumerate(sizes[1:-1], start=1)
    ]
    return [inputs, *hidden, [f"output[{name}]" for name in outputs]]


def _output_names(model: Any, n_outputs: int) -> list[str]:
    if not model.fitted_.classifies:
        return ["ŷ"] if n_outputs == 1 else [f"ŷ{i}" for i in range(n_outputs)]
    classes = model.classes_
    if isinstance(classes, list):
        return [str(c) for column in classes for c in column.tolist()]
    names = [str(c) for c in classes.tolist()]
    return names if len(names) == n_outputs else names[-n_outputs:]
