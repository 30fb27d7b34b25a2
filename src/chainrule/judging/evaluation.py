"""How good a model is on labelled rows.

Every target has its scores; of several, the means stand beside them.  Scores are weighted as the
rows are; the confusion matrix counts rows.
"""

from typing import Any

import numpy as np

from chainrule.data.rows.rows import Rows
from chainrule.data.target.kind import Target, TrueClasses
from chainrule.predicting.intervals import learnt_levels


def measure_of(model: Any) -> str:
    """Return the score that a model and its baselines are compared by.

    Accuracy, or balanced accuracy where classes were weighed against each other.  R² of numbers, or
    its like for the pinball loss ("d2_pinball") if the model predicts a quantile off the middle.
    """
    if not model.fitted_.classifies:
        return "r2" if level_of(model) == 0.5 else "d2_pinball"
    return "accuracy" if model.class_weight is None else "balanced_accuracy"


def evaluate(model: Any, rows: Rows) -> dict[str, Any]:
    """Return the scores of a fitted model on labelled rows.

    Parameters
    ----------
    model : estimator
        A fitted classifier or regressor.
    rows : Rows
        With their true targets.  Several targets without names are "target 1", ….

    Returns
    -------
    dict
        Classes: "accuracy", "balanced_accuracy", "log_loss", "classes", "confusion" (rows true,
        columns predicted), "per_class"; where rows hold classes that training never saw, which are
        predicted wrong, "unseen" counts them by class, and log loss and confusion are without
        them.  Numbers: "r2" (None where it has no meaning), "rmse" and "mae" in the unit of y, of
        dates in days (as "unit" says), and of quantiles "quantiles".  Several targets: the means
        over them, their own scores as "targets", and of classes "all_right", the share of rows
        with every target right.  All: "rows", and of a single target "interval", as
        `interval_of` gives it for the score that models are compared by.

    Raises
    ------
    DataError
        If training never saw any of the classes.
    """
    target: Target = model.fitted_.target
    X, weights, n, right = rows.columns, rows.weights, len(rows), None
    if target.classifies:
        each, right = _class_scores(model, rows)
    else:
        target.encode(rows.y, name=rows.name)  # refuses other targets than those of the fit
        each = _number_scores(model, X, np.stack(target.as_scored(rows.y), axis=1), weights)
    if len(each) == 1:
        return {"rows": n, **each[0]}
    names = rows.names or [f"target {i + 1}" for i in range(len(each))]
    scores: dict[str, Any] = {"rows": n, **_means(each)}
    if right is not None:
        scores["all_right"] = float(np.average(right, weights=weights))
    return {**scores, "targets": dict(zip(names, each, strict=True))}


def _class_scores(model: Any, rows: Rows) -> tuple[list[dict[str, Any]], np.ndarray]:
    """Return the scores of every target, and the rows in which all are right."""
    target: Target = model.fitted_.target
    true = target.true_classes(rows.y, name=rows.name)
    probas = target.probabilities_of_each(model.predict_proba(rows.columns))
    parts = list(zip(true, probas, target.class_lists, strict=True))
    right = [proba.argmax(axis=1) == each.places for each, proba, _ in parts]
    scores, measure = [_of_classes(*part, rows.weights) for part in parts], measure_of(model)
    for own, each, hits in zip(scores, true, right, strict=True):
        own["interval"] = interval_of(measure, each.places, hits, rows.weights)
    return scores, np.all(right, axis=0)


def _of_classes(
    true: TrueClasses, proba: np.ndarray, classes: list[Any], weights: np.ndarray
) -> dict[str, Any]:
    from sklearn import metrics  # scikit-learn only where it is asked for, as below

    labels, guess, codes = np.arange(len(classes)), proba.argmax(axis=1), true.places
    seen = codes >= 0
    own = {"labels": labels, "sample_weight": weights[seen]}
    weighed = metrics.confusion_matrix(codes[seen], guess[seen], **own)
    hits, holding = weighed.diagonal(), weighed.sum(axis=1)
    guessed = np.bincount(guess, weights, len(classes))
    with np.errstate(invalid="ignore"):
        rates = hits / guessed, hits / holding, 2 * hits / (holding + guessed)
    counts = np.bincount(codes[seen], minlength=len(classes)).tolist()
    per_class = zip(classes, counts, *map(_or_none, rates), strict=True)
    recalls = [*rates[1], *(0.0 for _ in true.unseen)]
    return {
        "accuracy": float(hits.sum() / weights.sum()),
        "balanced_accuracy": float(np.nanmean(recalls)),
        "log_loss": float(metrics.log_loss(codes[seen], proba[seen], **own))
        if weights[seen].any()
        else None,
        "classes": classes,
        "confusion": metrics.confusion_matrix(codes[seen], guess[seen], labels=labels).tolist(),
        "per_class": [
            dict(zip(("class", "rows", "precision", "recall", "f1"), each, strict=True))
            for each in per_class
        ],
        **({"unseen": true.unseen} if true.unseen else {}),
    }


def _number_scores(
    model: Any, X: Any, true: np.ndarray, weights: np.ndarray
) -> list[dict[str, Any]]:
    target = model.fitted_.target
    predicted = target.plain(model.predict(X))
    each = [_of_numbers(*pair, weights) for pair in zip(true.T, predicted.T, strict=True)]
    if measure_of(model) == "d2_pinball":
        pairs = zip(true.T, predicted.T, strict=True)
        for scores, pair in zip(each, pairs, strict=True):
            scores["d2_pinball"] = score_of("d2_pinball", *pair, weights, level_of(model))
    measure, level = measure_of(model), level_of(model)
    for scores, own, guess in zip(each, true.T, predicted.T, strict=True):
        scores["interval"] = interval_of(measure, own, guess, weights, level)
    levels = learnt_levels(model.loss, model.quantile)
    if levels and len(each) == 1:
        guesses = np.stack([target.plain(guess)[:, 0] for guess in model.predict_quantiles(X).T])
        pairs = zip(levels, guesses, strict=True)
        each[0]["quantiles"] = [_of_quantile(q, true[:, 0], guess, weights) for q, guess in pairs]
    for scores, unit in zip(each, target.units, strict=False):
        scores |= {"unit": "days"} if unit else {}
    return each


