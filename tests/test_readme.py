"""The README is true: its commands run and print what it prints, its Python runs."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest

pytestmark = pytest.mark.docs
ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def sessions():
    """Pairs of a command and the lines printed below it (None where it shows none)."""
    for language, block in BLOCKS:
        if language:
            continue
        lines = block.splitlines()
        starts = [i for i, line in enumerate(lines) if re.match(r"(\$ )?chainrule ", line)]
        for i, end in pairwise([*starts, len(lines)]):
            shown = lines[i + 1 : end] if lines[i].startswith("$ ") else None
            yield lines[i].removeprefix("$ "), shown


def lasting(lines):
    """The lines without what differs from run to run: seconds, word of compiling, and progress."""
    text = "\n".join(line for line in lines if not line.startswith(("compiling, once", "Epoch ")))
    text = re.sub(r", and [\d.]+ s to compile", "", text)
    return re.sub(r"\b[\d.]+ s\b", "… s", text).splitlines()


ONE_AFTER_ANOTHER = """
import contextlib, io, json, sys, warnings
from chainrule import cli
warnings.simplefilter("error")
warnings.filterwarnings("ignore", "Error reading persistent compilation cache")
ran = []
for sys.argv in json.load(sys.stdin):
    out, err, code = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            cli.main()
        except SystemExit as stop:
            code = stop.code
    ran.append((code, out.getvalue(), err.getvalue()))
print(json.dumps(ran))
"""


def run_all(commands):
    """Run them in one process, as users have it: (code, stdout, stderr) of each.

    They train long enough that programs compiled with much optimization are the quicker ones.
    """
    process = subprocess.run(
        [sys.executable, "-c", ONE_AFTER_ANOTHER],
        input=json.dumps([shlex.split(command) for command in commands]),
        env=os.environ | {"XLA_FLAGS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not process.returncode, process.stderr
    return json.loads(process.stdout)


def test_the_commands_run_and_print_what_is_shown(tmp_path, monkeypatch):
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    commands = list(sessions())
    assert {shlex.split(command)[1] for command, _ in commands} >= {"fit", "predict", "evaluate"}
    ran = run_all([command for command, _ in commands])
    for (command, shown), (code, out, err) in zip(commands, ran, strict=True):
        assert not code, (command, out, err)
        if shown is None:
            assert out.strip(), command
        else:
            assert lasting((out + err).splitlines()) == lasting(shown), command
    predictions = pl.read_csv("predictions.csv")
    assert predictions.height == pl.read_csv("examples/new_penguins.csv").height
    assert predictions.columns == [
        "prediction",
        *(f"probability of {name}" for name in ("Adelie", "Chinstrap", "Gentoo")),
    ]
    probabilities = predictions.drop("prediction").sum_horizontal()
    assert probabilities.to_list() == pytest.approx([1.0] * predictions.height, abs=1e-6)
    saved = next(line for line in commands[0][1] if line.startswith("Saved"))
    run, *contents = re.findall(r"[\w./-]+", saved.removeprefix("Saved"))
    assert sorted(path.name for path in Path(run).iterdir()) == sorted(
        c.strip("/") for c in contents
    )


@pytest.mark.parametrize(
    "place", [i for i, (language, _) in enumerate(BLOCKS) if language == "python"]
)
def test_the_python_runs(place, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    exec(compile(BLOCKS[place][1], "README.md", "exec"), {})
    assert capsys.readouterr().out.strip()


def test_the_network_of_the_readme_learns_xor(capsys):
    block = next(block for _, block in BLOCKS if "FeedForward" in block)
    exec(compile(block, "README.md", "exec"), {})
    assert re.findall(r"[01]\.", capsys.readouterr().out) == ["0.", "1.", "1.", "0."]


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/index.md"])
def test_make_commands_are_targets(page):
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([\w-]+)", (ROOT / page).read_text(), re.MULTILINE))
    assert named
    assert named <= targets


def test_links_and_pictures_are_there():
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")):
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / link).exists(), (page.name, link)
