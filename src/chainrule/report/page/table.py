"""What was understood of the table, column by column; what is odd about it; how it was split."""

from __future__ import annotations

from typing import Any

from chainrule.data.columns.kinds import KINDS, kind_of
from chainrule.report.page.blocks import Block, Card, Cards, Fold, Heading, Section, Table, Words
from chainrule.report.page.subject import Subject
from chainrule.wording import count, listing

MOST_COLUMNS = 60
MOST_LEVELS = 8


def what_was_understood(subject: Subject) -> Section:
    """Return the section on the columns and the findings of the table."""
    rows = _columns(subject)
    used = sum(KINDS[row[1]].used for row in rows)
    n_inputs = len(subject.model.fitted_.encoder.feature_names_out)
    lead = f"{count(used, 'column')} became {count(n_inputs, 'input')} of the network"
    if used < len(rows):
        lead += f"; {count(len(rows) - used, 'column')} left out"
    blocks: list[Block] = [
        Words(f"{lead}. Gaps, means, deviations and levels are those of the rows that trained."),
        Table(
            "The columns",
            ("column", "taken for", "gaps", "what became of it"),
            tuple(rows[:MOST_COLUMNS]),
            (2,),
        ),
    ]
    if len(rows) > MOST_COLUMNS:
        blocks.append(Words(f"{len(rows) - MOST_COLUMNS} more columns are not shown."))
    found = subject.results.get("findings")
    if found is not None:
        blocks.append(Heading("What is odd about it"))
        blocks += _findings(found)
    return Section("table", "What was understood of the table?", tuple(blocks))


def _columns(subject: Subject) -> list[tuple[str, ...]]:
    """Return every column: those of the whole table as the fit judged them, if that is known."""
    encoder = subject.model.fitted_.encoder
    own = {column.name: column for column in encoder.schema.columns}
    names = (column.name for column in encoder.schema.used)
    learnt = dict(zip(names, encoder.learnt_of_each(), strict=True))
    told = subject.record.get("columns") or [[c.name, c.kind, c.note] for c in own.values()]
    rows = []
    for name, kind, note in told:
        column = own.get(name)
        if column is not None and not (KINDS[kind].of_whole_table and name not in learnt):
            kind, note = column.kind, column.note or note
        gaps, text = "–", f"left out: {note}" if note else "left out"
        if column is not None and name in learnt:
            gaps, of_kind = str(column.n_gaps), kind_of(column)
            text = of_kind.became(column, learnt[name], scale=encoder.scale, most=MOST_LEVELS)
            text += f" ({note})" if note else ""
        rows.append((str(name), kind, gaps, text))
    return rows


def _findings(found: list[dict[str, Any]]) -> list[Block]:
    if not found:
        return [
            Words(
                "Nothing was found. Looked for: IDs, constants, copies of columns and of rows, "
                "columns that give the target away, an order, rare classes, gaps, many levels, "
                "levels written in two ways, places around the globe, rows of the same one, a long "
                "tail of the target."
            )
        ]
    cards = [
        Card(
            each.get("severity", "look"),
            f"{each['kind']}: {listing(each['columns'])}" if each["columns"] else each["kind"],
            _sentence(each["text"]),
            "",
            each["remedy"],
        )
        for each in found
    ]
    return [Cards(tuple(cards)), *_cells(found)]


def _cells(found: list[dict[str, Any]]) -> list[Block]:
    """Return the cells that were not taken as they stand, folded up."""
    cells = [
        (f"{row + 1:,}", each["columns"][0], cell)
        for each in found
        for row, cell in zip(each.get("rows", ()), each.get("cells", ()), strict=False)
    ]
    if not cells:
        return []
    table = Table("Cells that are gaps", ("data row", "column", "what stands there"), tuple(cells))
    return [Fold("Which cells were taken for gaps, though something stands there", (table,))]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def how_it_was_split(subject: Subject) -> Section:
    """Return the section on the rows of training, validation and test."""
    parts = (
        ("training", subject.train, "the weights are learnt from them"),
        ("validation", subject.validation, "they stop the training and choose the epoch"),
        ("test", subject.test, "they do neither: the scores below are theirs"),
    )
    rows = [(name, f"{len(part):,}", use) for name, part, use in parts if part is not None]
    blocks: list[Block] = []
    split = subject.record.get("split") or {}
    if split.get("description"):
        blocks.append(Words(f"{split['description']}."))
    if split.get("groups"):
        blocks.append(Words(f'Rows of one "{split["groups"]}" stay together.'))
    blocks.append(Table("The rows", ("part", "rows", "what for"), tuple(rows), (1,)))
    return Section("split", "How were the rows split?", tuple(blocks))
