"""The engine's activation functions in NumPy: each may write into the array that it is given.

Without an error function in NumPy, gelu is z Φ(z) by a rational approximation of Φ's tail.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np


def sigmoid(z: np.ndarray) -> np.ndarray:
    """Return 1 / (1 + e⁻ᶻ); where e⁻ᶻ is infinite, that is 0."""
    np.negative(z, out=z)
    np.exp(z, out=z)
    z += 1
    return np.reciprocal(z, out=z)


def softmax(z: np.ndarray) -> np.ndarray:
    """Return rows that are positive and sum to one."""
    z -= np.maximum.reduce(z, axis=1, keepdims=True)
    np.exp(z, out=z)
    z /= np.add.reduce(z, axis=1, keepdims=True)
    return z


def _leaky_relu(z: np.ndarray, slope: float) -> np.ndarray:
    return np.where(z > 0, z, slope * z)


def _elu(z: np.ndarray, alpha: float) -> np.ndarray:
    below = np.minimum(z, 0)
    np.expm1(below, out=below)
    below *= alpha
    np.maximum(z, 0, out=z)
    z += below
    return z


def _selu(z: np.ndarray) -> np.ndarray:
    z = _elu(z, SELU_ALPHA)
    z *= SELU_SCALE
    return z


def _softplus(z: np.ndarray) -> np.ndarray:
    rest = np.abs(z)
    np.negative(rest, out=rest)
    np.log1p(np.exp(rest, out=rest), out=rest)
    np.maximum(z, 0, out=z)
    z += rest
    return z


def _silu(z: np.ndarray) -> np.ndarray:
    z *= sigmoid(z.copy())
    return z


def _gelu(z: np.ndarray) -> np.ndarray:
    """Return z Φ(z) = max(z, 0) - t Φ(-t), t = |z|, as NumPy has no error function.

    Φ(-t) = exp(-t²/2) P(t) / Q(t), relative error below 1e-14 in float64.
    """
    t = np.minimum(np.abs(z), 40)  # where exp(-t²/2) is 0 and t⁸ is still finite
    tail = np.exp(-0.5 * t * t)
    tail *= _polynomial(GELU_P, t)
    tail /= _polynomial(GELU_Q, t)
    tail *= t
    np.maximum(z, 0, out=z)
    z -= tail
    return z


def _polynomial(coefficients: Sequence[float], t: np.ndarray) -> np.ndarray:
    value = t * coefficients[-1]
    for coefficient in coefficients[-2:0:-1]:
        value += coefficient
        value *= t
    value += coefficients[0]
    return value


def _soft_clip(z: np.ndarray, bound: float) -> np.ndarray:
    z /= np.sqrt(1 + np.square(z / bound))
    return z


def _mish(z: np.ndarray) -> np.ndarray:
    """Return z tanh(log(1 + eᶻ)) = z n / (n + 2), n = eᶻ (eᶻ + 2); the fraction is 1 beyond 20."""
    e = np.exp(np.minimum(z, 20))
    n = e * (e + 2)
    z *= n / (n + 2)
    return z


# Klambauer et al. (2017), NeurIPS, eq. 14.
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772

# Coefficients of P and of Q: a minimax fit of exp(t²/2) Φ(-t) = P(t) / Q(t) on [0, 12].
GELU_P = (
    0.4999999999999968, 0.6227325587747659, 0.384142885399577, 0.14630769541680763,
    0.036698960222493825, 0.006042715772617265, 0.0006072078258465603, 2.9097624317673977e-05,
)  # fmt: skip
GELU_Q = (
    1.0, 2.0433496783513903, 1.8986429315031326, 1.0517999531879867, 0.38174378668105025,
    0.09351247870815645, 0.015219787788555327, 0.0015220440901605732, 7.29369303250833e-05,
)  # fmt: skip

# The function, and how many constants it takes.
ACTIVATIONS: dict[str, tuple[Callable[..., np.ndarray], int]] = {
    "identity": (lambda z: z, 0),
    "sigmoid": (sigmoid, 0),
    "tanh": (lambda z: np.tanh(z, out=z), 0),
    "relu": (lambda z: np.maximum(z, 0, out=z), 0),
    "leaky_relu": (_leaky_relu, 1),
    "elu": (_elu, 1),
    "selu": (_selu, 0),
    "softplus": (_softplus, 0),
    "silu": (_silu, 0),
    "gelu": (_gelu, 0),
    "mish": (_mish, 0),
    "soft_clip": (_soft_clip, 1),
}
