"""Layers: pairs of a forward pass and the adjoint of that same pass, and how weights start."""

from typing import Any

from chainrule.engine.layers.activations import (
    FUNCTIONS,
    elu,
    gelu,
    identity,
    leaky_relu,
    mish,
    relu,
    selu,
    sigmoid,
    silu,
    soft_clip,
    softmax,
    softplus,
    tanh,
)
from chainrule.engine.layers.base import Layer
from chainrule.engine.layers.dense import Dense, DenseParams
from chainrule.engine.layers.differentiated import Differentiated
from chainrule.engine.layers.dropout import Dropout
from chainrule.engine.layers.elementwise import Elementwise
from chainrule.engine.layers.initializers import Given, Normal, Uniform, VarianceScaling, Zeros
from chainrule.engine.layers.kind import Kind
from chainrule.engine.layers.layer_norm import LayerNorm, LayerNormParams
from chainrule.engine.layers.notes import Noting, Passed
from chainrule.engine.layers.piecewise import Piecewise, quantile_edges
from chainrule.engine.layers.scale import Scale, ScaleParams
from chainrule.engine.layers.softmax import Softmax
from chainrule.errors import not_known

# layers that `activation` may name, beside the elementwise functions
NAMED: dict[str, Layer] = {
    "softmax": softmax,
}
ACTIVATIONS: dict[str, Layer] = {**FUNCTIONS, **NAMED}

__all__ = [
    "ACTIVATIONS",
    "NAMED",
    "Dense",
    "DenseParams",
    "Differentiated",
    "Dropout",
    "Elementwise",
    "Given",
    "Kind",
    "Layer",
    "LayerNorm",
    "LayerNormParams",
    "Normal",
    "Noting",
    "Passed",
    "Piecewise",
    "Scale",
    "ScaleParams",
    "Softmax",
    "Uniform",
    "VarianceScaling",
    "Zeros",
    "as_activation",
    "elu",
    "gelu",
    "identity",
    "leaky_relu",
    "mish",
    "quantile_edges",
    "relu",
    "selu",
    "sigmoid",
    "silu",
    "soft_clip",
    "softmax",
    "softplus",
    "tanh",
]


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
    raise not_known("activation", what, ACTIVATIONS)
