"""What there is room for: of a wide layer the units and terms that matter most are written out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.inspection.explaining.board import Words
from chainrule.inspection.explaining.names import Weight
from chainrule.inspection.explaining.paths import IN_USE, next_layer
from chainrule.inspection.tracing.records import SeenLayer, Trace
from chainrule.wording import count

MOST_UNITS, MOST_TERMS, MOST_INPUTS, MOST_WEIGHTS = 5, 8, 16, 16


@dataclass(frozen=True)
class Room:
    """Whether all is written out, and which weight must not be left out."""

    show_all: bool
    chosen: Weight | None

    def inputs(
        self, trace: Trace, names: Sequence[str], x: np.ndarray
    ) -> tuple[list[int], tuple[Words, ...]]:
        """Return which inputs to show: those of the largest values."""
        chosen = self.chosen
        needed = [chosen.i] if chosen is not None and self._is_first(trace, chosen) else []
        return self._largest(np.abs(x), MOST_INPUTS, needed, "input", "of smaller size")

    def units(self, trace: Trace, layer: SeenLayer) -> tuple[list[int], tuple[Words, ...]]:
        """Return which units of a layer to show: those whose deltas are largest."""
        needed: list[int | None] = []
        if self.chosen is not None:
            chosen = trace.layer(self.chosen.place)
            if chosen.place == layer.place:
                needed = [self.chosen.j]
                needed += [self.chosen.i] if self.chosen.array == IN_USE else []
            elif (above := next_layer(trace, layer)) is not None and above.place == chosen.place:
                i = self.chosen.i
                source = None if i is None else chosen.inputs[i]  # a piece is none of the units
                needed = [layer.units.index(source)] if source in layer.units else []
        size = np.abs(trace[f"d{layer.out}"][0])
        return self._largest(size, MOST_UNITS, needed, "unit", "whose deltas are smaller")

    def terms(self, products: np.ndarray, needed: int | None = None) -> tuple[list[int], float]:
        """Return which terms of a sum to show, and what the others add up to."""
        kept, _ = self._largest(np.abs(products), MOST_TERMS, [needed], "term", "")
        return kept, float(np.delete(products, kept).sum())

    def weights(self, sizes: np.ndarray) -> tuple[list[int], tuple[Words, ...]]:
        """Return which weights to show: those of the largest gradients."""
        return self._largest(sizes, MOST_WEIGHTS, [], "weight", "whose gradients are smaller")

    def _is_first(self, trace: Trace, chosen: Weight) -> bool:
        """Return whether a weight leads from an input of the network."""
        return trace.layer(chosen.place).given == "x" and chosen.array != IN_USE

    def _largest(
        self, sizes: np.ndarray, most: int, needed: Sequence[int | None], noun: str, why: str
    ) -> tuple[list[int], tuple[Words, ...]]:
        n = len(sizes)
        if self.show_all or n <= most:
            return list(range(n)), ()
        order = np.argsort(-sizes, kind="stable")[:most].tolist()
        kept = sorted({*order, *(i for i in needed if i is not None)})
        left = n - len(kept)
        return kept, (Words(f"{count(left, f'more {noun}')} {why} not shown."),)
