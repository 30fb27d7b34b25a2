"""Step 6, the case: reading, scaling, folds, and back-propagation on all of it."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, MutableSequence, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.engine.compiling.precision import precision
from chainrule.engine.pytree import on_device
from chainrule.errors import DataError, MissingFileError, OptionError, ShapeError
from chainrule.sixsteps.bridge import (
    FLOAT64,
    Row,
    check_lengths,
    count_classes,
    inputs_and_classes,
    network_params,
    outputs_of,
    train_side_by_side,
)
from chainrule.sixsteps.steps import initialize_network


def load_csv(filename: str | Path) -> list[list[str]]:
    """Return the rows of a CSV file as lists of text, blank lines left out.

    Raises
    ------
    MissingFileError
        If there is no such file.
    """
    path = Path(filename)
    if not path.is_file():
        raise MissingFileError(f"there is no file {path}. Give the path of a CSV file.")
    with path.open(newline="") as file:
        return [row for row in csv.reader(file) if row]


def str_column_to_float(dataset: Sequence[MutableSequence[Any]], column: int) -> None:
    """Turn the text of a column into numbers, in place.

    Raises
    ------
    DataError
        If a cell is no number.
    """
    for i, row in enumerate(dataset):
        try:
            row[column] = float(str(row[column]).strip())
        except ValueError:
            raise DataError(
                f"row {i}, column {column} holds {row[column]!r}, which is no number. "
                "Leave a header line out, or turn text into classes with str_column_to_int."
            ) from None


def str_column_to_int(dataset: Sequence[MutableSequence[Any]], column: int) -> dict[Any, int]:
    """Turn the values of a column into class numbers 0, 1, …, in place; return which is which.

    Classes are numbered in sorted order.  (The textbook numbers them in the order of a set, which
    changes from run to run.)

    Examples
    --------
    >>> rows = [[1.0, "Rosa"], [2.0, "Kama"]]
    >>> str_column_to_int(rows, 1), rows
    ({'Kama': 0, 'Rosa': 1}, [[1.0, 1], [2.0, 0]])
    """
    lookup = {value: i for i, value in enumerate(sorted({row[column] for row in dataset}))}
    for row in dataset:
        row[column] = lookup[row[column]]
    return lookup


def dataset_minmax(dataset: Sequence[Row]) -> list[list[float]]:
    """Return [smallest, largest] of every column, the class column included.

    Examples
    --------
    >>> dataset_minmax([[10.59, 0], [21.18, 2]])
    [[10.59, 21.18], [0, 2]]
    """
    check_lengths(dataset)
    return [[min(column), max(column)] for column in zip(*dataset, strict=True)]


def normalize_dataset(
    dataset: Sequence[MutableSequence[Any]], minmax: Sequence[Sequence[float]]
) -> None:
    """Scale every column but the last to (x - min) / (max - min), in place.

    A column whose smallest and largest value are equal becomes 0.  Take `minmax` from the training
    rows alone: from the whole data set, as in the textbook, the test rows leak into it.

    Examples
    --------
    >>> rows = [[10.0, 0], [15.0, 1], [20.0, 1]]
    >>> normalize_dataset(rows, dataset_minmax(rows))
    >>> rows
    [[0.0, 0], [0.5, 1], [1.0, 1]]
    """
    for row in dataset:
        for i in range(len(row) - 1):
            low, high = minmax[i]
            row[i] = (row[i] - low) / (high - low) if high > low else 0.0


def cross_validation_split(dataset: Sequence[Row], n_folds: int) -> list[list[list[Any]]]:
    """Return `n_folds` folds of equal size, drawn without replacement by `random.randrange`.

    Raises
    ------
    OptionError
        If there are fewer rows than folds, or no fold at all.
    """
    if not 1 <= n_folds <= len(dataset):
        raise OptionError(
            f"{n_folds} folds of {len(dataset)} rows: give at least 1, and at most one per row."
        )
    pool, size = list(dataset), len(dataset) // n_folds
    return [
        [list(pool.pop(random.randrange(len(pool)))) for _ in range(size)] for _ in range(n_folds)
    ]


def accuracy_metric(actual: Sequence[Any], predicted: Sequence[Any]) -> float:
    """Return the share of equal entries, in percent.

    Examples
    --------
    >>> accuracy_metric([0, 1, 1, 0], [0, 1, 0, 0])
    75.0
    """
    if len(actual) != len(predicted) or not len(actual):
        raise ShapeError(
            f"{len(actual)} actual and {len(predicted)} predicted classes: give as many of both."
        )
    right = sum(a == p for a, p in zip(actual, predicted, strict=True))
    return right / len(actual) * 100.0


def evaluate_algorithm(
    dataset: Sequence[Row], algorithm: Callable[..., Sequence[Any]], n_folds: int, *args: Any
) -> list[float]:
    """Return the accuracy, in percent, of an algorithm on each fold of a cross-validation.

    `algorithm(train, test, *args)` returns predictions; the test rows it sees have None for a
    class.  `back_propagation` trains all folds side by side, with the numbers of one by one.
    """
    folds = cross_validation_split(dataset, n_folds)
    parts = []
    for i, fold in enumerate(folds):
        training = [list(row) for j, other in enumerate(folds) if j != i for row in other]
        parts.append((training, [[*row[:-1], None] for row in fold]))
    if algorithm is back_propagation:
        predicted = _back_propagate(parts, *args)
    else:
        predicted = [algorithm(training, test, *args) for training, test in parts]
    return [
        accuracy_metric([row[-1] for row in fold], p)
        for fold, p in zip(folds, predicted, strict=True)
    ]


def back_propagation(
    train: Sequence[Row], test: Sequence[Row], l_rate: float, n_epoch: int, *n_hidden: int
) -> list[int]:
    """Initialize a network, train it on `train`, and return predictions for `test`.

    Parameters
    ----------
    train, test : list of rows
        Rows end with the class, a whole number from 0; those of `test` may end with None.
    l_rate : float
        Learning rate.
    n_epoch : int
        Passes over the training rows.
    *n_hidden : int
        Neurons of the hidden layer, or of each of several.
    """
    return _back_propagate([(train, test)], l_rate, n_epoch, *n_hidden)[0]


def _back_propagate(
    parts: Sequence[tuple[Sequence[Row], Sequence[Row]]],
    l_rate: float,
    n_epoch: int,
    *n_hidden: int,
) -> list[list[int]]:
    """Train and predict for several pairs of training and test rows, side by side."""
    tables, networks = [], []
    for training, _ in parts:
        n_outputs = count_classes(training)
        x, y = inputs_and_classes(training, n_outputs)
        tables.append((x, y))
        networks.append(initialize_network(x.shape[1], *n_hidden, n_outputs))
    same = len({(x.shape, y.shape) for x, y in tables}) == 1
    groups = [range(len(parts))] if same else [[i] for i in range(len(parts))]
    for group in groups:
        chosen = [networks[i] for i in group]
        train_side_by_side(chosen, [tables[i] for i in group], l_rate, n_epoch)
    predictions = []
    for network, (_, test) in zip(networks, parts, strict=True):
        rows = np.asarray([row[:-1] for row in test], FLOAT64)
        with precision(FLOAT64):
            outputs = outputs_of(network_params(network), on_device(rows))[-1]
        predictions.append(np.asarray(outputs).argmax(axis=1).tolist())
    return predictions
