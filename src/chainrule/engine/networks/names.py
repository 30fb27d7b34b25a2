"""What the layers of a network are called, wherever people read of them.

Layers with units of their own are hidden1, hidden2, …, and the last of them is the output; a layer
that works on units has the label of those units, and the input's in front of all.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from chainrule.engine.layers.kind import kind_of


class LayerName(NamedTuple):
    """A layer's label, how many layers with units there are up to it, and its kind."""

    label: str
    number: int
    kind: str

    def __str__(self) -> str:
        return f"{self.label} ({self.kind})"


def name_layers(layers: Sequence[Any]) -> list[LayerName]:
    """Return the names of layers in a row.

    >>> from chainrule.engine import Dense, tanh
    >>> [str(name) for name in name_layers((Dense(3), tanh, Dense(1)))]
    ['hidden1 (dense)', 'hidden1 (tanh)', 'output (dense)']
    """
    kinds = [kind_of(layer) for layer in layers]
    last = sum(kind.has_units for kind in kinds)
    found, number = [], 0
    for kind in kinds:
        number += kind.has_units
        label = "output" if number == last else f"hidden{number}" if number else "input"
        found.append(LayerName(label, number, kind.called))
    return found
