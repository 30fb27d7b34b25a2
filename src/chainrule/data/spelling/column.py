"""A column of text as what it says: numbers, dates, times, yes or no; codes and words stay text.

`read_cells` decides by the whole column, and says what was no matter of course: a spelling, words
that were taken for gaps, cells that are unreadable among many that are not.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from chainrule.advice import Text
from chainrule.data.spelling.dates import DateSpelling, find_dates, other_order, read_dates
from chainrule.data.spelling.gaps import (
    USUAL_WORDS,
    are_gaps,
    are_gaps_among_names,
    are_gaps_among_numbers,
)
from chainrule.data.spelling.numbers import (
    PLAIN,
    NumberSpelling,
    find_numbers,
    read_numbers,
    several_units,
)
from chainrule.finding import Finding
from chainrule.wording import count, listing

if TYPE_CHECKING:
    import polars as pl

Spelling = NumberSpelling | DateSpelling
EXACT = 2**53  # from here on float64 skips whole numbers
MOST_CELLS = 100  # that are kept of those that could not be read
SAMPLE = 200
SHARE_OF_CODES = 0.05
SHARE_OF_MIXED = 0.3
TRUTHS = ["true", "false"]


@dataclass(frozen=True)
class CellOptions:
    """What the user says of cells; for all columns, or by the name of one.

    Attributes
    ----------
    missing : sequence of str, optional
        The words for gaps, in place of those that are usual.
    decimal : str or mapping, optional
        The decimal mark, "." or ",".
    date_format : str or mapping, optional
        "day first", "month first", or a format such as "%d.%m.%y".
    spellings : mapping
        How columns are known to be written, as those of the table that a model was trained on.
    texts, numbers, plain : set of str
        Columns that stay text; columns that hold numbers, even if they look like dates or codes;
        columns of numbers that are written plainly.
    """

    missing: Sequence[str] | None = None
    decimal: str | Mapping[str, str] | None = None
    date_format: str | Mapping[str, str] | None = None
    spellings: Mapping[str, Spelling] = field(default_factory=dict)
    texts: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    plain: frozenset[str] = frozenset()

    def decimal_of(self, name: str) -> str | None:
        """Return the decimal mark of a column."""
        return _of(self.decimal, name)

    def date_format_of(self, name: str) -> str | None:
        """Return the format of a column's dates."""
        return _of(self.date_format, name)


def _of(option: str | Mapping[str, str] | None, name: str) -> str | None:
    return option if option is None or isinstance(option, str) else option.get(name)


USUAL = CellOptions()


@dataclass(frozen=True)
class Cells:
    """What became of a column of text.

    Attributes
    ----------
    values : pl.Series
        Numbers, booleans, dates, times, durations or text; null for gaps.
    spelling : Spelling, optional
        How it was written, if not plainly.
    findings : list of Finding
        What was no matter of course: the spelling, words taken for gaps, cells that were lost.
    decimal : str
        The mark that surely stands before decimals; "" where there is none, or it is not sure.
    is_open : bool
        Whether the other mark could stand there, too.
    """

    values: pl.Series
    spelling: Spelling | None = None
    findings: list[Finding] = field(default_factory=list)
    decimal: str = ""
    is_open: bool = False

    @property
    def is_text(self) -> bool:
        """Whether they stayed text."""
        import polars as pl

        return self.values.dtype == pl.String

    @property
    def is_of_numbers(self) -> bool:
        """Whether they are numbers."""
        return self.values.dtype.is_numeric()


def read_cells(texts: pl.Series, options: CellOptions = USUAL, *, comma: bool = False) -> Cells:
    """Return what the cells of a column say.

    Parameters
    ----------
    texts : pl.Series of str
        The column, named.
    options : CellOptions
        What the user says of it.
    comma : bool, default=False
        Whether the other columns have decimal commas.
    """
    name = texts.name
    texts = texts.str.strip_chars()
    texts = texts.set(are_gaps(texts, options.missing), None)
    if name in options.texts or texts.null_count() == len(texts):
        return Cells(texts)
    given = options.spellings.get(name, PLAIN if name in options.plain else None)
    if given is not None and not _are_truths(texts):
        return _as_given(texts, given)
    plain, asked = None, name in options.numbers
    if options.decimal_of(name) != "," and options.date_format_of(name) is None:
        plain = _plain(texts, asked=asked)
    if plain is not None:
        return plain
    uniques = texts.drop_nulls().rename("text").value_counts(name="n")
    uniques = uniques.filter(~are_gaps_among_numbers(uniques["text"]))
    cells = None
    if len(uniques) and (asked or _promising(uniques["text"])):
        cells = _as_numbers(texts, uniques, options, comma=comma)
        cells = cells or _as_dates(texts, uniques, options)
    return cells or (_as_given(texts, PLAIN) if asked else _as_text(texts, options))


