"""Columns to numbers: what the networks see of a table, learnt from the training rows.

number      (x - mean) / deviation, a gap becomes the mean; "… is missing" 0/1 if training had gaps
            of a sparse table x / max|x|, so that zeros stay zeros, and a gap becomes 0
category    one slot per level, and "…=unknown" for gaps and levels that training never saw
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import DTypeLike

from chainrule.data.columns.frames import Columns, as_columns
from chainrule.data.columns.matching import match_columns, warn_of_names
from chainrule.data.columns.scaling import Moments, measure, measure_sparse, scale_rows
from chainrule.data.columns.schema import Column, Schema, infer_schema, schema_of_numbers
from chainrule.data.columns.values import Values
from chainrule.data.weights import read_weights
from chainrule.wording import count, listing


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
    mean, deviation : np.ndarray
        Of every number column in the training rows, in the column's units; 0 and the largest
        absolute value after a sparse matrix, which is not centred.
    """

    schema: Schema
    scale: bool
    named: bool
    mean: np.ndarray
    deviation: np.ndarray

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

        Raises
        ------
        DataError, ShapeError, OptionError
            As `infer_schema` and `as_columns` do.
        """
        columns, weight = as_columns(X), None
        if weights is not None:
            weight = read_weights(weights, columns.n_rows)
            if not weight.all():
                columns, weight = columns.take(np.flatnonzero(weight)), weight[weight > 0]
        options: dict[str, Any] = {"category": category, "number": number, "drop": drop}
        array = columns.numeric_array

        def moments_of(array: np.ndarray, names: list[str]) -> Moments:
            return measure_sparse(array, names) if columns.sparse else measure(array, names, weight)

        if array is not None and not (category or number or drop):
            moments = moments_of(array, columns.names)
            schema = schema_of_numbers(columns.names, moments, columns.n_rows)
            return cls(schema, scale, columns.named, moments.mean, moments.deviation)
        schema = infer_schema(columns, **options, weights=weight)
        names = [column.name for column in schema.of_kind("number")]
        each = [
            moments_of(columns.values(name).as_numbers()[:, None], [name])  # one at a time
            for name in names
        ]
        mean = np.array([moments.mean[0] for moments in each])
        deviation = np.array([moments.deviation[0] for moments in each])
        return cls(schema, scale, columns.named, mean, deviation)

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
        return [name for column in self.schema.columns for name in _outputs(column)]

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
        warn_of_names(self.named, columns, who)
        n_outputs = len(self.feature_names_out)
        out = np.empty((columns.n_rows, n_outputs), dtype=dtype) if out is None else out
        center, scale, fill = self._numbers()
        array = columns.numeric_array
        if array is not None and out.shape[1] == array.shape[1] == len(self.mean):
            scale_rows(array, out, center=center, scale=scale, fill=fill, names=columns.names)
            return out
        out[:] = 0
        place, k = 0, 0
        for column, name in pairs:
            values = columns.values(name)
            if column.kind == "number":
                numbers = values.as_numbers()[:, None]
                only = slice(k, k + 1)
                scale_rows(
                    numbers,
                    out[:, place : place + 1],
                    center=center[only],
                    scale=scale[only],
                    fill=fill[only],
                    names=[name],
                )
                if column.n_gaps:
                    out[:, place + 1] = np.isnan(numbers[:, 0])
                k += 1
            else:
                out[np.arange(columns.n_rows), place + _codes(column, values)] = 1
            place += len(_outputs(column))
        return out

    def transform_report(self, X: object) -> list[str]:
        """Return lines for people: gaps filled, categories never seen, columns ignored."""
        columns = as_columns(X)
        lines = []
        pairs = self._pairs(columns, "the model")
        for column, name in pairs:
            values = columns.values(name)
            lines += (
                _report_number(column, values)
                if column.kind == "number"
                else (_report_category(column, values))
            )
        known = {column.name for column in self.schema.columns}
        extra = [name for name in columns.names if name not in known]
        if self.named and columns.named and extra:
            lines.append(f"ignored columns: {listing(extra)}")
        return lines

    def to_state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Give what `from_state` needs: JSON-able values, and arrays by name."""
        meta = {
            "schema": msgspec.to_builtins(self.schema),
            "scale": self.scale,
            "named": self.named,
        }
        return meta, {"mean": self.mean, "deviation": self.deviation}

    @classmethod
    def from_state(cls, meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> InputEncoder:
        """Rebuild an encoder that encodes exactly as the one that gave the state."""
        return cls(
            msgspec.convert(meta["schema"], Schema),
            meta["scale"],
            meta["named"],
            np.asarray(arrays["mean"], dtype=np.float64),
            np.asarray(arrays["deviation"], dtype=np.float64),
        )

    def _numbers(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return center, scale and the filling of gaps, as the outputs are computed."""
        if self.scale:
            return self.mean, self.deviation, np.zeros_like(self.mean)
        return np.zeros_like(self.mean), np.ones_like(self.mean), self.mean

    def _pairs(self, columns: Columns, who: str) -> list[tuple[Column, str]]:
        return match_columns(self.schema, self.named, columns, who)


def _outputs(column: Column) -> list[str]:
    if column.kind == "number":
        return [column.name] + ([f"{column.name} is missing"] if column.n_gaps else [])
    if column.kind == "category":
        unknown = "unknown"
        while unknown in column.levels:
            unknown += "_"
        return [f"{column.name}={level}" for level in [*column.levels, unknown]]
    return []


def _codes(column: Column, values: Values) -> np.ndarray:
    unknown = len(column.levels)
    slots: dict[Any, int] = {level: slot for slot, level in enumerate(column.levels)}
    texts = values.as_texts().tolist()
    return np.array([slots.get(text, unknown) for text in texts], dtype=np.intp)


def _report_number(column: Column, values: Values) -> list[str]:
    n_gaps = int(np.isnan(values.as_numbers()).sum())
    if not n_gaps:
        return []
    new = "" if column.n_gaps else " (training had none, so they are not flagged)"
    return [f"{column.name}: {count(n_gaps, 'gap')} filled with the training mean{new}"]


def _report_category(column: Column, values: Values) -> list[str]:
    texts, levels = values.as_texts(), set(column.levels)
    unseen = [text for text in texts if text is not None and text not in levels]
    n_gaps = sum(text is None for text in texts)
    lines = []
    if unseen:
        names = listing([f'"{text}"' for text in sorted(set(unseen))], 5)
        hold, use = ("holds", "it uses") if len(unseen) == 1 else ("hold", "they use")
        lines.append(
            f"{column.name}: {count(len(unseen), 'row')} {hold} a category not seen in training "
            f'({names}); {use} the "unknown" slot'
        )
    if n_gaps:
        lines.append(f'{column.name}: {count(n_gaps, "gap")} put into the "unknown" slot')
    return lines
