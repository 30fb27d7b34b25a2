"""Figures as the drawings of a page: SVG that says in words what it shows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from chainrule.errors import ChainruleError
from chainrule.report.page.blocks import Block, Panel, Picture, Words
from chainrule.report.reading import READING
from chainrule.report.svg import svg_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def picture(
    key: str, title: str, drawn: Iterable[tuple[Figure, str]], reading: str = ""
) -> Picture:
    """Return figures as one picture.

    Parameters
    ----------
    key : str
        Of `READING`, which says how to read it.
    title : str
        Above the picture.
    drawn : iterable of (figure, str)
        Each with what it shows, in words.
    reading : str, optional
        How to read it, if `READING` does not have it.
    """
    panels = tuple(panel(svg_of(figure, says)) for figure, says in drawn)
    return Picture(title, panels, reading or READING[key])


def panel(svg: str) -> Panel:
    """Return an `<svg>` element with its width in pixels."""
    found = re.search(r"max-width:(\d+)px", svg) or re.search(r'width="(\d+)"', svg)
    assert found is not None
    return Panel(svg, int(found[1]))


def if_possible(draw: Callable[[], Any], what: str) -> tuple[Block, ...]:
    """Return a picture, or why these rows or this model have none."""
    try:
        return (draw(),)
    except ChainruleError as error:
        return (Words(f"There is no {what} here: {error}"),)
