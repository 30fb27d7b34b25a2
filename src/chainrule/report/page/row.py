"""One row worked out, forward and back, folded away until it is wanted."""

from __future__ import annotations

import re
import shlex
from html import escape

from chainrule.errors import ChainruleError
from chainrule.report.page.blocks import Block, Code, Fold, Section, Words
from chainrule.report.page.subject import Subject


def one_row(subject: Subject) -> Section | None:
    """Return the section with the worked example; None if there is no row to work out."""
    which, part = subject.seen
    if part is None:
        return None
    place = None if part.places is None else int(part.places[0])
    name = f"Row {place} of the table" if place is not None else "The first row"
    first = part.first(1)
    try:
        told = subject.model.explain(first, first.y, 0, title=f"{name}, forward and back")
    except ChainruleError as error:
        return Section("row", "What happens to one row?", (Words(str(error)),))
    words = f"{name} ({which}), through the network and back: every number, as on a board."
    blocks: list[Block] = [Words(words)]
    if place is not None and subject.name:
        command = f"chainrule explain {shlex.quote(subject.name)} --row {place}"
        blocks.append(Code("At the shell; another number gives another row", command))
    blocks.append(Fold(f"{name}, worked out", html=as_part(told.as_html())))
    return Section("row", "What happens to one row?", tuple(blocks))


def as_part(html: str) -> str:
    """Return the fragment as a part of a section: its headings lower, its tables in boxes.

    The marks that are looked for are the fragment's own: what came from the table is escaped in it.
    """
    html = re.sub(r"<(/?)h([2-5])>", lambda m: f"<{m[1]}h{int(m[2]) + 1}>", html)
    headings = iter(range(1, html.count("<table>") + 1))
    box = '<div class="scroll" role="region" tabindex="0" aria-label="{}"><table>'
    html = re.sub("<table>", lambda _: box.format(escape(f"Numbers {next(headings)}")), html)
    return html.replace("</table>", "</table></div>")
