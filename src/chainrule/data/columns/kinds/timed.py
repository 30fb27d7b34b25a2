"""What columns of dates and of times of day have in common: how they are recognised and read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import msgspec
import numpy as np

from chainrule.data.columns.kinds.kind import (
    Column,
    ColumnKind,
    Noticed,
    noticed_gaps,
    told_of_gaps,
)
from chainrule.data.columns.values import Values
from chainrule.data.spelling.dates import DateSpelling
from chainrule.errors import DataError


class Timed(ColumnKind):
    """A column whose cells have a type of their own, or are text that says nothing else.

    `what` is both that type and the spelling, `called` what messages call the cells, `example` how
    one is written, and `gaps_are` what becomes of gaps.
    """

    used = True
    cut = False  # pieces of days learn the past by heart, and waves need none
    what: ClassVar[Literal["date", "clock"]]
    called: ClassVar[str]
    example: ClassVar[str]
    gaps_are: ClassVar[str]

    def recognised(self, values: Values, weight: np.ndarray | None) -> Column | None:
        del weight
        spelling, note = values.spelling, ""
        if values.kind == "text":
            spelling = values.cells.spelling
            if not isinstance(spelling, DateSpelling) or spelling.what != self.what:
                return None
            note = f"text of {self.called}, read as {self.called}"
            note += f" ({spelling.words})" if self.what == "date" else ""
        elif values.kind != self.what:
            return None
        column = Column(values.name, self.name, note, spelling=spelling)
        numbers = self.as_numbers(column, values)
        present = numbers[~np.isnan(numbers)]
        n_gaps = len(numbers) - len(present)
        return msgspec.structs.replace(column, n_gaps=n_gaps, parts=self.parts_of(present))

    def parts_of(self, present: np.ndarray) -> list[str]:
        """Return the parts of the column that the network sees, if there is a choice."""
        del present
        return []

    def as_numbers(self, column: Column, values: Values) -> np.ndarray:
        """Return days since 1970-01-01, or hours; NaN for gaps and for text that cannot be read.

        Raises
        ------
        DataError
            If the column holds numbers.
        """
        if values.is_text:
            return values.as_numbers(column.spelling or DateSpelling(self.what))
        if values.kind == self.what or values.gaps.all():
            return values.data
        row = int(np.argmin(values.gaps))
        raise DataError(
            f'column "{values.name}" held {self.called} in training, but data row {row + 1} holds '
            f'"{values.as_texts()[row]}". Write it like {self.example}, or leave it empty (a gap).'
        )

    def noticed(self, column: Column, values: Values, learnt: Mapping[str, Any]) -> Noticed:
        del learnt
        return noticed_gaps(values, self.as_numbers(column, values))

    def remarks(self, column: Column, noticed: Noticed) -> list[str]:
        return told_of_gaps(column, noticed, self.called, self.gaps_are)
