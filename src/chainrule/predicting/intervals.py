"""Prediction intervals that cover what they say, from errors on rows that did not train.

    one prediction     ŷ ± q,              q the quantile of |y - ŷ|              (split conformal)
    two quantiles      [q₁ - q, q₂ + q],   q the quantile of max(q₁ - y, y - q₂)  (conformalised)

The quantile's level is coverage (n + 1) / n over n validation rows: then the coverage holds for any
network, if new rows are like the old ones.
References: Lei et al. (2018), JASA 113:1094-1111, section 2.2; Romano, Patterson & Candès (2019),
NeurIPS, algorithm 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import OptionError

MOST_ROWS = 10_000
# what the records of objectives say, for who predicts without JAX; a test holds them together
OF_LEVELS, OF_COUNTS = ("quantile",), ("poisson",)


def learnt_levels(loss: Any, quantile: Any) -> tuple[float, ...]:
    """Return the quantiles that a loss learns, ascending; none if it is for something else."""
    named = isinstance(loss, str) and loss in OF_LEVELS
    levels = quantile if named else getattr(loss, "levels", ())
    return tuple(np.atleast_1d(np.asarray(levels, dtype=float)).tolist())


def is_of_counts(loss: Any) -> bool:
    """Return whether a loss for numbers is one of counts."""
    return loss in OF_COUNTS if isinstance(loss, str) else getattr(loss, "of_counts", False)


@dataclass(frozen=True, eq=False)
class Calibration:
    """Errors y - ŷ of validation rows, of shape (n_rows, n_outputs), and the rows' weights."""

    errors: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, y: np.ndarray, predictions: np.ndarray, weights: np.ndarray) -> Calibration:
        """Return the calibration by these rows (at most 10,000 of them, evenly chosen)."""
        every = math.ceil(len(y) / MOST_ROWS)
        errors = np.asarray(y, dtype=np.float64).reshape(len(y), -1) - predictions
        return cls(errors[::every], np.asarray(weights, dtype=np.float64)[::every])

    def margin(self, scores: np.ndarray, coverage: float) -> float:
        """Return the score that a share `coverage` of new rows will not exceed."""
        n = len(scores)
        level = coverage * (n + 1) / n
        if level > 1:
            needed = math.ceil(coverage / (1 - coverage))
            raise OptionError(
                f"{n} validation rows are too few for a coverage of {coverage:g}, which needs "
                f"{needed}. Hold out more rows, or ask for less."
            )
        order = np.argsort(scores)
        cumulated = np.cumsum(self.weights[order]) / self.weights.sum()
        place = int(np.searchsorted(cumulated, level - 1e-12))
        return float(scores[order][min(place, n - 1)])


def symmetric(predictions: np.ndarray, known: Calibration, coverage: float) -> np.ndarray:
    """Return intervals around predictions, of shape (n_rows, n_outputs, 2)."""
    margins = np.array([known.margin(np.abs(e), coverage) for e in known.errors.T])
    return np.stack([predictions - margins, predictions + margins], axis=-1)


def between_quantiles(
    predictions: np.ndarray,
    levels: tuple[float, ...],
    known: Calibration | None,
    coverage: float,
) -> np.ndarray:
    """Return intervals between two predicted quantiles, of shape (n_rows, 2)."""
    low, high = interval_levels(levels, coverage)
    margin = 0.0
    if known is not None:
        scores = np.maximum(-known.errors[:, low], known.errors[:, high])
        margin = known.margin(scores, coverage)
    pair = np.stack([predictions[:, low] - margin, predictions[:, high] + margin], axis=-1)
    return np.sort(pair, axis=-1)


def interval_levels(levels: tuple[float, ...], coverage: float) -> tuple[int, int]:
    """Return the places of the two levels that enclose `coverage`.

    Raises
    ------
    OptionError
        If they were not learnt.
    """
    wanted = (1 - coverage) / 2, (1 + coverage) / 2
    places = [int(np.argmin(np.abs(np.asarray(levels) - level))) for level in wanted]
    if any(abs(levels[i] - level) > 1e-6 for i, level in zip(places, wanted, strict=True)):
        raise OptionError(
            "{}, but the model learnt {}. Fit with {quantile}.",
            f"an interval of coverage {coverage:g} lies between the quantiles {wanted[0]:g} and "
            f"{wanted[1]:g}",
            ", ".join(f"{level:g}" for level in levels),
            quantile=(float(f"{wanted[0]:g}"), 0.5, float(f"{wanted[1]:g}")),
        )
    return places[0], places[1]
