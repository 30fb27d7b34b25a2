"""A figure as a piece of an HTML page: small, in the page's own text colour, as wide as its room.

What matplotlib writes is a page of its own.  Here go the header, the rule for all elements of the
page, and the ids that two figures would share; ink becomes `currentColor`, so that one picture
suits a light and a dark page.
"""

import hashlib
import io
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK = "#1f2328"
_SVG, _LINK = "http://www.w3.org/2000/svg", "{http://www.w3.org/1999/xlink}href"
_FAMILY = re.compile(r"font-family: [^;]*;? ?")
_FONT = re.compile(r"font: (?:[a-z]+ )*([\d.]+px) [^;]*")  # as older versions of matplotlib have it
_BLOCKS = re.compile(r"image-rendering:[^;]*;?")  # let the browser smooth what is enlarged
_LONG = re.compile(r"(\d+\.\d\d)\d+")  # a hundredth of a point is finer than any screen
_COORDINATES = ("d", "x", "y", "transform", "width", "height", "points")


def svg_of(figure: "Figure", title: str = "") -> str:
    """Return a figure as an `<svg>` element for the inside of an HTML page.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    title : str, optional
        What screen readers say; the titles of the panels if not given.

    Returns
    -------
    str
        Without XML header, as wide as its container up to its own size, `role="img"`, with a
        `<title>`.  The same figure gives the same text; ids differ between figures.
    """
    import matplotlib

    buffer = io.BytesIO()
    lay_out(figure)
    with matplotlib.rc_context({"svg.hashsalt": "chainrule", "svg.fonttype": "none"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None}, transparent=True)
    mark = hashlib.sha256(buffer.getvalue()).hexdigest()[:8]
    root = ElementTree.fromstring(buffer.getvalue())
    _drop_metadata(root)
    _rename_ids(root, mark)
    for element in root.iter():
        _simplify(element)
    width, height = (float(root.attrib.pop(n).removesuffix("pt")) for n in ("width", "height"))
    root.attrib.pop("version")
    root.attrib |= {
        "viewBox": f"0 0 {width:g} {height:g}",
        "role": "img",
        "width": "100%",
        "style": f"max-width:{width * 4 / 3:.0f}px;height:auto",
        "font-family": "sans-serif",
        "fill": "currentColor",  # matplotlib leaves out what is black
        "stroke-linejoin": "round",
    }
    name = ElementTree.Element(f"{{{_SVG}}}title")
    name.text = title or _title_of(figure)
    root.insert(0, name)
    ElementTree.register_namespace("", _SVG)
    return ElementTree.tostring(root, encoding="unicode")


def lay_out(figure: "Figure") -> None:
    """Give the panels their places, once for all.

    matplotlib starts from where they are, and so would move them a little with every file.
    """
    import matplotlib

    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
    # with "none" in place of None matplotlib would draw all of it twice
    with matplotlib.rc_context(
        {"figure.autolayout": False, "figure.constrained_layout.use": False}
    ):
        figure.set_layout_engine(None)


def _title_of(figure: "Figure") -> str:
    titles = [ax.get_title() for ax in figure.axes]
    heading = figure.get_suptitle() or "; ".join(title for title in titles if title)
    return heading.replace(r"\$", "$").replace("\n", " ") or "Figure"


def _drop_metadata(root: ElementTree.Element) -> None:
    """Drop the metadata, and the style sheet, whose rule would hold for the whole page."""
    root.remove(root.find(f"{{{_SVG}}}metadata"))  # pyright: ignore[reportArgumentType]
    for parent in list(root.iter()):
        for child in list(parent):
            empty = child.tag == f"{{{_SVG}}}defs" and not len(child)
            if child.tag == f"{{{_SVG}}}style" or empty:
                parent.remove(child)
        if parent.tag != f"{{{_SVG}}}text" and parent.tag != f"{{{_SVG}}}tspan":
            parent.text = None
        parent.tail = None


def _rename_ids(root: ElementTree.Element, mark: str) -> None:
    """Drop ids that nothing refers to, and begin the others with what only this figure has."""
    used = set()
    for element in root.iter():
        if _LINK in element.attrib:
            link = element.attrib.pop(_LINK)
            if link.startswith("#"):
                used.add(link[1:])
                link = f"#{mark}{link[1:]}"
            element.set("href", link)
        for name in ("clip-path", "style"):
            for wanted in re.findall(r"url\(#([^)]+)\)", element.get(name, "")):
                used.add(wanted)
                element.set(name, element.attrib[name].replace(f"#{wanted}", f"#{mark}{wanted}"))
    for element in root.iter():
        own = element.attrib.pop("id", None)
        if own in used:
            element.set("id", f"{mark}{own}")


def _simplify(element: ElementTree.Element) -> None:
    """Round coordinates, leave fonts to the page, and draw in its text colour."""
    for name in _COORDINATES:
        if name in element.attrib:
            short = _LONG.sub(r"\1", element.attrib[name])
            element.set(name, " ".join(short.split()))
    if element.get("transform", "").startswith("rotate(-0 "):
        del element.attrib["transform"]
    style = _FONT.sub(r"font-size: \1", _FAMILY.sub("", element.get("style", "")))
    style = _BLOCKS.sub("", style.replace(INK, "currentColor"))
    if style:
        element.set("style", style.replace("; ", ";").replace(": ", ":"))
