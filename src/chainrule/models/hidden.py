"""The activations of a hidden layer as a transformer of scikit-learn's, with names of columns.

`GivesHiddenActivations` are the methods of the estimators; `HiddenActivations` does the work.
"""

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from chainrule.errors import OptionError
from chainrule.fitting.conversion import plain_network


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
        model, place = self.model, self._place()
        x = model._encoder.transform(X, model.coefs_[0].dtype, who=type(model).__name__)
        if model._layers is not None:
            return plain_network(model).activations(x, place)
        from chainrule.engine import Dropout, FeedForward, SquaredError, predict
        from chainrule.fitting.network import dense_places

        network = model.network_
        end = dense_places(network)[place]
        if isinstance(network.layers[end - 1], Dropout):
            end -= 1
        part = FeedForward(network.layers[:end])
        return predict(part, SquaredError(), model.params_[:end], x)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return "hidden1_0", "hidden1_1", …."""
        del input_features
        place = self._place()
        units = range(self.model._pictured[place - 1].shape[1])
        return np.asarray([f"hidden{place}_{unit}" for unit in units], dtype=object)

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def _place(self) -> int:
        n_hidden = len(self.model._pictured) - 1
        place = n_hidden if self.layer is None else self.layer
        if n_hidden == 0:
            raise OptionError(
                "the network has no hidden layer whose activations could be given. "
                "Set hidden_layer_sizes."
            )
        if isinstance(place, bool) or not isinstance(place, int) or not 1 <= place <= n_hidden:
            raise OptionError(
                f"layer={self.layer!r} is no hidden layer of this network. "
                f"Give a number from 1 to {n_hidden}."
            )
        return place


class GivesHiddenActivations:
    """What an estimator has to give the activations of its hidden layers."""

    fit: Any
    _sklearn_output_config: Any

    def transform(self, X: Any, layer: int | None = None) -> Any:
        """Return the activations of a hidden layer: the table as the network sees it.

        Parameters
        ----------
        X : frame or array-like of shape (n_rows, n_columns)
            Inputs, as in `fit`.
        layer : int, optional
            1 for the first hidden layer; the last one if not given.

        Returns
        -------
        array or frame of shape (n_rows, n_units)
            A frame after `set_output(transform="pandas")` (or "polars"); see
            `get_feature_names_out` for its columns.
        """
        check_is_fitted(self)
        return self._at(layer).transform(X)

    def fit_transform(self, X: Any, y: Any, **fit_params: Any) -> Any:
        """Fit, and return the activations of the last hidden layer."""
        return self.fit(X, y, **fit_params).transform(X)

    def get_feature_names_out(self, input_features: Any = None, layer: int | None = None) -> Any:
        """Return the names of what `transform` gives: "hidden1_0", "hidden1_1", …."""
        check_is_fitted(self)
        return self._at(layer).get_feature_names_out(input_features)

    def set_output(self, *, transform: str | None = None) -> Self:
        """Choose what `transform` returns: "default", "pandas" or "polars"."""
        carrier = HiddenActivations(self, 1).set_output(transform=transform)
        if hasattr(carrier, "_sklearn_output_config"):
            self._sklearn_output_config = carrier._sklearn_output_config
        return self

    def _at(self, layer: int | None) -> HiddenActivations:
        hidden = HiddenActivations(self, layer)
        if hasattr(self, "_sklearn_output_config"):
            hidden._sklearn_output_config = self._sklearn_output_config
        return hidden
