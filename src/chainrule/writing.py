"""Files are written whole or not at all: beside their place, under a name that nobody can know."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

UNFINISHED = ".writing-"
_NEW = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0)


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Yield an empty file to fill, which takes the place of `path` when the block ends well.

    What is there already keeps its permissions, and a link stays a link; a new file gets those that
    the umask leaves.  After an error what was there is as it was.

    Raises
    ------
    OSError
        If the place cannot be written to.
    """
    place = Path(os.path.realpath(path))
    unfinished = place.with_name(f"{UNFINISHED}{secrets.token_hex(8)}")
    os.close(os.open(unfinished, _NEW, 0o666))
    try:
        if place.exists():
            shutil.copymode(place, unfinished)
        yield unfinished
        unfinished.replace(place)
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
