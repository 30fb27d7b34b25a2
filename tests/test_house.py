"""House rules that no tool checks.

An import inside a function says why it is there.  Large libraries are known for it: `--help` and
`import chainrule` must wait for none of them.
"""

import ast
from pathlib import Path

LARGE = {"jax", "jinja2", "markupsafe", "matplotlib", "narwhals", "polars", "sklearn"}
SOURCES = sorted((Path(__file__).parents[1] / "src").rglob("*.py"))


def runs_of_imports(statements, inside=False):
    """Yield the imports inside functions, those that follow one another as one list."""
    run = []
    for each in statements:
        if inside and isinstance(each, ast.Import | ast.ImportFrom):
            run.append(each)
            continue
        if run:
            yield run
        run = []
        deeper = inside or isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
        parts = (getattr(each, name, []) for name in ("body", "handlers", "orelse", "finalbody"))
        for part in parts:
            yield from runs_of_imports(part, deeper)
    if run:
        yield run


def is_of_large_library(statement):
    module = getattr(statement, "module", None) or statement.names[0].name
    return module.split(".")[0] in LARGE


def test_an_import_inside_a_function_has_its_reason_beside_it():
    bare = []
    for path in SOURCES:
        source = path.read_text()
        lines = source.splitlines()
        for run in runs_of_imports(ast.parse(source).body):
            beside = lines[run[0].lineno - 2 : run[-1].end_lineno]
            if not any("#" in line for line in beside) and not all(map(is_of_large_library, run)):
                bare.append(f"{path.name}:{run[0].lineno}: {lines[run[0].lineno - 1].strip()}")
    assert not bare, "\n".join(bare)
