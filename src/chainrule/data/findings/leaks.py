"""Leaks: one column that tells the target, learnt on one half of the rows, tried on the other.

classes   the class of the nearest value (number), or the most frequent class of the level
numbers   a straight line, the order of the values, or the mean of the level
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from chainrule.advice import Text
from chainrule.data.findings.look import Look, Seen
from chainrule.finding import Finding

ROWS = 4_000
FEWEST_ROWS = 40
MOST_COLUMNS = 300
ACCURACY = 0.999
ERRORS_LEFT = 0.02  # of those of guessing the most frequent class
R2 = 0.9999


def find_leaks(look: Look) -> Iterator[Finding]:
    """Give the columns that alone predict the target almost perfectly."""
    if len(look.y) < FEWEST_ROWS:
        return
    rows = look.rows(ROWS)
    y = look.y[rows]
    for seen in _worth_a_try(look.seen, rows, y):
        x = seen.numbers[rows]
        if look.classes is None:
            evidence = _tells_numbers(x, y, seen.is_category)
        else:
            evidence = _tells_classes(x, y, seen.is_category)
        if evidence:
            yield Finding(
                "leak",
                "look",
                f'"{seen.name}" alone tells the target: {evidence}{look.sample}.',
                remedy=Text(
                    "If it is not known before the target is, leave it out: `{drop}`.",
                    drop=[seen.name],
                ),
                columns=(seen.name,),
            )


def _worth_a_try(seen: list[Seen], rows: np.ndarray, y: np.ndarray) -> list[Seen]:
    """Return the columns; of many those whose means differ most between parts of the target."""
    if len(seen) <= MOST_COLUMNS:
        return seen
    table = np.nan_to_num(np.stack([each.numbers[rows] for each in seen], axis=1))
    order = np.argsort(y, kind="stable")
    parts = [table[part].mean(axis=0) for part in np.array_split(order, 20)]
    spread = np.std(parts, axis=0) / np.maximum(table.std(axis=0), 1e-300)
    return [seen[place] for place in np.argsort(-spread)[:MOST_COLUMNS]]


def _halves(n: int) -> list[tuple[np.ndarray, np.ndarray]]:
    order = np.random.default_rng(0).permutation(n)
    one, two = order[: n // 2], order[n // 2 :]
    return [(one, two), (two, one)]


def _tells_classes(x: np.ndarray, y: np.ndarray, is_category: bool) -> str:
    sizes = np.bincount(y)
    n, base = len(y), int(sizes.max())
    if n - base < 10:
        return ""
    x = np.where(np.isnan(x), _below(x), x)  # that a value is missing may tell the class, too
    wrong = sum(
        int((_predict(x[train], y[train], x[test], is_category) != y[test]).sum())
        for train, test in _halves(n)
    )
    if wrong > (1 - ACCURACY) * n or wrong > ERRORS_LEFT * (n - base):
        return ""
    return (
        f"a rule on it is right in {1 - wrong / n:.1%} of held-out rows, where the most frequent "
        f"class has {base / n:.1%}"
    )


def _below(x: np.ndarray) -> float:
    """Return a value apart from all others."""
    present = x[~np.isnan(x)]
    return float(present.min() - 1 - np.ptp(present)) if len(present) else 0.0


def _predict(x: np.ndarray, y: np.ndarray, x_new: np.ndarray, is_category: bool) -> np.ndarray:
    """Return the most frequent class at the nearest value (-1 for a level never seen)."""
    values, codes = np.unique(x, return_inverse=True)
    k = int(y.max()) + 1
    best = np.bincount(codes * k + y, minlength=len(values) * k).reshape(-1, k).argmax(axis=1)
    right = np.clip(np.searchsorted(values, x_new), 0, len(values) - 1)
    if is_category:
        return np.where(values[right] == x_new, best[right], -1)
    left = np.maximum(right - 1, 0)
    return best[np.where(x_new - values[left] < np.abs(values[right] - x_new), left, right)]


def _tells_numbers(x: np.ndarray, y: np.ndarray, is_category: bool) -> str:
    present = ~np.isnan(x)
    if 2 * present.sum() < len(y) or present.sum() < FEWEST_ROWS:
        return ""
    x, y = x[present], y[present]
    if is_category:
        r2 = _r2_of_levels(x.astype(int), y)
        return f"the means of its levels give R² = {r2:.5f} on held-out rows" if r2 >= R2 else ""
    for how, a, b in (("a straight line", x, y), ("their order", _ranks(x), _ranks(y))):
        r2 = _r2(a, b)
        if r2 >= R2:
            return f"{how} gives R² = {r2:.5f}"
    return ""


def _r2(x: np.ndarray, y: np.ndarray) -> float:
    x, y = _unit(x), _unit(y)
    return float(x @ y) ** 2


def _unit(x: np.ndarray) -> np.ndarray:
    """Return the deviations from the mean as a vector of length 1 (of 0 without deviations)."""
    x = x - x.mean()
    largest = np.abs(x).max()
    if largest == 0:
        return x
    x = x / largest
    return x / np.sqrt(x @ x)


def _ranks(x: np.ndarray) -> np.ndarray:
    """Return ranks, those of equal values averaged."""
    _, codes, sizes = np.unique(x, return_inverse=True, return_counts=True)
    ends = np.cumsum(sizes)
    return (ends - (sizes - 1) / 2)[codes]


def _r2_of_levels(codes: np.ndarray, y: np.ndarray) -> float:
    k = int(codes.max()) + 1
    squares = 0.0
    for train, test in _halves(len(y)):
        sizes = np.bincount(codes[train], minlength=k)
        sums = np.bincount(codes[train], weights=y[train], minlength=k)
        means = np.where(sizes > 0, sums / np.maximum(sizes, 1), y[train].mean())
        squares += float(((y[test] - means[codes[test]]) ** 2).sum())
    spread = float(((y - y.mean()) ** 2).sum())
    return 1 - squares / spread if spread > 0 else 0.0
