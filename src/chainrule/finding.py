"""One thing that was found, in a table or in a training: what, how grave, why, and what to do."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from chainrule.advice import Door, Text

Severity = Literal["warning", "look", "note"]


@dataclass(frozen=True)
class Finding:
    """One thing that is odd about a table, or wrong with a training.

    Attributes
    ----------
    kind : str
        Of a table "identifier", "constant", "duplicate", "leak", "imbalance", "rare class",
        "ordered", "duplicate rows", "gaps", "many levels", "spellings", "places", "long tail" or
        "groups"; of a training one of `chainrule.inspection.KINDS`.
    severity : {"warning", "look", "note"}
        Whether it should be mended, is worth a look, or is only good to know.
    evidence : str
        What was measured, in one sentence with its numbers.
    cause : str
        Why that happens, in one sentence; empty where the evidence says it.
    remedy : Text
        What to do: a `str` that keeps the options it names as data.
    numbers : dict
        The numbers of the evidence, by name.
    rows : tuple of int
        The rows it is about, the most suspicious first; none if it is about all.
    columns : tuple of str
        The columns it is about; none if it is about rows or the target.
    cells : tuple of str
        What stands in the column in each of the rows, where that was not taken.
    """

    kind: str
    severity: Severity
    evidence: str
    cause: str = ""
    remedy: Text = field(default_factory=Text)
    numbers: dict[str, float] = field(default_factory=dict)
    rows: tuple[int, ...] = ()
    columns: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The evidence."""
        return self.evidence

    @property
    def is_settled(self) -> bool:
        """Whether it is a note, which asks for nothing."""
        return self.severity == "note"

    def __str__(self) -> str:
        parts = (f"{self.kind}:", self.evidence, self.cause, self.remedy)
        return " ".join(part for part in parts if part)

    def at(self, door: Door) -> Finding:
        """Return the finding with its remedy as it is read at a door."""
        return replace(self, remedy=self.remedy.at(door))

    def to_dict(self) -> dict[str, Any]:
        """Return everything as dicts, lists, strings and numbers."""
        lists = {name: list(getattr(self, name)) for name in ("rows", "columns", "cells")}
        return {**vars(self), "remedy": str(self.remedy), "numbers": dict(self.numbers), **lists}
