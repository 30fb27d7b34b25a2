"""How all is computed: by programs kept on disk, in float32 unless a call asks for float64."""

from contextlib import AbstractContextManager
from typing import Any

import jax
import numpy as np

from chainrule.engine.compiling.cache import keep_compilations
from chainrule.errors import OptionError


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
    """Return the context in which arrays of `dtype` are computed as such, by kept programs."""
    keep_compilations()
    return jax.enable_x64(dtype == np.dtype(np.float64))
