"""How the text of a table is laid out, and its records by Python's own reader."""

from __future__ import annotations

import csv
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

LONGEST_FIELD = 2**31 - 1
SEPARATORS: dict[str, str] = {
    ",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "blanks"
}  # fmt: skip


@dataclass(frozen=True)
class Layout:
    """How a text is laid out.

    Attributes
    ----------
    separator : str
        Between fields; a blank stands for a run of blanks.
    quote : str
        Around fields that hold the separator; "" for none.
    escapes : bool
        Whether a backslash stands before a quote within a field.
    comment : str
        What lines begin with that are no rows; "" for none.
    names : tuple of str
        Of the columns, as they stand; empty where the first row holds values.
    first_line, end_lines : int
        Lines before the first row of values, and after the last.
    n_columns : int
        Fields of most rows.
    skipped, footer : tuple of str
        The lines before the names, and those after the rows, that are no part of the table.
    units : tuple of str
        The cells of a second row below the names; empty if there is none.
    row_names : bool
        Whether rows begin with a field that has no name above it.
    """

    separator: str
    quote: str = '"'
    escapes: bool = False
    comment: str = ""
    names: tuple[str, ...] = ()
    first_line: int = 0
    end_lines: int = 0
    n_columns: int = 1
    skipped: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    footer: tuple[str, ...] = ()
    row_names: bool = False

    def is_blank(self, line: str) -> bool:
        """Tell whether a line is empty; one of nothing but tabs may be a row of gaps."""
        return not line.strip() and not (self.separator == "\t" and "\t" in line)

    def is_comment(self, line: str) -> bool:
        """Tell whether a line is no row."""
        return bool(self.comment) and line.startswith(self.comment)


def records(
    lines: Sequence[str], layout: Layout, start: int = 0
) -> Iterator[tuple[int, list[str]]]:
    """Give (line at which it begins, fields) of every record; comments and blank lines are none."""
    numbers: list[int] = []

    def counted() -> Iterator[str]:
        for number in range(start, len(lines)):
            if not layout.is_blank(lines[number]) and not layout.is_comment(lines[number]):
                numbers.append(number)
                yield lines[number]

    reader = csv_reader(counted(), layout)
    while True:
        n_before = len(numbers)
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            continue
        yield numbers[n_before], row


def csv_reader(lines: Iterable[str], layout: Layout) -> Iterator[list[str]]:
    """Return Python's reader of lines in a layout."""
    if layout.separator == " ":
        lines = (" ".join(line.split()) for line in lines)
    return csv.reader(
        (f"{line}\n" for line in lines),
        delimiter=layout.separator,
        quotechar=layout.quote or None,
        quoting=csv.QUOTE_MINIMAL if layout.quote else csv.QUOTE_NONE,
        escapechar="\\" if layout.escapes else None,
        skipinitialspace=layout.separator != "\t",
    )


class _Limit:
    """Python's limit of a field, which is one for all threads, while some of them read."""

    def __init__(self) -> None:
        self.lock, self.n_readers, self.before = threading.Lock(), 0, 0


_limit = _Limit()


@contextmanager
def fields_of_any_length() -> Iterator[None]:
    """Let Python's reader take fields of any length; the last thread leaves the limit as it was."""
    with _limit.lock:
        if not _limit.n_readers:
            _limit.before = csv.field_size_limit(LONGEST_FIELD)
        _limit.n_readers += 1
    try:
        yield
    finally:
        with _limit.lock:
            _limit.n_readers -= 1
            if not _limit.n_readers:
                csv.field_size_limit(_limit.before)


def fields_of(line: str, layout: Layout) -> list[str]:
    """Return the fields of one line."""
    return next(csv_reader([line], layout), [])
