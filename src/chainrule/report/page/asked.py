"""What was asked, and how to do it again."""

from __future__ import annotations

import shlex
from datetime import datetime

from chainrule.report.page.blocks import Block, Code, Fold, Section, Table, Terms, Words
from chainrule.report.page.subject import Subject


def what_was_asked(subject: Subject) -> Section:
    """Return the section on the call."""
    record = subject.record
    pairs = [
        ("table", str(record.get("table") or "given in Python")),
        ("to predict", subject.target),
        ("as", _task(subject)),
        ("on", _date(subject)),
        ("with", _versions(subject)),
    ]
    blocks: list[Block] = []
    if record.get("command"):
        blocks.append(Code("The command", shlex.join(record["command"])))
    if record.get("weight"):
        pairs.insert(3, ("rows weighed by", str(record["weight"])))
    if record.get("resumed"):
        before = record["resumed"]
        pairs.insert(3, ("going on with", f"{before['run']}, from epoch {before['epoch']}"))
    blocks.append(Terms(tuple(pairs)))
    if subject.options:
        blocks.append(
            Table("Options set otherwise than usual", ("option", "value"), subject.options)
        )
    elif record.get("command"):
        blocks.append(Words("All options are those that hold when nothing is said."))
    return Section("asked", "What was asked?", tuple(blocks))


def how_to_do_it_again(subject: Subject) -> Section:
    """Return the section on making the same network again, and using it."""
    record, blocks = subject.record, []
    run = subject.name
    if record.get("command"):
        blocks += [
            Words(
                "The same table, options and seed give the same network, to the last bit on the "
                "same machine."
            ),
            Code("The same fit again", shlex.join(record["command"])),
            Code("Or from its options", f"chainrule fit --config {shlex.quote(run)}/config.toml"),
            Code(
                "Predict new rows",
                f"chainrule predict {shlex.quote(run)} NEW_TABLE -o predictions.csv",
            ),
        ]
    pairs = [("seed", str(record["seed"]))] if record.get("seed") is not None else []
    if record.get("data_hash"):
        pairs.append(("hash of the data", str(record["data_hash"])))
    versions = record.get("versions") or {}
    pairs += [(name, str(version)) for name, version in versions.items()]
    blocks.append(Terms(tuple(pairs)))
    if subject.config:
        blocks.append(Fold("config.toml, every option", (Code("config.toml", subject.config),)))
    return Section("again", "How can this be done again?", tuple(blocks))


def _task(subject: Subject) -> str:
    if subject.classifies:
        return "classes (classification)"
    return "dates (regression)" if subject.model.fitted_.target.dated else "numbers (regression)"


def _date(subject: Subject) -> str:
    date = subject.record.get("date")
    if not date:
        return "a day that was not recorded"
    return f"{datetime.fromisoformat(str(date)):%Y-%m-%d, %H:%M %Z}"


def _versions(subject: Subject) -> str:
    versions = subject.record.get("versions") or {}
    named = [
        f"{name} {versions[name]}" for name in ("chainrule", "jax", "python") if name in versions
    ]
    return ", ".join(named) or "versions that were not recorded"
