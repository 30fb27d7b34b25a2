"""The rows of a table as a fit divides them: into inputs and targets, and into three parts.

The same options on the same table give the same rows, so that a report can be made again.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.cli.asked import Asked
from chainrule.cli.options import BY_NAME
from chainrule.cli.roles import divide, of_inputs
from chainrule.data.reading.table import Table
from chainrule.data.rows.rows import Rows
from chainrule.data.rows.splitting import Split, split_rows
from chainrule.errors import DataError, OptionError
from chainrule.wording import listing

FEWEST = 8  # rows of which some are held out by default


def divide_table(asked: Asked, table: Table) -> Rows:
    """Return the columns of a table by the part that the options give them."""
    options = asked.options
    if options.groups is not None and options.split not in ("stratified", "groups"):
        raise OptionError(f"--groups keeps groups whole; it excludes --split {options.split}.")
    if options.groups is None and options.split == "groups":
        raise OptionError("--split groups needs --groups COLUMN, which says what belongs together.")
    return divide(
        table,
        options.target,
        weight=options.weight,
        groups=options.groups,
        inputs=column_options(asked),
    )


def column_options(asked: Asked, *more_to_drop: str) -> dict[str, Any]:
    """Return the options that say what columns are."""
    options = {name: asked.values[name] for name in ("category", "number", "drop")}
    options = of_inputs(options, asked.options.target)
    return {**options, "drop": (*options["drop"], *more_to_drop)}


def split_as_asked(asked: Asked, rows: Rows, task: str) -> Split:
    """Return which rows train, which stop the training, and which test."""
    options = asked.options
    usual = all(asked.values[name] == BY_NAME[name].default for name in ("test", "validation"))
    if usual and len(rows) < FEWEST:
        none, every = np.arange(0), np.arange(len(rows))
        how = "too few to hold any out; --test and --validation decide otherwise"
        return Split(every, none, none, how=how)
    stratify = task == "classification" and len(rows.names) == 1
    split = split_rows(
        len(rows),
        y=rows.y if stratify else None,
        kind="groups" if options.groups is not None else options.split,
        groups=rows.groups,
        test=_share_or_number(options.test),
        validation=_share_or_number(options.validation),
        seed=options.seed,
    )
    if task == "classification" and not stratify:
        for name, y in zip(rows.names, rows.each_target, strict=True):
            _refuse_absent_class(y, name, split.train)
    return split


def _refuse_absent_class(y: np.ndarray, name: str, train: np.ndarray) -> None:
    known = set(y.tolist())
    absent = sorted(known - set(y[train].tolist()), key=str)
    if absent and known - {0, 1}:
        raise DataError(
            f'the training part would hold no row of "{name}" with {listing(absent)}. '
            "Choose another --split or --seed, hold out less, or add rows of them."
        )


def _share_or_number(value: float) -> float | int:
    return int(value) if value >= 1 and float(value).is_integer() else value
