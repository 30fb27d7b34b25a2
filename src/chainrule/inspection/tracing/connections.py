"""How connections show the making of their weights: from the free ones V to those in use, W.

The gradient goes the same way back: dW at the weights in use, dV at the free parameters.
"""

from __future__ import annotations

from typing import Any

from chainrule.engine.layers.kind import GIVEN, ROWS_INPUTS, ROWS_UNITS
from chainrule.engine.networks.connections import Connections
from chainrule.formulas import Formula
from chainrule.inspection.tracing.layers import backward_steps, forward_steps
from chainrule.inspection.tracing.records import Step
from chainrule.inspection.tracing.views import Symbol, View, d, named_leaves

FREE = {"weights": ("V", "V"), "skew": ("B", "B"), "log_scale": ("s", "s")}


def weights_steps(view: View, params: Any, effective: Any, made: Any, prefix: str) -> list[Step]:
    """Return the free parameters, what is made of them, and the weights in use."""
    connections = connections_of(view)
    steps = []
    for name, values in named_leaves(params):
        symbol = view.array(prefix + name, *FREE[name])
        steps.append(view.forward("free", symbol, GIVEN, values, _axes(values), prefix + name))
    formula, names = connections.making
    for name, values in zip(names, made, strict=True):
        symbol = view.symbol(f"{name} of W", rf"\mathrm{{{name}}}")
        steps.append(view.forward(name, symbol, GIVEN, values, _axes(values)))
    w = view.array("in use", "W")
    return [*steps, view.forward("weights in use", w, formula, effective, _axes(effective))]


def weights_backward(view: View, h: Symbol, dz: Symbol, values: Any, grads: Any, prefix: str):
    """Return the gradient at the weights in use, and at the free parameters."""
    connections = connections_of(view)
    w = view.named["in use"]
    formula = connections.at_weights.filled(h=h, dz=dz)
    steps = [view.backward("d weights in use", d(w), formula, values, _axes(values))]
    for name, grad in named_leaves(grads):
        v = view.named[prefix + name]
        formula = Formula(
            f"(∂{w.text}/∂{v.text})ᵀ {d(w).text}",
            rf"(\partial {w.latex}/\partial {v.latex})^\top {d(w).latex}",
        )
        steps.append(view.backward("d free", d(v), formula, grad, _axes(grad), prefix + name))
    return steps


def connections_of(view: View) -> Any:
    """Return the connections that a view shows, or those of the cell that it shows."""
    layer: Any = view.layer
    return layer.cell.connections if hasattr(layer, "cell") else layer


def _axes(values: Any) -> tuple[str, ...]:
    return {0: (), 1: ("unit",), 2: ("from", "unit")}[values.ndim]


@forward_steps.register
def _(layer: Connections, view: View) -> list[Step]:
    tape = view.passed.tape
    steps = weights_steps(view, view.passed.params, tape.effective, tape.made, "")
    view.out = view.symbol("z")
    formula = layer.received.filled(h=view.given, w=view.named["in use"])
    return [*steps, view.forward("z", view.out, formula, view.passed.y, ROWS_UNITS)]


@backward_steps.register
def _(layer: Connections, view: View) -> list[Step]:
    dy, tape = view.back.dy, view.passed.tape
    values = layer.gradient(tape.h, dy)
    steps = weights_backward(view, view.given, view.at_output, values, view.back.grads, "")
    w, dz = view.named["in use"], view.at_output
    formula = Formula(f"{dz.text} {w.text}ᵀ", rf"{dz.latex} {w.latex}^\top")
    return [*steps, view.backward("dx", view.at_input, formula, view.back.dx, ROWS_INPUTS)]
