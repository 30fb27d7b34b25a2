"""`chainrule doctor`: what is wrong with a training, in words, with evidence and remedy."""

from __future__ import annotations

import json as json_format
import textwrap
import warnings
from pathlib import Path
from typing import Any

from chainrule.cli.looked_at import NewNetwork, look_at
from chainrule.cli.talk import SHELL, show
from chainrule.errors import OptionError
from chainrule.runs.folder import MODEL
from chainrule.wording import count

WIDTH = 92
INDENT = "   "


def run_doctor(
    run: Path,
    table: str | None,
    targets: list[str] | None,
    reading: dict[str, Any],
    sanity: bool,
    json: bool,
) -> int:
    """Carry out the command; the exit code is 1 if something should be mended."""
    if not run.is_dir() and run.suffix != Path(MODEL).suffix:
        raise OptionError(
            f"{run} is no run folder and no model file. Train first: `chainrule fit TABLE "
            "--target COLUMN`, then give the folder that it names."
        )
    looked = look_at(str(run), table, targets, reading, NewNetwork())
    model: Any = looked.model
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the findings say the same
        diagnosis = model.diagnose(looked.rows, looked.rows.y, sanity=sanity).at(SHELL)
    if json:
        told = {"run": str(run), "table": looked.table, **diagnosis.to_dict()}
        print(json_format.dumps(told, indent=2))
        return 0 if diagnosis.healthy else 1
    n_rows = count(len(looked.rows), "row")
    show(f"{run} on {looked.table} ({n_rows}, counted from 0)")
    if not len(diagnosis):
        print(f"Nothing found. Looked at: {', '.join(diagnosis.looked_at)}.")
    for number, finding in enumerate(diagnosis, start=1):
        mark = "" if finding.severity == "warning" else " (a note)"
        print(f"\n{number}. {finding.kind}{mark}")
        for label, text in (
            ("seen", finding.evidence),
            ("why", finding.cause),
            ("do", finding.remedy),
        ):
            start = f"{INDENT}{label:<6}"
            show(textwrap.fill(text, WIDTH, initial_indent=start, subsequent_indent=" " * 9))
    for test in diagnosis.tests:
        print(f"\n{'passed' if test.passed else 'FAILED'}   {test.name}")
        print(
            textwrap.fill(test.evidence, WIDTH, initial_indent=" " * 9, subsequent_indent=" " * 9)
        )
    return 0 if diagnosis.healthy else 1