def _plain(texts: pl.Series, *, asked: bool) -> Cells | None:
    """Return numbers or booleans if every cell is one, plainly written, or a word for a gap.

    Whole numbers that look like dates or codes are none, unless numbers are asked for.
    """
    import polars as pl

    if _are_truths(texts):
        return Cells(texts.str.to_lowercase() == TRUTHS[0])
    head = texts.drop_nulls().head(SAMPLE)
    if 2 * head.cast(pl.Float64, strict=False).null_count() > len(head):
        return None
    numbers = texts.cast(pl.Float64, strict=False)
    numbers = numbers.set(~numbers.is_finite().fill_null(True), None)
    lost = numbers.is_null() & texts.is_not_null()
    if not are_gaps_among_numbers(texts.filter(lost)).all():
        return None
    present = texts.filter(numbers.is_not_null())
    if not len(present) or _all_have_three_digits(present):
        return None
    if not present.str.contains(r"^[-+]?\d+$").all():
        return _with_lost(texts, numbers, Cells(numbers, decimal="."))
    if not asked and _are_compact_dates(present):
        return _as_compact_dates(texts)
    codes = None if asked else _why_codes(present, numbers)
    if codes is not None:
        return _as_codes(texts, codes)
    return _with_lost(texts, _whole(numbers), Cells(numbers))


def _whole(numbers: pl.Series) -> pl.Series:
    """Return whole numbers as such, if they are kept exactly."""
    import polars as pl

    return numbers if (numbers.abs() >= EXACT).any() else numbers.cast(pl.Int64)


def _are_compact_dates(present: pl.Series) -> bool:
    """Tell whether whole numbers are dates such as 20140601, all of them."""
    pattern = r"^(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])$"
    return all(part.str.contains(pattern).all() for part in (present.head(SAMPLE), present))


def _as_compact_dates(texts: pl.Series) -> Cells:
    import polars as pl

    dates = read_dates(texts, DateSpelling()).cast(pl.Date)
    first = texts.drop_nulls()[0]
    words = f'holds dates: "{first}" is {dates.drop_nulls()[0]:%d %B %Y}'
    remedy = Text("As numbers: `{number}`.", number=[texts.name])
    note = _note(texts.name, words, remedy)
    return _with_lost(texts, dates, Cells(dates, DateSpelling(), [note]))


def _are_truths(texts: pl.Series) -> bool:
    present = texts.drop_nulls()
    return all(p.str.to_lowercase().is_in(TRUTHS).all() for p in (present.head(SAMPLE), present))


def _all_have_three_digits(present: pl.Series) -> bool:
    """Tell whether all that have a point have three digits behind it, as 2.817 has."""
    pattern = r"^[-+]?[1-9]\d{0,2}(?:\.\d{3})+$"
    for part in (present.head(SAMPLE), present):
        marked = part.filter(part.str.contains(".", literal=True))
        if not marked.str.contains(pattern).all():
            return False
    return len(marked) > 0


def _why_codes(present: pl.Series, numbers: pl.Series) -> str | None:
    """Return why whole numbers are codes; None if they are numbers."""
    led = present.str.contains(r"^0\d")
    share = led.sum() / len(present)
    if share > 0:
        widths = present.str.len_chars()
        if share >= SHARE_OF_CODES or widths.min() == widths.max():
            return f"some begin with 0, such as {present.filter(led)[0]}"
    if (numbers.abs() >= EXACT).any():
        longest = present.gather([int(present.str.len_chars().arg_max() or 0)])[0]
        return f"numbers such as {longest} are too long to be kept exactly"
    return None


def _as_codes(texts: pl.Series, why: str) -> Cells:
    remedy = Text("As numbers: `{number}`.", number=[texts.name])
    return Cells(texts, findings=[_note(texts.name, f"holds codes, not numbers: {why}", remedy)])


def _note(name: str, words: str, remedy: Text) -> Finding:
    return Finding("reading", "note", f'"{name}" {words}.', remedy=remedy, columns=(name,))


def _as_given(texts: pl.Series, spelling: Spelling) -> Cells:
    """Read as the table of the training was written, or else plainly."""
    if isinstance(spelling, DateSpelling):
        values = read_dates(texts, spelling)
        return _with_lost(texts, values, Cells(values, spelling))
    values = read_numbers(texts, spelling)
    if spelling.decimal == "." and values.null_count() > texts.null_count():
        values = values.zip_with(values.is_not_null(), read_numbers(texts, PLAIN))
    return _with_lost(texts, values, Cells(values, spelling))


