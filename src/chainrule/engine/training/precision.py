"""float32 unless asked otherwise; float64 is switched on for the one call that asks."""

from contextlib import AbstractContextManager
from typing import Any

import jax
import numpy as np

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
    raise OptionError(f"dtype={dtype!r} is not supported. Choose float32 or float64.")


def precision(dtype: np.dtype) -> AbstractContextManager[Any]:
    """Return the context in which arrays of `dtype` are computed as such."""
    return jax.enable_x64(dtype == np.dtype(np.float64))
