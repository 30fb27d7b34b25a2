"""Advice is data: a text keeps the options that it names, and each door words them its own way.

What is `max_iter=0` in Python is `--epochs 0` at the shell.  Errors, findings and remarks are made
from such texts; a text is a `str` all the same, in the words of Python unless a door was named.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from string import Formatter
from typing import Any, Literal

from chainrule.wording import visible


@dataclass(frozen=True)
class Setting:
    """An option by the name of its parameter, and its value; the option alone if that is `...`.

    What is no parameter of an estimator goes by its name at the shell, such as `split`.
    """

    name: str
    value: Any = ...


@dataclass(frozen=True)
class Either:
    """What the doors say each in words of their own; a door without any speaks as Python does."""

    python: Piece
    shell: Piece | None = None
    engine: Piece | None = None

    def at(self, door: Door) -> Piece:
        """Return the words of a door."""
        own: Piece | None = getattr(self, door.name)
        return self.python if own is None else own


@dataclass(frozen=True)
class Door:
    """Where a text is read, and how an option is written there."""

    name: Literal["python", "engine", "shell"]
    word: Callable[[Setting], str]


def as_python(value: Any) -> str:
    """Return a value as Python code writes it, strings in double quotes.

    >>> as_python(("relu", 0.5)), as_python(["c"]), as_python((8,))
    ('("relu", 0.5)', '["c"]', '(8,)')
    """
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if type(value) is list:
        return f"[{', '.join(map(as_python, value))}]"
    if type(value) is tuple:
        return f"({', '.join(map(as_python, value))}{',' if len(value) == 1 else ''})"
    return repr(value)


def _parameter(setting: Setting) -> str:
    return setting.name if setting.value is ... else f"{setting.name}={as_python(setting.value)}"


PYTHON = Door("python", _parameter)
ENGINE = Door("engine", _parameter)


class Text(str):
    """A text whose fields are options, or what each door says in its own words.

    `{max_iter}` is filled with the option `max_iter` and its value (`...`: its name alone), `{}`
    with the next of `pieces`.  Without any, the template is the text as it stands.

    >>> text = Text("{max_iter} must be {} or more; see {verbose}.", 1, max_iter=0, verbose=...)
    >>> text
    'max_iter=0 must be 1 or more; see verbose.'
    >>> text.at(Door("shell", lambda setting: f"--{setting.name}"))
    '--max_iter must be 1 or more; see --verbose.'
    """

    pieces: tuple[Piece, ...]
    door: Door

    def __new__(cls, template: str = "", /, *pieces: object, **settings: object) -> Text:
        """Return the text as it is read in Python."""
        if not pieces and not settings:
            return cls._made(template.pieces if isinstance(template, Text) else (template,), PYTHON)
        return cls._made(tuple(_filled(template, pieces, settings)), PYTHON)

    @classmethod
    def _made(cls, pieces: tuple[Piece, ...], door: Door) -> Text:
        text = super().__new__(cls, visible("".join(_worded(piece, door) for piece in pieces)))
        text.pieces, text.door = pieces, door
        return text

    def at(self, door: Door) -> Text:
        """Return the same text as it is read at another door."""
        return self._made(self.pieces, door)

    def options(self, door: Door = PYTHON) -> set[str]:
        """Return the names of the options that it names at a door."""
        return {name for piece in self.pieces for name in _options(piece, door)}


Piece = str | Setting | Either


def _filled(
    template: str, pieces: tuple[object, ...], settings: dict[str, object]
) -> Iterator[Piece]:
    left = iter(pieces)
    for words, field, spec, _ in Formatter().parse(template):
        yield words
        if field:
            yield Setting(field, settings[field])
        elif field is not None:
            piece = next(left)
            yield piece if isinstance(piece, Piece) else format(piece, spec or "")


def _worded(piece: Piece, door: Door) -> str:
    if isinstance(piece, Setting):
        return door.word(piece)
    if isinstance(piece, Either):
        return _worded(piece.at(door), door)
    return piece.at(door) if isinstance(piece, Text) else piece


def _options(piece: Piece, door: Door) -> set[str]:
    if isinstance(piece, Either):
        return _options(piece.at(door), door)
    if isinstance(piece, Setting):
        return {piece.name}
    return piece.options(door) if isinstance(piece, Text) else set()


HOLD_OUT = Either(Setting("early_stopping", True), Setting("validation", 0.15))


def as_split(kind: str) -> Text:
    """Return how a split is chosen; Python's "random" is stratified where there are classes."""
    python = "random" if kind == "stratified" else kind
    return Text("`{}`", Either(Setting("validation_split", python), Setting("split", kind)))


def for_task(task: str) -> Either:
    """Return what does a task: the model in Python, the option at the shell."""
    model = "a classifier" if task == "classification" else "a regressor"
    return Either(model, Text("`{task}`", task=task))


def as_task(task: str) -> Text:
    """Return the advice to do the other task."""
    return Text("Use {}", for_task(task))
