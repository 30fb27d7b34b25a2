"""What classifiers and regressors predict, whatever their network."""

from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils.validation import check_is_fitted

from chainrule.advice import HOLD_OUT, Either, Text
from chainrule.errors import OptionError
from chainrule.models.estimator import NetworkEstimator
from chainrule.predicting.intervals import between_quantiles, is_of_counts, learnt_levels, symmetric
from chainrule.predicting.links import link_of


class Classifies(ClassifierMixin, NetworkEstimator):
    """What every classifier has: classes and their probabilities."""

    loss: Any

    def _task(self) -> Any:
        from chainrule.fitting.tasks import Classification  # JAX only when training

        return Classification(self.loss)

    @property
    def classes_(self) -> Any:
        return self.fitted_.target.classes

    def predict_proba(self, X: Any) -> Any:
        """Return probabilities.

        Returns
        -------
        array of shape (n_rows, n_classes)
            For one column of classes, in the order of `classes_`; for labels (n_rows, n_labels),
            the probability of each; for several targets a list of arrays, one for each.
        """
        predictions = self._predict(X)  # which asks first whether there was a fit
        return self.fitted_.target.probabilities(predictions)

    def predict_log_proba(self, X: Any) -> Any:
        """Return the logarithm of `predict_proba`."""
        p = self.predict_proba(X)
        with np.errstate(divide="ignore"):
            return [np.log(part) for part in p] if isinstance(p, list) else np.log(p)

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable class of every row; of labels, those above one half."""
        check_is_fitted(self)
        return self.fitted_.target.decode(self._predict(X, raw=self._decides_by_raw_outputs))

    @property
    def _decides_by_raw_outputs(self) -> bool:
        return link_of(self.fitted_.network.link).of_the_largest and not self.fitted_.members

    def _predict_both(self, X: Any) -> tuple[np.ndarray, Any]:
        """Return what `predict` and `predict_proba` do, in half the time where one pass will do."""
        check_is_fitted(self)
        predictions = self._predict(X)
        again, target = self._decides_by_raw_outputs, self.fitted_.target
        classes = self.predict(X) if again else target.decode(predictions)
        return classes, target.probabilities(predictions)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy; with several labels or targets, the share of rows all right."""
        predicted = self.predict(X)
        if predicted.ndim != 2:
            return super().score(X, y, sample_weight)
        true = self.fitted_.target.decode(self.fitted_.target.encode(y))
        return float(np.average((predicted == true).all(axis=1), weights=sample_weight))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class Regresses(RegressorMixin, NetworkEstimator):
    """What every regressor has: numbers, quantiles, intervals."""

    loss: Any
    quantile: Any
    _within_range = False

    def _task(self) -> Any:
        from chainrule.fitting.tasks import Regression  # JAX only when training

        return Regression(self.loss, self._levels(), self._within_range)

    def _levels(self) -> tuple[float, ...]:
        return learnt_levels(self.loss, self.quantile)

    def _in_units(self, predictions: np.ndarray) -> np.ndarray:
        return self.fitted_.target.in_units(predictions)

    def predict(self, X: Any) -> np.ndarray:
        """Return predictions in the target's own units; of several quantiles, the middle one.

        For dates as target dates, as `numpy.datetime64` of the unit in which they came (UTC), and
        whole days if those of the fit were.
        """
        return self._from_raw(self._predict(X))

    def _from_raw(self, predictions: np.ndarray) -> np.ndarray:
        n = len(self.fitted_.target.center)
        if predictions.shape[1] != n:
            predictions = predictions[:, [int(np.abs(np.array(self._levels()) - 0.5).argmin())]]
        return self.fitted_.target.decode(predictions)

    def predict_quantiles(self, X: Any) -> np.ndarray:
        """Return the quantiles that `loss="quantile"` learnt, ascending: (n_rows, n_levels).

        Raises
        ------
        OptionError
            If another loss was fitted.
        """
        if not self._levels():
            raise OptionError(
                "{loss} learns no quantiles. Fit with {}.",
                _quantiles(0.05, 0.95),
                loss=self.loss,
            )
        return self.fitted_.target.as_dates(self._in_units(self._predict(X)))

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
            Lower and upper end, in the unit of y (dates for dates); (n_rows, n_targets, 2) for
            several targets.

        Raises
        ------
        OptionError
            If the fit had no validation rows (or too few) and learnt no quantiles, or others.
        """
        if isinstance(coverage, bool) or not 0 < coverage < 1:
            raise OptionError(
                "{coverage} must lie between 0 and 1, such as 0.9.", coverage=coverage
            )
        predictions = self._in_units(self._predict(X))
        target, levels = self.fitted_.target, self._levels()
        if len(levels) > 1:
            known = self.fitted_.calibration
            return target.as_dates(between_quantiles(predictions, levels, known, coverage))
        if self.fitted_.calibration is None:
            raise OptionError(
                "intervals need the errors on rows that did not train, but the fit had none. "
                "Fit with {}, or with {}.",
                Either(Text("{}, with X_val and y_val", HOLD_OUT), HOLD_OUT.shell),
                _quantiles((1 - coverage) / 2, (1 + coverage) / 2),
            )
        intervals = symmetric(predictions, self.fitted_.calibration, coverage)
        if is_of_counts(self.loss):
            intervals = np.maximum(intervals, 0)
        intervals = target.as_dates(intervals)
        return intervals[:, 0] if target.one_dimensional else intervals

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return R²; that of dates is that of their days."""
        if not (self.__sklearn_is_fitted__() and self.fitted_.target.dated):
            return super().score(X, y, sample_weight)
        true, guess = self.fitted_.target.as_scored(y), self.fitted_.target.plain(self.predict(X))
        return r2_score(np.stack(true, axis=1), guess, sample_weight=sample_weight)


def _quantiles(low: float, high: float) -> Text:
    """Return the advice to learn these quantiles, and the middle."""
    levels = (float(f"{low:g}"), 0.5, float(f"{high:g}"))
    return Text("{loss}, {quantile}", loss="quantile", quantile=levels)
