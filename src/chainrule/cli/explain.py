"""`chainrule explain`: one row's way through the network and back, worked out as on a board."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chainrule.cli.looked_at import Looked, NewNetwork, look_at
from chainrule.cli.talk import show
from chainrule.errors import OptionError
from chainrule.wording import count
from chainrule.writing import written_whole

FORMATS = ("text", "latex", "html")


def run_explain(
    what: str,
    row: int,
    weight: str | None,
    format_: str,
    show_all: bool,
    out: Path | None,
    table: str | None,
    targets: list[str] | None,
    reading: dict[str, Any],
    new: NewNetwork,
) -> None:
    """Carry out the command."""
    if format_ not in FORMATS:
        raise OptionError(f"--format {format_} is not known. Choose one of {', '.join(FORMATS)}.")
    looked = look_at(what, table, targets, reading, new)
    n_rows = len(looked.rows)
    if not 0 <= row < n_rows:
        raise OptionError(
            f"--row {row} is not there: {looked.table} has {count(n_rows, 'row')}, which count "
            f"from 0 to {n_rows - 1}."
        )
    model: Any = looked.model
    told = model.explain(
        looked.rows,
        looked.rows.y,
        row,
        weight=weight,
        show_all=show_all,
        title=_title(looked, row),
    )
    text = told.in_format(format_)
    if out is None:
        show(text.rstrip("\n"))
        return
    if not out.parent.is_dir():
        raise OptionError(f"there is no folder {out.parent} for --out {out}. Make it first.")
    with written_whole(out) as unfinished:
        unfinished.write_text(text.rstrip("\n") + "\n", encoding="utf-8")


def _title(looked: Looked, row: int) -> str:
    table = looked.table
    if looked.name != table:
        return f"{looked.name} on row {row} of {table}"
    return f"Row {row} of {table}, and a new network"
