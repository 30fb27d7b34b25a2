"""`chainrule runs`: what runs there are, which of them can go on, and what can be cleaned away."""

from __future__ import annotations

import json as json_format
from pathlib import Path

from chainrule.cli.summary import MEASURES, number
from chainrule.cli.talk import columns, draw, show
from chainrule.errors import MissingFileError
from chainrule.runs.listing import ENDED, STOPPED, Listed, clean, list_runs
from chainrule.wording import count, quoted


def run_runs(folder: Path, cleans: bool, json: bool) -> None:
    """Carry out the command.

    Raises
    ------
    MissingFileError
        If there is no such folder.
    """
    if not folder.is_dir():
        raise MissingFileError(f"there is no folder {folder} with runs. Run `chainrule fit` first.")
    removed = list(clean(folder)) if cleans else []
    runs = list(list_runs(folder))
    if json:
        told = {"runs": [run.to_dict() for run in runs], "removed": [str(path) for path in removed]}
        print(json_format.dumps(told, indent=2))
        return
    for path in removed:
        show(f"removed {path}")
    if not runs:
        show(f"no runs in {folder}")
        return
    rows = [["run", "state", "date", "table", "target", "model", "test", "seconds"]]
    draw(columns([*rows, *map(_row, runs)]))
    for run in runs:
        if run.state in (ENDED, STOPPED):
            show(f"to go on: chainrule fit --resume {quoted(run.run)}")
    empty = [run for run in runs if run.state == ENDED and not run.kept]
    if empty:
        show(f"{count(len(empty), 'run')} of which nothing is kept: chainrule runs --clean")


def _row(run: Listed) -> list[str]:
    score = f"{MEASURES.get(run.measure, run.measure)} {number(run.score)}" if run.measure else ""
    seconds = number(run.seconds, ".1f") if run.seconds is not None else ""
    date = run.date[:16].replace("T", " ")
    return [run.run.name, run.state, date, run.table, run.target, run.model, score, seconds]
