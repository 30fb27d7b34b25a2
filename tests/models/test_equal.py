"""docs/equal.md, line by line: which fits are equal to the last bit, and which up to rounding."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from chainrule import (
    FixedPointClassifier,
    MLPClassifier,
    MLPRegressor,
    TabularClassifier,
    TabularRegressor,
)

DRAW = np.random.default_rng(0)
X = DRAW.normal(size=(300, 4))
NUMBER = X[:, 0] * X[:, 1] + 0.1 * DRAW.normal(size=300)
CLASSES = (NUMBER > 0).astype(int)
SMALL = {
    "mlp": (MLPClassifier((16,), max_iter=5, dropout=0.1, random_state=0), CLASSES),
    "stopping": (MLPRegressor((16,), max_iter=5, early_stopping=True, random_state=0), NUMBER),
    "tabular": (TabularClassifier(max_iter=2, n_networks=2, random_state=0), CLASSES),
    "numbers": (TabularRegressor(max_iter=2, n_networks=2, random_state=0), NUMBER),
    "fixed-point": (FixedPointClassifier(4, max_iter=2, random_state=0), CLASSES),
    "lbfgs": (MLPRegressor((4,), max_iter=5, solver="lbfgs", tol=1, random_state=0), NUMBER),
    "float64": (MLPRegressor((16,), max_iter=5, dtype="float64", random_state=0), NUMBER),
}
WIDE = np.random.default_rng(1).normal(size=(4096, 32))
# what may differ between two processes, and may not change a number
OTHERWISE = {
    "in another process": {},
    "fresh programs": {"CHAINRULE_CACHE": "off"},
    "threads of BLAS": {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    "another order of hashes": {"PYTHONHASHSEED": "7"},
    "one core": {"NPROC": "1"},
}


def digest(model):
    """Return what was fitted in a few letters."""
    arrays = [a for each in model.fitted_.networks for own in each.network.arrays
              for a in own.values()]  # fmt: skip
    arrays += list(model.history_.values())
    return hashlib.sha256(b"".join(np.ascontiguousarray(a).tobytes() for a in arrays)).hexdigest()


def digests(*names):
    return [digest(model.fit(X, y)) for model, y in map(SMALL.get, names or SMALL)]


def wide(dtype="float32", solver="adam"):
    """Return predictions after a few long steps, which the cores share."""
    model = MLPRegressor((256,), max_iter=2, batch_size=1024, dtype=dtype, random_state=0)
    return model.set_params(solver=solver).fit(WIDE, np.sin(WIDE[:, 0])).predict(WIDE[:200])


def elsewhere(what, **environment):
    """Evaluate an expression of this module in another process."""
    program = f"import json, test_equal; print(json.dumps(test_equal.{what}))"
    own = {"PYTHONPATH": f"{Path(__file__).parent}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    words = [sys.executable, "-W", "ignore", "-c", program]
    done = subprocess.run(
        words, env={**os.environ, **own, **environment}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def before():
    """What a process gives in the usual environment, fitting all twice."""
    both = elsewhere("digests() + test_equal.digests()")
    assert both[: len(SMALL)] == both[len(SMALL) :]
    return both[: len(SMALL)]


def test_whatever_the_process_small_steps_give_the_same_bits():
    every = {name: value for each in OTHERWISE.values() for name, value in each.items()}
    assert elsewhere("digests('mlp')", **every) == elsewhere("digests('mlp')")


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERWISE)
def test_each_of_it_alone_changes_no_bit(before, name):
    assert elsewhere("digests()", **OTHERWISE[name]) == before


@pytest.mark.slow
def test_a_busy_core_changes_no_bit(before):
    spin = [sys.executable, "-c", "while True: pass"]
    others = [subprocess.Popen(spin) for _ in range(2 * (os.cpu_count() or 1))]
    try:
        assert elsewhere("digests()") == before
    finally:
        for each in others:
            each.kill()
            each.wait()


@pytest.mark.slow
def test_numbers_of_cores_and_kinds_of_processors_differ_by_rounding():
    single = wide()
    for environment in (
        {"NPROC": "1"},
        {"XLA_FLAGS": f"{os.environ.get('XLA_FLAGS', '')} --xla_cpu_max_isa=AVX"},
    ):
        other = elsewhere("wide().tolist()", **environment)
        np.testing.assert_allclose(np.array(other), single, atol=2e-4)
    np.testing.assert_allclose(wide("float64"), single, atol=2e-4)
