"""The board as plain text: aligned columns, at most 100 characters wide."""

from __future__ import annotations

import textwrap
from functools import singledispatch
from typing import Any

from chainrule.inspection.explaining.board import (
    Board,
    Display,
    Equation,
    Expression,
    Formula,
    Name,
    Piece,
    Table,
    Words,
    number,
)

WIDTH = 100


def as_text(board: Board) -> str:
    """Return the board as text."""
    lines = [board.title, *(line for words in board.about for line in _wrapped(words, ""))]
    for section in board.sections:
        lines += ["", section.title, "-" * len(section.title)]
        for i, part in enumerate(section.parts):
            lines += [""] if i else []
            lines += [part.title] if part.title else []
            for block in part.blocks:
                lines += _lines(block, "  ")
    return "\n".join(line.rstrip() for line in lines)


def words(expression: Expression) -> str:
    """Return an expression as text."""
    return "".join(_word(piece) for piece in expression)


def _word(piece: Piece) -> str:
    if isinstance(piece, Name | Formula):
        return piece[0]
    return piece if isinstance(piece, str) else number(piece)


@singledispatch
def _lines(block: Any, indent: str) -> list[str]:
    raise NotImplementedError


@_lines.register
def _(block: Words, indent: str) -> list[str]:
    return _wrapped(block.text, indent)


@_lines.register
def _(block: Display, indent: str) -> list[str]:
    return _wrapped(words(block.expression), indent)


@_lines.register
def _(block: Equation, indent: str) -> list[str]:
    left, sides = words(block.left), [words(side) for side in block.sides]
    whole = f"{indent}{left} = {' = '.join(sides)}"
    if len(whole) <= WIDTH:
        return [whole]
    margin = f"{indent}{' ' * len(left)} = "
    lines = []
    for side in sides:
        lines += textwrap.wrap(
            side, WIDTH, initial_indent=margin, subsequent_indent=" " * len(margin)
        )
    return [f"{indent}{left} = {lines[0][len(margin) :]}", *lines[1:]]


@_lines.register
def _(block: Table, indent: str) -> list[str]:
    rows = [[words((piece,)) for piece in row] for row in block.rows]
    right = [all(isinstance(row[i], float) or row[i] == "" for row in block.rows) for i in
             range(len(block.heading))]  # fmt: skip
    cells = [list(block.heading), *rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(block.heading))]

    def line(row: list[str]) -> str:
        parts = [
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(row, widths, right, strict=True)
        ]
        return indent + "  ".join(parts)

    lines = [line(row) for row in cells]
    if block.sums_up:
        lines.insert(-1, indent + "-" * (sum(widths) + 2 * len(widths) - 2))
    return lines


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent)
