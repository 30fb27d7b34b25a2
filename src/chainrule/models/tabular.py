"""The most accurate networks for a table: `MLPClassifier` and `MLPRegressor` with all that helps.

Several networks, each trained on another part of the rows, predict together; numbers are softly
clipped (for a number as target also cut into pieces), every input has a learned factor, rates
differ by kind of parameter, and probabilities are calibrated.  See `tabular_base` for what the two
share, `recipe` for sizes and `tabular_network` for the network.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.data import NumberTarget
from chainrule.data.rows.rows import Table
from chainrule.fitting.recipe import PIECES, ROWS_TO_A_PIECE
from chainrule.fitting.temperature import one_of_several, temperature
from chainrule.models.mlp import MLPClassifier, MLPRegressor
from chainrule.models.parameters import with_parameters_of
from chainrule.models.tabular_base import Tabular
from chainrule.predicting.intervals import Calibration


class TabularClassifier(Tabular, MLPClassifier):  # pyright: ignore
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

    _keeps_latest = True

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

    def _scoring(self) -> str:
        return "accuracy"

    def _first_outputs(self, y: np.ndarray) -> np.ndarray:
        share = np.clip(y.mean(axis=0), 1e-4, 1 - 1e-4)
        return np.log(share) if one_of_several(y) else np.log(share / (1 - share))

    def _calibrate_bag(
        self,
        members: list[Any],
        raw: np.ndarray,
        y: np.ndarray,
        rows: Table,
        *,
        of_the_mean: bool,
    ) -> None:
        """Make the probabilities of the members as bold as their predictions deserve."""
        if members[0]._link not in ("softmax", "sigmoid"):
            return
        factor = temperature(raw, y, rows.weights)
        if not of_the_mean:  # which is milder than each of them: half of the way, as was measured
            factor = factor**0.5
        for member in members:
            member.coefs_[-1] = member.coefs_[-1] * member.coefs_[-1].dtype.type(factor)
            member.intercepts_[-1] = member.intercepts_[-1] * member.coefs_[-1].dtype.type(factor)


class TabularRegressor(Tabular, MLPRegressor):  # pyright: ignore
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

    def _fit_target(self, table: Table, training: Table, classes: Any) -> NumberTarget:
        return NumberTarget.fit(
            training.targets,
            scale=self.loss != "poisson",
            name=table.name,
            weights=training.weights,
            non_negative=self.loss == "poisson",
            within_range=True,
        )

    def _pieces(self, n_rows: int) -> int:
        return min(PIECES, n_rows // ROWS_TO_A_PIECE)

    def _calibrate_bag(
        self,
        members: list[Any],
        raw: np.ndarray,
        y: np.ndarray,
        rows: Table,
        *,
        of_the_mean: bool,
    ) -> None:
        """Keep the errors on rows that the networks left out."""
        del y, of_the_mean
        predictions = members[0]._in_units(raw)
        self._calibration = Calibration.of(rows.targets, predictions, rows.weights)
