"""What runs there are: whole ones, those that run, and those that were ended too soon."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.errors import ModelFileError
from chainrule.runs.folder import CONFIG, HISTORY, MANIFEST, MODEL, read_manifest
from chainrule.runs.unfinished import holds_trainings, is_running, read_started
from chainrule.writing import UNFINISHED

WHOLE, RUNNING, STOPPED, ENDED, DAMAGED = "whole", "running", "stopped", "not finished", "damaged"


@dataclass(frozen=True)
class Listed:
    """A run in a few words.

    `state` is "whole", "running", "stopped" (by hand: whole, and can go on), "not finished" (can go
    on), or "damaged"; `kept` says whether an unfinished one has trained anything that is kept.
    """

    run: Path
    state: str
    kept: bool = False
    date: str = ""
    table: str = ""
    target: str = ""
    model: str = ""
    measure: str = ""
    score: float | None = None
    seconds: float | None = None

    def to_dict(self) -> dict[str, Any]:
        return vars(self) | {"run": str(self.run)}


def list_runs(folder: Path) -> Iterator[Listed]:
    """Yield the runs in a folder, the oldest name first."""
    for run in sorted(path for path in folder.iterdir() if path.is_dir()):
        listed = _listed(run)
        if listed is not None:
            yield listed


def _listed(run: Path) -> Listed | None:
    started, whole = read_started(run), (run / MANIFEST).is_file()
    if is_running(run):
        return _of_started(run, RUNNING, started)
    if whole:
        try:
            return _of_manifest(run, STOPPED if started else WHOLE, read_manifest(run))
        except ModelFileError:
            return Listed(run, DAMAGED)
    if started is not None:
        return _of_started(run, ENDED, started)
    left = (run / CONFIG).is_file() or (run / MODEL).is_file()
    return Listed(run, DAMAGED, kept=(run / MODEL).is_file()) if left else None


def _of_started(run: Path, state: str, started: Any) -> Listed:
    kept = holds_trainings(run) or (run / MODEL).is_file()
    if started is None:
        return Listed(run, state, kept)
    date = started.dates[-1] if started.dates else ""
    return Listed(run, state, kept, date, started.table, _names(started.target))


def _of_manifest(run: Path, state: str, manifest: dict[str, Any]) -> Listed:
    results = manifest.get("results") or {}
    measure = results.get("measure", "")
    return Listed(
        run,
        state,
        True,
        manifest.get("date", ""),
        manifest.get("table") or "",
        _names(manifest["target"]),
        results.get("model", "").partition(":")[0].partition(",")[0],
        measure,
        (results.get("test") or {}).get(measure),
        (results.get("seconds") or {}).get("fit"),
    )


def _names(target: str | list[str]) -> str:
    return target if isinstance(target, str) else ", ".join(target)


def clean(folder: Path) -> Iterator[Path]:
    """Remove what nobody misses, and yield it.

    That are runs that were ended before anything was trained that is kept, and files that were
    being written when a process was ended.
    """
    for listed in list(list_runs(folder)):
        if listed.state == ENDED and not listed.kept:
            shutil.rmtree(listed.run, ignore_errors=True)
            yield listed.run
        elif listed.state != RUNNING:
            for path in listed.run.rglob(f"{UNFINISHED}*"):
                path.unlink(missing_ok=True)
                yield path


def read_history(run: Path) -> dict[str, np.ndarray]:
    """Return the columns of a run's history; what was not measured is NaN.

    Raises
    ------
    ModelFileError
        If it is damaged, or not there.
    """
    try:
        with (run / HISTORY).open(newline="", encoding="utf-8") as file:
            names, *rows = csv.reader(file)
        table = np.array([[float(cell or "nan") for cell in row] for row in rows], float)
        return dict(zip(names, table.reshape(len(rows), len(names)).T, strict=True))
    except (OSError, ValueError) as error:
        raise ModelFileError(
            f"{run / HISTORY} cannot be read ({str(error)[:200]}). Leave {run} out, or fit again."
        ) from None
