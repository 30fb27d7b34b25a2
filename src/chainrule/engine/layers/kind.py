"""What layers say of their kind: a name, what they do to units, how their passes are shown.

    called               what the kind is called
    has_units            whether it has units of its own, or works on those of the layer before it
    names_after(names)   names of what comes out where it has none, by those of what comes in
    mixes                whether what comes out of a unit depends on the others
    only_trains          whether it does nothing when the network predicts
    sums                 the array of weights by which its units sum all inputs, if they do
    activations(tape)    the activations that it made, if it makes any
    shown()              the operations of its passes

Whoever needs to know asks `kind_of(layer)`, which answers for a user's own layer, too: units of its
own, and of its passes what went in and what came out.
"""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NamedTuple

from jaxtyping import Array, PRNGKeyArray

from chainrule.formulas import Formula

GIVEN = Formula("", "")
ROWS_UNITS, ROWS_INPUTS = ("row", "unit"), ("row", "input")


class Row(NamedTuple):
    """One operation: what comes out of it, and how.

    Attributes
    ----------
    quantity : str
        What it is whatever the layer: "z", "weights", "d weights", "slope", ….
    array : str or callable
        Where the numbers are: "y", "params.weights", "tape.mask", "grads.weights", "dx", …; or a
        function of what has these attributes (layer, params, x, y, tape, dy, grads, dx).
    formula : Formula
        The right-hand side: `{x}` and `{y}` are what comes in and goes out, `{dy}` and `{dx}` the
        gradients there, any other quantity and any number of the layer is called by its name.
    axes : sequence of str
        What each axis runs over.
    letter : str or (str, str)
        Of a symbol that is new, in text and LaTeX; a gradient has that of its array.
    note : str
        What else is to be known.

    Of rows of the same quantity the first one is shown whose arrays are there: one that is None, as
    the biases of a layer without any, is not.
    """

    quantity: str
    array: str | Callable[[Any], Any]
    formula: Formula = GIVEN
    axes: Sequence[str] = ROWS_UNITS
    letter: str | tuple[str, str] = ""
    note: str = ""


class Shown(NamedTuple):
    """The operations of the two passes, in order."""

    forward: tuple[Row, ...]
    backward: tuple[Row, ...]


class Kind:
    """A layer of the engine's own; see the module."""

    has_units: ClassVar[bool] = True
    mixes: ClassVar[bool] = False
    only_trains: ClassVar[bool] = False
    sums: ClassVar[str] = ""

    @property
    def called(self) -> str:
        """What the kind is called, in a word or two."""
        return _words(type(self).__name__)

    def names_after(self, names: Sequence[str]) -> Sequence[str]:
        """Return the names of what comes out."""
        return names

    def activations(self, tape: Any) -> Array | None:
        """Return the activations that were made, or None."""
        del tape
        return None

    def shown(self) -> Shown | None:
        """Return the operations of the passes; None if there is no telling."""
        return None


class KeepsUnits(Kind):
    """A layer that works on the units of the one before it; without parameters unless it says."""

    has_units: ClassVar[bool] = False

    def width(self, n_in: int) -> int:
        return n_in

    def init(self, key: PRNGKeyArray, n_in: int) -> Any:
        del key, n_in
        return ()


class _Own(Kind):
    """A layer of a user's own."""

    def __init__(self, layer: Any) -> None:
        self.layer = layer

    @property
    def called(self) -> str:
        name = getattr(self.layer, "name", None)
        return name if isinstance(name, str) else _words(type(self.layer).__name__)


def times(left: str, right: str) -> Formula:
    """Return a product unit by unit."""
    return Formula(f"{left} · {right}", rf"{left} \odot {right}")


def over_rows(what: Formula) -> Formula:
    """Return a sum over the rows."""
    return Formula(f"Σ over rows of {what.text}", rf"\sum_n {what.latex}")


def kind_of(layer: Any) -> Kind:
    """Return what a layer says of its kind."""
    return layer if isinstance(layer, Kind) else _Own(layer)


def _words(name: str) -> str:
    """Return the name of a class as words.

    >>> _words("LayerNorm")
    'layer norm'
    """
    return "".join(f" {c.lower()}" if c.isupper() else c for c in name).strip()
