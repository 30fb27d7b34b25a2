"""Activation functions by name, as layers; what each computes is in `chainrule.activations`."""

from chainrule.activations import NAMES, RECORDS
from chainrule.engine.layers.elementwise import Elementwise
from chainrule.engine.layers.softmax import Softmax

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

# with their aliases
FUNCTIONS: dict[str, Elementwise] = {name: _LAYERS[record.name] for name, record in NAMES.items()}
