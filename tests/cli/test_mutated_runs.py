"""Run folders that somebody changed: one sentence, or the command is done; never a surprise."""

import json
import random
import shutil
from pathlib import Path

import pytest
from small import call

from models.test_mutated_files import change_document

OLD = Path(__file__).parents[1] / "files" / "0.1"
LINES = (
    "predict run rows.csv -o out.csv",
    "evaluate run table.csv",
    "report run --table table.csv --no-figures --out page.html",
    "doctor run --table table.csv",
    "explain run --table table.csv --row 0",
    "fit table.csv --resume run --epochs 1 --no-report --no-figures --no-baselines --out again",
)


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(OLD / "run", tmp_path / "run")
    for name in ("rows.csv", "table.csv"):
        shutil.copy(OLD / name, tmp_path / name)
    return tmp_path


def hold(folder, seed, lines):
    draw = random.Random(seed)
    manifest, config = folder / "run" / "manifest.json", folder / "run" / "config.toml"
    whole = manifest.read_bytes(), config.read_bytes()
    try:
        if draw.random() < 0.7:
            told = json.loads(whole[0])
            for _ in range(draw.choice([1, 1, 3])):
                told = change_document(told, draw)
            manifest.write_text(json.dumps(told))
        else:
            told = config.read_text().splitlines()
            place = draw.randrange(len(told))
            told[place] = draw.choice(["", "x", "epochs = []", f"{told[place]}]", told[place][:-3]])
            config.write_text("\n".join(told))
        code, out, err = call(folder, draw.choice(lines))
    finally:
        manifest.write_bytes(whole[0])
        config.write_bytes(whole[1])
        shutil.rmtree(folder / "again", ignore_errors=True)
    assert "should not have happened" not in err, (seed, err)
    assert code in (0, 1, 2), (seed, out, err)
    assert (code == 2) == err.splitlines()[-1:][0].startswith("chainrule: ") if err else code < 2


QUICK = LINES[:3]


@pytest.mark.parametrize("lines", [QUICK, pytest.param(LINES[3:], marks=pytest.mark.slow)])
def test_the_run_as_it_was_will_do(folder, lines):
    for line in lines:
        assert call(folder, line)[0] in (0, 1), line


def test_a_changed_run_is_refused_in_a_sentence_or_works(folder):
    for seed in range(40):
        hold(folder, seed, QUICK)


@pytest.mark.slow
def test_two_thousand_changed_runs_are_refused_in_a_sentence_or_work(folder):
    for seed in range(1000, 3000):
        hold(folder, seed, LINES)
