"""What a fit leaves behind: model, history, figures, config, manifest and report, in a run folder.

Figures and report need an extra, and what is wrong with them must not cost a training.
"""

import importlib.util
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.cli.asked import Asked
from chainrule.cli.config import write_config
from chainrule.cli.talk import Talk, show
from chainrule.data.columns.schema import Schema
from chainrule.data.reading.datasets import DATASETS
from chainrule.data.rows.rows import Rows
from chainrule.errors import MissingFileError, OptionError
from chainrule.runs.folder import (
    CONFIG,
    FIGURES,
    HISTORY,
    MANIFEST,
    MODEL,
    REPORT,
    hash_bytes,
    new_run_folder,
    write_history,
    write_manifest,
)
from chainrule.runs.unfinished import CHECKPOINT, Started, forget, holds_trainings, running
from chainrule.storage.checkpoints import Checkpoints
from chainrule.wording import quoted

MOST_FIGURES = 6
EXTRA = ("matplotlib", "jinja2")


@contextmanager
def run_folder(asked: Asked, started: Started) -> Iterator[tuple[Path, Started]]:
    """Make the run folder, or go on with one, and hold it; what goes wrong costs no training."""
    with _made(asked) as folder, running(folder, started) as now:
        try:
            if asked.unfinished is None:
                write_config(folder / CONFIG, asked.values)
            yield folder, now
        except BaseException:
            if (folder / MODEL).exists():
                show(f"note: what was trained is kept: {folder / MODEL}", sys.stderr)
            elif holds_trainings(folder):
                show(f"note: to go on: chainrule fit --resume {quoted(folder)}", sys.stderr)
            raise


def _made(asked: Asked) -> AbstractContextManager[Path]:
    if asked.unfinished is not None:
        return nullcontext(asked.unfinished)
    table, out = asked.options.table, asked.options.out
    stem = table if table in DATASETS else "stdin" if table == "-" else Path(table).stem
    exact = None if out is None else Path(out)
    return new_run_folder(Path("runs"), stem, exact=exact)


def checkpoints_of(asked: Asked, folder: Path) -> Checkpoints | None:
    """Return where the trainings of a run are kept; None if none are."""
    seconds = asked.options.checkpoint
    return Checkpoints(folder / CHECKPOINT, seconds, stays=True) if seconds > 0 else None


def save_run(
    talk: Talk,
    asked: Asked,
    model: Any,
    schema: Schema,
    parts: tuple[Rows, Rows, Rows],
    results: dict[str, Any],
    started: Started,
    folder: Path,
) -> None:
    """Write into the run folder, beside the model, all that tells of it; and say so.

    Raises
    ------
    OptionError
        If it cannot be written, with the place of the model.
    """
    options = asked.options
    try:
        write_history(folder / HISTORY, model.history_)
        write_config(folder / CONFIG, asked.values)
        write_manifest(folder / MANIFEST, _facts(asked, model, schema, results, started))
        if model.stop_ != "interrupted":
            forget(folder)
    except OSError as error:
        raise OptionError(
            f"{folder} cannot be written whole ({error.strerror}). Its model is: "
            f"{folder / MODEL}. Make room; then for the rest: "
            f"chainrule fit --resume {quoted(folder)}"
        ) from None
    missing = [name for name in EXTRA if importlib.util.find_spec(name) is None]
    faults = {}
    if options.figures and "matplotlib" not in missing:
        faults["figures"] = _fault(_draw, folder / FIGURES, model, results, parts[-1])
    if options.report and not missing:
        faults["report"] = _fault(_report, folder, asked, model, parts)
    names = {"report": REPORT, "figures": f"{FIGURES}/"}
    there = {what: name for what, name in names.items() if faults.get(what) == ""}
    contents = [MODEL, there.get("report"), HISTORY, CONFIG, MANIFEST, there.get("figures")]
    talk.say("Saved", f"{folder}/  {' · '.join(filter(None, contents))}")
    wanted = [
        name for name, value in (("figures", options.figures), ("report", options.report)) if value
    ]
    if missing and wanted:
        talk.say(
            "",
            f"no {' and no '.join(wanted)}, since {' and '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} not installed: "
            "pip install 'chainrule[report]'",
        )
    for what, fault in faults.items():
        if fault:
            talk.say("", f"no {what}: {fault}")
    if faults.get("report"):
        talk.say("", f"once that is mended: chainrule report {quoted(folder)}")


