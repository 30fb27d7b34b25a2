"""What an estimator has to be diagnosed: its record, its settings and its rows, as evidence.

The rows are also shown to trees (a forest, each tree predicting the rows that it was not grown on),
so that what is hard about the table can be told from what is wrong with the network.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from chainrule.data.findings.leaks import find_leaks
from chainrule.data.findings.look import look_at
from chainrule.data.rows.rows import Rows, as_rows
from chainrule.errors import DataError
from chainrule.inspection.doctor.diagnose import diagnose_training
from chainrule.inspection.doctor.diagnosis import Diagnosis
from chainrule.inspection.doctor.evidence import Evidence, Reference, SeenRows, Settings
from chainrule.judging.sanity import sanity_tests

MOST_ROWS = 5_000
N_TREES = 100
FEWEST_ROWS = 30  # for the trees


def diagnose(
    model: Any, X: Any, y: Any, *, compare: bool, sanity: bool, lacks: frozenset[str]
) -> Diagnosis:
    """Return what is wrong with a training; see `MLPClassifier.diagnose`.

    `lacks` are parameters of other estimators, which this one does not have.

    Raises
    ------
    DataError, ShapeError
        If the rows are not like those of the fit.
    """
    if (X is None) != (y is None):
        raise DataError("X and y belong together. Give both, or neither.")
    if sanity and X is None:
        raise DataError("The sanity tests train on rows. Give X and y.")
    seen = evidence_of(model, X, y, compare=compare, lacks=lacks)
    return diagnose_training(seen, sanity_tests(model, X, y) if sanity else ())


def evidence_of(model: Any, X: Any, y: Any, *, compare: bool, lacks: frozenset[str]) -> Evidence:
    """Return what there is to look at of a fitted estimator."""
    return Evidence(
        task="classification" if model.fitted_.classifies else "regression",
        history=model.history_,
        settings=_settings_of(model, lacks),
        flow=model.flow_,
        rows=None if X is None else _rows_of(model, X, y, compare=compare),
    )


def _settings_of(model: Any, lacks: frozenset[str]) -> Settings:
    from chainrule.engine.optimizers import SOLVERS  # JAX only for a diagnosis

    used = {**model.get_params(deep=False), **model.fitted_.recipe}
    has_rate = used.get("optimizer") is None and SOLVERS[used.get("solver", "adamw")].has_rate()
    stops = model.early_stopping or "val_loss" in model.history_
    hidden, activations = _hidden_of(model)
    loss = float(model.history_["loss"][-1]) if "loss" in model.history_ else np.nan
    return Settings(
        solver=used.get("solver", "adamw"),
        learning_rate=float(used["learning_rate_init"]) if has_rate else None,
        n_epochs=int(used["max_iter"]),
        patience=model.n_iter_no_change if stops else None,
        stop=model.stop_,
        message=model.stop_message_,
        best_epoch=int(model.best_iter_),
        hidden=hidden,
        activations=activations,
        penalty=float(model.fitted_.ending.penalty) / loss if loss > 0 else 0.0,
        scoring=str(used["scoring"]),
        lacks=lacks,
    )


def _hidden_of(model: Any) -> tuple[tuple[int, ...], tuple[str, ...]]:
    sizes = tuple(int(weights.shape[1]) for weights in model.fitted_.network.between[:-1])
    names = model.fitted_.recipe.get("activation", model.activation)
    names = list(names) if isinstance(names, list | tuple) else [names] * len(sizes)
    said = (name if isinstance(name, str) else getattr(name, "name", "own") for name in names)
    return sizes, tuple(said)


def _rows_of(model: Any, X: Any, y: Any, *, compare: bool) -> SeenRows | None:
    """Return the rows, of one target; several are not looked at."""
    target = model.fitted_.target
    if target.n_targets > 1:
        return None
    rows, few = as_rows(X, y), None
    encoded = target.encode(rows.y)
    x = model.fitted_.encoded_training(rows, type(model).__name__)
    if len(rows) > MOST_ROWS:
        few = np.sort(np.random.default_rng(0).choice(len(rows), MOST_ROWS, replace=False))
        rows, encoded, x = rows.take(few), encoded[few], x[few]
    given = rows.native
    [own] = target.each(encoded)
    names = [str(each) for classes in target.class_lists for each in classes]
    predictions = (
        model.predict_proba(given)
        if target.classifies
        else model.fitted_.outputs(model.fitted_.encoded(given))
    )
    n_hidden = len(model.fitted_.network.between) - 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # frames and their names: numbers are wanted
        hidden = [np.asarray(model.transform(given, layer=i + 1)) for i in range(n_hidden)]
    reference = None
    if compare and len(own) >= FEWEST_ROWS:
        trees_see = model.fitted_.encoder.for_trees(rows.columns, x)
        reference = _ask_trees(trees_see, own, n_classes=len(names))
    return SeenRows(
        x=x,
        input_names=model.fitted_.encoder.feature_names_out,
        y=own,
        classes=names,
        predictions=np.asarray(predictions),
        hidden=hidden,
        leaks=_leaks(model, rows),
        reference=reference,
        places=few,
    )


def _leaks(model: Any, rows: Rows) -> list[tuple[str, str]]:
    task = "classification" if model.fitted_.classifies else "regression"
    look = look_at(rows.columns, rows.y, task, model.fitted_.encoder.schema, weights=None)
    return [(each.columns[0], each.text) for each in find_leaks(look)]


def _ask_trees(x: np.ndarray, y: np.ndarray, *, n_classes: int) -> Reference:
    """Return what trees predict of rows that they were not grown on."""
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor  # slow to import

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
