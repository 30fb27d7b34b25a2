"""A column that numbers or names the rows: every row has another value, so nothing can be learnt.

Whole numbers that count up or down by one, or are all different under a name like "id"; and texts
that are all different.  In a part of the rows a number that counts no longer does.
"""

from __future__ import annotations

import numpy as np

from chainrule.data.columns.kinds.kind import Column, ColumnKind
from chainrule.data.columns.values import Values
from chainrule.wording import words_of

MIN_ROWS_FOR_AN_ID = 20
FREE_TEXT = "free text, which is not used"
WORDS_OF_A_TEXT = 3  # at least, on average
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
        note = FREE_TEXT if _is_free_text(values) else "looks like an ID"
        return Column(values.name, self.name, note, n_gaps)


def only_counts(values: Values) -> bool:
    """Tell whether it is taken for an ID by its numbers alone, not by its name."""
    return values.kind == "integer" and not values.is_text and not _named_like_an_id(values.name)


def _is_free_text(values: Values) -> bool:
    texts = list(values.frequency)[:1000]
    n_words = sum(len(text.split()) for text in texts)
    return values.kind == "text" and n_words >= WORDS_OF_A_TEXT * len(texts)


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
    return values.cells.is_text


def _named_like_an_id(name: str) -> bool:
    words = words_of(name)
    return words[-1] in _ID_WORDS or words[0] in {"id", "rowid", "uuid"}
