"""Findings on the classes: some rare, some with hardly a row."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from chainrule.advice import Text
from chainrule.data.findings.look import Look
from chainrule.finding import Finding
from chainrule.wording import count, listing

FEWEST_ROWS = 5
SMALL_SHARE, SMALL_RATIO, LARGE_RATIO = 0.05, 5, 20


def find_in_classes(look: Look) -> Iterator[Finding]:
    """Give what is found in the sizes of the classes."""
    if look.classes is None or len(look.y) == 0 or len(look.classes) < 2:
        return
    sizes = np.bincount(look.y, minlength=len(look.classes))
    rare = [f"{look.classes[k]} {sizes[k]}" for k in np.flatnonzero(sizes < FEWEST_ROWS)]
    if rare:
        yield Finding(
            "rare class",
            "look",
            f"{count(len(rare), 'class has', 'classes have')} fewer than {FEWEST_ROWS} rows"
            f"{look.sample}: {listing(rare)}.",
            remedy=Text(
                "Add rows of them, join them with another class, or leave them out: a test on so "
                "few rows says little."
            ),
        )
    weights = np.bincount(look.y, weights=look.weights, minlength=len(look.classes))
    smallest, largest = int(weights.argmin()), int(weights.argmax())
    share = weights[smallest] / weights.sum()
    ratio = weights[largest] / weights[smallest]
    if ratio > LARGE_RATIO or (share < SMALL_SHARE and ratio > SMALL_RATIO):
        yield Finding(
            "imbalance",
            "look",
            f'class "{look.classes[smallest]}" has {share:.1%} of the rows, '
            f'"{look.classes[largest]}" {ratio:.0f} times as many{look.sample}.',
            remedy=Text(
                "Weigh the classes: `{class_weight}`, and look at the balanced accuracy.",
                class_weight="balanced",
            ),
        )
