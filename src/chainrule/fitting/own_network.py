"""A trained network that holds a user's own code: the engine predicts, and no file holds it.

It stands beside NumPy's `PlainNetwork`; see `Network` in `predicting.fitted`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from chainrule.engine import FeedForward, SquaredError, predict
from chainrule.engine.layers.kind import kind_of
from chainrule.fitting.network import dense_places
from chainrule.predicting.layers import AnyLayer
from chainrule.predicting.network import PlainNetwork


@dataclass(frozen=True, eq=False)
class OwnNetwork:
    """The engine's network, its parameters, and the objective whose link makes predictions.

    Where the objective alone is the user's, `layers` and `arrays` are as NumPy has them.
    """

    network: FeedForward
    params: Any
    objective: Any
    link: str | None
    layers: tuple[AnyLayer, ...] = ()
    arrays: tuple[dict[str, np.ndarray], ...] = ()

    @property
    def dtype(self) -> np.dtype:
        return self.coefs[0].dtype

    @property
    def coefs(self) -> list[np.ndarray]:
        return [np.asarray(self.params[place].weights) for place in dense_places(self.network)]

    @property
    def intercepts(self) -> list[np.ndarray]:
        return [np.asarray(self.params[place].biases) for place in dense_places(self.network)]

    @property
    def between(self) -> list[np.ndarray]:
        known = PlainNetwork(self.layers, self.arrays, "identity")
        return known.between if self.layers else self.coefs

    @property
    def n_weights(self) -> int:
        return sum(np.size(leaf) for leaf in jax.tree.leaves(self.params))

    def predict(self, x: np.ndarray) -> np.ndarray:
        return predict(self.network, self.objective, self.params, x)

    def raw(self, x: np.ndarray) -> np.ndarray:
        return predict(self.network, self.objective, self.params, x, raw=True)

    def activations(self, x: np.ndarray, layer: int) -> np.ndarray:
        """Return what the layers before the dense one behind hidden layer `layer` hand on."""
        end = dense_places(self.network)[layer]
        if kind_of(self.network.layers[end - 1]).only_trains:
            end -= 1
        part = FeedForward(self.network.layers[:end])
        return predict(part, SquaredError(), self.params[:end], x)

    def computing_in(self, dtype: Any) -> OwnNetwork:
        """Return itself: the engine computes in the type of its parameters."""
        del dtype
        return self
