"""Mean and standard deviation of number columns, and rows scaled by them, block by block.

A block of rows at a time is turned into float64, so a large float32 array is read twice and copied
once: into the result.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.data.values import infinite_numbers
from chainrule.errors import DataError

BLOCK_VALUES = 1 << 20
TINY = 1e-13  # a spread below this share of the mean is rounding, not data


@dataclass(frozen=True, eq=False)
class Moments:
    """Mean and population standard deviation of every column over its values; its gaps."""

    mean: np.ndarray
    deviation: np.ndarray
    n_gaps: np.ndarray


def _blocks(array: np.ndarray) -> Iterator[slice]:
    step = max(1, BLOCK_VALUES // array.shape[1])
    return (slice(start, start + step) for start in range(0, array.shape[0], step))


def measure(array: np.ndarray, names: Sequence[str]) -> Moments:
    """Give the moments of every column, in float64, gaps (NaN) left out.

    Parameters
    ----------
    array : np.ndarray of shape (n_rows, n_columns)
        Numbers of any type.
    names : sequence of str
        Column names, for the messages.

    Returns
    -------
    Moments
        A column without spread has the deviation 1, so that it scales to 0.

    Raises
    ------
    DataError
        If a number is infinite or too large to square, or a column has no value at all.
    """
    n_columns = array.shape[1]
    n, mean, squares = (np.zeros(n_columns) for _ in range(3))
    with np.errstate(over="ignore", invalid="ignore"):
        for rows in _blocks(array):
            block = array[rows].astype(np.float64)
            refuse_infinite(block, names, rows.start)
            present = ~np.isnan(block)
            n_block = present.sum(axis=0)
            some = np.maximum(n_block, 1)
            mean_block = np.where(present, block, 0.0).sum(axis=0) / some
            deviations = np.where(present, block - mean_block, 0.0)
            # Chan, Golub & LeVeque (1983), eq. 2.1: two parts merged without a second reading.
            shift, total = mean_block - mean, np.maximum(n + n_block, 1)
            squares += (deviations**2).sum(axis=0) + shift**2 * n * n_block / total
            mean += shift * n_block / total
            n += n_block
        deviation = np.sqrt(squares / np.maximum(n, 1))
    for name, n_values, spread in zip(names, n, deviation, strict=True):
        if n_values == 0:
            raise all_missing(name)
        if not np.isfinite(spread):
            raise DataError(
                f'column "{name}" holds numbers too large to be scaled (beyond about 1e150). '
                f"Use a larger unit, or leave the column out: `--drop {name}`."
            )
    deviation[deviation <= TINY * np.abs(mean)] = 1.0
    return Moments(mean, deviation, (array.shape[0] - n).astype(int))


def all_missing(name: str) -> DataError:
    """Return the error for a column without any value."""
    return DataError(
        f'column "{name}" holds no value at all (every row is a gap). '
        f"Leave it out: `--drop {name}`."
    )


def refuse_infinite(block: np.ndarray, names: Sequence[str], first_row: int = 0) -> None:
    """Raise a DataError that names column and row of the first infinite number."""
    infinite = np.isinf(block)
    if infinite.any():
        row, column = (int(place) for place in np.argwhere(infinite)[0])
        n = int(infinite[:, column].sum())
        raise infinite_numbers(names[column], first_row + row, float(block[row, column]), n)


def scale_rows(
    array: np.ndarray,
    out: np.ndarray,
    *,
    center: np.ndarray,
    scale: np.ndarray,
    fill: np.ndarray,
    names: Sequence[str],
) -> None:
    """Write (array - center) / scale into `out`, gaps as `fill`; computed in float64."""
    for rows in _blocks(array):
        block = array[rows].astype(np.float64)
        refuse_infinite(block, names, rows.start)
        block -= center
        block /= scale
        gaps = np.isnan(block)
        if gaps.any():
            np.copyto(block, fill[None, :], where=gaps)
        out[rows] = block
