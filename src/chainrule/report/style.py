"""One look for every figure: colours that colour-blind eyes tell apart, thin axes, one ink.

Text and axes are drawn in `INK`, so a page can put its own text colour in that place; see `svg`.
Colour is never alone: lines also differ in their dashes, points in their markers.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import MissingExtraError
from chainrule.report.svg import INK, lay_out, svg_of
from chainrule.wording import visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "COLOURS",
    "DASHED",
    "FAINT",
    "INK",
    "MARK",
    "MARKERS",
    "MOST_POINTS",
    "STRONGEST",
    "TRAINING",
    "VALIDATION",
    "dates_along",
    "depth_colours",
    "draw_image",
    "labelled",
    "legend",
    "line_style",
    "names_of",
    "new_figure",
    "plain",
    "save_figure",
    "some_rows",
    "svg_of",
    "tinted",
    "words",
]

# Okabe & Ito (2008), Color universal design.
TRAINING, VALIDATION, MARK, FAINT = "#0072B2", "#D55E00", "#009E73", "#888888"
COLOURS = (TRAINING, VALIDATION, MARK, "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p")
DASHED = (0, (5, 1.5))
_DASHES = ("-", DASHED, (0, (1.2, 1.2)), (0, (6, 1.5, 1.2, 1.5)))
STRONGEST = 0.78  # the strongest tint on which ink is still easy to read, on white and on black
MOST_POINTS = 2_000
MOST_LETTERS = 28


def new_figure(
    n_panels: int = 1, width: float = 4.6, height: float = 3.4, columns: int | None = None
) -> "tuple[Figure, Any]":
    """Return a figure and the list of its axes, panels of `width` times `height` inches.

    Parameters
    ----------
    columns : int, optional
        Panels to a row; all of them if not given.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError(
            "Figures need matplotlib, which is not installed. "
            "Run: pip install 'chainrule[report]', or leave figures out (--no-figures)."
        ) from None
    across = min(columns or n_panels, n_panels)
    down = -(-n_panels // across)
    figure = Figure(figsize=(width * across, height * down), layout="constrained")
    axes = [figure.add_subplot(down, across, i + 1) for i in range(n_panels)]
    for ax in axes:
        plain(ax)
    return figure, axes


def plain(ax: "Axes") -> None:
    """Give an axis the house look."""
    ax.set_facecolor("none")
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[:].set_color(INK)
    ax.grid(True, color=INK, alpha=0.12, linewidth=0.6)
    ax.set_axisbelow(True)
    ax.tick_params(which="both", labelsize=8, color=INK, labelcolor=INK)


def dates_along(ax: "Axes", *, x: bool = False, y: bool = False) -> None:
    """Write dates along an axis whose numbers are days since 1970-01-01."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    for axis, dated in ((ax.xaxis, x), (ax.yaxis, y)):
        if dated:
            locator = AutoDateLocator(minticks=3)
            axis.set_major_locator(locator)
            axis.set_major_formatter(ConciseDateFormatter(locator))


def labelled(ax: "Axes", title: str = "", x: str = "", y: str = "") -> None:
    """Write title and names of the axes, in ink."""
    ax.set_title(title, fontsize=10, color=INK)
    ax.set_xlabel(x, fontsize=9, color=INK)
    ax.set_ylabel(y, fontsize=9, color=INK)


def legend(ax: "Axes", **options: Any) -> None:
    """Add the legend, small and without a frame."""
    ax.legend(**{"fontsize": 8, "frameon": False, "labelcolor": INK} | options)


def words(name: object, most: int = MOST_LETTERS) -> str:
    """Return a name of the user's for a figure: short, and with no sign taken for mathematics."""
    text = visible(str(name)).replace("\n", " ")
    text = text if len(text) <= most else text[: most - 1] + "…"
    return text.replace("$", r"\$")


def line_style(i: int) -> dict[str, Any]:
    """Return colour and dashes of the i-th line of a panel; 24 differ."""
    row, place = divmod(i, len(COLOURS))
    return {"color": COLOURS[place], "linestyle": _DASHES[(place + row) % len(_DASHES)]}


def depth_colours(n: int) -> list[tuple[float, ...]]:
    """Return colours for `n` layers, blue for the first to orange for the last.

    Every one of them stands out from a white page and from a black one.
    """
    from matplotlib.colors import to_rgb

    first, last = np.array(to_rgb(TRAINING)), np.array(to_rgb(VALIDATION))
    return [tuple((1 - share) * first + share * last) for share in np.linspace(0, 1, n)]


def tinted(colour: Any, strength: np.ndarray) -> np.ndarray:
    """Return RGBA of shape (…, 4): a colour (…, 3) or its name, as strong as 0 to 1 says."""
    from matplotlib.colors import to_rgb

    rgb = np.array(to_rgb(colour)) if isinstance(colour, str) else np.asarray(colour)
    alpha = STRONGEST * np.clip(strength, 0, 1)
    return np.concatenate(
        [np.broadcast_to(rgb, (*alpha.shape, 3)), alpha[..., None]], axis=-1
    ).astype(np.float64)


def draw_image(ax: "Axes", image: np.ndarray, extent: tuple[float, float, float, float]) -> None:
    """Draw RGBA of shape (n_y, n_x, 4) from the bottom up; as it is, so that files stay small."""
    ax.imshow(image, extent=extent, origin="lower", aspect="auto", interpolation="none")


def some_rows(n: int, most: int = MOST_POINTS) -> tuple[np.ndarray, str]:
    """Return the rows to draw, always the same ones, and how to say so if not all are."""
    if n <= most:
        return np.arange(n), ""
    rows = np.sort(np.random.default_rng(0).choice(n, most, replace=False))
    return rows, f" ({most:,} of {n:,} rows)"


def save_figure(figure: "Figure", folder: Path, name: str) -> list[Path]:
    """Write `name`.svg and `name`.png into `folder`; the same figure gives the same bytes."""
    import matplotlib

    paths = [folder / f"{name}.svg", folder / f"{name}.png"]
    lay_out(figure)
    with matplotlib.rc_context({"svg.hashsalt": "chainrule", "svg.fonttype": "none"}):
        figure.savefig(paths[0], metadata={"Date": None})
        figure.savefig(paths[1], dpi=144)
    return paths


def names_of(classes: Sequence[object]) -> list[str]:
    """Return the names of classes for a figure."""
    return [words(each, 18) for each in classes]
