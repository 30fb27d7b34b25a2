"""The names of single weights, as in "hidden1[0] <- petal_length": to the unit, from the source."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

from chainrule.errors import OptionError
from chainrule.inspection.explaining.paths import IN_USE, affine, next_layer, through_units
from chainrule.inspection.tracing.records import Place, SeenLayer, Trace
from chainrule.wording import did_you_mean, listing

ARROW = " <- "


class Weight(NamedTuple):
    """Which weight: layer, input (None for the bias), unit, array as in `weight_gradient`."""

    place: Place
    i: int | None
    j: int
    array: str = "weights"


def find_weight(trace: Trace, name: str) -> Weight:
    """Return the weight that a name means.

    Raises
    ------
    OptionError
        If there is none; with the nearest name.
    """
    parts = [part.strip() for part in re.split(r"<-|←", name, maxsplit=1)]
    if len(parts) != 2:
        raise OptionError(
            f'the weight "{name}" is no name of one: write the unit, <- and from where it hears, '
            f'such as "{_example(trace)}".'
        )
    unit, source = parts
    layers = [layer for layer in trace.layers if affine(trace, layer) is not None]
    units = {u: (layer, j) for layer in layers for j, u in enumerate(layer.units)}
    if unit not in units:
        raise OptionError(
            f'no unit is called "{unit}"{did_you_mean(unit, units) or "."} '
            f"The units are {listing(list(units), 12)}."
        )
    layer, j = units[unit]
    sources = _sources(trace, layer)
    if source not in sources:
        raise OptionError(
            f'{unit} hears nothing called "{source}"{did_you_mean(source, sources) or "."} '
            f"It hears {listing(list(sources), 12)}."
        )
    i, array = sources[source]
    return Weight(layer.place, i, j, array)


def strongest_weight(trace: Trace) -> Weight | None:
    """Return the weight of the largest gradient: of a hidden layer, where paths lead to it."""
    layers = [layer for layer in trace.layers if affine(trace, layer) is not None]
    plain = [each for each in layers if not any(e.mixes for e in through_units(trace, each))]
    hidden = [layer for layer in plain if next_layer(trace, layer) is not None]
    best: tuple[float, Weight] | None = None
    for layer in hidden or plain or layers:
        weights = affine(trace, layer)[0]  # pyright: ignore[reportOptionalSubscript]
        gradient = np.abs(trace.find("d weights", layer.place, weights.array).values)
        i, j = np.unravel_index(gradient.argmax(), gradient.shape)
        if best is None or gradient[i, j] > best[0]:
            best = float(gradient[i, j]), Weight(layer.place, int(i), int(j))
    return None if best is None else best[1]


def name_of(trace: Trace, weight: Weight) -> str:
    """Return the name of a weight."""
    layer = trace.layer(weight.place)
    sources = layer.units if weight.array == IN_USE else layer.inputs
    source = "bias" if weight.i is None else sources[weight.i]
    return f"{layer.units[weight.j]}{ARROW}{source}"


def _sources(trace: Trace, layer: SeenLayer) -> dict[str, tuple[int | None, str]]:
    """Return what the units of a layer hear, by name."""
    found: dict[str, tuple[int | None, str]] = {}
    if trace.find("biases", layer.place) is not None:
        found["bias"] = None, "weights"
    in_use = trace.find(IN_USE, layer.place)
    if in_use is not None and in_use.axes == ["from", "unit"]:
        found |= {unit: (i, IN_USE) for i, unit in enumerate(layer.units)}
    return found | {name: (i, "weights") for i, name in enumerate(layer.inputs)}


def _example(trace: Trace) -> str:
    weight = strongest_weight(trace)
    return "hidden1[0] <- bias" if weight is None else name_of(trace, weight)
