"""Compiled programs kept on disk, so that the next process need not compile them again.

They lie in the user's cache folder, or where `CHAINRULE_CACHE` says; `CHAINRULE_CACHE=off` keeps
nothing.  A program that has set JAX's own cache folder keeps its setting.

The folder holds at most `MOST_BYTES`: the programs that were not used for longest go first.  Two
processes may share it, for every read and write takes its lock.  A process that is killed while it
writes leaves a program without the note of its last use, by which the next process knows it.
"""

import functools
import os
from pathlib import Path

import filelock
import jax

from chainrule.folders import user_cache_folder

MOST_BYTES = 200_000_000
PROGRAM, LAST_USE, LOCK = "-cache", "-atime", ".lockfile"  # JAX's names for its files


@functools.cache
def keep_compilations() -> None:
    """Switch the cache on for this process, once."""
    wanted = os.environ.get("CHAINRULE_CACHE", "")
    if wanted == "off" or jax.config.jax_compilation_cache_dir is not None:  # pyright: ignore
        return
    folder = Path(wanted) if wanted else user_cache_folder() / "compiled"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        remove_unfinished(folder)
    except (OSError, filelock.Timeout):
        return  # nowhere to keep anything: everything works, each process compiles anew
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_compilation_cache_max_size", MOST_BYTES)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)


def remove_unfinished(folder: Path) -> None:
    """Remove what killed processes left: a program or a note of its last use without the other."""
    with filelock.FileLock(folder / LOCK, timeout=10):
        names = {entry.name for entry in os.scandir(folder)}
        for name in names:
            for own, other in ((PROGRAM, LAST_USE), (LAST_USE, PROGRAM)):
                if name.endswith(own) and name.removesuffix(own) + other not in names:
                    (folder / name).unlink(missing_ok=True)
