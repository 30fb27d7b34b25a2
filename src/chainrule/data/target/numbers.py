"""One number or several per row: scaled by the training rows, and back in the user's units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from chainrule.advice import as_task
from chainrule.data.columns.scaling import LARGEST, measure, scaled_in_words
from chainrule.data.target.kind import Target
from chainrule.data.target.values import read_target, warn_of_column_vector
from chainrule.data.weights import read_weights
from chainrule.errors import DataError, ShapeError
from chainrule.wording import count


@dataclass(frozen=True, eq=False)
class NumberTarget(Target):
    """Numbers, scaled; made by `fit` or `from_state`."""

    kind: ClassVar[str] = "numbers"
    classifies: ClassVar[bool] = False
    metric: ClassVar[str] = "squared_error"
    center: np.ndarray
    scale: np.ndarray
    one_dimensional: bool
    lowest: np.ndarray | None = None
    highest: np.ndarray | None = None

    @classmethod
    def fit(
        cls,
        y: object,
        *,
        scale: bool = True,
        name: str = "target",
        weights: object = None,
        non_negative: bool = False,
        within_range: bool = False,
    ) -> NumberTarget:
        """Learn mean and standard deviation; with `scale=False` they are 0 and 1.

        Parameters
        ----------
        y : series, frame or array-like of shape (n_rows,) or (n_rows, n_targets)
            Numbers; one that never varies has the deviation 1.
        scale : bool, default=True
            Scale the target.
        name : str
            For the messages.
        weights : array-like of shape (n_rows,), optional
            Weights of rows; 2 counts as the row twice, 0 as if it were not there.
        non_negative : bool, default=False
            Refuse numbers below 0, as the loss "poisson" needs it.
        within_range : bool, default=False
            Keep predictions within the lowest and highest value seen.

        Raises
        ------
        DataError
            If the target is text, too large to be scaled, or below 0 where it must not be.
        """
        array = read_target(y, name)
        warn_of_column_vector(array)
        columns = _as_columns(array, name)
        one = columns.shape[1] == 1
        weight = read_weights(weights, len(columns))
        counts = weight > 0
        if non_negative:
            _refuse_negative(columns, counts, name)
        ends = (columns[counts].min(axis=0), columns[counts].max(axis=0)) if within_range else ()
        if not scale:
            n = columns.shape[1]
            return cls(np.zeros(n), np.ones(n), one, *ends)
        _refuse_too_large(columns, name)
        names = [name] * columns.shape[1]
        moments = measure(columns[counts], names, None if weights is None else weight[counts])
        return cls(moments.mean, moments.deviation, one, *ends)

    @property
    def n_outputs(self) -> int:
        return len(self.center)

    @property
    def n_targets(self) -> int:
        return len(self.center)

    @property
    def output(self) -> str:
        return "identity"

    @property
    def class_lists(self) -> list[list[Any]]:
        return []

    @property
    def output_names(self) -> None:
        return None

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
        _refuse_too_large(columns, name)
        return (columns - self.center) / self.scale

    def in_units(self, raw: np.ndarray) -> np.ndarray:
        """Give numbers in the user's units, (n_rows, n_targets)."""
        numbers = np.asarray(raw) * self.scale + self.center
        return numbers if self.lowest is None else np.clip(numbers, self.lowest, self.highest)

    def decode(self, predictions: np.ndarray) -> np.ndarray:
        """Give numbers in the user's units, 1-D if there is one target."""
        numbers = self.in_units(predictions)
        return numbers[:, 0] if self.one_dimensional else numbers

    def each(self, encoded: np.ndarray) -> list[np.ndarray]:
        return list(encoded.T)

    def as_scored(self, y: object) -> list[np.ndarray]:
        """Give the numbers of each target in the user's units."""
        return list(_as_columns(read_target(y), "target").T)

    def probabilities_of_each(self, probabilities: Any) -> list[np.ndarray]:
        del probabilities  # numbers have none
        return []

    def named_probabilities(self, probabilities: Any, names: Sequence[str]) -> dict[str, Any]:
        del probabilities, names
        return {}

    def _became(self, shown: str, encoded: np.ndarray) -> str:
        center, scale = self.center.tolist(), self.scale.tolist()
        if len(center) > 1 or (center, scale) == ([0.0], [1.0]):
            return ""
        return f": y = {scaled_in_words(shown, center[0], scale[0])} = {encoded[0]:.6g}"

    def to_state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        meta = {"one_dimensional": self.one_dimensional}
        arrays = {"center": self.center, "scale": self.scale}
        if self.lowest is not None and self.highest is not None:
            arrays |= {"lowest": self.lowest, "highest": self.highest}
        return meta, arrays

    @classmethod
    def from_state(cls, meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> NumberTarget:
        ends = (arrays.get("lowest"), arrays.get("highest"))
        return cls(arrays["center"], arrays["scale"], meta["one_dimensional"], *ends)


def _as_columns(array: np.ndarray, name: str) -> np.ndarray:
    if array.dtype.kind not in "biuf":
        text = next(value for value in array.flat if isinstance(value, str))
        row = int((array == text).reshape(len(array), -1).any(axis=1).argmax())
        raise DataError(
            'the target "{}" holds text (data row {}: "{}"), expected numbers. {}, or choose '
            "another target.",
            name,
            row + 1,
            text,
            as_task("classification"),
        )
    return array.astype(np.float64).reshape(len(array), -1)


def _refuse_negative(columns: np.ndarray, counts: np.ndarray, name: str) -> None:
    negative = (columns < 0) & counts[:, None]
    if not negative.any():
        return
    row, column = (int(place) for place in np.argwhere(negative)[0])
    n_more = int(negative.any(axis=1).sum()) - 1
    more = f" (and below 0 in {count(n_more, 'more row')})" if n_more else ""
    raise DataError(
        f'poisson needs y >= 0, but the target "{name}" is {columns[row, column]:g} in data row '
        f"{row + 1}{more}. Correct those values, or choose another loss."
    )


def _refuse_too_large(columns: np.ndarray, name: str) -> None:
    large = np.abs(columns).max(axis=1) > LARGEST
    if large.any():
        row = int(large.argmax())
        raise DataError(
            f'the target "{name}" is too large to be computed with (beyond {LARGEST:g}) in data '
            f"row {row + 1}: {np.abs(columns[row]).max():g}. Use a larger unit."
        )
