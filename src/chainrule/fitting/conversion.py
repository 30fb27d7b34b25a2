"""From the engine's network to NumPy's and back.

A network with layers of the user's own cannot be told in NumPy's terms; then the engine predicts.
"""

from typing import Any

from chainrule.fitting.own_network import OwnNetwork
from chainrule.predicting.fitted import Network
from chainrule.predicting.layers import described
from chainrule.predicting.layers import engine_params as params_of
from chainrule.predicting.network import PlainNetwork


def as_predicting(network: Any, params: Any, objective: Any) -> Network:
    """Return the network that predicts: NumPy's, or the engine's where code is a user's own."""
    found, (link, sizes) = described(network.layers, params), objective.link_in_numpy
    if found is None or link is None:
        layers, arrays = found or ((), ())
        return OwnNetwork(network, params, objective, link, layers, arrays)
    return PlainNetwork(*found, link, sizes)


def engine_network(layers: Any, arrays: Any) -> Any:
    """Return the engine's network of these specs; dropout, which predicts nothing, is not in it."""
    from chainrule.engine import FeedForward  # JAX only where a model is taken up again

    pairs = zip(layers, arrays, strict=True)
    return FeedForward(tuple(spec.engine_layer(own) for spec, own in pairs))


def engine_params(network: Network, layers: Any) -> Any:
    """Return the parameters of a network as the engine's `layers` have them."""
    if isinstance(network, OwnNetwork):
        return network.params
    return params_of(layers, network.layers, network.arrays)
