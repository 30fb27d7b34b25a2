"""The history of a training: one array for each measure, entry e after e epochs."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


class History(dict[str, np.ndarray]):
    """A dict of arrays of one length, "epoch" first."""

    def to_frame(self) -> Any:
        """Return it as a polars frame, a row for each epoch."""
        import polars as pl  # for a frame alone

        return pl.DataFrame(dict(self))

    def and_then(self, more: "History") -> "History":
        """Return this history with `more` behind it; its first entry repeats our last one.

        A measure that only one part has is NaN in the other.
        """
        lengths = len(self["epoch"]), len(more["epoch"])
        joined = History()
        for name in [*self, *(name for name in more if name not in self)]:
            parts = (
                part.get(name, np.full(n, np.nan))
                for part, n in zip((self, more), lengths, strict=True)
            )
            before, after = parts
            joined[name] = np.concatenate([before, after[1:]])
        return joined


def flow_told(flow: Mapping[str, Any]) -> tuple[list[str], list[np.ndarray]]:
    """Return names and columns of a flow, as a model file takes them."""
    if not flow:
        return [], []
    pairs = [
        (f"{layer}: {what}", a)
        for layer, own in flow.items()
        if layer != "epoch"
        for what, a in own.items()
    ]
    return ["epoch", *(name for name, _ in pairs)], [flow["epoch"], *(a for _, a in pairs)]


def flow_from(names: Sequence[str], columns: Sequence[np.ndarray]) -> dict[str, Any]:
    """Return the flow that has these names and columns."""
    flow: dict[str, Any] = {}
    for name, column in zip(names, columns, strict=True):
        layer, _, what = name.rpartition(": ")
        if layer:
            flow.setdefault(layer, {})[what] = column
        else:
            flow[name] = column
    return flow
