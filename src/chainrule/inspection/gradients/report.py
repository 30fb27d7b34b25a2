"""What a gradient check found: a verdict for every array of every layer, as a table and as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class ArrayCheck:
    """One array of one layer, or what the layer hands back to its input.

    Attributes
    ----------
    place, layer, kind : tuple of int, str, str
        The layer: where it stands, what its units are called, what it is.
    array : str
        "weights", "biases", …; "input" for ∂L/∂x, what the layer hands back.
    shape : tuple of int
        Of the array.
    n_checked : int
        How many of its weights were checked singly.
    errors : array of shape (n_checked + 1, n_steps)
        Relative errors over the step sizes, of each weight and (last) of the random direction.
    best : array of shape (n_checked + 1,)
        The lowest of each.
    own_error : float
        The error of the layer alone, in a random direction of this array.
    worst : str
        The weight with the largest error; "a random direction" if that was worse than all.
    analytic, numeric : float
        Its two gradients, at its best step.
    verdict : {"ok", "WRONG", "kink", "passed on"}
        "passed on": the gradient is wrong, but the layer's own backward is right, and what arrived
        from behind was not.
    """

    place: tuple[int, ...]
    layer: str
    kind: str
    array: str
    shape: tuple[int, ...]
    n_checked: int
    errors: np.ndarray
    best: np.ndarray
    own_error: float
    worst: str
    analytic: float
    numeric: float
    verdict: str

    @property
    def worst_error(self) -> float:
        """The largest of the lowest errors."""
        return float(self.best.max())

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "place": list(self.place),
            "layer": self.layer,
            "kind": self.kind,
            "array": self.array,
            "shape": list(self.shape),
            "checked": self.n_checked,
            "worst_relative_error": self.worst_error,
            "at": self.worst,
            "analytic": self.analytic,
            "numeric": self.numeric,
            "own_error": self.own_error,
            "verdict": self.verdict,
            "errors": self.errors.tolist(),
        }


@dataclass(frozen=True, eq=False)
class GradientCheck:
    """The result of `check_gradients`; `str` gives a table.

    Attributes
    ----------
    steps : tuple of float
        Step sizes ε, in the unit of the weights.
    arrays : list of ArrayCheck
        In the order in which the signal meets the layers.
    loss : float
        At the weights as they are.
    tolerance : float
        Relative error up to which a gradient is right.
    n_rows : int
        Rows that it was computed on.
    delta_error : float
        Of the objective's own delta, in a random direction of the outputs.
    """

    steps: tuple[float, ...]
    arrays: list[ArrayCheck]
    loss: float
    tolerance: float
    n_rows: int
    delta_error: float

    @property
    def ok(self) -> bool:
        """Whether no gradient is wrong."""
        return self.delta_right and not any(
            each.verdict in ("WRONG", "passed on") for each in self.arrays
        )

    @property
    def delta_right(self) -> bool:
        """Whether the objective's delta is the derivative of its value."""
        return self.delta_error <= self.tolerance

    @property
    def wrong_layers(self) -> list[str]:
        """The layers whose own backward is wrong, each once, such as "hidden1 (swish)"."""
        names = [f"{a.layer} ({a.kind})" for a in self.arrays if a.verdict == "WRONG"]
        return list(dict.fromkeys(names))

    @property
    def summary(self) -> str:
        """The verdict in a sentence or two."""
        if not self.delta_right:
            return (
                f"WRONG: the objective's slopes are not the derivative of its per_row (relative "
                f"error {self.delta_error:.1e}). Every gradient behind it is made of them."
            )
        if self.wrong_layers:
            return (
                f"WRONG: the backward of {' and of '.join(self.wrong_layers)} is not the adjoint "
                "of its forward. Correct it; what is passed on to other layers then is right, too."
            )
        if not self.ok:
            return (
                "WRONG: no layer alone is at fault, yet the gradients are not those of the loss. "
                "A forward that is not the same twice would do this."
            )
        kinks = [a for a in self.arrays if a.verdict == "kink"]
        if kinks:
            return (
                f"All gradients are right; {kinks[0].layer} {kinks[0].array} was looked at where "
                "the loss has a kink, and its gradient lies between the slopes on both sides."
            )
        return f"All gradients are right to {max(a.worst_error for a in self.arrays):.1e}."

    def rows(self) -> list[tuple[str, ...]]:
        """Return the table as texts, the heading first."""
        heading = ("layer", "kind", "array", "shape", "worst relative error", "at", "verdict")
        rows: list[tuple[str, ...]] = [heading]
        for a in self.arrays:
            shape = "×".join(map(str, a.shape))
            rows.append(
                (a.layer, a.kind, a.array, shape, f"{a.worst_error:.1e}", a.worst, a.verdict)
            )
        return rows

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "ok": self.ok,
            "summary": self.summary,
            "wrong_layers": self.wrong_layers,
            "loss": self.loss,
            "rows": self.n_rows,
            "tolerance": self.tolerance,
            "delta_error": self.delta_error,
            "steps": list(self.steps),
            "arrays": [each.to_dict() for each in self.arrays],
        }

    def __str__(self) -> str:
        rows = self.rows()
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        return "\n".join([*lines, "", self.summary])
