"""The rows that train and the rows that are held out, as they came: columns, targets, weights.

Rows of weight 0 are not there.  Held-out rows are the user's own, or a part of the table: random
(with equal shares of every class), the last ones, whole groups, or what a splitter says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.class_weight import compute_sample_weight

from chainrule.data.columns.frames import Columns, as_columns
from chainrule.data.rows.splitting import split_rows
from chainrule.data.target.values import read_target
from chainrule.data.weights import read_weights
from chainrule.errors import DataError, OptionError, ShapeError


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of a table with their targets and weights.

    `encoded` are inputs and targets as the engine takes them, where they are known already.
    """

    columns: Columns
    targets: np.ndarray
    weights: np.ndarray
    name: str
    encoded: tuple[np.ndarray, np.ndarray] | None = None

    def take(self, rows: np.ndarray) -> Table:
        """Return these rows, in this order."""
        encoded = None if self.encoded is None else (self.encoded[0][rows], self.encoded[1][rows])
        columns, targets, weights = self.columns.take(rows), self.targets[rows], self.weights[rows]
        return Table(columns, targets, weights, self.name, encoded)

    @property
    def native(self) -> Any:
        """The inputs in the type they came in."""
        frame = self.columns.frame
        return self.columns.array if frame is None else frame.to_native()


def read_rows(X: Any, y: Any, sample_weight: Any, class_weight: Any = None) -> Table:
    """Read what `fit` is given; rows of weight 0 are left out.

    Raises
    ------
    DataError, ShapeError, OptionError
        If the parts do not fit together, or weights are negative, infinite or all 0.
    """
    name = name_of(y)
    columns, targets = as_columns(X), read_target(y, name)
    n = columns.n_rows
    if len(targets) != n:
        raise ShapeError(
            f"Found input variables with inconsistent numbers of samples: X has {n} rows, "
            f"y has {len(targets)}. Give one target for each row."
        )
    if isinstance(sample_weight, int | float | np.number):
        sample_weight = np.full(n, sample_weight)
    weights = read_weights(sample_weight, n)
    if class_weight is not None:
        weights = weights * _class_weights(class_weight, targets)
    table = Table(columns, targets, weights, name)
    return table if (weights > 0).all() else table.take(np.flatnonzero(weights > 0))


def hold_out(
    table: Table,
    *,
    split: Any,
    fraction: float,
    groups: Any,
    stratify: bool,
    seed: int,
) -> tuple[Table, Table]:
    """Return the rows that train and the rows held out; see `validation_split` of `BaseMLP`."""
    n = table.columns.n_rows
    if fraction == 0:
        raise OptionError(
            "validation_fraction=0 leaves no rows to stop by. Give a share such as 0.1, or set "
            "early_stopping=False."
        )
    if hasattr(split, "split") and not isinstance(split, str):
        parts = next(iter(split.split(np.zeros((n, 1)), table.targets, groups)), None)
        if parts is None or min(map(len, parts)) == 0:
            raise DataError(f"validation_split={split!r} gives no rows. Choose another splitter.")
        train, held = (np.asarray(part) for part in parts)
        return table.take(train), table.take(held)
    if split not in ("random", "last"):
        raise OptionError(
            f'validation_split={split!r} is not known. Choose "random", "last", or a splitter '
            "of scikit-learn such as GroupShuffleSplit()."
        )
    kind = "groups" if groups is not None else "stratified" if split == "random" else split
    if groups is not None and split == "last":
        raise OptionError(
            'validation_split="last" and groups exclude each other. Leave one of them out.'
        )
    parts = split_rows(
        n,
        y=table.targets if stratify else None,
        kind=kind,
        groups=groups,
        test=0,
        validation=fraction,
        seed=seed,
    )
    return table.take(parts.train), table.take(parts.validation)


def name_of(y: Any) -> str:
    """Return what messages call the target: the column's own name, if it has one."""
    name = getattr(y, "name", None)
    return name if isinstance(name, str) and name else "y"


def _class_weights(class_weight: Any, targets: np.ndarray) -> np.ndarray:
    try:
        weights = compute_sample_weight(class_weight, targets)
    except (ValueError, TypeError) as error:
        raise OptionError(
            f"class_weight={class_weight!r} cannot be used: {error}. "
            'Give "balanced", or a weight for each class as {class: weight}.'
        ) from None
    if not np.isfinite(weights).all() or (weights < 0).any():
        raise OptionError(f"class_weight={class_weight!r} must hold weights of 0 or more.")
    return np.asarray(weights, dtype=np.float64)
