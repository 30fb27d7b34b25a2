"""What a fit leaves behind: model, history, figures, config, manifest and report, in a run folder.

Figures and report need an extra, and what is wrong with them must not cost a training.
"""

import importlib.util
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.cli.asked import Asked
from chainrule.cli.config import write_config
from chainrule.cli.talk import Talk
from chainrule.data.columns.schema import Schema
from chainrule.data.reading.datasets import DATASETS
from chainrule.data.rows.rows import Rows
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

MOST_FIGURES = 6
EXTRA = ("matplotlib", "jinja2")


def save_run(
    talk: Talk,
    asked: Asked,
    model: Any,
    schema: Schema,
    parts: tuple[Rows, Rows, Rows],
    results: dict[str, Any],
    data_hash: str,
) -> Path:
    """Write the run folder, say so, and return its name."""
    options, before = asked.options, asked.before
    table, out = options.table, options.out
    stem = table if table in DATASETS else "stdin" if table == "-" else Path(table).stem
    missing = [name for name in EXTRA if importlib.util.find_spec(name) is None]
    draws = options.figures and "matplotlib" not in missing
    reported = ""
    exact = None if out is None else Path(out)
    with new_run_folder(Path("runs"), stem, exact=exact) as (folder, final):
        model.save(folder / MODEL)
        write_history(folder / HISTORY, model.history_)
        write_config(folder / CONFIG, asked.values)
        if draws:
            (folder / FIGURES).mkdir()
            _draw(folder / FIGURES, model, results, parts[-1])
        write_manifest(
            folder / MANIFEST,
            {
                "command": ["chainrule", *sys.argv[1:]],
                "date": datetime.now(UTC).isoformat(timespec="seconds"),
                "table": table,
                "data_hash": data_hash,
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
                    "same_table": before.had_table(data_hash),
                },
                "columns": [[c.name, c.kind, c.note] for c in schema.columns],
                "parameters": model.get_params(deep=False),
                "epochs": model.n_iter_,
                "best_epoch": model.best_iter_,
                "stop": model.stop_message_,
                "results": results,
            },
        )
        if options.report and not missing:
            reported = _report(folder, final, asked, model, parts)
    contents = [MODEL, *([REPORT] if reported == REPORT else []), HISTORY, CONFIG, MANIFEST]
    talk.say("Saved", f"{final}/  {' · '.join([*contents, *([f'{FIGURES}/'] if draws else [])])}")
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
    elif reported != REPORT and options.report:
        talk.say("", f"no report: {reported}", f"once that is mended: chainrule report {final}")
    return final


def _report(
    folder: Path, final: Path, asked: Asked, model: Any, parts: tuple[Rows, Rows, Rows]
) -> str:
    """Write the report and return its name; or why there is none, for the run is worth more."""
    from chainrule.cli.report import subject_of  # only where a report is asked for
    from chainrule.report.page.write import write_page

    try:
        write_page(subject_of(folder, final, asked, model, parts), folder / REPORT)
    except Exception as error:
        if os.environ.get("CHAINRULE_DEBUG"):
            raise
        return f"{type(error).__name__}: {error}"
    return REPORT


def _draw(folder: Path, model: Any, results: dict[str, Any], test: Rows) -> None:
    from chainrule.report.curves import learning_curves  # needs the extra `report`
    from chainrule.report.predictions import confusion_figure, scatter_figure
    from chainrule.report.style import save_figure

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
