"""The recipes of docs/adding.md are true: each is carried out in a copy, and what it adds is used.

`added.py` uses it, in one process of its own for all kinds: the copy is another `chainrule`.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/adding.md").read_text()
# source files that a recipe touches, at most; faces are not counted
GOALS = {
    "Activation": 1,
    "Layer": 2,
    "Optimizer": 1,
    "Solver of fixed points": 1,
    "Objective": 1,
    "Column kind": 1,
    "Finding of a table": 2,
    "Finding of the doctor": 2,
    "Option of fit": 1,
    "Estimator": 2,
    "Demo": 2,
}
BACKWARD = "tests/engine/test_backward.py"
ADJOINT = f"{BACKWARD}::test_backward_is_the_adjoint_of_forward"
RECORDS = "tests/engine/test_records.py"
# the tests that the page names, for what is new
CHECKED_BY = {
    "Activation": (
        "tests/test_kinds.py::test_an_activation_is_whole[hard_tanh]",
        "tests/test_kinds.py::test_formulas_of_activations_are_true[hard_tanh]",
        "tests/test_kinds.py::test_names_of_activations_are_those_of_the_records",
        f"{ADJOINT}[activation hard_tanh-training]",
    ),
    "Layer": (
        "tests/test_kinds.py::test_a_layer_is_two_files",
        "tests/test_kinds.py::test_a_layer_is_whole[shift]",
        "tests/test_kinds.py::test_every_layer_of_a_file_is_looked_at",
        f"{ADJOINT}[shift-predicting]",
        f"{BACKWARD}::test_dtype_in_is_dtype_out[shift-float32]",
        f"{BACKWARD}::test_every_class_has_a_row",
        "tests/models/test_inference.py::test_it_gives_what_the_engine_gives[shift-float32]",
    ),
    "Optimizer": (
        "tests/engine/test_optimizers.py::test_the_referee_agrees_at_every_step[sign descent]",
        "tests/engine/test_optimizers.py::test_every_class_has_a_row",
        f"{RECORDS}::test_an_optimizer_says_how_it_is_asked_for_and_shown[sign-descent]",
        f"{RECORDS}::test_the_names_in_help_are_those_of_the_records",
    ),
    "Solver of fixed points": (
        f"{ADJOINT}[fixed point, heavy-ball, heavy-ball-predicting]",
        f"{RECORDS}::test_every_file_of_a_solver_has_a_record_that_is_known",
    ),
    "Objective": (
        f"{BACKWARD}::test_delta_is_the_derivative_of_value[log cosh]",
        f"{RECORDS}::test_an_objective_says_how_it_is_asked_for_shown_and_predicted_with[LogCosh]",
    ),
    "Column kind": (
        "tests/data/test_schema.py::test_every_kind_of_column_answers_what_is_asked_of_it[compass]",
    ),
    "Finding of a table": (
        "tests/data/test_findings.py::test_a_sound_table_is_left_in_peace",
        "tests/data/test_findings.py::test_of_the_penguins_only_the_row_number_is_odd",
    ),
    "Finding of the doctor": (
        "tests/inspection/test_doctor.py::test_every_kind_has_a_case",
        "tests/inspection/test_doctor.py::test_the_first_finding_is_the_planted_one",
        "tests/inspection/test_doctor.py::test_nothing_is_found_where_nothing_is_wrong",
        "tests/inspection/test_doctor.py::test_remedies_name_options_that_the_model_has"
        "[wild predictions]",
    ),
    "Option of fit": (
        "tests/cli/test_options.py::test_what_is_typed_reaches_the_estimator",
        "tests/cli/test_options.py::test_help_is_short_and_help_all_is_whole",
        "tests/test_docs.py::test_options_of_fit_are_explained_with_their_defaults",
    ),
    "Estimator": (),
    "Demo": (),
}
BLOCK = re.compile(r"^```\w+ title=([\"'])(.*?)\1\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE))
RECIPES = {
    name: [(title, code) for _, title, code in BLOCK.findall(text)]
    for name, text in SECTIONS.items()
    if BLOCK.search(text)
}


def file_of(title):
    return re.split(r" \(new\)$|, after `", title)[0]


def carry_out(title, code, root):
    """Write a new file, or put lines behind the one line that the title names."""
    path = root / file_of(title)
    if title.endswith(" (new)"):
        assert not path.exists(), title
        path.write_text(code)
        return
    anchor = re.fullmatch(r".+?, after `(.+)`", title)[1]
    lines = path.read_text().splitlines(keepends=True)
    places = [i for i, line in enumerate(lines) if line.strip() == anchor]
    assert len(places) == 1, f"{len(places)} lines of {file_of(title)} are `{anchor}`"
    if code.startswith(("def ", "class ", "@")):
        code = f"\n\n{code}"
    lines.insert(places[0] + 1, code)
    path.write_text("".join(lines))


def test_every_recipe_has_a_goal_and_tests():
    assert list(RECIPES) == list(GOALS) == list(CHECKED_BY)


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_touches_no_more_files_than_it_says(name):
    touched = {file_of(title) for title, _ in RECIPES[name]}
    sources = {file for file in touched if file.startswith("src/")}
    counted = {file for file in sources if not file.endswith("/__init__.py")}
    assert len(counted) <= GOALS[name], counted
    link = f"[{name.lower()}](#{name.lower().replace(' ', '-')})"
    row = re.search(rf"^\| {re.escape(link)} \| {len(counted)} \| (.*) \|$", PAGE, re.MULTILINE)
    named = set(re.findall(r"`(.*?)`", row[1]))
    assert {test.split("::")[0] for test in CHECKED_BY[name]} <= named
    assert all((ROOT / file).exists() for file in named)


@pytest.mark.docs
def test_what_the_recipes_add_works(tmp_path):
    for part in ("src/chainrule", "tests", "examples"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "docs/reference.md", "docs/shell.md"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / file, tmp_path / file)
    touched = set()
    for blocks in RECIPES.values():
        for title, code in blocks:
            carry_out(title, code, tmp_path)
            touched.add(file_of(title))
    python = sorted(file for file in touched if file.endswith(".py"))
    done(tmp_path, "-m", "ruff", "check", "--no-cache", *python)
    done(tmp_path, "-m", "ruff", "format", "--no-cache", "--check", *python)
    tests = [
        "tests/added.py",
        "tests/test_house.py",
        *(test for tests in CHECKED_BY.values() for test in tests),
    ]
    done(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests)


def done(folder, *command):
    """Run Python in the copy, on the copy's `chainrule`."""
    paths = os.pathsep.join([str(folder / "src"), str(folder / "tests")])
    ran = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
