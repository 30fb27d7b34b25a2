"""`chainrule predict`: a model and new rows in, predictions out.

The rows pass in blocks, so that a table may be larger than memory. What is predicted of a row does
not depend on its block, to the last bit.
"""

import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from chainrule.cli.blocks import in_multiples, in_part
from chainrule.cli.new_rows import load_for_rows, names_are_said, targets_of
from chainrule.cli.reading import read_new_rows
from chainrule.cli.table_file import TableFile, check_out
from chainrule.cli.talk import SHELL, show
from chainrule.data.columns.encoding import Report
from chainrule.data.columns.frames import as_columns
from chainrule.data.columns.matching import match_names, taken_for
from chainrule.data.columns.schema import Schema, require_column
from chainrule.data.reading.table import Table
from chainrule.data.spelling.numbers import PLAIN
from chainrule.errors import DataError, OptionError
from chainrule.finding import Finding
from chainrule.predicting.intervals import learnt_levels
from chainrule.runs.folder import find_model
from chainrule.wording import count, listing

MOST_ROWS, MOST_NUMBERS = 1 << 16, 4_000_000  # of a block, and of what the network sees of it
ALL, MARK = "all", "\0"  # the mark stands before names of columns that are kept


def run_predict(
    run: Path,
    table: str,
    out: Path | None,
    interval: float | None,
    reading: dict[str, Any],
    keep: Sequence[str],
) -> None:
    """Carry out the command."""
    if reading["sample"] is not None:
        raise OptionError(
            "--sample takes a part of the rows, and predict answers for all. Leave it out."
        )
    if out is not None:
        check_out(out, table)
    model, targets = load_for_rows(find_model(run)), targets_of(run)
    encoder = model.fitted_.encoder
    wanted = None if ALL in keep else keep
    tables = read_new_rows(run, table, reading, encoder.schema, as_written=wanted)
    first = next(tables)
    kept = Kept(first, keep, typed=out is not None and out.name.lower().endswith(".parquet"))
    told, report = Told(), Report(encoder)
    frames = (kept.beside(told.of(each), encoder.schema) for each in chain([first], tables))
    with TableFile(out) as file, names_are_said():
        for frame in in_multiples(frames, _rows_of_a_block(model)):
            before, rows = kept.parted(frame)
            looked_at = as_columns(rows if rows.height else rows.clear(1))
            try:
                predictions = predict_frame(model, looked_at, targets, interval)
            except DataError as error:
                raise in_part(error, table, file.n_rows) from None
            if rows.height:
                report.add(looked_at)
            file.write(kept.in_front_of(predictions[: rows.height], before))
    notes = [*told.notes, *kept.notes, *report.lines]
    if not file.n_rows:
        notes.append(f"{table} has no rows, and so has the table of predictions")
    for line in [*notes, *([file.note] if file.note else [])]:
        show(f"note: {line}", sys.stderr)
    if out is not None:
        show(f"{file.n_rows} predictions written to {out}", sys.stderr)


class Told:
    """How the blocks of a table were read: what is found in several of them is said once."""

    def __init__(self) -> None:
        self._found: dict[str, list[Finding]] = {}  # by what they say but for the numbers

    def of(self, table: Table) -> Table:
        """Remember the findings, and give the table back."""
        for each in table.findings:
            self._found.setdefault(re.sub(r"\(.*\)|\d", "", each.evidence), []).append(each)
        return table

    @property
    def notes(self) -> list[str]:
        """Lines for people."""
        lines = []
        for found in self._found.values():
            more = len({each.evidence for each in found}) - 1
            where = f" And {count(more, 'part')} more of the table likewise." if more else ""
            lines.append(f"{found[0].evidence}{where} {found[0].at(SHELL).remedy}")
        return lines


