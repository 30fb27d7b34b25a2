"""Numbers as people write them: currency, percent, units, thousands, decimal commas, parentheses.

    $14,822   14 822   1.234,50   20.1 %   20.1 kg   (250)   19M   1e5

The whole column decides what a comma or a point means; where two readings are possible, the
choice is the likelier one, and it is said to be a choice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    import polars as pl

FIRST = 500  # texts of a column that are looked at first
FEWEST_NUMBERS = 8  # different ones, before units are looked for
MOST_ODD = 0.05  # share of cells that may be unreadable in a column of numbers
_BLANKS = "[\u00a0\u2007\u2009\u202f]"  # those that stand between digits in print
_MINUS = "^[\u2212\u2012\u2013]"
_MONEY = (
    r"(?:(?:US|CA|AU|NZ|HK|R|C|A)?\p{Sc}|(?:USD|EUR|GBP|CHF|JPY|CNY|INR|CAD|AUD|SEK|NOK|DKK)\b)"
)
_UNIT = r"(?:[%‰°º\p{L}\p{Sc}µμ][\p{L}\p{Sc}\p{No}%‰°µμ/·*^. -]{0,15})"
_PARTS = (
    rf"^(?P<open>\()?\s*(?P<sign>[-+])?\s*(?P<before>{_MONEY})?\s*(?P<inner>[-+])?\s*"
    r"(?P<body>[.,]?\d(?:[\d.,' \u{2019}]*\d)?[.,]?)(?P<exponent>[eE][-+]?\d+)?\s*"
    rf"(?P<after>{_UNIT})?\s*(?P<close>\))?$"
)
_TIMES = {"k": 1e3, "K": 1e3, "m": 1e6, "M": 1e6, "mn": 1e6, "b": 1e9, "B": 1e9, "bn": 1e9}
_MARKS = ((".", ""), (",", ""), (".", ","), (",", "."), (".", " "), (",", " "), (".", "'"))


class NumberSpelling(msgspec.Struct, frozen=True, tag="numbers"):
    """How the numbers of a column are written.

    Attributes
    ----------
    decimal, thousands : str
        The marks; "" for none between thousands.
    unit : str
        What stands before or behind every number, such as "$", "%" or "kg".
    """

    decimal: str = "."
    thousands: str = ""
    unit: str = ""

    @property
    def words(self) -> str:
        """How it is said."""
        marks = []
        if self.unit:
            marks.append(f'with "{self.unit}"')
        if self.thousands:
            named = {" ": "blank", ",": "comma", ".": "point", "'": "apostrophe"}
            marks.append(f"{named[self.thousands]} between thousands")
        if self.decimal == ",":
            marks.append("decimal comma")
        return ", ".join(marks) or "plain"


PLAIN = NumberSpelling()
SCALED = "k, M, B"  # a unit that is a factor


@dataclass(frozen=True)
class FoundNumbers:
    """How a column is written, and how it could be written, too, if that is another number."""

    spelling: NumberSpelling
    other: NumberSpelling | None = None


def cleaned(texts: pl.Series) -> pl.Series:
    """Return texts without blanks around them, with plain blanks and minus signs."""
    return texts.str.replace_all(_BLANKS, " ").str.strip_chars().str.replace(_MINUS, "-")


def read_numbers(texts: pl.Series, spelling: NumberSpelling) -> pl.Series:
    """Return float64, null for gaps and for what is not written so."""
    import polars as pl

    frame = _parts(texts)
    unit = spelling.unit
    body, units = pl.col("body"), pl.col("unit")
    text = (
        body.str.replace_all(spelling.thousands, "", literal=True) if spelling.thousands else body
    )
    if spelling.decimal != ".":
        text = text.str.replace(spelling.decimal, ".", literal=True)
    number = (text + pl.col("exponent").fill_null("")).cast(pl.Float64, strict=False)
    factor: pl.Expr = pl.lit(1.0)
    if unit == SCALED:
        factor = units.replace_strict(_TIMES, default=1.0, return_dtype=pl.Float64)
        fits = units.is_in(list(_TIMES)) | (units == "")
    else:
        fits = (units == unit) | (units == "")
        if not unit:
            fits |= units.str.contains(rf"^{_MONEY}$")
    fits &= body.str.contains(_pattern(spelling.decimal, spelling.thousands))
    value = pl.when(fits).then(number * factor * pl.col("by")).otherwise(None)
    return frame.select(value.alias(texts.name)).to_series()


def find_numbers(
    texts: pl.Series,
    counts: pl.Series,
    *,
    decimal: str | None = None,
    comma: bool = False,
    asked: bool = False,
) -> FoundNumbers | None:
    """Return how the numbers of a column are written; None if it does not hold numbers.

    Parameters
    ----------
    texts, counts : pl.Series
        Its different texts without gaps, and how often each occurs.
    decimal : str, optional
        The decimal mark, where the user says it.
    comma : bool, default=False
        Whether other columns of the file have decimal commas.
    asked : bool, default=False
        Whether the user asks for numbers, however many texts are none.
    """
    import polars as pl

    head = _parts(texts.head(FIRST))["body"]
    if 2 * head.null_count() > len(head) and not asked:  # a look at some saves that at a million
        return None
    frame = _parts(texts).with_columns(counts.alias("n").cast(pl.Float64)).drop_nulls("body")
    enough = (1 - MOST_ODD) * float((frame["n"] if asked else counts).sum())
    if not len(frame) or frame["n"].sum() < enough:
        return None
    unit = _unit(frame, enough)
    if unit is None and asked:
        unit = frame.group_by("unit").agg(pl.col("n").sum()).sort("n", "unit")["unit"][-1]
    if unit is None:
        return None
    allowed = [*_TIMES, ""] if unit == SCALED else [unit, ""]
    frame = frame.filter(pl.col("unit").is_in(allowed))
    bodies, n = frame["body"], frame["n"]
    held: dict[tuple[str, str], float] = {}
    for marks in _MARKS:
        if decimal in (None, marks[0]):
            held[marks] = float(n.filter(bodies.str.contains(_pattern(*marks))).sum())
    best = max(held.values(), default=0.0)
    if best < (1 if asked else enough):
        return None
    good = [marks for marks in held if held[marks] == best]
    ranked = list(_ranked(good, bodies, comma))
    spelling = NumberSpelling(*ranked[0], unit)
    here = read_numbers(texts, spelling)
    for marks in ranked[1:]:
        other = NumberSpelling(*marks, unit)
        if not here.equals(read_numbers(texts, other), null_equal=True):
            return FoundNumbers(spelling, other)
    return FoundNumbers(spelling)


def several_units(texts: pl.Series) -> list[str]:
    """Return the units if texts are numbers, but with two or three different ones."""
    different = texts.drop_nulls().head(FIRST).unique(maintain_order=True)
    parts = _parts(different).drop_nulls("body")
    units = parts["unit"].unique().sort().to_list()
    many = parts["body"].n_unique() >= FEWEST_NUMBERS and 2 * len(parts) > len(different)
    return units if many and 2 <= len(units) <= 3 and "" not in units else []


def _parts(texts: pl.Series) -> pl.DataFrame:
    """Return body, exponent, unit and sign of every text; a null body for what is no number."""
    import polars as pl

    groups = cleaned(texts).rename("text").to_frame()
    parts = groups.select(pl.col("text").str.extract_groups(_PARTS).alias("parts")).unnest("parts")
    parted = pl.col("open").is_null() == pl.col("close").is_null()
    signs = pl.col("sign").is_null() | pl.col("inner").is_null()
    both = pl.col("before").is_null() | pl.col("after").is_null() | (pl.col("after") == "%")
    negative = (
        (pl.col("sign") == "-").fill_null(False)
        | (pl.col("inner") == "-").fill_null(False)
        | pl.col("open").is_not_null()
    )
    unit = pl.coalesce("before", "after", pl.lit("")).str.strip_chars()
    return parts.select(
        pl.when(parted & signs & both)
        .then(pl.col("body").str.replace_all("\u2019", "'"))
        .alias("body"),
        pl.col("exponent"),
        unit.alias("unit"),
        pl.when(negative).then(-1.0).otherwise(1.0).alias("by"),
    )


def _unit(frame: pl.DataFrame, enough: float) -> str | None:
    """Return what stands beside most numbers; None if one thing here and another there."""
    import polars as pl

    by_unit = frame.group_by("unit").agg(pl.col("n").sum()).sort("n", descending=True)
    units = dict(zip(by_unit["unit"].to_list(), by_unit["n"].to_list(), strict=True))
    bare = units.pop("", 0.0)
    if not units or bare >= enough:
        return ""
    first = next(iter(units))
    if units[first] >= enough or bare + units[first] >= enough and first not in _TIMES:
        return first if units[first] >= enough or units[first] > bare else None
    if set(units) <= set(_TIMES) and {unit.lower() for unit in units} != {"m"}:
        return SCALED
    return None


def _pattern(decimal: str, thousands: str) -> str:
    """Return the expression that a number with these marks matches as a whole."""
    point = f"[{decimal}]"
    whole = r"\d+"
    if thousands:
        mark = f"[{thousands}]"
        whole = rf"(?:\d+|[1-9]\d{{0,2}}(?:{mark}\d{{3}})+|[1-9]\d?(?:{mark}\d{{2}})+{mark}\d{{3}})"
    return rf"^(?:{whole}(?:{point}\d*)?|{point}\d+)$"


def _ranked(
    good: list[tuple[str, str]], bodies: pl.Series, comma: bool
) -> Iterator[tuple[str, str]]:
    """Give the readings that are possible, the likeliest first."""
    for mark, other in ((".", ","), (",", ".")):
        fraction, thousands = (mark, ""), (other, mark)
        if fraction in good and thousands in good and (other, "") not in good:
            pair = (thousands, fraction)
            yield from pair if _groups_thousands(bodies, mark, comma=comma) else pair[::-1]
            return
    yield good[0]  # the others give the same numbers


def _groups_thousands(bodies: pl.Series, mark: str, *, comma: bool) -> bool:
    """Tell whether a mark that has three digits behind it everywhere parts thousands.

    Numbers of 1000 and more without the mark say that it does not.  Of a fixed number of decimals
    every number has the mark, and otherwise decimals do not end in 0.
    """
    marked = bodies.str.contains(mark, literal=True)
    bare = bodies.filter(~marked)
    if (bare.str.len_chars() > 3).any():
        return False
    if comma or mark == ",":
        return comma == (mark == ".")
    return len(bare) > 0 and bool(bodies.filter(marked).str.ends_with("0").any())
