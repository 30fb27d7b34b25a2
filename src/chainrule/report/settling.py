"""Settling in pictures: residual and energy sweep by sweep, and patterns as they are completed."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.report.style import (
    DASHED,
    INK,
    TRAINING,
    VALIDATION,
    labelled,
    legend,
    line_style,
    new_figure,
    some_rows,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_LINES = 64


def settling_curves(
    residuals: np.ndarray, energies: np.ndarray | None = None, columns: int | None = None
) -> "Figure":
    """Draw the residual of every row over the sweeps, and its energy if it has one.

    How to read it: on the logarithmic axis a straight line down is settling at a steady rate, the
    steeper the faster (its slope is the logarithm of the spectral radius); a level or wavy line is
    a row that does not settle, and an energy should only ever fall.

    Parameters
    ----------
    residuals : array of shape (n_sweeps, n_rows)
        Norm of F(h) - h; at most 64 rows are drawn.
    energies : array of shape (n_sweeps, n_rows), optional
    columns : int, optional
        Panels to a row; all of them if not given.
    """
    figure, axes = new_figure(1 if energies is None else 2, columns=columns)
    rows, note = some_rows(residuals.shape[1], MOST_LINES)
    axes[0].semilogy(_lifted(residuals[:, rows]), color=TRAINING, alpha=0.7, linewidth=1.2)
    labelled(axes[0], f"Residual ‖F(h) - h‖ of each row{note}", "sweep")
    if energies is not None:
        axes[1].plot(energies[:, rows], color=VALIDATION, alpha=0.7, linewidth=1.2)
        labelled(axes[1], f"Energy of each row{note}", "sweep")
    return figure


def settling_report_figure(report: Any) -> "Figure":
    """Draw how the slowest rows of a `SettlingReport` settle: the state, and then the error.

    How to read it: solid lines are the state on its way forward, dashed ones the error on its way
    back; on the logarithmic axis a straight line down settles at a steady rate, and a level or wavy
    one does not settle.

    Parameters
    ----------
    report : chainrule.inspection.SettlingReport
        As `model.diagnose_settling(X)` gives it.
    """
    figure, (ax,) = new_figure(1)
    for i, curve in enumerate(report.curves):
        colour = line_style(i)["color"]
        for sweeps, residuals, dashes, name in (
            (curve.sweeps, curve.residuals, "-", f"row {curve.sample}"),
            (curve.adjoint_sweeps, curve.adjoint_residuals, DASHED, None),
        ):
            ax.semilogy(
                sweeps,
                _lifted(residuals),
                color=colour,
                linestyle=dashes,
                linewidth=1.4,
                label=name,
            )
    labelled(ax, "Residuals: state (solid), error (dashed)", "sweep", "residual")
    legend(ax)
    return figure


def _lifted(residuals: np.ndarray) -> np.ndarray:
    """Return residuals as a logarithmic axis takes them: zero is left out."""
    return np.where(residuals > 0, residuals, np.nan)


def pattern_figure(stages: Mapping[str, Sequence[np.ndarray]]) -> "Figure":
    """Draw images, a row for each pattern and a column for each named stage; NaN is left blank.

    Elements lie between 0 and 1.
    """
    n_rows = max(len(images) for images in stages.values())
    figure, _ = new_figure(1, width=1.2 * len(stages) + 0.4, height=1.25 * n_rows + 0.3)
    figure.clear()
    axes = figure.subplots(n_rows, len(stages), squeeze=False)
    for column, (title, images) in enumerate(stages.items()):
        axes[0, column].set_title(title, fontsize=9, color=INK)
        for row in range(n_rows):
            ax = axes[row, column]
            ax.set_axis_off()
            if row < len(images):
                _draw_pattern(ax, images[row])
    return figure


def _draw_pattern(ax: "Axes", image: np.ndarray) -> None:
    ax.imshow(image, cmap="Greys", vmin=0, vmax=1)
    unknown = np.isnan(image)
    if unknown.any():
        ax.imshow(np.where(unknown, 1.0, np.nan), cmap="Oranges", vmin=0, vmax=3)
