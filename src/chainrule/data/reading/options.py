"""What the user says of how a table is written; what is not said is found."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from chainrule.advice import Text
from chainrule.data.spelling.column import CellOptions, Spelling
from chainrule.errors import OptionError
from chainrule.wording import plain

QUOTES = {"double": '"', "single": "'", "none": ""}
_SPELLED = {"\\t": "\t", "tab": "\t", "comma": ",", "semicolon": ";", "bar": "|", "blank": " "}
_SPELLED |= {"blanks": " ", "space": " "}


@dataclass(frozen=True)
class Reading:
    """How a table is to be read; see `read_table`.

    Beside what is said there `spellings` are how columns are known to be written, `plain` the
    columns of numbers that are written plainly, `texts` those that stay text, and `numbers` those
    that are no dates or codes.  `as_written` are columns of which the cells are wanted as they
    stand, too; None for all.  `sample_of` is how many rows the table has of which a part is read.
    """

    separator: str | None = None
    encoding: str | None = None
    quote: str | None = None
    header: bool | None = None
    skip_rows: int | None = None
    skip_footer: int | None = None
    comment: str | None = None
    decimal: str | Sequence[str] | None = None
    date_format: str | Sequence[str] | None = None
    missing: Sequence[str] | None = None
    strict: bool = False
    sample: int | None = None
    sample_of: int | None = None
    spellings: Mapping[str, Spelling] = field(default_factory=dict)
    texts: Sequence[str] = ()
    numbers: Sequence[str] = ()
    plain: Sequence[str] = ()
    as_written: Sequence[str] | None = ()

    def __post_init__(self) -> None:
        if self.separator is not None:
            separator = _SPELLED.get(self.separator, self.separator)
            if len(separator) != 1:
                raise OptionError(
                    '{separator} must be one character. Choose one of "," ";" "|" "tab" or '
                    '"blank", or leave it out: it is found by itself.',
                    separator=self.separator,
                )
            object.__setattr__(self, "separator", separator)
        if self.quote is not None and self.quote not in (*QUOTES, *QUOTES.values()):
            raise OptionError(
                '{quote} is not known. Choose "double", "single" or "none".', quote=self.quote
            )
        if self.sample is not None and self.sample < 1:
            raise OptionError("{sample} must be 1 or more rows.", sample=self.sample)
        for name in ("skip_rows", "skip_footer"):
            n = getattr(self, name)
            if n is not None and n < 0:
                raise OptionError(
                    "{} must be 0 or more lines.", Text("{" + name + "}", **{name: n})
                )

    @property
    def quoting(self) -> str | None:
        """The character around fields; "" for none, None where it is to be found."""
        return None if self.quote is None else QUOTES.get(self.quote, self.quote)

    def wanted_as_written(self, names: Sequence[str]) -> list[str]:
        """Return the columns that are wanted as they stand, by any spelling of their names."""
        if self.as_written is None:
            return list(names)
        wanted = {plain(name) for name in self.as_written}
        return [name for name in names if wanted and plain(name) in wanted]

    def rows_of_sample(self, n_rows: int) -> np.ndarray | None:
        """Return the places of the rows of a sample, in order; None where all rows are read."""
        if self.sample is None or self.sample >= n_rows:
            return None
        return np.sort(np.random.default_rng(0).choice(n_rows, self.sample, replace=False))

    def of_cells(self, names: Sequence[str]) -> CellOptions:
        """Return what concerns cells; `COLUMN=…` is for one column."""
        missing = None if not self.missing else tuple(self.missing)
        for mark in _values(self.decimal):
            if _split(mark, frozenset(names))[1] not in (".", ","):
                raise OptionError('{decimal} must be "." or ",".', decimal=mark)
        return CellOptions(
            missing=missing,
            decimal=_by_column(self.decimal, names),
            date_format=_by_column(self.date_format, names),
            spellings=self.spellings,
            texts=frozenset(self.texts),
            numbers=frozenset(self.numbers),
            plain=frozenset(self.plain),
        )


def _values(given: str | Sequence[str] | None) -> Sequence[str]:
    return () if given is None else (given,) if isinstance(given, str) else given


def _split(text: str, names: Collection[str]) -> tuple[str, str]:
    column, mark, value = text.rpartition("=")
    return (column, value) if mark and column in names else ("", text)


def _by_column(
    given: str | Sequence[str] | None, names: Sequence[str]
) -> str | Mapping[str, str] | None:
    known = frozenset(names)
    parted = dict(_split(text, known) for text in _values(given))
    if not parted:
        return None
    if set(parted) == {""}:
        return parted[""]
    return (
        {name: parted.get(name, parted.get("", "")) for name in names} if "" in parted else parted
    )
