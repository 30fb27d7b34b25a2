"""How all is computed: by programs kept on disk, in float32 unless a call asks for float64."""

import atexit
import functools
import os
import sys
from contextlib import AbstractContextManager
from typing import Any

import jax
import numpy as np

from chainrule.engine.compiling.cache import keep_compilations
from chainrule.errors import ForkedError, OptionError


@functools.cache
def _started_in() -> int:
    """Return the process that was the first to compute."""
    return os.getpid()


def _end_at_once() -> None:
    """End a forked process before what it took from its parent waits for the threads it lacks."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1)


def as_dtype(dtype: Any) -> np.dtype:
    """Return float32 or float64.

    Raises
    ------
    OptionError
        For any other type.
    """
    for supported in (np.dtype(np.float32), np.dtype(np.float64)):
        if dtype in (supported, supported.name, supported.type):
            return supported
    raise OptionError("{dtype} is not supported. Choose float32 or float64.", dtype=dtype)


def precision(dtype: np.dtype) -> AbstractContextManager[Any]:
    """Return the context in which arrays of `dtype` are computed as such, by kept programs.

    Raises
    ------
    ForkedError
        In a process forked from one that had computed already: it has none of the threads that
        compute, and would wait for them for ever.
    """
    if _started_in() != os.getpid():
        atexit.register(_end_at_once)
        raise ForkedError(
            "this process was forked from one that had used the engine of chainrule, whose threads "
            'it does not have: it would hang. Start it afresh (multiprocessing\'s "spawn", '
            'joblib\'s "loky"), or use threads. Predictions alone work in it, as does training '
            "where only forked processes train."
        )
    keep_compilations()
    return jax.enable_x64(dtype == np.dtype(np.float64))
