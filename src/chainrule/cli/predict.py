"""`chainrule predict`: a model and new rows in, predictions out."""

import sys
from pathlib import Path
from typing import Any

from chainrule.data import read_table
from chainrule.errors import OptionError
from chainrule.report.run_folder import find_model


def run_predict(run: Path, table: str, out: Path | None, separator: str | None) -> None:
    """Carry out the command: a column `prediction`, and `probability of …` for each class."""
    if out is not None and out.suffix not in (".csv", ".parquet"):
        raise OptionError(f"--out {out} must end in .csv or .parquet.")
    if out is not None and not out.parent.is_dir():
        raise OptionError(f"there is no folder {out.parent} for --out {out}. Make it first.")
    path = find_model(run)
    frame = read_table(table, separator=separator)
    from chainrule.models.storage import load

    model = load(path)
    for line in model._encoder.transform_report(frame):
        print(f"note: {line}", file=sys.stderr)
    predictions = predict_frame(model, frame)
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


def predict_frame(model: Any, frame: Any) -> Any:
    """Return a polars frame of predictions, a row for each row of `frame`."""
    import polars as pl

    if not model._classifies:
        return pl.DataFrame({"prediction": model.predict(frame)})
    proba = model.predict_proba(frame)
    columns = {"prediction": model.classes_[proba.argmax(axis=1)].tolist()}
    for k, name in enumerate(model.classes_.tolist()):
        columns[f"probability of {name}"] = proba[:, k].tolist()
    return pl.DataFrame(columns)
