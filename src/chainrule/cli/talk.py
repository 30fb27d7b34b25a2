"""How the shell speaks: labelled lines, tables, and progress that suits where it is shown."""

import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

from chainrule.advice import PYTHON, Door, Setting
from chainrule.cli.kinds import NAMES, SWITCH
from chainrule.cli.options import BY_NAME, PARAMETERS

LABEL_WIDTH = 9
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
        return " ".join(f"{flag} {shlex.quote(each)}" for each in values)
    return f"{flag} {shlex.quote(','.join(values))}"


SHELL = Door("shell", _flag)


class Talk:
    """Lines for people; with `json` they go to stderr, so that stdout holds the result alone."""

    def __init__(self, json: bool = False) -> None:
        self.stream: TextIO = sys.stderr if json else sys.stdout

    def say(self, label: str, *lines: str) -> None:
        """Print lines under one label."""
        for i, line in enumerate(lines):
            print(f"{label if i == 0 else '':<{LABEL_WIDTH}}{line}", file=self.stream, flush=True)


@contextmanager
def show_progress(label: str = "Epoch") -> Iterator[Any]:
    """Yield a callback for training: one live line on a terminal, else a line now and then."""
    live = sys.stderr.isatty()
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
            _clear(live)
            print(f"compiling, once: {progress.compile_seconds:.1f} s", file=sys.stderr)
        shown["compiling"] = False
        if live:
            bar = _bar((progress.epoch + progress.share) / max(progress.n_epochs, 1))
            text = f"\r\x1b[K{line(progress)}  {bar}  (Ctrl-C keeps the best)"
            print(text, end="", file=sys.stderr, flush=True)
        elif (progress.epoch or progress.share) and now - shown["at"] > 5:
            print(line(progress), file=sys.stderr, flush=True)
            shown["at"] = now

    try:
        yield on_progress
    finally:
        _clear(live)


def _clear(live: bool) -> None:
    if live:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _bar(share: float, width: int = 16) -> str:
    filled = round(share * width)
    return "█" * filled + "░" * (width - filled)


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the rows as lines with aligned columns; the first row is the heading."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        lines.append("  ".join(cells).rstrip())
    return lines
