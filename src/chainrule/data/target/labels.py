"""Several yes/no labels: each column is 0 or 1, and a row may have any number of them.

genres   drama  comedy  war          probabilities  0.9 0.2 0.7
a film       1       0    1    →     decoded          1   0   1
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from chainrule.data.target.kind import Target
from chainrule.data.target.values import column_names, read_target
from chainrule.errors import DataError, ShapeError
from chainrule.wording import count


@dataclass(frozen=True, eq=False)
class LabelTarget(Target):
    """Yes/no labels side by side; made by `fit` or `from_state`.

    Attributes
    ----------
    n_labels : int
        Number of labels.
    names : list of str or None
        Their names, if they came as the columns of a frame.
    """

    kind: ClassVar[str] = "labels"
    n_labels: int
    names: list[str] | None = None

    @classmethod
    def fit(
        cls, y: object, *, name: str = "target", names: Sequence[str] | None = None
    ) -> LabelTarget:
        """Learn how many labels there are; one that is always yes or always no is allowed.

        Raises
        ------
        DataError
            If a value is neither 0 nor 1 (False nor True).
        ShapeError
            If there is one column only.
        """
        names = column_names(y) if names is None else list(names)
        array = read_target(y, name)
        if array.ndim != 2:
            raise ShapeError(
                f'the target "{name}" has one column, expected several columns of 0 and 1. '
                "Give an array of the shape (n_rows, n_labels)."
            )
        target = cls(array.shape[1], names)
        target.encode(array, name=name)
        return target

    @property
    def classes(self) -> np.ndarray:
        """The places of the labels, as scikit-learn numbers them: 0, 1, …."""
        return np.arange(self.n_labels)

    @property
    def n_outputs(self) -> int:
        return self.n_labels

    @property
    def n_targets(self) -> int:
        return self.n_labels

    @property
    def output(self) -> str:
        return "sigmoid"

    @property
    def class_lists(self) -> list[list[Any]]:
        return [[0, 1]] * self.n_labels

    @property
    def output_names(self) -> list[str] | None:
        return self.names

    def encode(self, y: object, *, name: str = "target") -> np.ndarray:
        """Give 0/1 of shape (n_rows, n_labels).

        Raises
        ------
        ShapeError
            If there are more or fewer labels than in training.
        DataError
            If a value is neither 0 nor 1.
        """
        array = read_target(y, name)
        n_columns = array.shape[1] if array.ndim == 2 else 1
        if n_columns != self.n_labels:
            raise ShapeError(
                f'the target "{name}" has {count(n_columns, "column")}, expected {self.n_labels} '
                "yes/no labels as in training. Give the same labels."
            )
        wrong = ~are_yes_no(array)
        if wrong.any():
            row, column = (int(place) for place in np.argwhere(wrong)[0])
            label = self.names[column] if self.names else f"{name}, column {column + 1}"
            raise DataError(
                f'the label "{label}" is {array[row, column]} in data row {row + 1}, expected 0 or '
                "1 (False or True). Correct that value."
            )
        return array.astype(np.float64)

    def decode(self, predictions: np.ndarray) -> np.ndarray:
        """Give 1 where the probability is above a half, else 0, in whole numbers."""
        return (np.asarray(predictions) > 0.5).astype(np.int64)

    def each(self, encoded: np.ndarray) -> list[np.ndarray]:
        return list(encoded.T.astype(np.intp))

    def probabilities_of_each(self, probabilities: np.ndarray) -> list[np.ndarray]:
        return [np.stack([1 - p, p], axis=1) for p in probabilities.T]

    def named_probabilities(
        self, probabilities: np.ndarray, names: Sequence[str]
    ) -> dict[str, np.ndarray]:
        pairs = zip(names, probabilities.T, strict=True)
        return {f"probability of {name}=1": p for name, p in pairs}

    def to_state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        return {"n_labels": self.n_labels, "names": self.names}, {}

    @classmethod
    def from_state(cls, meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> LabelTarget:
        return cls(meta["n_labels"], meta["names"])


def are_yes_no(array: np.ndarray) -> np.ndarray:
    """Return where an array holds 0 or 1, False or True."""
    if array.dtype.kind in "biuf":
        return (array == 0) | (array == 1)
    flat = [isinstance(value, (bool, int, float)) and value in (0, 1) for value in array.flat]
    return np.array(flat, dtype=bool).reshape(array.shape)
