"""The documentation is true: every public name has an entry, every example and command works."""

import doctest
import importlib
import inspect
import pkgutil
import re
import shlex
from pathlib import Path

import pytest
import typer.main

import chainrule
from chainrule import data, engine, errors
from chainrule.cli.app import app

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").glob("*.md"))
COMMANDS = {
    name: {option for parameter in command.params for option in parameter.opts}
    | {option for parameter in command.params for option in parameter.secondary_opts}
    | set(command.context_settings.get("help_option_names", ["-h", "--help"]))
    for name, command in typer.main.get_command(app).commands.items()  # pyright: ignore
}
MODULES = [
    name
    for _, name, _ in pkgutil.walk_packages(chainrule.__path__, "chainrule.")
    if not name.endswith("__main__")
]


def fenced(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)


def public_names():
    error_names = [name for name, _ in inspect.getmembers(errors, inspect.isclass)]
    for module, names in (
        ("chainrule", chainrule.__all__),
        ("chainrule.engine", engine.__all__),
        ("chainrule.data", data.__all__),
        ("chainrule.errors", error_names),
    ):
        yield from (f"{module}.{name}" for name in names)


def test_the_reference_has_one_entry_for_every_public_name():
    entries = re.findall(r"^::: (\S+)$", (ROOT / "docs/reference.md").read_text(), re.MULTILINE)
    assert len(entries) == len(set(entries))
    assert set(public_names()) <= set(entries), set(public_names()) - set(entries)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_blocks_run_from_top_to_bottom(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in fenced(page, "python"):
        exec(compile(block, str(page), "exec"), names)


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
        options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", "".join(prose(text))))
        assert options <= set().union(*COMMANDS.values()), page.name
    assert mentioned == set(COMMANDS)


def prose(text):
    """The text outside fenced blocks."""
    return re.split(r"^```.*?^```$", text, flags=re.DOTALL | re.MULTILINE)


def test_every_option_of_fit_is_explained():
    shell = (ROOT / "docs/shell.md").read_text()
    assert {o for o in COMMANDS["fit"] if o.startswith("--")} - set(
        re.findall(r"--[a-z][a-z-]*", shell)
    ) == {"--figures"}


def test_printed_sessions_are_those_of_the_readme():
    """`test_readme.py` runs them."""
    readme = (ROOT / "README.md").read_text()
    sessions = [block for page in PAGES for block in fenced(page, "") if block.startswith("$ ")]
    assert len(sessions) >= 3
    errors = [block for block in sessions if "\nchainrule: " in block]
    assert [block for block in sessions if block not in readme] == errors


def test_engine_page_quotes_the_step_itself():
    step = (ROOT / "src/chainrule/engine/training/step.py").read_text()
    quoted = fenced(ROOT / "docs/engine.md", "text")[0].splitlines()
    assert len(quoted) == 5
    assert [line for line in quoted if line not in step] == []


@pytest.mark.parametrize(
    "name", [n for n in MODULES if ">>> " in Path(importlib.util.find_spec(n).origin).read_text()]
)
def test_doctests(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    results = doctest.testmod(importlib.import_module(name))
    assert results.attempted > 0
    assert results.failed == 0
