"""How connections show the making of their weights: from the free ones V to those in use, W.

The gradient goes the same way back: dW at the weights in use, dV at the free parameters.
"""

from __future__ import annotations

from functools import singledispatch
from typing import Any

from chainrule.engine import (
    Connections,
    LocalConnections,
    Monotone,
    NonNegative,
    Perron,
    Recurrent,
    RowSum,
    Spectral,
    Symmetric,
)
from chainrule.engine.layers.kind import GIVEN, ROWS_INPUTS, ROWS_UNITS
from chainrule.formulas import Formula
from chainrule.inspection.tracing.layers import backward_steps, forward_steps
from chainrule.inspection.tracing.records import Step
from chainrule.inspection.tracing.views import Symbol, View, d, named_leaves

FREE = {"weights": ("V", "V"), "skew": ("B", "B"), "log_scale": ("s", "s")}


@singledispatch
def making(connections: Any) -> tuple[Formula, tuple[str, ...]]:
    """Return how W comes about from V, and what the parts of its making are called."""
    return Formula("g(V)", "g(V)"), ()


@making.register
def _(connections: Recurrent) -> tuple[Formula, tuple[str, ...]]:
    return Formula("V where the mask is 1", r"V \odot \mathrm{mask}"), ()


@making.register
def _(connections: Spectral) -> tuple[Formula, tuple[str, ...]]:
    formula = Formula("V min(1, c / ‖V‖₂), c = bound / slope", r"V \min(1, c / \lVert V \rVert_2)")
    return formula, ("factor", "too large", "norm", "left", "right")


@making.register
def _(connections: RowSum) -> tuple[Formula, tuple[str, ...]]:
    formula = Formula("Vᵢⱼ min(1, c / Σᵢ |Vᵢⱼ|)", r"V_{ij} \min(1, c / \sum_i |V_{ij}|)")
    return formula, ("factor", "too large", "sums")


@making.register
def _(connections: Perron) -> tuple[Formula, tuple[str, ...]]:
    formula = Formula(
        "Vᵢⱼ min(1, c / Σᵢ |Vᵢⱼ| exp(sᵢ - sⱼ))",
        r"V_{ij} \min(1, c / \sum_i |V_{ij}| e^{s_i - s_j})",
    )
    return formula, ("factor", "too large", "sums", "ratio")


@making.register
def _(connections: Monotone) -> tuple[Formula, tuple[str, ...]]:
    m = f"{float(connections.margin):g}"
    formula = Formula(f"(1 - {m}) I - VᵀV + B - Bᵀ", rf"(1 - {m}) I - V^\top V + B - B^\top")
    return formula, ()


@making.register
def _(connections: Symmetric) -> tuple[Formula, tuple[str, ...]]:
    return Formula("(V + Vᵀ) / 2", r"\tfrac12 (V + V^\top)"), ()


@making.register
def _(connections: NonNegative) -> tuple[Formula, tuple[str, ...]]:
    return Formula("V²", "V^2"), ()


@making.register
def _(connections: LocalConnections) -> tuple[Formula, tuple[str, ...]]:
    square = "²" if connections.non_negative else ""
    own = "" if connections.own_cell else ", 0 for the cell itself"
    return Formula(f"the kernel V{square}{own}", f"V{'^2' * bool(square)}"), ()


@singledispatch
def product(connections: Any, h: Symbol, w: Symbol) -> Formula:
    """Return the formula of what the units receive."""
    return Formula(f"{h.text} {w.text}", f"{h.latex} {w.latex}")


@product.register
def _(connections: LocalConnections, h: Symbol, w: Symbol) -> Formula:
    return Formula(
        f"Σₐ {w.text}[a] · {h.text}(cell + a)", rf"\sum_a {w.latex}[a]\, {h.latex}(\cdot + a)"
    )


@singledispatch
def weights_gradient(connections: Any, h: Symbol, dz: Symbol) -> Formula:
    """Return the formula of the gradient at the weights in use."""
    return Formula(f"{h.text}ᵀ {dz.text}", rf"{h.latex}^\top {dz.latex}")


@weights_gradient.register
def _(connections: LocalConnections, h: Symbol, dz: Symbol) -> Formula:
    return Formula(
        f"Σ over rows and cells of {h.text}(cell + a) · {dz.text}(cell)",
        rf"\sum_{{n, \cdot}} {h.latex}(\cdot + a)\, {dz.latex}(\cdot)",
    )


def weights_steps(view: View, params: Any, effective: Any, made: Any, prefix: str) -> list[Step]:
    """Return the free parameters, what is made of them, and the weights in use."""
    connections = connections_of(view)
    steps = []
    for name, values in named_leaves(params):
        symbol = view.array(prefix + name, *FREE[name])
        steps.append(view.forward("free", symbol, GIVEN, values, _axes(values), prefix + name))
    formula, names = making(connections)
    for name, values in zip(names, made, strict=True):
        symbol = view.symbol(f"{name} of W", rf"\mathrm{{{name}}}")
        steps.append(view.forward(name, symbol, GIVEN, values, _axes(values)))
    w = view.array("in use", "W")
    return [*steps, view.forward("weights in use", w, formula, effective, _axes(effective))]


def weights_backward(view: View, h: Symbol, dz: Symbol, values: Any, grads: Any, prefix: str):
    """Return the gradient at the weights in use, and at the free parameters."""
    connections = connections_of(view)
    w = view.named["in use"]
    formula = weights_gradient(connections, h, dz)
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
    formula = product(layer, view.given, view.named["in use"])
    return [*steps, view.forward("z", view.out, formula, view.passed.y, ROWS_UNITS)]


@backward_steps.register
def _(layer: Connections, view: View) -> list[Step]:
    dy, tape = view.back.dy, view.passed.tape
    values = layer.gradient(tape.h, dy)
    steps = weights_backward(view, view.given, view.at_output, values, view.back.grads, "")
    w, dz = view.named["in use"], view.at_output
    formula = Formula(f"{dz.text} {w.text}ᵀ", rf"{dz.latex} {w.latex}^\top")
    return [*steps, view.backward("dx", view.at_input, formula, view.back.dx, ROWS_INPUTS)]
