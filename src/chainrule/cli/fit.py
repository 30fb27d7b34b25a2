"""`chainrule fit`: read, understand, split, train, test, write the run folder."""

import json as json_format
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.cli import summary
from chainrule.cli.asked import Asked, Before, ask
from chainrule.cli.building import (
    choose_task,
    model_before,
    new_model,
    parameters_of,
    read_class_weight,
    refuse_other_classes,
)
from chainrule.cli.parting import column_options, divide_table, split_as_asked
from chainrule.cli.reading import read_asked, say_reading
from chainrule.cli.roles import say_unlabelled
from chainrule.cli.saving import checkpoints_of, run_folder, save_model, save_run
from chainrule.cli.talk import SHELL, Talk, show_progress, show_shares
from chainrule.data.columns.kinds import kind_of
from chainrule.data.columns.schema import Schema, infer_schema
from chainrule.data.findings import Finding, find
from chainrule.data.rows.rows import Rows
from chainrule.data.rows.splitting import Split
from chainrule.data.target.numbers import NumberTarget
from chainrule.data.target.target import fit_class_target
from chainrule.data.target.values import TargetValues
from chainrule.errors import ChainruleError, DataError, OptionError
from chainrule.predicting.intervals import is_of_counts
from chainrule.runs.folder import hash_table, refuse_existing
from chainrule.runs.unfinished import CHECKPOINT, Started, read_started
from chainrule.storage.checkpoints import Checkpoints, progress_of
from chainrule.wording import count, from_to, quoted


def run_fit(typed: dict[str, Any]) -> int:
    """Carry out the command and return its exit code; `typed` is what the command line says."""
    code, _ = fit_run(ask(typed))
    return code


def fit_run(asked: Asked, talk: Talk | None = None) -> tuple[int, Path]:
    """Fit what was asked; return the exit code and the run folder."""
    options, before = asked.options, asked.before
    if options.out is not None and asked.unfinished is None:
        refuse_existing(Path(options.out))
    talk = talk or Talk(options.json)

    table = read_asked(options.table, vars(options))
    frame = table.frame
    talk.say("Table", f"{options.table}: {frame.height} rows, {frame.width} columns")
    say_reading(talk, table)
    data_hash = hash_table(options.table, frame)
    began = _begun(asked, data_hash)
    rows = divide_table(asked, table)
    say_unlabelled(talk, table, rows)
    name = ", ".join(rows.names)
    task, reason = choose_task(asked, rows)
    parameters = parameters_of(asked, task, name)
    talk.say("Target", f"{name}: {task} ({reason})")
    if task == "classification":
        target = fit_class_target(rows.y, name=name, names=rows.names)
        parameters["class_weight"] = read_class_weight(options.class_weight, target)
    else:
        target = None
        _refuse_numbers(rows, parameters["loss"])

    schema = infer_schema(rows.columns, **column_options(asked))  # an ID shows in its order
    _say_weights(talk, rows, options.weight)
    rows = rows.that_count()
    split = split_as_asked(asked, rows, task)
    found, labels = [*table.findings], list(rows.names)
    findings = _find(rows, task, schema, split)
    parts = train, validation, test = rows.parted(split)
    del table, frame, rows  # of a large table the parts are enough
    if before is None:
        identifiers = [column.name for column in schema.columns if kind_of(column).of_whole_table]
        of_columns = column_options(asked, *identifiers)
        own = infer_schema(train.columns, **of_columns, weights=train.weights)
        train = replace(train, schema=own)
        model = new_model(asked, task, parameters | of_columns)
        talk.say("Columns", *_words_on_columns(schema, own, model))
    else:
        model = model_before(asked, task, parameters.get("class_weight"))
        if target is not None:
            refuse_other_classes(model, target, before.run)
        talk.say("Resumed", *_words_on_the_run_before(before, model, data_hash))
    talk.say("Split", split.description)
    kind = summary.describe_model(asked, model, len(train))
    talk.say("Model", *([kind] if before is None else []))
    talk.say("Findings", *(f"{f.evidence} {f.remedy}" for f in findings if not f.is_settled))

    if asked.unfinished is not None:
        talk.say("Resumed", _words_on_what_is_kept(asked.unfinished))
    with run_folder(asked, began) as (folder, started):
        checkpoints = checkpoints_of(asked, folder)
        keeps_groups = asked.model == "tabular"
        _train(model, train, validation, checkpoints, keeps_groups=keeps_groups)
        save_model(model, folder)
        talk.say("Network", summary.describe_network(model))
        talk.say("Training", summary.describe_training(model))
        if checkpoints is not None and checkpoints.fault:
            talk.say("", f"it was not kept while it ran: {checkpoints.fault}")
        if asked.model == "fixed-point":
            talk.say("Settling", summary.describe_settling(model))
        results = {
            "table": options.table,
            "target": labels[0] if len(labels) == 1 else labels,
            "task": task,
            "split": split.description,
            "findings": [_recorded(each.at(SHELL)) for each in (*found, *findings)],
            "model": kind,
            "network": summary.describe_network(model),
            "training": model.stop_message_,
            "epochs": model.n_iter_,
            "kept": from_to([each.ending.epoch for each in model.fitted_.networks]),
            "seconds": {"fit": model.fit_seconds_, "compile": model.compile_seconds_},
            **_test(talk, model, parts, compare=options.baselines),
        }
        save_run(talk, asked, model, schema, parts, results, started, folder)
    go_on = [f"chainrule fit --resume {quoted(folder)}"] if model.stop_ == "interrupted" else []
    talk.say("Next", *go_on, f"chainrule predict {quoted(folder)} NEW_TABLE -o predictions.csv")
    if options.json:
        print(json_format.dumps({"run": str(folder), **results}, indent=2))
    return (1 if model.stop_ == "diverged" else 0), folder


