"""A run folder: what a fit leaves behind; its name is taken before the training begins.

    model.chr   history.csv   config.toml   manifest.json   figures/*.svg, *.png   report.html

The model is written first, the manifest next: with it the run is whole, and only then figures and
report are drawn, so that no fault of theirs costs a training.
"""

import csv
import hashlib
import itertools
import json
import platform
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.errors import MissingFileError, ModelFileError, OptionError
from chainrule.runs.manifest import check_manifest
from chainrule.runs.unfinished import holds_trainings, read_started
from chainrule.wording import quoted
from chainrule.writing import written_whole

MODEL, HISTORY, CONFIG = "model.chr", "history.csv", "config.toml"
MANIFEST, FIGURES, REPORT = "manifest.json", "figures", "report.html"
LONGEST_NAME = 200  # bytes of a table's name that stand in that of its run
ROOM = 2_000_000  # bytes that a place must have


def refuse_existing(folder: Path) -> None:
    """Raise an OptionError if the folder that a run is to become is there already."""
    if folder.exists():
        raise OptionError(
            f"{folder} exists already. Choose another folder with --out, or remove it."
        )


@contextmanager
def new_run_folder(base: Path, name: str, exact: Path | None = None) -> Iterator[Path]:
    """Make the folder of a run, and yield it for the training to begin and the folder to be filled.

    Whoever makes a folder has its name, so that any number of processes may ask at once.  An error
    takes the folder away again, unless it holds a model or trainings by then.

    Parameters
    ----------
    base, name
        The folder becomes `base`/`name`-1, or the next number that is free.
    exact
        The folder to make instead, which must not exist.

    Raises
    ------
    OptionError
        If `exact` exists, or the place cannot be written to or has no room.
    """
    base = exact.parent if exact is not None else base
    try:
        base.mkdir(parents=True, exist_ok=True)
        folder = _made(base, name) if exact is None else _made_there(exact)
    except OSError as error:
        raise OptionError(
            f"no run folder can be made in {base} ({error.strerror}). Choose another with --out."
        ) from None
    try:
        _refuse_without_room(folder)
        yield folder
    except BaseException:
        if not (folder / MODEL).exists() and not holds_trainings(folder):
            shutil.rmtree(folder, ignore_errors=True)
        raise


def _made(base: Path, name: str) -> Path:
    short = name.encode()[:LONGEST_NAME].decode(errors="ignore")
    for number in itertools.count(1):
        with suppress(FileExistsError):
            (base / f"{short}-{number}").mkdir()
            return base / f"{short}-{number}"
    raise AssertionError


def _made_there(folder: Path) -> Path:
    try:
        folder.mkdir()
    except FileExistsError:
        refuse_existing(folder)
        raise
    return folder


def _refuse_without_room(folder: Path) -> None:
    """Write and remove some megabytes, so that a full place is known before training, not after."""
    trial = folder / "room"
    try:
        trial.write_bytes(bytes(ROOM))
    except OSError as error:
        raise OptionError(
            f"{folder.parent} has no room for a run ({error.strerror}). Make some, or choose "
            "another folder with --out."
        ) from None
    finally:
        trial.unlink(missing_ok=True)


def write_history(path: Path, history: Mapping[str, np.ndarray]) -> None:
    """Write the history as CSV, a row for each epoch; what was not measured stays empty."""
    with written_whole(path) as unfinished, unfinished.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(history)
        for row in zip(*(column.tolist() for column in history.values()), strict=True):
            writer.writerow("" if value != value else value for value in row)


def write_manifest(path: Path, facts: Mapping[str, Any]) -> None:
    """Write the manifest: `facts`, and the versions that produced them."""
    whole = {**facts, "versions": versions_in_use()}
    with written_whole(path) as unfinished:
        unfinished.write_text(json.dumps(whole, indent=2, default=str) + "\n", encoding="utf-8")


def versions_in_use() -> dict[str, str]:
    """Return the versions of Python and of the packages that results depend on."""
    packages = ("chainrule", "jax", "jaxlib", "numpy", "scikit-learn", "polars")
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}


def read_manifest(run: Path) -> dict[str, Any]:
    """Return the manifest of a run folder.

    Raises
    ------
    MissingFileError
        If `run` is no run folder.
    ModelFileError
        If the manifest is damaged.
    """
    path = run / MANIFEST
    there = (run / MODEL).is_file()
    if not path.is_file() and read_started(run) is not None:
        own = f" Its model is whole: {run / MODEL}." if there else ""
        raise MissingFileError(
            f"{run} is not finished: its fit was ended, or still runs.{own} To go on with it: "
            f"chainrule fit --resume {quoted(run)}"
        )
    if not path.is_file() and there:
        raise MissingFileError(
            f"{run} is no whole run: it holds no {MANIFEST}. Its model is whole: {run / MODEL}. "
            "Give that."
        )
    if not path.is_file():
        raise MissingFileError(
            f"{run} is no run folder: it holds no {MANIFEST}. Give the folder that `fit` wrote."
        )
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        check_manifest(told)
    except (ValueError, RecursionError) as error:
        what = error if isinstance(error, ModelFileError) else "is damaged"
        raise ModelFileError(
            f"{path} {what}. Fit again, or use its model alone: {run / MODEL}."
        ) from None
    return told


def find_model(run: Path) -> Path:
    """Return the model file meant by a run folder or by the file itself."""
    if run.is_dir():
        read_manifest(run)
        return run / MODEL
    if not run.exists():
        known = sorted(str(p.parent) for p in Path("runs").glob(f"*/{MANIFEST}"))
        hint = f" Runs here: {', '.join(known[-5:])}." if known else " Run `chainrule fit` first."
        raise MissingFileError(f"there is no run {run}.{hint}")
    return run


def hash_bytes(data: bytes) -> str:
    """Return the SHA-256 of the data, as the manifest records it."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def hash_table(table: str, frame: Any) -> str:
    """Return the digest of a table: of its file, or of what was read from elsewhere."""
    path = Path(table).expanduser()
    if not path.is_file():
        return hash_bytes(frame.write_csv().encode())
    with path.open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
