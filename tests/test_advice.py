"""Advice is data: every option that a text names exists at the door where it is read."""

import ast
import pickle
from dataclasses import fields
from inspect import signature
from pathlib import Path
from string import Formatter

import pytest

import chainrule
from chainrule import MLPClassifier
from chainrule.advice import ENGINE, Either, Setting, Text, as_split, as_task
from chainrule.cli.options import BY_NAME, PARAMETERS
from chainrule.cli.talk import SHELL
from chainrule.engine import Clipped, FixedPoint
from chainrule.errors import MissingFileError, OptionError, not_known

SOURCE = Path(chainrule.__file__).parent
ADVICE = ("data/findings", "inspection/doctor", "inspection/settling", "advice.py")
ESTIMATORS = [
    getattr(chainrule, name)
    for name in chainrule.__all__
    if hasattr(getattr(chainrule, name), "get_params")
]
OF_PYTHON = {name for each in ESTIMATORS for name in each().get_params()}
OF_PYTHON |= set(signature(MLPClassifier.fit).parameters)
OF_SHELL = set(PARAMETERS) | {option.key for option in BY_NAME.values()}
OF_ENGINE = {field.name for kind in (FixedPoint, Clipped) for field in fields(kind)}


def of_name(call):
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def is_text(call):
    name = of_name(call)
    return name == "Text" or (name.endswith("Error") and name[0].isupper())


def options_in(node, doors):
    """Yield the options that a piece of source names, with the doors where they are read."""
    if isinstance(node, ast.Call) and of_name(node) == "Either":
        given = dict(zip(("python", "shell", "engine"), node.args, strict=False))
        given |= {keyword.arg: keyword.value for keyword in node.keywords}
        for door, own in given.items():
            also = {each for each in doors if each not in given} if door == "python" else set()
            yield from options_in(own, {door} | also)
        return
    if isinstance(node, ast.Call) and of_name(node) in ("Setting", "not_known"):
        if isinstance(node.args[0], ast.Constant):
            yield node.args[0].value, doors, node.lineno
    if isinstance(node, ast.Call) and is_text(node):
        yield from ((each.arg, doors, node.lineno) for each in node.keywords)
    for child in ast.iter_child_nodes(node):
        yield from options_in(child, doors)


@pytest.mark.parametrize("room", ADVICE)
def test_what_advice_names_is_there(room):
    doors = {"python", "shell"} | ({"engine"} if room.endswith("settling") else set())
    files = [SOURCE / room] if room.endswith(".py") else sorted((SOURCE / room).glob("*.py"))
    found = [
        (name, door, f"{path.name}:{line}")
        for path in files
        for name, where, line in options_in(ast.parse(path.read_text()), doors)
        for door in where
    ]
    assert found
    for name, door, where in found:
        engines = ENGINE.word(Setting(name))
        known = {"python": OF_PYTHON, "shell": OF_SHELL, "engine": OF_ENGINE | {"activation"}}
        assert (engines if door == "engine" else name) in known[door], (name, door, where)


def test_templates_are_filled():
    """No field without its filling, no filling without a field, and no text of a user's in one."""
    n = 0
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and is_text(node) and node.args):
                continue
            template, *pieces = node.args
            if not pieces and not node.keywords:
                continue
            n += 1
            where = f"{path.relative_to(SOURCE)}:{node.lineno}"
            assert not isinstance(template, ast.JoinedStr), where
            if not isinstance(template, ast.Constant) or any(
                isinstance(each, ast.Starred) for each in pieces
            ):
                continue
            names = [field for _, field, _, _ in Formatter().parse(template.value)]
            named = [name for name in names if name]
            assert sorted(named) == sorted(each.arg or "" for each in node.keywords), where
            assert names.count("") == len(pieces), where
    assert n > 50


def test_doors_word_a_text_each_in_its_own_way():
    said = Text(
        "{settle_step} or {}; {}, {}, {guarantee}",
        Either("in Python", "at the shell"),
        as_split("stratified"),
        as_task("regression"),
        settle_step=0.5,
        guarantee=...,
    )
    assert said == (
        'settle_step=0.5 or in Python; `validation_split="random"`, Use a regressor, guarantee'
    )
    assert said.at(SHELL) == (
        "--settle-step 0.5 or at the shell; `--split stratified`, Use `--task regression`, "
        "--guarantee"
    )
    assert said.at(SHELL).at(said.door) == said
    assert said.options(SHELL) == {"settle_step", "split", "task", "guarantee"}
    assert Text("{as it is}") == "{as it is}"


def test_errors_keep_what_they_name():
    error = MissingFileError("{} is not there; see {drop}.", "{x}", drop=["a b"])
    assert str(error) == '{x} is not there; see drop=["a b"].'
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), type(again)) == (str(error), MissingFileError)
    assert again.text.at(SHELL) == "{x} is not there; see --drop 'a b'."
    unknown = not_known("solver", "adma", ["adam", "sgd"])
    assert isinstance(unknown, OptionError)
    assert str(unknown) == (
        'solver="adma" is not known; did you mean "adam"? Choose one of adam, sgd.'
    )
    assert type(str(error)) is str
