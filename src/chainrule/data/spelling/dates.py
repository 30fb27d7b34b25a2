"""Dates, times of day and durations as people write them; the whole column decides their order.

    2014-06-01   06/01/2014   1.6.14   1 June 2014   Jun-14   2014-06-01T10:30:00+02:00   2014Q2

Every text is matched against a few expressions.  Day and month stand in one order in all of a
column; where both orders are possible, the likelier is taken and the other is named.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec

from chainrule.data.spelling.numbers import FIRST, MOST_ODD, cleaned

if TYPE_CHECKING:
    import polars as pl

Order = Literal["day first", "month first"]
FIRST_YEAR, LAST_YEAR = 1000, 2999
PIVOT = 69  # as in POSIX: 68 is 2068, 69 is 1969
_NAMES = (  # English, German, French, Spanish, Italian, Portuguese, Dutch
    "jan january januar janvier enero ene gennaio gen janeiro januari",
    "feb february februar février fevrier fév febrero febbraio fevereiro fev februari",
    "mar march märz maerz mär mrz mars marzo março marco maart mrt",
    "apr april avril avr abril abr aprile",
    "may mai mayo maggio mag maio mei",
    "jun june juni juin junio giugno giu junho",
    "jul july juli juillet juil julio luglio lug julho",
    "aug august août aout agosto ago augustus",
    "sep sept september septembre septiembre settembre set setembro",
    "oct october oktober okt octobre octubre ottobre ott outubro out",
    "nov november novembre noviembre novembro",
    "dec december dezember dez décembre decembre déc diciembre dic dicembre dezembro",
)
MONTHS = {name: place for place, names in enumerate(_NAMES, 1) for name in names.split()}
_WEEKDAY = r"\b(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\b[,.]?\s*"
_YEAR, _SHORT, _M = r"(?P<year>\d{4})", r"(?P<year>'?\d{2}|\d{4})", r"(?P<name>\p{L}{3,10})\.?"
_D, _N = r"(?P<day>\d{1,2})", r"(?P<month>\d{1,2})"
_TIME = (
    r"(?:(?:[t,:]\s*|\s+)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}(?:[.,]\d{1,9})?))?"
    r"\s*(?P<half>[ap])?(?:\.?m\.?)?\s*(?P<zone>z|utc|gmt|[+-]\d{2}:?\d{2}|[+-]\d{2})?)?"
)
_ORDERED = (
    rf"{_YEAR}[-/. ]{_N}[-/. ]{_D}{_TIME}",
    rf"{_D}[-/. ]*{_M}[-/., ]*{_SHORT}{_TIME}",
    rf"{_M}[-/. ]*{_D},?[-/. ]+{_SHORT}{_TIME}",
    rf"{_YEAR}[-/. ]?{_M}[-/. ]?{_D}{_TIME}",
    rf"{_M}[-/., ]*(?P<year>'\d{{2}}|\d{{4}})",
    r"(?P<name>\p{L}{3})-(?P<year>\d{2})",
    rf"{_YEAR}[-/. ]{_N}",
    rf"{_N}[-/. ]{_YEAR}",
    rf"{_YEAR}[- ]?q(?P<quarter>[1-4])",
    rf"q(?P<quarter>[1-4])[-/ ]?{_YEAR}",
    rf"{_YEAR}{_N.replace('1,2', '2')}{_D.replace('1,2', '2')}"
    r"(?:t?(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?z?)?",
    rf"{_M}\s+{_D}\s+(?P<hour>\d{{1,2}}):(?P<minute>\d{{2}}):(?P<second>\d{{2}})\s*"
    rf"(?P<zone>[a-z]{{3,4}}|[+-]\d{{4}})?\s+{_YEAR}",
)
_BY_ORDER: dict[Order, str] = {
    "day first": rf"{_D}[-/. ]+{_N}[-/. ]+{_SHORT}{_TIME}",
    "month first": rf"{_N}[-/. ]+{_D}[-/. ]+{_SHORT}{_TIME}",
}
_CLOCK = (
    r"^(?P<hour>\d{1,2}):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d(?:[.,]\d{1,9})?))?"
    r"\s*(?P<half>[ap])?(?:\.?m\.?)?$"
)
_PERIODS = (
    r"^(?P<sign>-)?(?:(?P<days>\d+)\s*d(?:ays?)?,?\s*)?(?P<hours>\d+):(?P<minutes>[0-5]\d)"
    r"(?::(?P<seconds>[0-5]\d(?:[.,]\d+)?))?$",
    r"^(?P<sign>-)?p(?:(?P<days>\d+)d)?(?:t(?:(?P<hours>\d+)h)?(?:(?P<minutes>\d+)m)?"
    r"(?:(?P<seconds>\d+(?:[.,]\d+)?)s)?)?$",
    r"^(?P<sign>-)?(?:(?P<days>\d+)\s*d(?:ays?)?)?,?\s*(?:(?P<hours>\d+)\s*h(?:(?:ou)?rs?)?)?,?\s*"
    r"(?:(?P<minutes>\d+)\s*m(?:in(?:ute)?s?)?)?,?\s*"
    r"(?:(?P<seconds>\d+(?:[.,]\d+)?)\s*s(?:ec(?:ond)?s?)?)?$",
)


class DateSpelling(msgspec.Struct, frozen=True, tag="dates"):
    """How the dates of a column are written.

    Attributes
    ----------
    what : {"date", "clock", "duration"}
        Dates, times of day, or lengths of time.
    order : {"day first", "month first"}
        Of numbers such as 06/01/2014.
    format : str
        What the user says they are written in, as `strptime` has it; "" where nothing is said.
    """

    what: Literal["date", "clock", "duration"] = "date"
    order: Order = "day first"
    format: str = ""

    @property
    def words(self) -> str:
        """How it is said."""
        return self.format or (self.order if self.what == "date" else f"{self.what}s")


@dataclass(frozen=True)
class FoundDates:
    """How a column is written; and whether day and month could stand the other way round."""

    spelling: DateSpelling
    ambiguous: bool = False


def other_order(spelling: DateSpelling) -> DateSpelling:
    """Return the same with day and month the other way round."""
    order: Order = "month first" if spelling.order == "day first" else "day first"
    return DateSpelling(spelling.what, order, spelling.format)


def read_dates(texts: pl.Series, spelling: DateSpelling) -> pl.Series:
    """Return dates and times (UTC), times of day, or durations; null for what is not read so."""
    import polars as pl

    if spelling.format:
        return texts.str.strptime(pl.Datetime("us"), spelling.format, strict=False)
    if spelling.what == "clock":
        return _clocks(texts)
    if spelling.what == "duration":
        return _durations(texts)
    return _dates(texts, spelling.order)


def find_dates(texts: pl.Series, counts: pl.Series, *, format: str | None) -> FoundDates | None:
    """Return how the dates of a column are written; None if it does not hold dates.

    Parameters
    ----------
    texts, counts : pl.Series
        Its different texts without gaps, in the order in which they come, and how often.
    format : str, optional
        What the user says: "day first", "month first", or a format of `strptime`.
    """
    total = float(counts.sum())
    if format and "%" in format:
        given = DateSpelling(format=format)
        return FoundDates(given) if _share(read_dates(texts, given), counts) > 0 else None
    if not texts.head(1000).str.contains(r"\d").any():
        return None
    for what in ("clock", "duration"):
        spelling = DateSpelling(what)
        if (
            _may_be(texts, spelling)
            and _share(read_dates(texts, spelling), counts) >= (1 - MOST_ODD) * total
        ):
            return FoundDates(spelling)
    if not any(_may_be(texts, DateSpelling(order=order)) for order in _BY_ORDER):
        return None
    both: dict[Order, pl.Series] = {order: _dates(texts, order) for order in _BY_ORDER}
    held: dict[Order, float] = {each: _share(dates, counts) for each, dates in both.items()}
    most = max(held.values())
    enough: dict[Order, pl.Series] = {each: both[each] for each in both if held[each] == most}
    if most < (1 - MOST_ODD) * total:
        return None
    asked = format in enough
    order: Order = max(enough, key=lambda order: (order == format, *_likeliness(enough[order])))
    differ = len(enough) > 1 and not enough["day first"].equals(enough["month first"])
    return FoundDates(DateSpelling(order=order), differ and not asked)


def _may_be(texts: pl.Series, spelling: DateSpelling) -> bool:
    """Tell whether half of the first texts are written so, which saves a look at a million."""
    head = read_dates(texts.head(FIRST), spelling)
    return 2 * head.null_count() <= len(head)


def _share(dates: pl.Series, counts: pl.Series) -> float:
    return float(counts.filter(dates.is_not_null()).sum())


def _likeliness(dates: pl.Series) -> tuple[float, ...]:
    """Return what speaks for an order: always the same day of the month, then rows in order.

    Of two orders that nothing tells apart the first of `_BY_ORDER` is taken.
    """
    present = dates.drop_nulls()
    steps = present.diff().drop_nulls().dt.total_seconds()
    if not len(steps):
        return (0.0, 0.0)
    seconds = steps.to_numpy()
    one_day = float(present.dt.day().n_unique() == 1 and present.dt.month().n_unique() > 1)
    return (one_day, round(float(max((seconds > 0).mean(), (seconds < 0).mean())), 2))


def _plain(texts: pl.Series) -> pl.Series:
    """Return lower-case texts without names of weekdays and the letters of ordinals."""
    texts = cleaned(texts).str.to_lowercase()
    texts = texts.str.replace(_WEEKDAY, "").str.replace(r"\b(\d{1,2})(?:st|nd|rd|th)\b", "$1")
    return texts.str.replace(r"\b(\d{1,2})\.? (?:de |of )", "$1 ").str.replace(
        r" de (\d{4})", " $1"
    )


def _dates(texts: pl.Series, order: Order) -> pl.Series:
    import polars as pl

    plain = _plain(texts)
    out = pl.Series(texts.name, [None] * len(plain), dtype=pl.Datetime("us"))
    for pattern in (_ORDERED[0], _BY_ORDER[order], *_ORDERED[1:]):
        left = out.is_null() & plain.is_not_null()
        if not left.any():
            break
        out = out.zip_with(~left, _matched(plain, pattern))
    return out


def _matched(plain: pl.Series, pattern: str) -> pl.Series:
    """Return the dates of the texts that match as a whole, else null."""
    import polars as pl

    parts = _groups(plain, f"^(?:{pattern})$")

    def whole(name: str, default: int | None = None) -> pl.Expr:
        if name not in parts.columns:
            return pl.lit(default, dtype=pl.Int32)
        value = pl.col(name).str.strip_chars_start("'").cast(pl.Int32, strict=False)
        return value if default is None else value.fill_null(default)

    year = whole("year")
    short = pl.col("year").str.strip_chars_start("'").str.len_chars() == 2
    century = pl.when(year < PIVOT).then(2000).otherwise(1900)
    year = pl.when(short).then(year + century).otherwise(year)
    month = whole("month", None if "month" in parts.columns else 1)
    if "name" in parts.columns:
        month = pl.col("name").replace_strict(MONTHS, default=None, return_dtype=pl.Int32)
    if "quarter" in parts.columns:
        month = whole("quarter") * 3 - 2
    day = whole("day", None if "day" in parts.columns else 1)
    known = year.is_between(FIRST_YEAR, LAST_YEAR) & month.is_between(1, 12) & day.is_between(1, 31)
    text = pl.format(
        "{}-{}-{}",
        year.cast(pl.String).str.zfill(4),
        month.cast(pl.String).str.zfill(2),
        day.cast(pl.String).str.zfill(2),
    )
    date = pl.when(known).then(text).str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us"))
    if "hour" not in parts.columns:
        return parts.select(date.alias(plain.name)).to_series()
    return parts.select((date + _of_day(parts) - _zone(parts)).alias(plain.name)).to_series()


def _of_day(parts: pl.DataFrame) -> pl.Expr:
    """Return the time of day as a duration; null where it is none."""
    import polars as pl

    hour = pl.col("hour").cast(pl.Float64, strict=False)
    minute = pl.col("minute").cast(pl.Float64, strict=False).fill_null(0.0)
    second = pl.col("second").str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
    second = second.fill_null(0.0)
    if "half" in parts.columns:
        half = pl.col("half")
        afternoon = pl.when(half == "p").then(12.0).otherwise(0.0)
        twelve = pl.when(hour.is_between(1, 12)).then(hour % 12 + afternoon)
        hour = pl.when(half.is_null()).then(hour).otherwise(twelve)
    fits = (hour < 24) & (minute < 60) & (second < 61)
    micros = ((hour * 3600 + minute * 60 + second) * 1e6).round().cast(pl.Int64)
    given = pl.when(fits).then(micros).cast(pl.Duration("us"))
    return pl.when(pl.col("hour").is_null()).then(pl.duration(seconds=0)).otherwise(given)


def _zone(parts: pl.DataFrame) -> pl.Expr:
    """Return how much later than in Greenwich it is."""
    import polars as pl

    if "zone" not in parts.columns:
        return pl.duration(seconds=0)
    digits = pl.col("zone").str.extract(r"^[+-](\d{2}:?(?:\d{2})?)$", 1).str.replace(":", "")
    digits = digits.str.pad_end(4, "0")
    minutes = digits.str.slice(0, 2).cast(pl.Int64, strict=False) * 60
    minutes = minutes + digits.str.slice(2, 2).cast(pl.Int64, strict=False)
    west = pl.col("zone").str.starts_with("-")
    signed = pl.when(west).then(-minutes).otherwise(minutes).fill_null(0)
    return (signed * 60_000_000).cast(pl.Duration("us"))


def _clocks(texts: pl.Series) -> pl.Series:
    import polars as pl

    parts = _groups(_plain(texts), _CLOCK)
    time = pl.when(pl.col("hour").is_not_null()).then(_of_day(parts))
    nanos = time.dt.total_microseconds() * 1000
    return parts.select(nanos.cast(pl.Time).alias(texts.name)).to_series()


def _durations(texts: pl.Series) -> pl.Series:
    import polars as pl

    plain = cleaned(texts).str.to_lowercase()
    out = pl.Series(texts.name, [None] * len(plain), dtype=pl.Duration("us"))
    for pattern in _PERIODS:
        parts = _groups(plain, pattern)
        units = {"days": 86_400.0, "hours": 3600.0, "minutes": 60.0, "seconds": 1.0}
        given = pl.any_horizontal([pl.col(name).is_not_null() for name in units])
        numbers = [
            pl.col(name).str.replace(",", ".").cast(pl.Float64, strict=False).fill_null(0.0) * by
            for name, by in units.items()
        ]
        sign = pl.when(pl.col("sign") == "-").then(-1).otherwise(1)
        micros = (pl.sum_horizontal(numbers) * 1e6 * sign).round().cast(pl.Int64)
        found = parts.select(pl.when(given).then(micros).cast(pl.Duration("us")).alias(texts.name))
        out = out.zip_with(out.is_not_null(), found.to_series())
    return out


def _groups(plain: pl.Series, pattern: str) -> pl.DataFrame:
    import polars as pl

    frame = plain.rename("text").to_frame()
    return frame.select(pl.col("text").str.extract_groups(pattern).alias("parts")).unnest("parts")
