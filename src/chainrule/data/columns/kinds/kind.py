"""What every kind of column says of itself; each kind is a file beside this one.

Whoever depends on the kind (how cells become numbers, what a report says) asks its record, and
nobody asks which kind it is.  `kinds` lists the records in the order in which they are tried.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import msgspec
import numpy as np

from chainrule.data.columns.frames import Columns
from chainrule.data.columns.scaling import all_missing
from chainrule.data.columns.values import Values
from chainrule.data.spelling import Spelling
from chainrule.wording import count, listing

MOST_TEXTS = 10_000  # of a column that are counted each for itself


class Column(msgspec.Struct, frozen=True):
    """One column: what it is taken for, why, and how its cells are written if not plainly.

    `levels` are those with a slot of their own, `n_levels` how many are known without one, and
    `tells` what of the target it tells of each of these.  `parts` are what the network sees of a
    date beside its days.
    """

    name: str
    kind: str
    note: str = ""
    n_gaps: int = 0
    levels: list[str] = []
    spelling: Spelling | None = None
    n_levels: int = 0
    tells: list[str] = []
    parts: list[str] = []


@dataclass(frozen=True, eq=False)
class Answers:
    """The target of the training rows, for kinds of columns that learn of it.

    `y` (n_rows, n_outputs) is as the network has it, and `names` say what its means are.
    """

    y: np.ndarray
    names: Sequence[str]


class Part(NamedTuple):
    """A column to be encoded: its name in the table, where to write, and what was learnt of it."""

    column: Column
    name: str
    out: np.ndarray
    learnt: Mapping[str, Any]


@dataclass(frozen=True)
class Noticed:
    """What is to be said of new rows of a column.

    Attributes
    ----------
    n_gaps : int
        How many gaps they have.
    texts : Counter
        How often texts occur that training never saw, or that cannot be read.
    first_row : int
        The first row with such a text, counted from 0.
    """

    n_gaps: int = 0
    texts: Counter[str] = field(default_factory=Counter)
    first_row: int = 0

    def and_then(self, later: Noticed, n_rows: int) -> Noticed:
        """Return this, of so many rows, with what was noticed of those behind them."""
        first = self.first_row if self.texts else n_rows + later.first_row
        return Noticed(self.n_gaps + later.n_gaps, _few(self.texts + later.texts), first)


def _few(texts: Counter[str]) -> Counter[str]:
    """Return the texts; of too many of them the first ones, and the others as one."""
    if len(texts) <= 2 * MOST_TEXTS:
        return texts
    kept = sorted(texts)[:MOST_TEXTS]
    few = Counter({text: texts[text] for text in kept})
    few["…"] += texts.total() - few.total()
    return few


class ColumnKind(ABC):
    """A kind of column; those that the network sees override all, others need not.

    Attributes
    ----------
    name : str
        In model files, and in reports.
    option : str
        The option that asks for it; "" for a kind that none does.
    used : bool
        Whether the network sees such a column.
    has_levels : bool
        Whether its values have no order, but names.
    of_whole_table : bool
        Whether it shows in the whole table only, so that the training rows are not asked again.
    asks_target : bool
        Whether it learns of the target, too: then it has `told`, `learnt_of`, `places` and
        `without_own`.
    cut : bool
        Whether a network may cut its numbers into pieces, to bend within them.
    learns : tuple of str
        Names of the numbers that it learns of each column; a model file keeps them.
    """

    name: ClassVar[str]
    option: ClassVar[str] = ""
    used: ClassVar[bool] = False
    has_levels: ClassVar[bool] = False
    of_whole_table: ClassVar[bool] = False
    asks_target: ClassVar[bool] = False
    cut: ClassVar[bool] = True
    learns: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def recognised(self, values: Values, weight: np.ndarray | None) -> Column | None:
        """Return the column if its values look like this kind, else None; some are not gaps."""

    def as_asked(self, columns: Columns, name: str, weight: np.ndarray | None) -> Column:
        """Return the column of this name as one of this kind, whatever it looks like."""
        raise NotImplementedError

    def described(self, columns: Sequence[Column], *, scale: bool) -> list[str]:
        """Return lines on what happens to all columns of this kind."""
        del columns, scale
        return []

    def outputs(self, column: Column) -> list[str]:
        """Return what each number that the network sees of the column stands for."""
        raise NotImplementedError

    def learnt(
        self, column: Column, values: Values, weight: np.ndarray | None, *, sparse: bool
    ) -> dict[str, float]:
        """Return what it `learns` of the training rows."""
        del column, values, weight, sparse
        return {}

    def learnt_of_all(
        self, columns: Sequence[Column], table: Columns, weight: np.ndarray | None
    ) -> list[dict[str, float]]:
        """Return what it `learns` of each column of this kind, of the training rows."""
        if not self.learns:
            return [{} for _ in columns]
        sparse = table.sparse
        return [self.learnt(c, table.values(c.name), weight, sparse=sparse) for c in columns]

    def shapes(self, column: Column) -> dict[str, tuple[int, ...]]:
        """Return the shape of each thing that it `learns`; a single number unless it says so."""
        del column
        return dict.fromkeys(self.learns, ())

    def told(self, column: Column, answers: Answers) -> Column:
        """Return the column once it is known what of the target it can tell."""
        del answers
        return column

    def learnt_of(
        self, column: Column, values: Values, weight: np.ndarray | None, answers: Answers
    ) -> dict[str, np.ndarray]:
        """Return what it `learns` of the training rows and their target."""
        raise NotImplementedError

    def places(self, values: Values, learnt: Mapping[str, Any]) -> np.ndarray:
        """Return for every row which of the learnt things is its own."""
        raise NotImplementedError

    def without_own(
        self,
        places: np.ndarray,
        weight: np.ndarray | None,
        answers: Answers,
        parts: np.ndarray,
        learnt: Mapping[str, Any],
        *,
        scale: bool,
    ) -> np.ndarray:
        """Return the `outputs` of training rows, each as if its own part were not there.

        `parts` numbers the parts from 0 on; rows of -1 are not learnt from.
        """
        raise NotImplementedError

    def encode(
        self,
        column: Column,
        values: Values,
        out: np.ndarray,
        learnt: Mapping[str, Any],
        *,
        scale: bool,
    ) -> None:
        """Write the `outputs` of new rows into `out`, (n_rows, n_outputs), which holds zeros."""
        raise NotImplementedError

    def encode_all(self, parts: Sequence[Part], table: Columns, *, scale: bool) -> None:
        """Write the `outputs` of all columns of this kind."""
        for column, name, out, learnt in parts:
            self.encode(column, table.values(name), out, learnt, scale=scale)

    def as_numbers(self, column: Column, values: Values) -> np.ndarray:
        """Return float64 with NaN for gaps, by which columns are compared; levels from 1 on."""
        return values.as_numbers(column.spelling)

    def for_trees(self, column: Column, values: Values, encoded: np.ndarray) -> np.ndarray:
        """Return what trees are given in place of the `outputs`, which are `encoded`."""
        del column, values
        return encoded

    def noticed(self, column: Column, values: Values, learnt: Mapping[str, Any]) -> Noticed:
        """Return what is to be said of new rows; that of several blocks of them is put together."""
        del learnt
        return Noticed(int(np.isnan(self.as_numbers(column, values)).sum()))

    def remarks(self, column: Column, noticed: Noticed) -> list[str]:
        """Return lines on what was `noticed` of new rows."""
        raise NotImplementedError

    def became(self, column: Column, learnt: Mapping[str, Any], *, scale: bool, most: int) -> str:
        """Return what became of the column, for a report that lists at most so many levels."""
        raise NotImplementedError

    def worked_out(
        self,
        column: Column,
        values: Values,
        encoded: Sequence[float],
        learnt: Mapping[str, Any],
        *,
        scale: bool,
    ) -> tuple[str, list[tuple[str, str, float]], str]:
        """Return one row's cell, the numbers that it became (name, how, number), and more words."""
        raise NotImplementedError


