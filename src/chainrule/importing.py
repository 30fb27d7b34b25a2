"""Large libraries imported, and programs traced, without the garbage collector.

Both make a million objects of which most stay, and the collector looks through them again and
again: with JAX that is a sixth of a second in every process.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collection_paused() -> Iterator[None]:
    """Let no garbage be collected for a while."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
