"""Multi-layer perceptrons with the manners of scikit-learn: the engine, for people with tables.

`fit` goes through every room: rows are held out, columns encoded as the training rows ask, the
engine trains, and predictions come back as classes or in the target's own units.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin

from chainrule.data import ClassTarget, NumberTarget
from chainrule.engine import (
    AbsoluteError,
    Accuracy,
    Huber,
    Objective,
    Poisson,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    SquaredError,
)
from chainrule.models.base import BaseMLP, choose_loss

# The first is what "auto" means.
LOSSES: dict[str, Callable[[], Objective]] = {
    "squared_error": SquaredError,
    "absolute_error": AbsoluteError,
    "huber": Huber,
    "poisson": Poisson,
}


class MLPClassifier(ClassifierMixin, BaseMLP):
    """Classifier: a feed-forward network with cross-entropy, trained by backpropagation.

    Parameters are those of `BaseMLP`.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
        The classes, sorted.

    Examples
    --------
    >>> from chainrule import MLPClassifier, datasets
    >>> iris = datasets.load("iris")
    >>> model = MLPClassifier(random_state=0).fit(iris.drop("species"), iris["species"])
    >>> model.score(iris.drop("species"), iris["species"]) > 0.95
    True
    """

    _classifies = True

    def _fit_target(self, y: np.ndarray, name: str) -> ClassTarget:
        return ClassTarget.fit(y, name=name)

    def _objective(self, n_outputs: int) -> Objective:
        choose_loss(self.loss, {"cross_entropy": SoftmaxCrossEntropy})
        return SigmoidCrossEntropy() if n_outputs == 1 else SoftmaxCrossEntropy()

    def _metrics(self) -> dict[str, Any]:
        return {"accuracy": Accuracy()}

    @property
    def classes_(self) -> np.ndarray:
        return self._target.classes

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of every class, of shape (n_rows, n_classes)."""
        p = self._predict(X)
        return np.concatenate([1 - p, p], axis=1) if p.shape[1] == 1 else p

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable class of every row."""
        predictions = self._predict(X)
        return self._target.decode(predictions)


class MLPRegressor(RegressorMixin, BaseMLP):
    """Regressor: a feed-forward network for one number or several, trained by backpropagation.

    Parameters are those of `BaseMLP`.  Losses are measured on the scaled target; "poisson" is for
    counts, and does not scale them.

    Examples
    --------
    >>> from chainrule import MLPRegressor, datasets
    >>> table = datasets.load("diabetes")
    >>> X, y = table.drop("progression"), table["progression"]
    >>> MLPRegressor((16,), max_iter=50, random_state=0).fit(X, y).predict(X[:2]).shape
    (2,)
    """

    def _fit_target(self, y: np.ndarray, name: str) -> NumberTarget:
        return NumberTarget.fit(y, scale=self.loss != "poisson", name=name)

    def _objective(self, n_outputs: int) -> Objective:
        return choose_loss(self.loss, LOSSES)()

    def _metrics(self) -> dict[str, Any]:
        return {}

    def predict(self, X: Any) -> np.ndarray:
        """Return predictions in the target's own units."""
        predictions = self._predict(X)
        return self._target.decode(predictions)
