"""What a page is made of: sections under a question, and in them words, tables, pictures.

Plain data, all of it text as it is; the template escapes it.  Only `svg` and `html` are markup,
made by us and escaped where they were made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Words:
    """A paragraph."""

    kind: ClassVar[str] = "words"
    text: str


@dataclass(frozen=True)
class Heading:
    """A heading within a section."""

    kind: ClassVar[str] = "heading"
    text: str


@dataclass(frozen=True)
class Terms:
    """Pairs of what and which."""

    kind: ClassVar[str] = "terms"
    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Table:
    """Rows under a heading; the first cell names its row.

    Attributes
    ----------
    numbers : tuple of int
        Columns that hold numbers.
    strong : int or None
        The row that stands out.
    """

    kind: ClassVar[str] = "table"
    caption: str
    heading: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...] = ()
    strong: int | None = None


@dataclass(frozen=True)
class Code:
    """Lines to be copied."""

    kind: ClassVar[str] = "code"
    label: str
    text: str


@dataclass(frozen=True)
class Panel:
    """One drawing.

    Attributes
    ----------
    svg : str
        An `<svg>` element that says in its `<title>` what it shows.
    width : int
        Its own width in pixels.
    """

    svg: str
    width: int


@dataclass(frozen=True)
class Picture:
    """Drawings side by side where there is room, and how to read them."""

    kind: ClassVar[str] = "picture"
    title: str
    panels: tuple[Panel, ...]
    reading: str


@dataclass(frozen=True)
class Card:
    """A finding: how grave, what, the evidence, the cause, the remedy, and rows to look at."""

    severity: str
    title: str
    evidence: str
    cause: str
    remedy: str
    rows: str = ""


@dataclass(frozen=True)
class Cards:
    """Findings, each on a card."""

    kind: ClassVar[str] = "cards"
    cards: tuple[Card, ...]


@dataclass(frozen=True)
class Fold:
    """What is shown when it is opened: blocks, and then markup of ours."""

    kind: ClassVar[str] = "fold"
    summary: str
    blocks: tuple[Block, ...] = ()
    html: str = ""


Block = Words | Heading | Terms | Table | Code | Picture | Cards | Fold


@dataclass(frozen=True)
class Section:
    """Blocks under a question; `id` is where links go."""

    id: str
    heading: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Figure:
    """A number of the first screen, and what it is."""

    value: str
    label: str
    detail: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Page:
    """The whole: a first screen, and sections."""

    title: str
    kicker: str
    subject: str
    verdict: str
    figures: tuple[Figure, ...]
    sections: tuple[Section, ...]
    foot: str
