"""What chainrule leaves behind in a process that imports and uses it: nothing."""

import json
import subprocess
import sys

SCRIPT = """
import csv, json, locale, logging, multiprocessing, os, random, signal, sys, warnings
warnings.simplefilter("ignore")
import jax, matplotlib, polars, rich.progress, sklearn.base  # what these do is theirs
import numpy as np

def state():
    return {
        "fields of csv": csv.field_size_limit(),
        "start of processes": multiprocessing.get_start_method(allow_none=True),
        "random": str(random.getstate()),
        "random of NumPy": str(np.random.get_state()),
        "errors of NumPy": str(np.geterr()),
        "filters of warnings": str(warnings.filters),
        "signals": [str(signal.getsignal(each)) for each in (1, 2, 15)],
        "locale": locale.setlocale(locale.LC_ALL),
        "environment": sorted(os.environ.items()),
        "folder": os.getcwd(),
        "level of logging": logging.getLogger().level,
        "recursion": sys.getrecursionlimit(),
        "matplotlib": str(matplotlib.rcParams),
        "float64": jax.config.jax_enable_x64,
    }

states = [state()]
import chainrule
from chainrule.data import read_table
from chainrule.report import write_report
states.append(state())
X = np.random.default_rng(0).normal(size=(60, 3))
y = (X[:, 0] > 0) * 1
model = chainrule.MLPClassifier((4,), max_iter=2, random_state=0).fit(X, y)
chainrule.TabularClassifier((4,), n_networks=2, max_iter=2, random_state=0).fit(X, y)
str(model.explain(X, y, 0)), model.predict(X)
with open("t.csv", "w") as file:
    file.write("a,b\\n" + "1,x\\n" * 5 + "2," + "y" * 200_000 + "\\n")
read_table("t.csv")
write_report(model, X, y, "t.html")
states.append(state())
print(json.dumps(states))
"""


def test_nothing_of_the_process_is_changed(tmp_path):
    words = [sys.executable, "-c", SCRIPT]
    told = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True)
    before, imported, used = json.loads(told.stdout)
    assert imported == before
    assert used == before
