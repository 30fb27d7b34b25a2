"""Write a report: of a model in Python, or of what a run folder tells."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chainrule.data.rows.rows import Rows, as_rows, rows_if_given
from chainrule.errors import OptionError
from chainrule.report.page.page import make_page
from chainrule.report.page.render import render
from chainrule.report.page.subject import Subject
from chainrule.runs.folder import REPORT, versions_in_use
from chainrule.wording import visible
from chainrule.writing import written_whole


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
    train = rows_if_given(X_train, y_train, called=("X_train", "y_train"))
    test = as_rows(X, y, sample_weight)
    subject = Subject(model, _names(test), _record(model, test, train), train, test=test)
    return write_page(subject, Path(path))


def write_page(subject: Subject, path: Path) -> Path:
    """Write the report of a subject, whole or not at all, and return its path."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of drawing what is not finite, and signs no font has
        text = visible(render(make_page(subject)))
    try:
        with written_whole(path) as unfinished:
            unfinished.write_text(text, encoding="utf-8", errors="xmlcharrefreplace")
    except OSError as error:
        raise OptionError(
            f"the report cannot be written to {path} ({error.strerror}). Choose another file."
        ) from None
    return path


def _names(test: Rows) -> tuple[str, ...]:
    n = len(test.each_target)
    unnamed = ("the target",) if n == 1 else tuple(f"target {i + 1}" for i in range(n))
    return test.names or unnamed


def _record(model: Any, test: Rows, train: Rows | None) -> dict[str, Any]:
    """Return what a manifest would say."""
    # scikit-learn, once there is something to score
    from chainrule.judging.baselines import score_baselines, seconds_for
    from chainrule.judging.evaluation import evaluate, measure_of

    results = {
        "test": evaluate(model, test),
        "measure": measure_of(model),
        "epochs": model.n_iter_,
        "seconds": {"fit": model.fit_seconds_, "compile": model.compile_seconds_},
    }
    if train is not None:
        found = score_baselines(model, train, test, seconds=seconds_for(model))
        results |= {"baselines": found.scores, "baselines_cut": found.notes}
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "seed": model.random_state if isinstance(model.random_state, int) else None,
        "results": results,
        "versions": versions_in_use(),
    }
