"""A text file as columns of text: bytes → layout → fields, a group of columns at a time.

Polars parts the fields; what it would not part as people mean it (a stray quote, a backslash, rows
of several lengths among quotes) goes through Python's own reader, which is slower.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from chainrule.data.reading.layout import (
    FEWEST_LINES,
    LONGEST_FOOTER,
    MOST_CHARACTERS,
    MOST_LINES,
    Layout,
    csv_reader,
    find_layout,
)
from chainrule.data.reading.options import Reading
from chainrule.data.reading.told import say_layout, say_long, say_short, say_twice
from chainrule.errors import DataError, OptionError
from chainrule.finding import Finding

if TYPE_CHECKING:
    import polars as pl

MOST_COLUMNS = 200_000
MOST_CELLS = 8_000_000  # of text that are held at a time
_MARK = "\x1f"  # parts fields where a run of blanks did


@dataclass(eq=False)
class TextTable:
    """The columns of a text file, before their cells are read.

    Attributes
    ----------
    names : list of str
        Names of the columns.
    n_rows : int
        Rows at most: blank ones are none.
    findings : list of Finding
        How the file is laid out, and what was left out.
    """

    names: list[str]
    n_rows: int
    findings: list[Finding] = field(default_factory=list)
    _raw: bytes = b""
    _layout: Layout = field(default_factory=lambda: Layout(","))
    _rows: list[list[str]] | None = None

    def columns(self, names: Sequence[str]) -> Iterator[pl.Series]:
        """Give these columns, one after another; not many of them are held at a time."""
        each = max(MOST_CELLS // max(self.n_rows, 1), 1)
        for start in range(0, len(names), each):
            yield from self._group(names[start : start + each])

    def _group(self, names: Sequence[str]) -> Iterator[pl.Series]:
        import polars as pl

        places = [self._places[name] for name in names]
        if self._rows is not None or not self.n_rows:
            rows = self._rows or []
            for place, name in zip(places, names, strict=True):
                yield pl.Series(name, [row[place] for row in rows], dtype=pl.String)
            return
        frame = pl.read_csv(
            self._raw,
            separator=self._layout.separator,
            quote_char=self._layout.quote or None,
            has_header=False,
            infer_schema=False,
            columns=places if len(names) < len(self.names) else None,
            truncate_ragged_lines=True,
        )
        for name, column in zip(names, frame.get_columns(), strict=True):
            yield column.rename(name)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.names)}

    @property
    def named(self) -> bool:
        """Whether the file names its columns."""
        return bool(self._layout.names)

    @property
    def nameless(self) -> list[str]:
        """The columns that have no name in the file."""
        given = self._layout.names
        return [name for name, own in zip(self.names, given, strict=False) if not own]


def read_text(raw: bytes, given: Reading, who: str) -> TextTable:
    """Return the columns of a text in UTF-8 with `\\n` at the ends of lines.

    Raises
    ------
    DataError
        If it is empty, has too many columns, or, where the user is strict, rows of other lengths.
    """
    if not raw.strip():
        raise _empty(who)
    head, tail = _ends(raw)
    layout = find_layout(head, tail, given)
    _refuse_separator(layout, head, tail, given, who)
    body = _body(raw, head, layout)
    n_columns = layout.n_columns
    if n_columns > MOST_COLUMNS:
        raise DataError(
            "{}: its rows have {} fields, more than the {} columns that can be read. Give fewer "
            "columns, or turn the table round if its rows are the columns.",
            who,
            f"{n_columns:,}",
            f"{MOST_COLUMNS:,}",
        )
    table = TextTable([], 0, say_layout(layout, given), body, layout)
    _part(table, who)
    table.names = _names(layout, table)
    return table


def _refuse_separator(
    layout: Layout, head: list[str], tail: list[str], given: Reading, who: str
) -> None:
    """Raise an OptionError if the separator that is asked for parts nothing, but another does."""
    if given.separator is None or layout.n_columns > 1:
        return
    other = find_layout(head, tail, replace(given, separator=None))
    if other.n_columns > 1:
        right = {"\t": "tab", " ": "blank"}.get(other.separator, other.separator)
        raise OptionError(
            '{}: every row is one field with {separator}, and {} with "{}". Say that one, or leave '
            "it out: it is found by itself.",
            who,
            other.n_columns,
            right,
            separator=given.separator,
        )


def _empty(who: str) -> DataError:
    return DataError(
        "{}: the file is empty. A table needs a row of column names and rows of data.", who
    )


def _ends(raw: bytes) -> tuple[list[str], list[str]]:
    """Return the first lines, and the last ones if there are more."""
    end, n, size = 0, 0, len(raw)
    while end < size and (n < FEWEST_LINES or (n < MOST_LINES and end < MOST_CHARACTERS)):
        found = raw.find(b"\n", end)
        end, n = (size, n + 1) if found < 0 else (found + 1, n + 1)
    head = raw[:end].decode(errors="replace").removesuffix("\n").split("\n")
    start, stripped = len(raw.rstrip()), len(raw.rstrip())
    for _ in range(LONGEST_FOOTER + 1):
        start = raw.rfind(b"\n", 0, start)
        if start < end:
            break
    tail = raw[max(start + 1, end) : stripped].decode(errors="replace")
    return head, tail.split("\n") if tail else []


def _body(raw: bytes, head: list[str], layout: Layout) -> bytes:
    """Return the rows of values alone."""
    start = 0
    for _ in range(min(layout.first_line, len(head))):
        start = raw.find(b"\n", start) + 1 or len(raw)
    end = len(raw.rstrip(b"\n "))
    for _ in range(layout.end_lines):
        end = max(raw.rfind(b"\n", 0, end), start)
    body = raw[start:end].rstrip(b"\n")
    if layout.comment:
        mark = re.escape(layout.comment.encode())
        body = re.sub(rb"(?m)^" + mark + rb".*\n?", b"", body).rstrip(b"\n")
    if layout.escapes:
        quote = layout.quote.encode()
        body = body.replace(b"\\" + quote, quote * 2)
    if layout.separator == " ":
        body = re.sub(rb"(?m)^[ \t]+|[ \t]+$", b"", body)
    return body


def _part(table: TextTable, who: str) -> None:
    """Find out how the rows are parted, and mend rows of other lengths."""
    layout, body = table._layout, table._raw
    del who
    quote = layout.quote.encode()
    if layout.separator == " " and (not quote or quote not in body):
        body = re.sub(rb"[ \t]+", _MARK.encode(), body)
        layout = Layout(_MARK, "", n_columns=layout.n_columns)
    skeleton = body
    if quote and quote in body:
        skeleton = _without_quoted(body, quote, layout.separator.encode())
        if quote in skeleton or layout.separator == " ":
            _part_slowly(table)
            return
    lengths = _lengths(skeleton, layout.separator.encode())
    blank, n = lengths == 0, layout.n_columns
    if n > 1 and (blank.any() or (lengths > n).any()):
        if skeleton is not body:
            _part_slowly(table)
            return
        lines = body.split(b"\n")
        long = lengths > n
        over = [row for row in np.flatnonzero(long) if _overflows(lines[row], layout)]
        keep = ~blank
        keep[over] = False
        table.findings += say_long(
            np.flatnonzero(np.isin(np.flatnonzero(~blank), over)), lengths[over], n
        )
        body = b"\n".join(line for line, kept in zip(lines, keep, strict=True) if kept)
        lengths = lengths[keep]
    table.findings += say_short(lengths, n)
    if len(lengths) and lengths[0] < n:  # polars takes the number of columns from the first row
        body = body.replace(b"\n", layout.separator.encode() * int(n - lengths[0]) + b"\n", 1)
    table._raw, table._layout, table.n_rows = body, layout, len(lengths) if body else 0


def _without_quoted(body: bytes, quote: bytes, separator: bytes) -> bytes:
    """Return the text without its quoted fields; a quote that is left is a stray one."""
    q, s = re.escape(quote), re.escape(separator)
    field_ = rb"(?:(?<=[" + s + rb"\n])|\A)" + q + rb"(?:[^" + q + rb"]|" + q + q + rb")*"
    return re.sub(field_ + q + rb"(?=[" + s + rb"\n]|\Z)", b"x", body)


def _lengths(skeleton: bytes, separator: bytes) -> np.ndarray:
    """Return how many fields every line has; 0 for a blank one."""
    if not skeleton:
        return np.zeros(0, dtype=np.int64)
    codes = np.frombuffer(skeleton + b"\n", dtype=np.uint8)
    ends = np.flatnonzero(codes == ord("\n"))
    starts = np.concatenate([[0], ends[:-1] + 1])
    n = np.add.reduceat((codes == separator[0]).view(np.uint8), starts, dtype=np.int64) + 1
    return np.where(starts == ends, 0, n)


def _overflows(line: bytes, layout: Layout) -> bool:
    fields = line.decode(errors="replace").split(layout.separator)
    return any(cell.strip() for cell in fields[layout.n_columns :])


def _part_slowly(table: TextTable) -> None:
    """Part the fields by Python's reader, which knows stray quotes and blanks before quotes."""
    layout, n = table._layout, table._layout.n_columns
    text = table._raw.decode(errors="replace")
    candidates = [layout]
    if layout.quote:
        candidates.append(Layout(layout.separator, "", n_columns=n))
    best: list[list[str]] = []
    most = -1
    with _wide_fields():
        for candidate in candidates:
            lines = text.split("\n")
            if candidate.separator == " ":
                lines = [" ".join(line.split()) for line in lines]
            rows = [row for row in csv_reader(lines, candidate) if len(row) > 1 or any(row)]
            fits = sum(len(row) == n for row in rows)
            if fits > most:
                best, most = rows, fits
            if fits == len(rows):
                break
    lengths = np.array([len(row) for row in best])
    long = [place for place, row in enumerate(best) if any(cell.strip() for cell in row[n:])]
    table.findings += say_long(np.array(long, dtype=int), lengths[long], n)
    out = set(long)
    kept = [row for place, row in enumerate(best) if place not in out]
    table.findings += say_short(np.array([len(row) for row in kept]), n)
    table._rows = [(row + [""] * (n - len(row)))[:n] for row in kept]
    table._raw, table.n_rows = b"", len(kept)


@contextmanager
def _wide_fields() -> Iterator[None]:
    """Let Python's reader take fields of any length, and leave its limit as it was."""
    before = csv.field_size_limit(2**31 - 1)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _names(layout: Layout, table: TextTable) -> list[str]:
    """Return a name for every column: those of the file, each once, or x0, x1 and so on."""
    n = layout.n_columns
    if not layout.names:
        return [f"x{place}" for place in range(n)]
    names = [*layout.names, *[""] * (n - len(layout.names))][:n]
    named = [name or f"column_{place}" for place, name in enumerate(names, start=1)]
    used: dict[str, int] = {}
    taken, out, twice = set(named), [], []
    for name in named:
        used[name] = used.get(name, 0) + 1
        new = name
        while used[name] > 1 and new in taken:
            new = f"{name}_{used[name]}"
            used[name] += new in taken
        if new != name:
            taken.add(new)
            twice.append(new)
        out.append(new)
    if twice:
        table.findings.append(say_twice(twice))
    return out
