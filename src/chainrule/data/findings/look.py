"""What the findings look at: every used column as numbers, and the target beside them.

A category is the place of its level by first appearance (so two columns that name the same things
differently look the same); NaN is a gap. Large tables are looked at through a sample of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from chainrule.data.columns.frames import Columns
from chainrule.data.columns.kinds import Column, kind_of
from chainrule.data.columns.schema import Schema
from chainrule.data.target.classes import places_of, sorted_classes
from chainrule.data.target.numbers import NumberTarget
from chainrule.data.target.values import read_values_of
from chainrule.data.weights import read_weights
from chainrule.errors import ShapeError

MOST_VALUES = 2_000_000
FEWEST_ROWS = 20_000
ROWS_FOR_VALUES = 2_000


@dataclass(frozen=True, eq=False)
class Seen:
    """A used column as numbers; those of names are places in `texts`, from 1 on."""

    column: Column
    numbers: np.ndarray
    spelt: str  # as what its values are spelled: "date", "clock", or "" for numbers and levels
    texts: Sequence[str] = ()

    @property
    def name(self) -> str:
        return self.column.name

    @property
    def is_date(self) -> bool:
        return self.spelt == "date"

    @property
    def is_category(self) -> bool:
        return kind_of(self.column).has_levels

    @cached_property
    def gaps(self) -> np.ndarray:
        return np.isnan(self.numbers)

    @cached_property
    def present(self) -> np.ndarray:
        return self.numbers[~self.gaps]

    @cached_property
    def varies(self) -> bool:
        return len(self.present) > 0 and bool(self.present.min() < self.present.max())

    @cached_property
    def n_different(self) -> int:
        """How many values there are; of a number at least so many (those of 2,000 rows)."""
        if self.is_category:
            return int(np.max(self.present, initial=0))  # places of levels, from 1 on
        return len(np.unique(self.present[_draw(len(self.present), ROWS_FOR_VALUES)]))


@dataclass(frozen=True, eq=False)
class Look:
    """Columns and target of the rows that are looked at.

    Attributes
    ----------
    schema : Schema
        The columns of the whole table.
    seen : list of Seen
        The columns in use.
    y : np.ndarray
        The target; class codes if `classes` are there. Empty for a target of several columns.
    y_spelt : str
        As what its values are spelled, like `spelt` of `Seen`.
    classes : np.ndarray or None
        The classes, for a classification.
    weights : np.ndarray
        Weights of the rows.
    n_rows : int
        Rows of the whole table.
    """

    schema: Schema
    seen: list[Seen]
    y: np.ndarray
    y_spelt: str
    classes: np.ndarray | None
    weights: np.ndarray
    n_rows: int

    @property
    def sample(self) -> str:
        """Return what a sentence must add if not all rows were looked at."""
        n = len(self.weights)
        return "" if n == self.n_rows else f" (in a sample of {n:,} of {self.n_rows:,} rows)"

    def rows(self, most: int) -> np.ndarray:
        """Return the numbers of at most so many rows, in order, the same every time."""
        return _draw(len(self.weights), most)


def look_at(columns: Columns, y: object, task: str, schema: Schema, weights: object) -> Look:
    """Read the columns in use and the target, of the rows whose weight is above 0."""
    read = read_values_of(y)
    target, y_spelt = read.array, "date" if len(read.units) == 1 else ""
    if len(target) != columns.n_rows:
        raise ShapeError(
            "Found input variables with inconsistent numbers of samples: the table has "
            f"{columns.n_rows} rows, the target has {len(target)}. Give one target for each row."
        )
    weight = read_weights(weights, columns.n_rows)
    rows = np.flatnonzero(weight)
    n_rows = len(rows)
    rows = rows[_draw(n_rows, max(FEWEST_ROWS, MOST_VALUES // len(columns.names)))]
    if len(rows) < columns.n_rows:
        columns, target, weight = columns.take(rows), target[rows], weight[rows]
    seen = [_see(column, columns) for column in schema.used]
    target = target.ravel() if target.ndim == 1 or target.shape[1] == 1 else target[:0, 0]
    if task == "classification":
        classes = sorted_classes(target)
        return Look(schema, seen, places_of(target, classes), "", classes, weight, n_rows)
    if len(target):
        target = NumberTarget.fit(target, scale=False).encode(target)[:, 0]
    return Look(schema, seen, target.astype(np.float64), y_spelt, None, weight, n_rows)


def _draw(n: int, most: int) -> np.ndarray:
    if n <= most:
        return np.arange(n)
    return np.sort(np.random.default_rng(0).choice(n, most, replace=False))


def _see(column: Column, columns: Columns) -> Seen:
    values = columns.values(column.name)
    kind = kind_of(column)
    spelt = next((what for what in (kind.name, values.kind) if what in ("date", "clock")), "")
    spelt = "" if kind.has_levels else spelt
    texts = values.coded.texts if kind.has_levels else ()
    return Seen(column, kind.as_numbers(column, values), spelt, texts)
