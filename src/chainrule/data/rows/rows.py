"""Rows of a table, from the shell to the report: inputs, target, weights, and where they stand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.data.columns.frames import Columns, as_columns
from chainrule.data.columns.schema import Schema
from chainrule.data.rows.splitting import Split, refuse_other_length, split_rows
from chainrule.data.target.values import (
    TargetValues,
    column_names,
    read_target,
    read_values_of,
)
from chainrule.data.weights import read_weights
from chainrule.errors import DataError, OptionError, ShapeError

N_PARTS = 5


@dataclass(frozen=True, eq=False)
class Rows:
    """Labelled rows of a table.

    Attributes
    ----------
    columns : Columns
        The inputs.
    y : TargetValues
        The target, read once.
    weights : array of shape (n_rows,)
        Weights of the rows.
    name : str
        What messages call the target.
    names : tuple of str
        What the user calls its columns; empty if there are no names.
    weighted : bool
        Whether weights were given.
    groups : array of shape (n_rows,), optional
        What belongs together.
    places : array of shape (n_rows,), optional
        Where the rows stand in the user's table, counted from 0.
    schema : Schema, optional
        What the columns are taken for in these rows, where it is known.
    encoded : tuple of arrays, optional
        Inputs and target as the engine takes them, where they are known.
    """

    columns: Columns
    y: TargetValues
    weights: np.ndarray
    name: str
    names: tuple[str, ...] = ()
    weighted: bool = False
    groups: np.ndarray | None = None
    places: np.ndarray | None = None
    schema: Schema | None = None
    encoded: tuple[np.ndarray, np.ndarray] | None = None

    def __len__(self) -> int:
        return self.columns.n_rows

    @property
    def native(self) -> Any:
        """The inputs in the type they came in."""
        return self.columns.native

    @property
    def targets(self) -> np.ndarray:
        """The target as an array of shape (n_rows,) or (n_rows, n_targets); dates as days."""
        return self.y.array

    @property
    def each_target(self) -> list[np.ndarray]:
        """Each of the target's columns by itself."""
        return list(self.targets.reshape(len(self), -1).T)

    def take(self, rows: np.ndarray) -> Rows:
        """Return these rows, in this order; what their columns are taken for must be seen anew."""
        return replace(
            self,
            columns=self.columns.take(rows),
            y=replace(self.y, array=self.targets[rows]),
            weights=self.weights[rows],
            groups=None if self.groups is None else self.groups[rows],
            places=None if self.places is None else self.places[rows],
            schema=None,
            encoded=self.encoded and (self.encoded[0][rows], self.encoded[1][rows]),
        )

    def and_then(self, other: Rows) -> Rows:
        """Return these rows, and below them other ones of the same table."""

        def joined(one: np.ndarray | None, two: np.ndarray | None) -> np.ndarray | None:
            return None if one is None or two is None else np.concatenate([one, two])

        return replace(
            self,
            columns=self.columns.below(other.columns),
            y=replace(self.y, array=np.concatenate([self.targets, other.targets])),
            weights=np.concatenate([self.weights, other.weights]),
            groups=joined(self.groups, other.groups),
            places=joined(self.places, other.places),
            schema=None,
            encoded=None,
        )

    def first(self, most: int) -> Rows:
        """Return the first rows, at most so many."""
        return self.take(np.arange(min(most, len(self))))

    def parted(self, split: Split) -> tuple[Rows, Rows, Rows]:
        """Return the rows of training, validation and test."""
        return self.take(split.train), self.take(split.validation), self.take(split.test)

    def in_parts(self) -> np.ndarray:
        """Return which of five parts, drawn at random, each row is in; groups stay whole."""
        groups = self.groups if self.groups is not None and len(set(self.groups)) > 1 else None
        own = np.arange(len(self)) if groups is None else np.unique(groups, return_inverse=True)[1]
        return np.random.default_rng(0).permutation(int(own.max()) + 1)[own] % N_PARTS

    def that_count(self, class_weight: Any = None) -> Rows:
        """Return the rows whose weight is above 0, after it was multiplied by that of the class."""
        rows = self
        if class_weight is not None:
            weights = self.weights * _class_weights(class_weight, self.targets)
            rows = replace(self, weights=weights, schema=None)  # levels are counted by weight
        counting = rows.weights > 0
        return rows if counting.all() else rows.take(np.flatnonzero(counting))


