"""The columns of a table by their part: inputs, targets, weights of rows, groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from chainrule.cli.reading import OF_COLUMNS
from chainrule.cli.talk import Talk
from chainrule.data.columns.frames import as_columns
from chainrule.data.columns.schema import require_column
from chainrule.data.reading.table import Table
from chainrule.data.rows.rows import Rows
from chainrule.data.target.values import TargetValues, read_target, read_values_of, side_by_side
from chainrule.data.weights import read_weights
from chainrule.errors import DataError, OptionError
from chainrule.wording import count, listing

_OF_GROUPS = "column of groups"


def divide(
    table: Table,
    targets: Sequence[str],
    *,
    weight: str | None = None,
    groups: str | None = None,
    inputs: dict[str, Sequence[str]] | None = None,
) -> Rows:
    """Return the columns of a frame by their part.

    Parameters
    ----------
    table : Table
        The table; its rows without a target are left out.
    targets : sequence of str
        Columns to predict.
    weight, groups : str, optional
        Columns that are no inputs either.
    inputs : dict, optional
        Options with the names of inputs that they hold.

    Raises
    ------
    DataError
        If a column is not there, or holds what its part does not allow; if more than half of the
        rows have no target.
    OptionError
        If a column has two parts.
    """
    frame = table.frame
    parts = [("--target", name) for name in targets]
    parts += [
        (f"--{part}", name) for part, name in (("weight", weight), ("groups", groups)) if name
    ]
    taken: dict[str, str] = {}
    for option, name in parts:
        require_column(frame.columns, name)
        if name in taken:
            again = (
                f"given twice to {option}"
                if taken[name] == option
                else (f"given to {taken[name]} and to {option}")
            )
            raise OptionError(f'column "{name}" is {again}. Leave one of them out.')
        taken[name] = option
    for option, names in (inputs or {}).items():
        for name in set(names) & set(taken):
            raise OptionError(
                f'column "{name}" is given to {taken[name]}, so that it is no input: '
                f"--{option} {name} has no meaning. Leave it out."
            )
    X = frame.drop(list(taken))
    if not X.width:
        raise DataError(
            f"no column is left to learn from: the table holds {listing(list(taken))} alone. "
            "Add columns that tell something about the target."
        )
    labelled = _labelled(frame.select(targets))
    if not labelled.all():
        frame, X = frame.filter(labelled), X.filter(labelled)
    each = [read_values_of(frame[name], name) for name in targets]
    return Rows(
        replace(as_columns(X), spellings=table.spellings),
        each[0] if len(each) == 1 else _beside_each_other(each),
        read_weights(None, frame.height) if weight is None else _weights(frame[weight], weight),
        targets[0] if len(each) == 1 else "y",
        tuple(targets),
        weighted=weight is not None,
        groups=None if groups is None else read_target(frame[groups], groups, role=_OF_GROUPS),
        places=np.flatnonzero(labelled.to_numpy()),
    )


def of_inputs(options: dict[str, Any], targets: Sequence[str]) -> dict[str, Any]:
    """Return what is said of inputs; of a target `category` and `number` say how it is read."""
    read = OF_COLUMNS.values()
    return {
        option: [name for name in names if option not in read or name not in targets]
        for option, names in options.items()
    }


def _labelled(targets: Any) -> Any:
    """Return which rows have a value in every target column."""
    import polars as pl

    known = [column.is_not_null() for column in targets]
    for name, there in zip(targets.columns, known, strict=True):
        if 2 * there.sum() < len(there):
            raise DataError(
                f'the target "{name}" is missing in {len(there) - there.sum()} of '
                f"{count(len(there), 'row')}, first in data row {(~there).arg_max() + 1}. "
                "Name another --target, or give a table in which most rows have one."
            )
    return pl.DataFrame(known).select(pl.all_horizontal(pl.all())).to_series()


def say_unlabelled(talk: Talk, table: Table, rows: Rows) -> None:
    """Say how many rows were left out for want of a target."""
    n = table.frame.height - len(rows)
    if n:
        assert rows.places is not None
        first = np.setdiff1d(np.arange(table.frame.height), rows.places)[0] + 1
        has = "has" if n == 1 else "have"
        talk.say("", f"{count(n, 'row')} {has} no target (first data row {first}): left out")


def _beside_each_other(targets: list[TargetValues]) -> TargetValues:
    """Return target columns as one, yes/no among them as 1 and 0."""
    return side_by_side(
        [TargetValues(t.array.astype(np.int8)) if t.array.dtype == bool else t for t in targets]
    )


def _weights(column: Any, name: str) -> np.ndarray:
    who = f'the weight column "{name}"'
    if column.null_count():
        row = column.is_null().arg_max() + 1
        raise DataError(
            f"{who} has {count(column.null_count(), 'gap')}, first in data row {row}. "
            "Fill in a weight of 0 or more; 0 leaves the row out."
        )
    if not (column.dtype.is_numeric() or str(column.dtype) == "Boolean"):
        numbers = column.cast(str).cast(float, strict=False)
        row = numbers.is_null().arg_max() or 0
        raise DataError(
            f'{who} holds text (data row {row + 1}: "{column[row]}"), expected numbers, 0 or more. '
            "Name another column, or correct the values."
        )
    return read_weights(column.to_numpy(), len(column), who)
