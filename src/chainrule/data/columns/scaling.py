"""Mean and standard deviation of number columns, and rows scaled by them, block by block.

A block of rows at a time is turned into float64, so a large float32 array is read twice and copied
once: into the result.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.data.columns.values import EXACT, infinite_numbers
from chainrule.errors import DataError

BLOCK_VALUES = 1 << 18
TINY = 1e-13  # a spread below this share of the mean is rounding, not data
LARGEST = 1e140  # beyond it a sum of squares overflows


@dataclass(frozen=True, eq=False)
class Moments:
    """Mean and population standard deviation of every column over its values; its gaps."""

    mean: np.ndarray
    deviation: np.ndarray
    n_gaps: np.ndarray


def _blocks(array: np.ndarray) -> Iterator[slice]:
    step = max(1, BLOCK_VALUES // array.shape[1])
    return (slice(start, start + step) for start in range(0, array.shape[0], step))


def measure(array: np.ndarray, names: Sequence[str], weights: np.ndarray | None = None) -> Moments:
    """Give the moments of every column, in float64, gaps (NaN) left out.

    Parameters
    ----------
    array : np.ndarray of shape (n_rows, n_columns)
        Numbers of any type.
    names : sequence of str
        Column names, for the messages.
    weights : np.ndarray of shape (n_rows,), optional
        Weights of rows, above 0; 2 counts as the row twice.

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
    weights = None if weights is None else weights / weights.max()
    n, mean, squares, n_gaps = (np.zeros(n_columns) for _ in range(4))
    for rows in _blocks(array):
        block = read_block(array, rows, names)
        _refuse_too_large(block, rows, names, LARGEST, f"to be computed with, beyond {LARGEST:g}")
        gaps = np.isnan(block)
        weight = np.ones(len(block)) if weights is None else weights[rows]
        present = np.where(gaps, 0.0, weight[:, None])
        n_block = present.sum(axis=0)
        some = np.where(n_block > 0, n_block, 1.0)
        block[gaps] = 0.0
        mean_block = (present * block).sum(axis=0) / some
        block -= mean_block
        # Chan, Golub & LeVeque (1983), eq. 2.1: two parts merged without a second reading.
        shift, total = mean_block - mean, np.where(n + n_block > 0, n + n_block, 1.0)
        squares += (present * block**2).sum(axis=0) + shift**2 * n * n_block / total
        mean += shift * n_block / total
        n += n_block
        n_gaps += gaps.sum(axis=0)
    for name, n_values in zip(names, len(array) - n_gaps, strict=True):
        if n_values == 0:
            raise all_missing(name)
    deviation = np.sqrt(squares / n)
    deviation[deviation <= TINY * np.abs(mean)] = 1.0
    return Moments(mean, deviation, n_gaps.astype(int))


def measure_sparse(array: np.ndarray, names: Sequence[str]) -> Moments:
    """Give 0 and the largest absolute value of every column, so that zeros stay zeros."""
    largest, n_gaps = np.zeros(array.shape[1]), np.zeros(array.shape[1])
    for rows in _blocks(array):
        block = read_block(array, rows, names)
        _refuse_too_large(block, rows, names, LARGEST, f"to be computed with, beyond {LARGEST:g}")
        gaps = np.isnan(block)
        block[gaps] = 0.0
        largest = np.maximum(largest, np.abs(block).max(axis=0))
        n_gaps += gaps.sum(axis=0)
    return Moments(np.zeros_like(largest), np.where(largest > 0, largest, 1.0), n_gaps.astype(int))


def all_missing(name: str) -> DataError:
    """Return the error for a column without any value."""
    return DataError(
        'column "{}" holds no value at all (every row is a gap). Leave it out: `{drop}`.',
        name,
        drop=[name],
    )


def read_block(array: np.ndarray, rows: slice, names: Sequence[str]) -> np.ndarray:
    """Return these rows as a new float64 array.

    Raises
    ------
    DataError
        If a number is infinite, or a whole number too large for float64.
    """
    part = array[rows]
    if part.dtype.kind in "iu" and part.dtype.itemsize == 8:
        for row, column in np.argwhere((part >= EXACT) | (part <= -EXACT))[:1]:
            raise too_many_digits(names[int(column)], rows.start + int(row), part[row, column])
    with np.errstate(over="ignore"):  # a longdouble beyond float64 becomes infinite
        block = part.astype(np.float64)
    infinite = np.isinf(block)
    if infinite.any():
        row, column = (int(place) for place in np.argwhere(infinite)[0])
        n = int(infinite[:, column].sum())
        raise infinite_numbers(names[column], rows.start + row, float(block[row, column]), n)
    return block


def too_many_digits(name: str, row: int, value: object) -> DataError:
    """Return the error for a whole number that float64 cannot hold; `row` counts from 0."""
    return DataError(
        "{} Subtract an offset or use a larger unit, treat the column as categories: "
        "`{category}`, or leave it out: `{drop}`.",
        f'column "{name}" holds the whole number {value} in data row {row + 1}, too large to be '
        f"kept exactly (from 2^53 = {EXACT} on).",
        category=[name],
        drop=[name],
    )


def scaled_in_words(shown: str, center: float, scale: float) -> str:
    """Return how a number is scaled, as one writes it: `(3.5 - 2) / 0.5`."""
    sign, size = ("+", -center) if center < 0 else ("-", center)
    return f"({shown} {sign} {size:.6g}) / {scale:.6g}"


def _refuse_too_large(
    block: np.ndarray, rows: slice, names: Sequence[str], limit: float, why: str
) -> None:
    large = np.abs(block) > limit
    if large.any():
        row, column = (int(place) for place in np.argwhere(large)[0])
        raise DataError(
            'column "{}" holds a number too large {} (data row {}). Correct it, use a larger '
            "unit, or leave the column out: `{drop}`.",
            names[column],
            why,
            rows.start + row + 1,
            drop=[names[column]],
        )


def scale_rows(
    array: np.ndarray,
    out: np.ndarray,
    *,
    center: np.ndarray,
    scale: np.ndarray,
    fill: np.ndarray,
    names: Sequence[str],
) -> None:
    """Write (array - center) / scale into `out`, gaps as `fill`; computed in float64.

    Raises
    ------
    DataError
        If a number is infinite, or too large for the type of `out` once it is scaled.
    """
    limit = float(np.finfo(out.dtype).max)
    for rows in _blocks(array):
        block = read_block(array, rows, names)
        with np.errstate(over="ignore"):
            block -= center
            block /= scale
        gaps = np.isnan(block)
        if gaps.any():
            np.copyto(block, fill[None, :], where=gaps)
        _refuse_too_large(block, rows, names, limit, f"for {out.dtype} once it is scaled")
        out[rows] = block
