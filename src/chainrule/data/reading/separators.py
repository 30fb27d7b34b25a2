"""The shape of a text table: its separator, its column names, and rows of one length.

Polars fills short rows without a word; here a row of another length is an error with its number.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from chainrule.errors import DataError, OptionError
from chainrule.wording import count, listing

SEPARATORS: dict[str, str] = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_SPELLED = {"\\t": "\t", "tab": "\t", "comma": ",", "semicolon": ";"}


def choose_separator(text: str, given: str | None, who: str) -> str:
    """Return the separator that is given, or the one whose count is the steadiest.

    Parameters
    ----------
    text : str
        The beginning of the file, its header line first.
    given : str or None
        The user's choice; `\\t` and `tab` may be written for the tab.
    who : str
        The file, for the message.

    Raises
    ------
    OptionError
        If the separator given is not one character.
    DataError
        If the header holds no such separator but another one, or columns parted by blanks.
    """
    lines = [re.sub(r'"[^"]*"', '""', line) for line in text.splitlines()[:20] if line.strip()]
    header, rest = lines[0], lines[1:]
    found = [mark for mark in SEPARATORS if mark in header]
    if given is not None:
        given = _SPELLED.get(given, given)
        if len(given) != 1:
            raise OptionError(
                f'the separator is one character, got "{given}". '
                'Choose one of "," ";" "|" or "tab", or leave it out: it is found by itself.'
            )
        if given not in header and found:
            other = found[0]
            shown = "tab" if other == "\t" else other
            raise DataError(
                f'{who}: the whole header is one column with the separator "{given}", '
                f"but it holds the {SEPARATORS[other]}: wrong separator. "
                f'Try `--separator "{shown}"`.'
            )
        return given
    if not found:
        _refuse_blanks(header, rest, who)
        return ","

    def steadiness(mark: str) -> tuple[float, int]:
        wanted = header.count(mark)
        return sum(line.count(mark) == wanted for line in rest) / max(len(rest), 1), wanted

    return max(found, key=steadiness)


def _refuse_blanks(header: str, rest: list[str], who: str) -> None:
    n = len(header.split())
    if n > 1 and rest and all(len(line.split()) == n for line in rest):
        raise DataError(
            f"{who}: the {n} columns seem to be parted by blanks, which is not supported. "
            "Save the file with commas or tabs between the columns."
        )


def header_names(text: str, separator: str, who: str) -> list[str]:
    """Return the column names without blanks around them; a nameless one is `column_<place>`.

    Raises
    ------
    DataError
        If a name occurs twice, or the first row is a row of numbers.
    """
    first = next(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    names = [name.strip() or f"column_{place}" for place, name in enumerate(first, start=1)]
    twice = sorted({name for name in names if names.count(name) > 1})
    decimals = [name for name in names if re.fullmatch(r"[-+]?\d*\.\d+([eE][-+]?\d+)?", name)]
    if 2 * len(decimals) >= len(names):
        raise DataError(
            f"{who}: the first row holds numbers ({listing(decimals, 3)}) where the column names "
            "are expected. Add a first row with a name for each column."
        )
    if twice:
        raise DataError(
            f'{who}: the column name "{twice[0]}" occurs {names.count(twice[0])} times. '
            "Give every column a name of its own (if the file has no header, add one)."
        )
    return names


def check_row_lengths(raw: bytes, text: str, separator: str, n_columns: int, who: str) -> None:
    """Raise a DataError that names the first row with more or fewer fields than the header."""
    lengths = _lengths_by_csv(text, separator) if b'"' in raw else _lengths(raw, separator)
    next(lengths)
    for row, n_fields in enumerate(lengths, start=1):
        if n_fields != n_columns:
            raise DataError(
                f"{who}: data row {row} has {count(n_fields, 'field')}, the header has "
                f"{count(n_columns, 'column')}. Correct that row, or put fields that contain the "
                "separator in double quotes."
            )


def _lengths(raw: bytes, separator: str) -> Iterator[int]:
    mark = separator.encode()
    return (line.count(mark) + 1 for line in raw.removesuffix(b"\n").split(b"\n"))


def _lengths_by_csv(text: str, separator: str) -> Iterator[int]:
    csv.field_size_limit(2**31 - 1)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    return (max(len(row), 1) for row in rows)