def _begun(asked: Asked, data_hash: str) -> Started:
    """Return with what the run begins, or began.

    Raises
    ------
    DataError
        If the table is no longer that with which it began.
    """
    target = asked.options.target
    target = target[0] if len(target) == 1 else list(target)
    if asked.unfinished is None:
        return Started(["chainrule", *sys.argv[1:]], asked.options.table, data_hash, target)
    started = read_started(asked.unfinished)
    assert started is not None
    if started.data_hash != data_hash:
        raise DataError(
            f"{asked.options.table} is no longer the table that {asked.unfinished} was begun with "
            "(its hash differs). Give that table in its place, or fit anew."
        )
    return started


def _words_on_what_is_kept(run: Path) -> str:
    finished, on_the_way = progress_of(run / CHECKPOINT)
    if finished + on_the_way == 0:
        return f"{run}, of which nothing was kept yet: it begins anew"
    kept = [count(finished, "finished network")] if finished else []
    kept += [f"{on_the_way} on the way"] if on_the_way else []
    return f"{run}, with {' and '.join(kept)}"


def _refuse_numbers(rows: Rows, loss: str) -> None:
    """Refuse numbers to be predicted that no split could mend."""
    counts = is_of_counts(loss)
    for name, y in zip(rows.names, rows.each_target, strict=True):
        NumberTarget.fit(TargetValues(y), name=name, scale=not counts, non_negative=counts)


def _words_on_the_run_before(before: Before, model: Any, data_hash: str) -> list[str]:
    lines = [f"{before.run}, from epoch {model.best_iter_} on, with its columns and optimizer"]
    if not before.had_table(data_hash):
        lines.append("its table was another (the hash differs): these rows are split anew")
    return [*lines, *model.fitted_.encoder.schema.describe(scale=model.scale)]


def _say_weights(talk: Talk, rows: Rows, column: str | None) -> None:
    """Say what the weights are, and how many rows do not count."""
    if not rows.weighted:
        return
    counting = rows.weights[rows.weights > 0]
    line = f"{column}: {counting.min():g} to {counting.max():g}, in training and in every score"
    n_out = len(rows) - len(counting)
    if n_out:
        line += f"; {count(n_out, 'row')} of weight 0 left out"
    talk.say("Weights", line)


def _words_on_columns(schema: Schema, own: Schema, model: Any) -> list[str]:
    """Return what the columns are taken for, and what of it is otherwise in the training rows."""
    lines = schema.describe(scale=model.scale)
    if _uses(own) == _uses(schema):
        return lines
    return [*lines, "of these, in the training rows:", *own.describe(scale=model.scale)]


def _uses(schema: Schema) -> list[tuple[Any, ...]]:
    """Return what of a schema shapes the network: columns, gaps, levels, parts of dates."""
    return [(c.name, bool(c.n_gaps), len(c.levels), *c.parts) for c in schema.used]


def _find(rows: Rows, task: Any, schema: Schema, split: Split) -> list[Finding]:
    """Return what is odd about the table, without the columns left out, which were told."""
    ordered = split.how.startswith("in order")
    found = find(
        rows.columns, rows.y, task=task, schema=schema, weights=rows.weights, ordered_split=ordered
    )
    out = {column.name for column in schema.unused}
    return [each.at(SHELL) for each in found if not each.columns or set(each.columns) - out]


def _recorded(finding: Finding) -> dict[str, Any]:
    """Return a finding as the run folder keeps it."""
    told = finding.to_dict()
    kept = {name: told[name] for name in ("kind", "severity", "columns", "remedy")}
    if finding.cells:
        kept |= {name: told[name] for name in ("rows", "cells")}
    return kept | {"text": finding.evidence}


def _train(
    model: Any,
    train: Rows,
    validation: Rows,
    checkpoints: Checkpoints | None,
    *,
    keeps_groups: bool,
) -> None:
    """Train; a model that parts the training rows itself keeps their groups whole."""
    held_out = {"X_val": validation, "y_val": validation.y} if len(validation) else {}
    if held_out or not keeps_groups or train.groups is None or len(np.unique(train.groups)) == 1:
        train = replace(train, groups=None)
    with warnings.catch_warnings(), show_progress() as on_progress:
        warnings.simplefilter("ignore")  # the summary says the same
        try:
            model.fit(train, train.y, **held_out, on_progress=on_progress, checkpoint=checkpoints)
        except ValueError as error:
            if isinstance(error, ChainruleError) or model.scoring == "loss":
                raise
            raise OptionError(
                f"--scoring {model.scoring} does not suit this target ({str(error).rstrip('.')}). "
                "Choose another, or loss."
            ) from None


def _test(
    talk: Talk, model: Any, parts: tuple[Rows, Rows, Rows], *, compare: bool
) -> dict[str, Any]:
    train, validation, test = parts
    if not len(test):
        return {}
    # scikit-learn, once something is trained
    from chainrule.judging.baselines import Baselines, score_baselines, seconds_for
    from chainrule.judging.evaluation import evaluate, measure_of

    scores, measure = evaluate(model, test), measure_of(model)
    found = Baselines()
    if compare:
        learning = train.and_then(validation) if len(validation) else train
        with show_shares("to compare with:") as on_progress:
            found = score_baselines(
                model, learning, test, seconds=seconds_for(model), on_progress=on_progress
            )
    talk.say("Test", summary.describe_test(measure, scores, found.scores), *found.notes)
    if found.notes:
        talk.say("", "without such baselines: --no-baselines")
    return {
        "measure": measure,
        "test": scores,
        "baselines": found.scores,
        "baselines_cut": found.notes,
    }
