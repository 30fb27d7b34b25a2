"""Step 4 on the board: deltas layer by layer, one weight by its paths, gradients, the update."""

from __future__ import annotations

import numpy as np

from chainrule.formulas import Formula
from chainrule.inspection.explaining.board import (
    Block,
    Display,
    Equation,
    Expression,
    Name,
    Part,
    Piece,
    Table,
    Words,
    factor,
)
from chainrule.inspection.explaining.names import ARROW, Weight, name_of
from chainrule.inspection.explaining.paths import (
    IN_USE,
    WeightGradient,
    affine,
    next_layer,
    settles,
    through_units,
)
from chainrule.inspection.explaining.room import Room
from chainrule.inspection.tracing.records import SeenLayer, Step, Trace
from chainrule.wording import count

MOST_ECHOES = 5


def backward_part(trace: Trace, room: Room) -> tuple[Part, ...]:
    """Return the deltas of every layer with units of its own, the last layer first."""
    parts: list[Part] = []
    for layer in reversed(trace.layers):
        if affine(trace, layer) is not None:
            parts.append(_deltas(trace, layer, room))
            continue
        steps = [s for s in trace.phase("backward") if s.place == layer.place and s.array]
        if steps and not layer.mixes:
            names = ", ".join(step.name for step in steps)
            words = Words(f"Its gradients {names} are in the trace, with their formulas.")
            parts.append(Part(f"{layer.label} ({layer.kind})", (words,)))
    return tuple(parts)


def _deltas(trace: Trace, layer: SeenLayer, room: Room) -> Part:
    z = affine(trace, layer)[1]  # pyright: ignore[reportOptionalSubscript]
    delta, shown = trace.step(f"d{z.name}"), room.units(trace, layer)
    above, inside = next_layer(trace, layer), through_units(trace, layer)
    blocks: list[Block] = []
    columns: list[tuple[str, np.ndarray]] = []
    if above is None and not inside and not settles(trace, layer):
        blocks.append(Words(f"{delta.name}: the first deltas are those of step 3."))
    else:
        out = inside[-1].out if inside else layer.out
        arrived = trace.step(f"d{out}")
        if arrived.name != delta.name:
            columns.append((arrived.name, arrived.values[0]))
        if arrived.name != delta.name and above is not None:
            blocks.append(_equation(arrived))
        for each in reversed(inside):
            for quantity in ("slope", "mask"):
                step = trace.find(quantity, each.place)
                if step is not None:
                    columns.append((step.name, step.values[0]))
                    blocks.append(_equation(step))
        if settles(trace, layer):
            settled = trace.find("λ", layer.place)
            blocks.append(_equation(settled))
            columns.append((settled.name, settled.values[0]))
            slopes = [s for s in trace.steps if (s.quantity, s.place) == ("slope", layer.place)]
            if len(slopes) == 1:
                columns.append((slopes[0].name, slopes[0].values[0]))
                blocks.append(_equation(slopes[0]))
        blocks.append(_equation(delta))
    columns.append((delta.name, delta.values[0]))
    kept, more = shown
    rows = tuple((Name(layer.units[j]), *(float(values[j]) for _, values in columns)) for j in kept)
    table = Table(("unit", *(name for name, _ in columns)), rows)
    return Part(f"Deltas of {layer.label}", (*blocks, table, *more))


def _equation(step: Step) -> Equation:
    left, _, right = step.formula.partition(" = ")
    left_latex, _, right_latex = step.latex.partition(" = ")
    return Equation((Formula(left, left_latex),), ((Formula(right, right_latex),),))


def weight_part(trace: Trace, chosen: Weight, gradient: WeightGradient) -> Part:
    """Return one weight's gradient: what comes back × slope × input."""
    name = name_of(trace, chosen)
    layer = trace.layer(chosen.place)
    blocks: list[Block] = []
    if gradient.paths:
        rows: list[tuple[Piece, ...]] = [
            (Name(p.unit), p.delta, p.weight, p.product) for p in _strongest(gradient)
        ]
        left = gradient.paths[len(rows) :]
        if left:
            others = gradient.comes_back - sum(p.product for p in _strongest(gradient))
            rows.append((count(len(left), "smaller path"), "", "", float(others)))
        rows.append(("what comes back", "", "", gradient.comes_back))
        blocks.append(Words(f"What comes back to {gradient.unit}: each unit that hears it says"))
        heading = ("heard by", "its delta", "weight", "product")
        blocks.append(Table(heading, tuple(rows), sums_up=True))
    else:
        blocks.append(
            Equation(("what comes back to ", Name(gradient.unit)), ((gradient.comes_back,),))
        )
    if gradient.through:
        blocks.append(
            Words(
                f"On the way to its sum lies {gradient.through}, where units depend on each other: "
                "its formula is above."
            )
        )
        blocks.append(Equation(("delta",), ((gradient.delta,),)))
    elif gradient.factors:
        for each in gradient.factors:
            left, _, right = each.formula.partition(" = ")
            left_latex, _, right_latex = each.latex.partition(" = ")
            formula, value = Formula(right, right_latex), each.value
            cases: Expression = (value, " (", formula, ")")
            sides = (cases,) if " if " in right else ((formula,), (value,))
            blocks.append(Equation((Formula(left, left_latex),), sides))
        product: Expression = (gradient.comes_back,)
        for each in gradient.factors:
            product += (" · ", *factor(each.value))
        blocks.append(Equation(("delta",), (product, (gradient.delta,))))
    said = "a bias hears 1" if chosen.i is None else "input"
    source: Expression = (said,) if chosen.i is None else (said, " ", Name(gradient.source))
    if chosen.i is not None:
        blocks.append(Equation(source, ((gradient.input,),)))
    product = (gradient.delta, " · ", *factor(gradient.input))
    blocks.append(Equation(("gradient = delta · input",), (product, (gradient.gradient,))))
    blocks += _echoes(gradient)
    blocks += _update(trace, layer, chosen)
    return Part(f"One weight: {name}", tuple(blocks))


