"""`chainrule fit`: read, understand, split, train, test, write the run folder."""

import json as json_format
import sys
import warnings
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from chainrule.cli import summary
from chainrule.cli.asked import Asked, Before, ask
from chainrule.cli.building import (
    build_model,
    choose_task,
    load_model,
    read_class_weight,
    refuse_other_classes,
)
from chainrule.cli.parting import column_options, divide_table, part_rows
from chainrule.cli.roles import Rows
from chainrule.cli.saving import save_run
from chainrule.cli.talk import Talk, show_progress
from chainrule.data import (
    NumberTarget,
    Schema,
    Split,
    fit_class_target,
    infer_schema,
    read_table,
)
from chainrule.data.columns.kinds import kind_of
from chainrule.data.findings import Finding, find
from chainrule.errors import ChainruleError, OptionError
from chainrule.runs.folder import hash_table, refuse_existing
from chainrule.wording import count, from_to

MANY_ROWS = 20_000  # so many that baselines take their time


def run_fit(typed: dict[str, Any]) -> int:
    """Carry out the command and return its exit code; `typed` is what the command line says."""
    asked = ask(typed)
    options = asked.options
    if options.out is not None:
        refuse_existing(Path(options.out))
    talk = Talk(options.json)
    frame = read_table(options.table, separator=options.separator)
    talk.say("Table", f"{options.table}: {frame.height} rows, {frame.width} columns")
    rows = divide_table(asked, frame)
    name = ", ".join(rows.targets)
    task, reason = choose_task(asked, rows.y, name)
    model = build_model(asked, task, name)
    talk.say("Target", f"{name}: {task} ({reason})")
    target = _understand_target(rows, task, model)
    if task == "classification":
        model.class_weight = read_class_weight(options.class_weight, target)
    if asked.before is not None:
        class_weight = getattr(model, "class_weight", None)
        model = load_model(asked)
        if task == "classification":
            refuse_other_classes(model, target, asked.before.run)
            model.class_weight = class_weight
    data_hash = hash_table(options.table, frame)
    schema = infer_schema(rows.X, **column_options(asked))  # an ID shows in its order
    _say_weights(talk, rows, options.weight)
    parted = part_rows(asked, rows, task)
    rows, parts = parted.rows, parted.split
    train, validation, test = parted.parts
    if asked.before is None:
        _settle_columns(talk, asked, model, schema, train)
    else:
        talk.say("Resumed", *_words_on_the_run_before(asked.before, model, data_hash))
    talk.say("Split", parts.description)
    findings = _find(rows, task, schema, parts)
    kind = summary.describe_model(asked, model, len(train))
    talk.say("Model", *([kind] if asked.before is None else []))
    talk.say("Findings", *(summary.describe_finding(f) for f in findings if not f.is_settled))

    parts_itself = asked.model == "tabular" and not len(validation)
    several = train.groups is not None and len(np.unique(train.groups)) > 1
    _train(model, train, validation, train.groups if parts_itself and several else None)
    talk.say("Network", summary.describe_network(model))
    talk.say("Training", summary.describe_training(model))
    if asked.model == "fixed-point":
        talk.say("Settling", summary.describe_settling(model))

    results = {
        "table": options.table,
        "target": rows.targets[0] if len(rows.targets) == 1 else list(rows.targets),
        "task": task,
        "split": parts.description,
        "findings": msgspec.to_builtins(findings),
        "model": kind,
        "network": summary.describe_network(model),
        "training": model.stop_message_,
        "epochs": model.n_iter_,
        "kept": from_to([each.ending.epoch for each in model.fitted_.networks]),
        "seconds": {"fit": model.fit_seconds_, "compile": model.compile_seconds_},
        **_test(talk, model, rows, parts, test),
    }
    final = save_run(talk, asked, model, schema, parted, results, data_hash)
    talk.say("Next", f"chainrule predict {final} NEW_TABLE -o predictions.csv")
    if options.json:
        print(json_format.dumps({"run": str(final), **results}, indent=2))
    return 1 if model.stop_ == "diverged" else 0


