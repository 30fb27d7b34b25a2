"""How each kind of layer shows its passes: the operations, with their formulas and numbers.

`forward_steps` and `backward_steps` have an entry for each kind; a kind without one, as a user's
own layer, shows what went in and came out, its tape and its gradients.  The steps of the kinds that
hold other layers are in `cells`.
"""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import jax
import numpy as np
from jaxtyping import Array

from chainrule.activations import record_of
from chainrule.engine import (
    Dense,
    Dropout,
    Elementwise,
    LayerNorm,
    Local,
    Piecewise,
    Scale,
    Softmax,
)
from chainrule.formulas import Formula
from chainrule.inspection.tracing.records import Step
from chainrule.inspection.tracing.views import Symbol, View, d, named_leaves

# These work on the units of a layer.
KEEPS_UNITS = (Elementwise, Softmax, Dropout, LayerNorm, Scale)
GIVEN = Formula("", "")
ROWS_UNITS, ROWS_INPUTS = ("row", "unit"), ("row", "input")


@singledispatch
def kind_of(layer: Any) -> str:
    """Return what a layer is called, in a word or two."""
    name = type(layer).__name__
    return "".join(f" {c.lower()}" if c.isupper() else c for c in name).strip()


@kind_of.register
def _(layer: Elementwise) -> str:
    return layer.name


@singledispatch
def forward_steps(layer: Any, view: View) -> list[Step]:
    """Return the steps of a forward pass; sets the symbol of the view's output."""
    view.out = view.symbol(view.letters.z if view.letters.z != "z" else "y")
    name = kind_of(getattr(layer, "layer", layer))
    steps = parameters(view)
    formula = Formula(f"{name}({view.given.text})", rf"\mathrm{{{name}}}({view.given.latex})")
    steps.append(view.forward("y", view.out, formula, view.passed.y, ROWS_UNITS))
    return steps


@singledispatch
def backward_steps(layer: Any, view: View) -> list[Step]:
    """Return the steps of a backward pass."""
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


@forward_steps.register
def _(layer: Dense, view: View) -> list[Step]:
    params, letters = view.passed.params, view.letters
    w = view.array("weights", letters.weights)
    steps = [view.forward("weights", w, GIVEN, params.weights, ("input", "unit"), "weights")]
    text, latex = f"{view.given.text} {w.text}", f"{view.given.latex} {w.latex}"
    if params.biases is not None:
        b = view.array("biases", letters.biases)
        steps.append(view.forward("biases", b, GIVEN, params.biases, ("unit",), "biases"))
        text, latex = f"{text} + {b.text}", f"{latex} + {b.latex}"
    view.out = view.symbol(letters.z)
    return [*steps, view.forward("z", view.out, Formula(text, latex), view.passed.y, ROWS_UNITS)]


@backward_steps.register
def _(layer: Dense, view: View) -> list[Step]:
    grads, dz, x, w = view.back.grads, view.at_output, view.given, view.named["weights"]
    formula = Formula(f"{x.text}ᵀ {dz.text}", rf"{x.latex}^\top {dz.latex}")
    steps = [view.backward("d weights", d(w), formula, grads.weights, ("input", "unit"), "weights")]
    if grads.biases is not None:
        b = d(view.named["biases"])
        formula = sum_over_rows(dz)
        steps.append(view.backward("d biases", b, formula, grads.biases, ("unit",), "biases"))
    formula = Formula(f"{dz.text} {w.text}ᵀ", rf"{dz.latex} {w.latex}^\top")
    return [*steps, view.backward("dx", view.at_input, formula, view.back.dx, ROWS_INPUTS)]


def sum_over_rows(symbol: Symbol) -> Formula:
    """Return the formula of a sum over the rows."""
    return Formula(f"Σ over rows of {symbol.text}", rf"\sum_n {symbol.latex}")


@forward_steps.register
def _(layer: Elementwise, view: View) -> list[Step]:
    view.out = view.symbol("a")
    formula = _formulas_of(layer)[0].filled(z=view.given, a=view.out)
    note = constants(layer)
    return [view.forward("a", view.out, formula, view.passed.y, ROWS_UNITS, "", note)]


@backward_steps.register
def _(layer: Elementwise, view: View) -> list[Step]:
    slope = view.symbol("slope", "f'")
    values = _slope(layer, view.passed.tape)
    steps = [
        view.backward(
            "slope",
            slope,
            _formulas_of(layer)[1].filled(z=view.given, a=view.out),
            values,
            ROWS_UNITS,
            "",
            constants(layer),
        )
    ]
    formula = times(view.at_output, slope)
    return [*steps, view.backward("dz", view.at_input, formula, view.back.dx, ROWS_UNITS)]


@jax.jit  # one program in place of one for each operation
def _slope(layer: Elementwise, tape: Any) -> Array:
    return layer.slope(tape)


def _formulas_of(layer: Elementwise) -> tuple[Formula, Formula]:
    """Return the formulas of value and slope; f and f′ for a function of the user's own."""
    record = record_of(layer)
    if record is None:
        return Formula("f({z})", "f({z})"), Formula("f′({z})", "f'({z})")
    return record.formula, record.slope_formula


