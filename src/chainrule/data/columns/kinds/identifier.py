"""A column that numbers or names the rows: every row has another value, so nothing can be learnt.

Whole numbers that count up or down by one, or are all different under a name like "id"; and texts
that are all different.  In a part of the rows a number that counts no longer does.
"""

from __future__ import annotations

import re

import numpy as np

from chainrule.data.columns.kinds.kind import Column, ColumnKind
from chainrule.data.columns.values import Values

MIN_ROWS_FOR_AN_ID = 20
_ID_WORDS = {"id", "ids", "rowid", "index", "uuid", "guid", "key", "number"}


class Identifier(ColumnKind):
    """See the module."""

    name = "identifier"
    of_whole_table = True

    def recognised(self, values: Values, weight: np.ndarray | None) -> Column | None:
        del weight
        n_gaps = int(values.gaps.sum())
        if not _looks_like_an_id(values, len(values.gaps) - n_gaps):
            return None
        return Column(values.name, self.name, "looks like an ID", n_gaps)


def _looks_like_an_id(values: Values, n_present: int) -> bool:
    enough = n_present >= MIN_ROWS_FOR_AN_ID
    if values.kind == "integer":
        if enough and not values.is_text:
            steps = np.diff(values.data[~values.gaps])
            if (steps == 1).all() or (steps == -1).all():
                return True
        return _named_like_an_id(values.name) and len(values.frequency) == n_present
    if values.kind != "text" or not enough or len(values.frequency) < n_present:
        return False
    return not values.cells.is_of_numbers


def _named_like_an_id(name: str) -> bool:
    words = re.sub(r"([a-z])([A-Z])", r"\1 \2", name)
    words = re.split(r"[\W_]+", words.lower().strip())
    return words[-1] in _ID_WORDS or words[0] in {"id", "rowid", "uuid"}
