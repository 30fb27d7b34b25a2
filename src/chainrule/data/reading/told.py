"""What is said of how a text file is laid out: a sentence each, with the option that decides it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from chainrule.advice import Text
from chainrule.data.reading.layout import SEPARATORS, Layout
from chainrule.data.reading.options import Reading
from chainrule.data.spelling.column import MOST_CELLS
from chainrule.finding import Finding
from chainrule.wording import count, listing

if TYPE_CHECKING:
    import polars as pl

MOST_ROWS = 100  # that a finding names
LONGEST_CELL = 1_000_000  # bytes
LONGEST_SHOWN = 20  # letters of a cell that is too long


def say_layout(layout: Layout, given: Reading) -> list[Finding]:
    """Return what was found of a layout that is no matter of course, and that nobody asked for."""
    return [
        Finding("reading", "note", evidence, remedy=remedy)
        for evidence, remedy in _of_layout(layout, given)
    ]


def _of_layout(layout: Layout, given: Reading) -> Iterator[tuple[str, Text]]:
    if given.separator is None and layout.separator not in (",", "\t"):
        words = f"Its fields are parted by {_plural(layout.separator)}."
        yield words, Text("Otherwise: `{separator}`.", separator=...)
    if given.quote is None and layout.quote == "'":
        yield "Its quotes are single ones.", Text("Otherwise: `{quote}`.", quote="double")
    if given.comment is None and layout.comment:
        words = f'Lines that begin with "{layout.comment}" are comments.'
        yield words, Text("If they are rows: `{comment}`.", comment="")
    if layout.skipped:
        words = f"{_lines(layout.skipped)} before the table {_skipped(layout.skipped)}."
        yield words, Text("Otherwise: `{skip_rows}`.", skip_rows=0)
    if given.header is None and not layout.names:
        last = f" to x{layout.n_columns - 1}" if layout.n_columns > 1 else ""
        words = f"Its first row holds values, so the columns are called x0{last}."
        yield words, Text("If it holds names: `{header}`.", header=True)
    if layout.units:
        shown = ", ".join(unit for unit in layout.units if unit)
        words = f"The row below the names is no row of values ({_short(shown)})."
        yield words, Text("If it is one: `{header}`.", header=True)
    if layout.row_names:
        words = 'Rows have one field more than there are names: the first column is called "row".'
        yield words, Text("For another name, add it to the first row.")
    if given.skip_footer is None and layout.footer:
        words = f"{_lines(layout.footer)} behind the rows {_skipped(layout.footer)}."
        yield words, Text("Otherwise: `{skip_footer}`.", skip_footer=0)


def say_long(rows: np.ndarray, lengths: np.ndarray, n: int) -> list[Finding]:
    """Return that these rows are left out, since they have more than `n` fields."""
    evidence = (
        f"{count(len(rows), 'row')} with more than {count(n, 'field')} {_is(len(rows))} left out "
        f"(data row {_places(rows)}: {lengths[:1].sum()} fields)."
    )
    remedy = Text(
        "Put fields that hold the separator in quotes. To refuse: `{strict}`.", strict=True
    )
    return _look(evidence, remedy, rows)


def say_short(lengths: np.ndarray, n: int) -> list[Finding]:
    """Return that the rows with fewer than `n` fields have gaps at the end."""
    rows = np.flatnonzero(lengths < n)
    evidence = (
        f"{count(len(rows), 'row')} with fewer than {count(n, 'field')} "
        f"{'has' if len(rows) == 1 else 'have'} gaps at the end (data row {_places(rows)})."
    )
    return _look(evidence, Text("To refuse: `{strict}`.", strict=True), rows)


def say_twice(names: Sequence[str]) -> list[Finding]:
    """Return that these names were given to columns whose names come again."""
    if not names:
        return []
    words = f"Names that come again are numbered: {listing(names)}."
    remedy = Text("For other names, change the first row.")
    return [Finding("reading", "note", words, remedy=remedy, columns=tuple(names))]


def _look(evidence: str, remedy: Text, rows: np.ndarray) -> list[Finding]:
    if not len(rows):
        return []
    places = tuple(rows[:MOST_ROWS].tolist())
    return [Finding("reading", "look", evidence, remedy=remedy, rows=places)]


def _places(rows: np.ndarray) -> str:
    return listing([str(row + 1) for row in rows.tolist()], 3)


def _plural(separator: str) -> str:
    name = SEPARATORS.get(separator, f'"{separator}"')
    return name if name.endswith("s") else f"{name}s"


def _is(n: int) -> str:
    return "is" if n == 1 else "are"


def _lines(lines: Sequence[str]) -> str:
    return count(len(lines), "line")


def _skipped(lines: Sequence[str]) -> str:
    return f'{_is(len(lines))} skipped ("{_short(lines[0])}"{", …" if len(lines) > 1 else ""})'


def _short(text: str, most: int = 40) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[: most - 1]}…"


def say_sample(n: int, n_rows: int) -> Finding:
    """Return that so many of all rows were drawn."""
    remedy = Text("All of them without {sample}.", sample=...)
    return Finding("reading", "note", f"{n:,} of {n_rows:,} rows, drawn at random.", remedy=remedy)


def say_infinite(column: pl.Series) -> Finding:
    """Return where a column is infinite."""
    rows = column.is_infinite().arg_true()
    return _of_cells(column, rows, count(len(rows), "infinite number"), "")


def say_long_cells(column: pl.Series, rows: pl.Series) -> Finding:
    """Return in which rows the cells are too long for anything."""
    cells = f"{count(len(rows), 'cell')} of more than {LONGEST_CELL:,} letters"
    return _of_cells(column, rows, cells, "…")


def _of_cells(column: pl.Series, rows: pl.Series, what: str, behind: str) -> Finding:
    first = rows[:MOST_CELLS]
    cells = (str(cell) for cell in column.gather(first))
    return Finding(
        "reading",
        "look",
        f'"{column.name}": {what} (first in data row {rows[0] + 1}): gaps.',
        remedy=Text("Leave the column out: `{drop}`.", drop=[column.name]),
        rows=tuple(first.to_list()),
        columns=(column.name,),
        cells=tuple(cell[:LONGEST_SHOWN] + behind for cell in cells),
    )
