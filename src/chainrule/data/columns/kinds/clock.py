"""A column of times of day: points on a circle, where midnight is close to a minute before it.

    sin(2π k h / 24),   cos(2π k h / 24),   k = 1, 2

with h in hours.  A gap is the centre, 0 in all; "… is missing" 0/1 if training had gaps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from chainrule.data.columns.calendar import Cycle
from chainrule.data.columns.kinds.kind import Column
from chainrule.data.columns.kinds.timed import Timed
from chainrule.data.columns.values import Values, spell_clock
from chainrule.wording import count, listing

DAY = Cycle("day", 2, lambda hours: (hours, np.full(len(hours), 24.0)))


class Clock(Timed):
    """See the module."""

    name = what = "clock"
    called, example = "times of day", "13:45"
    gaps_are = "put at the centre of the clock"

    def described(self, columns: Sequence[Column], *, scale: bool) -> list[str]:
        del scale
        names = listing([column.name for column in columns])
        return [f"{count(len(columns), 'time')} of day as {len(DAY.labels)} waves ({names})"]

    def outputs(self, column: Column) -> list[str]:
        missing = [f"{column.name} is missing"] if column.n_gaps else []
        return [*(f"{column.name} ({label})" for label in DAY.labels), *missing]

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
        hours, n = self.as_numbers(column, values), len(DAY.labels)
        out[:, :n] = DAY.waves(hours)
        if column.n_gaps:
            out[:, n] = np.isnan(hours)

    def for_trees(self, column: Column, values: Values, encoded: np.ndarray) -> np.ndarray:
        """Return hours."""
        del encoded
        return self.as_numbers(column, values)[:, None]

    def became(self, column: Column, learnt: Mapping[str, float], *, scale: bool, most: int) -> str:
        del learnt, scale, most
        text = f"time of day as {len(DAY.labels)} waves"
        if column.n_gaps:
            text += "; a gap is 0 in all, and one more input says where"
        return text

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
        hour = float(self.as_numbers(column, values)[0])
        gap = np.isnan(hour)
        hows = [""] * len(DAY.labels) if gap else DAY.hows(hour)
        hows += [""] * bool(column.n_gaps)
        became = list(zip(self.outputs(column), hows, encoded, strict=True))
        return "a gap" if gap else spell_clock(hour), became, ""
