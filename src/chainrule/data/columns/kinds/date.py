"""A column of dates: how far they are, and where in the year, the week and the day.

    days   (d - mean) / deviation, d days since 1970-01-01; a gap becomes the mean
    year   sine and cosine of the share of the year that is over, once and twice around
    month  sine and cosine of the share of the month
    week   seven inputs, Monday to Sunday, of which one is 1
    day    sine and cosine of the hour, once and twice around

The parts are those that can be told apart in the training rows; see `Date.parts_of`.  Gaps are 0 in
all parts; "… is missing" 0/1 if training had any.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from chainrule.data.columns import calendar
from chainrule.data.columns.calendar import WEEKDAYS, Cycle
from chainrule.data.columns.kinds.kind import Column
from chainrule.data.columns.kinds.number import Number, as_computed
from chainrule.data.columns.kinds.timed import Timed
from chainrule.data.columns.scaling import scale_rows, scaled_in_words
from chainrule.data.columns.values import Values, spell_date
from chainrule.wording import count, listing

MOST_OF_A_CYCLE = 0.75  # that the rows must span, for a cycle to be told from the trend
DAYS = {"year": 365, "month": 30, "week": 7, "day": 1}
CYCLES = {
    "year": Cycle("year", 2, calendar.of_year),
    "month": Cycle("month", 1, calendar.of_month),
    "day": Cycle("day", 2, calendar.of_day),
}
SAID = {
    "year": "time of year",
    "month": "time of month",
    "week": "day of week",
    "day": "time of day",
}
_DAYS_ALONE = Number()


class Date(Timed):
    """See the module."""

    name = what = "date"
    called, example = "dates", "2024-01-31"
    gaps_are = "filled with the training mean"
    learns = Number.learns

    def parts_of(self, present: np.ndarray) -> list[str]:
        """Return the parts of the calendar that dates can be told apart by.

        A cycle counts where the dates span three quarters of it; the year only where two dates lie
        in one year, month and week where two lie in one month: in what comes once a month they say
        nothing.  The day of the week and the time of day count where there are different ones.
        """
        some = np.unique(present)
        span, dates = some[-1] - some[0], np.unique(np.floor(some))
        months = calendar.months(dates)
        in_year, in_month = (len(np.unique(each)) < len(dates) for each in (months // 12, months))
        tells = {
            "year": in_year,
            "month": in_month,
            "week": in_month and len(np.unique(calendar.of_week(dates))) > 1,
            "day": len(np.unique(some - np.floor(some))) > 1,
        }
        return [
            part for part, told in tells.items() if told and span >= MOST_OF_A_CYCLE * DAYS[part]
        ]

    def described(self, columns: Sequence[Column], *, scale: bool) -> list[str]:
        days = "days scaled" if scale else "days since 1970-01-01"
        each = [" + ".join([f"{c.name}: {days}", *(SAID[p] for p in c.parts)]) for c in columns]
        line = f"{count(len(columns), 'date')} ({listing(each)})"
        gappy = [column for column in columns if column.n_gaps]
        if gappy:
            n_gaps = count(sum(column.n_gaps for column in gappy), "gap")
            line += f", {n_gaps} filled and flagged: {listing([c.name for c in gappy])}"
        return [line]

    def outputs(self, column: Column) -> list[str]:
        name = column.name
        labels = {part: [f"{name} ({e})" for e in cycle.labels] for part, cycle in CYCLES.items()}
        labels["week"] = [f"{name}={weekday}" for weekday in WEEKDAYS]
        missing = [f"{name} is missing"] if column.n_gaps else []
        return [
            f"{name} (days)",
            *(each for part in column.parts for each in labels[part]),
            *missing,
        ]

    def learnt(
        self, column: Column, values: Values, weight: np.ndarray | None, *, sparse: bool
    ) -> dict[str, float]:
        days = Values(values.name, "float", self.as_numbers(column, values))
        return _DAYS_ALONE.learnt(column, days, weight, sparse=sparse)

    def encode(
        self,
        column: Column,
        values: Values,
        out: np.ndarray,
        learnt: Mapping[str, float],
        *,
        scale: bool,
    ) -> None:
        days = self.as_numbers(column, values)
        center, size, fill = as_computed(learnt["mean"], learnt["deviation"], scale=scale)
        own = {"center": center, "scale": size, "fill": fill, "names": [values.name]}
        scale_rows(days[:, None], out[:, :1], **own)
        end = 1
        for part in column.parts:
            numbers = CYCLES[part].waves(days) if part in CYCLES else _weekdays(days)
            start, end = end, end + numbers.shape[1]
            out[:, start:end] = numbers
        if column.n_gaps:
            out[:, end] = np.isnan(days)

    def for_trees(self, column: Column, values: Values, encoded: np.ndarray) -> np.ndarray:
        """Return days, year, month, day, day of the year, day of the week and hour."""
        return np.column_stack(
            [encoded[:, 0], calendar.as_columns(self.as_numbers(column, values))]
        )

    def became(self, column: Column, learnt: Mapping[str, float], *, scale: bool, most: int) -> str:
        days = _DAYS_ALONE.became(column, learnt, scale=scale, most=most)
        text, *gaps = days.split("; ")
        told = {p: f"{SAID[p]} as {len(cycle.labels)} waves" for p, cycle in CYCLES.items()}
        told["week"] = "day of week, Monday to Sunday"
        return "; ".join([f"days since 1970-01-01 {text}", *(told[p] for p in column.parts), *gaps])

    def worked_out(
        self,
        column: Column,
        values: Values,
        encoded: Sequence[float],
        learnt: Mapping[str, float],
        *,
        scale: bool,
    ) -> tuple[str, list[tuple[str, str, float]], str]:
        day = float(self.as_numbers(column, values)[0])
        gap = np.isnan(day)
        how = ("a gap counts as the mean" if scale else "the mean") if gap else ""
        if scale and not gap:
            how = f"{scaled_in_words(f'{day:.10g}', learnt['mean'], learnt['deviation'])} ="
        hows = [how]
        for part in column.parts:
            cycle = CYCLES.get(part)
            n = 7 if cycle is None else len(cycle.labels)
            hows += [""] * n if gap or cycle is None else cycle.hows(day)
        hows += [""] * bool(column.n_gaps)
        became = list(zip(self.outputs(column), hows, encoded, strict=True))
        rest = ""
        if "week" in column.parts:
            others = {f"{column.name}={each}" for each in WEEKDAYS}
            became = [each for each in became if each[0] not in others or each[2] != 0]
            rest = f"The other days of the week are 0 for {column.name}."
        return "a gap" if gap else spell_date(day), became, rest


def _weekdays(days: np.ndarray) -> np.ndarray:
    return (calendar.of_week(days)[:, None] == np.arange(7)).astype(np.float64)
