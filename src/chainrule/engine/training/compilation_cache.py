"""Compiled programs kept on disk, so that the next process need not compile them again.

They lie in the user's cache folder, or where `CHAINRULE_CACHE` says; `CHAINRULE_CACHE=off` keeps
nothing.  A program that has set JAX's own cache folder keeps its setting.
"""

import functools
import os
from pathlib import Path

import jax

from chainrule.folders import user_cache_folder


@functools.cache
def keep_compilations() -> None:
    """Switch the cache on for this process, once."""
    wanted = os.environ.get("CHAINRULE_CACHE", "")
    if wanted == "off" or jax.config.jax_compilation_cache_dir is not None:  # pyright: ignore
        return
    folder = Path(wanted) if wanted else user_cache_folder() / "compiled"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return  # nowhere to keep anything: everything works, each process compiles anew
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)