def constants(layer: Elementwise) -> str:
    """Return what the constants of an activation are, in words."""
    record = record_of(layer)
    if record is None:
        return ""
    given = {**dict(zip(record.constants, layer.constants, strict=True)), **record.fixed}
    return ", ".join(f"{letter} = {float(value):g}" for letter, value in given.items())


def times(left: Symbol, right: Symbol) -> Formula:
    """Return the formula of a product unit by unit."""
    return Formula(f"{left.text} · {right.text}", rf"{left.latex} \odot {right.latex}")


@forward_steps.register
def _(layer: Softmax, view: View) -> list[Step]:
    z, view.out = view.given, view.symbol("a")
    formula = Formula(
        f"exp({z.text}) / Σⱼ exp({z.text})", rf"e^{{{z.latex}}} / \sum_j e^{{{z.latex}}}"
    )
    return [view.forward("a", view.out, formula, view.passed.y, ROWS_UNITS)]


@backward_steps.register
def _(layer: Softmax, view: View) -> list[Step]:
    a, da = view.out, view.at_output
    formula = Formula(
        f"{a.text} ({da.text} - Σⱼ {da.text} {a.text})",
        rf"{a.latex} ({da.latex} - \sum_j {da.latex} {a.latex})",
    )
    return [view.backward("dz", view.at_input, formula, view.back.dx, ROWS_UNITS)]


@forward_steps.register
def _(layer: Dropout, view: View) -> list[Step]:
    tape, x = view.passed.tape, view.given
    if tape.mask is None:
        view.out = view.symbol("s")
        note = "predicting: nothing is silenced"
        return [view.forward("s", view.out, x, view.passed.y, ROWS_UNITS, "", note)]
    mask = view.symbol("mask", "m")
    rate = f"{float(layer.rate):g}"
    formula = Formula(
        f"(1 if drawn ≥ {rate}, else 0) / (1 - {rate})",
        rf"\mathbf{{1}}[u \ge {rate}] / (1 - {rate})",
    )
    steps = [view.forward("mask", mask, formula, tape.mask, ROWS_UNITS)]
    view.out = view.symbol("s")
    view.named["mask"] = mask
    return [*steps, view.forward("s", view.out, times(x, mask), view.passed.y, ROWS_UNITS)]


@backward_steps.register
def _(layer: Dropout, view: View) -> list[Step]:
    mask = view.named.get("mask")
    formula = view.at_output if mask is None else times(view.at_output, mask)
    return [view.backward("dx", view.at_input, formula, view.back.dx, ROWS_UNITS)]


@forward_steps.register
def _(layer: LayerNorm, view: View) -> list[Step]:
    x, params, tape = view.given, view.passed.params, view.passed.tape
    mean, deviation = view.symbol("μ", r"\mu"), view.array("deviation", "σ", r"\sigma")
    normalised = view.array("normalised", "n")
    scale, shift = view.array("scale", "γ", r"\gamma"), view.array("shift", "β", r"\beta")
    epsilon = f"{float(layer.epsilon):g}"
    steps = [
        view.forward(
            "mean",
            mean,
            Formula(f"mean over units of {x.text}", rf"\mathrm{{mean}}({x.latex})"),
            view.passed.x.mean(axis=-1, keepdims=True),
            ("row", "one"),
        ),
        view.forward(
            "deviation",
            deviation,
            Formula(
                f"√(mean of ({x.text} - {mean.text})² + {epsilon})",
                rf"\sqrt{{\mathrm{{mean}}(({x.latex} - {mean.latex})^2) + {epsilon}}}",
            ),
            tape.deviation,
            ("row", "one"),
        ),
        view.forward(
            "normalised",
            normalised,
            Formula(
                f"({x.text} - {mean.text}) / {deviation.text}",
                f"({x.latex} - {mean.latex}) / {deviation.latex}",
            ),
            tape.normalised,
            ROWS_UNITS,
        ),
        view.forward("scale", scale, GIVEN, params.scale, ("unit",), "scale"),
        view.forward("shift", shift, GIVEN, params.shift, ("unit",), "shift"),
    ]
    view.out = view.symbol("y")
    formula = Formula(
        f"{scale.text} · {normalised.text} + {shift.text}",
        rf"{scale.latex} \odot {normalised.latex} + {shift.latex}",
    )
    return [*steps, view.forward("y", view.out, formula, view.passed.y, ROWS_UNITS)]


@backward_steps.register
def _(layer: LayerNorm, view: View) -> list[Step]:
    grads, dy, params = view.back.grads, view.at_output, view.passed.params
    n, s = view.named["normalised"], view.named["deviation"]
    scale, shift = view.named["scale"], view.named["shift"]
    product = times(dy, n)
    g = view.symbol("g")
    return [
        view.backward(
            "d scale",
            d(scale),
            Formula(f"Σ over rows of {product.text}", rf"\sum_n {product.latex}"),
            grads.scale,
            ("unit",),
            "scale",
        ),
        view.backward("d shift", d(shift), sum_over_rows(dy), grads.shift, ("unit",), "shift"),
        view.backward("g", g, times(dy, scale), view.back.dy * params.scale[None, :], ROWS_UNITS),
        view.backward(
            "dx",
            view.at_input,
            Formula(
                f"({g.text} - mean({g.text}) - {n.text} mean({g.text} {n.text})) / {s.text}",
                rf"({g.latex} - \mathrm{{mean}}({g.latex}) - {n.latex}\,"
                rf"\mathrm{{mean}}({g.latex} {n.latex})) / {s.latex}",
            ),
            view.back.dx,
            ROWS_UNITS,
            "",
            "means over the units of a row",
        ),
    ]


