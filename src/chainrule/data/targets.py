"""The target as numbers and back: classes as 0/1 columns, numbers scaled and in their units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.data.scaling import measure
from chainrule.data.target_values import guess_task, read_target
from chainrule.data.wording import count, listing
from chainrule.errors import DataError, ShapeError

__all__ = ["ClassTarget", "NumberTarget", "guess_task", "read_target"]


@dataclass(frozen=True, eq=False)
class ClassTarget:
    """Classes, sorted, in the type they came in; made by `fit` or `from_state`."""

    classes: np.ndarray

    @classmethod
    def fit(cls, y: object, *, name: str = "target") -> ClassTarget:
        """Learn the classes.

        Raises
        ------
        DataError
            If there is one class only, as many classes as rows, or numbers with fractions.
        """
        array = _one_column(read_target(y, name), name)
        if array.dtype.kind == "f" and (array != np.round(array)).any():
            row = int((array != np.round(array)).argmax())
            raise DataError(
                f'Unknown label type: continuous. The classes of the target "{name}" can\'t be '
                f"numbers with fractions (data row {row + 1}: {array[row]}). Choose a regression "
                "(`--task regression`), or write the classes as text."
            )
        classes = np.unique(array)
        if len(classes) == 1:
            raise DataError(
                f'the target "{name}" has one class only ({classes[0]}), expected at least two. '
                "Choose another target, or a table with at least two classes."
            )
        if len(classes) == len(array) > 2:
            raise DataError(
                f'the target "{name}" has {len(classes)} classes in {len(array)} rows: every value '
                "is a class of its own, as with a number or an ID. Choose a regression "
                "(`--task regression`), another target, or add rows."
            )
        return cls(classes)

    def encode(self, y: object, *, name: str = "target") -> np.ndarray:
        """Give 0/1 of shape (n_rows, 1) for two classes, one-hot (n_rows, n_classes) for more.

        Raises
        ------
        DataError
            If a class occurs that training never saw.
        """
        array = _one_column(read_target(y, name), name)
        places = {value: place for place, value in enumerate(self.classes.tolist())}
        codes = np.array([places.get(value, -1) for value in array.tolist()])
        if (codes < 0).any():
            row = int((codes < 0).argmax())
            unseen = sorted({str(value) for value in array[codes < 0]})
            raise DataError(
                f'the target "{name}" holds {count(len(unseen), "class", "classes")} that training '
                f"never saw: {listing(unseen)} (first in data row {row + 1}); known are "
                f"{listing(self.classes.tolist())}. Split with `stratified`, or leave those rows "
                "out."
            )
        if len(self.classes) == 2:
            return codes[:, None].astype(np.float64)
        return np.eye(len(self.classes))[codes]

    def decode(self, probabilities: np.ndarray) -> np.ndarray:
        """Give the most probable class of every row, in the type it came in."""
        probabilities = np.asarray(probabilities)
        if probabilities.shape[1] == 1:
            return self.classes[(probabilities[:, 0] > 0.5).astype(np.intp)]
        return self.classes[probabilities.argmax(axis=1)]

    def to_state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Give what `from_state` needs: JSON-able values, and arrays by name."""
        return {"classes": self.classes.tolist(), "dtype": self.classes.dtype.str}, {}

    @classmethod
    def from_state(cls, meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> ClassTarget:
        """Rebuild the same target."""
        return cls(np.array(meta["classes"], dtype=np.dtype(meta["dtype"])))


@dataclass(frozen=True, eq=False)
class NumberTarget:
    """One number or several per row, scaled by the training rows; made by `fit` or `from_state`."""

    center: np.ndarray
    scale: np.ndarray
    one_dimensional: bool

    @classmethod
    def fit(cls, y: object, *, scale: bool = True, name: str = "target") -> NumberTarget:
        """Learn mean and standard deviation; with `scale=False` they are 0 and 1.

        Raises
        ------
        DataError
            If the target is text.
        """
        array = read_target(y, name)
        columns = _as_columns(array, name)
        if scale:
            moments = measure(columns, [name] * columns.shape[1])
            return cls(moments.mean, moments.deviation, array.ndim == 1)
        n = columns.shape[1]
        return cls(np.zeros(n), np.ones(n), array.ndim == 1)

    def encode(self, y: object, *, name: str = "target") -> np.ndarray:
        """Give scaled numbers of shape (n_rows, n_targets).

        Raises
        ------
        ShapeError
            If there are more or fewer targets than in training.
        """
        columns = _as_columns(read_target(y, name), name)
        if columns.shape[1] != len(self.center):
            raise ShapeError(
                f'the target "{name}" has {count(columns.shape[1], "column")}, expected '
                f"{len(self.center)} as in training. Give the same targets."
            )
        return (columns - self.center) / self.scale

    def decode(self, raw: np.ndarray) -> np.ndarray:
        """Give numbers in the user's units, 1-D if training's target was 1-D."""
        numbers = np.asarray(raw) * self.scale + self.center
        return numbers[:, 0] if self.one_dimensional else numbers

    def to_state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Give what `from_state` needs: JSON-able values, and arrays by name."""
        meta = {"one_dimensional": self.one_dimensional}
        return meta, {"center": self.center, "scale": self.scale}

    @classmethod
    def from_state(cls, meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> NumberTarget:
        """Rebuild the same target."""
        return cls(arrays["center"], arrays["scale"], meta["one_dimensional"])


def _one_column(array: np.ndarray, name: str) -> np.ndarray:
    if array.ndim == 2 and array.shape[1] != 1:
        raise ShapeError(
            f'the target "{name}" has {array.shape[1]} columns, expected one column of classes. '
            "Choose one of them."
        )
    return array.ravel()


def _as_columns(array: np.ndarray, name: str) -> np.ndarray:
    if array.dtype.kind not in "biuf":
        raise DataError(
            f'the target "{name}" holds text (data row 1: "{array.ravel()[0]}"), expected numbers. '
            "Choose a classification (`--task classification`), or another target."
        )
    return array.astype(np.float64).reshape(len(array), -1)
