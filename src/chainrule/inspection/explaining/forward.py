"""Step 2 on the board: the sums of every layer's units, and what becomes of them."""

from __future__ import annotations

import numpy as np

from chainrule.formulas import Formula
from chainrule.inspection.explaining.board import (
    Block,
    Equation,
    Name,
    Part,
    Piece,
    Table,
    Words,
)
from chainrule.inspection.explaining.paths import IN_USE, affine, settles, through_units
from chainrule.inspection.explaining.room import Room
from chainrule.inspection.tracing.records import SeenLayer, Step, Trace
from chainrule.wording import count


def forward_parts(trace: Trace, room: Room) -> tuple[Part, ...]:
    """Return a part for each layer that has units of its own."""
    parts: list[Part] = []
    seen: set[tuple[int, ...]] = set()
    for layer in trace.layers:
        if layer.place in seen:
            continue
        inside = through_units(trace, layer)
        seen |= {each.place for each in inside}
        parts += _layer(trace, layer, inside, room)
    return tuple(parts)


def _layer(trace: Trace, layer: SeenLayer, inside: list[SeenLayer], room: Room) -> list[Part]:
    shown, more = room.units(trace, layer)
    parts: list[Part] = []
    if affine(trace, layer) is None:
        words = Words(f"{layer.label} is a layer of its own kind ({layer.kind}):")
        formulas = _words_on(trace, layer, whole=True)
        table = _outputs(trace, layer, shown)
        parts.append(Part(layer.label, (words, *formulas, table, *more)))
    else:
        if settles(trace, layer):
            parts.append(Part(layer.label, _settling(trace, layer)))
        parts += [_sum(trace, layer, j, room) for j in shown]
        if settles(trace, layer):
            inside_steps = _slopes_table(trace, layer, shown)
            parts.append(Part("", (*inside_steps, *more)))
        elif more:
            parts.append(Part("", more))
    for each in inside:
        if each.idle:
            continue
        parts.append(Part("", (*_words_on(trace, each), _outputs(trace, each, shown))))
    return parts


def _sum(trace: Trace, layer: SeenLayer, j: int, room: Room) -> Part:
    """Return the sum of one unit, term by term."""
    weights, z, biases = affine(trace, layer)  # pyright: ignore[reportGeneralTypeIssues]
    sources, x, w = list(layer.inputs), trace[layer.given][0], weights.values[:, j]
    in_use = trace.find(IN_USE, layer.place) if settles(trace, layer) else None
    if in_use is not None and in_use.axes == ["from", "unit"]:
        sources += layer.units
        x = np.concatenate([x, trace.find("h", layer.place).values[0]])
        w = np.concatenate([w, in_use.values[:, j]])
    chosen = room.chosen
    needed = None
    if chosen is not None and chosen.place == layer.place and chosen.j == j:
        shift = len(layer.inputs) if chosen.array == IN_USE else 0
        needed = None if chosen.i is None else chosen.i + shift
    kept, others = room.terms(x * w, needed)
    rows: list[tuple[Piece, ...]] = [
        (Name(sources[i]), float(x[i]), float(w[i]), float(x[i] * w[i])) for i in kept
    ]
    left = len(w) - len(kept)
    if left:
        rows.append((f"{count(left, 'smaller term')}", "", "", others))
    if biases is not None:
        rows.append(("bias", "", "", float(biases.values[j])))
    rows.append((f"{z.name}, the sum", "", "", float(z.values[0, j])))
    heading = ("from", "value", "weight", "product")
    return Part(layer.units[j], (Table(heading, tuple(rows), sums_up=True),))


def _settling(trace: Trace, layer: SeenLayer) -> tuple[Block, ...]:
    """Return how the units came to stand still."""
    taken = int(trace.find("sweeps taken", layer.place).values[0])
    residual = float(trace.find("last residual", layer.place).values[0])
    path = trace.find("residuals", layer.place).values[:, 0]
    note = trace.find("h", layer.place).note
    first = ", ".join(f"{value:.2g}" for value in path[:8])
    return (
        Words(
            f"These units hear each other. They start at rest and are worked out again and again "
            f"until they stand still: {count(taken, 'sweep')}, at the end ‖F(h) - h‖ = "
            f"{residual:.2g} ({note}). Plain sweeps move them by {first}"
            f"{', …' if len(path) > 8 else ''}."
        ),
        Words(
            "The sums below are those at the fixed point, where h is what the units say themselves."
        ),
    )


def _slopes_table(trace: Trace, layer: SeenLayer, shown: list[int]) -> tuple[Block, ...]:
    """Return what the body of units that settle makes of their sums."""
    received, out = trace.find("received", layer.place), trace.step(layer.out)
    rows = tuple(
        (Name(layer.units[j]), float(received.values[0, j]), float(out.values[0, j])) for j in shown
    )
    return _equation(out.formula, out.latex, out.note), Table(
        ("unit", received.name, out.name), rows
    )  # pyright: ignore[reportReturnType]


def _words_on(trace: Trace, layer: SeenLayer, whole: bool = False) -> tuple[Block, ...]:
    steps = [trace.step(layer.out)]
    if whole or layer.mixes:
        steps = [step for step in _steps(trace, layer) if step.formula != step.name]
    blocks: list[Block] = []
    for step in steps:
        number = f" = {float(step.values[0, 0]):.6g}" if step.axes[-1] == "one" else ""
        blocks.append(_equation(step.formula + number, step.latex + number, step.note))
    return tuple(blocks)


def _steps(trace: Trace, layer: SeenLayer) -> list[Step]:
    """Return the operations of a layer, the one of its output last."""
    return [step for step in trace.phase("forward") if step.place == layer.place]


def _equation(text: str, latex: str, note: str = "") -> Block:
    left, _, right = text.partition(" = ")
    left_latex, _, right_latex = latex.partition(" = ")
    sides = (
        ((Formula(right, right_latex), f"   ({note})"),)
        if note
        else ((Formula(right, right_latex),),)
    )
    return Equation((Formula(left, left_latex),), sides)


def _outputs(trace: Trace, layer: SeenLayer, shown: list[int]) -> Table:
    """Return a table of what goes into units and comes out."""
    out = trace.step(layer.out).values[0]
    names, columns = ["unit"], []
    if layer.inputs == layer.units:
        names.append(layer.given)
        columns.append(trace[layer.given][0])
        for step in _steps(trace, layer)[:-1]:
            if step.axes[-1:] == ["unit"]:
                names.append(step.name)
                columns.append(step.values[0] if step.values.ndim == 2 else step.values)
    names.append(layer.out)
    columns.append(out)
    rows = tuple((Name(layer.units[j]), *(float(column[j]) for column in columns)) for j in shown)
    return Table(tuple(names), rows)
