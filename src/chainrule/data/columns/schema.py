"""What every column of a table is: number, category, or left out; inferred, said, overridable."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec
import numpy as np

from chainrule.data.columns.frames import as_columns
from chainrule.data.columns.scaling import Moments, all_missing, measure
from chainrule.data.columns.values import Values
from chainrule.data.weights import read_weights
from chainrule.errors import DataError, OptionError
from chainrule.wording import as_option, count, did_you_mean, listing

MAX_LEVELS = 100
MIN_ROWS_FOR_AN_ID = 20
_ID_WORDS = {"id", "ids", "rowid", "index", "uuid", "guid", "key", "number"}


class Column(msgspec.Struct, frozen=True):
    """One column: what it is taken for, and why."""

    name: str
    kind: Literal["number", "category", "constant", "identifier", "dropped"]
    note: str = ""
    n_gaps: int = 0
    levels: list[str] = []

    @property
    def used(self) -> bool:
        return self.kind in ("number", "category")


class Schema(msgspec.Struct, frozen=True):
    """The columns of a table in their order."""

    columns: list[Column]
    n_rows: int

    def of_kind(self, *kinds: str) -> list[Column]:
        """Return the columns of these kinds."""
        return [column for column in self.columns if column.kind in kinds]

    def describe(self, *, scale: bool = True) -> list[str]:
        """Return lines for people: what happens to which columns."""
        lines = []
        numbers, categories = self.of_kind("number"), self.of_kind("category")
        if numbers:
            line = count(len(numbers), "number") + (
                " scaled" if scale else " in the units of the table"
            )
            gappy = [column for column in numbers if column.n_gaps]
            if gappy:
                n_gaps = count(sum(column.n_gaps for column in gappy), "gap")
                names = listing([column.name for column in gappy])
                line += f" ({n_gaps} filled and flagged: {names})"
            lines.append(line)
        if categories:
            kinds = count(len(categories), "category", "categories")
            sizes = listing([f"{column.name} {len(column.levels)}" for column in categories])
            each = "each plus" if len(categories) > 1 else "plus"
            lines.append(f"{kinds} one-hot ({sizes}, {each} 'unknown')")
        lines += [f"{column.name}: {column.note}" for column in self.columns if _worth(column)]
        out = [f"{column.name} ({column.note})" for column in self.columns if not column.used]
        if out:
            lines.append(f"left out: {listing(out)}")
        return lines


def _worth(column: Column) -> bool:
    return column.used and bool(column.note)


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
) -> Schema:
    """Decide what every column is and give the schema.

    In this order: what the user says holds. A column of one value is a constant and left out.
    Whole numbers that are all different and either count up by one (20 rows or more) or have a name
    like an ID (`id`, `index`, `key`, …), and texts that are all different (20 rows or more), look
    like an ID and are left out. Numbers, booleans, dates and text of nothing but numbers are
    numbers. Other text is a category, with its 100 most frequent levels. In an array of numbers
    every column is a number.

    Parameters
    ----------
    table : frame or array-like
        The inputs, without the target.
    category, number, drop : sequence of str
        Columns to be taken as categories, as numbers, or left out, whatever they look like. Those
        of an array are called x0, x1, ….
    weights : array-like of shape (n_rows,), optional
        Weights of rows: those of 0 are not looked at, and levels are counted by weight.

    Returns
    -------
    Schema
        One `Column` per column of the table.

    Raises
    ------
    DataError
        If a name is unknown, a column is all gaps, infinite, or mixes numbers with text, or
        no column is left.
    OptionError
        If a column is named in two of the options.
    """
    columns = as_columns(table)
    weight = None
    if weights is not None:
        weight = read_weights(weights, columns.n_rows)
        if not weight.all():
            columns, weight = columns.take(np.flatnonzero(weight)), weight[weight > 0]
    forced = _read_options(columns.names, category=category, number=number, dropped=drop)
    array = columns.numeric_array
    if array is not None and not forced:
        return schema_of_numbers(columns.names, measure(array, columns.names), columns.n_rows)
    found = [
        Column(name, "dropped", "as you asked")
        if forced.get(name) == "dropped"
        else _infer_column(columns.values(name), forced.get(name), weight)
        for name in columns.names
    ]
    if not any(column.used for column in found):
        why = listing([f"{column.name}: {column.note}" for column in found])
        first = found[0].name
        raise DataError(
            f"no column is left to learn from ({why}). Add columns that vary from row to row, or "
            f"keep one with {as_option('number', first)} or {as_option('category', first)}."
        )
    return Schema(found, columns.n_rows)


def _read_options(names: list[str], **options: Sequence[str]) -> dict[str, str]:
    forced: dict[str, str] = {}
    for kind, chosen in options.items():
        for name in (chosen,) if isinstance(chosen, str) else chosen:
            require_column(names, name)
            if forced.setdefault(name, kind) != kind:
                raise OptionError(
                    f'column "{name}" is asked for as {forced[name]} and as {kind}. Choose one.'
                )
    return forced


def schema_of_numbers(names: Sequence[str], moments: Moments, n_rows: int) -> Schema:
    """Return the schema of a plain array of numbers, where every column is a number."""
    gaps = moments.n_gaps.tolist()
    columns = [Column(name, "number", n_gaps=n) for name, n in zip(names, gaps, strict=True)]
    return Schema(columns, n_rows)


def _infer_column(values: Values, forced: str | None, weight: np.ndarray | None) -> Column:
    name = values.name
    n_gaps = int(values.gaps.sum())
    n_present = len(values.gaps) - n_gaps
    if n_present == 0:
        raise all_missing(name)
    if forced == "category":
        return _category(values, "a category, as you asked", n_gaps, weight)
    values.refuse_infinite()
    if forced == "number":
        return _number(values, "a number, as you asked")
    if _is_constant(values):
        apart = f" apart from {count(n_gaps, 'gap')}" if n_gaps else ""
        return Column(name, "constant", f"constant{apart}", n_gaps)
    if _looks_like_an_id(values, n_present):
        return Column(name, "identifier", "looks like an ID", n_gaps)
    if values.kind == "text":
        _refuse_decimal_commas(values, n_present)
        if 2 * values.n_numeric >= n_present:
            return _number(values, "text of numbers, read as numbers")
    if values.is_text and values.kind != "integer":
        return _category(values, "", n_gaps, weight)
    return _number(values, "dates as days since 1970-01-01" if values.kind == "date" else "")


def _is_constant(values: Values) -> bool:
    if values.is_text:
        return len(values.frequency) == 1
    present = values.data[~values.gaps]
    return bool((present == present[0]).all())


def _number(values: Values, note: str) -> Column:
    parsed = Values(values.name, "float", values.as_numbers())
    parsed.refuse_infinite()
    if parsed.gaps.all():
        raise all_missing(values.name)
    return Column(values.name, "number", note, int(parsed.gaps.sum()))


def _category(values: Values, note: str, n_gaps: int, weight: np.ndarray | None) -> Column:
    levels = list(values.frequency)
    if len(levels) > MAX_LEVELS:
        often = values.frequency if weight is None else _weighted_frequency(values, weight)
        rest = f"the {MAX_LEVELS} most frequent of {len(levels)} levels, the rest are 'unknown'"
        note = f"{note}; {rest}" if note else rest
        levels = heapq.nsmallest(MAX_LEVELS, levels, key=lambda level: (-often[level], level))
    return Column(values.name, "category", note, n_gaps, sorted(levels))


def _weighted_frequency(values: Values, weight: np.ndarray) -> dict[str, float]:
    often = dict.fromkeys(values.frequency, 0.0)
    for text, row_weight in zip(values.as_texts().tolist(), weight.tolist(), strict=True):
        if text is not None:
            often[text] += row_weight
    return often


def _looks_like_an_id(values: Values, n_present: int) -> bool:
    enough = n_present >= MIN_ROWS_FOR_AN_ID
    if values.kind == "integer":
        if enough and not values.is_text:
            steps = np.diff(values.data[~values.gaps])
            if (steps == 1).all() or (steps == -1).all():
                return True
        return _named_like_an_id(values.name) and len(values.frequency) == n_present
    if values.kind != "text" or not enough or len(values.frequency) < n_present:
        return False
    return 2 * values.n_numeric < n_present


def _named_like_an_id(name: str) -> bool:
    words = re.sub(r"([a-z])([A-Z])", r"\1 \2", name)
    words = re.split(r"[\W_]+", words.lower().strip())
    return words[-1] in _ID_WORDS or words[0] in {"id", "rowid", "uuid"}


def _refuse_decimal_commas(values: Values, n_present: int) -> None:
    comma = re.compile(r"\s*[-+]?\d+,\d+\s*")
    found = [text for text in values.frequency if "," in text and comma.fullmatch(text)]
    n_commas = sum(values.frequency[text] for text in found)
    if found and 2 * (n_commas + values.n_numeric) >= n_present:
        row = values.data.tolist().index(found[0])  # the texts are in order of appearance
        raise DataError(
            f'column "{values.name}" holds numbers with a decimal comma (data row {row + 1}: '
            f'"{values.data[row]}"). Write them with a decimal point, or treat the column as '
            f"categories: {as_option('category', values.name)}."
        )