def save_model(model: Any, folder: Path) -> None:
    """Save the model in the run folder.

    Raises
    ------
    MissingFileError
        If it cannot be written there; it is in a folder for temporary files then.
    """
    try:
        model.save(folder / MODEL)
    except MissingFileError as error:
        elsewhere = Path(tempfile.mkdtemp(prefix="chainrule-")) / MODEL
        model.save(elsewhere)
        raise MissingFileError("{} It was saved as {} instead.", error.text, elsewhere) from None


def _facts(
    asked: Asked, model: Any, schema: Schema, results: dict[str, Any], started: Started
) -> dict[str, Any]:
    """Return what the manifest tells."""
    options, before = asked.options, asked.before
    return {
        "command": started.command,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "begun": started.dates,
        "table": options.table,
        "data_hash": started.data_hash,
        "target": results["target"],
        "task": results["task"],
        "weight": options.weight,
        "seed": options.seed,
        "split": {
            "description": results["split"],
            "kind": "groups" if options.groups else options.split,
            "groups": options.groups,
        },
        "resumed": before
        and {
            "run": str(before.run),
            "epoch": before.manifest.get("best_epoch"),
            "model_hash": hash_bytes(before.model.read_bytes()),
            "same_table": before.had_table(started.data_hash),
        },
        "columns": [[c.name, c.kind, c.note] for c in schema.columns],
        "parameters": model.get_params(deep=False),
        "epochs": model.n_iter_,
        "best_epoch": model.best_iter_,
        "stop": model.stop_message_,
        "results": results,
    }


def _fault(write: Callable[..., None], *given: Any) -> str:
    """Write, and return "" or what went wrong, for the run is worth more than its pictures."""
    try:
        write(*given)
    except Exception as error:
        if os.environ.get("CHAINRULE_DEBUG"):
            raise
        return f"{type(error).__name__}: {error}"
    return ""


def _report(folder: Path, asked: Asked, model: Any, parts: tuple[Rows, Rows, Rows]) -> None:
    from chainrule.cli.report import subject_of  # only where a report is asked for
    from chainrule.report.page.write import write_page

    write_page(subject_of(folder, asked, model, parts), folder / REPORT)


def _draw(folder: Path, model: Any, results: dict[str, Any], test: Rows) -> None:
    from chainrule.report.curves import learning_curves  # needs the extra `report`
    from chainrule.report.predictions import confusion_figure, scatter_figure
    from chainrule.report.style import save_figure

    folder.mkdir(exist_ok=True)
    validated = "val_loss" in model.history_
    figure = learning_curves(model.history_, model.best_iter_ if validated else None)
    save_figure(figure, folder, "learning_curves")
    if "test" not in results:
        return
    scores, several = results["test"], len(test.names) > 1
    target = model.fitted_.target
    predicted = None if target.classifies else target.plain(model.predict(test.columns))
    for i, name in enumerate(test.names[:MOST_FIGURES]):
        own, number = (scores["targets"][name], f"_{i + 1}") if several else (scores, "")
        if predicted is None:
            title = f"Confusion matrix of the test rows{f', {name}' if several else ''}"
            figure = confusion_figure(np.asarray(own["confusion"]), own["classes"], title)
            save_figure(figure, folder, f"confusion_matrix{number}")
        else:
            true = test.each_target[i].astype(float)
            figure = scatter_figure(true, predicted[:, i], name, dated="unit" in own)
            save_figure(figure, folder, f"predicted_against_true{number}")
