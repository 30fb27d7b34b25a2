"""A column that the user wants left out; its cells are not looked at."""

from __future__ import annotations

import numpy as np

from chainrule.data.columns.frames import Columns
from chainrule.data.columns.kinds.kind import Column, ColumnKind
from chainrule.data.columns.values import Values


class Dropped(ColumnKind):
    """See the module."""

    name = "dropped"
    option = "drop"

    def recognised(self, values: Values, weight: np.ndarray | None) -> None:
        del values, weight  # nothing looks like it

    def as_asked(self, columns: Columns, name: str, weight: np.ndarray | None) -> Column:
        del columns, weight
        return Column(name, self.name, "as you asked")
