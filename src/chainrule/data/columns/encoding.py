"""Columns to numbers: what the networks see of a table, learnt from the training rows.

What becomes of a column is what its kind says; see `kinds`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec
import numpy as np
from numpy.typing import DTypeLike

from chainrule.data.columns.frames import Columns, as_columns
from chainrule.data.columns.kinds import KINDS, Answers, Column, kind_of
from chainrule.data.columns.kinds.kind import Noticed, Part
from chainrule.data.columns.kinds.number import Number, as_computed
from chainrule.data.columns.matching import match_columns, taken_for, warn_of_names
from chainrule.data.columns.scaling import measure, measure_sparse, scale_rows
from chainrule.data.columns.schema import Schema, infer_schema, schema_of_numbers
from chainrule.data.weights import read_weights
from chainrule.wording import listing

LEARNT = tuple(dict.fromkeys(name for kind in KINDS.values() for name in kind.learns))


@dataclass(frozen=True, eq=False)
class InputEncoder:
    """The inputs' preprocessing, fitted; made by `fit` or `from_state`.

    Attributes
    ----------
    schema : Schema
        What every column was taken for.
    scale : bool
        Whether numbers are standardised.
    named : bool
        Whether it was fitted on a frame with names.
    learnt : dict of arrays
        By name what kinds of columns learn, with an entry for each column of such a kind; see
        `mean` and `deviation`.
    """

    schema: Schema
    scale: bool
    named: bool
    learnt: dict[str, np.ndarray]

    @classmethod
    def fit(
        cls,
        X: object,
        *,
        scale: bool = True,
        category: Sequence[str] = (),
        number: Sequence[str] = (),
        drop: Sequence[str] = (),
        weights: object = None,
        schema: Schema | None = None,
        answers: Answers | None = None,
    ) -> InputEncoder:
        """Learn the columns of a table and give the encoder.

        Parameters
        ----------
        X : frame, array-like or sparse matrix
            The training rows, without the target.
        scale : bool, default=True
            Standardise numbers (of a sparse matrix: divide them by the largest absolute value of
            their column); if False they stay in their units.
        category, number, drop : sequence of str
            As in `infer_schema`.
        weights : array-like of shape (n_rows,), optional
            Weights of rows: 2 counts as the row twice, 0 as if it were not there.
        schema : Schema, optional
            That of these rows, weights and options, where it is known already.
        answers : Answers, optional
            The target of these rows, for columns of many levels, which say what it is where a
            level stands; without it they say only how frequent the level is.

        Raises
        ------
        DataError, ShapeError, OptionError
            As `infer_schema` and `as_columns` do.
        """
        columns, weight = as_columns(X), None
        y = np.empty((columns.n_rows, 0)) if answers is None else answers.y
        answers = Answers(y, () if answers is None else answers.names)
        if weights is not None:
            weight = read_weights(weights, columns.n_rows)
            if not weight.all():
                counts = weight > 0
                columns, weight = columns.take(np.flatnonzero(counts)), weight[counts]
                answers = Answers(answers.y[counts], answers.names)
        array = columns.numeric_array
        if schema is None and array is not None and not (category or number or drop):
            read = measure_sparse if columns.sparse else partial(measure, weights=weight)
            moments = read(array, columns.names)
            schema = schema_of_numbers(columns.names, moments, columns.n_rows)
            learnt = {"mean": moments.mean, "deviation": moments.deviation}
            return cls(schema, scale, columns.named, learnt)
        if schema is None:
            schema = infer_schema(
                columns, category=category, number=number, drop=drop, weights=weight
            )
        told = [kind_of(column).told(column, answers) for column in schema.columns]
        schema = Schema(told, schema.n_rows)
        of_column: dict[str, dict[str, Any]] = {}
        for kind in KINDS.values():
            own = [column for column in schema.used if column.kind == kind.name]
            if kind.asks_target:
                values = ((column, columns.values(column.name)) for column in own)
                learnt = [kind.learnt_of(*each, weight, answers) for each in values]
            else:
                learnt = kind.learnt_of_all(own, columns, weight)
            of_column |= zip((column.name for column in own), learnt, strict=True)
        each = [of_column[column.name] for column in schema.used]
        learnt = {name: _in_a_row([own[name] for own in each if name in own]) for name in LEARNT}
        return cls(schema, scale, columns.named, learnt)

    @property
    def mean(self) -> np.ndarray:
        """Of every column of numbers or dates in the training rows; 0 after a sparse matrix."""
        return self.learnt["mean"]

    @property
    def deviation(self) -> np.ndarray:
        """Of each of these columns; the largest absolute value after a sparse matrix."""
        return self.learnt["deviation"]

    @property
    def n_features_in(self) -> int:
        """Number of columns of the training table, those left out included."""
        return len(self.schema.columns)

    @property
    def feature_names_in(self) -> list[str] | None:
        """Column names of the training frame; None after an array."""
        return [column.name for column in self.schema.columns] if self.named else None

    @property
    def feature_names_out(self) -> list[str]:
        """What every output stands for, such as `island=Dream`."""
        return [name for column in self.schema.used for name in kind_of(column).outputs(column)]

    @property
    def uncut(self) -> list[int]:
        """The places of the outputs that no network is to cut into pieces."""
        each = [kind_of(c) for c in self.schema.used for _ in kind_of(c).outputs(c)]
        return [place for place, kind in enumerate(each) if not kind.cut]

    def transform(
        self,
        X: object,
        dtype: DTypeLike = np.float32,
        *,
        who: str = "InputEncoder",
        out: np.ndarray | None = None,
    ) -> np.ndarray:
        """Encode rows and give an array of shape (n_rows, n_outputs).

        Parameters
        ----------
        X : frame or array-like
            Frames by column name (any order, more columns are ignored), arrays by position.
        dtype : dtype, default=float32
            Of the result; the scaling itself is computed in float64.
        who : str
            Who was trained, for the messages.
        out : array of shape (n_rows, n_outputs), optional
            Where to write the result, of any float type; a new array if not given.

        Raises
        ------
        ShapeError
            If an array has another number of columns.
        DataError
            If a column is not there, holds text where numbers were, or numbers that are infinite
            or too large.
        """
        columns = as_columns(X)
        pairs = self._pairs(columns, who)
        warn_of_names(self.named, columns, pairs, who)
        ends = np.cumsum([len(kind_of(column).outputs(column)) for column, _ in pairs]).tolist()
        array = columns.numeric_array
        if out is None:  # zeros that nobody touched yet cost nothing
            out = np.zeros((columns.n_rows, ends[-1]), dtype=dtype)
        else:
            out[:] = 0
        n_numbers = len(self.schema.of_kind(Number.name))
        if array is not None and ends[-1] == array.shape[1] == n_numbers:
            center, size, fill = as_computed(self.mean, self.deviation, scale=self.scale)
            scale_rows(array, out, center=center, scale=size, fill=fill, names=columns.names)
            return out
        parts: dict[str, list[Part]] = {name: [] for name in KINDS}
        places = zip([0, *ends[:-1]], ends, strict=True)
        for (column, name), place, learnt in zip(pairs, places, self.learnt_of_each(), strict=True):
            parts[column.kind].append(Part(column, name, out[:, slice(*place)], learnt))
        for kind, own in parts.items():
            KINDS[kind].encode_all(own, columns, scale=self.scale)
        return out

    def for_trees(self, X: object, encoded: np.ndarray) -> np.ndarray:
        """Give rows, as `transform` has `encoded` them, with dates as trees like them."""
        if not self.uncut:
            return encoded
        columns, parts, end = as_columns(X), [], 0
        for column, name in self._pairs(columns, "InputEncoder"):
            kind, start = kind_of(column), end
            end += len(kind.outputs(column))
            parts.append(kind.for_trees(column, columns.values(name), encoded[:, start:end]))
        return np.concatenate(parts, axis=1)

    def without_own(
        self, X: object, x: np.ndarray, parts: np.ndarray, weight: np.ndarray, answers: Answers
    ) -> np.ndarray:
        """Return encoded rows of training as they are where each one's part is not learnt from.

        Nothing but the columns that tell of the target changes; without any, `x` is given back.

        Parameters
        ----------
        X : frame or array-like
            The rows, and `x` what `transform` made of them.
        parts : array of shape (n_rows,)
            The part of every row from 0 on; -1 for rows that no row learns from.
        weight : array of shape (n_rows,)
            Weights of the rows.
        answers : Answers
            Their target.
        """
        if not self.asks_target:
            return x
        columns, out, end = as_columns(X), x.copy(), 0
        pairs = self._pairs(columns, "the model")
        for (column, name), learnt in zip(pairs, self.learnt_of_each(), strict=True):
            kind, start = kind_of(column), end
            end += len(kind.outputs(column))
            if kind.asks_target:
                places = kind.places(columns.values(name), learnt)
                out[:, start:end] = kind.without_own(
                    places, weight, answers, parts, learnt, scale=self.scale
                )
        return out

    @property
    def asks_target(self) -> bool:
        """Whether a column tells of the target."""
        return any(kind_of(column).asks_target for column in self.schema.columns)

    def learnt_of_each(self) -> Iterator[dict[str, Any]]:
        """Yield for every column in use what was learnt of it, by name: numbers, or arrays."""
        ends = dict.fromkeys(self.learnt, 0)
        for column in self.schema.used:
            own: dict[str, Any] = {}
            for name, shape in kind_of(column).shapes(column).items():
                start, ends[name] = ends[name], ends[name] + math.prod(shape)
                part = self.learnt[name][start : ends[name]]
                own[name] = part.reshape(shape) if shape else part.item()
            yield own

    def transform_report(self, X: object) -> list[str]:
        """Return lines for people: gaps filled, categories never seen, columns ignored."""
        report = Report(self)
        report.add(X)
        return report.lines

    def to_state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Give what `from_state` needs: JSON-able values, and arrays by name."""
        meta = {
            "schema": msgspec.to_builtins(self.schema),
            "scale": self.scale,
            "named": self.named,
        }
        return meta, {name: array for name, array in self.learnt.items() if len(array)}

    @classmethod
    def from_state(cls, meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> InputEncoder:
        """Rebuild an encoder that encodes exactly as the one that gave the state."""
        schema = msgspec.convert(meta["schema"], Schema)
        sizes = dict.fromkeys(LEARNT, 0)
        for column in schema.used:
            for name, shape in kind_of(column).shapes(column).items():
                sizes[name] += math.prod(shape)
        none = np.empty(0)
        learnt = {
            name: np.asarray(arrays[name] if size else none, dtype=np.float64)
            for name, size in sizes.items()
        }
        for name, size in sizes.items():
            if learnt[name].shape != (size,):
                raise ValueError(f"{name} has {learnt[name].size} numbers, expected {size}")
            if not np.isfinite(learnt[name]).all():
                raise ValueError(f"{name} is not finite")
        if not (learnt["deviation"] > 0).all():
            raise ValueError("a deviation is not above 0")
        return cls(schema, meta["scale"], meta["named"], learnt)

    def _pairs(self, columns: Columns, who: str) -> list[tuple[Column, str]]:
        return match_columns(self.schema, self.named, columns, who)


def _in_a_row(parts: list[Any]) -> np.ndarray:
    """Return numbers, or what arrays hold, as one array."""
    if not parts or np.ndim(parts[0]) == 0:
        return np.array(parts, dtype=np.float64)
    return np.concatenate([np.ravel(part) for part in parts])


class Report:
    """What is to be said of new rows, which may come in blocks of the same columns."""

    def __init__(self, encoder: InputEncoder) -> None:
        self._encoder = encoder
        self._noticed = {column.name: Noticed() for column in encoder.schema.used}
        self._other, self._ignored, self._n_rows = "", list[str](), 0

    def add(self, X: object) -> None:
        """Look at more rows."""
        columns, encoder = as_columns(X), self._encoder
        pairs = match_columns(encoder.schema, encoder.named, columns, "the model")
        for (column, name), learnt in zip(pairs, encoder.learnt_of_each(), strict=True):
            found = kind_of(column).noticed(column, columns.values(name), learnt)
            before = self._noticed[column.name]
            self._noticed[column.name] = before.and_then(found, self._n_rows)
        self._n_rows += columns.n_rows
        if encoder.named and columns.named:
            self._other = taken_for((column.name, name) for column, name in pairs)
            known = {column.name for column in encoder.schema.columns}
            known |= {name for _, name in pairs}
            self._ignored = [name for name in columns.names if name not in known]

    @property
    def lines(self) -> list[str]:
        """Lines for people."""
        lines = [self._other] if self._other else []
        for column in self._encoder.schema.used:
            lines += kind_of(column).remarks(column, self._noticed[column.name])
        return [*lines, f"ignored columns: {listing(self._ignored)}"] if self._ignored else lines
