"""`chainrule look`: how a table is read and what every column is taken for; nothing is trained."""

from __future__ import annotations

import json as json_format
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from chainrule.advice import Text
from chainrule.cli.reading import read_asked, say_reading
from chainrule.cli.roles import divide, of_inputs, say_unlabelled
from chainrule.cli.talk import SHELL, Talk, columns, draw
from chainrule.data.columns.frames import as_columns
from chainrule.data.columns.schema import infer_schema, say_unused
from chainrule.data.findings import find
from chainrule.data.reading.table import Table
from chainrule.data.target.values import guess_task

EXAMPLES, MOST_SHOWN = 3, 200


def run_look(
    source: str,
    targets: Sequence[str],
    options: dict[str, Any],
    reading: dict[str, Any],
    json: bool,
) -> None:
    """Carry out the command."""
    talk = Talk(json)
    table = read_asked(source, reading | options)
    frame = table.frame
    talk.say("Table", f"{source}: {frame.height} rows, {frame.width} columns")
    say_reading(talk, table)
    findings = []
    options = of_inputs(options, targets)
    if targets:
        rows = divide(table, targets, inputs=options)
        say_unlabelled(talk, table, rows)
        task, reason = guess_task(rows.y)
        reason = Text(reason).at(SHELL)
        talk.say("Target", f"{', '.join(targets)}: {task} ({reason})")
        inputs = rows.columns
        schema = infer_schema(inputs, may_be_unused=True, **options)
        found = find(inputs, rows.y, task=task, schema=schema) if schema.used else []
        findings = [each.at(SHELL) for each in found]
    else:
        inputs = replace(as_columns(frame), spellings=table.spellings)
        schema = infer_schema(inputs, may_be_unused=True, **options)
    talk.say("Findings", *(f"{each.evidence} {each.remedy}" for each in findings))
    if findings:
        talk.say("", "These options are those of `chainrule fit`.")
    if not schema.used:
        talk.say("Note", say_unused(schema, inputs).at(SHELL))
    facts = [
        {
            "column": column.name,
            "taken for": column.kind,
            "gaps": column.n_gaps,
            "examples": _examples(table, column.name),
            "why": column.note,
        }
        for column in schema.columns[: None if json else MOST_SHOWN]
    ]
    if json:
        findings = [finding.at(SHELL).to_dict() for finding in (*table.findings, *findings)]
        print(json_format.dumps({"columns": facts, "findings": findings}, indent=2))
        return
    shown = [[str(value) for value in fact.values()] for fact in facts]
    draw(columns([list(facts[0]), *shown]))
    n_more = len(schema.columns) - len(facts)
    if n_more:
        talk.say("", f"and {n_more} more columns: --json shows all")


def _examples(table: Table, name: str) -> str:
    examples: dict[str, None] = {}
    for cell in table.frame[name].head(1000).to_list():
        if cell is not None:
            examples[str(cell)] = None
        if len(examples) == EXAMPLES:
            break
    return ", ".join(examples)
