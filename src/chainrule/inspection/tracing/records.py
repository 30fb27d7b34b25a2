"""What a trace is made of: plain data, from which the same numbers can be read back.

    Trace → steps in the order in which they happen → formula, shape and values of each
          → layers, with the names of what comes in and of the units

JSON knows no number that is not finite: such numbers come back as NaN.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
import numpy as np

from chainrule.errors import OptionError
from chainrule.wording import did_you_mean, listing

Phase = Literal["forward", "loss", "backward", "update"]
PHASES: tuple[Phase, ...] = ("forward", "loss", "backward", "update")
Place = tuple[int, ...]


class SeenLayer(msgspec.Struct, frozen=True):
    """One layer of a traced network.

    Attributes
    ----------
    place : tuple of int
        Where it stands: (2,) is the network's third layer, (2, 0) the first one inside it.
    label : str
        "hidden1", "hidden2", …, "output": the units that it makes, or works on.
    kind : str
        "dense", "tanh", "dropout", "fixed point", ….
    given, out : str
        Names of the steps that come in and go out; their gradients have a d before.
    inputs, units : list of str
        Names of the numbers that come in, and of those that go out.
    sums : str
        The array of weights by which its units sum all that comes in; "" if they do not.
    mixes : bool
        Whether what comes out of a unit depends on the others.
    idle : bool
        Whether it does nothing, since the network predicts.
    """

    place: Place
    label: str
    kind: str
    given: str
    out: str
    inputs: list[str]
    units: list[str]
    sums: str = ""
    mixes: bool = False
    idle: bool = False


class Step(msgspec.Struct, frozen=True, eq=False):
    """One operation.

    Attributes
    ----------
    phase : {"forward", "loss", "backward", "update"}
        When it happens.
    name : str
        Of the result, such as "z1", "a1", "dW1"; each name is there once.
    quantity : str
        What it is whatever the layer: "z", "a", "dz", "weights", "d weights", ….
    place, label : tuple of int or None, str
        The layer, as in `SeenLayer`; None and "" where the step belongs to the whole network.
    formula, latex : str
        How the result comes about, in plain text and for LaTeX's mathematical mode.
    axes : list of str
        What each axis runs over: "row", "input", "unit", "from", "sweep", "time", ….
    shape : list of int
        Of the values.
    values : array
        The result.
    array : str
        The array among the layer's parameters that it is, or belongs to: "weights", "biases", ….
    note : str
        What else is to be known.
    """

    phase: Phase
    name: str
    quantity: str
    place: Place | None
    label: str
    formula: str
    latex: str
    axes: list[str]
    shape: list[int]
    values: Any
    array: str = ""
    note: str = ""


class Trace(msgspec.Struct, frozen=True, eq=False):
    """Every number of one step of backpropagation; made by `trace`.

    Attributes
    ----------
    dtype : str
        Number type of all values.
    training : bool
        Whether the pass was one of training (with a key) or of predicting.
    layers : list of SeenLayer
        In the order in which the signal meets them.
    steps : list of Step
        In the order in which they happen.
    """

    dtype: str
    training: bool
    layers: list[SeenLayer]
    steps: list[Step]

    def __getitem__(self, name: str) -> np.ndarray:
        """Return the values of the step called `name`."""
        return self.step(name).values

    def step(self, name: str) -> Step:
        """Return the step called `name`.

        Raises
        ------
        OptionError
            If there is none; the message lists those there are.
        """
        names = {step.name: step for step in self.steps}
        if name not in names:
            hint = did_you_mean(name, names) or "."
            raise OptionError(
                f'the trace has no step "{name}"{hint} The steps are {listing(list(names), 40)}.'
            )
        return names[name]

    def find(self, quantity: str, place: Place | None = None, array: str | None = None) -> Any:
        """Return the first step of a quantity (at a place, of an array); None if there is none."""
        for step in self.steps:
            if step.quantity == quantity and place in (None, step.place):
                if array in (None, step.array):
                    return step
        return None

    def phase(self, name: Phase) -> list[Step]:
        """Return the steps of a phase."""
        return [step for step in self.steps if step.phase == name]

    def layer(self, place: Place) -> SeenLayer:
        """Return the layer at a place.

        Raises
        ------
        OptionError
            If there is none.
        """
        for layer in self.layers:
            if layer.place == tuple(place):
                return layer
        known = ", ".join(str(layer.place) for layer in self.layers)
        raise OptionError(f"the network has no layer at {place!r}. Its layers are at {known}.")

    def to_dict(self) -> dict[str, Any]:
        """Return dictionaries, lists, strings and numbers only."""
        return msgspec.to_builtins(self, enc_hook=np.ndarray.tolist)

    def to_json(self) -> str:
        """Return the same as JSON."""
        return msgspec.json.encode(self, enc_hook=np.ndarray.tolist).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> Trace:
        """Return the trace that `to_json` wrote."""
        read = msgspec.json.decode(text, type=cls)
        steps = [
            msgspec.structs.replace(
                step, values=np.asarray(step.values, np.dtype(read.dtype)).reshape(step.shape)
            )
            for step in read.steps
        ]
        return msgspec.structs.replace(read, steps=steps)

    def __str__(self) -> str:
        rows = [("phase", "name", "layer", "shape", "formula")]
        rows += [
            (s.phase, s.name, s.label, "×".join(map(str, s.shape)) or "number", s.formula)
            for s in self.steps
        ]
        widths = [max(len(row[i]) for row in rows) for i in range(4)]
        lines = []
        for row in rows:
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
            lines.append("  ".join([*cells, row[4]]).rstrip())
        return "\n".join(lines)
