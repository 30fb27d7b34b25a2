"""The gradient check in a picture: how the error depends on the step, array by array."""

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.report.style import FAINT, MARK, TRAINING, VALIDATION, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_NAMED = 6
STYLES: dict[str, dict[str, Any]] = {
    "ok": {"color": TRAINING, "linewidth": 1.1, "alpha": 0.6},
    "kink": {"color": MARK, "linewidth": 1.4, "linestyle": "-."},
    "passed on": {"color": VALIDATION, "linewidth": 1.4, "linestyle": ":"},
    "WRONG": {"color": VALIDATION, "linewidth": 2.0},
}


def gradient_check_figure(check: Any) -> "Figure":
    """Draw the largest relative error of every array over the step size.

    A right gradient draws a V: too large a step bends, too small a one rounds.  A wrong one stays
    above the tolerance for every step, and so does one at a kink, which has no single slope.

    Parameters
    ----------
    check : GradientCheck
        What `check_gradients` gave.
    """
    figure, (ax,) = new_figure(1, width=6.4, height=4.0)
    named = 0
    for each in check.arrays:
        if not each.n_checked:
            continue
        label = None
        if each.verdict != "ok" and named < MOST_NAMED:
            label, named = f"{each.verdict}: {each.layer} {each.array}", named + 1
        errors = np.maximum(np.nanmax(each.errors, axis=0), 1e-17)
        ax.loglog(check.steps, errors, label=label, **STYLES[each.verdict])
    ax.axhline(check.tolerance, color=FAINT, linewidth=1, linestyle="--", label="tolerance")
    ax.plot([], [], label="right arrays", **STYLES["ok"])
    ax.set_xlabel("step size ε", fontsize=9)
    ax.set_ylabel("largest relative error", fontsize=9)
    title = "All gradients are right" if check.ok else "Some gradients are wrong"
    ax.set_title(f"Gradients beside central differences: {title.lower()}", fontsize=10)
    ax.legend(fontsize=8, frameon=False)
    return figure
