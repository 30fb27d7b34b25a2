"""Activation functions: all there is to know of one stands in its record, and nowhere else.

The functions are written once for both libraries: NumPy computes with its own arrays, JAX with all
others, and nothing is written into what is given.  The derivative f'(z, a) may use a = f(z), since
many are cheaper from it; at a kink it is the one from the left (0 for relu at 0), as in Glorot,
Bordes & Bengio (2011), AISTATS.

They are named module functions, because a fitted model must pickle.

>>> float(RECORDS["leaky_relu"].f(np.array(-2.0), 0.01)), named("logistic").name
(-0.02, 'sigmoid')
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.formulas import Formula


@dataclass(frozen=True, eq=False)
class Activation:
    """One activation function.

    Attributes
    ----------
    name : str
        What it is called.
    f, slope : callable
        f(z, *constants) and its derivative f'(z, a, *constants).
    formula, slope_formula : Formula
        As they are read, `{z}` for the pre-activation and `{a}` for f(z).
    constants : dict
        The letters of the constants in the formulas, and their values if none are given.
    fixed : dict
        Letters of the formulas whose values are always the same.
    initializer : str
        From which weights in front of it training starts best: He's variance suits functions that
        are zero on the left, LeCun's suits selu, Glorot's the rest.
    steepest : float
        The largest slope there is, rounded up.
    range : (float, float), optional
        Its ends, if they are the same whatever its constants are and it is flat there: it reaches
        them to 1e-9 at z = ±30, as tanh does and x / (1 + |x|) does not.
    dies : bool
        Whether it is flat on one side, so that a unit can be silent for every row, and for ever.
    energy : callable, optional
        ∫₀^h f⁻¹, elementwise: what it adds to the energy of a network that settles.
    aliases : tuple of str
        Other names that are understood.
    """

    name: str
    f: Callable[..., Any]
    slope: Callable[..., Any]
    formula: Formula
    slope_formula: Formula
    constants: Mapping[str, float] = field(default_factory=dict)
    fixed: Mapping[str, float] = field(default_factory=dict)
    initializer: str = "glorot"
    steepest: float = 1.0
    range: tuple[float, float] | None = None
    dies: bool = False
    energy: Callable[[np.ndarray], np.ndarray] | None = None
    aliases: tuple[str, ...] = ()


def named(name: Any) -> Activation | None:
    """Return the record of a name, which may be an alias; None if there is none."""
    return NAMES.get(name) if isinstance(name, str) else None


def record_of(layer: Any) -> Activation | None:
    """Return the record of an elementwise layer; None if its function is of the user's own."""
    known = RECORDS.get(getattr(layer, "name", ""))
    return known if known is not None and known.f is getattr(layer, "f", None) else None


def _library(z: Any) -> Any:
    """Return NumPy for its own numbers, and JAX's for all others."""
    if isinstance(z, np.ndarray | np.generic):
        return np
    import jax.numpy  # only where its arrays come in: predictions need none

    return jax.numpy


def sigmoid(z: Any) -> Any:
    """Return 1 / (1 + e⁻ᶻ); where e⁻ᶻ is infinite, that is 0."""
    if _library(z) is np:
        e = np.exp(-z)
        return 1 / (1 + e)
    import jax.nn  # as above

    return jax.nn.sigmoid(z)


def _cumulative(z: Any) -> Any:
    """Return Φ(z), the share of a normal distribution below z."""
    if _library(z) is np:
        from scipy.special import ndtr  # gelu alone needs it, and it takes its time to import

        return ndtr(z)
    import jax.lax  # as above

    return 0.5 * (1 + jax.lax.erf(z * math.sqrt(0.5)))


def _one_over_root(z: Any) -> Any:
    if _library(z) is np:
        return 1 / np.sqrt(z)
    import jax.lax  # as above

    return jax.lax.rsqrt(z)


def _identity(z: Any) -> Any:
    return z


def _identity_slope(z: Any, a: Any) -> Any:
    return _library(z).ones_like(z)


def _identity_energy(h: np.ndarray) -> np.ndarray:
    return 0.5 * h * h


def _sigmoid_slope(z: Any, a: Any) -> Any:
    return a * (1 - a)


def _sigmoid_energy(h: np.ndarray) -> np.ndarray:
    return _entropy(h, 1 - h)


def _tanh(z: Any) -> Any:
    return _library(z).tanh(z)


def _tanh_slope(z: Any, a: Any) -> Any:
    return 1 - a * a


