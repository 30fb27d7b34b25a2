"""One column of classes: 0/1 for two of them, one-hot for more, and back to the user's classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from chainrule.advice import Either, Text, as_task
from chainrule.data.target.kind import Target, TrueClasses
from chainrule.data.target.values import read_target, warn_of_column_vector
from chainrule.errors import DataError, ShapeError
from chainrule.wording import count, listing


@dataclass(frozen=True, eq=False)
class ClassTarget(Target):
    """Classes, sorted, in the type they came in; made by `fit` or `from_state`."""

    kind: ClassVar[str] = "classes"
    metric: ClassVar[str] = "accuracy"
    classes: np.ndarray

    @classmethod
    def fit(cls, y: object, *, name: str = "target", classes: object = None) -> ClassTarget:
        """Learn the classes.

        Parameters
        ----------
        y : series or array-like of shape (n_rows,)
            A column vector is taken too, with scikit-learn's warning.
        name : str
            For the messages.
        classes : array-like, optional
            All classes, declared ahead; `y` need not hold all of them.

        Raises
        ------
        DataError
            If there is one class only, as many classes as rows, or numbers with fractions; with
            `classes` given, if `y` holds others.
        """
        array = read_target(y, name)
        warn_of_column_vector(array)
        array = _one_column(array, name)
        if classes is not None:
            target = cls(declared_classes(classes))
            target.codes(array, name=name)
            return target
        _refuse_fractions(array, name)
        found = sorted_classes(array)
        if len(found) == 1:
            raise DataError(
                f'the target "{name}" has one class only ({found[0]}), expected at least two. '
                "Choose another target, or a table with at least two classes."
            )
        if len(found) == len(array) > 2:
            raise DataError(
                "{} {}, choose another target, or add rows.",
                f'the target "{name}" has {len(found)} classes in {len(array)} rows: every value '
                "is a class of its own, as with a number or an ID.",
                as_task("regression"),
            )
        return cls(found)

    @property
    def n_outputs(self) -> int:
        return 1 if len(self.classes) == 2 else len(self.classes)

    @property
    def n_targets(self) -> int:
        return 1

    @property
    def output(self) -> str:
        return "sigmoid" if self.n_outputs == 1 else "softmax"

    @property
    def class_lists(self) -> list[list[Any]]:
        return [self.classes.tolist()]

    @property
    def output_names(self) -> list[str]:
        return list(map(str, self.classes.tolist()))[-self.n_outputs :]

    def codes(self, y: object, *, name: str = "target") -> np.ndarray:
        """Give the place of every row's class in `classes`.

        Raises
        ------
        DataError
            If a class occurs that training never saw.
        """
        array, codes = self.places(y, name=name)
        if (codes < 0).any():
            row = int((codes < 0).argmax())
            unseen = _some(array[codes < 0])
            raise DataError(
                "{} {}, or leave those rows out.",
                f'the target "{name}" holds {count(len(unseen), "class", "classes")} that training '
                f"never saw: {listing(unseen)} (first in data row {row + 1}); known are "
                f"{listing(self.classes.tolist())}.",
                Either(
                    "Split with `stratified`, declare all classes ahead (`partial_fit(…, "
                    "classes=…)`)",
                    Text("Split with `{split}`", split="stratified"),
                ),
            )
        return codes

    def places(self, y: object, *, name: str = "target") -> tuple[np.ndarray, np.ndarray]:
        """Give every row's class, and its place in `classes`: -1 where training never saw it."""
        array = _one_column(read_target(y, name), name)
        return array, places_of(array, self.classes)

    def true_classes(self, y: object, *, name: str = "target") -> list[TrueClasses]:
        array, places = self.places(y, name=name)
        unseen = places < 0
        if unseen.all():
            raise DataError(
                f'the target "{name}" holds no class that training saw: {listing(_some(array))}; '
                f"known are {listing(self.classes.tolist())}. Give rows of known classes."
            )
        often = Counter(map(str, array[unseen].tolist()))
        return [TrueClasses(places, dict(sorted(often.items())))]

    def encode(self, y: object, *, name: str = "target") -> np.ndarray:
        """Give 0/1 of shape (n_rows, 1) for two classes, one-hot (n_rows, n_classes) for more.

        Raises
        ------
        DataError
            If a class occurs that training never saw.
        """
        codes = self.codes(y, name=name)
        if self.n_outputs == 1:
            return codes[:, None].astype(np.float64)
        return one_hot(codes, len(self.classes))

    def decode(self, predictions: np.ndarray) -> np.ndarray:
        """Give the most probable class of every row, in the type it came in."""
        predictions = np.asarray(predictions)
        if predictions.shape[1] == 1:
            return self.classes[(predictions[:, 0] > 0.5).astype(np.intp)]
        return self.classes[predictions.argmax(axis=1)]

    def each(self, encoded: np.ndarray) -> list[np.ndarray]:
        return [encoded[:, 0].astype(np.intp) if self.n_outputs == 1 else encoded.argmax(axis=1)]

    def probabilities(self, predictions: np.ndarray) -> np.ndarray:
        """Give the probability of every class."""
        if self.n_outputs > 1:
            return predictions
        return np.concatenate([1 - predictions, predictions], axis=1)

    def probabilities_of_each(self, probabilities: np.ndarray) -> list[np.ndarray]:
        return [probabilities]

    def named_probabilities(
        self, probabilities: np.ndarray, names: Sequence[str]
    ) -> dict[str, np.ndarray]:
        del names  # there is one column, whose classes say enough
        classes = self.classes.tolist()
        return {f"probability of {c}": p for c, p in zip(classes, probabilities.T, strict=True)}

    def _became(self, shown: str, encoded: np.ndarray) -> str:
        if self.n_outputs > 1:
            return ""
        no, yes = self.classes.tolist()
        return f": y = {encoded[0]:g} ({yes} is 1, {no} is 0)"

    def to_state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        return {"classes": self.classes.tolist(), "dtype": self.classes.dtype.str}, {}

    @classmethod
    def from_state(cls, meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> ClassTarget:
        classes = np.array(meta["classes"], dtype=np.dtype(meta["dtype"]))
        if len(classes) < 2 or len(set(classes.tolist())) < len(classes):
            raise ValueError(f"the classes {meta['classes']} are not two or more")
        return cls(classes)


def declared_classes(classes: object) -> np.ndarray:
    """Return classes that the user declares, sorted; fewer than two are a DataError."""
    found = sorted_classes(_one_column(read_target(classes, "classes", role="list"), "classes"))
    if len(found) < 2:
        raise DataError(
            f"classes holds one class only ({found[0]}), expected at least two. "
            "Declare every class that may come."
        )
    _refuse_fractions(found, "classes")
    return found


def sorted_classes(array: np.ndarray) -> np.ndarray:
    """Return the distinct values, sorted; text as text, however it came (scikit-learn's manner)."""
    if array.dtype.kind != "O":
        return np.unique(array)
    found = sorted(set(array.tolist()))  # ten times as fast as sorting all
    text = all(isinstance(c, str) and not c.endswith("\0") for c in found)  # NumPy drops a last \0
    return np.array(found, dtype=str if text else object)


def _some(array: np.ndarray) -> list[str]:
    return sorted({str(value) for value in array.tolist()})


def one_hot(codes: np.ndarray, n_classes: int) -> np.ndarray:
    """Return 0/1 of shape (n_rows, n_classes), a single 1 in every row."""
    out = np.zeros((len(codes), n_classes))
    out[np.arange(len(codes)), codes] = 1.0
    return out


def places_of(values: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return the place of every value in the sorted classes, -1 where it is none of them."""
    kinds = {values.dtype.kind, classes.dtype.kind}
    if not (kinds <= set("biuf") or kinds == {"U"}):
        places = {value: place for place, value in enumerate(classes.tolist())}
        return np.fromiter((places.get(value, -1) for value in values.tolist()), int, len(values))
    places = np.minimum(np.searchsorted(classes, values), len(classes) - 1)
    return np.where(classes[places] == values, places, -1)


def _refuse_fractions(array: np.ndarray, name: str) -> None:
    if array.dtype.kind != "f" or not (array != np.round(array)).any():
        return
    row = int((array != np.round(array)).argmax())
    raise DataError(
        "{} {}, or write the classes as text.",
        f'Unknown label type: continuous. The classes of the target "{name}" can\'t be '
        f"numbers with fractions (data row {row + 1}: {array[row]}).",
        as_task("regression"),
    )


def _one_column(array: np.ndarray, name: str) -> np.ndarray:
    if array.ndim == 2 and array.shape[1] != 1:
        raise ShapeError(
            f'the target "{name}" has {array.shape[1]} columns, expected one column of classes. '
            "Choose one of them."
        )
    return array.ravel()
