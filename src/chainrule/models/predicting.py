"""What a fitted estimator predicts: by NumPy from its arrays, or by the engine where it must.

rows encoded → every network of the estimator → the mean of what they predict
"""

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from chainrule.fitting.conversion import engine_params, members_of, plain_network


class Predicts:
    """The raw way from rows to outputs, and the engine's view of the network."""

    coefs_: list[np.ndarray]
    n_outputs_: int
    _classifies: bool
    _encoder: Any
    _target: Any
    _layers: Any
    _network: Any

    def _objective(self, target: Any) -> Any:
        raise NotImplementedError

    def _build(self, n_outputs: int, given: bool = False) -> Any:
        raise NotImplementedError

    def _predict(self, X: Any, *, raw: bool = False) -> np.ndarray:
        """Return the network's predictions: probabilities, or numbers on the target's scale.

        Or its `raw` outputs, of which the largest belongs to the most probable class.
        """
        check_is_fitted(self)  # pyright: ignore[reportArgumentType]
        x = self._encoder.transform(X, self.coefs_[0].dtype, who=type(self).__name__)
        members = members_of(self)
        if len(members) == 1:
            return self._outputs(x, raw=raw)
        # not their raw outputs, whose mean is another: the link is no straight line
        return np.mean([member._outputs(x) for member in members], axis=0)

    def _outputs(self, x: np.ndarray, *, raw: bool = False) -> np.ndarray:
        """Return what this one network predicts for encoded rows."""
        if self._layers is not None:
            # numbers go back into the target's units, where rounding of float32 would show: the
            # same row would differ a little with the rows beside it
            network = plain_network(self, None if self._classifies else np.float64)
            return network.raw(x) if raw else network.predict(x)
        from chainrule.engine import predict

        objective = self._objective(self._target)
        return predict(self.network_, objective, self.params_, x, raw=raw)

    @property
    def network_(self) -> Any:
        """The engine's network."""
        if self._network is None:
            self._network = self._build(self.n_outputs_)
        return self._network

    @property
    def _pictured(self) -> list[np.ndarray]:
        """The weights between the layers that a picture of the network shows."""
        return self.coefs_

    @property
    def params_(self) -> Any:
        """The parameters as the engine's network has them."""
        return engine_params(self)
