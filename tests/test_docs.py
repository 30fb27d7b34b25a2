"""The documentation is true: every public name has an entry, every example and command works."""

import ast
import doctest
import importlib
import inspect
import pkgutil
import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest
import typer.main

import chainrule
from chainrule import cli, data, engine, errors, inspection, sixsteps
from chainrule.cli.app import app
from chainrule.engine import ACTIVATIONS
from chainrule.fitting import SETTLE_SOLVERS, SOLVERS

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").glob("*.md"))
SHELL = typer.main.get_command(app).commands  # pyright: ignore
COMMANDS = {
    name: {o for p in command.params for o in (*p.opts, *p.secondary_opts)} | {"--help"}
    for name, command in SHELL.items()
}
MODULES = [
    name
    for _, name, _ in pkgutil.walk_packages(chainrule.__path__, "chainrule.")
    if not name.endswith("__main__")
]


def fenced(page, language):
    """Return the blocks without a title; one with a title is a part of the file that it names."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)


def public_names():
    error_names = [
        name
        for name, kind in inspect.getmembers(errors, inspect.isclass)
        if kind.__module__ == errors.__name__
    ]
    step_names = [
        name
        for name, function in inspect.getmembers(sixsteps, inspect.isfunction)
        if function.__module__ == sixsteps.__name__ and not name.startswith("_")
    ]
    for module, names in (
        ("chainrule", chainrule.__all__),
        ("chainrule.engine", engine.__all__),
        ("chainrule.data", data.__all__),
        ("chainrule.inspection", inspection.__all__),
        ("chainrule.errors", error_names),
        ("chainrule.sixsteps", step_names),
    ):
        yield from (f"{module}.{name}" for name in names)


def test_the_reference_has_one_entry_for_every_public_name():
    entries = re.findall(r"^::: (\S+)$", (ROOT / "docs/reference.md").read_text(), re.MULTILINE)
    assert len(entries) == len(set(entries))
    assert set(public_names()) <= set(entries), set(public_names()) - set(entries)


@pytest.mark.docs
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_blocks_run_from_top_to_bottom(page, tmp_path, monkeypatch, capsys):
    """Those of the six steps also print what the comments below them say."""
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in fenced(page, "python"):
        exec(compile(block, str(page), "exec"), names)
        printed = capsys.readouterr().out
        if page.name == "six-steps.md":
            assert printed == "".join(re.findall(r"^# (.*\n)", block, re.MULTILINE))


def test_commands_and_options_in_the_docs_exist():
    mentioned = set()
    for page in PAGES:
        text = page.read_text()
        for line in re.findall(
            r"^(?:\$ )?chainrule .+|(?<=`)chainrule [^`\n]+", text, re.MULTILINE
        ):
            _, command, *arguments = shlex.split(line.removeprefix("$ "))
            options = {word for word in arguments if re.fullmatch(r"--?[a-z].*", word)}
            assert command in COMMANDS, (page.name, line)
            assert options <= COMMANDS[command], (page.name, line)
            mentioned.add(command)
        options = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", "".join(prose(text))))
        assert options <= set().union(*COMMANDS.values()), page.name
    assert mentioned == set(COMMANDS)


def prose(text):
    """The text outside fenced blocks."""
    return re.split(r"^```.*?^```$", text, flags=re.DOTALL | re.MULTILINE)


def test_options_of_fit_are_explained_with_their_defaults():
    shell = (ROOT / "docs/shell.md").read_text()
    options = {option for option in COMMANDS["fit"] if option.startswith("--")}
    assert options - set(re.findall(r"--[a-z][a-z0-9-]*", shell)) == {"--figures"}
    stated = re.findall(r"^\| `(--\w+)` \| ([\w.]+) \|", shell, re.MULTILINE)
    defaults = {p.opts[0]: p.default for p in SHELL["fit"].params}
    assert len(stated) >= 6
    assert {name: type(defaults[name])(value) for name, value in stated} == {
        name: defaults[name] for name, _ in stated
    }


def test_parameters_of_the_estimators_are_stated_with_their_defaults():
    page = (ROOT / "docs/python.md").read_text()
    parameters = inspect.signature(chainrule.MLPClassifier).parameters
    stated = re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", page, re.MULTILINE)
    assert len(stated) >= 12
    for name, value in stated:
        assert ast.literal_eval(value) == parameters[name].default, name


def test_lists_of_names_are_whole():
    """A row of a table names all that an option or parameter may be."""
    shell, python = ((ROOT / f"docs/{page}.md").read_text() for page in ("shell", "python"))
    for page, what, names in (
        (shell, "--solver", SOLVERS),
        (shell, "--settle-solver", SETTLE_SOLVERS),
        (python, "solver", SOLVERS),
        (python, "activation", ACTIVATIONS),
    ):
        row = re.search(rf"^\| `{what}` \|.*$", page, re.MULTILINE)[0]
        assert set(names) <= set(re.findall(r'`"?([\w-]+)"?`', row)), what


@pytest.mark.docs
def test_printed_sessions_are_true(tmp_path, monkeypatch, capsys):
    """Those that end well stand in the README, and `test_readme.py` runs them; errors run here."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    readme = (ROOT / "README.md").read_text()
    sessions = [block for page in PAGES for block in fenced(page, "") if block.startswith("$ ")]
    refused = [block for block in sessions if block not in readme]
    assert len(sessions) > len(refused) > 0
    for block in refused:
        command, printed = block.removeprefix("$ ").split("\n", 1)
        monkeypatch.setattr(sys, "argv", shlex.split(command))
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert ended.value.code == 2
        assert capsys.readouterr().err == printed


@pytest.mark.docs
@pytest.mark.parametrize("page", ["see-it.md", "doctor.md"])
def test_what_the_doctor_says_in_the_docs_is_true(page, tmp_path, monkeypatch, capsys):
    """The commands of a page run in their order, and print what is shown, but for digits."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / page).read_text()
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    shown = 0
    for (language, block), (_, before) in zip(blocks, [("", ""), *blocks], strict=False):
        if language == "sh":
            for line in block.splitlines():
                monkeypatch.setattr(sys, "argv", shlex.split(line))
                with pytest.raises(SystemExit) as ended:
                    cli.main()
                assert ended.value.code in (0, 1), line
                printed = capsys.readouterr().out
        elif language == "text" and before.startswith("chainrule "):
            assert without_digits(printed) == without_digits(block)
            shown += 1
    assert shown == 1


def without_digits(text):
    return re.sub(r"\s+", " ", re.sub(r"[0-9][0-9.]*", "#", text)).strip()


def test_engine_page_quotes_the_step_itself():
    tree = ast.parse((ROOT / "src/chainrule/engine/training/step.py").read_text())
    (step,) = (each for each in tree.body if getattr(each, "name", "") == "step")
    assert isinstance(step, ast.FunctionDef)
    assert ast.get_docstring(step)
    body = [ast.unparse(line) for line in step.body[1:]]
    assert len(body) == 5
    assert fenced(ROOT / "docs/engine.md", "text")[0].splitlines() == body


@pytest.mark.docs
@pytest.mark.parametrize(
    "name", [n for n in MODULES if ">>> " in Path(importlib.util.find_spec(n).origin).read_text()]
)
def test_doctests(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    results = doctest.testmod(importlib.import_module(name))
    assert results.attempted > 0
    assert results.failed == 0
