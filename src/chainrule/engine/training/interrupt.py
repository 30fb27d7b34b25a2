"""Ctrl-C during training: finish the block that runs, keep the best so far, stop.

Who trains several networks catches it once around all of them: what is caught within (also in a
thread that was given the context) is the same.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any


@dataclass
class Interrupt:
    """Whether the user has pressed Ctrl-C."""

    requested: bool = False


_caught: ContextVar[Interrupt | None] = ContextVar("_caught", default=None)


@contextmanager
def catch_interrupt() -> Iterator[Interrupt]:
    """Note Ctrl-C instead of raising; a second Ctrl-C raises KeyboardInterrupt as usual.

    Outside the main thread, or where the program handles the signal itself, nothing changes.
    """
    around = _caught.get()
    if around is not None:
        yield around
        return
    interrupt = Interrupt()
    usual = signal.getsignal(signal.SIGINT)
    main = threading.current_thread() is threading.main_thread()
    if not main or usual is not signal.default_int_handler:
        yield interrupt
        return

    def note(signum: int, frame: Any) -> None:
        if interrupt.requested:
            signal.default_int_handler(signum, frame)
        interrupt.requested = True

    signal.signal(signal.SIGINT, note)
    token = _caught.set(interrupt)
    try:
        yield interrupt
    finally:
        _caught.reset(token)
        signal.signal(signal.SIGINT, usual)
