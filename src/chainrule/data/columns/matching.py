"""Which column of a new table is which of the training table: by name, or else by position.

Both tables with names: by name, in any order, and more columns are ignored. scikit-learn also
refuses another order, where columns go by position; here the order does not matter.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable

from chainrule.data.columns.frames import Columns
from chainrule.data.columns.schema import Column, Schema
from chainrule.errors import DataError, FeatureNamesWarning, ShapeError
from chainrule.wording import count, did_you_mean, listing

MOST_NAMES = 5


def match_columns(
    schema: Schema, named: bool, columns: Columns, who: str
) -> list[tuple[Column, str]]:
    """Return the columns in use, each with its name in the new table.

    Parameters
    ----------
    schema : Schema
        The columns of the training table.
    named : bool
        Whether the training table had names.
    columns : Columns
        The new table.
    who : str
        Who was trained, for the messages.

    Raises
    ------
    DataError
        If a column is missing.
    ShapeError
        If the tables go by position and have not the same number of columns.
    """
    used = schema.used
    if named and columns.named:
        there = set(columns.names)
        missing = [column.name for column in used if column.name not in there]
        if missing:
            known = {column.name for column in schema.columns}
            raise _lacking(who, missing, [n for n in columns.names if n not in known])
        return [(column, column.name) for column in used]
    n_columns = len(schema.columns)
    if len(columns.names) != n_columns:
        raise ShapeError(
            f"X has {len(columns.names)} features, but {who} is expecting {n_columns} features as "
            "input. Give the columns of the training table, in their order."
        )
    by_place = zip(schema.columns, columns.names, strict=True)
    in_use = {column.name for column in used}
    return [(column, name) for column, name in by_place if column.name in in_use]


def warn_of_names(named: bool, columns: Columns, who: str) -> None:
    """Warn where only one of the two tables has names, as scikit-learn does."""
    if named == columns.named:
        return
    text = (
        f"X has feature names, but {who} was fitted without feature names"
        if columns.named
        else f"X does not have valid feature names, but {who} was fitted with feature names"
    )
    warnings.warn(
        f"{text}. The columns were taken by position; fit and predict on frames of one kind.",
        FeatureNamesWarning,
        stacklevel=3,
    )


def _lacking(who: str, missing: list[str], unseen: list[str]) -> DataError:
    near = did_you_mean(missing[0], unseen).removeprefix("; ")
    lines = [
        f"the table lacks {count(len(missing), 'column')} that {who} was trained on: "
        f"{listing(missing)}. The feature names should match those that were passed during fit.",
        *(["Feature names unseen at fit time:", *_bullets(unseen)] if unseen else []),
        "Feature names seen at fit time, yet now missing:",
        *_bullets(missing),
        f"{near[:1].upper()}{near[1:]} Add or rename columns (any order will do).".strip(),
    ]
    return DataError("\n".join(lines))


def _bullets(names: Iterable[str]) -> list[str]:
    """Return names as scikit-learn lists them: sorted, at most five."""
    lines = [f"- {name}" for name in sorted(names)]
    return lines if len(lines) <= MOST_NAMES else [*lines[:MOST_NAMES], "- ..."]
