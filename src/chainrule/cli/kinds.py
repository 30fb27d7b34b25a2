"""Kinds of options: how a value is read, from the command line and from TOML alike.

Text "64,32" and the list [64, 32] both give (64, 32); what is no value of the kind is a ValueError.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Kind:
    """A kind of value.

    Attributes
    ----------
    typed : type
        What the command line hands over.
    read : callable
        Gives the value itself, or raises ValueError.
    wanted : str
        What an error says is expected.
    metavar : str
        What stands for the value in the help.
    """

    typed: Any
    read: Callable[[Any], Any]
    wanted: str
    metavar: str = ""

    def shown(self, value: Any) -> Any:
        """Return a value as the help shows it."""
        if self.typed is not str or value is None:
            return value or None if self.typed == list[str] else value
        parts = value if isinstance(value, tuple) else (value,)
        texts = [f"{part:g}" if isinstance(part, float) else str(part) for part in parts]
        return ",".join(texts) or None


def _exactly(*types: type) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if type(value) not in types:
            raise ValueError
        return types[-1](value)

    return read


def _names(value: Any) -> tuple[str, ...]:
    values = [value] if isinstance(value, str) else list(value)
    if not all(isinstance(each, str) for each in values):
        raise ValueError
    return tuple(values)


def _list_of(one: Callable[[Any], Any], parse: Callable[[str], Any]) -> Callable[[Any], Any]:
    """Read a list written with commas (or blanks), a list of TOML, or a single value."""

    def read(value: Any) -> tuple[Any, ...]:
        if isinstance(value, str):
            return tuple(parse(part) for part in value.replace(",", " ").split())
        values = value if isinstance(value, list | tuple) else [value]
        return tuple(one(each) for each in values)

    return read


def _one_or_more(several: Callable[[Any], tuple[Any, ...]]) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        values = several(value)
        if not values:
            raise ValueError
        return values[0] if len(values) == 1 else values

    return read


def _size(value: Any) -> int | str:
    if isinstance(value, str):
        return int(value) if value.lstrip("-").isdigit() else value
    return _whole(value)


def _count(value: Any) -> int | str:
    if isinstance(value, str):
        return value if value == "auto" else int(value)
    return _whole(value)


def _amount(value: Any) -> float | str:
    if isinstance(value, str):
        return value if value == "auto" else float(value)
    return _number(value)


def _units(value: Any) -> tuple[int, ...] | str:
    return value if value == "auto" else WHOLES.read(value)


_whole, _number = _exactly(int), _exactly(int, float)
_numbers = _list_of(_number, float)

TEXT = Kind(str, _exactly(str), "text", "TEXT")
NAME = Kind(str, _exactly(str), "the name of a column", "COLUMN")
PATH = Kind(str, _exactly(str), "a path", "PATH")
NAMES = Kind(list[str], _names, "a name or a list of names", "COLUMN")
SWITCH = Kind(bool, _exactly(bool), "true or false")
WHOLE = Kind(int, _whole, "a whole number", "N")
NUMBER = Kind(float, _number, "a number", "X")
SIZE = Kind(str, _size, 'a whole number, "auto" or "full"', "N")
COUNT = Kind(str, _count, 'a whole number or "auto"', "N")
AMOUNT = Kind(str, _amount, 'a number or "auto"', "X")
UNITS = Kind(str, _units, 'whole numbers such as "64,32", or "auto"', "N,N…")
WHOLES = Kind(str, _list_of(_whole, int), 'whole numbers such as "64,32"', "N,N…")
NUMBERS = Kind(str, _one_or_more(_numbers), 'a number, or several such as "0.2,0.1"', "X,X…")
WORDS = Kind(
    str, _one_or_more(_list_of(TEXT.read, str)), 'a name, or several such as "relu,tanh"', "NAME"
)
