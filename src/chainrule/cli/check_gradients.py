"""`chainrule check-gradients`: every layer's gradients beside finite differences of the loss."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.cli.looked_at import NewNetwork, look_at
from chainrule.cli.talk import Talk, columns, draw
from chainrule.errors import OptionError
from chainrule.wording import count

MOST_ROWS = 64


def run_check_gradients(
    what: str,
    most: int,
    figure: Path | None,
    json: bool,
    table: str | None,
    targets: list[str] | None,
    reading: dict[str, Any],
    new: NewNetwork,
) -> int:
    """Carry out the command; the exit code is 1 if a gradient is wrong."""
    if most < 1:
        raise OptionError(f"--weights {most} must be 1 or more.")
    if figure is not None and not figure.parent.is_dir():
        raise OptionError(f"there is no folder {figure.parent} for {figure}. Make it first.")
    looked = look_at(what, table, targets, reading, new)
    rows = looked.rows
    chosen = np.sort(np.random.default_rng(0).permutation(len(rows))[:MOST_ROWS])
    taken = rows.take(chosen)
    check = looked.model.check_gradients(taken, taken.y, most=most)
    if figure is not None:
        # only where a figure is asked for
        from chainrule.report.gradient_check import gradient_check_figure
        from chainrule.report.style import save_figure

        save_figure(gradient_check_figure(check), figure.parent, figure.stem)
    if json:
        print(json_format.dumps(check.to_dict(), indent=2))
        return 0 if check.ok else 1
    talk = Talk(json)
    singly = f"{most} weights of each array singly, and one random direction of all"
    drawn = f"{count(len(taken), 'row')} of {len(rows)}"
    talk.say("Checked", f"{looked.name} on {drawn}, float64; {singly}")
    print()
    draw(columns(check.rows()))
    print()
    talk.say("Verdict", check.summary)
    return 0 if check.ok else 1
