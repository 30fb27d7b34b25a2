"""`chainrule fit`: read, understand, split, train, test, write the run folder."""

import json as json_format
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.cli.talk import Talk, show_progress
from chainrule.data import (
    DATASETS,
    ClassTarget,
    Schema,
    guess_task,
    infer_schema,
    read_table,
    require_column,
    split_rows,
)
from chainrule.data.wording import count
from chainrule.errors import ChainruleWarning, OptionError
from chainrule.report.run_folder import (
    FIGURES,
    HISTORY,
    MANIFEST,
    MODEL,
    hash_bytes,
    new_run_folder,
    write_history,
    write_manifest,
)


def run_fit(
    *,
    table: str,
    target: str,
    task: str,
    split: str,
    groups: str | None,
    test: float,
    validation: float,
    separator: str | None,
    seed: int,
    out: Path | None,
    figures: bool,
    json: bool,
    **options: Any,
) -> int:
    """Carry out the command and return its exit code; the options are those of the shell."""
    talk = Talk(json)
    frame = read_table(table, separator=separator)
    target = require_column(frame.columns, target)
    talk.say("Table", f"{table}: {frame.height} rows, {frame.width} columns")
    y = frame[target]
    task, reason = (task, "as asked") if task != "auto" else guess_task(y, target)
    model = _build_model(task, seed, options)
    model._check_parameters()
    talk.say("Target", f"{target}: {task} ({reason})")
    if task == "classification":
        ClassTarget.fit(y, name=target)  # refuses what no split could mend
    X, group_ids = frame.drop(target), None
    if groups is not None:
        if split not in ("stratified", "groups"):
            raise OptionError(f"--groups keeps groups whole; it excludes --split {split}.")
        groups = require_column(X.columns, groups)
        group_ids = X[groups].to_numpy()
        X, split = X.drop(groups), "groups"
    elif split == "groups":
        raise OptionError("--split groups needs --groups COLUMN, which says what belongs together.")
    parts = split_rows(
        frame.height,
        y=y if task == "classification" else None,
        kind=split,
        groups=group_ids,
        test=_share_or_number(test),
        validation=_share_or_number(validation),
        seed=seed,
    )
    if out is not None and out.exists():
        raise OptionError(f"{out} exists already. Choose another folder with --out, or remove it.")

    names = {"category": model.category, "number": model.number, "drop": model.drop}
    schema = infer_schema(X, **names)  # of the whole table: an ID shows in its order
    model.drop = (*model.drop, *(column.name for column in schema.of_kind("identifier")))
    talk.say("Columns", *schema.describe())
    rows = X[parts.train]
    own = infer_schema(rows, **{**names, "drop": model.drop})
    if _uses(own) != _uses(schema):
        talk.say("", "of these, in the training rows:", *own.describe())
    talk.say("Split", parts.description)
    held_out = {}
    if len(parts.validation):
        held_out = {"X_val": X[parts.validation], "y_val": y[parts.validation]}
    with warnings.catch_warnings(), show_progress() as on_progress:
        warnings.simplefilter("ignore", ChainruleWarning)  # the summary says the same
        model.fit(
            rows,
            y[parts.train],
            **held_out,
            on_progress=on_progress,
        )
    talk.say("Network", _describe_network(model))
    talk.say("Training", _describe_training(model))

    results: dict[str, Any] = {"target": target, "task": task, "network": _describe_network(model)}
    if len(parts.test):
        results |= _test(talk, model, X, y, parts)
    stem = table if table in DATASETS else "stdin" if table == "-" else Path(table).stem
    with new_run_folder(Path("runs"), stem, exact=out) as (folder, final):
        model.save(folder / MODEL)
        write_history(folder / HISTORY, model.history_)
        if figures:
            (folder / FIGURES).mkdir()
            _draw(folder / FIGURES, model, results, X, y, parts, target)
        write_manifest(
            folder / MANIFEST,
            {
                "command": ["chainrule", *sys.argv[1:]],
                "table": table,
                "data_hash": _hash_table(table, frame),
                "target": target,
                "task": task,
                "seed": seed,
                "split": {"description": parts.description, "kind": split, "groups": groups},
                "columns": [[c.name, c.kind, c.note] for c in schema.columns],
                "parameters": model.get_params(deep=False),
                "epochs": model.n_iter_,
                "best_epoch": model.best_iter_,
                "stop": model.stop_message_,
                "results": results,
            },
        )
    talk.say("Saved", f"{final}/  {_contents(figures)}")
    talk.say("Next", f"chainrule predict {final} NEW_TABLE -o predictions.csv")
    if json:
        print(json_format.dumps({"run": str(final), **results}, indent=2))
    return 1 if model.stop_ == "diverged" else 0


