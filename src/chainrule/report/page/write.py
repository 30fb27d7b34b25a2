"""Write a report: of a model in Python, or of what a run folder tells."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.errors import DataError, OptionError
from chainrule.report.page.page import make_page
from chainrule.report.page.render import render
from chainrule.report.page.subject import Part, Subject
from chainrule.runs.folder import REPORT, versions_in_use


def write_report(
    model: Any,
    X: Any,
    y: Any,
    path: str | Path = REPORT,
    *,
    X_train: Any = None,
    y_train: Any = None,
    sample_weight: Any = None,
) -> Path:
    """Write the report of a fitted estimator to one HTML file and return its path.

    Parameters
    ----------
    model : estimator
        Of chainrule, fitted.
    X, y
        Rows that did not train, and their targets: the scores are theirs.
    path : str or Path, default="report.html"
        The file to write.
    X_train, y_train : optional
        The rows of the fit: with them there are baselines, and the doctor sees the table.
    sample_weight : array-like of shape (n_rows,), optional
        Weights of the rows `X`.

    Raises
    ------
    MissingExtraError
        If matplotlib or jinja2 is not installed.
    OptionError
        If the model is no estimator of tables, or the file cannot be written.
    DataError, ShapeError
        If the rows are not like those of the fit.

    Examples
    --------
    >>> from chainrule import MLPClassifier, datasets, write_report
    >>> iris = datasets.load("iris")
    >>> X, y = iris.drop("species"), iris["species"]
    >>> model = MLPClassifier((8,), max_iter=20, random_state=0).fit(X[::2], y[::2])
    >>> write_report(model, X[1::2], y[1::2], X_train=X[::2], y_train=y[::2]).name
    'report.html'
    """
    from sklearn.utils.validation import check_is_fitted

    check_is_fitted(model)
    fitted = getattr(model, "fitted_", None)
    if fitted is None or fitted.encoder is None:
        raise OptionError(
            f"write_report expects an estimator of tables, got {type(model).__name__}. "
            "Give an MLP or a fixed-point estimator."
        )
    if (X_train is None) != (y_train is None):
        raise DataError("X_train and y_train belong together. Give both, or neither.")
    weights = None if sample_weight is None else np.asarray(sample_weight, np.float64)
    test = Part(X, y, weights)
    train = None if X_train is None else Part(X_train, y_train)
    targets = _names(y, test)
    subject = Subject(model, targets, _record(model, test, train, targets), train, test=test)
    return write_page(subject, Path(path))


def write_page(subject: Subject, path: Path) -> Path:
    """Write the report of a subject, whole or not at all, and return its path."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of drawing what is not finite, and signs no font has
        text = render(make_page(subject))
    hidden = path.with_name(f".writing-{path.name}")
    try:
        hidden.write_text(text, encoding="utf-8", errors="xmlcharrefreplace")
        hidden.replace(path)
    except OSError as error:
        raise OptionError(
            f"the report cannot be written to {path} ({error.strerror}). Choose another file."
        ) from None
    finally:
        hidden.unlink(missing_ok=True)
    return path


def _names(y: Any, test: Part) -> tuple[str, ...]:
    if hasattr(y, "columns"):
        return tuple(map(str, y.columns))
    n = test.targets().shape[1]
    name = getattr(y, "name", None)
    one = str(name) if name is not None and str(name) else "the target"
    return (one,) if n == 1 else tuple(f"target {i + 1}" for i in range(n))


def _record(model: Any, test: Part, train: Part | None, targets: tuple[str, ...]) -> dict[str, Any]:
    """Return what a manifest would say."""
    from chainrule.judging.evaluation import evaluate, measure_of, score_baselines

    results = {
        "test": evaluate(model, test.X, test.y, test.weights, targets),
        "measure": measure_of(model),
        "epochs": model.n_iter_,
        "seconds": {"fit": model.fit_seconds_, "compile": model.compile_seconds_},
    }
    if train is not None:
        results["baselines"] = score_baselines(
            model, (train.X, train.y, train.weights), (test.X, test.y, test.weights)
        )
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "seed": model.random_state if isinstance(model.random_state, int) else None,
        "results": results,
        "versions": versions_in_use(),
    }
