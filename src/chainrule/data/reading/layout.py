"""How the text of a table is laid out: separator, quotes, where names and rows begin and end.

It is found by the first lines and the last ones: the separator that gives rows of one length and
cells that look like cells, a first row that is no row of values, units below it, notes around.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from chainrule.data.reading.options import Reading
from chainrule.data.spelling.gaps import AMONG_NUMBERS

SEPARATORS: dict[str, str] = {
    ",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "blanks"
}  # fmt: skip
MOST_LINES, MOST_CHARACTERS, FEWEST_LINES = 300, 200_000, 12
LONGEST_FOOTER = MOST_OF_HEAD = 12
SURE = 0.6  # likeness of a table that is one
_SEP_LINE = re.compile(r'^"?sep=(.)"?;*$', re.IGNORECASE)
_VALUE = re.compile(
    r"[-+(\u2212]?\s*(?:[$€£¥]|[A-Z]{3})?\s*[-+]?[.,]?\d(?:[\d.,:/'’-]|[ \u00a0\u202f](?=\d{3}))*"
    r"(?:[eE][-+]?\d+|T[\d:.]+)?\s*(?:Z|[AaPp]\.?[Mm]\.?|[%‰°$€£]|[^\W\d_]{1,4})?\)?"
)
_NAMED_DATE = re.compile(
    r"(?:[a-z]{3,9},? )?(?:\d{1,4}[-./ ]*)?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
    r"[a-z]{0,6}[-./, ]*\d{1,4}(?:st|nd|rd|th)?(?:[-,/. ]+\d{1,4})?(?:[ t:]+\d.*)?",
    re.IGNORECASE,
)
_SUMMARY = re.compile(
    r"(?:grand |sub)?(?:total|sum|average|mean|median|count|source|sources|notes?|footnote|"
    r"generated|exported|created|copyright|end of|legend|\*+|n\s*=)\b",
    re.IGNORECASE,
)


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
    said : tuple of str
        What was found that is no matter of course: names of options.
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


def find_layout(head: Sequence[str], tail: Sequence[str], given: Reading) -> Layout:
    """Return how a text is laid out.

    Parameters
    ----------
    head, tail : sequence of str
        Its first lines, and its last ones (none that is in `head`; else empty).
    given : Reading
        What the user says.
    """
    lines = list(head)
    start = given.skip_rows or 0
    separator = given.separator
    said = _SEP_LINE.match(lines[start]) if given.skip_rows is None and lines else None
    if said:
        separator, start = separator or said[1], start + 1
    comment = _comment(lines[start:]) if given.comment is None else given.comment
    layout = _fields(_without_comments(lines[start:], comment), separator, given)
    layout = replace(layout, comment=comment)
    everything = list(records(lines, layout, start))
    rows = [row for row in everything if any(cell.strip() for cell in row[1])]
    if not rows:
        return layout
    width = _usual_length([row for _, row in rows])
    layout = replace(layout, n_columns=width)
    starts = [line for line, _ in everything]
    layout = _named(layout, lines, rows, [*starts, len(lines)], given)
    return _ended(layout, lines, tail, given)


def records(
    lines: Sequence[str], layout: Layout, start: int = 0
) -> Iterator[tuple[int, list[str]]]:
    """Give (line at which it begins, fields) of every record; comments and blank lines are none."""
    numbers: list[int] = []

    def counted() -> Iterator[str]:
        for number in range(start, len(lines)):
            line = lines[number]
            if not line.strip() or (layout.comment and line.startswith(layout.comment)):
                continue
            numbers.append(number)
            yield line if layout.separator != " " else " ".join(line.split())

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
    return csv.reader(
        (f"{line}\n" for line in lines),
        delimiter=layout.separator,
        quotechar=layout.quote or None,
        quoting=csv.QUOTE_MINIMAL if layout.quote else csv.QUOTE_NONE,
        escapechar="\\" if layout.escapes else None,
        skipinitialspace=layout.separator != "\t",
    )


def _comment(lines: Sequence[str]) -> str:
    """Return what comments begin with: some lines do, and they have not the shape of rows."""
    for mark in ("#", "%", "//"):
        marked = [line for line in lines if line.startswith(mark) and not _ERROR.match(line)]
        others = [line for line in lines if line.strip() and not line.startswith(mark)]
        if not marked or len(marked) >= len(others):
            continue
        top = next(place for place, line in enumerate(lines) if not line.startswith(mark))
        separator = max(",;\t|", key=lambda each: others[-1].count(each))
        n = Counter(line.count(separator) for line in others).most_common(1)[0][0]
        if n == 0 or all(line.count(separator) != n for line in marked[top:]):
            return mark
    return ""


_ERROR = re.compile(r"#(?:N/A|NA|DIV|VALUE|REF|NUM|NAME|NULL)\b")


def _without_comments(lines: Sequence[str], comment: str) -> list[str]:
    return [line for line in lines if line.strip() and not (comment and line.startswith(comment))]


def _fields(lines: list[str], separator: str | None, given: Reading) -> Layout:
    """Return separator and quotes by which the lines are most like a table."""
    text = "\n".join(lines)
    quotes = [mark for mark in ('"', "'") if re.search(rf"(?m)(?:^|[,;\t| ]){mark}", text)]
    quotes = [*quotes, ""] if given.quoting is None else [given.quoting]
    separators = SEPARATORS if separator is None else (separator,)
    best, most = Layout(separator or ",", quotes[0]), 0.0
    for mark in separators:
        if mark not in text or (mark == " " and most > SURE):
            continue  # blanks stand in dates and numbers, too
        for quote in quotes:
            layout = Layout(mark, quote, escapes=bool(quote) and f"\\{quote}" in text)
            likeness = _likeness([row for _, row in records(lines, layout)], layout)
            if likeness > most + 1e-9:
                best, most = layout, likeness
    return best


def _likeness(rows: list[list[str]], layout: Layout) -> float:
    """Return how much rows are like those of a table: of one length, of cells like cells."""
    if not rows:
        return 0.0
    width = _usual_length(rows)
    if width < 2:
        return 0.0
    usual = [row for row in rows if len(row) == width]
    cells = [cell.strip() for row in usual[:60] for cell in row[:200]]
    others = "".join(mark for mark in ",;\t|" if mark != layout.separator)
    strange = re.compile(f"[{others}](?! )|^['\"]|['\"]$")  # a comma before a blank is prose
    clean = sum(bool(not strange.search(cell) or _VALUE.fullmatch(cell)) for cell in cells)
    share = len(usual) / len(rows)
    likeness = share * (0.4 + 0.6 * clean / len(cells)) * (width - 0.5) / width
    return likeness * (0.9 if layout.separator == " " else 1.0)


def _usual_length(rows: Sequence[Sequence[str]]) -> int:
    lengths = Counter(map(len, rows))
    return max(lengths, key=lambda n: (lengths[n], n))


def is_value(cell: str) -> bool | None:
    """Tell whether a cell looks like a number or date rather than a word; None for a gap."""
    cell = cell.strip()
    if cell.lower() in AMONG_NUMBERS:
        return None
    return bool(_VALUE.fullmatch(cell) or _NAMED_DATE.fullmatch(cell))


def _named(
    layout: Layout,
    lines: list[str],
    rows: list[tuple[int, list[str]]],
    starts: list[int],
    given: Reading,
) -> Layout:
    """Find the row of names, what stands before it, and units behind it."""
    width, follows = layout.n_columns, dict(pairwise(starts))
    at = 0
    if given.skip_rows is None:
        at = _first_full(rows, width)
        behind = [
            place
            for place in range(at + 1, len(rows))
            if follows[rows[place - 1][0]] < rows[place][0]
        ]
        for place in behind[:1]:  # an empty row parts a head from the table
            names, body = rows[place][1], [row for _, row in rows[place + 1 :]]
            if place < MOST_OF_HEAD and len(names) == width and _is_header(names, body):
                at = place
    skipped = [line for line in lines[: rows[at][0]] if line.strip()]
    skipped = tuple(line for line in skipped if not _SEP_LINE.match(line))
    commented = bool(layout.comment) and all(line.startswith(layout.comment) for line in skipped)
    layout = replace(layout, skipped=() if commented else skipped, first_line=rows[at][0])
    first, body = rows[at][1], [row for _, row in rows[at + 1 :] if len(row) >= width - 1]
    in_comment = _names_in_comment(lines[: rows[at][0]], layout) if commented else None
    if in_comment is not None and given.header is not False and not _is_header(first, body):
        return replace(layout, names=tuple(in_comment))
    header = given.header if given.header is not None else _is_header(first, body)
    if not header:
        return layout
    names = tuple(name.strip() for name in first)
    if len(names) == width - 1 and all(len(row) == width for row in body[:50]):
        trailing = all(not row[-1].strip() for row in body)
        layout = replace(layout, row_names=not trailing, n_columns=width)
        names = (*names, "") if trailing else ("row", *names)
    rest = rows[at + 1 :]
    end = follows[rows[at][0]]
    if rest and given.header is None and _is_second_header(names, rest[0][1], body[1:]):
        second = [cell.strip() for cell in rest[0][1]]
        doubled = len(set(names)) < len(names) or "" in names
        layout = replace(layout, units=tuple(second))
        if doubled:
            names = tuple(_joined(names, second))
        end = follows[rest[0][0]]
    return replace(layout, names=names, first_line=end)


def _first_full(rows: list[tuple[int, list[str]]], width: int) -> int:
    """Return the place of the first record that is a row of the table, or of its names."""
    for place, (_, row) in enumerate(rows):
        filled = sum(bool(cell.strip()) for cell in row)
        index = width == 2 and not row[0].strip()  # a column of names of rows has often no name
        if width - 1 <= len(row) <= width and (filled > 2 or 2 * filled > width or index):
            return place
    return next(place for place, (_, row) in enumerate(rows) if len(row) == width)


def _is_header(first: Sequence[str], body: Sequence[Sequence[str]]) -> bool:
    """Tell whether the first row holds names: words over values, none of which comes again."""
    if not body:
        return not all(is_value(cell) for cell in first)
    kinds = [is_value(cell) for cell in first]
    counting = _count_up([cell for cell, kind in zip(first, kinds, strict=True) if kind])
    speaks_for = speaks_against = 0.0
    for place, kind in enumerate(kinds):
        column = [row[place].strip() for row in body if place < len(row)]
        if kind is None or all(is_value(cell) is None for cell in column):
            continue
        of_values = _holds_values(column)
        if of_values and kind and not counting:
            speaks_against += 1
        elif of_values:
            speaks_for += 1
        elif kind:
            speaks_for += 0.5
        elif first[place].strip() in column:
            speaks_against += 0.5
        else:
            speaks_for += 0.4
    if speaks_for == speaks_against:
        names = [cell.strip() for cell in first if cell.strip()]
        return len(set(names)) == len(names) > 0
    return speaks_for > speaks_against


def _count_up(cells: Sequence[str]) -> bool:
    """Tell whether they are years or the like, as names of columns: 1990, 1991, 1992."""
    try:
        numbers = [int(cell) for cell in cells]
    except ValueError:
        return False
    steps = {later - number for number, later in pairwise(numbers)}
    return len(numbers) > 2 and len(steps) == 1 and steps != {0}


def _is_second_header(
    names: Sequence[str], row: Sequence[str], body: Sequence[Sequence[str]]
) -> bool:
    """Tell whether a row below the names holds units, or the second half of the names."""
    if not body or len(row) < len(names) - 1 or any(is_value(cell) for cell in row):
        return False
    if not any(cell.strip() for cell in row):
        return False
    places = [
        place
        for place in range(len(row))
        if _holds_values([r[place] for r in body if place < len(r)])
    ]
    gaps = [place for place in places if is_value(row[place]) is None and row[place].strip()]
    nameless = [place for place, name in enumerate(names) if not name]
    if nameless and all(row[place].strip() for place in nameless[:-1] if place < len(row)):
        return len(nameless) > 1
    worded = [place for place in places if row[place].strip()]
    return (
        bool(worded) and not gaps and (len(places) > 1 or _UNIT.match(row[worded[0]]) is not None)
    )


def _holds_values(cells: Sequence[str]) -> bool:
    kinds = [kind for kind in map(is_value, cells) if kind is not None]
    return sum(kinds) >= 0.8 * len(kinds) > 0


_UNIT = re.compile(r"^\s*[(\[]?[^\d\s]{1,8}[)\]]?\s*$")


def _joined(names: Sequence[str], second: Sequence[str]) -> Iterator[str]:
    above = ""
    for place, name in enumerate(names):
        above = name or above
        below = second[place] if place < len(second) else ""
        yield name if not below else below if not above else f"{above} {below}"


def _names_in_comment(lines: Sequence[str], layout: Layout) -> list[str] | None:
    """Return the names where the last comment before the rows holds one for each column."""
    if not lines:
        return None
    line = lines[-1].removeprefix(layout.comment).strip()
    row = next(csv_reader([" ".join(line.split()) if layout.separator == " " else line], layout))
    return [cell.strip() for cell in row] if len(row) == layout.n_columns > 1 else None


def _ended(layout: Layout, head: list[str], tail: Sequence[str], given: Reading) -> Layout:
    """Find what stands behind the last row: totals, sources, notes."""
    last = list(tail) or head[layout.first_line :]
    if given.skip_footer is not None:
        kept = (
            [line for line in last if line.strip()][-given.skip_footer :]
            if given.skip_footer
            else []
        )
        return replace(layout, end_lines=given.skip_footer, footer=tuple(kept))
    if layout.n_columns < 2:
        return layout
    first = head[layout.first_line : layout.first_line + 60]
    body = [row for _, row in records(first, layout) if len(row) == layout.n_columns]
    of_values = [_holds_values([row[place] for row in body]) for place in range(layout.n_columns)]
    n = 0
    for back, line in enumerate(reversed(last[-LONGEST_FOOTER:]), start=1):
        if not line.strip():
            continue
        row = next(
            csv_reader([" ".join(line.split()) if layout.separator == " " else line], layout)
        )
        if not _is_footer(row, layout.n_columns, of_values):
            break
        n = back
    if n >= len(last):
        return layout
    return replace(
        layout, end_lines=n, footer=tuple(line for line in last[-n:] if line.strip()) if n else ()
    )


def _is_footer(row: Sequence[str], width: int, of_values: Sequence[bool]) -> bool:
    filled = [cell for cell in row if cell.strip()]
    if not filled:
        return False
    word = filled[0].strip()
    if is_value(word) is not False:
        return False
    lonely = len(filled) == 1 and (len(row) == 1 or width > 2) and len(row) != 1 - width
    misplaced = of_values[min(row.index(filled[0]), width - 1)]
    if len(filled) == 1 and len(row) != width:
        return True
    return bool(_SUMMARY.match(word)) and (misplaced or lonely or len(row) <= width)
