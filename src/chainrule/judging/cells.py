"""How the cells of a row became the numbers that the network sees, for `explain`."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.data.columns.encoding import InputEncoder
from chainrule.data.columns.frames import as_columns
from chainrule.data.columns.kinds import kind_of
from chainrule.data.columns.matching import match_columns
from chainrule.inspection.explaining.explain import Cell


def cells_of(encoder: InputEncoder, row: Any, who: str) -> list[Cell]:
    """Return the cells of the columns in use, of a table of one row."""
    columns = as_columns(row)
    encoded = iter(encoder.transform(row, np.float64, who=who)[0].tolist())
    pairs = match_columns(encoder.schema, encoder.named, columns, who)
    cells = []
    for (column, name), learnt in zip(pairs, encoder.learnt_of_each(), strict=True):
        kind, values = kind_of(column), columns.values(name)
        own = [next(encoded) for _ in kind.outputs(column)]
        told = kind.worked_out(column, values, own, learnt, scale=encoder.scale)
        cells.append(Cell(column.name, *told))
    return cells
