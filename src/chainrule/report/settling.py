"""Settling in pictures: residual and energy sweep by sweep, and patterns as they are completed."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from chainrule.report.style import TRAINING, VALIDATION, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def settling_curves(residuals: np.ndarray, energies: np.ndarray | None = None) -> "Figure":
    """Draw the residual of every row (sweeps, rows) over the sweeps, and its energy if it has one.

    The residual is on a logarithmic axis: a straight line is settling at a steady rate, whose slope
    is the logarithm of the spectral radius.
    """
    figure, axes = new_figure(1 if energies is None else 2)
    axes[0].semilogy(np.maximum(residuals, 1e-300), color=TRAINING, alpha=0.7, linewidth=1.2)
    axes[0].set_title("Residual ‖F(h) - h‖ of each row", fontsize=10)
    if energies is not None:
        axes[1].plot(energies, color=VALIDATION, alpha=0.7, linewidth=1.2)
        axes[1].set_title("Energy of each row", fontsize=10)
    for ax in axes:
        ax.set_xlabel("sweep", fontsize=9)
    return figure


def pattern_figure(stages: Mapping[str, Sequence[np.ndarray]]) -> "Figure":
    """Draw images, a row for each pattern and a column for each named stage; NaN is left blank.

    Elements lie between 0 and 1.
    """
    n_rows = max(len(images) for images in stages.values())
    figure, _ = new_figure(1, width=1.2 * len(stages) + 0.4, height=1.25 * n_rows + 0.3)
    figure.clear()
    axes = figure.subplots(n_rows, len(stages), squeeze=False)
    for column, (title, images) in enumerate(stages.items()):
        axes[0, column].set_title(title, fontsize=9)
        for row in range(n_rows):
            ax = axes[row, column]
            ax.set_axis_off()
            if row < len(images):
                ax.imshow(images[row], cmap="Greys", vmin=0, vmax=1)
                unknown = np.isnan(images[row])
                if unknown.any():
                    shade = np.where(unknown, 1.0, np.nan)
                    ax.imshow(shade, cmap="Oranges", vmin=0, vmax=3)
    return figure
