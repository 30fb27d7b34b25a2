"""The most accurate networks for a table: `MLPClassifier` and `MLPRegressor` with all that helps.

Several networks, each trained on another part of the rows, predict together; numbers are softly
clipped (for a number as target also cut into pieces), every input has a learned factor, rates
differ by kind of parameter, and probabilities are calibrated.  See `tabular_base` for what the two
share, `recipe` for sizes and `tabular_network` for the network.
"""

from collections.abc import Sequence
from typing import Any

from chainrule.models.parameters import with_parameters_of
from chainrule.models.predicting import Classifies, Regresses
from chainrule.models.tabular_base import Tabular


class TabularClassifier(Tabular, Classifies):
    """Classifier: several networks that each leave a part of the rows out, with calibrated output.

    Parameters are those of `Tabular`, and `class_weight` as in `MLPClassifier`.

    Examples
    --------
    >>> from chainrule import TabularClassifier, datasets
    >>> iris = datasets.load("iris")
    >>> model = TabularClassifier(random_state=0).fit(iris.drop("species"), iris["species"])
    >>> model.score(iris.drop("species"), iris["species"]) > 0.95
    True
    """

    @with_parameters_of(Tabular)
    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] | str = "auto",
        activation: Any = "auto",
        *,
        class_weight: Any = None,
        **parameters: Any,
    ) -> None:
        super().__init__(hidden_layer_sizes, activation, **parameters)
        self.class_weight = class_weight


class TabularRegressor(Tabular, Regresses):
    """Regressor: several networks that each leave a part of the rows out, and predict together.

    Parameters are those of `Tabular`, and `quantile` as in `MLPRegressor`.  Predictions stay within
    the range of the training targets; `predict_interval` needs no validation rows of its own.

    Examples
    --------
    >>> from chainrule import TabularRegressor, datasets
    >>> table = datasets.load("diabetes")
    >>> X, y = table.drop("progression"), table["progression"]
    >>> TabularRegressor(max_iter=20, random_state=0).fit(X, y).predict_interval(X[:2]).shape
    (2, 2)
    """

    _within_range = True

    @with_parameters_of(Tabular)
    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] | str = "auto",
        activation: Any = "auto",
        *,
        quantile: float | Sequence[float] = 0.5,
        **parameters: Any,
    ) -> None:
        super().__init__(hidden_layer_sizes, activation, **parameters)
        self.quantile = quantile
