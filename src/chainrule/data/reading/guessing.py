"""How a text is laid out, guessed by its first lines and its last ones.

The separator is the one that gives rows of one length and cells that look like cells; `edges` finds
where the rows begin and end.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from chainrule.data.reading.edges import find_end, find_start, is_value
from chainrule.data.reading.layout import SEPARATORS, Layout, records
from chainrule.data.reading.options import Reading

MOST_LINES, MOST_CHARACTERS, FEWEST_LINES = 300, 200_000, 12  # that are looked at
SURE = 0.6  # likeness of a table that is one
_SEP_LINE = re.compile(r'^"?sep=(.)"?;*$', re.IGNORECASE)
_ERROR = re.compile(r"#(?:N/A|NA|DIV|VALUE|REF|NUM|NAME|NULL)\b")


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
    layout = find_start(layout, lines, start, rows, [*starts, len(lines)], given)
    return find_end(layout, lines, tail, given)


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
    clean = sum(not strange.search(cell) or is_value(cell) is True for cell in cells)
    share = len(usual) / len(rows)
    likeness = share * (0.4 + 0.6 * clean / len(cells)) * (width - 0.5) / width
    return likeness * (0.9 if layout.separator == " " else 1.0)


def _usual_length(rows: Sequence[Sequence[str]]) -> int:
    lengths = Counter(map(len, rows))
    return max(lengths, key=lambda n: (lengths[n], n))
