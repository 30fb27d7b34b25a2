"""One thing found in a table before training: what, where, the evidence, and what to do."""

from __future__ import annotations

from typing import Literal

import msgspec

Kind = Literal[
    "constant",
    "duplicate",
    "duplicate rows",
    "gaps",
    "identifier",
    "imbalance",
    "leak",
    "many levels",
    "ordered",
    "rare class",
]


class Finding(msgspec.Struct, frozen=True):
    """A remark on a table.

    Attributes
    ----------
    kind : str
        "identifier", "constant", "duplicate", "leak", "imbalance", "rare class", "ordered",
        "duplicate rows", "gaps" or "many levels".
    columns : tuple of str
        The columns it is about; none when it is about rows or the target.
    text : str
        One sentence with the evidence.
    remedy : str
        What to do, with the option to change.
    """

    kind: Kind
    columns: tuple[str, ...]
    text: str
    remedy: str

    @property
    def is_settled(self) -> bool:
        """Whether there is nothing to do about it."""
        return self.remedy.startswith("Nothing to do")
