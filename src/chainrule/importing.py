"""What makes imports quick: names looked up when they are used, no garbage collected meanwhile.

Importing a large library and tracing a program both make a million objects of which most stay, and
the collector looks through them again and again: with JAX that is a sixth of a second in every
process.
"""

import gc
import importlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any


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


def looked_up(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Return a package's `__getattr__` that imports its public names when they are first used.

    `homes` says in which module each is; a name that its home does not have is that module.
    """

    def look_up(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        home = importlib.import_module(homes[name])
        return getattr(home, name, home)

    return look_up
