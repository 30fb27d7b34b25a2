"""How the shell speaks: labelled lines, tables, and progress that suits where it is shown."""

from __future__ import annotations

import codecs
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import StringIO, TextIOWrapper
from typing import TYPE_CHECKING, Any, TextIO

from chainrule.advice import PYTHON, Door, Setting
from chainrule.cli.kinds import NAMES, SWITCH
from chainrule.cli.options import BY_NAME, PARAMETERS
from chainrule.wording import quoted, visible

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

LABEL_WIDTH = 9
SECONDS_BETWEEN_LINES = 5
MOST_WIDE = 100_000  # no line of a table is cut where there is no terminal
STAND_INS = {
    "·": "-", "–": "-", "—": "-", "−": "-", "━": "-", "×": "x", "±": "+-", "²": "^2", "°": " deg",
    "→": "->", "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "∞": "inf", "‖": "|", "…": "...",
    "“": '"', "”": '"', "‘": "'", "’": "'", "■": "#", "█": "#", "\u00a0": " ",
}  # fmt: skip
OF_OTHER_COMMANDS = {"coverage": "--interval", "row": "--row", "format": "--format"}


def _flag(setting: Setting) -> str:
    """Return an option as the shell takes it; what the shell has not stays as it is in Python."""
    option = PARAMETERS.get(setting.name) or BY_NAME.get(setting.name.replace("_", "-"))
    flag = option.flag if option else OF_OTHER_COMMANDS.get(setting.name)
    if flag is None:
        return PYTHON.word(setting)
    value = setting.value
    if value is ...:
        return flag
    if option and option.kind is SWITCH and isinstance(value, bool):
        return flag if value else f"--no-{option.name}"
    values = [str(each) for each in value] if isinstance(value, list | tuple) else [str(value)]
    if option and option.kind is NAMES:
        return " ".join(f"{flag} {quoted(each)}" for each in values)
    return f"{flag} {quoted(','.join(values))}"


SHELL = Door("shell", _flag)


def plain(renderable: RenderableType) -> list[str]:
    """Return what rich draws as lines without colour, as wide as it wants to be."""
    from rich.console import Console  # rich only when something is drawn

    console = Console(file=StringIO(), width=MOST_WIDE, color_system=None, force_terminal=False)
    with console.capture() as drawn:
        console.print(renderable, highlight=False, markup=False)
    return [line.rstrip() for line in drawn.get().splitlines()]


def columns(rows: Sequence[Sequence[str]]) -> Table:
    """Return the rows as a table with aligned columns; the first row is the heading."""
    from rich.table import Table  # rich only when something is drawn
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in rows[0]:
        table.add_column(Text(visible(name)), overflow="fold")
    for row in rows[1:]:
        table.add_row(*(Text(visible(cell)) for cell in row))
    return table


def draw(renderable: RenderableType, stream: TextIO | None = None) -> None:
    """Print it: in the terminal's width and colours, or as plain lines where there is none."""
    out: TextIO = stream or sys.stdout
    if out.isatty():
        from rich.console import Console  # rich only when something is drawn

        Console(file=out).print(renderable, highlight=False, markup=False)
    else:
        print("\n".join(plain(renderable)), file=out, flush=True)


def show(text: str, stream: TextIO | None = None) -> None:
    """Print a text that holds names, cells or paths: nothing in it may steer the terminal."""
    print(visible(text), file=stream or sys.stdout)


def in_any_encoding() -> None:
    """Let signs that a terminal's encoding lacks be written by others that it has."""
    codecs.register_error("stand-ins", _stand_ins)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="stand-ins")


def _stand_ins(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    signs = error.object[error.start : error.end]
    return "".join(STAND_INS.get(sign) or ascii(sign)[1:-1] for sign in signs), error.end


def silence(stream: TextIO) -> None:
    """Let what is written to a stream from now on, and at exit, go nowhere."""
    try:
        number = stream.fileno()
    except (OSError, ValueError):
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)