def _tanh_energy(h: np.ndarray) -> np.ndarray:
    return 0.5 * _entropy(1 + h, 1 - h)


def _entropy(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return low ln(low) + high ln(high); infinite where one of them is below 0."""
    from scipy.special import xlogy  # energies alone need it

    inside = (low >= 0) & (high >= 0)
    low, high = np.where(inside, low, 1), np.where(inside, high, 1)
    return np.where(inside, xlogy(low, low) + xlogy(high, high), np.inf)


def _relu(z: Any) -> Any:
    return _library(z).maximum(z, 0)


def _relu_slope(z: Any, a: Any) -> Any:
    return (z > 0).astype(z.dtype)


def _leaky_relu(z: Any, slope: Any) -> Any:
    return _library(z).where(z > 0, z, slope * z)


def _leaky_relu_slope(z: Any, a: Any, slope: Any) -> Any:
    xp = _library(z)
    return xp.where(z > 0, xp.ones_like(z), slope * xp.ones_like(z))


def _elu(z: Any, alpha: Any) -> Any:
    xp = _library(z)
    if xp is np:
        return np.maximum(z, 0) + alpha * np.expm1(np.minimum(z, 0))
    # eᶻ - 1 = 2 t / (1 - t) with t = tanh(z / 2): as exact near 0 as expm1, in half of the time
    t = xp.tanh(0.5 * xp.minimum(z, 0))
    return xp.where(z > 0, z, alpha * (2 * t / (1 - t)))


def _elu_slope(z: Any, a: Any, alpha: Any) -> Any:
    xp = _library(z)
    return xp.where(z > 0, xp.ones_like(z), a + alpha)


# Klambauer et al. (2017), NeurIPS, eq. 14: mean 0 and variance 1 are a fixed point.
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


def _selu(z: Any) -> Any:
    return SELU_SCALE * _elu(z, SELU_ALPHA)


def _selu_slope(z: Any, a: Any) -> Any:
    xp = _library(z)
    return xp.where(z > 0, SELU_SCALE * xp.ones_like(z), a + SELU_SCALE * SELU_ALPHA)


def _softplus(z: Any) -> Any:
    xp = _library(z)
    return xp.maximum(z, 0) + xp.log1p(xp.exp(-xp.abs(z)))


def _softplus_slope(z: Any, a: Any) -> Any:
    return sigmoid(z)


def _silu(z: Any) -> Any:
    return z * sigmoid(z)


def _silu_slope(z: Any, a: Any) -> Any:
    s = sigmoid(z)
    return s + a * (1 - s)


def _gelu(z: Any) -> Any:
    return z * _cumulative(z)


def _gelu_slope(z: Any, a: Any) -> Any:
    density = _library(z).exp(-0.5 * z * z) * (1 / math.sqrt(2 * math.pi))
    return _cumulative(z) + z * density


MISH_IS_LINEAR = 20.0  # from here on tanh(log(1 + eᶻ)) is 1 to the last bit of a float64


# tanh(log(1 + eᶻ)) = n / (n + 2) with n = eᶻ (eᶻ + 2): one exponential, a third of the time
def _mish(z: Any) -> Any:
    xp = _library(z)
    e = xp.exp(xp.minimum(z, MISH_IS_LINEAR))
    return z * (e * (e + 2) / (e * (e + 2) + 2))


def _mish_slope(z: Any, a: Any) -> Any:
    xp = _library(z)
    e = xp.exp(xp.minimum(z, MISH_IS_LINEAR))
    t = e * (e + 2) / (e * (e + 2) + 2)
    return t + z * ((1 - t * t) * e / (1 + e))


def _soft_clip(z: Any, bound: Any) -> Any:
    return z * _one_over_root(1 + (z / bound) ** 2)


def _soft_clip_slope(z: Any, a: Any, bound: Any) -> Any:
    return _one_over_root(1 + (z / bound) ** 2) ** 3


_ALL = (
    Activation(
        "identity",
        _identity,
        _identity_slope,
        Formula("{z}", "{z}"),
        Formula("1", "1"),
        energy=_identity_energy,
    ),
    Activation(
        "sigmoid",
        sigmoid,
        _sigmoid_slope,
        Formula("1 / (1 + exp(-{z}))", r"\frac{1}{1 + e^{-{z}}}"),
        Formula("{a} (1 - {a})", "{a} (1 - {a})"),
        steepest=0.25,
        range=(0.0, 1.0),
        energy=_sigmoid_energy,
        aliases=("logistic",),  # scikit-learn's name
    ),
    Activation(
        "tanh",
        _tanh,
        _tanh_slope,
        Formula("tanh({z})", r"\tanh({z})"),
        Formula("1 - {a}²", "1 - {a}^2"),
        range=(-1.0, 1.0),
        energy=_tanh_energy,
    ),
    Activation(
        "relu",
        _relu,
        _relu_slope,
        Formula("max({z}, 0)", r"\max({z}, 0)"),
        Formula("1 if {z} > 0, else 0", r"\mathbf{1}[{z} > 0]"),
        initializer="he",
        dies=True,
    ),
    Activation(
        "leaky_relu",
        _leaky_relu,
        _leaky_relu_slope,
        Formula(
            "{z} if {z} > 0, else s {z}",
            r"{z}\,\mathbf{1}[{z} > 0] + s {z}\,\mathbf{1}[{z} \le 0]",
        ),
        Formula("1 if {z} > 0, else s", r"\mathbf{1}[{z} > 0] + s\,\mathbf{1}[{z} \le 0]"),
        constants={"s": 0.01},
        initializer="he",
    ),
    Activation(
        "elu",
        _elu,
        _elu_slope,
        Formula(
            "{z} if {z} > 0, else α (exp({z}) - 1)",
            r"{z}\,\mathbf{1}[{z} > 0] + \alpha (e^{{z}} - 1)\,\mathbf{1}[{z} \le 0]",
        ),
        Formula(
            "1 if {z} > 0, else {a} + α",
            r"\mathbf{1}[{z} > 0] + ({a} + \alpha)\,\mathbf{1}[{z} \le 0]",
        ),
        constants={"α": 1.0},
        initializer="he",
    ),
    Activation(
        "selu",
        _selu,
        _selu_slope,
        Formula(
            "s {z} if {z} > 0, else s α (exp({z}) - 1)",
            r"s {z}\,\mathbf{1}[{z} > 0] + s \alpha (e^{{z}} - 1)\,\mathbf{1}[{z} \le 0]",
        ),
        Formula(
            "s if {z} > 0, else {a} + s α",
            r"s\,\mathbf{1}[{z} > 0] + ({a} + s \alpha)\,\mathbf{1}[{z} \le 0]",
        ),
        fixed={"s": SELU_SCALE, "α": SELU_ALPHA},
        initializer="lecun_normal",
        steepest=1.7581,
    ),
    Activation(
        "softplus",
        _softplus,
        _softplus_slope,
        Formula("log(1 + exp({z}))", r"\log(1 + e^{{z}})"),
        Formula("σ({z})", r"\sigma({z})"),
    ),
    Activation(
        "silu",
        _silu,
        _silu_slope,
        Formula("{z} σ({z})", r"{z}\,\sigma({z})"),
        Formula("σ({z}) + {a} (1 - σ({z}))", r"\sigma({z}) + {a} (1 - \sigma({z}))"),
        initializer="he",
        steepest=1.0999,
    ),
    Activation(
        "gelu",
        _gelu,
        _gelu_slope,
        Formula("{z} Φ({z})", r"{z}\,\Phi({z})"),
        Formula("Φ({z}) + {z} φ({z})", r"\Phi({z}) + {z}\,\varphi({z})"),
        initializer="he",
        steepest=1.129,
    ),
    Activation(
        "mish",
        _mish,
        _mish_slope,
        Formula("{z} tanh(log(1 + exp({z})))", r"{z} \tanh(\log(1 + e^{{z}}))"),
        Formula(
            "t + {z} (1 - t²) σ({z}) with t = {a} / {z}",
            r"t + {z} (1 - t^2)\,\sigma({z}), \quad t = {a} / {z}",
        ),
        initializer="he",
        steepest=1.0885,
    ),
    Activation(
        "soft_clip",
        _soft_clip,
        _soft_clip_slope,
        Formula("{z} / √(1 + ({z} / c)²)", r"{z} / \sqrt{1 + ({z} / c)^2}"),
        Formula("(1 + ({z} / c)²)^(-3/2)", r"(1 + ({z} / c)^2)^{-3/2}"),
        constants={"c": 3.0},
    ),
    # more go here
)
RECORDS: dict[str, Activation] = {record.name: record for record in _ALL}
# With their aliases.
NAMES: dict[str, Activation] = {
    name: record for record in _ALL for name in (record.name, *record.aliases)
}
