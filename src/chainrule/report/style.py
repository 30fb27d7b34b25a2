"""One look for every figure: colours that colour-blind eyes tell apart, thin axes, SVG and PNG."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.errors import MissingExtraError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe & Ito (2008), Color universal design.
TRAINING, VALIDATION, MARK, FAINT = "#0072B2", "#D55E00", "#009E73", "#999999"


def new_figure(n_panels: int = 1, width: float = 4.6, height: float = 3.4) -> "tuple[Figure, Any]":
    """Return a figure with panels side by side, and the list of its axes.

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
    figure = Figure(figsize=(width * n_panels, height), layout="constrained")
    axes = [figure.add_subplot(1, n_panels, i + 1) for i in range(n_panels)]
    for ax in axes:
        plain(ax)
    return figure, axes


def plain(ax: "Axes") -> None:
    """Give an axis the house look."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(True, color="#e6e6e6", linewidth=0.6)
    ax.set_axisbelow(True)
    ax.tick_params(labelsize=8)


def save_figure(figure: "Figure", folder: Path, name: str) -> list[Path]:
    """Write `name`.svg and `name`.png into `folder`; the same figure gives the same bytes."""
    import matplotlib

    paths = [folder / f"{name}.svg", folder / f"{name}.png"]
    with matplotlib.rc_context({"svg.hashsalt": "chainrule", "svg.fonttype": "none"}):
        figure.savefig(paths[0], metadata={"Date": None})
        figure.savefig(paths[1], dpi=144)
    return paths
