"""How names and numbers are put into words: near names, short lists, plurals, ranges, pieces."""

from __future__ import annotations

import difflib
import re
import shlex
import unicodedata
from collections.abc import Iterable, Sequence

# control characters but for tab and line end, marks of direction, halves of surrogate pairs
_OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def plain(name: str) -> str:
    """Return a name without capitals, accents, blanks, - and _; between digits one blank stays.

    >>> plain(" Körper-Größe"), plain("q1_1"), plain("q 11")
    ('korpergrosse', 'q1 1', 'q11')
    """
    letters = unicodedata.normalize("NFKD", name).casefold()
    name = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return re.sub(r"[\s_-]+", "", re.sub(r"(?<=\d)[\s_-]+(?=\d)", "\0", name)).replace("\0", " ")


def nearest(wanted: str, names: Iterable[str], n: int = 3) -> list[str]:
    """Names like the wanted one, best first; what `plain` leaves away counts little."""
    by_plain: dict[str, list[str]] = {}
    for name in names:
        by_plain.setdefault(plain(name), []).append(name)
    close = difflib.get_close_matches(plain(wanted), by_plain, n=n, cutoff=0.6)
    return [name for key in close for name in by_plain[key]][:n]


def did_you_mean(wanted: str, names: Iterable[str]) -> str:
    """Return `; did you mean "species"?`, or nothing when no name is near."""
    close = nearest(wanted, names, n=1)
    return f'; did you mean "{close[0]}"?' if close else ""


def listing(names: Sequence[object], most: int = 8) -> str:
    """Return names joined by commas, the tail counted instead of listed."""
    shown = ", ".join(str(name) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def visible(text: str) -> str:
    r"""Return a text in which what a terminal would obey, rather than show, is an escape.

    >>> print(visible("a\x1b[31m, 5 °C"))
    a\x1b[31m, 5 °C
    """
    return _OBEYED.sub(lambda found: ascii(found[0])[1:-1], text)


_IN_QUOTES = str.maketrans({"\\": "\\\\", "'": "\\'"})


def quoted(word: object) -> str:
    r"""Return a word as a shell takes it; what cannot be typed as an escape of bash and zsh.

    >>> print(quoted("runs/a-1"), quoted("my runs/a-1"), quoted("a\x1b"))
    runs/a-1 'my runs/a-1' $'a\x1b'
    """
    text = str(word)
    seen = visible(text)
    return shlex.quote(text) if seen == text else f"$'{visible(text.translate(_IN_QUOTES))}'"


def words_of(name: str) -> list[str]:
    """Return the words of a name, in small letters.

    >>> words_of("zipCode"), words_of("Home phone_no")
    (['zip', 'code'], ['home', 'phone', 'no'])
    """
    return re.split(r"[\W_]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower().strip())


def count(n: int, noun: str, plural: str | None = None) -> str:
    """Return `1 row`, `2 rows`."""
    return f"{n} {noun if n == 1 else plural or noun + 's'}"


def names_of_pieces(names: Sequence[str], columns: Sequence[int], n_pieces: int) -> list[str]:
    """Return names of numbers with those of the pieces that some of them are cut into behind them.

    >>> names_of_pieces(["age", "bmi"], [1], 2)
    ['age', 'bmi', 'bmi, piece 1', 'bmi, piece 2']
    """
    pieces = [f"{names[j]}, piece {k + 1}" for j in columns for k in range(n_pieces)]
    return [*names, *pieces]


def from_to(numbers: Sequence[int]) -> str:
    """Return the least and the largest number, or the only one there is.

    >>> from_to([7, 3, 5]), from_to([4, 4])
    ('3 to 7', '4')
    """
    low, high = min(numbers), max(numbers)
    return f"{low}" if low == high else f"{low} to {high}"
