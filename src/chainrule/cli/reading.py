"""Tables as the options of a command say that they are read, and as a run has read its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from chainrule.cli.blocks import read_some, tables_of
from chainrule.cli.config import read_config
from chainrule.cli.options import READS
from chainrule.cli.talk import SHELL, Talk
from chainrule.data.columns.kinds import kind_of
from chainrule.data.columns.matching import match_names
from chainrule.data.columns.schema import Schema
from chainrule.data.reading.options import Reading
from chainrule.data.reading.table import Table
from chainrule.runs.folder import CONFIG

OF_CELLS = ("decimal", "date_format", "missing")  # options that go with a model to other tables
OF_COLUMNS = {"texts": "category", "numbers": "number"}  # what is asked for of columns


def read_asked(source: str, said: Mapping[str, Any]) -> Table:
    """Read a table; `said` holds the options by their names in Python, of columns if it has any."""
    known = {option.key: said[option.key] for option in READS}
    of_columns = {field: said.get(option, ()) for field, option in OF_COLUMNS.items()}
    return read_some(source, Reading(**_given(known), **of_columns))


def read_for_run(
    run: Path,
    source: str,
    said: Mapping[str, Any],
    schema: Schema | None = None,
    targets: Mapping[str, Sequence[str]] | None = None,
) -> Table:
    """Read a table for a run: its own as the fit did, new rows as the cells of its own are written.

    Parameters
    ----------
    run : Path
        Run folder, or a model file, which keeps no options.
    source, said
        As `read_asked` has them; what is said here wins.
    schema : Schema, optional
        The columns that the model knows; for new rows.
    targets : mapping, optional
        Which targets are `texts` and which `numbers`, if new rows have any.
    """
    reading = _reading_for_run(run, said, schema)
    for how, names in (targets or {}).items():
        reading = replace(reading, **{how: [*getattr(reading, how), *names]})
    table = read_some(source, reading)
    other = None if schema is None else _as_spelled(reading, schema, table)
    return table if other is None else read_some(source, other)


def read_new_rows(
    run: Path,
    source: str,
    said: Mapping[str, Any],
    schema: Schema,
    as_written: Sequence[str] | None = (),
) -> Iterator[Table]:
    """Read new rows as `read_for_run` does, in blocks; of an empty table one without rows."""
    reading = replace(_reading_for_run(run, said, schema), as_written=as_written)
    tables = tables_of(source, reading)
    first = next(tables)
    other = _as_spelled(reading, schema, first)
    if other is not None:
        tables = tables_of(source, other)
        first = next(tables)
    return chain([first], tables)


def _reading_for_run(run: Path, said: Mapping[str, Any], schema: Schema | None) -> Reading:
    recorded: dict[str, Any] = {}
    if (run / CONFIG).is_file():
        values = read_config(run / CONFIG)
        recorded = {option.key: values.get(option.name) for option in READS}
        recorded |= {field: values.get(option, ()) for field, option in OF_COLUMNS.items()}
    if schema is not None:
        recorded = {name: recorded[name] for name in OF_CELLS if name in recorded}
        recorded |= {
            "spellings": {c.name: c.spelling for c in schema.columns if c.spelling is not None},
            "plain": [c.name for c in schema.of_kind("number") if c.spelling is None],
            "texts": [c.name for c in schema.columns if kind_of(c).has_levels]
            + [c.name for c in schema.of_kind("identifier")],
        }
    return Reading(**_given(recorded) | _given(said))


def _as_spelled(reading: Reading, schema: Schema, table: Table) -> Reading | None:
    """Return how to read a table some of whose names are spelled otherwise; None if none are."""
    known = [column.name for column in schema.columns]
    found = match_names(known, known, table.frame.columns)
    other = {name: there for name, there in found.items() if name != there}
    if not other:
        return None
    spellings = {other.get(name, name): each for name, each in reading.spellings.items()}
    texts = [other.get(name, name) for name in reading.texts]
    plain = [other.get(name, name) for name in reading.plain]
    return replace(reading, spellings=spellings, texts=texts, plain=plain)


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None and value != ()}


def say_reading(talk: Talk, table: Table) -> None:
    """Say how a table was read, a line for each finding."""
    findings = [finding.at(SHELL) for finding in table.findings]
    talk.say("Reading", *(f"{each.evidence} {each.remedy}" for each in findings))
