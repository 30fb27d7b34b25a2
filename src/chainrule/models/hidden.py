"""The activations of a hidden layer as a transformer of scikit-learn's, with names of columns."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from chainrule.errors import OptionError


class HiddenActivations(TransformerMixin, BaseEstimator):
    """What a fitted network's hidden layer gives; `layer` counts from 1, None is the last."""

    def __init__(self, model: Any, layer: int | None = None) -> None:
        self.model = model
        self.layer = layer

    def fit(self, X: Any, y: Any = None) -> "HiddenActivations":
        """Do nothing: the network is fitted."""
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Return the activations, of shape (n_rows, n_units)."""
        fitted, place = self.model.fitted_, self._place()
        return fitted.network.activations(fitted.encoded(X, type(self.model).__name__), place)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return "hidden1_0", "hidden1_1", …."""
        del input_features
        place = self._place()
        units = range(self.model.fitted_.network.between[place - 1].shape[1])
        return np.asarray([f"hidden{place}_{unit}" for unit in units], dtype=object)

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def _place(self) -> int:
        n_hidden = len(self.model.fitted_.network.between) - 1
        place = n_hidden if self.layer is None else self.layer
        if n_hidden == 0:
            raise OptionError(
                "the network has no hidden layer whose activations could be given. "
                "Set hidden_layer_sizes."
            )
        if isinstance(place, bool) or not isinstance(place, int) or not 1 <= place <= n_hidden:
            raise OptionError(
                "{layer} is no hidden layer of this network. Give a number from 1 to {}.",
                n_hidden,
                layer=self.layer,
            )
        return place
