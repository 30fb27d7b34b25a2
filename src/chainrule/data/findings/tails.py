"""Findings on a number as target: some so much larger than most that they decide the fit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from chainrule.advice import Text
from chainrule.data.findings.look import Look
from chainrule.data.target.numbers import has_long_tail
from chainrule.finding import Finding


def find_tails(look: Look) -> Iterator[Finding]:
    """Give a target with a long tail."""
    if look.classes is not None or look.y_spelt or not has_long_tail(look.y):
        return
    middle, largest = float(np.median(look.y)), float(look.y.max())
    yield Finding(
        "long tail",
        "note",
        f"the target has a long tail: half of it is at most {middle:g}, and the largest is "
        f"{largest:g}, so that few rows decide the squared error{look.sample}.",
        remedy=Text(
            "Tabular networks learn its logarithm where that predicts rows better that did not "
            "train; to decide it: `{target_transform}`.",
            target_transform="log",
        ),
    )