def _echoes(gradient: WeightGradient) -> list[Block]:
    """Return the gradient as the sum over the rounds that the error goes among the units."""
    if not gradient.echoes or not gradient.factors:
        return []
    way = gradient.factors[0].value * gradient.input
    first = gradient.echoes[:MOST_ECHOES]
    named = ["from above", "once round", "twice round"]
    named += [f"{i} times round" for i in range(3, len(first))]
    rows = [(name, echo, echo * way) for name, echo in zip(named, first, strict=False)]
    left = gradient.comes_back - sum(first)
    rows.append(("all that is left", left, left * way))
    rows.append(("all echoes", gradient.comes_back, gradient.gradient))
    words = "The same as a sum over echoes: the error goes round and round among the units."
    return [Words(words), Table(("echo", "comes back", "gradient"), tuple(rows), sums_up=True)]


def _strongest(gradient: WeightGradient) -> list:
    order = sorted(gradient.paths, key=lambda path: -abs(path.product))[:12]
    return order if len(gradient.paths) > 12 else gradient.paths


def _update(trace: Trace, layer: SeenLayer, chosen: Weight) -> list[Block]:
    if chosen.array == IN_USE:
        return [Words("This is the weight in use; the trace holds the gradient of the free ones.")]
    parts = affine(trace, layer)
    assert parts is not None
    biases = parts[2] if chosen.i is None else None
    new, old = _moved(trace, layer, biases or parts[0])
    if new is None or old is None:
        return []
    at = (chosen.j,) if chosen.i is None else (chosen.i, chosen.j)
    rule = new.formula.partition(": ")[2] or new.formula
    latex = new.latex.partition(r":\;")[2] or new.latex
    about = f" ({new.note})" if new.note else ""
    blocks: list[Block] = [
        Words(f"The rule of the update{about}:"),
        Display((Formula(rule, latex),)),
    ]
    after, before = float(new.values[at]), float(old.values[at])
    moments = [s for s in trace.phase("update") if (s.place, s.array) == (new.place, new.array)]
    for step in moments:
        pulled = step.quantity == "gradient" and " + " in step.formula
        if pulled or step.quantity not in ("old", "gradient", "step", "new"):
            said = "g, with the penalty" if pulled else step.quantity
            blocks.append(
                Equation((Formula(said, rf"\text{{{said}}}"),), ((float(step.values[at]),),))
            )
    step = after - before
    move: Expression = (before, " + ", *factor(step)) if step >= 0 else (before, " - ", -step)
    return [*blocks, Equation(("new weight",), (move, (after,)))]


def _moved(trace: Trace, layer: SeenLayer, array: Step) -> tuple[Step | None, Step | None]:
    """Return an array of a layer after the update and before."""
    return tuple(trace.find(which, layer.place, array.array) for which in ("new", "old"))


def _free_moved(trace: Trace, layer: SeenLayer) -> Step | None:
    """Return the weights among units after the update, where they are the free ones themselves."""
    made = [s for s in trace.steps if s.place == layer.place and s.quantity == "free"]
    in_use = trace.find(IN_USE, layer.place)
    if len(made) != 1 or in_use.formula.partition(" = ")[2] not in ("V", "V where the mask is 1"):
        return None
    return trace.find("new", layer.place, made[0].array)


def gradient_part(trace: Trace, room: Room) -> Part:
    """Return the gradients of all weights, with what the update makes of them."""
    rows: list[tuple[float, tuple[Piece, ...]]] = []
    moves = False
    for layer in trace.layers:
        parts = affine(trace, layer)
        if parts is None:
            continue
        among = trace.find(IN_USE, layer.place) if settles(trace, layer) else None
        among = None if among is None or among.axes != ["from", "unit"] else among
        for array, sources in (
            (parts[0], layer.inputs),
            (parts[2], ["bias"]),
            (among, layer.units),
        ):
            if array is None:
                continue
            gradient = trace.find(f"d {array.quantity}", layer.place, array.array).values
            new = _free_moved(trace, layer) if array is among else _moved(trace, layer, array)[0]
            moves = moves or new is not None
            for at in np.ndindex(gradient.shape):
                source = sources[at[0] if gradient.ndim == 2 else 0]
                name = Name(f"{layer.units[at[-1]]}{ARROW}{source}")
                row = (name, float(array.values[at]), float(gradient[at]))
                rows.append((abs(row[2]), (*row, "" if new is None else float(new.values[at]))))
    rows = rows if moves else [(size, row[:3]) for size, row in rows]
    kept, more = room.weights(np.array([size for size, _ in rows]))
    if moves and any(rows[i][1][-1] == "" for i in kept):
        more += (
            Words(
                "Weights from unit to unit are made of free ones, which the update changes: they "
                "are in the trace."
            ),
        )
    heading = ("weight", "now", "gradient", *(("after the update",) if moves else ()))
    return Part("All gradients", (Table(heading, tuple(rows[i][1] for i in kept)), *more))
