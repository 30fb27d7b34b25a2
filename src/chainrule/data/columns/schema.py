"""What every column of a table is, or that it is left out; inferred, said, overridable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
import numpy as np
from msgspec.structs import replace

from chainrule.advice import Setting, Text
from chainrule.data.columns.frames import Columns, as_columns
from chainrule.data.columns.kinds import KINDS, Column, ColumnKind, kind_of
from chainrule.data.columns.kinds.identifier import only_counts
from chainrule.data.columns.kinds.number import Number
from chainrule.data.columns.scaling import Moments, measure
from chainrule.data.columns.values import Values
from chainrule.data.weights import read_weights
from chainrule.errors import DataError, OptionError
from chainrule.wording import did_you_mean, listing


class Schema(msgspec.Struct, frozen=True):
    """The columns of a table in their order."""

    columns: list[Column]
    n_rows: int

    def __post_init__(self) -> None:
        unknown = [column.kind for column in self.columns if column.kind not in KINDS]
        if unknown:
            raise ValueError(f"there is no kind of column {unknown[0]!r}")

    @property
    def used(self) -> list[Column]:
        """The columns that the network sees."""
        return [column for column in self.columns if kind_of(column).used]

    @property
    def unused(self) -> list[Column]:
        """The columns that are left out."""
        return [column for column in self.columns if not kind_of(column).used]

    def of_kind(self, name: str) -> list[Column]:
        """Return the columns of a kind."""
        return [column for column in self.columns if column.kind == name]

    def describe(self, *, scale: bool = True) -> list[str]:
        """Return lines for people: what happens to which columns."""
        lines = []
        for name, kind in KINDS.items():
            own = self.of_kind(name)
            lines += kind.described(own, scale=scale) if own else []
        lines += [f"{column.name}: {column.note}" for column in self.used if column.note]
        out = [f"{column.name} ({column.note})" for column in self.unused]
        return [*lines, f"left out: {listing(out)}"] if out else lines


def require_column(names: Iterable[str], wanted: str, what: str = "column") -> str:
    """Give the wanted name back if it is there.

    Raises
    ------
    DataError
        If it is not; with the nearest name.
    """
    names = list(names)
    if wanted in names:
        return wanted
    hint = did_you_mean(wanted, names) or "."
    raise DataError(f'no {what} "{wanted}"{hint} The columns are: {listing(names, 20)}.')


def infer_schema(
    table: object,
    *,
    category: Sequence[str] = (),
    number: Sequence[str] = (),
    drop: Sequence[str] = (),
    weights: object = None,
    may_be_unused: bool = False,
) -> Schema:
    """Decide what every column is and give the schema.

    In this order: what the user says holds. A column of one value, or none, is left out.
    Whole numbers that are all different and either count up by one (20 rows or more) or have a name
    like an ID (`id`, `index`, `key`, …), and texts that are all different (20 rows or more), look
    like an ID and are left out; those that count are numbers if nothing else is left. Numbers,
    booleans and text of nothing but numbers are numbers. Dates are dates, times of day are clocks.
    Other text is a category, with its 100 most frequent levels. In an array of numbers every column
    is a number.

    Parameters
    ----------
    table : frame or array-like
        The inputs, without the target.
    category, number, drop : sequence of str
        Columns to be taken as categories, as numbers, or left out, whatever they look like. Those
        of an array are called x0, x1, ….
    weights : array-like of shape (n_rows,), optional
        Weights of rows: those of 0 are not looked at, and levels are counted by weight.
    may_be_unused : bool, default=False
        Give the schema of a table of which no column can be used, too.

    Returns
    -------
    Schema
        One `Column` per column of the table.

    Raises
    ------
    DataError
        If a name is unknown, a column is infinite, or no column is left.
    OptionError
        If a column is named in two of the options.
    """
    columns = as_columns(table)
    weight = None
    if weights is not None:
        weight = read_weights(weights, columns.n_rows)
        if not weight.all():
            columns, weight = columns.take(np.flatnonzero(weight)), weight[weight > 0]
    asked = _read_options(columns.names, category=category, number=number, drop=drop)
    array = columns.numeric_array
    if array is not None and not asked:
        return schema_of_numbers(columns.names, measure(array, columns.names), columns.n_rows)
    found = [
        asked[name].as_asked(columns, name, weight)
        if name in asked
        else _recognised(columns.values(name), weight)
        for name in columns.names
    ]
    schema = Schema(found, columns.n_rows)
    if not schema.used:
        schema = Schema([_kept(columns, column, asked, weight) for column in found], schema.n_rows)
    if not schema.used and not may_be_unused:
        raise DataError("{}", say_unused(schema, columns))
    return schema


def say_unused(schema: Schema, columns: Columns) -> Text:
    """Return that no column of a table can be used, and why."""
    why = listing([f"{column.name}: {column.note}" for column in schema.columns])
    kept = [column.name for column in schema.columns if kind_of(column).option != "drop"]
    if not kept:
        return Text("no column is left to learn from ({}). Name fewer to {drop}.", why, drop=...)
    as_what = "category" if columns.values(kept[0]).is_text else "number"
    return Text(
        "no column is left to learn from ({}). Add columns that vary from row to row, or keep one "
        "with `{}`.",
        why,
        Setting(as_what, kept[:1]),
    )


def _kept(
    columns: Columns, column: Column, asked: Mapping[str, ColumnKind], weight: np.ndarray | None
) -> Column:
    """Return a column that was left out; as a number if it only counts, as time or a dose does."""
    values = columns.values(column.name)
    if column.name in asked or not kind_of(column).of_whole_table or not only_counts(values):
        return column
    kept = KINDS[Number.name].as_asked(columns, column.name, weight)
    return replace(kept, note="counts the rows; kept, since no other column can be used")


def _read_options(names: list[str], **options: Sequence[str]) -> dict[str, ColumnKind]:
    """Return the kind that is asked for, by the names of columns."""
    asked: dict[str, ColumnKind] = {}
    known = set(names)
    for option, chosen in options.items():
        kind = next(kind for kind in KINDS.values() if kind.option == option)
        for name in (chosen,) if isinstance(chosen, str) else chosen:
            if name not in known:
                require_column(names, name)
            if asked.setdefault(name, kind) is not kind:
                raise OptionError(
                    f'column "{name}" is asked for as {asked[name].name} and as {kind.name}. '
                    "Choose one."
                )
    return asked


def schema_of_numbers(names: Sequence[str], moments: Moments, n_rows: int) -> Schema:
    """Return the schema of a plain array of numbers, where every column is a number."""
    gaps = moments.n_gaps.tolist()
    columns = [Column(name, Number.name, n_gaps=n) for name, n in zip(names, gaps, strict=True)]
    return Schema(columns, n_rows)


def _recognised(values: Values, weight: np.ndarray | None) -> Column:
    values.refuse_infinite()
    tried = (kind.recognised(values, weight) for kind in KINDS.values())
    return next(column for column in tried if column is not None)
