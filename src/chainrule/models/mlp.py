"""Multi-layer perceptrons with the manners of scikit-learn: the engine, for people with tables.

`fit` goes through every room: rows are held out, columns encoded as the training rows ask, the
engine trains, and predictions come back as classes or in the target's own units.
"""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils.metaestimators import available_if

from chainrule.data import NumberTarget, fit_class_target
from chainrule.data.rows.rows import Table
from chainrule.errors import OptionError
from chainrule.models.base import BaseMLP
from chainrule.models.parameters import NetworkParameters, takes_batches, with_parameters_of
from chainrule.predicting.intervals import Calibration, between_quantiles, symmetric

LOSSES = ("squared_error", "absolute_error", "huber", "quantile", "poisson")


class MLPClassifier(ClassifierMixin, BaseMLP):
    """Classifier: a feed-forward network with cross-entropy, trained by backpropagation.

    Takes two classes or more, several yes/no labels at once (columns of 0 and 1), or several class
    targets (other columns).  Parameters are those of `BaseMLP`, and

    Parameters
    ----------
    class_weight : dict, "balanced" or list of dict, optional
        Weights of classes, which multiply those of rows; "balanced" makes all classes count alike.
        A list for several targets.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
        The classes, sorted; for labels their places, for several targets a list of arrays.

    Examples
    --------
    >>> from chainrule import MLPClassifier, datasets
    >>> iris = datasets.load("iris")
    >>> model = MLPClassifier(random_state=0).fit(iris.drop("species"), iris["species"])
    >>> model.score(iris.drop("species"), iris["species"]) > 0.95
    True
    """

    _classifies = True

    @with_parameters_of(NetworkParameters)
    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: Any = "relu",
        *,
        class_weight: Any = None,
        **parameters: Any,
    ) -> None:
        super().__init__(hidden_layer_sizes, activation, **parameters)
        self.class_weight = class_weight

    @property
    def _class_weight(self) -> Any:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.class_weight

    def _fit_target(self, table: Table, training: Table, classes: Any) -> Any:
        return fit_class_target(table.targets, name=table.name, classes=classes)

    @available_if(takes_batches)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Go through these rows once, from where the weights are, at a constant rate.

        The first call decides the columns, their scaling and the classes, as `fit` would; later
        calls keep them, and the optimizer's state.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.
        classes : array-like, optional
            All classes that will ever come; needed in the first call (a list for several targets).

        Returns
        -------
        self

        Raises
        ------
        DataError, ShapeError, OptionError
            If the rows cannot be used, or no classes were given.
        """
        if classes is None and not self.__sklearn_is_fitted__():
            raise OptionError(
                "classes must be passed on the first call to partial_fit: all that will ever come. "
                "Give classes=np.unique(y) of the whole target."
            )
        return self._one_pass(X, y, sample_weight, classes)

    def _objective(self, target: Any) -> Any:
        from chainrule import engine as e
        from chainrule.fitting.losses import choose_objective

        meant: dict[str, Any] = {
            "sigmoid": e.SigmoidCrossEntropy,
            "softmax": e.SoftmaxCrossEntropy,
            "softmax blocks": lambda: e.SeveralSoftmaxCrossEntropies(target.sizes),
        }
        if target.sizes and callable(self.loss):
            raise OptionError(
                "a loss of your own takes one target, but y has several columns of classes. "
                "Fit one model for each."
            )
        return choose_objective(
            self.loss,
            dict.fromkeys(("cross_entropy", "log_loss"), meant[target.output]),
            output=target.output,
            n_targets=target.n_outputs,
        )

    def _check_loss(self) -> None:
        from chainrule.fitting.losses import check_loss

        check_loss(self.loss, ("cross_entropy", "log_loss"))

    def _watched(self, target: Any) -> str | None:
        return "val_accuracy" if _is(self.scoring, "accuracy") else super()._watched(target)

    def _metrics(self, target: Any, objective: Any) -> dict[str, Any]:
        from chainrule.engine import Accuracy, SubsetAccuracy

        whole_rows = target.metric == "subset_accuracy"
        return {"accuracy": SubsetAccuracy(target.sizes) if whole_rows else Accuracy()}

    @property
    def classes_(self) -> Any:
        return self._target.classes

    def predict_proba(self, X: Any) -> Any:
        """Return probabilities.

        Returns
        -------
        array of shape (n_rows, n_classes)
            For one column of classes, in the order of `classes_`; for labels (n_rows, n_labels),
            the probability of each; for several targets a list of arrays, one for each.
        """
        return self._target.probabilities(self._predict(X))

    def predict_log_proba(self, X: Any) -> Any:
        """Return the logarithm of `predict_proba`."""
        p = self.predict_proba(X)
        with np.errstate(divide="ignore"):
            return [np.log(part) for part in p] if isinstance(p, list) else np.log(p)

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable class of every row; of labels, those above one half."""
        predictions = self._predict(X, raw=getattr(self, "_link", None) == "softmax")
        return self._target.decode(predictions)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy; with several labels or targets, the share of rows all right."""
        predicted = self.predict(X)
        true = self._target.decode(self._target.encode(y)) if predicted.ndim == 2 else None
        if true is None:
            return super().score(X, y, sample_weight)
        return float(np.average((predicted == true).all(axis=1), weights=sample_weight))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class MLPRegressor(RegressorMixin, BaseMLP):
    """Regressor: a feed-forward network for one number or several, trained by backpropagation.

    Losses are measured on the scaled target; "poisson" is for counts, and does not scale them.
    Parameters are those of `BaseMLP`, and

    Parameters
    ----------
    quantile : float or sequence of float, default=0.5
        Levels that `loss="quantile"` learns, ascending, each between 0 and 1.

    Examples
    --------
    >>> from chainrule import MLPRegressor, datasets
    >>> table = datasets.load("diabetes")
    >>> X, y = table.drop("progression"), table["progression"]
    >>> MLPRegressor((16,), max_iter=50, random_state=0).fit(X, y).predict(X[:2]).shape
    (2,)
    """

    @with_parameters_of(NetworkParameters)
    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: Any = "relu",
        *,
        quantile: float | Sequence[float] = 0.5,
        **parameters: Any,
    ) -> None:
        super().__init__(hidden_layer_sizes, activation, **parameters)
        self.quantile = quantile

    def _fit_target(self, table: Table, training: Table, classes: Any) -> NumberTarget:
        counts = isinstance(self.loss, str) and self.loss == "poisson"
        return NumberTarget.fit(
            training.targets,
            scale=not counts,
            name=table.name,
            weights=training.weights,
            non_negative=counts,
        )

    @available_if(takes_batches)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Go through these rows once, from where the weights are, at a constant rate.

        The first call decides the columns and their scaling, and that of the target, as `fit`
        would; later calls keep them, and the optimizer's state.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.

        Returns
        -------
        self

        Raises
        ------
        DataError, ShapeError, OptionError
            If the rows cannot be used.
        """
        return self._one_pass(X, y, sample_weight, None)

    def _check_loss(self) -> None:
        from chainrule.engine import Quantile
        from chainrule.fitting.losses import check_loss

        check_loss(self.loss, LOSSES)
        if _is(self.loss, "quantile"):
            Quantile(self._levels())

    def _levels(self) -> tuple[float, ...]:
        return tuple(np.atleast_1d(np.asarray(self.quantile, dtype=float)).tolist())

    def _objective(self, target: Any) -> Any:
        from chainrule import engine as e
        from chainrule.fitting.losses import choose_objective

        named = {
            "squared_error": e.SquaredError,
            "absolute_error": e.AbsoluteError,
            "huber": e.Huber,
            "quantile": lambda: e.Quantile(self._levels()),
            "poisson": e.Poisson,
        }
        n = target.n_outputs
        return choose_objective(self.loss, named, output=target.output, n_targets=n)

    def _metrics(self, target: Any, objective: Any) -> dict[str, Any]:
        from chainrule.engine import PredictionError

        n = len(target.center)
        if objective.n_outputs(n) != n:
            return {}  # several quantiles of one number have no R²
        return {"squared_error": PredictionError(objective)}

    def _watched(self, target: Any) -> str | None:
        single = not _is(self.loss, "quantile") or len(self._levels()) == 1
        wanted = _is(self.scoring, "r2") and single
        return "val_squared_error" if wanted else super()._watched(target)

    def _finish_history(self, history: dict[str, np.ndarray], parts: Any) -> None:
        for prefix, part in zip(("", "val_"), parts, strict=True):
            if f"{prefix}squared_error" in history:
                error = history.pop(f"{prefix}squared_error")
                history[f"{prefix}r2"] = _r2(error, *part)

    def _loss_unit(self, target: Any) -> float:
        if any(_is(self.loss, name) for name in ("absolute_error", "quantile")):
            return float(np.mean(target.scale))
        squared = any(_is(self.loss, name) for name in ("auto", "squared_error", "huber"))
        return float(np.mean(target.scale**2)) if squared else 1.0

    def _calibrate(self, validation: Table | None) -> None:
        self._calibration = None
        if validation is not None:
            predictions = self._in_units(self._predict(validation.columns))
            self._calibration = Calibration.of(validation.targets, predictions, validation.weights)

    def _in_units(self, predictions: np.ndarray) -> np.ndarray:
        return self._target.in_units(predictions)

    def predict(self, X: Any) -> np.ndarray:
        """Return predictions in the target's own units; of several quantiles, the middle one."""
        return self._from_raw(self._predict(X))

    def _from_raw(self, predictions: np.ndarray) -> np.ndarray:
        n = len(self._target.center)
        if predictions.shape[1] != n:
            predictions = predictions[:, [int(np.abs(np.array(self._levels()) - 0.5).argmin())]]
        return self._target.decode(predictions)

    def predict_quantiles(self, X: Any) -> np.ndarray:
        """Return the quantiles that `loss="quantile"` learnt, ascending: (n_rows, n_levels).

        Raises
        ------
        OptionError
            If another loss was fitted.
        """
        if not _is(self.loss, "quantile"):
            raise OptionError(
                f"loss={self.loss!r} learns no quantiles. "
                'Fit with loss="quantile", quantile=(0.05, 0.5, 0.95).'
            )
        return self._in_units(self._predict(X))

    def predict_interval(self, X: Any, coverage: float = 0.9) -> np.ndarray:
        """Return intervals that hold the target with probability `coverage`; see `intervals`.

        Parameters
        ----------
        X : frame or array-like of shape (n_rows, n_columns)
            Inputs, as in `fit`.
        coverage : float, default=0.9
            Share of new rows whose target is to lie inside, between 0 and 1.

        Returns
        -------
        array of shape (n_rows, 2)
            Lower and upper end, in the unit of y; (n_rows, n_targets, 2) for several targets.

        Raises
        ------
        OptionError
            If the fit had no validation rows (or too few) and learnt no quantiles, or others.
        """
        if isinstance(coverage, bool) or not 0 < coverage < 1:
            raise OptionError(f"coverage={coverage!r} must lie between 0 and 1, such as 0.9.")
        predictions = self._in_units(self._predict(X))
        levels = self._levels() if _is(self.loss, "quantile") else ()
        if len(levels) > 1:
            return between_quantiles(predictions, levels, self._calibration, coverage)
        if self._calibration is None:
            raise OptionError(
                "intervals need the errors on rows that did not train, but the fit had none. "
                "Fit with early_stopping=True, with X_val and y_val, or with "
                f'loss="quantile", quantile=({(1 - coverage) / 2:g}, 0.5, {(1 + coverage) / 2:g}).'
            )
        intervals = symmetric(predictions, self._calibration, coverage)
        if _is(self.loss, "poisson"):
            intervals = np.maximum(intervals, 0)
        return intervals[:, 0] if self._target.one_dimensional else intervals


def _is(value: Any, name: str) -> bool:
    return isinstance(value, str) and value == name


def _r2(squared_error: np.ndarray, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return 1 - squared error / variance; without variance 1 for no error, else 0."""
    share = weights[:, None] / weights.sum()
    variance = float(((y - (share * y).sum(axis=0)) ** 2 * share).sum(axis=0).mean())
    rounding = np.finfo(np.float64).eps * float((share * y * y).sum(axis=0).mean())
    if variance > rounding:
        return 1 - squared_error / variance
    return (squared_error == 0).astype(float)
