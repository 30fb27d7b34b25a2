"""Several columns of classes, each one-hot with all its classes, side by side.

colour  size          red blue | S M L
red     M       →      1   0   | 0 1 0
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from chainrule.data.target.classes import ClassTarget, one_hot
from chainrule.data.target.kind import Target, TrueClasses
from chainrule.data.target.values import column_names, read_target
from chainrule.errors import ShapeError
from chainrule.wording import count


@dataclass(frozen=True, eq=False)
class ClassTargets(Target):
    """Columns of classes side by side; made by `fit` or `from_state`.

    Attributes
    ----------
    targets : tuple of ClassTarget
        One for each column.
    names : list of str or None
        Their names, if they came as the columns of a frame.
    """

    kind: ClassVar[str] = "several classes"
    targets: tuple[ClassTarget, ...]
    names: list[str] | None = None

    @classmethod
    def fit(
        cls,
        y: object,
        *,
        name: str = "target",
        names: Sequence[str] | None = None,
        classes: Sequence[object] | None = None,
    ) -> ClassTargets:
        """Learn the classes of every column.

        Parameters
        ----------
        y : frame or array-like of shape (n_rows, n_targets)
            The columns of classes.
        name : str
            For the messages.
        names : sequence of str, optional
            Names of the columns; found in a frame.
        classes : sequence of array-like, optional
            All classes of each column, declared ahead.

        Raises
        ------
        DataError
            As `ClassTarget.fit`, for the column that it names.
        ShapeError
            If there is one column only, or not one list of classes for each column.
        """
        names = column_names(y) if names is None else list(names)
        array = read_target(y, name)
        if array.ndim != 2:
            raise ShapeError(
                f'the target "{name}" has one column, expected several columns of classes. '
                "Give an array of the shape (n_rows, n_targets)."
            )
        n_targets = array.shape[1]
        if classes is not None and len(classes) != n_targets:
            raise ShapeError(
                f"classes holds {count(len(classes), 'list')}, expected {n_targets}, one for each "
                f'column of the target "{name}". Give a list of arrays of classes.'
            )
        targets = tuple(
            ClassTarget.fit(
                array[:, place],
                name=_name_of(place, name, names),
                classes=None if classes is None else classes[place],
            )
            for place in range(n_targets)
        )
        return cls(targets, names)

    @property
    def classes(self) -> list[np.ndarray]:
        """The classes of every column."""
        return [target.classes for target in self.targets]

    @property
    def sizes(self) -> tuple[int, ...]:
        """The number of classes of every column."""
        return tuple(len(target.classes) for target in self.targets)

    @property
    def n_outputs(self) -> int:
        return sum(self.sizes)

    @property
    def n_targets(self) -> int:
        return len(self.targets)

    @property
    def output(self) -> str:
        return "softmax blocks"

    @property
    def class_lists(self) -> list[list[Any]]:
        return [target.classes.tolist() for target in self.targets]

    @property
    def output_names(self) -> list[str]:
        names = self.names or list(map(str, range(len(self.targets))))
        pairs = zip(names, self.class_lists, strict=True)
        return [f"{name}={each}" for name, classes in pairs for each in classes]

    def encode(self, y: object, *, name: str = "target") -> np.ndarray:
        """Give 0/1 of shape (n_rows, sum of sizes), one 1 for every column of classes.

        Raises
        ------
        ShapeError
            If there are more or fewer columns than in training.
        DataError
            If a class occurs that training never saw.
        """
        parts = [
            one_hot(target.codes(column, name=own), len(target.classes))
            for target, column, own in self._columns(y, name)
        ]
        return np.concatenate(parts, axis=1)

    def true_classes(self, y: object, *, name: str = "target") -> list[TrueClasses]:
        columns = self._columns(y, name)
        return [target.true_classes(column, name=own)[0] for target, column, own in columns]

    def _columns(self, y: object, name: str) -> Iterator[tuple[ClassTarget, np.ndarray, str]]:
        array = read_target(y, name)
        n_columns = array.shape[1] if array.ndim == 2 else 1
        if n_columns != len(self.targets):
            raise ShapeError(
                f'the target "{name}" has {count(n_columns, "column")}, expected '
                f"{len(self.targets)} as in training. Give the same targets."
            )
        for place, target in enumerate(self.targets):
            yield target, array[:, place], _name_of(place, name, self.names)

    def each(self, encoded: np.ndarray) -> list[np.ndarray]:
        return [part.argmax(axis=1) for part in self.probabilities(encoded)]

    def probabilities(self, predictions: np.ndarray) -> list[np.ndarray]:
        """Give the probabilities of every column of classes by itself."""
        return np.split(np.asarray(predictions), np.cumsum(self.sizes)[:-1], axis=1)

    def probabilities_of_each(self, probabilities: list[np.ndarray]) -> list[np.ndarray]:
        return probabilities

    def named_probabilities(
        self, probabilities: list[np.ndarray], names: Sequence[str]
    ) -> dict[str, np.ndarray]:
        return {
            f"probability of {name}={each}": p
            for name, classes, own in zip(names, self.class_lists, probabilities, strict=True)
            for each, p in zip(classes, own.T, strict=True)
        }

    def decode(self, predictions: np.ndarray) -> np.ndarray:
        """Give the most probable class of every row and column, of shape (n_rows, n_targets)."""
        parts = self.probabilities(predictions)
        columns = [
            target.classes[part.argmax(axis=1)]
            for target, part in zip(self.targets, parts, strict=True)
        ]
        if len({column.dtype.kind for column in columns}) > 1:
            columns = [column.astype(object) for column in columns]
        return np.stack(columns, axis=1)

    def to_state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        return {"targets": [t.to_state()[0] for t in self.targets], "names": self.names}, {}

    @classmethod
    def from_state(cls, meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> ClassTargets:
        targets = tuple(ClassTarget.from_state(each, {}) for each in meta["targets"])
        return cls(targets, meta["names"])


def _name_of(place: int, name: str, names: Sequence[str] | None) -> str:
    return names[place] if names else f"{name}, column {place + 1}"
