"""`chainrule compare`: the settings in which runs differ, their scores, their curves."""

from __future__ import annotations

import json as json_format
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chainrule.cli.config import read_config
from chainrule.cli.options import OPTIONS
from chainrule.cli.summary import MEASURES, number
from chainrule.cli.talk import Talk, columns, draw
from chainrule.errors import MissingFileError, OptionError
from chainrule.runs.folder import CONFIG, find_model, read_manifest
from chainrule.runs.listing import read_history

OF_ROWS = ("split", "groups", "test", "seed", "weight", "target")  # which rows are for testing
OF_THE_CALL = ("resume", "figures", "report", "baselines", "checkpoint")


def run_compare(runs: Sequence[Path], figure: Path | None, json: bool) -> None:
    """Carry out the command.

    Raises
    ------
    OptionError
        If there are fewer than two runs, or the figure has no folder.
    MissingFileError
        If a run is none.
    """
    if len(runs) < 2:
        raise OptionError("compare needs two runs or more. Give their folders.")
    if figure is not None and not figure.parent.is_dir():
        raise OptionError(f"there is no folder {figure.parent} for {figure}. Make it first.")
    for run in runs:
        find_model(run)
    manifests = {str(run): read_manifest(run) for run in runs}
    settings = _settings(runs)
    told = [_told(run, manifests[run], settings[run]) for run in manifests]
    notes = _notes(list(manifests.values()), any(name in told[0]["settings"] for name in OF_ROWS))
    if json:
        print(json_format.dumps({"runs": told, "notes": notes}, indent=2))
    else:
        _print(told, notes)
    if figure is not None:
        _draw(manifests, figure)


def _settings(runs: Sequence[Path]) -> dict[str, dict[str, Any]]:
    """Return the options in which runs differ, of each."""
    values = {}
    for run in runs:
        if not (run / CONFIG).is_file():
            raise MissingFileError(f"{run} holds no {CONFIG}. Leave it out, or fit again.")
        defaults = {option.name: option.default for option in OPTIONS if option.recorded}
        values[str(run)] = defaults | read_config(run)
    names = [o.name for o in OPTIONS if o.recorded and o.name not in OF_THE_CALL]
    differing = [
        name for name in names if len({repr(each.get(name)) for each in values.values()}) > 1
    ]
    return {run: {name: each.get(name) for name in differing} for run, each in values.items()}


def _told(run: str, manifest: Mapping[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    results = manifest.get("results") or {}
    test, measure = results.get("test") or {}, results.get("measure", "")
    return {
        "run": run,
        "settings": settings,
        "network": results.get("network", ""),
        "measure": measure,
        "score": test.get(measure),
        "interval": test.get("interval"),
        "test_rows": test.get("rows"),
        "epochs": results.get("epochs"),
        "seconds": (results.get("seconds") or {}).get("fit"),
    }


def _notes(each: list[Mapping[str, Any]], divided_otherwise: bool) -> list[str]:
    """Return what makes scores hard to compare."""
    notes = []
    if len({m.get("data_hash") for m in each}) > 1:
        notes.append("their tables differ (by their hashes): the scores are of other rows")
    elif divided_otherwise:
        notes.append("their rows were divided otherwise: the scores are of other rows")
    if len({str(m.get("target")) for m in each}) > 1:
        notes.append("their targets differ")
    if len({str(m.get("versions")) for m in each}) > 1:
        notes.append("they were fitted by other versions, see manifest.json")
    return notes


def _print(told: list[dict[str, Any]], notes: list[str]) -> None:
    names = list(told[0]["settings"])
    rows = [["", *(each["run"] for each in told)]]
    rows += [[f"--{name}", *(_words(each["settings"][name]) for each in told)] for name in names]
    rows.append(["network", *(each["network"].partition(" · ")[0] for each in told)])
    rows.append(["test", *map(_score, told)])
    rows.append(["epochs", *(str(each["epochs"]) for each in told)])
    rows.append(["seconds", *(number(each["seconds"], ".1f") for each in told)])
    draw(columns(rows))
    talk = Talk()
    if any(each["interval"] for each in told):
        notes = ["(…): where the score lies for 95 of 100 such sets of test rows, about", *notes]
    if not names:
        notes = ["no setting differs", *notes]
    talk.say("Notes", *notes)


def _score(told: Mapping[str, Any]) -> str:
    if not told["measure"]:
        return "–"
    score = f"{MEASURES.get(told['measure'], told['measure'])} {number(told['score'])}"
    if told["interval"]:
        low, high = told["interval"]
        score += f" ({number(low)} to {number(high)})"
    return score


def _words(value: Any) -> str:
    if value is None or value == ():
        return "–"
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _draw(manifests: Mapping[str, Mapping[str, Any]], figure: Path) -> None:
    from chainrule.report.curves import curves_of_runs  # only where a figure is asked for
    from chainrule.report.style import save_figure

    histories = {run: read_history(Path(run)) for run in manifests}
    save_figure(curves_of_runs(histories), figure.parent, figure.stem)
