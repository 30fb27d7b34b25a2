"""`chainrule evaluate`: the measures of the fit, on another labelled table."""

import json as json_format
from dataclasses import replace
from pathlib import Path
from typing import Any

from chainrule.cli.new_rows import load_for_rows, names_are_said, targets_of
from chainrule.cli.reading import read_for_run, say_reading
from chainrule.cli.roles import divide
from chainrule.cli.summary import number
from chainrule.cli.talk import Talk, columns
from chainrule.data.columns.matching import match_names, taken_for
from chainrule.data.columns.schema import require_column
from chainrule.errors import DataError, OptionError
from chainrule.runs.folder import find_model, read_manifest
from chainrule.wording import count, listing

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
    manifest = read_manifest(run) if run.is_dir() else {}
    weight, groups = manifest.get("weight"), (manifest.get("split") or {}).get("groups")
    model = load_for_rows(path)
    n_targets = len(model.fitted_.target.read_as)
    if len(wanted) != n_targets:
        own = f" ({', '.join(known)})" if known is not None and len(known) == n_targets else ""
        raise OptionError(
            f"{run} predicts {count(n_targets, 'target')}{own}, but {len(wanted)} are named "
            f"({listing(wanted)}). Name as many by --target, in that order."
        )
    others = [name for name in (*wanted, weight, groups) if name is not None]
    encoder = model.fitted_.encoder
    read = read_for_run(run, table, reading, encoder.schema, _read_as(model, wanted))
    say_reading(talk, read)
    known = [*others, *(encoder.feature_names_in or [])]
    spelled = match_names(others, known, read.frame.columns)
    note = taken_for(spelled.items())
    frame = read.frame.rename({there: name for name, there in spelled.items()})
    frame, n_left_out = _with_target(frame, wanted, table)
    talk.say("Note", *([note] if note else []))
    weighted = weight in frame.columns
    if weight and not weighted:
        talk.say(
            "Note", f'no column "{weight}", which weighed the rows of the fit: all count alike'
        )
    rows = divide(
        replace(read, frame=frame),
        wanted,
        weight=weight if weighted else None,
        groups=groups if groups in frame.columns and groups not in wanted else None,
    )
    from chainrule.judging.evaluation import evaluate  # scikit-learn, once the table is read

    for line in encoder.transform_report(rows.columns):
        talk.say("Note", line)
    with names_are_said():
        scores = evaluate(model, rows)
    scores |= {"weight": weight if weighted else None, "without_target": n_left_out}
    if json:
        print(json_format.dumps(scores, indent=2))
        return
    by = f", weighted by {weight}" if weighted else ""
    out = f"; {count(n_left_out, 'row')} without a target left out" if n_left_out else ""
    talk.say("Rows", f"{scores['rows']}{by}{out}", *_words_on_unseen(scores))
    talk.say("Scores", " · ".join(f"{name} {text}" for name, text in _words(scores)))
    for share in scores.get("quantiles", []):
        talk.say(
            "", f"quantile {share['level']:g}: {share['share_below']:.1%} of the rows lie below"
        )
    if "targets" in scores:
        _say_targets(talk, scores["targets"])
    elif "confusion" in scores:
        _say_classes(talk, scores)


def _read_as(model: Any, targets: list[str]) -> dict[str, list[str]]:
    """Return which targets are texts, and which are numbers, even if their cells look otherwise."""
    ways = dict(zip(targets, model.fitted_.target.read_as, strict=True))
    return {how: [name for name in targets if ways[name] == how] for how in ("texts", "numbers")}


def _with_target(frame: Any, targets: list[str], table: str) -> tuple[Any, int]:
    """Return the rows that have all targets, and how many have not."""
    kept = frame
    for name in targets:
        require_column(frame.columns, name)
        kept = kept.filter(kept[name].is_not_null())
        if kept[name].dtype.is_float():
            kept = kept.filter(kept[name].is_not_nan())
    if not kept.height:
        raise DataError(
            f"{table}: no row has a value in {listing(targets)}. Give a table with known answers."
        )
    return kept, frame.height - kept.height


def _words_on_unseen(scores: dict[str, Any]) -> list[str]:
    """Return lines on rows of classes that training never saw, for each target that has any."""
    lines = []
    for name, own in scores.get("targets", {"": scores}).items():
        unseen = own.get("unseen", {})
        if unseen:
            n, of = sum(unseen.values()), f" of {name}" if name else ""
            lines.append(
                f"of which {n} with {count(len(unseen), 'class', 'classes')}{of} that training "
                f"never saw ({listing(list(unseen))}): wrong in all scores; log loss and the table "
                "of classes leave them out"
            )
    return lines


def _words(scores: dict[str, Any]) -> list[tuple[str, str]]:
    """Return names and texts of the scores that are single numbers."""
    single = [n for n, v in scores.items() if isinstance(v, float) or n == "r2"]
    unit = f" {scores['unit']}" if "unit" in scores else ""
    units = {name: unit for name in single if name in ("rmse", "mae")}
    return [(n.replace("_", " "), number(scores[n], ".4g") + units.get(n, "")) for n in single]


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
