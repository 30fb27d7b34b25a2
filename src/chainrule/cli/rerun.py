"""`chainrule rerun`: train again as a run was trained, and say whether it came out the same."""

from __future__ import annotations

import json as json_format
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.cli.asked import ask
from chainrule.cli.fit import fit_run
from chainrule.cli.new_rows import load_for_rows
from chainrule.cli.talk import Talk
from chainrule.errors import DataError, OptionError
from chainrule.runs.folder import (
    CONFIG,
    MODEL,
    find_model,
    hash_bytes,
    read_manifest,
    versions_in_use,
)


def run_rerun(run: Path, table: str | None, out: Path | None, json: bool) -> int:
    """Carry out the command; the exit code is 1 if the new run is another.

    Raises
    ------
    OptionError, MissingFileError
        If the run is none, or does not say how it was fitted.
    DataError
        If the table is another one now.
    """
    find_model(run)
    manifest = read_manifest(run)
    if not (run / CONFIG).is_file():
        raise OptionError(f"{run} holds no {CONFIG}, so that its options are not known. Fit again.")
    typed: dict[str, Any] = {"config": str(run), "json": False}
    typed |= {} if out is None else {"out": str(out)}
    source = table or manifest.get("table")
    if source == "-" and table is None:
        raise OptionError(f"the table of {run} came from standard input. Give it by --table.")
    path = Path(str(source)).expanduser()
    if path.is_file() and hash_bytes(path.read_bytes()) != manifest.get("data_hash"):
        raise _other_table(run, path)
    asked = ask(typed | ({} if source is None else {"table": source}))
    talk = Talk(json)
    code, again = fit_run(replace(asked, values=asked.values | {"json": False}), talk)
    now = read_manifest(again)
    if now.get("data_hash") != manifest.get("data_hash"):
        raise _other_table(run, source)
    difference, what = _difference(load_for_rows(run / MODEL), load_for_rows(again / MODEL))
    versions = _other_versions(manifest.get("versions") or {})
    told = {
        "run": str(run),
        "again": str(again),
        "equal": what == "",
        "largest_difference": difference,
        "other_versions": versions,
    }
    if what == "":
        talk.say("Equal", f"{again} is {run} to the last bit: weights, history, calibration")
    else:
        talk.say("Differs", f"{what}: by {difference:.2g} at most", *versions)
    if json:
        print(json_format.dumps(told, indent=2))
    return code or int(what != "")


def _other_table(run: Path, source: object) -> DataError:
    return DataError(
        f"{source} is not the table that {run} was fitted on (its hash differs). Give that table "
        "by --table, or fit anew."
    )


def _difference(one: Any, other: Any) -> tuple[float, str]:
    """Return the largest difference of two models, and of what it is; "" if there is none."""
    for what, arrays in (("weights", _weights), ("history", _history), ("calibration", _known)):
        pairs = list(zip(arrays(one), arrays(other), strict=False))
        if len(list(arrays(one))) != len(list(arrays(other))):
            return np.inf, what
        if any(a.shape != b.shape for a, b in pairs):
            return np.inf, what
        if not all(np.array_equal(a, b, equal_nan=True) for a, b in pairs):
            return float(max(np.nanmax(np.abs(a - b), initial=0) for a, b in pairs)), what
    return 0.0, ""


def _weights(model: Any) -> Iterator[np.ndarray]:
    for fitted in model.fitted_.networks:
        for layer in fitted.network.arrays:
            yield from layer.values()


def _history(model: Any) -> Iterator[np.ndarray]:
    yield from model.history_.values()


def _known(model: Any) -> Iterator[np.ndarray]:
    known = model.fitted_.calibration
    yield from () if known is None else map(np.asarray, vars(known).values())


def _other_versions(then: dict[str, str]) -> list[str]:
    """Return the versions that are others now."""
    now = versions_in_use()
    return [
        f"{name} was {then[name]}, is {now[name]}"
        for name in now
        if name in then and then[name] != now[name]
    ]