def level_of(model: Any) -> float:
    """Return the quantile that a regressor's `predict` gives; 0.5 for any other loss."""
    levels = learnt_levels(model.loss, model.quantile)
    return min(levels, key=lambda level: abs(level - 0.5), default=0.5)


def _of_numbers(true: np.ndarray, predicted: np.ndarray, weights: np.ndarray) -> dict[str, Any]:
    error = true - predicted
    squared = float(np.average(error**2, weights=weights))
    return {
        "r2": _r2(true, predicted, weights),
        "rmse": squared**0.5,
        "mae": float(np.average(np.abs(error), weights=weights)),
    }


def _r2(true: np.ndarray, predicted: np.ndarray, weights: np.ndarray) -> float | None:
    """Return R², or None where the true values do not vary or one row counts alone."""
    mean = np.average(true, weights=weights)
    variance = float(np.average((true - mean) ** 2, weights=weights))
    if variance == 0 or (weights > 0).sum() < 2:
        return None
    return 1 - float(np.average((true - predicted) ** 2, weights=weights)) / variance


def _of_quantile(
    level: float, true: np.ndarray, guess: np.ndarray, weights: np.ndarray
) -> dict[str, float]:
    error = true - guess
    pinball = np.maximum(level * error, (level - 1) * error)
    return {
        "level": float(level),
        "pinball_loss": float(np.average(pinball, weights=weights)),
        "share_below": float(np.average(error <= 0, weights=weights)),
    }


def _means(each: list[dict[str, Any]]) -> dict[str, float | None]:
    names = [name for name, value in each[0].items() if value is None or isinstance(value, float)]
    return {name: mean_of([scores[name] for scores in each]) for name in names}


def _or_none(values: np.ndarray) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]


def score_of(
    measure: str, true: np.ndarray, guess: np.ndarray, weights: np.ndarray, level: float = 0.5
) -> float | None:
    """Return a score of predictions; None where it has no meaning."""
    if measure == "r2":
        return _r2(true, guess, weights)
    if measure == "d2_pinball":
        from sklearn.metrics import d2_pinball_score

        spread = np.ptp(true[weights > 0]) > 0
        score = (
            d2_pinball_score(true, guess, sample_weight=weights, alpha=level) if spread else None
        )
        return score if score is None else float(score)
    right = guess == true
    if measure == "accuracy":
        return float(np.average(right, weights=weights))
    counted = np.unique(true[weights > 0])
    each = [np.average(right[true == k], weights=weights[true == k]) for k in counted]
    return float(np.mean(each))


def interval_of(
    measure: str, true: np.ndarray, found: np.ndarray, weights: np.ndarray, level: float = 0.5
) -> list[float] | None:
    """Return where a score lies for 95 of 100 sets of rows like these; None if it has no meaning.

    Shares of rows by Wilson's formula; the other scores by how much each row moves them (the delta
    method).  `found` are predictions of numbers, or whether classes are right.
    References: Wilson (1927), JASA 22:209-212; Efron and Tibshirani (1993), chapter 21.
    """
    counted = weights > 0
    true, found, weights = true[counted], found[counted], weights[counted]
    share = weights / weights.sum()
    n, z = 1 / float((share**2).sum()), 1.96
    if n < 2:
        return None
    if measure == "accuracy":
        p = float(share @ found)
        middle, spread = p + z * z / (2 * n), z * np.sqrt(p * (1 - p) / n + (z / (2 * n)) ** 2)
        return [float(max(0.0, (middle - spread) / (1 + z * z / n))),
                float(min(1.0, (middle + spread) / (1 + z * z / n)))]  # fmt: skip
    if measure == "balanced_accuracy":
        classes = [share * (true == k) for k in np.unique(true)]
        recalls = [float(own @ found / own.sum()) for own in classes]
        score = float(np.mean(recalls))
        moved = sum(
            (own / own.sum()) * (found - recall)
            for own, recall in zip(classes, recalls, strict=True)
        ) / len(classes)
    else:
        error, plain = _losses(measure, true, found, share, level)
        mean, mean_plain = float(share @ error), float(share @ plain)
        if np.ptp(true) == 0 or mean_plain == 0:
            return None
        score = 1 - mean / mean_plain
        moved = share * (mean / mean_plain**2 * (plain - mean_plain) - (error - mean) / mean_plain)
    spread = z * float(np.sqrt(np.square(moved).sum()))
    return [score - spread, min(1.0, score + spread)]


def _losses(
    measure: str, true: np.ndarray, guess: np.ndarray, share: np.ndarray, level: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the losses of predictions, and those of the best constant."""
    if measure == "r2":
        return (true - guess) ** 2, (true - share @ true) ** 2
    order = np.argsort(true)
    at = np.searchsorted(np.cumsum(share[order]), level)
    errors = [true - guess, true - true[order][min(int(at), len(true) - 1)]]
    first, second = (np.maximum(level * each, (level - 1) * each) for each in errors)
    return first, second


def mean_of(values: list[float | None]) -> float | None:
    """Return the mean of those that have a meaning."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
