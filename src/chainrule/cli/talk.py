"""How the shell speaks: labelled lines, tables, and progress that suits where it is shown."""

import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

from chainrule.cli.options import OPTIONS

LABEL_WIDTH = 9
NAMES = {option.parameter or option.name: option.flag for option in OPTIONS[1:]}
NAMES["coverage"] = "--interval"  # of predict


def at_the_shell(text: str) -> str:
    """Return advice as the shell takes it: options instead of the parameters of Python.

    >>> at_the_shell("max_iter=0 must be 1 or more.")
    '--epochs 0 must be 1 or more.'
    >>> at_the_shell('Leave it out: `drop=["c"]` (at the shell: `--drop c`).')
    'Leave it out: `--drop c`.'
    """
    text = re.sub(r"(?:`[^`]*`|a \w+) \(at the shell: (`[^`]*`)\)", r"\1", text)

    def option(found: re.Match[str]) -> str:
        name, several = found.groups()
        if name not in NAMES:
            return found[0]
        values = "" if several is None else ",".join(re.sub("[,'\"]", " ", several).split())
        return f"{NAMES[name]} {values}"

    return re.sub(r"\b([a-z]\w*)=(?:\(([^()]*)\))?", option, text)


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