def _build_model(task: str, seed: int, options: dict[str, Any]) -> Any:
    from chainrule.models.mlp import MLPClassifier, MLPRegressor

    kinds = {"classification": MLPClassifier, "regression": MLPRegressor}
    if task not in kinds:
        raise OptionError(f"--task {task} is not known. Choose auto, classification or regression.")
    batch = options["batch"]
    names = [name.strip() for name in options["activation"].split(",")]
    return kinds[task](
        _whole_numbers(options["hidden"]),
        names[0] if len(names) == 1 else tuple(names),
        learning_rate_init=options["rate"],
        alpha=options["penalty"],
        dropout=options["dropout"],
        max_iter=options["epochs"],
        batch_size=int(batch) if batch.lstrip("-").isdigit() else batch,
        n_iter_no_change=options["patience"],
        time_limit=options["time"],
        random_state=seed,
        category=tuple(options["category"] or ()),
        number=tuple(options["number"] or ()),
        drop=tuple(options["drop"] or ()),
    )


def _uses(schema: Schema) -> list[tuple[Any, ...]]:
    """Return what of a schema shapes the network: columns in use, flags for gaps, categories."""
    used = [column for column in schema.columns if column.used]
    return [(column.name, bool(column.n_gaps), len(column.levels)) for column in used]


def _whole_numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.replace(" ", ",").split(",") if part)
    except ValueError:
        raise OptionError(
            f'--hidden "{text}" is no list of whole numbers. Give sizes such as "64,32".'
        ) from None


def _share_or_number(value: float) -> float | int:
    return int(value) if value >= 1 and float(value).is_integer() else value


def _describe_network(model: Any) -> str:
    sizes = [str(model.coefs_[0].shape[0])]
    names = [layer.name for layer in model.network_.layers if hasattr(layer, "name")]
    hidden = [str(weights.shape[1]) for weights in model.coefs_[:-1]]
    sizes += [f"{size} {name}" for size, name in zip(hidden, names, strict=True)]
    sizes.append(str(model.coefs_[-1].shape[1]))
    n_weights = sum(w.size for w in [*model.coefs_, *model.intercepts_])
    objective = type(model._objective(model.coefs_[-1].shape[1])).__name__
    spaced = "".join(f" {c.lower()}" if c.isupper() else c for c in objective).strip()
    return f"{' → '.join(sizes)} · {n_weights} weights · {spaced} · {model.solver} · {model.dtype}"


def _describe_training(model: Any) -> str:
    compiling = model.compile_seconds_
    return (
        f"{count(model.n_iter_, 'epoch')} ({model.stop_message_}); "
        f"weights of epoch {model.best_iter_} kept; {model.fit_seconds_:.1f} s"
        + (f", and {compiling:.1f} s to compile" if compiling > 0.5 else "")
    )


def _test(talk: Talk, model: Any, X: Any, y: Any, parts: Any) -> dict[str, Any]:
    from chainrule.models.evaluation import evaluate, score_baselines

    train = np.concatenate([parts.train, parts.validation])
    scores = evaluate(model, X[parts.test], y[parts.test])
    baselines = score_baselines(model, (X[train], y[train]), (X[parts.test], y[parts.test]))
    measure = "accuracy" if model._classifies else "r2"
    name = "accuracy" if model._classifies else "R²"
    beside = " · ".join(f"{label} {score:.3f}" for label, score in baselines.items())
    talk.say("Test", f"{name} {scores[measure]:.3f} on {scores['rows']} rows · {beside}")
    return {"test": scores, "baselines": baselines}


def _draw(
    folder: Path, model: Any, results: dict[str, Any], X: Any, y: Any, parts: Any, target: str
) -> None:
    from chainrule.report.curves import learning_curves
    from chainrule.report.predictions import confusion_figure, scatter_figure
    from chainrule.report.style import save_figure

    validated = "val_loss" in model.history_
    figure = learning_curves(model.history_, model.best_iter_ if validated else None)
    save_figure(figure, folder, "learning_curves")
    if "test" not in results:
        return
    if model._classifies:
        test = results["test"]
        figure = confusion_figure(np.asarray(test["confusion"]), test["classes"])
        save_figure(figure, folder, "confusion_matrix")
    else:
        true = y[parts.test].to_numpy().astype(float)
        figure = scatter_figure(true, model.predict(X[parts.test]), target)
        save_figure(figure, folder, "predicted_against_true")


def _hash_table(table: str, frame: Any) -> str:
    path = Path(table)
    return hash_bytes(path.read_bytes() if path.is_file() else frame.write_csv().encode())


def _contents(figures: bool) -> str:
    return " · ".join([MODEL, HISTORY, MANIFEST, *([f"{FIGURES}/"] if figures else [])])
