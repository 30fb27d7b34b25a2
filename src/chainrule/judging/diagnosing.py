"""What an estimator has to be diagnosed: its record, its settings and its rows, as evidence.

The rows are also shown to trees (a forest, each tree predicting the rows that it was not grown on),
so that what is hard about the table can be told from what is wrong with the network.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from chainrule.errors import DataError
from chainrule.models.parameters import NetworkParameters

if TYPE_CHECKING:
    from chainrule.inspection.doctor.evidence import Evidence, Reference, SeenRows, Settings
    from chainrule.inspection.doctor.finding import Diagnosis

MOST_ROWS = 5_000
N_TREES = 100
FEWEST_ROWS = 30  # for the trees


class Diagnosable:
    """What an estimator has to be diagnosed; see the module."""

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
        from chainrule.inspection.doctor.diagnose import diagnose_training

        check_is_fitted(self)  # pyright: ignore[reportArgumentType]
        if (X is None) != (y is None):
            raise DataError("X and y belong together. Give both, or neither.")
        if sanity and X is None:
            raise DataError("The sanity tests train on rows. Give X and y.")
        seen = evidence_of(self, X, y, compare=compare)
        tests = ()
        if sanity:
            from chainrule.judging.sanity import sanity_tests

            tests = sanity_tests(self, X, y)
        return diagnose_training(seen, tests)


def evidence_of(model: Any, X: Any, y: Any, *, compare: bool) -> Evidence:
    """Return what there is to look at of a fitted estimator."""
    from chainrule.inspection.doctor.evidence import Evidence

    return Evidence(
        task="classification" if model._classifies else "regression",
        history=model.history_,
        settings=_settings_of(model),
        flow=vars(model).get("flow_", {}),
        rows=None if X is None else _rows_of(model, X, y, compare=compare),
    )


def _settings_of(model: Any) -> Settings:
    from chainrule.inspection.doctor.evidence import Settings

    has_rate = model.optimizer is None and model.solver not in ("lbfgs", "rprop")
    stops = model.early_stopping or "val_loss" in model.history_
    hidden, activations = _hidden_of(model)
    loss = float(model.history_["loss"][-1]) if "loss" in model.history_ else np.nan
    return Settings(
        solver=model.solver,
        learning_rate=float(model._used("learning_rate_init")) if has_rate else None,
        n_epochs=int(model._used("max_iter")),
        patience=model.n_iter_no_change if stops else None,
        stop=model.stop_,
        message=model.stop_message_,
        best_epoch=int(model.best_iter_),
        hidden=hidden,
        activations=activations,
        penalty=float(model._penalty) / loss if loss > 0 else 0.0,
        scoring=str(model._used("scoring")),
        lacks=frozenset(vars(NetworkParameters())) - set(model.get_params(deep=False)),
    )


def _hidden_of(model: Any) -> tuple[tuple[int, ...], tuple[str, ...]]:
    sizes = tuple(int(weights.shape[1]) for weights in model._pictured[:-1])
    names = model._used("activation")
    names = list(names) if isinstance(names, list | tuple) else [names] * len(sizes)
    said = (name if isinstance(name, str) else getattr(name, "name", "own") for name in names)
    return sizes, tuple(said)


def _rows_of(model: Any, X: Any, y: Any, *, compare: bool) -> SeenRows | None:
    """Return the rows, of one target; several are not looked at."""
    from chainrule.data import as_columns, read_target
    from chainrule.data.rows.rows import name_of
    from chainrule.inspection.doctor.evidence import SeenRows

    target = model._target
    if target.n_targets > 1:
        return None
    columns, targets = as_columns(X), read_target(y, name_of(y))
    encoded, few = target.encode(targets), None
    if columns.n_rows > MOST_ROWS:
        few = np.sort(np.random.default_rng(0).choice(columns.n_rows, MOST_ROWS, replace=False))
        columns, targets, encoded = columns.take(few), targets[few], encoded[few]
    given = columns.array if columns.frame is None else columns.frame.to_native()
    x = model._encoder.transform(given, np.float64, who=type(model).__name__)
    [own] = target.each(encoded)
    names = [str(each) for classes in target.class_lists for each in classes]
    predictions = model.predict_proba(given) if target.classifies else model._predict(given)
    n_hidden = len(model._pictured) - 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # frames and their names: numbers are wanted
        hidden = [np.asarray(model._at(i + 1).transform(given)) for i in range(n_hidden)]
    reference = None
    if compare and len(own) >= FEWEST_ROWS:
        reference = _ask_trees(x, own, n_classes=len(names))
    return SeenRows(
        x=x,
        input_names=model._encoder.feature_names_out,
        y=own,
        classes=names,
        predictions=np.asarray(predictions),
        hidden=hidden,
        leaks=_leaks(model, columns, targets),
        reference=reference,
        places=few,
    )


def _leaks(model: Any, columns: Any, targets: np.ndarray) -> list[tuple[str, str]]:
    from chainrule.data.findings import find

    task = "classification" if model._classifies else "regression"
    found = find(columns, targets, task=task, schema=model._encoder.schema)
    return [(each.columns[0], each.text) for each in found if each.kind == "leak"]


def _ask_trees(x: np.ndarray, y: np.ndarray, *, n_classes: int) -> Reference:
    """Return what trees predict of rows that they were not grown on."""
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    from chainrule.inspection.doctor.evidence import Reference

    options: dict[str, Any] = {
        "n_estimators": N_TREES,
        "oob_score": True,
        "min_samples_leaf": 2,
        "random_state": 0,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of rows that were in every tree
        if n_classes:
            trees = RandomForestClassifier(**options).fit(x, y)
            p = np.zeros((len(y), n_classes))
            p[:, trees.classes_] = np.nan_to_num(trees.oob_decision_function_)
            return Reference(probabilities=p)
        return Reference(predictions=RandomForestRegressor(**options).fit(x, y).oob_prediction_)
