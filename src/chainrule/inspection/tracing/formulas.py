"""The formulas of objectives and optimizers, in plain text and in LaTeX."""

from __future__ import annotations

from functools import singledispatch
from typing import Any, NamedTuple

from chainrule.engine import (
    LBFGS,
    AbsoluteError,
    Adam,
    AdamW,
    Clipped,
    CustomLoss,
    Frozen,
    GradientDescent,
    Huber,
    Momentum,
    Poisson,
    Quantile,
    RateFactors,
    RMSProp,
    Rprop,
    SeveralSoftmaxCrossEntropies,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    SquaredError,
)
from chainrule.formulas import Formula


class Measure(NamedTuple):
    """An objective: the loss of a row, its slope ∂ℓ/∂z, and what a prediction is; `{z}` is raw."""

    loss: Formula
    slope: Formula
    link: Formula


IDENTITY = Formula("{z}", "{z}")
SOFTMAX = Formula("softmax({z})", r"\mathrm{softmax}({z})")
SIGMOID = Formula("σ({z})", r"\sigma({z})")


@singledispatch
def measure_of(objective: Any) -> Measure:
    """Return the formulas of an objective; for one of the user's own, its name."""
    name = type(objective).__name__
    return Measure(
        Formula(f"ℓ({{z}}, y) of {name}", rf"\ell({{z}}, y)\;\text{{of {name}}}"),
        Formula("∂ℓ/∂{z}", r"\partial \ell / \partial {z}"),
        Formula("link({z})", r"\mathrm{link}({z})"),
    )


@measure_of.register
def _(objective: CustomLoss) -> Measure:
    link = {"identity": IDENTITY, "softmax": SOFTMAX, "sigmoid": SIGMOID}[objective.output]
    return Measure(
        Formula("f(y, ŷ)", r"f(y, \hat y)"),
        Formula("∂f/∂{z}, found by automatic differentiation", r"\partial f / \partial {z}"),
        link,
    )


@measure_of.register
def _(objective: SquaredError) -> Measure:
    elements = objective.over == "elements"
    half, twice = ("½ ", "") if objective.half else ("", "2 ")
    half_latex = r"\tfrac12 " if objective.half else ""
    over, over_latex = (" / K", r"\frac1K ") if elements else ("", "")
    return Measure(
        Formula(f"{half}Σₖ ({{z}} - y)²{over}", rf"{half_latex}{over_latex}\sum_k ({{z}} - y)^2"),
        Formula(f"{twice}({{z}} - y){over}", rf"{twice}{over_latex}({{z}} - y)"),
        IDENTITY,
    )


@measure_of.register
def _(objective: SoftmaxCrossEntropy) -> Measure:
    return Measure(
        Formula("-Σₖ y log ŷ", r"-\sum_k y \log \hat y"), Formula("ŷ - y", r"\hat y - y"), SOFTMAX
    )


@measure_of.register
def _(objective: SeveralSoftmaxCrossEntropies) -> Measure:
    one = measure_of(SoftmaxCrossEntropy())
    softmax = Formula("softmax of each target's {z}", r"\mathrm{softmax}({z})")
    return Measure(one.loss, one.slope, softmax)


@measure_of.register
def _(objective: SigmoidCrossEntropy) -> Measure:
    return Measure(
        Formula(
            "-Σₖ (y log ŷ + (1 - y) log(1 - ŷ))",
            r"-\sum_k \left(y \log \hat y + (1 - y) \log(1 - \hat y)\right)",
        ),
        Formula("ŷ - y", r"\hat y - y"),
        SIGMOID,
    )


@measure_of.register
def _(objective: AbsoluteError) -> Measure:
    return Measure(
        Formula("Σₖ |{z} - y| / K", r"\frac1K \sum_k |{z} - y|"),
        Formula("sign({z} - y) / K", r"\frac1K \mathrm{sign}({z} - y)"),
        IDENTITY,
    )


@measure_of.register
def _(objective: Huber) -> Measure:
    t = f"{float(objective.threshold):g}"
    return Measure(
        Formula(
            f"Σₖ h(e) / K, e = {{z}} - y, h = ½e² if |e| ≤ {t}, else {t}(|e| - ½·{t})",
            rf"\frac1K \sum_k h({{z}} - y)\;\text{{(Huber, }}t = {t}\text{{)}}",
        ),
        Formula(
            f"clip({{z}} - y, -{t}, {t}) / K", rf"\frac1K \mathrm{{clip}}({{z}} - y, -{t}, {t})"
        ),
        IDENTITY,
    )


