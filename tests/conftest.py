"""Strict arrays in every test: float64 available, no silent promotion of type or rank.

Most of the time goes into compiling.  So programs are kept from one run of the tests to the next,
and are compiled with little optimization; `XLA_FLAGS= make test` compiles them as users have them,
and so does `make test-all`.
"""

import os
import shutil
import signal
from pathlib import Path

QUICKLY = (
    "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true "
    "--xla_cpu_parallel_codegen_split_count=1 --xla_cpu_use_fusion_emitters=false"
)
os.environ.setdefault("XLA_FLAGS", QUICKLY)  # before JAX reads it; processes of tests have it, too
# a worker for each core: threads of scikit-learn's that wait for one another would keep all cores
os.environ.setdefault("OMP_NUM_THREADS", "1")

import jax
import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"
if SHARED.is_dir():
    os.environ.setdefault("CHAINRULE_DATA", str(SHARED / "data"))

CACHE = os.environ.setdefault("CHAINRULE_CACHE", str(Path(__file__).parents[1] / ".cache/compiled"))
PROGRAMS = Path(CACHE) / "of-the-tests"  # apart from those of the processes that tests start
MOST_BYTES = 1_000_000_000
if CACHE != "off":
    jax.config.update("jax_compilation_cache_dir", str(PROGRAMS))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)
jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_numpy_dtype_promotion", "strict")


def pytest_configure(config):
    """Begin anew when old programs have piled up: JAX would look at all of them at every write."""
    if hasattr(config, "workerinput") or not PROGRAMS.is_dir():
        return
    if sum(file.stat().st_size for file in PROGRAMS.iterdir()) > MOST_BYTES:
        shutil.rmtree(PROGRAMS)


LONGEST = "test_the_commands_run_and_print_what_is_shown"  # of the README: a tenth of the suite


def pytest_collection_modifyitems(items):
    """Begin with what takes longest, so that no worker is left alone with it at the end."""
    items.sort(key=lambda item: item.name != LONGEST)


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


@pytest.fixture(autouse=True, scope="session")
def _compiled_quickly():
    """Let the flags hold for what the engine would compile with options of its own, too."""
    from chainrule.engine.compiling import speed  # typed by then

    if os.environ["XLA_FLAGS"] == QUICKLY:
        speed.OPTIONS["quick"] = {}


@pytest.fixture(autouse=True, scope="module")
def _room_for_programs():
    """Forget compiled programs between files, before they are more than a process may hold."""
    yield
    from chainrule.engine.compiling.room import forget_programs_beyond  # typed by then

    forget_programs_beyond(40_000)  # of 65,530
