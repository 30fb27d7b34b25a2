"""Rows to training, validation and test: stratified, random, the last ones, or whole groups.

Every row lands in exactly one part, and every class has a row in training.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.advice import Either, Setting, as_split
from chainrule.data.target.values import read_target
from chainrule.errors import DataError, OptionError, ShapeError
from chainrule.wording import count, did_you_mean, listing

KINDS = ("stratified", "random", "last", "groups")


@dataclass(frozen=True, eq=False)
class Split:
    """Row numbers of the three parts, each sorted, and how they came about."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    how: str

    @property
    def description(self) -> str:
        """One line such as `223 train · 52 validation · 69 test (stratified, random, seed 0)`."""
        parts = (("train", self.train), ("validation", self.validation), ("test", self.test))
        sizes = " · ".join(f"{len(rows)} {part}" for part, rows in parts if len(rows))
        return f"{sizes} ({self.how})"


def split_rows(
    n_rows: int,
    *,
    y: object = None,
    kind: str = "stratified",
    groups: object = None,
    test: float = 0.2,
    validation: float = 0.15,
    seed: int = 0,
) -> Split:
    """Split rows and give their numbers.

    Parameters
    ----------
    n_rows : int
        Rows of the table.
    y : series or array-like, optional
        The classes; leave it out for a regression.
    kind : {"stratified", "random", "last", "groups"}
        Equal shares of the classes, any rows, the last rows (test) and those before them
        (validation), or whole groups.
    groups : series or array-like, optional
        The group of every row; no group is in two parts.
    test, validation : float or int
        Below 1 the share of all rows (of all groups for "groups"), from 1 on their number; 0 for
        none.
    seed : int, default=0
        The same seed gives the same rows.

    Returns
    -------
    Split
        Row numbers and a description.

    Raises
    ------
    OptionError
        If an option cannot have that value.
    DataError
        If there are too few rows, or a class would have no row in training.
    """
    if kind not in KINDS:
        raise OptionError(
            "{} is not known{} Choose one of {}.",
            Either(Setting("kind", kind), Setting("split", kind)),
            did_you_mean(kind, KINDS) or ".",
            ", ".join(KINDS),
        )
    classes = None if y is None else read_target(y)
    if classes is not None and (classes.ndim == 2 and classes.shape[1] > 1):
        raise ShapeError("split_rows expects one column of classes. Leave y out for a regression.")
    labels = None if classes is None else np.unique(classes.ravel(), return_inverse=True)[1]
    refuse_other_length("y", labels, n_rows)
    if kind == "groups":
        return _by_groups(n_rows, classes, labels, groups, test, validation, seed)

    n_test, n_validation = _n_held_out(test, validation, n_rows, "rows")
    rows = np.arange(n_rows)
    if kind == "last":
        n_train = n_rows - n_test - n_validation
        parts = np.split(rows, [n_train, n_train + n_validation])
        split = Split(*parts, how="in order, the last rows held out")
        _refuse_absent_class(split, classes, labels, as_split("stratified"))
        return split

    how, strata = "random", None
    if kind == "stratified" and labels is not None:
        why_not = _why_not_stratified(classes, labels, n_test, n_validation)
        how = f"random, not stratified: {why_not}" if why_not else "stratified, random"
        strata = None if why_not else labels
    rest, held = _draw(rows, n_test, strata, seed)
    train, middle = _draw(rest, n_validation, strata, seed)
    parts = [train, middle, held]
    if labels is not None:
        _give_training_every_class(parts, labels)
    split = Split(*map(np.sort, parts), how=f"{how}, seed {seed}")
    _refuse_absent_class(split, classes, labels, "a smaller test or validation part")
    return split


def refuse_other_length(name: str, values: np.ndarray | None, n_rows: int) -> None:
    """Raise a ShapeError if there is not one value for each row."""
    if values is not None and len(values) != n_rows:
        raise ShapeError(
            f"{name} has {count(len(values), 'value')}, expected {n_rows}, one per row. "
            "Take them from the same table."
        )


