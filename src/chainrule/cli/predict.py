"""`chainrule predict`: a model and new rows in, predictions out."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chainrule.cli.new_rows import load_for_rows, targets_of
from chainrule.cli.reading import read_for_run
from chainrule.cli.talk import SHELL
from chainrule.data.columns.schema import Schema
from chainrule.data.reading.table import Table
from chainrule.errors import OptionError
from chainrule.predicting.intervals import learnt_levels
from chainrule.runs.folder import find_model


def run_predict(
    run: Path, table: str, out: Path | None, interval: float | None, reading: dict[str, Any]
) -> None:
    """Carry out the command."""
    if out is not None and out.suffix not in (".csv", ".parquet"):
        raise OptionError(f"--out {out} must end in .csv or .parquet.")
    if out is not None and not out.parent.is_dir():
        raise OptionError(f"there is no folder {out.parent} for --out {out}. Make it first.")
    path = find_model(run)
    model = load_for_rows(path)
    schema = model.fitted_.encoder.schema
    read = read_for_run(run, table, reading, schema, may_be_empty=True)
    frame = _named_as(schema, read)
    notes = [f"{each.evidence} {each.at(SHELL).remedy}" for each in read.findings]
    targets = targets_of(run)
    if frame.height:
        predictions = predict_frame(model, frame, targets, interval)
        notes += model.fitted_.encoder.transform_report(frame)
    else:
        predictions = predict_frame(model, frame.clear(1), targets, interval).clear()
        notes += [f"{table} has no rows, and so has the table of predictions"]
    for line in notes:
        print(f"note: {line}", file=sys.stderr)
    if out is None:
        sys.stdout.write(predictions.write_csv())
        return
    temporary = out.with_name(f".writing-{out.name}")
    try:
        if out.suffix == ".parquet":
            predictions.write_parquet(temporary)
        else:
            predictions.write_csv(temporary)
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)
    print(f"{predictions.height} predictions written to {out}", file=sys.stderr)


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
    predicted = model.predict(frame)
    one = predicted.ndim == 1
    predicted = predicted.reshape(len(predicted), -1)
    names = ["prediction"] if one else targets
    names = names or [f"prediction {i + 1}" for i in range(predicted.shape[1])]
    columns: dict[str, Any] = dict(zip(names, predicted.T, strict=True))
    if not classifies:
        return pl.DataFrame(columns | _beside(model, frame, names, one, interval))
    columns |= model.fitted_.target.named_probabilities(model.predict_proba(frame), names)
    return pl.DataFrame({name: column.tolist() for name, column in columns.items()})


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
