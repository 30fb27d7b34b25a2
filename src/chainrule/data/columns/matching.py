"""Which column of a new table is which of the training table: by name, or else by position.

Both tables with names: by name, in any order, and more columns are ignored. A name that is the
same but for capitals, accents, blanks, hyphens and underscores will do, and it is said.
scikit-learn also refuses another order, where columns go by position; here order does not matter.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence

from chainrule.advice import Either
from chainrule.data.columns.frames import Columns
from chainrule.data.columns.schema import Column, Schema
from chainrule.errors import DataError, FeatureNamesWarning, ShapeError
from chainrule.wording import count, did_you_mean, listing, plain

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
        known = [column.name for column in schema.columns]
        found = match_names([column.name for column in used], known, columns.names)
        missing = [column.name for column in used if column.name not in found]
        if missing:
            taken = {*known, *found.values()}
            raise _lacking(who, missing, [n for n in columns.names if n not in taken])
        return [(column, found[column.name]) for column in used]
    n_columns = len(schema.columns)
    if len(columns.names) != n_columns:
        expected = f"is expecting {n_columns} features as input."
        raise ShapeError(
            "{} Give the columns of the training table, in their order.",
            Either(
                f"X has {len(columns.names)} features, but {who} {expected}",
                f"the table has {len(columns.names)} features, but the run {expected}",
            ),
        )
    by_place = zip(schema.columns, columns.names, strict=True)
    in_use = {column.name for column in used}
    return [(column, name) for column, name in by_place if column.name in in_use]


def match_names(
    wanted: Sequence[str], known: Sequence[str], there: Sequence[str]
) -> dict[str, str]:
    """Return which of the names that are there is each wanted one; those not found are left out.

    Parameters
    ----------
    wanted : sequence of str
        Names to be found.
    known : sequence of str
        All names of the training table.
    there : sequence of str
        Names of the new table.  The same name is taken, else the only one that is the same but for
        capitals, accents, blanks, hyphens and underscores, if no other one of `known` is.
    """
    names = set(there)
    found = {name: name for name in wanted if name in names}
    if len(found) == len(wanted):
        return found
    here, before = _by_plain_name(there), _by_plain_name(known)
    for name in wanted:
        alike = here.get(plain(name), [])
        if name not in found and len(alike) == 1 and before.get(plain(name)) in (None, [name]):
            found[name] = alike[0]
    return found


def taken_for(pairs: Iterable[tuple[str, str]]) -> str:
    """Return in words which columns (second) were taken for others (first); "" if none were."""
    other = [f'"{there}" for "{name}"' for name, there in pairs if name != there]
    return f"columns taken by another spelling: {listing(other, MOST_NAMES)}" if other else ""


def _by_plain_name(names: Sequence[str]) -> dict[str, list[str]]:
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(plain(name), []).append(name)
    return alike


def warn_of_names(
    named: bool, columns: Columns, pairs: Sequence[tuple[Column, str]], who: str
) -> None:
    """Warn where only one of the tables has names, as scikit-learn does, or names have changed."""
    if named and columns.named:
        text = taken_for((column.name, name) for column, name in pairs)
        text = text and f"{who}: {text}. Give them the names of the fit, and nothing is guessed."
    elif named == columns.named:
        text = ""
    else:
        which = (
            f"X has feature names, but {who} was fitted without feature names"
            if columns.named
            else f"X does not have valid feature names, but {who} was fitted with feature names"
        )
        text = (
            f"{which}. The columns were taken by position; fit and predict on frames of one kind."
        )
    if text:
        warnings.warn(text, FeatureNamesWarning, stacklevel=3)


def _lacking(who: str, missing: list[str], unseen: list[str]) -> DataError:
    near = did_you_mean(missing[0], unseen)
    alike = _by_plain_name(unseen).get(plain(missing[0]), [])
    if len(alike) > 1:
        either = " or ".join(f'"{name}"' for name in alike)
        near = f'; "{missing[0]}" could be {either}.'
    said = near.removeprefix("; ")
    lack, remedy = f"lacks {count(len(missing), 'column')}", "Add or rename columns"
    lines = [
        f"the table {lack} that {who} was trained on: {listing(missing)}. The feature names should "
        "match those that were passed during fit.",
        *(["Feature names unseen at fit time:", *_bullets(unseen)] if unseen else []),
        "Feature names seen at fit time, yet now missing:",
        *_bullets(missing),
        f"{said[:1].upper()}{said[1:]} {remedy} (any order will do).".strip(),
    ]
    there = f" It has {listing(unseen)}, which the run does not know." if unseen else ""
    shell = f"the table {lack} of the run: {listing(missing)}{near or '.'}{there} {remedy}."
    return DataError("{}", Either("\n".join(lines), shell))


def _bullets(names: Iterable[str]) -> list[str]:
    """Return names as scikit-learn lists them: sorted, at most five."""
    lines = [f"- {name}" for name in sorted(names)]
    return lines if len(lines) <= MOST_NAMES else [*lines[:MOST_NAMES], "- ..."]
