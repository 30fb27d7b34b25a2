"""What a report is about: a trained model, the record of its fit, and the rows it saw and did not.

The record is that of `manifest.json`, whether it was read from a run folder or made in Python.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chainrule.advice import PYTHON, Door
from chainrule.data.rows.rows import Rows

FEW = 500  # rows that are enough to look at what settles slowly


@dataclass(frozen=True, eq=False)
class Subject:
    """What a report is about.

    Attributes
    ----------
    model : estimator
        Fitted.
    targets : tuple of str
        Names of what is predicted.
    record : mapping
        As `manifest.json` has it; what is not known is missing.
    train, validation, test : Rows or None
        Rows that trained, that stopped the training, and that did neither.
    name : str
        Of the run.
    config : str
        Text of `config.toml`, if there is one.
    options : tuple of (str, str)
        Options that were set otherwise than usual, as they were written.
    door : Door
        Where its readers are, whose names of options the advice takes.
    draws : bool
        Whether there are pictures.
    """

    model: Any
    targets: tuple[str, ...]
    record: Mapping[str, Any]
    train: Rows | None = None
    validation: Rows | None = None
    test: Rows | None = None
    name: str = ""
    config: str = ""
    options: tuple[tuple[str, str], ...] = ()
    door: Door = PYTHON
    draws: bool = True

    @property
    def results(self) -> Mapping[str, Any]:
        """What the fit came to."""
        return self.record.get("results") or {}

    @property
    def target(self) -> str:
        """The targets in a line."""
        return ", ".join(self.targets)

    @property
    def classifies(self) -> bool:
        return bool(self.model.fitted_.classifies)

    @property
    def settles(self) -> bool:
        return hasattr(self.model, "diagnose_settling")

    @property
    def seen(self) -> tuple[str, Rows | None]:
        """The rows that the pictures show, those held out before those that trained."""
        for name in ("test", "validation", "train"):
            part = getattr(self, name)
            if part is not None and len(part):
                return {"train": "training"}.get(name, name), part
        return "", None
