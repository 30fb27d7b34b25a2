"""What every network estimator has: it fits tables, predicts them, and shows what it learnt.

rows held out → columns encoded → network built → trained by the engine → kept as `fitted_`
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import TransformerTags, check_random_state, estimator_html_repr
from sklearn.utils.validation import check_is_fitted

from chainrule.data.rows.rows import Rows, as_rows, rows_if_given
from chainrule.fitting.callbacks import CallbackSupportMixin, with_callbacks
from chainrule.fitting.job import Job
from chainrule.inspection.picture.network import (
    MOST_UNITS,
    NetworkPicture,
    draw_network,
    picture_of,
)
from chainrule.models.hidden import HiddenActivations
from chainrule.models.holding import HoldsFitted
from chainrule.models.parameters import every_parameter
from chainrule.models.showing import ShowsItsNumbers
from chainrule.storage.checkpoints import Checkpoints

if TYPE_CHECKING:
    from chainrule.fitting.keeping import Keeping
    from chainrule.inspection.doctor.diagnosis import Diagnosis


class NetworkEstimator(CallbackSupportMixin, HoldsFitted, ShowsItsNumbers, BaseEstimator):
    """What estimators of tables share, whatever their network and their parameters."""

    early_stopping: bool
    random_state: Any

    def _fit_rows(
        self,
        rows: Rows,
        held_out: Rows | None,
        on_progress: Callable[[Any], None] | None,
        keeping: Keeping | None,
    ) -> None:
        """Do what `fit` does, with rows that count."""
        raise NotImplementedError

    def _task(self) -> Any:
        """Return what of the fitting depends on whether classes or numbers are predicted."""
        raise NotImplementedError

    def _job(self) -> Job:
        """Return what is asked of the fitting room."""
        raise NotImplementedError

    def check_parameters(self) -> None:
        """Raise an OptionError for the first parameter that cannot work, as `fit` does."""
        from chainrule.fitting.checking import check_job  # JAX only when training

        self._check_options()
        check_job(self._job())

    @with_callbacks
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        groups: Any = None,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
        on_progress: Callable[[Any], None] | None = None,
        checkpoint: str | Path | Checkpoints | None = None,
    ) -> Self:
        """Train on a table; from new initial weights, unless `warm_start` is set.

        Parameters
        ----------
        X : frame, array-like or sparse matrix of shape (n_rows, n_columns)
            Inputs: any frame (categories and gaps are handled inside), or numbers.
        y : array-like of shape (n_rows,) or (n_rows, n_targets)
            Classes, or numbers.
        sample_weight : array-like of shape (n_rows,), optional
            Weights of rows, 0 or more; 2 counts like the row twice.
        groups : array-like of shape (n_rows,), optional
            Early stopping then holds out whole groups.
        X_val, y_val, sample_weight_val : optional
            Rows to measure on and to stop by; never trained on.
        on_progress : callable, optional
            Called with the engine's `Progress` some ten times a second.
        checkpoint : str, Path or Checkpoints, optional
            Folder in which the training is kept every minute while it runs.  After a crash or a
            power cut the same `fit` with the same folder goes on from there, to the same bits; the
            folder is removed when the fit is done.  `Checkpoints(folder, seconds=10)` keeps it more
            often.

        Returns
        -------
        self

        Raises
        ------
        DataError, ShapeError, OptionError
            Before training starts, if the table or a parameter cannot be used.
        DivergedError
            If not even the first loss is finite.
        """
        self.check_parameters()
        rows = as_rows(X, y, sample_weight, groups)
        held_out = rows_if_given(X_val, y_val, sample_weight_val, called=("X_val", "y_val"))
        if held_out is not None:
            held_out = self._that_count(held_out)
        with self._kept(checkpoint) as keeping:
            self._fit_rows(self._that_count(rows), held_out, on_progress, keeping)
        return self

    def _kept(self, checkpoint: Any) -> AbstractContextManager[Keeping | None]:
        if checkpoint is None:
            return nullcontext()
        from chainrule.fitting.keeping import kept_fit  # JAX only when training

        return kept_fit(self, checkpoint)

    def _that_count(self, rows: Rows) -> Rows:
        return rows.that_count(getattr(self, "class_weight", None))

    def _draw_seed(self, keeping: Keeping | None = None) -> int:
        drawn = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        return drawn if keeping is None else keeping.seed(drawn)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.input_tags.sparse = True
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        tags.transformer_tags = TransformerTags(preserves_dtype=[])  # the network's own dtype
        return tags

    # What `fitted_` holds, by scikit-learn's names.

    n_features_in_ = property(attrgetter("fitted_.encoder.n_features_in"))

    @property
    def feature_names_in_(self) -> np.ndarray:
        encoder = self.fitted_.encoder
        if encoder is None or encoder.feature_names_in is None:
            raise AttributeError("feature_names_in_ is there after a fit on named columns.")
        return np.asarray(encoder.feature_names_in, dtype=object)

    @property
    def members_(self) -> list[Any]:
        if not self.fitted_.members:
            raise AttributeError("members_ is there where several networks predict together.")
        members = []
        for fitted in self.fitted_.members:
            member = copy.copy(self).set_params(n_networks=1)
            member.fitted_ = fitted
            members.append(member)
        return members

    flow_ = property(attrgetter("fitted_.flow"))
    n_iter_ = property(attrgetter("fitted_.ending.n_epochs"))
    best_iter_ = property(attrgetter("fitted_.ending.epoch"))
    stop_ = property(attrgetter("fitted_.ending.stop"))
    stop_message_ = property(attrgetter("fitted_.ending.message"))
    fit_seconds_ = property(attrgetter("fitted_.ending.seconds"))
    compile_seconds_ = property(attrgetter("fitted_.ending.compile_seconds"))
    t_ = property(attrgetter("fitted_.ending.n_rows_seen"))

    @property
    def objective_(self) -> Any:
        """The engine's objective."""
        return self._task().objective(self.fitted_.target)

    @property
    def loss_curve_(self) -> list[float]:
        """The mean loss over the steps of every epoch."""
        return self.history_["running_loss"][1:].tolist()

    @property
    def loss_(self) -> float:
        """The last entry of `loss_curve_`; for "lbfgs" the loss at the end with its penalty."""
        from chainrule.engine.optimizers import SOLVERS  # JAX only where it is asked for

        rule = SOLVERS.get(self.solver_)
        if rule is not None and rule.most_tries:
            return float(self.history_["loss"][-1]) + self.fitted_.ending.penalty
        return self.loss_curve_[-1]

    @property
    def best_loss_(self) -> float | None:
        """The lowest of `loss_curve_`; None with early stopping, which does not look at it."""
        return None if self.early_stopping else float(np.nanmin(self.loss_curve_))

    @property
    def validation_scores_(self) -> list[float] | None:
        """The score on the validation rows after every epoch; None without early stopping."""
        names = ("val_score", "val_accuracy", "val_r2")
        column = next((name for name in names if name in self.history_), None)
        if column is None or not self.early_stopping:
            return None
        return self.history_[column][1:].tolist()

    @property
    def best_validation_score_(self) -> float | None:
        """The highest of `validation_scores_`."""
        scores = self.validation_scores_
        return None if scores is None else float(np.nanmax(scores))

    def _predict(self, X: Any, *, raw: bool = False) -> np.ndarray:
        """Return the network's predictions: probabilities, or numbers as the target was scaled.

        Or its `raw` outputs, of which the largest belongs to the most probable class.
        """
        check_is_fitted(self)
        return self.fitted_.outputs(self._encoded(X), raw=raw)

    def _encoded(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        return self.fitted_.encoded(X, type(self).__name__)

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

    def plot_network(self, most_units: int = MOST_UNITS) -> NetworkPicture:
        """Return a picture of the fitted network with its weights.

        Parameters
        ----------
        most_units : int, default=9
            Of a wider layer the first and the last units are shown, half as many each.

        Returns
        -------
        NetworkPicture
            Shows itself in a notebook; `svg` is the text, `save(path)` writes it.

        Raises
        ------
        OptionError
            If `most_units` is below 3.
        """
        check_is_fitted(self)
        return picture_of(self, most_units)

    def _repr_html_inner(self) -> str:
        """Return scikit-learn's HTML of an estimator, and below it a picture of the network."""
        html = estimator_html_repr(self)
        return f"{html}<div>{draw_network(self)}</div>" if self.__sklearn_is_fitted__() else html

    def _repr_mimebundle_(self, **options: Any) -> dict[str, str]:
        bundle = super()._repr_mimebundle_(**options)  # pyright: ignore[reportAttributeAccessIssue]
        if "text/html" in bundle:
            bundle["text/html"] = self._repr_html_inner()
        return bundle

    def diagnose(
        self, X: Any = None, y: Any = None, *, compare: bool = True, sanity: bool = False
    ) -> Diagnosis:
        """Return what is wrong with the training, in words, with evidence and remedy.

        Parameters
        ----------
        X, y : optional
            The rows of the fit.  Without them only the history and the flow are looked at: what is
            wrong with the table, and whether another learner gets more out of it, cannot be told.
            Of many rows 5,000 are looked at.
        compare : bool, default=True
            Show the rows to trees too.  Without, label noise and underfitting are not found.
        sanity : bool, default=False
            Also train small copies of the network for three tests: whether the loss at the start
            is that of guessing, whether 32 rows can be learnt by heart, and whether shuffled
            targets teach nothing.  Needs the rows.

        Returns
        -------
        Diagnosis
            Iterates over its findings, the gravest first; `print` shows them.

        Raises
        ------
        DataError, ShapeError
            If the rows are not like those of the fit.
        """
        from chainrule.judging.diagnosing import diagnose  # what only this needs

        check_is_fitted(self)
        lacks = every_parameter() - set(self.get_params(deep=False))
        return diagnose(self, X, y, compare=compare, sanity=sanity, lacks=frozenset(lacks))
