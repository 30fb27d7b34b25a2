"""Where the rows of a table begin and end: names and units above them, totals and notes around."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from chainrule.data.reading.layout import Layout, fields_of, records
from chainrule.data.reading.options import Reading
from chainrule.data.spelling.gaps import AMONG_NUMBERS

LONGEST_FOOTER = MOST_OF_HEAD = 12  # lines
MOST_COLUMNS = 1_000  # that are asked whether the first row holds their names
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
_TOTAL = re.compile(r"(?:grand |sub)?(?:total|sum|average|mean|median|count)s?:?", re.IGNORECASE)
_UNIT = re.compile(r"^\s*[(\[]?[^\d\s]{1,8}[)\]]?\s*$")


def is_value(cell: str) -> bool | None:
    """Tell whether a cell looks like a number or date rather than a word; None for a gap."""
    cell = cell.strip()
    if cell.lower() in AMONG_NUMBERS:
        return None
    return bool(_VALUE.fullmatch(cell) or _NAMED_DATE.fullmatch(cell))


def find_start(
    layout: Layout,
    lines: list[str],
    start: int,
    rows: list[tuple[int, list[str]]],
    starts: list[int],
    given: Reading,
) -> Layout:
    """Return the layout with the names of the columns, what stands before them, and units below.

    Parameters
    ----------
    layout : Layout
        Separator, quotes, comments and number of columns.
    lines : list of str
        The first lines; those before `start` are known to be no part of the table.
    rows : list of (line, fields)
        The records that are not empty, and at which line they begin.
    starts : list of int
        The lines at which all records begin, and the end of the last.
    given : Reading
        What the user says.
    """
    width, follows = layout.n_columns, dict(pairwise(starts))
    at = _first_of_table(rows, follows, width) if given.skip_rows is None else 0
    above = lines[start : rows[at][0]]
    skipped = tuple(line for line in above if line.strip())
    commented = bool(layout.comment) and all(map(layout.is_comment, skipped))
    layout = replace(layout, skipped=() if commented else skipped, first_line=rows[at][0])
    first, body = rows[at][1], [row for _, row in rows[at + 1 :] if len(row) >= width - 1]
    in_comment = _names_in_comment(above, layout) if commented else None
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


def _first_of_table(rows: list[tuple[int, list[str]]], follows: dict[int, int], width: int) -> int:
    """Return the place of the first record of the table: names where it has them, or values."""
    at = _first_full(rows, width)
    behind = (
        place for place in range(at + 1, len(rows)) if follows[rows[place - 1][0]] < rows[place][0]
    )
    place = next(behind, len(rows))  # an empty row parts a head from the table
    if place < min(MOST_OF_HEAD, len(rows)) and len(rows[place][1]) == width:
        first, body = rows[place][1], [row for _, row in rows[place + 1 :]]
        has_names = _are_names(rows[at][1], width)
        if _are_names_of_values(first, body) if has_names else _is_header(first, body):
            return place
    return at


def _are_names(row: Sequence[str], width: int) -> bool:
    """Tell whether a row has a word for each column, and no word twice."""
    words = {cell.strip() for cell in row if is_value(cell) is False}
    return len(words) == len(row) == width


def _are_names_of_values(first: Sequence[str], body: Sequence[Sequence[str]]) -> bool:
    """Tell whether a row holds names, one of them over a column of numbers or dates."""
    return _are_names(first, len(first)) and any(
        _holds_values([row[place] for row in body if place < len(row)])
        for place in range(len(first[:MOST_COLUMNS]))
    )


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
    first = first[:MOST_COLUMNS]
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
        for place in range(min(len(row), MOST_COLUMNS))
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
    row = fields_of(lines[-1].removeprefix(layout.comment).strip(), layout)
    return [cell.strip() for cell in row] if len(row) == layout.n_columns > 1 else None


def find_end(layout: Layout, head: list[str], tail: Sequence[str], given: Reading) -> Layout:
    """Return the layout with what stands behind the last row: totals, sources, notes."""
    last = list(tail) or head[layout.first_line :]
    if given.skip_footer is not None:
        n = given.skip_footer
        filled = [line for line in last if line.strip()]
        return replace(layout, end_lines=n, footer=tuple(filled[-n:]) if n else ())
    if layout.n_columns < 2:
        return layout
    first = head[layout.first_line : layout.first_line + 60]
    body = [row for _, row in records(first, layout) if len(row) == layout.n_columns]
    n = 0
    for back, line in enumerate(reversed(last[-LONGEST_FOOTER:]), start=1):
        if not line.strip():
            continue
        if not _is_footer(fields_of(line, layout), body, layout.n_columns):
            break
        n = back
    if n >= len(last):
        return layout
    footer = tuple(line for line in last[len(last) - n :] if line.strip())
    return replace(layout, end_lines=n, footer=footer)


def _is_footer(row: Sequence[str], body: Sequence[Sequence[str]], width: int) -> bool:
    """Tell whether a last line is no row: a lone sentence, or a word for a summary before it."""
    filled = [cell for cell in row if cell.strip()]
    if not filled or is_value(filled[0]) is not False:
        return False
    if len(filled) == 1 and len(row) != width:
        return True
    word, place = filled[0].strip(), min(row.index(filled[0]), width - 1)
    column = [each[place].strip() for each in body]
    if _holds_values(column) or len(filled) != width:
        return _SUMMARY.match(word) is not None
    return _TOTAL.fullmatch(word) is not None and word not in column[:-1]