class Talk:
    """Lines for people; with `json` they go to stderr, so that stdout holds the result alone."""

    def __init__(self, json: bool = False) -> None:
        self.stream: TextIO = sys.stderr if json else sys.stdout

    def say(self, label: str, *lines: RenderableType) -> None:
        """Print lines (or a table) under one label, folded beside it where the terminal ends."""
        from rich.table import Table  # rich only when something is drawn
        from rich.text import Text

        grid = Table.grid()
        grid.add_column(width=LABEL_WIDTH, style="bold")
        grid.add_column(overflow="fold")
        for i, line in enumerate(lines):
            shown = Text(visible(line)) if isinstance(line, str) else line
            grid.add_row(label if i == 0 else "", shown)
        if not lines:
            return
        try:
            draw(grid, self.stream)
        except OSError:  # nobody listens any more, or there is no room: the work goes on
            silence(self.stream)


@contextmanager
def show_progress(label: str = "Epoch") -> Iterator[Any]:
    """Yield a callback for training: one live line on a terminal, else a line now and then."""
    from rich.console import Console  # rich only when something is drawn
    from rich.progress import BarColumn, Progress, TextColumn

    console = Console(stderr=True)
    live = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(16),
        TextColumn("(Ctrl-C keeps the best)"),
        console=console,
        auto_refresh=False,
        transient=True,
        disable=not console.is_terminal,
    )
    training = live.add_task(label, total=1.0, visible=False)
    shown = {"at": 0.0, "compiling": True}
    started = time.perf_counter()

    def line(progress: Any) -> str:
        measures = progress.measures
        parts = [f"train {measures.get('loss', measures['running_loss']):.4g}"]
        if "val_loss" in measures:
            parts.append(f"valid {measures['val_loss']:.4g}")
        for name in ("val_accuracy", "accuracy"):
            if name in measures:
                parts.append(f"{name.replace('val_', 'valid ')} {measures[name]:.3f}")
                break
        part = f" and {progress.share:.0%}" if progress.share else ""
        return f"{label} {progress.epoch}{part}/{progress.n_epochs}  " + "  ".join(parts)

    def on_progress(progress: Any) -> None:
        now = time.perf_counter() - started
        if shown["compiling"] and progress.compile_seconds > 0.5:
            said = f"compiling, once: {progress.compile_seconds:.1f} s"
            console.print(said, highlight=False, soft_wrap=True)
        shown["compiling"] = False
        if console.is_terminal:
            done = (progress.epoch + progress.share) / max(progress.n_epochs, 1)
            live.update(
                training, completed=done, description=line(progress), visible=True, refresh=True
            )
        elif (progress.epoch or progress.share) and now - shown["at"] > SECONDS_BETWEEN_LINES:
            console.print(line(progress), highlight=False, soft_wrap=True)
            shown["at"] = now

    with live:
        yield on_progress


@contextmanager
def show_shares(label: str) -> Iterator[Any]:
    """Yield a callback for (name, share done), shown as the progress of a training is."""
    from rich.console import Console  # rich only when something is drawn
    from rich.progress import BarColumn, Progress, TextColumn

    console = Console(stderr=True)
    live = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(16),
        console=console,
        auto_refresh=False,
        transient=True,
        disable=not console.is_terminal,
    )
    doing = live.add_task(label, total=1.0, visible=False)
    shown = {"at": time.perf_counter()}

    def on_share(name: str, share: float) -> None:
        line, now = f"{label} {name}", time.perf_counter()
        if console.is_terminal:
            live.update(doing, completed=share, description=line, visible=True, refresh=True)
        elif now - shown["at"] > SECONDS_BETWEEN_LINES:
            console.print(f"{line} {share:.0%}", highlight=False, soft_wrap=True)
            shown["at"] = now

    with live:
        yield on_share
