"""A run that is not done: what it was begun with, how far it is, and whether it is running.

    RUN/checkpoint/started.json    what was asked, of which table, and when
    RUN/checkpoint/running         held by the process that fits
    RUN/checkpoint/...             the trainings, as `storage.checkpoints` keeps them

The folder goes when the run is whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import filelock
import msgspec

from chainrule.errors import OptionError
from chainrule.storage.checkpoints import Checkpoints, progress_of
from chainrule.writing import written_whole

CHECKPOINT, STARTED, RUNNING = "checkpoint", "started.json", "running"


class Started(msgspec.Struct):
    """What a run was begun with; `dates` are those of its beginning and of each going on."""

    command: list[str]
    table: str
    data_hash: str
    target: str | list[str] = ""
    dates: list[str] = []


def read_started(run: Path) -> Started | None:
    """Return what a run was begun with, if it can go on; None if it cannot, or is whole."""
    try:
        return msgspec.json.decode((run / CHECKPOINT / STARTED).read_bytes(), type=Started)
    except (OSError, msgspec.MsgspecError, ValueError, RecursionError):
        return None


@contextmanager
def running(run: Path, started: Started) -> Iterator[Started]:
    """Hold a run while it is fitted, and write down that it goes on.

    Raises
    ------
    OptionError
        If another process is fitting it, or nothing can be written there.
    """
    folder = run / CHECKPOINT
    now = msgspec.structs.replace(
        started, dates=[*started.dates, datetime.now(UTC).isoformat(timespec="seconds")]
    )
    try:
        folder.mkdir(exist_ok=True)
        lock = filelock.FileLock(folder / RUNNING, timeout=0)
        lock.acquire()
    except filelock.Timeout:
        raise OptionError(
            f"{run} is being fitted by another process. Wait until that has ended."
        ) from None
    except OSError as error:
        raise OptionError(
            f"{run} cannot be written to ({error.strerror}). Choose another folder with --out."
        ) from None
    try:
        with written_whole(folder / STARTED) as unfinished:
            unfinished.write_bytes(msgspec.json.encode(now))
        yield now
    finally:
        lock.release()


def is_running(run: Path) -> bool:
    """Return whether a process is fitting the run."""
    path = run / CHECKPOINT / RUNNING
    if not path.is_file():
        return False
    try:
        with filelock.FileLock(path, timeout=0):
            return False
    except (filelock.Timeout, OSError):
        return True


def holds_trainings(run: Path) -> bool:
    """Return whether anything that was trained is kept of a run."""
    return any(progress_of(run / CHECKPOINT))


def forget(run: Path) -> None:
    """Remove what is kept of a run, once it is whole."""
    folder = run / CHECKPOINT
    for name in (STARTED, RUNNING):
        with suppress(OSError):
            (folder / name).unlink(missing_ok=True)
    with suppress(OSError):
        Checkpoints(folder).remove()
