"""One number or several per row: scaled by the training rows, and back in the user's units.

    z = (t - center) / scale,   t = y, or of long tails t = sign(y) log(1 + |y| / s)

Dates are numbers, too: days since 1970-01-01, and dates again where they are predicted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from chainrule.advice import as_task
from chainrule.data.columns.scaling import LARGEST, measure, scaled_in_words
from chainrule.data.columns.values import SECONDS_PER_DAY, spell_moment
from chainrule.data.target.kind import Target
from chainrule.data.target.values import read_target, read_values_of, warn_of_column_vector
from chainrule.data.weights import read_weights
from chainrule.errors import DataError, ShapeError
from chainrule.wording import count

# Of each unit of NumPy in a day; 0 for those that are no part of it.
TICKS = {"Y": 0, "M": 0, "W": 0, "D": 1, "h": 24, "m": 1440, "s": SECONDS_PER_DAY}
TICKS |= {
    "ms": SECONDS_PER_DAY * 10**3,
    "us": SECONDS_PER_DAY * 10**6,
    "ns": SECONDS_PER_DAY * 10**9,
}
TRANSFORMS = ("none", "log")
LONG_TAIL, FEWEST_ROWS = 2.0, 50  # skewness from which a tail is long; rows to tell it by
KNEE = 0.05  # s of the logarithm, in medians of |y|: smaller numbers stay as far apart as they are
LAST_TICK = 2.0**63 - 1024  # the largest number that int64 and float64 both hold


@dataclass(frozen=True, eq=False)
class NumberTarget(Target):
    """Numbers, scaled; made by `fit` or `from_state`.

    `units` says of each column in which unit of NumPy its dates came, "" of numbers, and
    `whole_days` whether they were all midnight, so that predictions are rounded to days; both are
    empty where there are no dates.  `knee` is s of the logarithm for each column, None for none.
    """

    kind: ClassVar[str] = "numbers"
    classifies: ClassVar[bool] = False
    metric: ClassVar[str] = "squared_error"
    center: np.ndarray
    scale: np.ndarray
    one_dimensional: bool
    lowest: np.ndarray | None = None
    highest: np.ndarray | None = None
    units: tuple[str, ...] = ()
    whole_days: tuple[bool, ...] = ()
    knee: np.ndarray | None = None

    @classmethod
    def fit(
        cls,
        y: object,
        *,
        scale: bool = True,
        name: str = "target",
        weights: object = None,
        non_negative: bool = False,
        within_range: bool = False,
        log: bool = False,
    ) -> NumberTarget:
        """Learn mean and standard deviation; with `scale=False` they are 0 and 1.

        Parameters
        ----------
        y : series, frame or array-like of shape (n_rows,) or (n_rows, n_targets)
            Numbers or dates; one that never varies has the deviation 1.
        scale : bool, default=True
            Scale the target.
        name : str
            For the messages.
        weights : array-like of shape (n_rows,), optional
            Weights of rows; 2 counts as the row twice, 0 as if it were not there.
        non_negative : bool, default=False
            Refuse numbers below 0, as the loss "poisson" needs it.
        within_range : bool, default=False
            Keep predictions within the lowest and highest value seen.
        log : bool, default=False
            Learn the logarithm of the target.

        Raises
        ------
        DataError
            If the target is text, too large to be scaled, or below 0 where it must not be; if
            logarithms are asked for of dates.
        """
        read = read_values_of(y, name)
        warn_of_column_vector(read.array)
        columns = _as_columns(read.array, name)
        one = columns.shape[1] == 1
        weight = read_weights(weights, len(columns))
        counts = weight > 0
        if non_negative:
            _refuse_negative(columns, counts, name)
        ends = (columns[counts].min(axis=0), columns[counts].max(axis=0)) if within_range else ()
        whole = (columns[counts] == np.floor(columns[counts])).all(axis=0).tolist()
        dates = {"units": read.units, "whole_days": tuple(whole)} if read.units else {}
        knee = None
        if log:
            if read.units:
                raise DataError(
                    "{}, but {target_transform} is of numbers. Leave it out.",
                    f'the target "{name}" holds dates',
                    target_transform="log",
                )
            knee = _knees(columns[counts])
            columns = _bent(columns, knee)
        if not scale:
            n = columns.shape[1]
            return cls(np.zeros(n), np.ones(n), one, *ends, **dates)
        _refuse_too_large(columns, name)
        names = [name] * columns.shape[1]
        moments = measure(columns[counts], names, None if weights is None else weight[counts])
        return cls(moments.mean, moments.deviation, one, *ends, **dates, knee=knee)

    @property
    def read_as(self) -> list[str]:
        return ["" if unit else "numbers" for unit in self.units or [""] * self.n_targets]

    @property
    def n_outputs(self) -> int:
        return len(self.center)

    @property
    def n_targets(self) -> int:
        return len(self.center)

    @property
    def output(self) -> str:
        return "identity"

    @property
    def class_lists(self) -> list[list[Any]]:
        return []

    @property
    def output_names(self) -> None:
        return None

    def encode(self, y: object, *, name: str = "target") -> np.ndarray:
        """Give scaled numbers of shape (n_rows, n_targets).

        Raises
        ------
        ShapeError
            If there are more or fewer targets than in training.
        """
        columns = _as_columns(read_target(y, name), name)
        if columns.shape[1] != len(self.center):
            raise ShapeError(
                f'the target "{name}" has {count(columns.shape[1], "column")}, expected '
                f"{len(self.center)} as in training. Give the same targets."
            )
        _refuse_too_large(columns, name)
        return (_bent(columns, self.knee) - self.center) / self.scale

    @property
    def transform(self) -> str:
        return "none" if self.knee is None else "log"

    def means(self, names: Sequence[str]) -> list[str]:
        of = "" if self.knee is None else "log of "
        return super().means([f"{of}{name}" for name in names])

    @property
    def dated(self) -> bool:
        return bool(self.units)

    @property
    def numeric(self) -> NumberTarget:
        return replace(self, units=(), whole_days=())

    def in_units(self, raw: np.ndarray) -> np.ndarray:
        """Give numbers in the user's units, (n_rows, n_targets); of dates days."""
        numbers = _straight(np.asarray(raw) * self.scale + self.center, self.knee)
        return numbers if self.lowest is None else np.clip(numbers, self.lowest, self.highest)

    def decode(self, predictions: np.ndarray) -> np.ndarray:
        """Give numbers in the user's units, or dates, 1-D if there is one target."""
        given = self.as_dates(self.in_units(predictions))
        return given[:, 0] if self.one_dimensional else given

    def as_dates(self, numbers: np.ndarray) -> np.ndarray:
        """Give dates where numbers are days; of several targets the second axis is that of targets.

        Dates beside numbers are objects, dates or datetimes of Python.
        """
        if not self.units:
            return numbers
        if len(self.units) == 1:
            return dates_from(numbers, self.units[0], self.whole_days[0])
        columns = [
            dates_from(numbers[:, i], unit, whole) if unit else numbers[:, i]
            for i, (unit, whole) in enumerate(zip(self.units, self.whole_days, strict=True))
        ]
        if not all(self.units):
            columns = [_as_objects(*each) for each in zip(columns, self.whole_days, strict=True)]
        return np.stack(columns, axis=1)

    def plain(self, predicted: np.ndarray) -> np.ndarray:
        """Give what `decode` gave as numbers of shape (n_rows, n_targets), of dates days."""
        if not self.units:
            return predicted.reshape(len(predicted), -1)
        return np.stack(self.as_scored(predicted), axis=1)

    def each(self, encoded: np.ndarray) -> list[np.ndarray]:
        return list(encoded.T)

    def as_scored(self, y: object) -> list[np.ndarray]:
        """Give the numbers of each target in the user's units, of dates days."""
        return list(_as_columns(read_target(y), "target").T)

    def probabilities_of_each(self, probabilities: Any) -> list[np.ndarray]:
        del probabilities  # numbers have none
        return []

    def named_probabilities(self, probabilities: Any, names: Sequence[str]) -> dict[str, Any]:
        del probabilities, names
        return {}

    def told(self, name: str, y: object, encoded: np.ndarray) -> str:
        if not self.units:
            return super().told(name, y, encoded)
        numbers = [float(each[0]) for each in self.as_scored(y)]
        pairs = zip(numbers, self.units, strict=True)
        shown = ", ".join(spell_moment(number) if unit else f"{number:g}" for number, unit in pairs)
        day = f"{numbers[0]:.10g}"
        which = f", day {day} from 1970-01-01" if len(numbers) == 1 else ""
        return f"The target {name} is {shown}{which}{self._became(day, encoded)}."

    def _became(self, shown: str, encoded: np.ndarray) -> str:
        center, scale = self.center.tolist(), self.scale.tolist()
        if self.knee is not None and len(center) == 1:
            sign, shown = ("-", shown[1:]) if shown.startswith("-") else ("", shown)
            shown = f"{sign}log(1 + {shown} / {self.knee[0]:.6g})"
        if len(center) > 1 or (center, scale) == ([0.0], [1.0]):
            return ""
        return f": y = {scaled_in_words(shown, center[0], scale[0])} = {encoded[0]:.6g}"

    def to_state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        meta: dict[str, Any] = {"one_dimensional": self.one_dimensional}
        if self.units:
            meta |= {"units": list(self.units), "whole_days": list(self.whole_days)}
        arrays = {"center": self.center, "scale": self.scale}
        if self.lowest is not None and self.highest is not None:
            arrays |= {"lowest": self.lowest, "highest": self.highest}
        if self.knee is not None:
            arrays["knee"] = self.knee
        return meta, arrays

    @classmethod
    def from_state(cls, meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> NumberTarget:
        ends = (arrays.get("lowest"), arrays.get("highest"))
        units, whole = (tuple(meta.get(name, ())) for name in ("units", "whole_days"))
        if {len(units), len(whole)} - {0, len(arrays["center"])} or not {*units} <= {"", *TICKS}:
            raise ValueError(f"dates in the units {units}")
        one, knee = meta["one_dimensional"], arrays.get("knee")
        for name, array in arrays.items():
            if array.shape != (len(arrays["center"]),) or not array.size:
                raise ValueError(f"{name} of the target has the shape {array.shape}")
            if not np.isfinite(array).all() or (name in ("scale", "knee") and array.min() <= 0):
                raise ValueError(f"{name} of the target is {array}")
        if ends[0] is not None and (arrays["lowest"] > arrays["highest"]).any():
            raise ValueError("the lowest of the target is above the highest")
        return cls(arrays["center"], arrays["scale"], one, *ends, units, whole, knee)


def has_long_tail(y: np.ndarray) -> bool:
    """Tell whether some of many numbers are so much larger than most that they decide the fit.

    Of what `NumberTarget` refuses the answer is no.
    """
    if y.dtype.kind not in "biuf" or y.ndim != 1 or len(y) < FEWEST_ROWS:
        return False
    y = y.astype(np.float64)
    if not np.isfinite(y).all():
        return False
    away = y - y.mean()
    deviation = away.std()
    return bool(deviation > 0 and np.mean((away / deviation) ** 3) > LONG_TAIL)


def _knees(columns: np.ndarray) -> np.ndarray:
    """Return s of the logarithm for every column."""
    sizes = np.abs(columns)
    middles = [np.median(size[size > 0]) if (size > 0).any() else 1.0 for size in sizes.T]
    return KNEE * np.array(middles)


def _bent(numbers: np.ndarray, knee: np.ndarray | None) -> np.ndarray:
    if knee is None:
        return numbers
    return np.sign(numbers) * np.log1p(np.abs(numbers) / knee)


def _straight(numbers: np.ndarray, knee: np.ndarray | None) -> np.ndarray:
    """Return what `_bent` made of it, at most the largest number there is."""
    if knee is None:
        return numbers
    with np.errstate(over="ignore"):
        sizes = np.expm1(np.abs(numbers.astype(np.float64))) * knee
    return np.sign(numbers) * np.minimum(sizes, LARGEST)


def dates_from(days: np.ndarray, unit: str, whole_days: bool) -> np.ndarray:
    """Return days since 1970-01-01 as dates of NumPy; what the unit cannot hold is its end."""
    days = np.round(days) if whole_days else days
    finer = unit if TICKS[unit] else "D"
    ticks = np.clip(np.round(np.nan_to_num(days) * (TICKS[unit] or 1)), -LAST_TICK, LAST_TICK)
    dates = ticks.astype(np.int64).astype(f"M8[{finer}]").astype(f"M8[{unit}]")
    return np.where(np.isnan(days), np.datetime64("NaT"), dates)


def _as_objects(column: np.ndarray, whole_days: bool) -> np.ndarray:
    if column.dtype.kind == "M":
        column = column.astype("M8[D]" if whole_days else "M8[us]")
    return column.astype(object)


def _as_columns(array: np.ndarray, name: str) -> np.ndarray:
    if array.dtype.kind not in "biuf":
        text = next(value for value in array.flat if isinstance(value, str))
        row = int((array == text).reshape(len(array), -1).any(axis=1).argmax())
        raise DataError(
            'the target "{}" holds text (data row {}: "{}"), expected numbers. {}, or choose '
            "another target.",
            name,
            row + 1,
            text,
            as_task("classification"),
        )
    return array.astype(np.float64).reshape(len(array), -1)


def _refuse_negative(columns: np.ndarray, counts: np.ndarray, name: str) -> None:
    negative = (columns < 0) & counts[:, None]
    if not negative.any():
        return
    row, column = (int(place) for place in np.argwhere(negative)[0])
    n_more = int(negative.any(axis=1).sum()) - 1
    more = f" (and below 0 in {count(n_more, 'more row')})" if n_more else ""
    raise DataError(
        f'poisson needs y >= 0, but the target "{name}" is {columns[row, column]:g} in data row '
        f"{row + 1}{more}. Correct those values, or choose another loss."
    )


def _refuse_too_large(columns: np.ndarray, name: str) -> None:
    large = np.abs(columns).max(axis=1) > LARGEST
    if large.any():
        row = int(large.argmax())
        raise DataError(
            f'the target "{name}" is too large to be computed with (beyond {LARGEST:g}) in data '
            f"row {row + 1}: {np.abs(columns[row]).max():g}. Use a larger unit."
        )
