"""A text file as columns of text: bytes → layout → fields, a group of columns at a time.

Polars parts the fields; what it would not part as people mean it (a stray quote, a backslash, rows
of several lengths among quotes) goes through Python's own reader, which is slower.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from chainrule.data.reading.edges import LONGEST_FOOTER
from chainrule.data.reading.guessing import (
    FEWEST_LINES,
    MOST_CHARACTERS,
    MOST_LINES,
    find_layout,
)
from chainrule.data.reading.layout import Layout, csv_reader, fields_of_any_length
from chainrule.data.reading.options import Reading
from chainrule.data.reading.told import say_layout, say_long, say_short, say_twice
from chainrule.errors import DataError, OptionError
from chainrule.finding import Finding

if TYPE_CHECKING:
    import polars as pl

MOST_COLUMNS = 200_000
MOST_CELLS = 4_000_000  # of text that are held at a time
LINES_AT_ONCE = 4_000_000  # bytes of lines whose fields are counted together
_MARK = b"\x1f"  # parts fields where a run of blanks did


@dataclass(frozen=True, eq=False)
class TextTable:
    """The columns of a text file, before their cells are read.

    Attributes
    ----------
    names : list of str
        Names of the columns.
    parted : Parted
        The rows.
    findings : list of Finding
        How the file is laid out, and what was left out.
    nameless : list of str
        The columns that have no name in the file.
    named : bool
        Whether the file names its columns.
    """

    names: list[str]
    parted: Parted
    findings: list[Finding]
    nameless: list[str]
    named: bool

    def columns(
        self, names: Sequence[str], rows: np.ndarray | None = None
    ) -> Iterator[pl.DataFrame]:
        """Give these columns, or some of their `rows`, in groups; few are held at a time."""
        import polars as pl

        places = {name: place for place, name in enumerate(self.names)}
        each = max(MOST_CELLS // max(self.parted.n_rows, 1), 1)
        for start in range(0, len(names), each):
            some = names[start : start + each]
            columns = self.parted.columns([places[name] for name in some], len(self.names))
            frame = pl.DataFrame(
                [column.rename(name) for name, column in zip(some, columns, strict=True)]
            )
            yield frame if rows is None else frame[rows]


@dataclass(frozen=True, eq=False)
class Parted:
    """Rows whose fields are known: as text that polars parts again for each group of columns.

    Attributes
    ----------
    n_rows : int
        How many there are.
    body : bytes
        The rows, parted by `separator` and `quote`.
    rows : list of list of str, optional
        Their fields, where polars would part them otherwise.
    findings : list of Finding
        Which rows are left out, and which have gaps at the end.
    """

    n_rows: int
    body: bytes = b""
    separator: str = ","
    quote: str = ""
    rows: list[list[str]] | None = None
    findings: list[Finding] = field(default_factory=list)

    def columns(self, places: Sequence[int], n_columns: int) -> list[pl.Series]:
        """Return the columns at these places, of so many."""
        import polars as pl

        if self.rows is not None or not self.n_rows:
            rows = self.rows or []
            return [pl.Series([row[place] for row in rows], dtype=pl.String) for place in places]
        return pl.read_csv(
            self.body,
            separator=self.separator,
            quote_char=self.quote or None,
            has_header=False,
            infer_schema=False,
            columns=places if len(places) < n_columns else None,
            truncate_ragged_lines=True,
        ).get_columns()


def read_text(raw: bytes, given: Reading, who: str) -> TextTable:
    """Return the columns of a text in UTF-8 with `\\n` at the ends of lines.

    Raises
    ------
    DataError
        If it is empty, has too many columns, or, where the user is strict, rows of other lengths.
    """
    if not raw.strip():
        raise _empty(who)
    line = raw[: raw.find(b"\n", len(raw) - len(raw.lstrip()))]
    _refuse_width(max(map(line.count, (b",", b";", b"\t", b"|"))) + 1, who)
    head, tail = _ends(raw)
    with fields_of_any_length():
        layout = find_layout(head, tail, given)
        _refuse_separator(layout, head, tail, given, who)
        _refuse_width(layout.n_columns, who)
        parted = _part(_body(raw, head, layout), layout)
    names, twice = _names(layout)
    findings = [*say_layout(layout, given), *parted.findings, *say_twice(twice)]
    nameless = [name for name, own in zip(names, layout.names, strict=False) if not own]
    return TextTable(names, parted, findings, nameless, named=bool(layout.names))


def _refuse_width(n_columns: int, who: str) -> None:
    if n_columns > MOST_COLUMNS:
        raise DataError(
            "{}: its rows have {} fields, more than the {} columns that can be read. Give fewer "
            "columns, or turn the table round if its rows are the columns.",
            who,
            f"{n_columns:,}",
            f"{MOST_COLUMNS:,}",
        )


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


def _part(body: bytes, layout: Layout) -> Parted:
    """Find out how the rows are parted, and mend rows of other lengths."""
    n, separator, quote = layout.n_columns, layout.separator.encode(), layout.quote.encode()
    quoted = bool(quote) and quote in body
    if quoted:
        skeleton = _without_quoted(body, quote, separator)
        if quote in skeleton or separator == b" ":
            return _part_slowly(body, layout)
    else:
        if separator == b" ":
            body, separator, quote = re.sub(rb"[ \t]+", _MARK, body), _MARK, b""
        skeleton = body
    lengths, findings = _lengths(skeleton, separator), []
    blank, long = lengths == 0, lengths > n
    if n > 1 and (blank.any() or long.any()):
        if quoted:
            return _part_slowly(body, layout)
        lines = body.split(b"\n")
        over = [row for row in np.flatnonzero(long) if _overflows(lines[row], separator, n)]
        keep = ~blank
        keep[over] = False
        places = np.flatnonzero(np.isin(np.flatnonzero(~blank), over))
        findings += say_long(places, lengths[over], n)
        body = b"\n".join(line for line, kept in zip(lines, keep, strict=True) if kept)
        lengths = lengths[keep]
    findings += say_short(lengths, n)
    if len(lengths) and lengths[0] < n:  # polars takes the number of columns from the first row
        body = body.replace(b"\n", separator * int(n - lengths[0]) + b"\n", 1)
    n_rows = len(lengths) if body else 0
    return Parted(n_rows, body, separator.decode(), quote.decode(), findings=findings)


def _without_quoted(body: bytes, quote: bytes, separator: bytes) -> bytes:
    """Return the text without its quoted fields; a quote that is left is a stray one."""
    q, s = re.escape(quote), re.escape(separator)
    field_ = rb"(?:(?<=[" + s + rb"\n])|\A)" + q + rb"(?:[^" + q + rb"]|" + q + q + rb")*"
    return re.sub(field_ + q + rb"(?=[" + s + rb"\n]|\Z)", b"x", body)


def _lengths(skeleton: bytes, separator: bytes) -> np.ndarray:
    """Return how many fields every line has; 0 for a blank one."""
    lengths, start = [np.zeros(0, dtype=np.int64)], 0
    while skeleton and start <= len(skeleton):
        end = skeleton.find(b"\n", start + LINES_AT_ONCE)
        end = len(skeleton) if end < 0 else end
        lengths.append(_lengths_of(skeleton[start:end], separator))
        start = end + 1
    return np.concatenate(lengths)


def _lengths_of(lines: bytes, separator: bytes) -> np.ndarray:
    codes = np.frombuffer(lines + b"\n", dtype=np.uint8)
    ends = np.flatnonzero(codes == ord("\n"))
    starts = np.concatenate([[0], ends[:-1] + 1])
    n = np.add.reduceat((codes == separator[0]).view(np.uint8), starts, dtype=np.int64) + 1
    return np.where(starts == ends, 0, n)


def _overflows(line: bytes, separator: bytes, n: int) -> bool:
    return any(cell.strip() for cell in line.split(separator)[n:])


def _part_slowly(body: bytes, layout: Layout) -> Parted:
    """Part the fields by Python's reader, which knows stray quotes and blanks before quotes."""
    n, lines = layout.n_columns, body.decode(errors="replace").split("\n")
    best: list[list[str]] = []
    most = -1
    for quote in dict.fromkeys([layout.quote, ""]):
        candidate = replace(layout, quote=quote, escapes=False)
        rows = [row for row in csv_reader(lines, candidate) if len(row) > 1 or any(row)]
        fits = sum(len(row) == n for row in rows)
        if fits > most:
            best, most = rows, fits
        if fits == len(rows):
            break
    lengths = np.array([len(row) for row in best])
    long = [place for place, row in enumerate(best) if any(cell.strip() for cell in row[n:])]
    findings = say_long(np.array(long, dtype=int), lengths[long], n)
    out = set(long)
    kept = [row for place, row in enumerate(best) if place not in out]
    findings += say_short(np.array([len(row) for row in kept]), n)
    rows = [(row + [""] * (n - len(row)))[:n] for row in kept]
    return Parted(len(kept), rows=rows, findings=findings)


def _names(layout: Layout) -> tuple[list[str], list[str]]:
    """Return a name for every column, each once, or x0, x1 and so on; and which are numbered."""
    n = layout.n_columns
    if not layout.names:
        return [f"x{place}" for place in range(n)], []
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
    return out, twice