@measure_of.register
def _(objective: Quantile) -> Measure:
    return Measure(
        Formula(
            "Σⱼ max(τ e, (τ - 1) e) / J, e = y - {z}",
            r"\frac1J \sum_j \max(\tau e, (\tau - 1) e), \quad e = y - {z}",
        ),
        Formula("((1 if {z} > y, else 0) - τ) / J", r"\frac1J (\mathbf{1}[{z} > y] - \tau)"),
        Formula("sort({z})", r"\mathrm{sort}({z})"),
    )


@measure_of.register
def _(objective: Poisson) -> Measure:
    return Measure(
        Formula("Σₖ (exp({z}) - y {z}) / K", r"\frac1K \sum_k (e^{{z}} - y\,{z})"),
        Formula("(exp({z}) - y) / K", r"\frac1K (e^{{z}} - y)"),
        Formula("exp({z})", r"e^{{z}}"),
    )


@singledispatch
def rule_of(optimizer: Any) -> Formula:
    """Return an optimizer's rule for a parameter θ with the gradient g."""
    name = type(optimizer).__name__
    return Formula(f"θ ← {name}(θ, g)", rf"\theta \leftarrow \mathrm{{{name}}}(\theta, g)")


@rule_of.register
def _(optimizer: GradientDescent) -> Formula:
    return Formula("θ ← θ - η g", r"\theta \leftarrow \theta - \eta g")


@rule_of.register
def _(optimizer: Momentum) -> Formula:
    if optimizer.nesterov:
        return Formula(
            "v ← μ v + g, θ ← θ - η (g + μ v)",
            r"v \leftarrow \mu v + g,\; \theta \leftarrow \theta - \eta (g + \mu v)",
        )
    return Formula(
        "v ← μ v + g, θ ← θ - η v", r"v \leftarrow \mu v + g,\; \theta \leftarrow \theta - \eta v"
    )


@rule_of.register
def _(optimizer: Adam) -> Formula:
    return Formula(
        "m ← β₁ m + (1 - β₁) g, v ← β₂ v + (1 - β₂) g², θ ← θ - η m̂ / (√v̂ + ε)",
        r"m \leftarrow \beta_1 m + (1 - \beta_1) g,\; v \leftarrow \beta_2 v + (1 - \beta_2) g^2,\;"
        r" \theta \leftarrow \theta - \eta \hat m / (\sqrt{\hat v} + \varepsilon)",
    )


@rule_of.register
def _(optimizer: AdamW) -> Formula:
    return Formula(
        "m ← β₁ m + (1 - β₁) g, v ← β₂ v + (1 - β₂) g², θ ← θ - η (m̂ / (√v̂ + ε) + λ θ)",
        r"m \leftarrow \beta_1 m + (1 - \beta_1) g,\; v \leftarrow \beta_2 v + (1 - \beta_2) g^2,\;"
        r" \theta \leftarrow \theta - \eta (\hat m / (\sqrt{\hat v} + \varepsilon)"
        r" + \lambda \theta)",
    )


@rule_of.register
def _(optimizer: RMSProp) -> Formula:
    return Formula(
        "v ← ρ v + (1 - ρ) g², θ ← θ - η g / (√v + ε)",
        r"v \leftarrow \rho v + (1 - \rho) g^2,\;"
        r" \theta \leftarrow \theta - \eta g / (\sqrt{v} + \varepsilon)",
    )


@rule_of.register
def _(optimizer: Rprop) -> Formula:
    return Formula("θ ← θ - sign(g) Δ", r"\theta \leftarrow \theta - \mathrm{sign}(g) \Delta")


@rule_of.register
def _(optimizer: LBFGS) -> Formula:
    return Formula(
        "θ ← θ + t d, d = -H g, t found by trying",
        r"\theta \leftarrow \theta + t d,\; d = -H g",
    )


@rule_of.register
def _(optimizer: Clipped) -> Formula:
    inner, c = rule_of(optimizer.optimizer), f"{float(optimizer.max_norm):g}"
    return Formula(
        f"g ← g min(1, {c} / ‖g‖), {inner.text}",
        rf"g \leftarrow g \min(1, {c} / \lVert g \rVert),\; {inner.latex}",
    )


@rule_of.register
def _(optimizer: RateFactors) -> Formula:
    inner = rule_of(optimizer.optimizer)
    factors = [f"{float(factor):g} for {name}" for name, factor in optimizer.factors.items()]
    factors += ["1/√inputs for weights"] if optimizer.by_fan_in else []
    return Formula(f"{inner.text}; steps times {', '.join(factors) or '1'}", inner.latex)


@rule_of.register
def _(optimizer: Frozen) -> Formula:
    inner = rule_of(optimizer.optimizer)
    layers = ", ".join(map(str, optimizer.layers))
    return Formula(f"{inner.text}; layers {layers} stay", inner.latex)
