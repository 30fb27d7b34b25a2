"""Compiled programs forgotten before they use up the memory mappings a process may have.

XLA maps the code of every kernel apart: a program of training holds some 170 mappings.  A process
may have 65,530 of them on Linux, so after a few hundred architectures, as a wide search goes
through, the next compilation would end the process without a word.
"""

import gc
import logging
from pathlib import Path

import jax

from chainrule.engine.compiling.count import compilations

MAPPINGS, MOST_MAPPINGS = Path("/proc/self/maps"), Path("/proc/sys/vm/max_map_count")
LOOK_AFTER = 16  # programs compiled since the last look; looking takes some milliseconds

_compiled_at_last_look = 0


def make_room_for_programs() -> None:
    """Forget all compiled programs of JAX, if they hold half of the mappings there may be.

    What is needed again is compiled again, or fetched from the cache on disk.
    """
    global _compiled_at_last_look
    compiled = sum(compilations().values())
    if compiled - _compiled_at_last_look < LOOK_AFTER:
        return
    _compiled_at_last_look = compiled
    if forget_programs_beyond(_most_mappings() // 2):
        logging.getLogger(__name__).info("compiled programs forgotten after %d of them", compiled)


def forget_programs_beyond(n_mappings: int) -> bool:
    """Forget all compiled programs if this process has more mappings; return whether it had."""
    if _n_mappings() <= n_mappings:
        return False
    jax.clear_caches()
    gc.collect()
    return True


def _n_mappings() -> int:
    try:
        return MAPPINGS.read_bytes().count(b"\n")
    except OSError:  # another system, which counts no mappings
        return 0


def _most_mappings() -> int:
    try:
        return int(MOST_MAPPINGS.read_text())
    except (OSError, ValueError):
        return 65_530
