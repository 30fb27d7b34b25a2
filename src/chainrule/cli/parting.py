"""The rows of a table as a fit divides them: into inputs and targets, and into three parts.

The same options on the same table give the same rows, so that a report can be made again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.cli.asked import Asked
from chainrule.cli.roles import Rows, divide
from chainrule.data import Split, split_rows
from chainrule.errors import DataError, OptionError
from chainrule.wording import listing


@dataclass(frozen=True, eq=False)
class Parted:
    """Rows that count, and how they are split.

    Attributes
    ----------
    rows : Rows
        Without those of weight 0.
    numbers : array of shape (n_rows,)
        Where each stands in the table, counted from 0.
    split : Split
        Numbers of `rows`.
    """

    rows: Rows
    numbers: np.ndarray
    split: Split

    @property
    def parts(self) -> tuple[Rows, Rows, Rows]:
        """The rows of training, validation and test."""
        split = self.split
        train, validation, test = map(self.rows.take, (split.train, split.validation, split.test))
        return train, validation, test

    def places(self, part: str) -> np.ndarray:
        """Where the rows of "train", "validation" or "test" stand in the table."""
        return self.numbers[getattr(self.split, part)]


def divide_table(asked: Asked, frame: Any) -> Rows:
    """Return the columns of a table by the part that the options give them."""
    options = asked.options
    if options.groups is not None and options.split not in ("stratified", "groups"):
        raise OptionError(f"--groups keeps groups whole; it excludes --split {options.split}.")
    if options.groups is None and options.split == "groups":
        raise OptionError("--split groups needs --groups COLUMN, which says what belongs together.")
    return divide(
        frame,
        options.target,
        weight=options.weight,
        groups=options.groups,
        inputs=column_options(asked),
    )


def column_options(asked: Asked, *more_to_drop: str) -> dict[str, Any]:
    """Return the options that say what columns are."""
    options = {name: asked.values[name] for name in ("category", "number", "drop")}
    return {**options, "drop": (*options["drop"], *more_to_drop)}


def part_rows(asked: Asked, rows: Rows, task: str) -> Parted:
    """Leave out rows of weight 0 and split the others."""
    numbers = np.arange(len(rows)) if rows.weights is None else np.flatnonzero(rows.weights > 0)
    if len(numbers) < len(rows):
        rows = rows.take(numbers)
    return Parted(rows, numbers, _split(asked, rows, task))


def _split(asked: Asked, rows: Rows, task: str) -> Split:
    options = asked.options
    stratify = task == "classification" and len(rows.targets) == 1
    parts = split_rows(
        len(rows),
        y=rows.y if stratify else None,
        kind="groups" if options.groups is not None else options.split,
        groups=rows.groups,
        test=_share_or_number(options.test),
        validation=_share_or_number(options.validation),
        seed=options.seed,
    )
    if task == "classification" and not stratify:
        for name in rows.targets:
            _refuse_absent_class(rows.y[name], name, parts.train)
    return parts


def _refuse_absent_class(y: Any, name: str, train: np.ndarray) -> None:
    absent = sorted(set(y.unique().to_list()) - set(y[train].unique().to_list()), key=str)
    if absent and set(y.unique().to_list()) - {0, 1}:
        raise DataError(
            f'the training part would hold no row of "{name}" with {listing(absent)}. '
            "Choose another --split or --seed, hold out less, or add rows of them."
        )


def _share_or_number(value: float) -> float | int:
    return int(value) if value >= 1 and float(value).is_integer() else value
