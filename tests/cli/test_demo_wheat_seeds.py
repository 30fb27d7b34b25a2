"""The wheat seeds demo prints the published scores, and says what they are worth."""

import os

import pytest
from small import call

from chainrule.data.reading.datasets import at_hand


@pytest.mark.docs
def test_the_demo_prints_the_published_scores(tmp_path):
    if not at_hand("wheat-seeds"):
        pytest.skip("the wheat seeds data set is not at hand")
    code, out, err = call(tmp_path, "demo wheat-seeds --out demo")
    assert code == 0, err
    lines = {line[9:43].strip(): line.split()[-6:] for line in out.splitlines()}
    published = ["92.857", "92.857", "97.619", "92.857", "90.476", "93.333"]
    assert lines["published in the tutorials"] == published
    assert lines["here, varieties numbered 2, 1, 3"] == published
    assert lines["always the commonest (zero rule)"][-1] == "28.095"
    assert float(lines["scaled by training rows only"][-1]) > 90
    today = float(out.split("5 repeats: ")[1].split(" %")[0])
    assert today >= 95.0
    names = ("confusion_matrix", "error_curves")
    figures = sorted(path.name for path in (tmp_path / "demo").iterdir())
    assert figures == [f"{name}.{ending}" for name in names for ending in ("png", "svg")]


def test_without_the_file_it_says_in_a_sentence_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setenv("CHAINRULE_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("sklearn.datasets.fetch_openml", _offline)
    before = set(os.listdir(tmp_path))
    code, _, err = call(tmp_path, "demo wheat-seeds --out demo")
    assert code == 2
    assert "CHAINRULE_DATA" in err
    assert "wheat_seeds.csv" in err
    assert set(os.listdir(tmp_path)) == before
    assert "no " in call(tmp_path, "datasets")[1].split("wheat-seeds")[1].splitlines()[0]


def _offline(**options):
    raise OSError("no network")
