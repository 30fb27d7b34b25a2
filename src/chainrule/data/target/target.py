"""The kinds of target, and which of them it is, as the values show.

one column of classes      `ClassTarget`    0/1, or one-hot for three classes and more
several columns of 0/1     `LabelTarget`    as they are
several columns of classes `ClassTargets`   one-hot side by side
numbers                    `NumberTarget`   scaled
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.data.target.classes import ClassTarget
from chainrule.data.target.kind import Target
from chainrule.data.target.labels import LabelTarget, are_yes_no
from chainrule.data.target.numbers import NumberTarget
from chainrule.data.target.several_classes import ClassTargets
from chainrule.data.target.values import column_names, read_target

KINDS: dict[str, type[Target]] = {
    each.kind: each for each in (ClassTarget, LabelTarget, ClassTargets, NumberTarget)
}


def fit_class_target(
    y: object,
    *,
    name: str = "target",
    names: Sequence[str] | None = None,
    classes: Any = None,
) -> ClassTarget | LabelTarget | ClassTargets:
    """Learn what a classifier's target holds and give the target of that kind.

    Parameters
    ----------
    y : series, frame or array-like of shape (n_rows,) or (n_rows, n_columns)
        One column (a column vector is taken too, with scikit-learn's warning) is classes; several
        columns of nothing but 0 and 1 are labels; other columns are classes each.
    name : str
        For the messages.
    names : sequence of str, optional
        Names of the columns; found in a frame.
    classes : array-like, or sequence of array-like, optional
        All classes (of each column), declared ahead; `y` need not hold all of them. Labels need
        none.

    Raises
    ------
    DataError, ShapeError
        As the `fit` of the kind does.
    """
    names = column_names(y) if names is None else names
    array = read_target(y, name)
    if array.ndim == 1 or array.shape[1] == 1:
        return ClassTarget.fit(array, name=name, classes=classes)
    if are_yes_no(array).all() and not _declares_columns(classes, array.shape[1]):
        return LabelTarget.fit(array, name=name, names=names)
    return ClassTargets.fit(array, name=name, names=names, classes=classes)


def target_from_state(kind: str, meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> Target:
    """Rebuild the target of a kind from what its `to_state` gave."""
    return KINDS[kind].from_state(meta, arrays)


def _declares_columns(classes: Any, n_columns: int) -> bool:
    """Tell whether more than 0 and 1 is declared for the columns, though `y` holds no more yet."""
    if classes is None or len(classes) != n_columns or any(np.ndim(each) != 1 for each in classes):
        return False
    return not all(are_yes_no(np.asarray(each)).all() for each in classes)
