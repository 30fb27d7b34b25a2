"""What is written on the board, before it is text, LaTeX or HTML: headings, words, tables, sums.

A piece of an expression is a number, a name of the user's (`Name`), a formula that knows its LaTeX
(`Formula`), or plain words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from chainrule.formulas import Formula

DIGITS = 6


class Name(NamedTuple):
    """A name that the user gave: a column, a class, a unit."""

    text: str


Piece = float | Name | Formula | str
Expression = tuple[Piece, ...]


@dataclass(frozen=True)
class Words:
    """A sentence."""

    text: str


@dataclass(frozen=True)
class Display:
    """An expression on a line of its own."""

    expression: Expression


@dataclass(frozen=True)
class Equation:
    """A left-hand side and what it equals, one side after the other."""

    left: Expression
    sides: tuple[Expression, ...]


@dataclass(frozen=True)
class Table:
    """Rows under a heading; the last one may be what the others add up to."""

    heading: tuple[str, ...]
    rows: tuple[tuple[Piece, ...], ...]
    sums_up: bool = False


Block = Words | Display | Equation | Table


@dataclass(frozen=True)
class Part:
    """Blocks under a heading of second rank; without one they follow what is there."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Section:
    """One of the four steps."""

    title: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Board:
    """A worked example."""

    title: str
    about: tuple[str, ...]
    sections: tuple[Section, ...]


def number(value: float) -> str:
    """Return a number with six digits that count."""
    text = f"{value:.{DIGITS}g}"
    return "0" if float(text) == 0 else text


def factor(value: float) -> Expression:
    """Return a number as it stands behind a sign of multiplication."""
    return (value,) if value >= 0 or number(value) == "0" else ("(", value, ")")
