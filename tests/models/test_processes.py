"""Processes that were forked: they predict, and do not hang where they would train."""

import subprocess
import sys

import pytest

SCRIPT = """
import os, sys, warnings
warnings.simplefilter("ignore")
import numpy as np
from chainrule import MLPClassifier
X = np.random.default_rng(0).normal(size=(60, 2))
y = (X[:, 0] > 0) * 1
model = lambda: MLPClassifier((4,), max_iter=3, random_state=0)
{before}
child = os.fork()
if child == 0:
    {within}
    print("done", flush=True)
    os._exit(0)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
FITTED = "fitted = model().fit(X, y)"


@pytest.mark.parametrize(
    ("before", "within", "words"),
    [
        (FITTED, "model().fit(X, y)", "ForkedError: this process was forked from one that had"),
        (FITTED, "fitted.predict_proba(X)", "done"),
        ("", "model().fit(X, y)", "done"),
    ],
    ids=["trained before", "predicts", "trains alone"],
)
def test_a_forked_process_says_so_where_it_would_hang(before, within, words):
    script = SCRIPT.format(before=before, within=within)
    words_of_it = [sys.executable, "-c", script]
    told = subprocess.run(words_of_it, capture_output=True, text=True, timeout=100)
    assert words in told.stdout + told.stderr
    assert (told.returncode == 0) == (words == "done")
