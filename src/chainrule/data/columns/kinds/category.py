"""A column of names: one slot per level, and "…=unknown" for gaps and levels never seen before.

Of more than 100 levels it is what `levels` says; model files of before may hold their 100 most
frequent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.data.columns.frames import Columns
from chainrule.data.columns.kinds.kind import Column, ColumnKind, Noticed, refuse_empty
from chainrule.data.columns.kinds.levels import Levels, places_by_appearance
from chainrule.data.columns.values import Values
from chainrule.wording import count, listing


class Category(ColumnKind):
    """See the module."""

    name = option = "category"
    used = has_levels = True

    def recognised(self, values: Values, weight: np.ndarray | None) -> Column | None:
        del weight
        return self._taken(values, "")  # whatever is nothing else

    def as_asked(self, columns: Columns, name: str, weight: np.ndarray | None) -> Column:
        del weight
        values, note = columns.values(name), "a category, as you asked"
        refuse_empty(values)
        return Levels().taken(values, note) or self._taken(values, note)

    def _taken(self, values: Values, note: str) -> Column:
        levels = sorted(values.frequency)
        return Column(values.name, self.name, note, int(values.gaps.sum()), levels)

    def described(self, columns: Sequence[Column], *, scale: bool) -> list[str]:
        del scale
        kinds = count(len(columns), "category", "categories")
        sizes = listing([f"{column.name} {len(column.levels)}" for column in columns])
        each = "each plus" if len(columns) > 1 else "plus"
        return [f"{kinds} one-hot ({sizes}, {each} 'unknown')"]

    def outputs(self, column: Column) -> list[str]:
        unknown = "unknown"
        while unknown in column.levels:
            unknown += "_"
        return [f"{column.name}={level}" for level in [*column.levels, unknown]]

    def encode(
        self,
        column: Column,
        values: Values,
        out: np.ndarray,
        learnt: Mapping[str, float],
        *,
        scale: bool,
    ) -> None:
        del learnt, scale
        unknown = len(column.levels)
        slots = {level: slot for slot, level in enumerate(column.levels)}
        texts, places = values.coded
        slot_of = np.array([*(slots.get(text, unknown) for text in texts), unknown])
        out[np.arange(len(out)), slot_of[places]] = 1

    def as_numbers(self, column: Column, values: Values) -> np.ndarray:
        """Return the places of levels by first appearance: other names for the same are equal."""
        del column
        return places_by_appearance(values)

    def noticed(self, column: Column, values: Values, learnt: Mapping[str, Any]) -> Noticed:
        del learnt
        levels, found = set(column.levels), values.frequency.items()
        unseen = Counter({text: n for text, n in found if text not in levels})
        return Noticed(int(values.gaps.sum()), unseen)

    def remarks(self, column: Column, noticed: Noticed) -> list[str]:
        n_gaps, unseen = noticed.n_gaps, noticed.texts
        lines = []
        if unseen:
            n_rows = unseen.total()
            names = listing([f'"{text}"' for text in sorted(unseen)], 5)
            hold, use = ("holds", "it uses") if n_rows == 1 else ("hold", "they use")
            lines.append(
                f"{column.name}: {count(n_rows, 'row')} {hold} a category not seen in "
                f'training ({names}); {use} the "unknown" slot'
            )
        if n_gaps:
            lines.append(f'{column.name}: {count(n_gaps, "gap")} put into the "unknown" slot')
        return lines

    def became(self, column: Column, learnt: Mapping[str, float], *, scale: bool, most: int) -> str:
        del learnt, scale
        return f"{count(len(column.levels), 'level')}: {listing(column.levels, most)}"

    def worked_out(
        self,
        column: Column,
        values: Values,
        encoded: Sequence[float],
        learnt: Mapping[str, float],
        *,
        scale: bool,
    ) -> tuple[str, list[tuple[str, str, float]], str]:
        del learnt, scale
        slot, text = int(np.argmax(encoded)), values.as_texts()[0]
        others = f"The other {count(len(encoded) - 1, 'slot')} of {column.name} are 0."
        shown = "a gap" if text is None else str(text)
        return shown, [(self.outputs(column)[slot], "", 1.0)], others
