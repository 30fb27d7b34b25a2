"""Strict arrays in every test: float64 available, no silent promotion of type or rank."""

import os
import signal
from pathlib import Path

import jax
import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"
if SHARED.is_dir():
    os.environ.setdefault("CHAINRULE_DATA", str(SHARED / "data"))

os.environ.setdefault("CHAINRULE_CACHE", "off")
jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_numpy_dtype_promotion", "strict")


@pytest.fixture
def key():
    """The key from which a test draws."""
    return jax.random.key(0)


@pytest.fixture
def ctrl_c_as_usual():
    """Python's own handler, which processes in the background of a shell begin without."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True, scope="module")
def _room_for_programs():
    """Forget compiled programs between files: the suite compiles more than a process may hold."""
    yield
    from chainrule.engine.compiling.room import forget_programs_beyond  # typed by then

    forget_programs_beyond(20_000)
