"""Cross-validation whose folds train side by side, in one compiled program on all cores."""

import time
from typing import Any

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv
from sklearn.utils import _safe_indexing

from chainrule.data.rows.rows import as_rows
from chainrule.errors import OptionError
from chainrule.models.base import BaseMLP
from chainrule.models.tabular_base import Tabular


def cross_validate(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    cv: Any = 5,
    groups: Any = None,
    scoring: Any = None,
    sample_weight: Any = None,
    return_train_score: bool = False,
    return_estimator: bool = False,
) -> dict[str, Any]:
    """Fit an estimator on every fold but one, in turn, and score it there.

    As scikit-learn's function of the same name, with equal results up to rounding; but the folds
    train together, which on two cores is up to 1.6 times as fast.  Fits that need a look after
    every epoch (early stopping, `verbose`) run one after another.

    Parameters
    ----------
    estimator : estimator of chainrule
        Stays as it is; clones of it are fitted.
    X, y : as in `fit`
        The table.
    cv : int or splitter, default=5
        Number of folds (stratified for classes), or a splitter of scikit-learn.
    groups : array-like of shape (n_rows,), optional
        For a splitter that keeps groups together.
    scoring : str, callable, list or dict, optional
        As in scikit-learn; the estimator's own `score` if not given.
    sample_weight : array-like of shape (n_rows,), optional
        Weights of rows in training; scores do not know them.
    return_train_score, return_estimator : bool, default=False
        Whether the result holds scores on the training rows, and the fitted estimators.

    Returns
    -------
    dict of arrays with an entry for each fold
        "test_score" (with several scores "test_<name>"), "fit_time" (seconds of all fits, shared
        out equally), "score_time"; and, if asked for, "train_score" and "estimator".

    Raises
    ------
    OptionError
        If it is no estimator of chainrule.
    DataError, ShapeError
        As `fit` does.

    Examples
    --------
    >>> from chainrule import MLPClassifier, cross_validate, datasets
    >>> iris = datasets.load("iris")
    >>> model = MLPClassifier(random_state=0)
    >>> scores = cross_validate(model, iris.drop("species"), iris["species"], cv=5)
    >>> bool(scores["test_score"].mean() > 0.93)
    True
    """
    if isinstance(estimator, Tabular):
        raise OptionError(
            f"cross_validate trains single networks side by side, and {type(estimator).__name__} "
            "several for each fold. Use sklearn.model_selection.cross_validate."
        )
    if not isinstance(estimator, BaseMLP):
        raise OptionError(
            f"cross_validate trains estimators of chainrule, got {type(estimator).__name__}. For "
            "others, pipelines included, use sklearn.model_selection.cross_validate."
        )
    from chainrule.fitting.side_by_side import learn_together  # JAX only when training

    splitter: Any = check_cv(cv, y, classifier=is_classifier(estimator))
    scorer: Any = check_scoring(estimator, scoring=scoring)
    folds = list(splitter.split(X, y, groups))
    models: list[Any] = [clone(estimator) for _ in folds]
    clock = time.perf_counter()
    table = as_rows(X, y, sample_weight)
    estimator.check_parameters()

    def rows(index: np.ndarray) -> tuple[Any, Any]:
        return _safe_indexing(X, index), _safe_indexing(y, index)

    fitted = learn_together(
        [
            model._learning(model._that_count(table.take(training)))
            for model, (training, _) in zip(models, folds, strict=True)
        ]
    )
    for model, each in zip(models, fitted, strict=True):
        model.fitted_ = each
    seconds = (time.perf_counter() - clock) / len(folds)
    found: dict[str, list[Any]] = {"fit_time": [seconds] * len(folds), "score_time": []}
    for model, (training, test) in zip(models, folds, strict=True):
        clock = time.perf_counter()
        _keep(found, "test", scorer(model, *rows(test)))
        found["score_time"].append(time.perf_counter() - clock)
        if return_train_score:
            _keep(found, "train", scorer(model, *rows(training)))
    result: dict[str, Any] = {name: np.array(values) for name, values in found.items()}
    return result | ({"estimator": models} if return_estimator else {})


def _keep(found: dict[str, list[Any]], part: str, score: Any) -> None:
    scores = score if isinstance(score, dict) else {"score": score}
    for name, value in scores.items():
        found.setdefault(f"{part}_{name}", []).append(value)
