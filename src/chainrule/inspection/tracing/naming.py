"""What layers and their units are called: "hidden1[0]", "output[setosa]", the inputs' own names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from chainrule.engine import Piecewise
from chainrule.engine.networks.passes import LayerPass
from chainrule.errors import ShapeError
from chainrule.inspection.tracing.layers import KEEPS_UNITS
from chainrule.wording import names_of_pieces

KEEPS_LABEL = (*KEEPS_UNITS, Piecewise)


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
    blocks = [each for each in passes if not isinstance(each.layer, KEEPS_LABEL)]
    found, number, label = [], 0, "input" if blocks else "output"
    for passed in passes:
        units = names
        if isinstance(passed.layer, Piecewise):
            n_pieces = np.shape(passed.layer.edges)[1] - 1
            units = names_of_pieces(names, passed.layer.columns, n_pieces)
        elif not isinstance(passed.layer, KEEPS_UNITS):
            number += 1
            last = passed is blocks[-1]
            label = "output" if last else f"hidden{number}"
            given = output_names if last else None
            units = _names(given, label, passed.y.shape[1], "output_names", label)
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
