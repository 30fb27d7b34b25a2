"""The two passes of a layer as steps, by the rows that its kind tells of them.

A layer that tells nothing, as one of the user's own, shows what went in and came out, its
parameters and its gradients.  The kinds that hold other layers have entries of their own, in
`cells` and `connections`.
"""

from __future__ import annotations

import re
from functools import singledispatch
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array

from chainrule.engine.layers.base import Layer
from chainrule.engine.layers.kind import GIVEN, ROWS_INPUTS, ROWS_UNITS, Row, kind_of
from chainrule.formulas import Formula
from chainrule.inspection.tracing.records import Phase, Step
from chainrule.inspection.tracing.views import Symbol, View, d, named_leaves


@singledispatch
def forward_steps(layer: Any, view: View) -> list[Step]:
    """Return the steps of a forward pass; sets the symbol of the view's output."""
    shown = kind_of(layer).shown()
    if shown is not None:
        return _steps("forward", shown.forward, view)
    view.out = view.symbol(view.letters.get("z", "y"))
    name = kind_of(layer).called
    steps = parameters(view)
    formula = Formula(f"{name}({view.given.text})", rf"\mathrm{{{name}}}({view.given.latex})")
    steps.append(view.forward("y", view.out, formula, view.passed.y, ROWS_UNITS))
    return steps


@singledispatch
def backward_steps(layer: Any, view: View) -> list[Step]:
    """Return the steps of a backward pass."""
    shown = kind_of(layer).shown()
    if shown is not None:
        return _steps("backward", shown.backward, view)
    steps = []
    dy = view.at_output
    for name, grads in named_leaves(view.back.grads):
        symbol = view.named[name]
        formula = Formula(
            f"(∂{view.out.text}/∂{symbol.text})ᵀ {dy.text}",
            rf"(\partial {view.out.latex}/\partial {symbol.latex})^\top {dy.latex}",
        )
        axes = [f"axis {i}" for i in range(grads.ndim)]
        steps.append(view.backward("d parameter", d(symbol), formula, grads, axes, name))
    formula = Formula(
        f"(∂{view.out.text}/∂{view.given.text})ᵀ {dy.text}",
        rf"(\partial {view.out.latex}/\partial {view.given.latex})^\top {dy.latex}",
    )
    return [*steps, view.backward("dx", view.at_input, formula, view.back.dx, ROWS_INPUTS)]


def parameters(view: View) -> list[Step]:
    """Return the parameters of a layer of unknown kind."""
    steps = []
    for name, values in named_leaves(view.passed.params):
        symbol = view.array(name, name.replace(".", "_"))
        axes = [f"axis {i}" for i in range(values.ndim)]
        steps.append(view.forward("parameter", symbol, GIVEN, values, axes, name))
    return steps


class Seen(NamedTuple):
    """What the rows of a kind are about."""

    layer: Layer
    params: Any
    x: Array
    y: Array
    tape: Any
    dy: Array
    grads: Any
    dx: Array


def _steps(phase: Phase, rows: tuple[Row, ...], view: View) -> list[Step]:
    """Return the steps of rows; of those of the same quantity the first whose arrays are there."""
    passed, back = view.passed, view.back
    seen = Seen(
        passed.layer, passed.params, passed.x, passed.y, passed.tape, back.dy, back.grads, back.dx
    )
    steps: list[Step] = []
    for row in rows:
        values = _array(row, seen)
        if values is None or row.quantity in {step.quantity for step in steps}:
            continue
        known = {**view.named, **_numbers(row, seen.layer)}
        if set(_names(row.formula)) - {"x", "y", "dx", "dy", *known}:
            continue
        symbol = _symbol(row, view)
        known |= {"x": view.given, "y": view.out, "dx": view.at_input, "dy": view.at_output}
        formula = row.formula.filled(**known)
        where, array = _place(row)
        array = array if where in ("params", "grads") else ""
        steps.append(
            view.step(phase, row.quantity, symbol, formula, values, row.axes, array, row.note)
        )
    return steps


def _array(row: Row, seen: Seen) -> Any:
    """Return the numbers of a row; None if there are none."""
    if callable(row.array):
        return row.array(seen)
    found: Any = seen
    for name in row.array.split("."):
        found = getattr(found, name)
    return found


def _place(row: Row) -> tuple[str, str]:
    """Return where the array of a row is, and its name there."""
    where, _, name = ("", "", "") if callable(row.array) else row.array.partition(".")
    return where, name


def _names(formula: Formula) -> list[str]:
    return re.findall(r"\{([^{}]*)\}", formula.text)


def _numbers(row: Row, layer: Any) -> dict[str, Symbol]:
    """Return the numbers of the layer that a formula calls by their names."""
    found = {name: np.asarray(getattr(layer, name, None)) for name in _names(row.formula)}
    numbers = {name: value for name, value in found.items() if value.dtype.kind in "fi"}
    return {name: Formula.same(f"{float(value):g}") for name, value in numbers.items()}


def _symbol(row: Row, view: View) -> Symbol:
    """Return the symbol of a row's numbers."""
    where, array = _place(row)
    if where == "grads":
        return d(view.named[array])
    if where == "dx":
        return view.at_input
    letter, latex = (row.letter, "") if isinstance(row.letter, str) else row.letter
    letter = view.letters.get(letter, letter)
    if where == "params":
        return view.array(array, letter, latex)
    symbol = view.symbol(letter, latex)
    if where == "y":
        view.out = symbol
    view.named[row.quantity] = symbol
    return symbol
