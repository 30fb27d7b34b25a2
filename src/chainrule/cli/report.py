"""`chainrule report`: the report of a run, from its folder and the table of its fit.

The rows are divided as in the fit.  That they are the same shows in the hash of the table or, for a
table that was saved anew, in the test score.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from chainrule.cli.asked import Asked
from chainrule.cli.config import read_config
from chainrule.cli.new_rows import load_for_rows
from chainrule.cli.options import OPTIONS
from chainrule.cli.parting import divide_table, split_as_asked
from chainrule.cli.reading import read_for_run
from chainrule.cli.talk import SHELL, show
from chainrule.data.reading.table import Table
from chainrule.data.rows.rows import Rows
from chainrule.errors import DataError, MissingFileError, OptionError
from chainrule.report.page.subject import Subject
from chainrule.runs.folder import CONFIG, MODEL, REPORT, find_model, hash_table, read_manifest

SAID_ELSEWHERE = ("table", "target", "resume")
CLOSE = 1e-6


def run_report(
    run: Path, table: str | None, out: Path | None, figures: bool, reading: dict[str, Any]
) -> None:
    """Carry out the command."""
    from chainrule.report.page.write import write_page  # needs the extra `report`

    if out is not None and not out.parent.is_dir():
        raise OptionError(f"there is no folder {out.parent} for --out {out}. Make it first.")
    find_model(run)  # says what there is if the run is not
    manifest = read_manifest(run)
    if not (run / CONFIG).is_file():
        raise MissingFileError(
            f"{run} holds no {CONFIG}, so that the rows of its fit are not known. Fit again."
        )
    values = {option.name: option.default for option in OPTIONS} | read_config(run)
    asked = Asked(values | {"figures": figures}, None)
    if not manifest.get("task") or not asked.values["target"]:
        raise DataError(f"the files of {run} do not say what was predicted. Fit again.")
    model = load_for_rows(run / MODEL)
    read, same = _read_again(run, manifest, table, reading)
    rows = divide_table(asked, read).that_count()
    split = split_as_asked(asked, rows, manifest["task"])
    parts = rows.parted(split)
    if not same:
        _refuse_other_rows(run, manifest, model, split.description, parts[-1])
    path = write_page(subject_of(run, asked, model, parts), out or run / REPORT)
    show(f"report written to {path} ({path.stat().st_size / 1000:.0f} kB)")


def subject_of(run: Path, asked: Asked, model: Any, parts: tuple[Rows, Rows, Rows]) -> Subject:
    """Return what the report of a run is about."""
    manifest = read_manifest(run)
    named = zip(("train", "validation", "test"), parts, strict=True)
    return Subject(
        model,
        parts[0].names,
        manifest,
        **{which: rows for which, rows in named if len(rows)},
        name=str(run),
        config=(run / CONFIG).read_text(encoding="utf-8"),
        options=_unusual(asked),
        door=SHELL,
        draws=asked.values["figures"],
    )


def _unusual(asked: Asked) -> tuple[tuple[str, str], ...]:
    """Return the options that have another value than when nothing is said."""
    return tuple(
        (option.flag, _words(asked.values[option.name]))
        for option in OPTIONS
        if option.recorded
        and option.name not in SAID_ELSEWHERE
        and asked.values[option.name] != option.default
    )


def _words(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return json.dumps(value) if isinstance(value, bool) or value is None else str(value)


def _read_again(
    run: Path, manifest: dict[str, Any], table: str | None, reading: dict[str, Any]
) -> tuple[Table, bool]:
    """Return the table, and whether it is known to be that of the fit."""
    source = table or manifest.get("table")
    if source is None or (table is None and source == "-"):
        came = "is not known" if source is None else "came from standard input"
        raise OptionError(f"the table of {run} {came}. Give it by --table.")
    try:
        read = read_for_run(run, source, reading)
    except MissingFileError as error:
        if table is not None:
            raise
        raise MissingFileError(
            "the table of {}: {} Or give it by --table.", run, error.text
        ) from None
    same = hash_table(source, read.frame) == manifest.get("data_hash")
    if not same and table is None:
        raise DataError(
            f"{source} is no longer the table that {run} was fitted on (its hash differs). "
            "Give that table by --table, or fit again."
        )
    return read, same


def _refuse_other_rows(
    run: Path, manifest: dict[str, Any], model: Any, split: str, test: Rows
) -> None:
    """Raise a DataError if the rows are not those of the fit, as far as that shows."""
    from chainrule.judging.evaluation import evaluate  # scikit-learn, only for another table

    results = manifest.get("results") or {}
    alike = split == (manifest.get("split") or {}).get("description")
    if alike and "test" in results:
        scores = evaluate(model, test)
        pairs = ((scores[k], v) for k, v in results["test"].items() if isinstance(v, float))
        alike = all(abs(now - then) <= CLOSE * max(1, abs(then)) for now, then in pairs)
    if not alike:
        raise DataError(
            f"--table holds other rows than {run} was fitted on: the scores would be others. "
            "Give the table of the fit, or fit again."
        )