def refuse_empty(values: Values) -> None:
    """Raise a DataError if a column has no value at all."""
    if values.gaps.all():
        raise all_missing(values.name)


def noticed_gaps(values: Values, numbers: np.ndarray) -> Noticed:
    """Return what is to be said of cells that were read as `numbers`; NaN is a gap."""
    gaps = np.isnan(numbers)
    odd = np.flatnonzero(gaps & ~values.gaps)
    if not len(odd):
        return Noticed(int(gaps.sum()))
    return Noticed(int(gaps.sum()), Counter(values.data[odd].tolist()), int(odd[0]))


def told_of_gaps(column: Column, noticed: Noticed, what: str, where: str) -> list[str]:
    """Return lines on cells that cannot be read as `what` they should be, and `where` gaps go."""
    n_gaps, odd, lines = noticed.n_gaps, noticed.texts, []
    if not n_gaps:
        return []
    if odd:
        shown = listing([f'"{text}"' for text in odd], 5)
        lines.append(
            f"{column.name}: {count(odd.total(), 'cell')} ({shown}; first in data row "
            f"{noticed.first_row + 1}) cannot be read as {what}: gaps"
        )
    new = "" if column.n_gaps else " (training had none, so they are not flagged)"
    return [*lines, f"{column.name}: {count(n_gaps, 'gap')} {where}{new}"]
