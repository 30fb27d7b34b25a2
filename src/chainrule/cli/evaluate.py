"""`chainrule evaluate`: the measures of the fit, on another labelled table."""

import json as json_format
from pathlib import Path
from typing import Any

from chainrule.cli.new_rows import load_for_rows, targets_of
from chainrule.cli.reading import read_for_run, say_reading
from chainrule.cli.roles import divide, say_unlabelled
from chainrule.cli.summary import number
from chainrule.cli.talk import Talk, columns
from chainrule.errors import OptionError
from chainrule.runs.folder import find_model, read_manifest

MOST_CLASSES = 12


def run_evaluate(
    run: Path, table: str, targets: list[str] | None, reading: dict[str, Any], json: bool
) -> None:
    """Carry out the command."""
    talk = Talk(json)
    path, known = find_model(run), targets_of(run)
    wanted = targets or known
    if wanted is None:
        raise OptionError(f"{run} does not say which column to compare with. Give --target COLUMN.")
    if known is not None and len(wanted) != len(known):
        raise OptionError(
            f"{run} predicts {len(known)} target(s) ({', '.join(known)}), but --target names "
            f"{len(wanted)}. Name as many, in that order."
        )
    model = load_for_rows(path)
    read = read_for_run(run, table, reading, model.fitted_.encoder.schema)
    say_reading(talk, read)
    frame = read.frame
    manifest = read_manifest(run) if run.is_dir() else {}
    weight = manifest.get("weight")
    weighted = weight in frame.columns
    if weight and not weighted:
        talk.say(
            "Note", f'no column "{weight}", which weighed the rows of the fit: all count alike'
        )
    groups = (manifest.get("split") or {}).get("groups")
    rows = divide(
        read,
        wanted,
        weight=weight if weighted else None,
        groups=groups if groups in frame.columns and groups not in wanted else None,
    )
    from chainrule.judging.evaluation import evaluate  # scikit-learn, once the table is read

    say_unlabelled(talk, read, rows)
    for line in model.fitted_.encoder.transform_report(rows.columns):
        talk.say("Note", line)
    scores = evaluate(model, rows)
    scores["weight"] = weight if weighted else None
    if json:
        print(json_format.dumps(scores, indent=2))
        return
    by = f", weighted by {weight}" if weighted else ""
    talk.say("Rows", f"{scores['rows']}{by}")
    talk.say("Scores", " · ".join(f"{name} {text}" for name, text in _words(scores)))
    for share in scores.get("quantiles", []):
        talk.say(
            "", f"quantile {share['level']:g}: {share['share_below']:.1%} of the rows lie below"
        )
    if "targets" in scores:
        _say_targets(talk, scores["targets"])
    elif "confusion" in scores:
        _say_classes(talk, scores)


def _words(scores: dict[str, Any]) -> list[tuple[str, str]]:
    """Return names and texts of the scores that are single numbers."""
    single = [n for n, v in scores.items() if isinstance(v, float) or n == "r2"]
    return [(name.replace("_", " "), number(scores[name], ".4g")) for name in single]


def _say_targets(talk: Talk, targets: dict[str, dict[str, Any]]) -> None:
    names = [name for name, _ in _words(next(iter(targets.values())))]
    rows = [["target", *names]]
    rows += [[target, *(t for _, t in _words(scores))] for target, scores in targets.items()]
    talk.say("Targets", columns(rows))


def _say_classes(talk: Talk, scores: dict[str, Any]) -> None:
    names = [str(name) for name in scores["classes"]]
    if len(names) > MOST_CLASSES:
        return
    rows = [["true \\ predicted", *names]]
    rows += [[n, *map(str, line)] for n, line in zip(names, scores["confusion"], strict=True)]
    talk.say("Classes", columns(rows))
