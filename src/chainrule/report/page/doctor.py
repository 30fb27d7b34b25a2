"""What is wrong with the training, as the doctor says it."""

from __future__ import annotations

import warnings
from typing import Any

from chainrule.finding import Finding
from chainrule.report.page.blocks import Block, Card, Cards, Section, Words
from chainrule.report.page.subject import Subject
from chainrule.wording import listing

MOST_NAMED = 8


def diagnose(subject: Subject) -> Any:
    """Return the diagnosis, on the rows that trained if they are at hand."""
    part = subject.train
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of rows that do not settle: a finding says so
        return subject.model.diagnose(*(() if part is None else (part, part.y)))


def what_is_wrong(subject: Subject, diagnosis: Any) -> Section:
    """Return the section on the findings."""
    looked = f"Looked at: {listing(diagnosis.looked_at)}."
    blocks: list[Block] = []
    if not len(diagnosis):
        blocks.append(Words(f"Nothing was found. {looked}"))
    else:
        blocks += [Words(looked), Cards(tuple(_card(subject, each) for each in diagnosis))]
    return Section("doctor", "Is anything wrong with the training?", tuple(blocks))


def _card(subject: Subject, finding: Finding) -> Card:
    own = [int(row) for row in finding.rows]
    places = None if subject.train is None else subject.train.places
    evidence = finding.evidence
    rows = listing(own, MOST_NAMED)
    if own and places is not None:  # the doctor counts the rows it was given
        theirs = ", ".join(map(str, own[:MOST_NAMED]))
        ours = ", ".join(str(int(places[row])) for row in own[:MOST_NAMED])
        evidence = evidence.replace(theirs, ours)
        rows = listing([int(places[row]) for row in own], MOST_NAMED)
    return Card(
        finding.severity,
        finding.kind,
        evidence,
        finding.cause,
        finding.remedy.at(subject.door),
        f"Rows of the table, counted from 0: {rows}." if own else "",
    )