@forward_steps.register
def _(layer: Scale, view: View) -> list[Step]:
    x, scale = view.given, view.array("scale", "s")
    steps = [view.forward("scale", scale, GIVEN, view.passed.params.scale, ("unit",), "scale")]
    view.out = view.symbol("y")
    return [*steps, view.forward("y", view.out, times(x, scale), view.passed.y, ROWS_UNITS)]


@backward_steps.register
def _(layer: Scale, view: View) -> list[Step]:
    dy, x, scale = view.at_output, view.given, view.named["scale"]
    product = times(dy, x)
    formula = Formula(f"Σ over rows of {product.text}", rf"\sum_n {product.latex}")
    return [
        view.backward("d scale", d(scale), formula, view.back.grads.scale, ("unit",), "scale"),
        view.backward("dx", view.at_input, times(dy, scale), view.back.dx, ROWS_UNITS),
    ]


@forward_steps.register
def _(layer: Piecewise, view: View) -> list[Step]:
    x, edges = view.given, view.array("edges", "e")
    steps = [view.forward("edges", edges, GIVEN, np.asarray(layer.edges), ("column", "edge"))]
    view.out = view.symbol("y")
    k = "(xⱼ - eₖ) / (eₖ₊₁ - eₖ) kept within 0 and 1, less ½"
    formula = Formula(
        f"{x.text}, then for column j its pieces k: {k}",
        rf"\left({x.latex},\; \mathrm{{clip}}\left(\frac{{x_j - e_{{j,k}}}}"
        r"{e_{j,k+1} - e_{j,k}}, 0, 1\right) - \tfrac12\right)",
    )
    note = "the first piece is open below, the last above"
    return [*steps, view.forward("y", view.out, formula, view.passed.y, ROWS_UNITS, "", note)]


@backward_steps.register
def _(layer: Piecewise, view: View) -> list[Step]:
    dy, slopes = view.at_output, view.symbol("slope", "f'")
    formula = Formula(
        f"{dy.text} of x, and Σ over its pieces of {dy.text} · {slopes.text}",
        rf"{dy.latex}_j + \sum_k {dy.latex}_{{j,k}} \odot {slopes.latex}_{{j,k}}",
    )
    inside = Formula("1 / (eₖ₊₁ - eₖ) within the piece, else 0", r"1 / (e_{j,k+1} - e_{j,k})")
    flat = view.passed.tape.slopes.reshape(len(view.passed.y), -1)
    return [
        view.backward("slope", slopes, inside, flat, ("row", "piece")),
        view.backward("dx", view.at_input, formula, view.back.dx, ROWS_INPUTS),
    ]


@forward_steps.register
def _(layer: Local, view: View) -> list[Step]:
    params, letters = view.passed.params, view.letters
    k, b = view.array("weights", letters.weights), view.array("biases", letters.biases)
    x, view.out = view.given, view.symbol(letters.z)
    formula = Formula(
        f"Σₐ Σ_c {k.text}[a, c] · {x.text} of channel c at the cell + a, + {b.text}",
        rf"\sum_a \sum_c {k.latex}[a, c]\, {x.latex}_c(\cdot + a) + {b.latex}",
    )
    return [
        view.forward("weights", k, GIVEN, params.weights, ("place", "channel"), "weights"),
        view.forward("biases", b, GIVEN, params.biases, ("one",), "biases"),
        view.forward("z", view.out, formula, view.passed.y, ROWS_UNITS),
    ]


@backward_steps.register
def _(layer: Local, view: View) -> list[Step]:
    grads, dz, x = view.back.grads, view.at_output, view.given
    k, b = view.named["weights"], view.named["biases"]
    kernel = Formula(
        f"Σ over rows and cells of {x.text}(cell + a) · {dz.text}(cell)",
        rf"\sum_{{n, \cdot}} {x.latex}(\cdot + a)\, {dz.latex}(\cdot)",
    )
    axes = ("place", "channel")
    biases = Formula(f"Σ over rows and cells of {dz.text}", rf"\sum_{{n, \cdot}} {dz.latex}")
    dx = Formula(
        f"Σₐ {k.text}[a] · {dz.text}(cell - a)", rf"\sum_a {k.latex}[a]\, {dz.latex}(\cdot - a)"
    )
    return [
        view.backward("d weights", d(k), kernel, grads.weights, axes, "weights"),
        view.backward("d biases", d(b), biases, grads.biases, ("one",), "biases"),
        view.backward("dx", view.at_input, dx, view.back.dx, ROWS_INPUTS),
    ]
