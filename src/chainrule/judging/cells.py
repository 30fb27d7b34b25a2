"""How the cells of a row became the numbers that the network sees, for `explain`."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.data import InputEncoder, as_columns
from chainrule.data.columns.matching import match_columns
from chainrule.data.columns.scaling import scaled_in_words
from chainrule.inspection.explaining.explain import Cell
from chainrule.wording import count


def cells_of(encoder: InputEncoder, row: Any, who: str) -> list[Cell]:
    """Return the cells of the columns in use, of a table of one row."""
    columns = as_columns(row)
    encoded = encoder.transform(row, np.float64, who=who)[0]
    all_names = encoder.feature_names_out
    cells, place, number = [], 0, 0
    for column, name in match_columns(encoder.schema, encoder.named, columns, who):
        flagged = 1 if column.n_gaps else 0
        size = 1 + flagged if column.kind == "number" else len(column.levels) + 1
        part = slice(place, place + size)
        names, numbers = all_names[part], encoded[part].tolist()
        place, values = place + size, columns.values(name)
        if column.kind == "number":
            raw = float(values.as_numbers()[0])
            how = _scaling(encoder, raw, number)
            number += 1
            hows = (how, "")[: len(names)]
            becomes: list[tuple[str, str, float]] = list(zip(names, hows, numbers, strict=True))
            cells.append(Cell(column.name, "a gap" if np.isnan(raw) else f"{raw:.10g}", becomes))
            continue
        slot = int(np.argmax(numbers))
        text = values.as_texts()[0]
        others = f"The other {count(len(names) - 1, 'slot')} of {column.name} are 0."
        becomes = [(names[slot], "", 1.0)]
        cells.append(Cell(column.name, "a gap" if text is None else str(text), becomes, others))
    return cells


def _scaling(encoder: InputEncoder, raw: float, k: int) -> str:
    """Return how a number was scaled, in words; nothing where it stays as it is."""
    mean, deviation = float(encoder.mean[k]), float(encoder.deviation[k])
    if np.isnan(raw):
        return "the mean" if not encoder.scale else "a gap counts as the mean"
    if not encoder.scale:
        return ""
    return f"{scaled_in_words(f'{raw:.10g}', mean, deviation)} ="
