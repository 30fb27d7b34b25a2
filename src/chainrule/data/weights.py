"""Weights of rows: 2 counts as the row twice, 0 as if the row were not there."""

from __future__ import annotations

import numpy as np

from chainrule.errors import DataError, ShapeError
from chainrule.wording import count


def read_weights(weights: object, n_rows: int, name: str = "sample_weight") -> np.ndarray:
    """Take weights of rows and give them as float64, one for each row, to be read only.

    Parameters
    ----------
    weights : array-like of shape (n_rows,), or None
        Finite numbers, 0 or more; None is 1 everywhere.
    n_rows : int
        Rows of the table.
    name : str
        For the messages.

    Raises
    ------
    ShapeError
        If there is not one weight for each row.
    DataError
        If a weight is negative, missing or infinite, or all are 0.
    """
    if weights is None:
        return np.broadcast_to(np.float64(1), n_rows)  # takes no memory
    try:
        array = np.asarray(weights, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise DataError(
            f"{name} holds something that is no number. Give one number for each row."
        ) from None
    if array.shape != (n_rows,):
        raise ShapeError(
            f"{name} has the shape {array.shape}, expected ({n_rows},). "
            "Give one weight for each row."
        )
    wrong = ~(np.isfinite(array) & (array >= 0))
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(
            f"{name} is {array[row]} in data row {row + 1}"
            f"{_and_more(int(wrong.sum()) - 1)}, expected finite numbers, 0 or more. "
            "Use 0 for rows that shall not count."
        )
    if not array.any():
        raise DataError(f"{name} is zero in every row. Give at least one row a weight above 0.")
    return array


def _and_more(n: int) -> str:
    return f" (and wrong in {count(n, 'more row')})" if n else ""
