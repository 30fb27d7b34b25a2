"""`chainrule evaluate`: the measures of the fit, on another labelled table."""

import json as json_format
from pathlib import Path

from chainrule.cli.talk import Talk, columns
from chainrule.data import read_table, require_column
from chainrule.errors import OptionError
from chainrule.report.run_folder import find_model, read_manifest


def run_evaluate(
    run: Path, table: str, target: str | None, separator: str | None, json: bool
) -> None:
    """Carry out the command."""
    talk = Talk(json)
    path = find_model(run)
    if target is None and not run.is_dir():
        raise OptionError(f"{run} does not say which column to compare with. Give --target COLUMN.")
    frame = read_table(table, separator=separator)
    target = require_column(frame.columns, target or read_manifest(run)["target"])
    from chainrule.models.evaluation import evaluate
    from chainrule.models.storage import load

    model = load(path)
    X = frame.drop(target)
    for line in model._encoder.transform_report(X):
        talk.say("Note", line)
    scores = evaluate(model, X, frame[target])
    if json:
        print(json_format.dumps(scores, indent=2))
        return
    numbers = [name for name in scores if isinstance(scores[name], float)]
    words = " · ".join(f"{name.replace('_', ' ')} {scores[name]:.4g}" for name in numbers)
    talk.say("Rows", str(scores["rows"]))
    talk.say("Scores", words)
    if "confusion" in scores and len(scores["classes"]) <= 12:
        names = [str(name) for name in scores["classes"]]
        rows = [["true \\ predicted", *names]]
        counts = scores["confusion"]
        rows += [[name, *map(str, line)] for name, line in zip(names, counts, strict=True)]
        talk.say("Classes", *columns(rows))