def _understand_target(rows: Rows, task: str, model: Any) -> Any:
    """Return the target of the whole table; what no split could mend is refused."""
    if task == "classification":
        return fit_class_target(rows.y, name=", ".join(rows.targets))
    from chainrule.fitting.losses import is_of_counts  # JAX only for a table that can be learnt

    counts = is_of_counts(model.loss)
    for name in rows.targets:
        y = rows.y if len(rows.targets) == 1 else rows.y[name]
        NumberTarget.fit(y, name=name, scale=not counts, non_negative=counts)
    return None


def _words_on_the_run_before(before: Before, model: Any, data_hash: str) -> list[str]:
    lines = [f"{before.run}, from epoch {model.best_iter_} on, with its columns and optimizer"]
    if not before.had_table(data_hash):
        lines.append("its table was another (the hash differs): these rows are split anew")
    return [*lines, *model.fitted_.encoder.schema.describe(scale=model.scale)]


def _say_weights(talk: Talk, rows: Rows, column: str | None) -> None:
    """Say what the weights are, and how many rows do not count."""
    if rows.weights is None:
        return
    counting = rows.weights[rows.weights > 0]
    line = f"{column}: {counting.min():g} to {counting.max():g}, in training and in every score"
    n_out = len(rows) - len(counting)
    if n_out:
        line += f"; {count(n_out, 'row')} of weight 0 left out"
    talk.say("Weights", line)


def _settle_columns(talk: Talk, asked: Asked, model: Any, schema: Schema, train: Rows) -> None:
    """Say what the columns are taken for; IDs of the whole table are left out in training."""
    identifiers = [column.name for column in schema.columns if kind_of(column).of_whole_table]
    options = column_options(asked, *identifiers)
    model.drop = options["drop"]
    talk.say("Columns", *schema.describe(scale=model.scale))
    own = infer_schema(train.X, **options, weights=train.weights)
    if _uses(own) != _uses(schema):
        talk.say("", "of these, in the training rows:", *own.describe(scale=model.scale))


def _uses(schema: Schema) -> list[tuple[Any, ...]]:
    """Return what of a schema shapes the network: columns in use, flags for gaps, categories."""
    return [(column.name, bool(column.n_gaps), len(column.levels)) for column in schema.used]


def _find(rows: Rows, task: Any, schema: Schema, parts: Split) -> list[Finding]:
    """Return what is odd about the table, without the columns left out, which were told."""
    ordered = parts.how.startswith("in order")
    found = find(
        rows.X, rows.y, task=task, schema=schema, weights=rows.weights, ordered_split=ordered
    )
    out = {column.name for column in schema.unused}
    return [finding for finding in found if not finding.columns or set(finding.columns) - out]


def _train(model: Any, train: Rows, validation: Rows, groups: Any) -> None:
    """Train; `groups` of the training rows are kept whole by a model that parts them itself."""
    held_out = {}
    if len(validation):
        held_out = {"X_val": validation.X, "y_val": validation.y}
        held_out["sample_weight_val"] = validation.weights
    with warnings.catch_warnings(), show_progress() as on_progress:
        warnings.simplefilter("ignore")  # the summary says the same
        try:
            model.fit(
                train.X,
                train.y,
                train.weights,
                groups=groups,
                **held_out,
                on_progress=on_progress,
            )
        except ValueError as error:
            if isinstance(error, ChainruleError) or model.scoring == "loss":
                raise
            raise OptionError(
                f"--scoring {model.scoring} does not suit this target ({str(error).rstrip('.')}). "
                "Choose another, or loss."
            ) from None


def _test(talk: Talk, model: Any, rows: Rows, parts: Split, test: Rows) -> dict[str, Any]:
    if not len(test):
        return {}
    from chainrule.judging.evaluation import MOST_ROWS, evaluate, measure_of, score_baselines

    scores = evaluate(model, test.X, test.y, test.weights, rows.targets)
    learning = rows.take(np.concatenate([parts.train, parts.validation]))
    if len(learning) > MANY_ROWS:
        print("fitting three baselines to compare with", file=sys.stderr)
    baselines = score_baselines(
        model, (learning.X, learning.y, learning.weights), (test.X, test.y, test.weights)
    )
    measure = measure_of(model)
    talk.say("Test", summary.describe_test(measure, scores, baselines))
    if len(learning) > MOST_ROWS:
        talk.say("", f"the baselines learnt from {MOST_ROWS} of the {len(learning)} rows")
    return {"measure": measure, "test": scores, "baselines": baselines}
