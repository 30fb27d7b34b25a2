"""Layers in a row, shown one after the other: forwards in order, backwards in reverse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jaxtyping import Array, PRNGKeyArray

from chainrule.engine.layers.base import Layer
from chainrule.engine.networks.passes import backward_passes, forward_passes
from chainrule.inspection.tracing.layers import backward_steps, forward_steps
from chainrule.inspection.tracing.records import Step
from chainrule.inspection.tracing.views import Symbol, View


def part_views(
    parent: View,
    layer: Layer,
    params: Any,
    x: Array,
    dy: Array,
    *,
    prefix: str,
    key: PRNGKeyArray | None = None,
    letters: Mapping[str, str] | None = None,
) -> list[View]:
    """Return views of a layer inside another one, or of the layers in a row that it holds."""
    passes = forward_passes(layer, params, x, key)
    views = []
    for passed, back in zip(passes, backward_passes(passes, dy), strict=True):
        inside = "".join(f"{place}." for place in passed.place)
        views.append(
            View(
                passed,
                back,
                parent.place,
                parent.label,
                parent.number,
                parent.symbols,
                prefix=f"{parent.prefix}{prefix}.{inside}",
                letters=letters or {},
            )
        )
    return views


def show_forward(views: Sequence[View], given: Symbol) -> tuple[list[Step], Symbol]:
    """Return the forward steps of layers in a row, and the symbol of what comes out."""
    steps: list[Step] = []
    for view in views:
        view.given = given
        steps += forward_steps(view.layer, view)
        given = view.out
    return steps, given


def show_backward(views: Sequence[View], d_out: Symbol) -> list[Step]:
    """Return the backward steps of layers in a row, the last layer first."""
    steps: list[Step] = []
    for view in reversed(views):
        view.d_out = d_out
        steps += backward_steps(view.layer, view)
        d_out = view.at_input
    return steps
