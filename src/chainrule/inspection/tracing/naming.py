"""What layers and their units are called: "hidden1[0]", "output[setosa]", the inputs' own names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from chainrule.engine.layers.kind import kind_of
from chainrule.engine.networks.names import name_layers as layer_names
from chainrule.engine.networks.passes import LayerPass
from chainrule.errors import ShapeError


class Named(NamedTuple):
    """A layer's label and number, and the names of what comes in and of its units."""

    label: str
    number: int
    inputs: list[str]
    units: list[str]


def name_layers(
    passes: Sequence[LayerPass],
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
) -> list[Named]:
    """Return the names of each layer, in order.

    Raises
    ------
    ShapeError
        If there are not as many names as inputs or outputs.
    """
    names = _names(input_names, "x", passes[0].x.shape[1], "input_names")
    called = layer_names([passed.layer for passed in passes])
    found = []
    for passed, (label, number, _) in zip(passes, called, strict=True):
        kind = kind_of(passed.layer)
        if kind.has_units:
            given = output_names if number == called[-1].number else None
            units = _names(given, label, passed.y.shape[1], "output_names", label)
        else:
            units = list(kind.names_after(names))
        found.append(Named(label, number, names, units))
        names = units
    return found


def _names(
    given: Sequence[str] | None, label: str, n: int, parameter: str, around: str = ""
) -> list[str]:
    """Return names of numbers: the given ones (inside the label), or the label with a number."""
    if given is None:
        return [f"{label}[{i}]" for i in range(n)]
    if len(given) != n:
        raise ShapeError(
            f"{parameter} holds {len(given)} names for {n} numbers. Give one name for each."
        )
    return [f"{around}[{name}]" if around else str(name) for name in given]