class Kept:
    """Columns of the input that stand in front of the predictions, as they were written.

    Parameters
    ----------
    first : Table
        The first block of rows.
    keep : sequence of str
        Names of the columns, or "all".
    typed : bool
        Keep plain numbers as numbers, for a file that has types.

    Attributes
    ----------
    notes : list of str
        What is to be said of their names.
    """

    def __init__(self, first: Table, keep: Sequence[str], *, typed: bool) -> None:
        self._columns, self._typed = first.frame.columns, typed
        if ALL in keep and ALL not in self._columns:
            keep = self._columns
        found = match_names(keep, keep, self._columns)
        for name in keep:
            if name not in found:
                require_column(self._columns, name, "column to keep,")
        self.names = list(dict.fromkeys(found[name] for name in keep))
        spelled = taken_for(found.items())
        self.notes = [spelled] if spelled else []
        self._new: dict[str, str] | None = None

    def beside(self, table: Table, schema: Schema) -> Any:
        """Return the rows with the columns of the first block, and beside them those to be kept."""
        import polars as pl

        frame, written = table.frame, table.as_written
        kept = []
        for name in self.names:
            plain = table.spellings.get(name, PLAIN) == PLAIN and frame[name].dtype.is_numeric()
            own = frame if (plain and self._typed) or written is None else written
            kept.append(own[name].alias(f"{MARK}{name}"))
        absent = [pl.lit(None).alias(name) for name in self._columns if name not in frame.columns]
        frame = frame.with_columns(absent).select(self._columns)
        return _named_as(schema, replace(table, frame=frame)).with_columns(kept)

    def parted(self, frame: Any) -> tuple[Any, Any]:
        """Return the columns to be kept, and the others."""
        kept = [f"{MARK}{name}" for name in self.names]
        return frame.select(kept).rename(lambda name: name[1:]), frame.drop(kept)

    def in_front_of(self, predictions: Any, kept: Any) -> Any:
        """Return the predictions with the columns that are kept in front."""
        import polars as pl

        if self._new is None:
            self._new = self._named_apart(predictions.columns)
        return pl.concat([kept.rename(self._new), predictions], how="horizontal")

    def _named_apart(self, taken: Sequence[str]) -> dict[str, str]:
        new: dict[str, str] = {}
        for name in set(self.names) & set(taken):
            other = name
            while other in taken or other in self.names:
                other += " (given)"
            new[name] = other
        if new:
            renamed = listing([f'"{name}" is "{other}"' for name, other in new.items()])
            self.notes.append(f"columns that are kept and predicted, too: as given, {renamed}")
        return new


def _named_as(schema: Schema, read: Table) -> Any:
    """Return the rows; where the file has no names, with those of the training by their places."""
    names = [column.name for column in schema.columns]
    if read.named or read.frame.width != len(names):
        return read.frame
    return read.frame.rename(dict(zip(read.frame.columns, names, strict=True)))


def predict_frame(
    model: Any, frame: Any, targets: Sequence[str] | None = None, interval: float | None = None
) -> Any:
    """Return a polars frame of predictions, a row for each row of `frame`.

    One target is called `prediction`, several by their names; beside them stand probabilities of
    classes, quantiles, and with `interval` the ends that hold the target that often.
    """
    import polars as pl

    classifies = model.fitted_.target.classifies
    if classifies and interval is not None:
        raise OptionError(
            "--interval is for numbers, but this model predicts classes. Leave it out: "
            "the probabilities say how sure the model is."
        )
    frame = as_columns(frame)
    predicted, proba = model._predict_both(frame) if classifies else (model.predict(frame), None)
    one = predicted.ndim == 1
    predicted = predicted.reshape(len(predicted), -1)
    names = ["prediction"] if one else targets
    names = names or [f"prediction {i + 1}" for i in range(predicted.shape[1])]
    columns: dict[str, Any] = dict(zip(names, predicted.T, strict=True))
    if not classifies:
        columns |= _beside(model, frame, names, one, interval)
        target = model.fitted_.target
        whole = all(w for w, unit in zip(target.whole_days, target.units, strict=True) if unit)
        return pl.DataFrame({name: _cells(each, whole) for name, each in columns.items()})
    columns |= model.fitted_.target.named_probabilities(proba, names)
    return pl.DataFrame({name: column.tolist() for name, column in columns.items()})


def _cells(column: Any, whole_days: bool) -> Any:
    """Return numbers or dates as polars takes them; whole days are written without a time."""
    if column.dtype.kind == "M":
        return column.astype("M8[D]" if whole_days else "M8[us]")
    return column.tolist() if column.dtype == object else column


def _rows_of_a_block(model: Any) -> int:
    """Return so many rows that each is computed among the same others as in the whole table."""
    together = model.fitted_.rows_together
    n_inputs = len(model.fitted_.encoder.feature_names_out)
    return together * max(1, min(MOST_ROWS, MOST_NUMBERS // n_inputs) // together)


def _beside(
    model: Any, frame: Any, names: Sequence[str], one: bool, interval: float | None
) -> dict[str, Any]:
    """Return what stands beside predicted numbers: ends of intervals, and quantiles."""
    columns: dict[str, Any] = {}
    if interval is not None:
        ends = _interval(model, frame, interval).reshape(-1, len(names), 2)
        for i, name in enumerate(names):
            of = "" if one else f" of {name}"
            columns |= {f"lower{of}": ends[:, i, 0], f"upper{of}": ends[:, i, 1]}
    levels = learnt_levels(model.loss, model.quantile)
    if levels and isinstance(model.quantile, tuple | list):
        values = model.predict_quantiles(frame)
        columns |= {f"quantile {q:g}": values[:, i] for i, q in enumerate(levels)}
    return columns


def _interval(model: Any, frame: Any, coverage: float) -> Any:
    levels = learnt_levels(model.loss, model.quantile)
    if model.fitted_.calibration is None and len(levels) < 2:
        low, high = (1 - coverage) / 2, (1 + coverage) / 2
        raise OptionError(
            "--interval needs the errors on rows that did not train, but this fit had none. Fit "
            f"with --validation 0.15, or with --quantile {low:g},0.5,{high:g}."
        )
    return model.predict_interval(frame, coverage)
