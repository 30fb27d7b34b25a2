"""What `explain` and `check-gradients` look at: a run's model, or a small new one for a table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chainrule.cli.new_rows import load_for_rows, targets_of
from chainrule.cli.reading import read_asked, read_for_run
from chainrule.cli.roles import divide
from chainrule.data.rows.rows import Rows
from chainrule.data.target.values import guess_task
from chainrule.errors import MissingFileError, OptionError
from chainrule.runs.folder import find_model, read_manifest
from chainrule.wording import did_you_mean

ENDING = ".chr"
HIDDEN, ACTIVATION, RATE, SEED = "2", "sigmoid", 0.1, 0


@dataclass(frozen=True)
class NewNetwork:
    """What the options say of a new network; None where nothing was said."""

    hidden: str | None = None
    activation: str | None = None
    seed: int | None = None
    rate: float | None = None
    task: str | None = None


@dataclass(frozen=True)
class Looked:
    """A model that can be asked, rows of a table, and what the two are called."""

    model: Any
    rows: Rows
    name: str
    table: str


def look_at(
    what: str,
    table: str | None,
    targets: list[str] | None,
    reading: dict[str, Any],
    new: NewNetwork,
) -> Looked:
    """Return the model and the rows of its table.

    Raises
    ------
    OptionError, MissingFileError, DataError
        If run, table, target or an option cannot be used.
    """
    path = Path(what)
    if (path.is_dir() and not what.endswith(ENDING)) or path.suffix == ENDING:
        return _of_run(path, table, targets, reading, new)
    if table is not None:
        raise OptionError(f"--table is for a run, but {what} is a table itself. Leave it out.")
    return _of_table(what, targets, reading, new)


def _of_run(
    run: Path,
    table: str | None,
    targets: list[str] | None,
    reading: dict[str, Any],
    new: NewNetwork,
) -> Looked:
    given = [name for name, value in vars(new).items() if value is not None]
    if given:
        raise OptionError(
            f"--{given[0]} is for a new network on a table, but {run} holds a trained one. "
            "Leave it out."
        )
    model = load_for_rows(find_model(run))
    manifest = read_manifest(run) if run.is_dir() else {}
    wanted = targets or targets_of(run)
    source = table or manifest.get("table")
    if wanted is None or source is None:
        raise OptionError(
            f"{run} does not say which table it was trained on. Give --table TABLE --target COLUMN."
        )
    if table is None and source == "-":
        raise OptionError(f"the table of {run} came from standard input. Give --table TABLE.")
    try:
        read = read_for_run(run, source, reading, model.fitted_.encoder.schema if table else None)
    except MissingFileError as error:
        if table is not None:
            raise
        raise MissingFileError(
            "the table of {}: {} Or give it by --table.", run, error.text
        ) from None
    inputs = model.fitted_.encoder.feature_names_in
    others = [name for name in wanted if name in (inputs or [])]
    if others:
        raise OptionError(f'"{others[0]}" is an input of {run}, not its target. Leave it out.')
    return Looked(model, divide(read, wanted), str(run), source)


def _of_table(
    table: str, targets: list[str] | None, reading: dict[str, Any], new: NewNetwork
) -> Looked:
    from chainrule.models.initial import at_start  # JAX, once the table is read

    read = read_asked(table, reading)
    if not targets:
        raise OptionError(
            f"{table} is a table, and which column is to be learnt is not said. "
            f"Give --target COLUMN, such as --target {read.frame.columns[-1]}."
        )
    rows = divide(read, targets)
    model = at_start(_new_model(rows, new), rows, rows.y)
    return Looked(model, rows, table, table)


def _new_model(rows: Rows, new: NewNetwork) -> Any:
    from chainrule.engine.layers import ACTIVATIONS  # as above
    from chainrule.models.mlp import MLPClassifier, MLPRegressor

    task = new.task or guess_task(rows.y, ", ".join(rows.names))[0]
    if task not in ("classification", "regression"):
        raise OptionError(f"--task {task} is not known. Choose classification or regression.")
    activation = new.activation or ACTIVATION
    if activation not in ACTIVATIONS:
        hint = did_you_mean(activation, ACTIVATIONS) or "."
        raise OptionError(
            f'--activation "{activation}" is not known{hint} '
            f"Choose one of {', '.join(ACTIVATIONS)}."
        )
    kind = MLPClassifier if task == "classification" else MLPRegressor
    return kind(
        _sizes(HIDDEN if new.hidden is None else new.hidden),
        activation,
        solver="gradient-descent",
        learning_rate_init=RATE if new.rate is None else new.rate,
        random_state=SEED if new.seed is None else new.seed,
        dtype="float64",
    )


def _sizes(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.replace(",", " ").split())
    except ValueError:
        raise OptionError(
            f'--hidden cannot be "{text}"; expected whole numbers such as "4" or "4,3".'
        ) from None
