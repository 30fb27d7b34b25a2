"""Activation functions by name, as layers; what each computes is in `chainrule.activations`."""

from typing import Any

from chainrule.activations import NAMES, RECORDS
from chainrule.engine.layers.base import Layer
from chainrule.engine.layers.elementwise import Elementwise
from chainrule.engine.layers.softmax import Softmax
from chainrule.errors import not_known

_LAYERS = {
    name: Elementwise(name, record.f, record.slope, tuple(record.constants.values()))
    for name, record in RECORDS.items()
}
identity = _LAYERS["identity"]
sigmoid = _LAYERS["sigmoid"]
tanh = _LAYERS["tanh"]
relu = _LAYERS["relu"]
leaky_relu = _LAYERS["leaky_relu"]
elu = _LAYERS["elu"]
selu = _LAYERS["selu"]
softplus = _LAYERS["softplus"]
silu = _LAYERS["silu"]
gelu = _LAYERS["gelu"]
mish = _LAYERS["mish"]
soft_clip = _LAYERS["soft_clip"]
softmax = Softmax()

ACTIVATIONS: dict[str, Layer] = {
    **{name: _LAYERS[record.name] for name, record in NAMES.items()},
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
    raise not_known("activation", what, ACTIVATIONS)
