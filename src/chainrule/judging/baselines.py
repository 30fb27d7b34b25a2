"""Three models without a network, to compare with: the same answer always, a linear one, trees.

Each gets the columns in the way that is usual for it.  The linear model sees what the network does:
numbers scaled, gaps filled and flagged, categories one-hot.  Boosted trees see numbers as they are,
gaps among them, dates as year, month, day and so on, few levels as categories, and of many levels
what the target is where each stands, learnt on other rows (scikit-learn's `TargetEncoder`).
A large table is learnt from by a sample, and no baseline takes much longer than it was given.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from chainrule.data.columns.encoding import InputEncoder
from chainrule.data.columns.frames import Columns
from chainrule.data.columns.kinds import kind_of
from chainrule.data.columns.matching import match_columns
from chainrule.data.columns.values import Values
from chainrule.data.rows.rows import Rows
from chainrule.judging.evaluation import level_of, mean_of, measure_of, score_of

SMALL = 1_000_000  # numbers in a table, on which no baseline takes long
MOST_ROWS, FEWEST_ROWS = 100_000, 1_000  # that a baseline learns from
MOST_NUMBERS = 100_000_000  # that it sees
MOST_NUMBERS_OF_A_LINEAR_PROGRAM = 300_000
FEW_LEVELS, MOST_CLASSES = 10, 10  # of a column, to be a category of trees; of a target, to be told
FEWEST_ROWS_TO_TELL = 50
STEPS = (0.05, 0.3, 1.0)  # shares of all rounds, after which the clock is looked at
OPERATIONS = 1e10  # of a closed solution in a second
SHARE, LEAST_SECONDS = 0.5, 5.0
TREES = "boosted trees"

OnProgress = Callable[[str, float], None]


@dataclass(frozen=True)
class Baselines:
    """Scores of the baselines by their names, and what was cut short to get them in time."""

    scores: dict[str, float | None] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def seconds_for(model: Any) -> float:
    """Return how long each baseline may take: half as long as the fit, 5 seconds at least."""
    return max(LEAST_SECONDS, SHARE * (model.fit_seconds_ + model.compile_seconds_))


def score_baselines(
    model: Any,
    train: Rows,
    test: Rows,
    *,
    seconds: float = np.inf,
    on_progress: OnProgress | None = None,
) -> Baselines:
    """Return the scores of three models without a network, by name; see `measure_of`.

    With the same weights of rows and classes as the network; the means over several targets.

    Parameters
    ----------
    model : estimator
        The fitted network to compare with.
    train, test : Rows
        To learn from, and to score on.
    seconds : float, optional
        For each of them; then trees stop growing, and iterations end.
    on_progress : callable, optional
        Called with the name of a baseline and the share of it that is done.
    """
    from sklearn.utils.class_weight import compute_sample_weight  # once something is trained
    from threadpoolctl import threadpool_limits

    target, encoder = model.fitted_.target, model.fitted_.encoder
    n_inputs, notes = len(encoder.feature_names_out), list[str]()
    most = min(MOST_ROWS, max(FEWEST_ROWS, MOST_NUMBERS // n_inputs))
    order = np.random.default_rng(0).permutation(len(train))
    if len(train) > most:
        notes.append(f"the baselines learnt from {most:,} of the {len(train):,} rows")
        train, order = train.take(order[:most]), np.arange(most)
    weights = train.weights
    if getattr(model, "class_weight", None) is not None:
        decoded = target.decode(target.encode(train.y))
        weights = weights * compute_sample_weight(model.class_weight, decoded)
    n_classes = [len(classes) for classes in target.class_lists] or [0] * target.n_targets
    ys, trues = (target.as_scored(rows.y) for rows in (train, test))
    linear = model.fitted_.encoded_training(train), model.fitted_.encoded(test.columns, dtype=float)
    trees = TreeTable(encoder, train.columns, test.columns)
    tell = on_progress or (lambda name, share: None)
    level = 0.5 if model.fitted_.classifies else level_of(model)
    found: dict[str, list[float | None]] = {}
    # on a small table, threads wait for each other far longer than they work, and no time is short
    small = len(train) * n_inputs < SMALL
    each_seconds = np.inf if small else seconds / len(ys)
    with threadpool_limits(1 if small else None), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a linear model has not converged
        for y, true, n in zip(ys, trues, n_classes, strict=True):
            for name, baseline in _baselines(model, y, trees.categories).items():
                x, x_test = trees.told(y, n) if name == TREES else linear
                n_rows = min(len(y), _most_rows(baseline, n_inputs, each_seconds))
                few = slice(None) if n_rows == len(y) else order[:n_rows]
                if n_rows < len(y):
                    notes.append(f"{name} learnt from {n_rows:,} of the {len(y):,} rows")
                timed = Timed(each_seconds, partial(tell, name))
                rows = x[few], y[few], weights[few]
                cut = timed.fit(baseline, *rows, counts_all=name == TREES)
                notes += [f"{name} stopped {cut} for want of time"] if cut else []
                score = score_of(
                    measure_of(model), true, baseline.predict(x_test), test.weights, level
                )
                found.setdefault(name, []).append(score)
    scores = {name: mean_of(each) for name, each in found.items()}
    return Baselines(scores, list(dict.fromkeys(notes)))


def _baselines(model: Any, y: np.ndarray, categories: list[int]) -> dict[str, Any]:
    from sklearn.dummy import DummyClassifier, DummyRegressor
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.linear_model import LogisticRegression, QuantileRegressor, RidgeCV

    options: dict[str, Any] = {"random_state": 0, "categorical_features": categories or None}
    if not model.fitted_.classifies and measure_of(model) != "r2":
        q = level_of(model)
        return {
            TREES: HistGradientBoostingRegressor(loss="quantile", quantile=q, **options),
            "linear quantile regression": QuantileRegressor(quantile=q, alpha=0),
            "always the same": DummyRegressor(strategy="quantile", quantile=q),
        }
    if not model.fitted_.classifies:
        return {
            TREES: HistGradientBoostingRegressor(**options),
            "ridge regression": RidgeCV(alphas=np.logspace(-3, 3, 13)),
            "always the mean": DummyRegressor(),
        }
    sizes = np.bincount(y)
    one_class, rare = (sizes > 0).sum() == 1, sizes[sizes > 0].min() < 10
    # trees stop early on rows that they hold out, which must hold every class
    options["early_stopping"] = False if rare else "auto"
    trees = HistGradientBoostingClassifier(**options)
    return {
        TREES: DummyClassifier() if one_class else trees,
        "logistic regression": DummyClassifier()
        if one_class
        else LogisticRegression(max_iter=1000),
        "always the commonest": DummyClassifier(),
    }


def _most_rows(baseline: Any, n_inputs: int, seconds: float) -> int:
    """Return from how many rows a baseline can learn whose work cannot be cut short."""
    if type(baseline).__name__ == "QuantileRegressor":
        return max(FEWEST_ROWS // 2, min(3_000, MOST_NUMBERS_OF_A_LINEAR_PROGRAM // n_inputs))
    if type(baseline).__name__ == "RidgeCV" and np.isfinite(seconds):
        most = OPERATIONS * seconds / n_inputs  # of n times the smaller of n and the inputs
        return max(FEWEST_ROWS, int(most / n_inputs) if most > n_inputs**2 else int(most**0.5))
    return MOST_ROWS


class Timed:
    """Fits what learns in rounds for so many seconds, and tells the share that is done."""

    def __init__(self, seconds: float, on_share: Callable[[float], None]) -> None:
        self._seconds, self._on_share = seconds, on_share

    def fit(
        self, baseline: Any, x: np.ndarray, y: np.ndarray, weights: np.ndarray, *, counts_all: bool
    ) -> str:
        """Fit, and return after how many rounds it was ended; "" if it was not.

        `counts_all` says whether rounds are counted from the first fit on, not from the last.
        """
        self._on_share(0.0)
        most = baseline.get_params().get("max_iter")
        if most is None or not np.isfinite(self._seconds):
            baseline.fit(x, y, sample_weight=weights)
            return ""
        done, start = 0, time.perf_counter()
        for share in STEPS:
            wanted = max(1, int(share * most))
            if done:
                spent = time.perf_counter() - start
                wanted = min(wanted, done + int((self._seconds - spent) * done / spent))
            if wanted <= done:
                return f"after {done} of {most} rounds"
            rounds = wanted if counts_all else wanted - done
            baseline.set_params(max_iter=rounds, warm_start=True).fit(x, y, sample_weight=weights)
            if np.max(baseline.n_iter_) < rounds:  # it has come to its end
                return ""
            done = wanted
            self._on_share(done / most)
        return "" if done == most else f"after {done} of {most} rounds"


class TreeTable:
    """Columns of training and test as trees take them; see the module.

    Attributes
    ----------
    categories : list of int
        Places of the columns that hold codes of levels.
    """

    def __init__(self, encoder: InputEncoder, train: Columns, test: Columns) -> None:
        parts = ([], [], []), ([], [], [])  # of each table: few levels, numbers, many levels
        pairs = (
            match_columns(encoder.schema, encoder.named, each, "the fit") for each in (train, test)
        )
        for (column, name), (_, name_there) in zip(*pairs, strict=True):
            kind, values = kind_of(column), (train.values(name), test.values(name_there))
            if not kind.has_levels:
                for part, own in zip(parts, values, strict=True):
                    numbers = kind.as_numbers(column, own)[:, None]
                    part[1].append(kind.for_trees(column, own, numbers))
                continue
            place = 0 if len(values[0].coded.texts) <= FEW_LEVELS else 2
            for part, codes in zip(parts, _codes(*values), strict=True):
                part[place].append(codes[:, None])
        self.categories = list(range(len(parts[0][0])))
        n_rows = train.n_rows, test.n_rows
        self._plain = [
            _beside([*part[0], *part[1]], n) for part, n in zip(parts, n_rows, strict=True)
        ]
        self._many = [_beside(part[2], n) for part, n in zip(parts, n_rows, strict=True)]

    def told(self, y: np.ndarray, n_classes: int) -> tuple[np.ndarray, np.ndarray]:
        """Return both tables; many levels are told by `y`, the target of the training rows.

        By its mean (`n_classes` is 0 for numbers), or by the share of each class.
        """
        from sklearn.model_selection import KFold
        from sklearn.preprocessing import TargetEncoder

        codes, new = (np.nan_to_num(many, nan=-2) for many in self._many)  # a gap is a level
        train, test = [self._plain[0]], [self._plain[1]]
        if not codes.shape[1] or len(y) < FEWEST_ROWS_TO_TELL or n_classes > MOST_CLASSES:
            return np.hstack([*train, codes]), np.hstack([*test, new])
        encoder = TargetEncoder(target_type="continuous")
        parts = list(KFold(5, shuffle=True, random_state=0).split(codes))
        for each in [y] if n_classes < 3 else [y == k for k in range(n_classes)]:
            each, out = each.astype(float), np.empty(codes.shape)
            for others, own in parts:
                out[own] = encoder.fit(codes[others], each[others]).transform(codes[own])
            train.append(out)
            test.append(encoder.fit(codes, each).transform(new))
        return np.hstack(train), np.hstack(test)


def _codes(train: Values, test: Values) -> tuple[np.ndarray, np.ndarray]:
    """Return the places of levels in the training rows, NaN for gaps; -1 is a level not there."""
    known = {text: float(place) for place, text in enumerate(train.coded.texts)}
    both = []
    for values in (train, test):
        texts, places = values.coded
        of_texts = np.array([*(known.get(text, -1.0) for text in texts), np.nan])
        both.append(of_texts[places])
    return both[0], both[1]


def _beside(columns: list[np.ndarray], n_rows: int) -> np.ndarray:
    return np.hstack(columns) if columns else np.empty((n_rows, 0))
