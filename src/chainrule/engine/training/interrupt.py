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

SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]


@dataclass
class Interrupt:
    """Whether the user has pressed Ctrl-C, or another signal asks for an end."""

    requested: bool = False


_caught: ContextVar[Interrupt | None] = ContextVar("_caught", default=None)


@contextmanager
def catch_interrupt() -> Iterator[Interrupt]:
    """Note Ctrl-C instead of raising; a second Ctrl-C raises KeyboardInterrupt as usual.

    So is every other signal noted that the program answers as Python does Ctrl-C.  Outside the main
    thread, or where the program handles the signal itself, nothing changes.
    """
    around = _caught.get()
    if around is not None:
        yield around
        return
    interrupt = Interrupt()
    main = threading.current_thread() is threading.main_thread()
    caught = [each for each in SIGNALS if signal.getsignal(each) is signal.default_int_handler]
    if not main or not caught:
        yield interrupt
        return

    def note(signum: int, frame: Any) -> None:
        if interrupt.requested:
            signal.default_int_handler(signum, frame)
        interrupt.requested = True

    for each in caught:
        signal.signal(each, note)
    token = _caught.set(interrupt)
    try:
        yield interrupt
    finally:
        _caught.reset(token)
        for each in caught:
            signal.signal(each, signal.default_int_handler)
