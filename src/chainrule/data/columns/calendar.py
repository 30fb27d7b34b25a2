"""Where dates lie in year, week and day; all from days since 1970-01-01, gaps are NaN.

A cycle is seen as waves, so that its end is close to its beginning:

    sin(2π k t),   cos(2π k t),   k = 1, 2, …

with t the share of the cycle that is over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
THURSDAY = 3  # 1970-01-01


@dataclass(frozen=True)
class Cycle:
    """A cycle: what it is called, its waves, and how much of how much is over at each moment."""

    name: str
    n_waves: int
    over: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]

    @property
    def labels(self) -> list[str]:
        """What each number stands for."""
        names = [("", "half-", "third-")[k] + self.name for k in range(self.n_waves)]
        return [f"{name}, {wave}" for name in names for wave in ("sine", "cosine")]

    def waves(self, moments: np.ndarray) -> np.ndarray:
        """Return the numbers of shape (n_rows, 2 n_waves); a gap is the centre, 0 in all."""
        over, whole = self.over(moments)
        angles = 2 * np.pi * np.outer(over / whole, np.arange(1, self.n_waves + 1))
        waves = np.stack([np.sin(angles), np.cos(angles)], axis=2)
        return np.nan_to_num(waves).reshape(len(moments), -1)

    def hows(self, moment: float) -> list[str]:
        """Return how each number of one moment is computed, as one writes it."""
        over, whole = (float(each[0]) for each in self.over(np.array([moment])))
        return [
            f"{wave}({2 * k}π {over:.6g} / {whole:g}) ="
            for k in range(1, self.n_waves + 1)
            for wave in ("sin", "cos")
        ]


def of_year(days: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how many days of its year are over at each moment, and how many it has."""
    return _over(days, "datetime64[Y]")


def of_month(days: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the same for its month."""
    return _over(days, "datetime64[M]")


def of_week(days: np.ndarray) -> np.ndarray:
    """Return the day of the week, 0 for Monday."""
    return (np.floor(days) + THURSDAY) % 7


def of_day(days: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how many hours of its day are over at each moment, and how many it has."""
    return 24 * (days - np.floor(days)), np.full(len(days), 24.0)


def months(days: np.ndarray) -> np.ndarray:
    """Return the number of the month, counted from January 1970."""
    return _dates(days).astype("datetime64[M]").astype(np.int64).astype(np.float64)


def as_columns(days: np.ndarray) -> np.ndarray:
    """Return year, month, day, day of the year, day of the week and hour, as trees like them."""
    month = months(days)
    of_month_and_year = (np.floor(over) for over, _ in (of_month(days), of_year(days)))
    parts = [month // 12, month % 12, *of_month_and_year, of_week(days), of_day(days)[0]]
    table = np.stack(parts, axis=1)
    table[np.isnan(days)] = np.nan
    return table


def _over(days: np.ndarray, unit: str) -> tuple[np.ndarray, np.ndarray]:
    first = _dates(days).astype(unit)
    start, end = (each.astype("datetime64[D]").astype(np.float64) for each in (first, first + 1))
    return days - start, end - start


def _dates(days: np.ndarray) -> np.ndarray:
    return np.floor(np.nan_to_num(days)).astype(np.int64).astype("datetime64[D]")
