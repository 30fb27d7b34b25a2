"""Activation functions by name: each a value f(z) and a derivative f'(z, a).

Named module functions, because a fitted model must pickle.  At a kink the derivative is the one
from the left (0 for relu at 0), as in Glorot, Bordes & Bengio (2011), AISTATS.
"""

import difflib
import math
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from chainrule.engine.layers.base import Layer
from chainrule.engine.layers.elementwise import Elementwise
from chainrule.engine.layers.softmax import Softmax
from chainrule.engine.pytree import Number
from chainrule.errors import OptionError

# Klambauer et al. (2017), NeurIPS, eq. 14: mean 0 and variance 1 are a fixed point.
MISH_IS_LINEAR = 20.0  # from here on tanh(log(1 + eᶻ)) is 1 to the last bit of a float64
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


def _identity(z: Array) -> Array:
    return z


def _identity_derivative(z: Array, a: Array) -> Array:
    return jnp.ones_like(z)


def _sigmoid(z: Array) -> Array:
    return jax.nn.sigmoid(z)


def _sigmoid_derivative(z: Array, a: Array) -> Array:
    return a * (1 - a)


def _tanh(z: Array) -> Array:
    return jnp.tanh(z)


def _tanh_derivative(z: Array, a: Array) -> Array:
    return 1 - a * a


def _relu(z: Array) -> Array:
    return jnp.maximum(z, 0)


def _relu_derivative(z: Array, a: Array) -> Array:
    return (z > 0).astype(z.dtype)


def _leaky_relu(z: Array, slope: Number) -> Array:
    return jnp.where(z > 0, z, slope * z)


def _leaky_relu_derivative(z: Array, a: Array, slope: Number) -> Array:
    return jnp.where(z > 0, jnp.ones_like(z), slope * jnp.ones_like(z))


# eᶻ - 1 = 2 t / (1 - t) with t = tanh(z / 2): as exact near 0 as expm1, in half of the time
def _elu(z: Array, alpha: Number) -> Array:
    t = jnp.tanh(0.5 * jnp.minimum(z, 0))
    return jnp.where(z > 0, z, alpha * (2 * t / (1 - t)))


def _elu_derivative(z: Array, a: Array, alpha: Number) -> Array:
    return jnp.where(z > 0, jnp.ones_like(z), a + alpha)


def _selu(z: Array) -> Array:
    return SELU_SCALE * _elu(z, SELU_ALPHA)


def _selu_derivative(z: Array, a: Array) -> Array:
    return jnp.where(z > 0, SELU_SCALE * jnp.ones_like(z), a + SELU_SCALE * SELU_ALPHA)


def _softplus(z: Array) -> Array:
    return jnp.maximum(z, 0) + jnp.log1p(jnp.exp(-jnp.abs(z)))


def _softplus_derivative(z: Array, a: Array) -> Array:
    return jax.nn.sigmoid(z)


def _silu(z: Array) -> Array:
    return z * jax.nn.sigmoid(z)


def _silu_derivative(z: Array, a: Array) -> Array:
    s = jax.nn.sigmoid(z)
    return s + a * (1 - s)


def _gelu(z: Array) -> Array:
    return z * 0.5 * (1 + jax.lax.erf(z * math.sqrt(0.5)))


def _gelu_derivative(z: Array, a: Array) -> Array:
    cumulative = 0.5 * (1 + jax.lax.erf(z * math.sqrt(0.5)))
    density = jnp.exp(-0.5 * z * z) * (1 / math.sqrt(2 * math.pi))
    return cumulative + z * density


# tanh(log(1 + eᶻ)) = n / (n + 2) with n = eᶻ (eᶻ + 2): one exponential, a third of the time
def _mish(z: Array) -> Array:
    e = jnp.exp(jnp.minimum(z, MISH_IS_LINEAR))
    return z * (e * (e + 2) / (e * (e + 2) + 2))


def _mish_derivative(z: Array, a: Array) -> Array:
    e = jnp.exp(jnp.minimum(z, MISH_IS_LINEAR))
    t = e * (e + 2) / (e * (e + 2) + 2)
    return t + z * ((1 - t * t) * e / (1 + e))


def _soft_clip(z: Array, bound: Number) -> Array:
    return z * jax.lax.rsqrt(1 + (z / bound) ** 2)


def _soft_clip_derivative(z: Array, a: Array, bound: Number) -> Array:
    return jax.lax.rsqrt(1 + (z / bound) ** 2) ** 3


identity = Elementwise("identity", _identity, _identity_derivative)
sigmoid = Elementwise("sigmoid", _sigmoid, _sigmoid_derivative)
tanh = Elementwise("tanh", _tanh, _tanh_derivative)
relu = Elementwise("relu", _relu, _relu_derivative)
leaky_relu = Elementwise("leaky_relu", _leaky_relu, _leaky_relu_derivative, (0.01,))
elu = Elementwise("elu", _elu, _elu_derivative, (1.0,))
selu = Elementwise("selu", _selu, _selu_derivative)
softplus = Elementwise("softplus", _softplus, _softplus_derivative)
silu = Elementwise("silu", _silu, _silu_derivative)
gelu = Elementwise("gelu", _gelu, _gelu_derivative)
mish = Elementwise("mish", _mish, _mish_derivative)
soft_clip = Elementwise("soft_clip", _soft_clip, _soft_clip_derivative, (3.0,))
softmax = Softmax()

ACTIVATIONS: dict[str, Layer] = {
    "identity": identity,
    "sigmoid": sigmoid,
    "logistic": sigmoid,  # scikit-learn's name
    "tanh": tanh,
    "relu": relu,
    "leaky_relu": leaky_relu,
    "elu": elu,
    "selu": selu,
    "softplus": softplus,
    "silu": silu,
    "gelu": gelu,
    "mish": mish,
    "soft_clip": soft_clip,
    "softmax": softmax,
}


def as_activation(what: Any) -> Layer:
    """Return the activation layer meant by a name, or the layer itself.

    Raises
    ------
    OptionError
        If no activation has that name; the message lists those there are.
    """
    if isinstance(what, Layer):
        return what
    if what in ACTIVATIONS:
        return ACTIVATIONS[what]
    near = difflib.get_close_matches(str(what), ACTIVATIONS, n=1)
    hint = f' Did you mean "{near[0]}"?' if near else ""
    raise OptionError(
        f'No activation is called "{what}".{hint} Choose one of {", ".join(ACTIVATIONS)}.'
    )
