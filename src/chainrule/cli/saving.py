"""What a fit leaves behind: the run folder with model, history, figures, config and manifest."""

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.cli.asked import Asked
from chainrule.cli.config import write_config
from chainrule.cli.roles import Rows
from chainrule.cli.talk import Talk
from chainrule.data import DATASETS, Schema, Split
from chainrule.report.run_folder import (
    CONFIG,
    FIGURES,
    HISTORY,
    MANIFEST,
    MODEL,
    hash_bytes,
    new_run_folder,
    write_history,
    write_manifest,
)

MOST_FIGURES = 6


def save_run(
    talk: Talk,
    asked: Asked,
    model: Any,
    schema: Schema,
    parts: Split,
    test: Rows,
    results: dict[str, Any],
    data_hash: str,
) -> Path:
    """Write the run folder, say so, and return its name."""
    options, before = asked.options, asked.before
    table, out = options.table, options.out
    stem = table if table in DATASETS else "stdin" if table == "-" else Path(table).stem
    draws = options.figures and importlib.util.find_spec("matplotlib") is not None
    exact = None if out is None else Path(out)
    with new_run_folder(Path("runs"), stem, exact=exact) as (folder, final):
        model.save(folder / MODEL)
        write_history(folder / HISTORY, model.history_)
        write_config(folder / CONFIG, asked.values)
        if draws:
            (folder / FIGURES).mkdir()
            _draw(folder / FIGURES, model, results, test)
        write_manifest(
            folder / MANIFEST,
            {
                "command": ["chainrule", *sys.argv[1:]],
                "table": table,
                "data_hash": data_hash,
                "target": results["target"],
                "task": results["task"],
                "weight": options.weight,
                "seed": options.seed,
                "split": {
                    "description": parts.description,
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
    contents = [MODEL, HISTORY, CONFIG, MANIFEST, *([f"{FIGURES}/"] if draws else [])]
    talk.say("Saved", f"{final}/  {' · '.join(contents)}")
    if options.figures and not draws:
        talk.say(
            "", "no figures, since matplotlib is not installed: pip install 'chainrule[report]'"
        )
    return final


def hash_table(table: str, frame: Any) -> str:
    """Return the digest of a table: of its file, or of what was read from elsewhere."""
    path = Path(table).expanduser()
    return hash_bytes(path.read_bytes() if path.is_file() else frame.write_csv().encode())


def _draw(folder: Path, model: Any, results: dict[str, Any], test: Rows) -> None:
    from chainrule.report.curves import learning_curves
    from chainrule.report.predictions import confusion_figure, scatter_figure
    from chainrule.report.style import save_figure

    validated = "val_loss" in model.history_
    figure = learning_curves(model.history_, model.best_iter_ if validated else None)
    save_figure(figure, folder, "learning_curves")
    if "test" not in results:
        return
    scores, several = results["test"], len(test.targets) > 1
    predicted = None if model._classifies else model.predict(test.X).reshape(len(test), -1)
    for i, name in enumerate(test.targets[:MOST_FIGURES]):
        own, number = (scores["targets"][name], f"_{i + 1}") if several else (scores, "")
        if predicted is None:
            title = f"Confusion matrix of the test rows{f', {name}' if several else ''}"
            figure = confusion_figure(np.asarray(own["confusion"]), own["classes"], title)
            save_figure(figure, folder, f"confusion_matrix{number}")
        else:
            y = test.y[name] if several else test.y
            figure = scatter_figure(y.to_numpy().astype(float), predicted[:, i], name)
            save_figure(figure, folder, f"predicted_against_true{number}")
