"""The most accurate networks for a table: `MLPClassifier` and `MLPRegressor` with all that helps.

Several networks, each trained on another part of the rows, predict together; numbers are softly
clipped (for a number as target also cut into pieces), every input has a learned factor, rates
differ by kind of parameter, and probabilities are calibrated.  See `tabular_base` for what the two
share, `recipe` for sizes and `tabular_network` for the network.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from chainrule.data.rows.rows import Rows
from chainrule.data.target.numbers import TRANSFORMS, has_long_tail
from chainrule.errors import OptionError, not_known
from chainrule.fitting.job import Job
from chainrule.models.parameters import with_parameters_of
from chainrule.models.predicting import Classifies, Regresses
from chainrule.models.tabular_base import Tabular
from chainrule.predicting.fitted import Fitted
from chainrule.predicting.intervals import is_of_counts


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

    Parameters are those of `Tabular`, `quantile` as in `MLPRegressor`, and `target_transform`.
    Predictions stay within the range of the training targets; `predict_interval` needs no
    validation rows of its own.

    Parameters
    ----------
    target_transform : {"auto", "none", "log"}, default="auto"
        What becomes of y before it is scaled: nothing, or sign(y) log(1 + |y| / s), where s is a
        twentieth of the median of |y|.  "auto" tries both, a network each on at most 10,000 rows,
        where y has a long tail (a skewness above 2), one column and the loss "squared_error", and
        there is no `time_limit`; the logarithm is taken if it makes both the squared and the
        absolute error smaller by a tenth, on rows that did not train.  What was taken is
        `fitted_.target.transform`; losses in `history_` are those of the transformed target.

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
        target_transform: str = "auto",
        **parameters: Any,
    ) -> None:
        super().__init__(hidden_layer_sizes, activation, **parameters)
        self.quantile = quantile
        self.target_transform = target_transform

    def _check_options(self) -> None:
        super()._check_options()
        if self.target_transform not in ("auto", *TRANSFORMS):
            raise not_known("target_transform", self.target_transform, ("auto", *TRANSFORMS))
        if self.target_transform == "log" and is_of_counts(self.loss):
            raise OptionError(
                "{loss} counts, of which no logarithm is learnt. Leave {target_transform} out.",
                loss=self.loss,
                target_transform="log",
            )

    def _task(self) -> Any:
        known = "none" if self.target_transform == "auto" else self.target_transform
        return replace(super()._task(), transform=known)

    def _chosen(
        self, job: Job, rows: Rows, held_out: Rows | None, seed: int
    ) -> tuple[Job, Fitted | None]:
        from chainrule.fitting.target_transform import choose_transform  # JAX only when training

        usual = isinstance(self.loss, str) and self.loss in ("auto", "squared_error")
        asks = self.target_transform == "auto" and usual and self.time_limit is None
        if not asks or rows.y.units or not has_long_tail(rows.targets):
            return job, None
        return choose_transform(job, rows, held_out, seed)
