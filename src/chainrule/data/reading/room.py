"""Whether the memory that is left holds a table: said before it is read, not by a crash after it.

A table takes at least three times its text, or twice its numbers in memory, until it is trained on;
what is left is what the system says, or the control group of a container, if that is less.
"""

from __future__ import annotations

from pathlib import Path

from chainrule.errors import DataError

TIMES_TEXT, TIMES_NUMBERS = 3, 2
FEWEST_BYTES = 100_000_000  # below which nothing is asked
MEMORY, GROUP = Path("/proc/meminfo"), Path("/sys/fs/cgroup")


def refuse_without_memory(who: str, n_bytes: int, times: int, n_rows: int) -> None:
    """Raise a DataError if a table of so many bytes and rows needs more memory than is left."""
    needed = times * n_bytes
    if needed < FEWEST_BYTES:
        return
    left = memory_left()
    if left is None or needed <= left:
        return
    few = max(n_rows * left // needed // 5, 1)  # four times as many are held for a while
    few -= few % 10 ** max(len(str(few)) - 2, 0)
    raise DataError(
        "{}: a table of {} rows and {} needs {} of memory at least, and {} are left. Take a part "
        "of its rows: {sample}. Or close other programs.",
        who,
        f"{n_rows:,}",
        _size(n_bytes),
        _size(needed),
        _size(left),
        sample=few,
    )


def memory_left() -> int | None:
    """Return how many bytes of memory may still be taken; None where the system does not say."""
    known = [each for each in (_of_system(), _of_group()) if each is not None]
    return min(known) if known else None


def _of_system() -> int | None:
    try:
        lines = MEMORY.read_text().splitlines()
        told = dict(line.split(":", 1) for line in lines)
        return int(told["MemAvailable"].split()[0]) * 1024
    except (OSError, ValueError, KeyError, IndexError):
        return None


def _of_group() -> int | None:
    try:
        most = int((GROUP / "memory.max").read_text())
        used = int((GROUP / "memory.current").read_text())
        told = dict(line.split() for line in (GROUP / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):  # "max", where there is no limit
        return None
    return max(most - used + int(told.get("inactive_file", 0)), 0)


def _size(n_bytes: int) -> str:
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:.0f} MB"
