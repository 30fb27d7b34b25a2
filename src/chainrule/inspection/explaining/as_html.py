"""The board as a fragment of HTML: sections, headings, tables; escaped, without style or script."""

from __future__ import annotations

from functools import singledispatch
from html import escape
from typing import Any

from chainrule.inspection.explaining.as_text import words
from chainrule.inspection.explaining.board import Board, Display, Equation, Table, Words


def as_html(board: Board) -> str:
    """Return the board as HTML."""
    lines = ['<article class="explanation">', f"<h2>{escape(board.title)}</h2>"]
    lines += [f"<p>{escape(each)}</p>" for each in board.about]
    for section in board.sections:
        lines += ["<section>", f"<h3>{escape(section.title)}</h3>"]
        for part in section.parts:
            lines += [f"<h4>{escape(part.title)}</h4>"] if part.title else []
            for block in part.blocks:
                lines += _lines(block)
        lines.append("</section>")
    return "\n".join([*lines, "</article>"]) + "\n"


@singledispatch
def _lines(block: Any) -> list[str]:
    raise NotImplementedError


@_lines.register
def _(block: Words) -> list[str]:
    return [f"<p>{escape(block.text)}</p>"]


@_lines.register
def _(block: Display) -> list[str]:
    return [f'<p class="equation">{escape(words(block.expression))}</p>']


@_lines.register
def _(block: Equation) -> list[str]:
    text = " = ".join(words(side) for side in (block.left, *block.sides))
    return [f'<p class="equation">{escape(text)}</p>']


@_lines.register
def _(block: Table) -> list[str]:
    lines = ["<table>", "<thead><tr>"]
    lines += [f'<th scope="col">{escape(name)}</th>' for name in block.heading]
    lines += ["</tr></thead>", "<tbody>"]
    for i, row in enumerate(block.rows):
        last = block.sums_up and i == len(block.rows) - 1
        lines.append('<tr class="sum">' if last else "<tr>")
        for k, piece in enumerate(row):
            text = escape(words((piece,)))
            if k == 0:
                lines.append(f'<th scope="row">{text}</th>')
            elif isinstance(piece, float):
                lines.append(f'<td class="number">{text}</td>')
            else:
                lines.append(f"<td>{text}</td>")
        lines.append("</tr>")
    return [*lines, "</tbody>", "</table>"]
