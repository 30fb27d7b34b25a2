"""Words that stand for a value that is not known.

Some are gaps everywhere; others only among numbers and dates, where nothing else can be meant: in a
column of names "None" is as good a name as any, and "NA" is Namibia beside "DE" and "FR".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

GAPS = ("", "N/A", "n/a", "#N/A", "#NA", "<NA>", "NaN", "nan", "null", "NULL", "#NULL!", "?", "NaT")
OF_ERRORS = ("#DIV/0!", "#VALUE!", "#REF!", "#NUM!", "#NAME?")  # of spreadsheets
OF_NAMES = ("NA",)  # a gap, unless the others look like it
USUAL_WORDS = ["NA", "None", "none"]  # a gap among numbers without a word, a value among names
AMONG_NUMBERS = frozenset(
    word.lower()
    for word in (
        *GAPS, *OF_ERRORS, *OF_NAMES, "none", "nil", "-", "--", "---", ".", "..", "…", "–", "—",
        "*", "n.a.", "n.a", "na.", "missing", "unknown", "not available", "no data", "n.d.",
        "tbd", "undefined", "not known", "blank", "empty", "not applicable", "nd", "\\n",
    )
)  # fmt: skip


def are_gaps(texts: pl.Series, words: Sequence[str] | None) -> pl.Series:
    """Return where a text is a gap in any column: an empty one, or a word for it.

    `words` are those that the user names; they stand for all that would be looked for.
    """
    import polars as pl

    known = [*GAPS, *OF_ERRORS] if words is None else ["", *words]
    gaps = texts.is_null() | texts.is_in(known)
    numbers = pl.Series(words or [], dtype=pl.String).cast(pl.Float64, strict=False).drop_nulls()
    if len(numbers):  # -999 is -999.0, too
        gaps |= texts.cast(pl.Float64, strict=False).is_in(numbers.to_list()).fill_null(False)
    return gaps


def are_gaps_among_names(texts: pl.Series) -> pl.Series:
    """Return where "NA" is a gap in a column of names: unless most others are two capitals."""
    found = texts.is_in(OF_NAMES)
    if not found.any():
        return found
    others = texts.filter(~found).drop_nulls()
    alike = len(others) > 0 and float(others.str.contains(r"^[A-Z]{2}$").mean()) > 0.9  # pyright: ignore
    return found & (not alike)


def are_gaps_among_numbers(texts: pl.Series) -> pl.Series:
    """Return where a text stands for no number, in a column of numbers."""
    return texts.str.to_lowercase().is_in(list(AMONG_NUMBERS))