def as_rows(X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> Rows:
    """Read labelled rows in any container; `Rows` (instead of `X`) are what they are.

    Raises
    ------
    DataError, ShapeError
        If the parts do not fit together, or weights are negative, infinite or all 0.
    """
    if isinstance(X, Rows):
        return X
    name = getattr(y, "name", None)
    names = [name] if isinstance(name, str) and name else []
    name = names[0] if names else "y"
    columns, read = as_columns(X), read_values_of(y, name)
    n = columns.n_rows
    if len(read.array) != n:
        raise ShapeError(
            f"Found input variables with inconsistent numbers of samples: X has {n} rows, "
            f"y has {len(read.array)}. Give one target for each row."
        )
    weighted = sample_weight is not None
    if isinstance(sample_weight, int | float | np.number):
        sample_weight = np.full(n, sample_weight)
    weights = read_weights(sample_weight, n)
    names = tuple(column_names(y) or names)
    if groups is not None:
        groups = read_target(groups, "groups", role="column").ravel()
        refuse_other_length("groups", groups, n)
    return Rows(columns, read, weights, name, names, weighted, groups)


def rows_if_given(
    X: Any, y: Any, sample_weight: Any = None, *, called: tuple[str, str] = ("X", "y")
) -> Rows | None:
    """Read rows that need not be given; None if there are none.

    Raises
    ------
    DataError, ShapeError
        As `as_rows` does; and if inputs are given without targets, or targets without inputs.
    """
    if X is None and y is None:
        return None
    if X is None or y is None:
        raise DataError(f"{' and '.join(called)} belong together. Give both, or neither.")
    return as_rows(X, y, sample_weight)


def hold_out(
    rows: Rows, *, split: Any, fraction: float, stratify: bool, seed: int
) -> tuple[Rows, Rows]:
    """Return the rows that train and those held out: a share, the last, groups, or a splitter's.

    See `validation_split` of `BaseMLP`.
    """
    n, groups = len(rows), rows.groups
    if fraction == 0:
        raise OptionError(
            "{validation_fraction} leaves no rows to stop by. Give a share such as 0.1, or set "
            "{early_stopping}.",
            validation_fraction=0,
            early_stopping=False,
        )
    if hasattr(split, "split") and not isinstance(split, str):
        parts = next(iter(split.split(np.zeros((n, 1)), rows.targets, groups)), None)
        if parts is None or min(map(len, parts)) == 0:
            raise DataError(
                "{validation_split} gives no rows. Choose another splitter.", validation_split=split
            )
        train, held = (np.asarray(part) for part in parts)
        return rows.take(train), rows.take(held)
    if split not in ("random", "last"):
        raise OptionError(
            '{validation_split} is not known. Choose "random", "last", or a splitter of '
            "scikit-learn such as GroupShuffleSplit().",
            validation_split=split,
        )
    if groups is not None and split == "last":
        raise OptionError(
            "{validation_split} and groups exclude each other. Leave one of them out.",
            validation_split="last",
        )
    kind = "groups" if groups is not None else "stratified" if split == "random" else split
    parts = split_rows(
        n,
        y=rows.y if stratify else None,
        kind=kind,
        groups=groups,
        test=0,
        validation=fraction,
        seed=seed,
    )
    return rows.take(parts.train), rows.take(parts.validation)


def _class_weights(class_weight: Any, targets: np.ndarray) -> np.ndarray:
    from sklearn.utils.class_weight import compute_sample_weight  # scikit-learn only where asked

    try:
        weights = compute_sample_weight(class_weight, targets)
    except (ValueError, TypeError) as error:
        raise OptionError(
            '{class_weight} cannot be used: {}. Give "balanced", or a weight for each class as '
            "{{class: weight}}.",
            error,
            class_weight=class_weight,
        ) from None
    if not np.isfinite(weights).all() or (weights < 0).any():
        raise OptionError(
            "{class_weight} must hold weights of 0 or more.", class_weight=class_weight
        )
    return np.asarray(weights, dtype=np.float64)
