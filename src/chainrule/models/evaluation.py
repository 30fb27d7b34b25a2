"""How good a model is on labelled rows, beside three baselines that need no network.

The baselines see the same encoded inputs: always the commonest class (or the mean), a linear
model, and boosted trees.
"""

from typing import Any

import numpy as np

SMALL = 1_000_000  # numbers in a table


def evaluate(model: Any, X: Any, y: Any, sample_weight: Any = None) -> dict[str, Any]:
    """Return the scores of a fitted model on labelled rows.

    Parameters
    ----------
    model : estimator
        A fitted classifier or regressor.
    X, y
        Rows and their true targets; classes that training never saw are an error.
    sample_weight : array of shape (n_rows,), optional
        Weights of the rows.

    Returns
    -------
    dict
        Classifier: "accuracy", "balanced_accuracy", "log_loss", "confusion" (rows true, columns
        predicted, in the order of "classes").  Regressor: "r2", "rmse", "mae" (in the unit of y).
        Both: "rows".
    """
    from sklearn import metrics

    target = model._target
    encoded = target.encode(y, name=getattr(y, "name", None) or "y")
    weights = {"sample_weight": sample_weight}
    if not model._classifies:
        true, predicted = target.decode(encoded), model.predict(X)
        return {
            "rows": len(encoded),
            "r2": float(metrics.r2_score(true, predicted, **weights)) if len(true) > 1 else None,
            "rmse": float(metrics.root_mean_squared_error(true, predicted, **weights)),
            "mae": float(metrics.mean_absolute_error(true, predicted, **weights)),
        }
    codes = _codes(encoded)
    proba = model.predict_proba(X)
    guess = proba.argmax(axis=1)
    labels = np.arange(len(target.classes))
    recalls = [(guess[codes == k] == k).mean() for k in np.unique(codes)]
    return {
        "rows": len(encoded),
        "accuracy": float(metrics.accuracy_score(codes, guess, **weights)),
        "balanced_accuracy": float(np.mean(recalls)),
        "log_loss": float(metrics.log_loss(codes, proba, labels=labels, **weights)),
        "classes": target.classes.tolist(),
        "confusion": metrics.confusion_matrix(codes, guess, labels=labels).tolist(),
    }


def score_baselines(model: Any, train: tuple[Any, Any], test: tuple[Any, Any]) -> dict[str, float]:
    """Return the score (accuracy, or R²) of each baseline on the test rows, by name."""
    from sklearn.dummy import DummyClassifier, DummyRegressor
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.linear_model import LogisticRegression, RidgeCV
    from threadpoolctl import threadpool_limits

    if model._classifies:
        baselines = {
            "boosted trees": HistGradientBoostingClassifier(random_state=0),
            "logistic regression": LogisticRegression(max_iter=1000),
            "always the commonest": DummyClassifier(),
        }
    else:
        baselines = {
            "boosted trees": HistGradientBoostingRegressor(random_state=0),
            "ridge regression": RidgeCV(alphas=np.logspace(-3, 3, 13)),
            "always the mean": DummyRegressor(),
        }
    encode, target = model._encoder.transform, model._target

    def plain(y: Any) -> np.ndarray:
        encoded = target.encode(y)
        return _codes(encoded) if model._classifies else encoded[:, 0]

    x_train, x_test = encode(train[0], np.float64), encode(test[0], np.float64)
    y_train, y_test = plain(train[1]), plain(test[1])
    # on a small table, threads wait for each other far longer than they work
    with threadpool_limits(1 if x_train.size < SMALL else None):
        return {
            name: float(baseline.fit(x_train, y_train).score(x_test, y_test))
            for name, baseline in baselines.items()
        }


def _codes(encoded: np.ndarray) -> np.ndarray:
    """Return class numbers from their encoded form."""
    return encoded.argmax(axis=1) if encoded.shape[1] > 1 else encoded[:, 0].astype(np.intp)