def _as_numbers(
    texts: pl.Series, uniques: pl.DataFrame, options: CellOptions, *, comma: bool
) -> Cells | None:
    name = texts.name
    decimal, asked = options.decimal_of(name), name in options.numbers
    found = find_numbers(uniques["text"], uniques["n"], decimal=decimal, comma=comma, asked=asked)
    if found is None:
        return None
    spelling, other = found.spelling, found.other
    values = read_numbers(texts, spelling)
    present = texts.filter(values.is_not_null())
    marked = present.filter(present.str.contains(r"[.,]"))
    cells = Cells(values, None if spelling == PLAIN else spelling, is_open=other is not None)
    if spelling == PLAIN and not len(marked) and not present.str.contains("[eE]").any():
        codes = None if asked else _why_codes(present, values)
        if codes is not None:
            return _as_codes(texts, codes)
        values = _whole(values)
    elif len(marked) and other is None:
        cells = replace(cells, decimal=spelling.decimal)
    example = (marked if len(marked) else present)[:1]
    read = f"{read_numbers(example, spelling)[0]:.10g}"
    how = "decimal point" if spelling == PLAIN else spelling.words
    words = f'holds numbers ({how}): "{example[0]}" is {read}'
    if other is not None:
        instead = f"{read_numbers(example, other)[0]:.10g}"
        remedy = Text("For {}: `{decimal}`.", instead, decimal=f"{name}={other.decimal}")
        cells.findings.append(_note(name, words, remedy))
    elif spelling != PLAIN:
        remedy = Text("As categories: `{category}`.", category=[name])
        cells.findings.append(_note(name, words, remedy))
    return _with_lost(texts, values, cells)


def _as_dates(texts: pl.Series, uniques: pl.DataFrame, options: CellOptions) -> Cells | None:
    import polars as pl

    name = texts.name
    asked = options.date_format_of(name)
    found = find_dates(uniques["text"], uniques["n"], format=asked)
    if found is None:
        return None
    spelling = found.spelling
    values = read_dates(texts, spelling)
    cells = Cells(values, spelling)
    if found.ambiguous:
        other = other_order(spelling)
        there = read_dates(texts, other)
        differs = (values != there).fill_null(False)
        at = int(differs.arg_max() or 0)
        words = f'holds dates: "{texts[at]}" is taken for {values[at]:%d %B %Y} ({spelling.order})'
        remedy = Text(
            "For {}: `{date_format}`.", f"{there[at]:%d %B %Y}", date_format=f"{name}={other.order}"
        )
        cells.findings.append(_note(name, words, remedy))
    if values.dtype == pl.Datetime and (values.dt.time() == datetime.time()).all():
        values = values.cast(pl.Date)
    return _with_lost(texts, values, cells)


def _as_text(texts: pl.Series, options: CellOptions) -> Cells:
    import polars as pl

    cells = Cells(texts)
    numbers = texts.cast(pl.Float64, strict=False)
    share = numbers.is_not_null().sum() / max(len(texts) - texts.null_count(), 1)
    others = texts.filter(numbers.is_null() & texts.is_not_null())
    if share > SHARE_OF_MIXED and len(others):
        words = f'holds numbers and {1 - share:.0%} other words, such as "{others[0]}": categories'
        remedy = Text("As numbers, the others gaps: `{number}`.", number=[texts.name])
        cells.findings.append(_note(texts.name, words, remedy))
    units = several_units(texts)
    if units:
        words = f"holds numbers with several units ({', '.join(units)}): categories"
        remedy = Text("As numbers of the most frequent one: `{number}`.", number=[texts.name])
        cells.findings.append(_note(texts.name, words, remedy))
    if options.missing is None:
        gaps = are_gaps_among_names(texts)
        cells = replace(cells, values=texts.set(gaps, None))
        kept = texts.filter(~gaps & texts.is_in(USUAL_WORDS))
        if len(kept):
            words = f'has {count(len(kept), "row")} with "{kept[0]}", which is a value there'
            remedy = Text("As a gap: `{missing}`.", missing=[kept[0]])
            cells.findings.append(_note(texts.name, words, remedy))
    return cells


def _promising(uniques: pl.Series) -> bool:
    """Tell whether half of the first texts hold a digit, so that a closer look is worth it."""
    head = uniques.head(SAMPLE)
    return 2 * int(head.str.contains(r"\d").sum()) >= len(head)


def _with_lost(texts: pl.Series, values: pl.Series, cells: Cells) -> Cells:
    """Say which cells were taken for gaps: words for one, and what cannot be read."""
    cells = replace(cells, values=values)
    lost = values.is_null() & texts.is_not_null()
    if not lost.any():
        return cells
    name, rows = texts.name, lost.arg_true()
    words = texts.gather(rows)
    known = are_gaps_among_numbers(words)
    for which, what in (
        (known & ~words.is_in(USUAL_WORDS), "are gaps"),
        (~known, "cannot be read: gaps"),
    ):
        own, at = words.filter(which), rows.filter(which)
        if len(own):
            shown = listing([f'"{word}"' for word in own.unique(maintain_order=True)], 5)
            where = f"({shown}; first in data row {at[0] + 1})"
            evidence = f'"{name}": {count(len(own), "cell")} {where} {what}.'
            cells.findings.append(
                Finding(
                    "reading",
                    "note" if known.all() else "look",
                    evidence,
                    remedy=Text("As categories: `{category}`.", category=[name]),
                    rows=tuple(at[:MOST_CELLS].to_list()),
                    columns=(name,),
                    cells=tuple(own[:MOST_CELLS]),
                )
            )
    return cells
