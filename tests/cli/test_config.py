"""`config.toml` holds the fit: it is written whole, read strictly, and trains the same again."""

import tomllib
from pathlib import Path

import pytest
from small import QUICK, call, done, refused, weights_of, write

from chainrule.cli.config import read_config, write_config
from chainrule.cli.kinds import (
    AMOUNT,
    COUNT,
    NAMES,
    NUMBER,
    NUMBERS,
    SIZE,
    SWITCH,
    UNITS,
    WHOLE,
    WHOLES,
    WORDS,
)
from chainrule.cli.options import BY_NAME, OPTIONS

ODD = 'q"uo\\te\ttab\nline \x7f 😀 ü = #'
SAMPLES = {
    AMOUNT: 1e-07,
    NAMES: ("a", ODD),
    NUMBER: 0.1 + 0.2,
    NUMBERS: (0.1, 1e-300),
    SIZE: 7,
    SWITCH: False,
    COUNT: "auto",
    UNITS: "auto",
    WHOLE: 10**12,
    WHOLES: (3, -1),
    WORDS: ("relu", "tanh"),
}


@pytest.fixture
def run(tmp_path):
    """A run with odd names everywhere and options of every kind."""
    folder = tmp_path / "Täble and blanks"
    folder.mkdir()
    write(folder, 'ü "1".csv', ["a", "b", "zone", "kind", "w"])
    words = [*f"--weight w --class-weight x=2 {QUICK} --dropout 0.1 --epochs 5".split()]
    done(tmp_path, ["fit", 'Täble and blanks/ü "1".csv', "-t", "kind", "--out", "one", *words])
    return tmp_path / "one"


def test_a_config_trains_the_same_network_again(run):
    done(run.parent, "fit --config one/config.toml --out two")
    assert (weights_of(run) == weights_of(run.parent / "two")).all()
    assert (run / "config.toml").read_bytes() == (run.parent / "two/config.toml").read_bytes()
    out = done(
        run.parent, "fit --config one --epochs 3 --class-weight balanced"
    )  # a folder will do
    assert "3 epochs" in out
    changed = read_config(run.parent / "runs" / 'ü "1"-1')
    assert changed == read_config(run) | {"epochs": 3, "class-weight": ("balanced",)}


def test_every_option_comes_back_as_it_was_written(tmp_path):
    values = {option.name: SAMPLES.get(option.kind, ODD) for option in OPTIONS}
    write_config(tmp_path / "c.toml", values)
    found = read_config(tmp_path / "c.toml")
    assert found == {o.name: values[o.name] for o in OPTIONS if o.recorded}
    write_config(tmp_path / "d.toml", {option.name: option.default for option in OPTIONS})
    text = (tmp_path / "d.toml").read_text()
    for option in OPTIONS:
        if option.recorded:
            assert f"\n# {option.help}\n" in text
    assert read_config(tmp_path / "d.toml") == {
        o.name: o.default for o in OPTIONS if o.recorded and o.default is not None
    }
    assert set(tomllib.loads(text)) <= set(BY_NAME)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("epochs = ", ["my.toml", "line 1, column 10"]),
        ("epochs = 3\nrate 4\n", ["my.toml", "line 2, column 6"]),
        ("epoch = 3", ["my.toml", '"epoch"', 'did you mean "epochs"']),
        ("config = 'x'", ['"config"']),
        ("[network]\nhidden = 3", ['"network"']),
        ("epochs = 'many'", ["my.toml", '"epochs"', '"many"', "whole number"]),
        ("epochs = true", ['"epochs"', "true", "whole number"]),
        ("scale = 'no'", ['"scale"', "true or false"]),
        ("target = 3", ['"target"', "name"]),
        ("table = 'table.csv'", ["--target"]),
        ("target = 'kind'", ["TABLE"]),
        ("table = 'table.csv'\ntarget = 'kind'\nepochs = -5", ["--epochs -5"]),
        ("table = 'table.csv'\ntarget = 'kind'\nout = '.'", ["exists already"]),
        (b"table = '\xff'", ["UTF-8"]),
    ],
)
def test_a_config_that_cannot_be_is_refused(tmp_path, content, words):
    write(tmp_path)
    raw = content if isinstance(content, bytes) else content.encode()
    (tmp_path / "my.toml").write_bytes(raw)
    refused(tmp_path, "fit --config my.toml", *words)


def test_a_folder_without_a_config_is_refused(tmp_path):
    refused(tmp_path, "fit --config .", "config.toml")


def test_a_config_may_say_little(tmp_path):
    write(tmp_path)
    Path(tmp_path / "my.toml").write_text(
        "epochs = 2\nhidden = [8]\nfigures = false\njson = true\n"
    )
    code, out, _ = call(tmp_path, "fit table.csv -t cost --config my.toml")
    assert (code, out[0]) == (0, "{")