def _n_held_out(test: float, validation: float, n: int, what: str) -> tuple[int, int]:
    sizes = []
    for name, share in (("test", test), ("validation", validation)):
        if not 0 <= share < float("inf") or (share >= 1 and share != int(share)):
            raise OptionError(
                "{} is no share and no number of {}. Choose a share from 0 to below 1, such as "
                "0.2, or a whole number of {}.",
                Setting(name, share),
                what,
                what,
            )
        sizes.append(max(1, round(share * n)) if 0 < share < 1 else int(share))
    if test < 1 and validation < 1 and test + validation >= 1:
        raise OptionError(
            "{test} and {validation} leave nothing to train on. Choose shares that add up to less "
            "than 1.",
            test=test,
            validation=validation,
        )
    if sum(sizes) >= n:
        raise DataError(
            "{} Add rows, or hold out less (`{test}`, `{validation}`).",
            f"{n} {what} are too few for {sizes[0]} in test and {sizes[1]} in validation: nothing "
            "is left to train on.",
            test=0,
            validation=0,
        )
    return sizes[0], sizes[1]


def _why_not_stratified(
    classes: np.ndarray | None, labels: np.ndarray, n_test: int, n_validation: int
) -> str:
    assert classes is not None
    sizes = np.bincount(labels)
    parts = [n for n in (len(labels) - n_test - n_validation, n_test, n_validation) if n]
    if sizes.min() < len(parts):
        rare = classes.ravel()[int((labels == sizes.argmin()).argmax())]
        return f'class "{rare}" has only {count(int(sizes.min()), "row")}'
    if min(parts) < len(sizes):
        return f"a part of {count(min(parts), 'row')} cannot hold all {len(sizes)} classes"
    return ""


def _draw(
    rows: np.ndarray, n_held: int, labels: np.ndarray | None, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return (rest, held) with `n_held` rows held."""
    from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit

    if n_held == 0:
        return rows, rows[:0]
    strata = None if labels is None else labels[rows]
    if strata is None or np.bincount(strata).min() < 2:
        splitter: Any = ShuffleSplit(1, test_size=n_held, random_state=seed)
    else:
        splitter = StratifiedShuffleSplit(1, test_size=n_held, random_state=seed)
    rest, held = next(splitter.split(rows[:, None], strata))
    return rows[rest], rows[held]


def _give_training_every_class(parts: list[np.ndarray], labels: np.ndarray) -> None:
    """Swap rows so that no class is absent from training (in place; sizes stay)."""
    train = parts[0]
    sizes = np.bincount(labels[train], minlength=labels.max() + 1)
    for label in np.flatnonzero(sizes == 0):
        if sizes.max() < 2:
            return
        giver = next(part for part in parts[1:] if (labels[part] == label).any())
        here = int((labels[giver] == label).argmax())
        there = int((labels[train] == sizes.argmax()).argmax())
        sizes[labels[train[there]]] -= 1
        sizes[label] += 1
        giver[here], train[there] = train[there], giver[here]


def _by_groups(
    n_rows: int,
    classes: np.ndarray | None,
    labels: np.ndarray | None,
    groups: object,
    test: float,
    validation: float,
    seed: int,
) -> Split:
    if groups is None:
        raise OptionError(
            "a split by groups needs the group of every row. {}",
            Either("Give groups.", "Name the column: `--groups COLUMN`."),
        )
    names = read_target(groups, "groups", role="column").ravel()
    refuse_other_length("groups", names, n_rows)
    members = np.unique(names, return_inverse=True)[1]
    group_numbers = np.arange(members.max() + 1)
    n_test, n_validation = _n_held_out(test, validation, len(group_numbers), "groups")
    rest, held = _draw(group_numbers, n_test, None, seed)
    train, middle = _draw(rest, n_validation, None, seed)
    parts = [np.flatnonzero(np.isin(members, part)) for part in (train, middle, held)]
    split = Split(*parts, how=f"whole groups, random, seed {seed}")
    _refuse_absent_class(split, classes, labels, "another seed")
    return split


def _refuse_absent_class(
    split: Split, classes: np.ndarray | None, labels: np.ndarray | None, remedy: str
) -> None:
    if classes is None or labels is None:
        return
    absent = np.setdiff1d(labels, labels[split.train])
    if len(absent):
        names = [classes.ravel()[int((labels == label).argmax())] for label in absent]
        raise DataError(
            "{} Choose {}, add rows of them, or leave them out.",
            f"the training part ({count(len(split.train), 'row')}) would hold no row of the "
            f"{'class' if len(names) == 1 else 'classes'} {listing(names)}.",
            remedy,
        )
