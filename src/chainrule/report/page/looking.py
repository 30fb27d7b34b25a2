"""What it looks at: which columns matter, and what it says over the two that matter most."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.data.columns.kinds import kind_of
from chainrule.data.rows.rows import Rows
from chainrule.report.importance import PermutationImportanceDisplay
from chainrule.report.page.blocks import Block, Section, Words
from chainrule.report.page.pictures import if_possible, picture
from chainrule.report.page.subject import FEW, Subject
from chainrule.report.style import MOST_POINTS
from chainrule.report.surface import DecisionSurfaceDisplay

MOST_COLUMNS, MANY_COLUMNS = 200, 40  # more are not shuffled; from here on fewer times
MOST_ROWS_DRAWN, RESOLUTION, OF_SETTLING = 400, 80, 40


def what_it_looks_at(subject: Subject) -> Section:
    """Return the section on columns and the decision surface."""
    which, part = subject.seen
    blocks: list[Block] = []
    n_columns = len(subject.model.fitted_.encoder.schema.columns)
    if not subject.draws or part is None:
        blocks.append(Words("No pictures were asked for."))
    elif n_columns > MOST_COLUMNS:
        blocks.append(
            Words(
                f"The table has {n_columns} columns: of more than {MOST_COLUMNS}, none is shuffled."
            )
        )
    else:
        blocks += _importance_and_surface(subject, which, part, n_columns)
    return Section("columns", "Which columns does it look at?", tuple(blocks))


def _importance_and_surface(
    subject: Subject, which: str, part: Rows, n_columns: int
) -> list[Block]:
    few = subject.settles or n_columns > MANY_COLUMNS
    balanced = subject.results.get("measure") == "balanced_accuracy"
    display = PermutationImportanceDisplay.from_estimator(
        subject.model,
        _in_use(subject.model, part),
        part.targets,
        scoring="balanced_accuracy" if balanced else None,
        n_repeats=2 if n_columns > MANY_COLUMNS else 5,
        max_rows=FEW if few else MOST_POINTS,
    )
    order = [display.names[i] for i in display.order]
    means = np.sort(display.importances.mean(axis=1))[::-1]
    first = ", ".join(
        f"{name} {mean:.3g}" for name, mean in zip(order[:3], means[:3], strict=False)
    )
    says = f"Permutation importance on the {which} rows; the largest: {first}"
    blocks: list[Block] = [
        picture(
            "permutation_importance",
            f"How much worse without a column ({which} rows)",
            [(display.figure_, says)],
        )
    ]
    used = subject.model.fitted_.encoder.schema.used
    numbers = {column.name for column in used if not kind_of(column).has_levels}
    pair = [name for name in order if name in numbers][:2]
    if len(pair) == 2 and len(subject.targets) == 1:
        blocks += if_possible(lambda: _surface(subject, which, part, pair), "decision surface")
    return blocks


def _in_use(model: Any, rows: Rows) -> Any:
    """Return the columns of a frame that the model uses: of the others there is nothing to tell."""
    schema = model.fitted_.encoder.schema
    unused = [column.name for column in schema.unused]
    known = {column.name for column in schema.columns}
    frame = rows.columns.frame
    if frame is None:
        return rows.native
    unused += [name for name in frame.columns if name not in known]
    return frame.drop(unused, strict=False).to_native()


def _surface(subject: Subject, which: str, part: Rows, pair: list[str]) -> Any:
    part = part.first(MOST_ROWS_DRAWN)
    display = DecisionSurfaceDisplay.from_estimator(
        subject.model,
        part.native,
        part.targets,
        columns=pair,
        resolution=OF_SETTLING if subject.settles else RESOLUTION,
    )
    says = f"What is predicted over {pair[0]} and {pair[1]}, with {len(part)} {which} rows"
    title = f"What it says over {pair[0]} and {pair[1]}"
    return picture("decision_surface", title, [(display.figure_, says)])
