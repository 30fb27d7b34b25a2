"""The columns of a table by their part: inputs, targets, weights of rows, groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.data import read_target, read_weights, require_column
from chainrule.errors import DataError, OptionError
from chainrule.wording import count, listing


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of a table; `y` is a column for one target, a frame for several."""

    X: Any
    y: Any
    targets: tuple[str, ...]
    weights: np.ndarray | None = None
    groups: np.ndarray | None = None

    def __len__(self) -> int:
        return self.X.height

    def take(self, rows: np.ndarray) -> Rows:
        """Return these rows, in this order."""
        return replace(
            self,
            X=self.X[rows],
            y=self.y[rows],
            weights=None if self.weights is None else self.weights[rows],
            groups=None if self.groups is None else self.groups[rows],
        )


def divide(
    frame: Any,
    targets: Sequence[str],
    *,
    weight: str | None = None,
    groups: str | None = None,
    inputs: dict[str, Sequence[str]] | None = None,
) -> Rows:
    """Return the columns of a frame by their part.

    Parameters
    ----------
    frame : polars.DataFrame
        The table.
    targets : sequence of str
        Columns to predict.
    weight, groups : str, optional
        Columns that are no inputs either.
    inputs : dict, optional
        Options with the names of inputs that they hold.

    Raises
    ------
    DataError
        If a column is not there, or holds what its part does not allow.
    OptionError
        If a column has two parts.
    """
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
    return Rows(
        X,
        frame[targets[0]] if len(targets) == 1 else _targets(frame, targets),
        tuple(targets),
        None if weight is None else _weights(frame[weight], weight),
        None if groups is None else read_target(frame[groups], groups, role="column of groups"),
    )


def _targets(frame: Any, targets: Sequence[str]) -> Any:
    """Return target columns, yes/no among them as 1 and 0, after a look for gaps."""
    import polars as pl

    for name in targets:
        read_target(frame[name], name)
    return frame.select(targets).with_columns(pl.col(pl.Boolean).cast(pl.Int8))


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
