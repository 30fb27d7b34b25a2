"""Ctrl-C during training: finish the block that runs, keep the best so far, stop."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass
class Interrupt:
    """Whether the user has pressed Ctrl-C."""

    requested: bool = False


@contextmanager
def catch_interrupt() -> Iterator[Interrupt]:
    """Note Ctrl-C instead of raising; a second Ctrl-C raises KeyboardInterrupt as usual.

    Outside the main thread, or where the program handles the signal itself, nothing changes.
    """
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
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, usual)
