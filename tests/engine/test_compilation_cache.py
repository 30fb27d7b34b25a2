"""Compiled programs on disk: found again, shared by processes, bounded, and whole after a kill."""

import os
import subprocess
import sys

import pytest

FIT = """
import numpy as np
from chainrule import engine as e
from chainrule.engine.compiling import cache
cache.MOST_BYTES = {most}
x = np.ones((20, {n_in}))
e.train(e.FeedForward((e.Dense(3),)), e.SquaredError(), x, x[:, :3], optimizer=e.Adam(), n_epochs=1)
"""


def start(folder, n_in=4, most=10**9):
    command = [sys.executable, "-c", FIT.format(n_in=n_in, most=most)]
    environment = {**os.environ, "CHAINRULE_CACHE": str(folder)}
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


def ends_well(process):
    _, err = process.communicate()
    return process.returncode == 0 and "Warning" not in err


def files(folder, ending="-cache"):
    return {path.name for path in folder.iterdir() if path.name.endswith(ending)}


def test_processes_share_a_folder_and_mend_what_a_killed_one_left(tmp_path):
    tmp_path.joinpath("jit_killed-123-cache").write_bytes(b"half a progr")
    tmp_path.joinpath("jit_gone-456-atime").write_bytes(b"12345678")
    both = [start(tmp_path), start(tmp_path)]
    assert all([ends_well(process) for process in both])
    programs = files(tmp_path)
    assert programs
    assert not any("killed" in name for name in programs)
    assert {name.replace("-cache", "-atime") for name in programs} == files(tmp_path, "-atime")
    assert ends_well(start(tmp_path))
    assert files(tmp_path) == programs  # found, not compiled anew


def test_the_oldest_programs_go_when_the_folder_is_full(tmp_path):
    assert ends_well(start(tmp_path))
    [first] = files(tmp_path)
    size = tmp_path.joinpath(first).stat().st_size
    assert ends_well(start(tmp_path, n_in=5, most=int(1.5 * size)))
    assert len(files(tmp_path)) == 1
    assert first not in files(tmp_path)


@pytest.mark.parametrize("folder", ["off", "/proc/nowhere"])
def test_without_a_folder_everything_works(folder):
    assert ends_well(start(folder))
