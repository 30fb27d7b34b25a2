"""The test score beside those of the baselines, with the interval in which it may lie."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from chainrule.report.style import FAINT, INK, TRAINING, VALIDATION, labelled, new_figure, words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

READING = (
    "The blue square is the network, its bar the 95\u00a0% interval of its score; a baseline "
    "(orange dot) inside the shaded band cannot be told from it by these test rows."
)


def scores_figure(
    score: float,
    interval: tuple[float, float] | None,
    baselines: Mapping[str, float | None],
    measure: str,
) -> "Figure":
    """Draw the score of the network and of its baselines as points on one axis.

    Parameters
    ----------
    score : float
        Of the network.
    interval : pair of float, optional
        Where it may lie.
    baselines : mapping of float
        Scores by name; None where one has no meaning.
    measure : str
        What the scores are.
    """
    known = {name: value for name, value in baselines.items() if value is not None}
    figure, (ax,) = new_figure(1, width=4.8, height=0.95 + 0.28 * (1 + len(known)))
    low, high = interval or (score, score)
    if interval is not None:
        ax.axvspan(low, high, color=TRAINING, alpha=0.12, linewidth=0)
        ax.plot([low, high], [0, 0], color=TRAINING, linewidth=2.2, solid_capstyle="butt")
    ax.plot([score], [0], "s", color=TRAINING, markersize=8)
    places = np.arange(1, len(known) + 1)
    ax.plot(list(known.values()), places, "o", color=VALIDATION, markersize=7, linestyle="none")
    for y, value in enumerate([score, *known.values()]):
        ax.annotate(
            f"{value:.3f}",
            (value, y),
            xytext=(0, 6),
            textcoords="offset points",
            ha="center",
            fontsize=7.5,
            color=INK,
        )
    ax.axvline(score, color=FAINT, linewidth=0.8, linestyle=":")
    ax.set_yticks([0, *places], ["network", *(words(name) for name in known)])
    ax.set_ylim(len(known) + 0.5, -0.8)
    ax.margins(x=0.12)
    ax.grid(False, axis="y")
    labelled(ax, "", f"{measure} on the test rows")
    return figure
