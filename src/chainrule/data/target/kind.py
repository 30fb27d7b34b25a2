"""What every kind of target says of itself; each kind is a file beside this one.

Whoever depends on the kind (which loss is meant, how rows are scored, what a file holds) asks the
target, and nobody asks which kind it is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np


class TrueClasses(NamedTuple):
    """Places of every row's class, -1 where training never saw it; and how often those occur."""

    places: np.ndarray
    unseen: dict[str, int]


class Target(ABC):
    """A target, learnt from rows: numbers for the network, and back to what the user has.

    Attributes
    ----------
    kind : str
        Its name in a model file.
    classifies : bool
        Whether it is made of classes.
    metric : str
        What is measured of predictions: "accuracy", "subset_accuracy" (rows all right) or
        "squared_error".
    n_outputs : int
        Number of columns that `encode` gives.
    n_targets : int
        Number of the user's columns.
    output : str
        How raw outputs become predictions, and hence which loss is meant: "sigmoid", "softmax",
        "softmax blocks" (of the `sizes`) or "identity".
    class_lists : list of list
        The classes of each of the user's columns; none for numbers.
    output_names : list of str or None
        What every output stands for; None for plain numbers.
    """

    kind: ClassVar[str]
    classifies: ClassVar[bool] = True
    metric: ClassVar[str] = "subset_accuracy"

    @property
    @abstractmethod
    def n_outputs(self) -> int: ...

    @property
    @abstractmethod
    def n_targets(self) -> int: ...

    @property
    @abstractmethod
    def output(self) -> str: ...

    @property
    def sizes(self) -> tuple[int, ...]:
        """Outputs of every block, if they are in blocks."""
        return ()

    @property
    def dated(self) -> bool:
        """Whether there are dates among the targets, so that predictions are dates."""
        return False

    @property
    def numeric(self) -> Target:
        """The same target, whose predictions are numbers where they are dates: of days."""
        return self

    @property
    @abstractmethod
    def class_lists(self) -> list[list[Any]]: ...

    @property
    @abstractmethod
    def output_names(self) -> list[str] | None: ...

    @property
    def transform(self) -> str:
        """What became of numbers before they were scaled: "none" or "log"."""
        return "none"

    @property
    def read_as(self) -> list[str]:
        """How each of the user's columns is read from text.

        "texts" where classes are such that could be taken for numbers or dates, "numbers" where
        they are numbers that could be taken for dates or codes, "" where it is plain.
        """
        return [_read_as(classes) for classes in self.class_lists]

    def means(self, names: Sequence[str]) -> list[str]:
        """Give what the mean of every output is; `names` are those of the user's columns."""
        n, what = self.n_outputs, "share" if self.classifies else "mean"
        names = names if len(names) == n else [f"output {place + 1}" for place in range(n)]
        return [f"{what} of {name}" for name in self.output_names or names]

    @abstractmethod
    def encode(self, y: object, *, name: str = "target") -> np.ndarray:
        """Give float64 of shape (n_rows, n_outputs); what training never saw is a DataError."""

    @abstractmethod
    def decode(self, predictions: np.ndarray) -> np.ndarray:
        """Give what is predicted, as the user has it."""

    @abstractmethod
    def each(self, encoded: np.ndarray) -> list[np.ndarray]:
        """Give each of the user's columns by itself: places of classes, or numbers as encoded."""

    def true_classes(self, y: object, *, name: str = "target") -> list[TrueClasses]:
        """Give each of the user's columns by itself, of rows that may hold classes never seen.

        Raises
        ------
        DataError
            If no class of a column was ever seen.
        """
        return [TrueClasses(places, {}) for places in self.each(self.encode(y, name=name))]

    def as_scored(self, y: object) -> list[np.ndarray]:
        """Give each of the user's columns as scores compare it."""
        return self.each(self.encode(y))

    def probabilities(self, predictions: np.ndarray) -> Any:
        """Give probabilities in the manner of scikit-learn's `predict_proba`."""
        return predictions

    @abstractmethod
    def probabilities_of_each(self, probabilities: Any) -> list[np.ndarray]:
        """Give, for each of the user's columns, the probability of each of its classes."""

    @abstractmethod
    def named_probabilities(
        self, probabilities: Any, names: Sequence[str]
    ) -> dict[str, np.ndarray]:
        """Give columns of probabilities for a table; `names` are those of the user's columns."""

    def told(self, name: str, y: object, encoded: np.ndarray) -> str:
        """Give a sentence on one row's target and the numbers that it became."""
        shown = ", ".join(str(each) for each in np.ravel(np.asarray(y)).tolist())
        return f"The target {name} is {shown}{self._became(shown, encoded)}."

    def _became(self, shown: str, encoded: np.ndarray) -> str:
        del shown, encoded
        return ""

    @abstractmethod
    def to_state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Give what `from_state` needs: JSON-able values, and arrays by name."""

    @classmethod
    @abstractmethod
    def from_state(cls, meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> Self:
        """Rebuild the same target."""


def _read_as(classes: Sequence[Any]) -> str:
    if all(isinstance(name, str) for name in classes):
        return "texts" if any(letter.isdigit() for name in classes for letter in name) else ""
    return "" if any(isinstance(value, bool | str) for value in classes) else "numbers"
