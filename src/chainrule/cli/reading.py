"""Tables as the options of a command say that they are read, and as a run has read its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chainrule.cli.config import read_config
from chainrule.cli.options import READS
from chainrule.cli.talk import SHELL, Talk
from chainrule.data.columns.schema import Schema
from chainrule.data.reading.options import Reading
from chainrule.data.reading.table import Table, read
from chainrule.runs.folder import CONFIG

OF_CELLS = ("decimal", "date_format", "missing")  # options that go with a model to other tables


def read_asked(source: str, said: Mapping[str, Any], texts: Sequence[str] = ()) -> Table:
    """Read a table; `said` holds the options by their names in Python, `texts` stay text."""
    known = {option.key: said[option.key] for option in READS}
    return read(source, Reading(**_given(known), texts=texts))


def read_for_run(
    run: Path,
    source: str,
    said: Mapping[str, Any],
    schema: Schema | None = None,
    **more: Any,
) -> Table:
    """Read a table for a run: its own as the fit did, new rows as the cells of its own are written.

    Parameters
    ----------
    run : Path
        Run folder, or a model file, which keeps no options.
    source, said, more
        As `read_asked` has them; what is said here wins.
    schema : Schema, optional
        The columns that the model knows; for new rows.
    """
    recorded: dict[str, Any] = {}
    if (run / CONFIG).is_file():
        values = read_config(run / CONFIG)
        recorded = {option.key: values.get(option.name) for option in READS}
        recorded["texts"] = values.get("category", ())
    if schema is not None:
        recorded = {name: recorded[name] for name in OF_CELLS if name in recorded}
        recorded |= {
            "spellings": {c.name: c.spelling for c in schema.columns if c.spelling is not None},
            "plain": [c.name for c in schema.of_kind("number") if c.spelling is None],
            "texts": [c.name for kind in ("category", "identifier") for c in schema.of_kind(kind)],
        }
    return read(source, Reading(**_given(recorded) | _given(said)), **more)


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None and value != ()}


def say_reading(talk: Talk, table: Table) -> None:
    """Say how a table was read, a line for each finding."""
    findings = [finding.at(SHELL) for finding in table.findings]
    talk.say("Reading", *(f"{each.evidence} {each.remedy}" for each in findings))
