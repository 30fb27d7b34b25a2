"""How far a test score can be trusted: the interval in which it would lie on other test rows.

    accuracy   Wilson   (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n),   z = 1.96
               with weights w of the rows, n = (Σw)² / Σw²
    others     bootstrap: the score on test rows drawn anew, with replacement; its middle 95 %

References
----------
Wilson (1927), J. Am. Stat. Assoc. 22:209-212.  Efron (1979), Ann. Stat. 7:1-26.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.data.rows.rows import Rows
from chainrule.judging.evaluation import level_of, mean_of, score_of

Z = 1.959964
N_DRAWS, MOST_NUMBERS = 1000, 20_000_000


@dataclass(frozen=True)
class Interval:
    """The ends of a 95 % interval, and where they come from."""

    low: float
    high: float
    how: str

    def __contains__(self, score: float) -> bool:
        return self.low <= score <= self.high


def wilson(share: float, n: float) -> tuple[float, float]:
    """Return the ends of Wilson's 95 % interval of a share that was found in `n` rows."""
    middle = share + Z**2 / (2 * n)
    half = Z * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    scale = 1 + Z**2 / n
    return max(0.0, float((middle - half) / scale)), min(1.0, float((middle + half) / scale))


def score_interval(model: Any, rows: Rows, measure: str, score: float | None) -> Interval | None:
    """Return the interval of a model's score on rows; None if the score has no meaning."""
    if score is None:
        return None
    weights = rows.weights
    if measure == "accuracy" and model.fitted_.target.n_targets == 1:
        n = weights.sum() ** 2 / (weights**2).sum()
        return Interval(*wilson(score, n), how="Wilson's, for a share of so many rows")
    draws = _draw_scores(model, rows, measure)
    if len(draws) < 2:
        return None
    low, high = np.percentile(draws, [2.5, 97.5])
    return Interval(
        float(low),
        float(high),
        how=f"bootstrap, {len(draws):,} draws of the test rows with replacement",
    )


def _draw_scores(model: Any, rows: Rows, measure: str) -> np.ndarray:
    n, level = len(rows), 0.5 if model.fitted_.classifies else level_of(model)
    pairs = _true_and_guessed(model, rows)
    rng = np.random.default_rng(0)
    found = []
    for _ in range(int(np.clip(MOST_NUMBERS / n, 100, N_DRAWS))):
        counts = np.bincount(rng.integers(n, size=n), minlength=n)
        each = [score_of(measure, *pair, rows.weights * counts, level) for pair in pairs]
        found.append(mean_of(each))
    return np.array([score for score in found if score is not None])


def _true_and_guessed(model: Any, rows: Rows) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the two columns of every target: numbers of classes, or numbers."""
    as_scored = model.fitted_.target.as_scored
    return list(zip(as_scored(rows.y), as_scored(model.predict(rows.columns)), strict=True))


def verdict(score: float, interval: Interval | None, baselines: Mapping[str, Any], n: int) -> str:
    """Return in a sentence how a score stands beside the best of the baselines."""
    known = {name: value for name, value in baselines.items() if value is not None}
    if not known:
        return ""
    name = max(known, key=lambda each: known[each])
    best = known[name]
    beside = f"the best of the three baselines, {name} ({best:.3f})"
    if score == best:
        return f"The network scores exactly as high as {beside}."
    ahead = "ahead of" if score > best else "behind"
    if interval is None:
        return f"The network is {ahead} {beside}."
    if best in interval:
        return (
            f"The network is {ahead} {beside}, but within noise: {n:,} test rows cannot tell the "
            "two apart."
        )
    return f"The network is {ahead} {beside}, by more than the noise of {n:,} test rows explains."
