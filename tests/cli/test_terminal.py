"""What a terminal is given: nothing that steers it, in an encoding that it has."""

import io
import subprocess
import sys

import pytest
from small import QUICK, call, done, make_table

from chainrule.advice import Text
from chainrule.cli import main
from chainrule.cli.talk import SHELL
from chainrule.errors import DataError
from chainrule.wording import visible

ODD = "a\x1b]0;mine\x07\x1b[31m\u202e"
SHOWN = r"a\x1b]0;mine\x07\x1b[31m\u202e"


@pytest.fixture
def folder(tmp_path):
    table = make_table().select("a", "b", "kind").rename({"a": ODD})
    table.write_csv(tmp_path / "table.csv")
    return tmp_path


def is_harmless(text):
    return visible(text) == text


def test_names_and_cells_cannot_steer_a_terminal(folder):
    fit = f"fit table.csv -t kind {QUICK} --epochs 2 --no-baselines"
    out = done(folder, fit.replace("--no-figures --no-report", ""))
    assert "report.html" in out
    assert is_harmless(out)
    page = (folder / "runs" / "table-1" / "report.html").read_text(encoding="utf-8")
    assert is_harmless(page)
    assert SHOWN[:9] in page
    for line in (
        "look table.csv -t kind",
        "explain runs/table-1 --row 0",
        "doctor runs/table-1",
        "evaluate runs/table-1 table.csv",
        "check-gradients runs/table-1",
        f"fit table.csv -t {ODD[:6]} {QUICK}",
        f"predict runs/{ODD} table.csv",
        "predict runs/table-1 lacking.csv",
    ):
        (folder / "lacking.csv").write_text("b\n1\n2\n")
        _, out, err = call(folder, line.replace("\x07", "").replace("]0;", ""))
        assert out + err
        assert is_harmless(out + err)


def test_errors_in_python_are_harmless_too():
    assert str(DataError(f'the column "{ODD}" is odd.')) == f'the column "{SHOWN}" is odd.'


@pytest.mark.parametrize("name", [ODD, "it's \\ odd\x1b", "plain one", "-x"])
def test_a_remedy_with_an_odd_name_works_in_bash(name):
    remedy = Text("`{drop}`", drop=[name]).at(SHELL)
    words = remedy.strip("`").removeprefix("--drop ")
    echo = subprocess.run(["bash", "-c", f"printf %s {words}"], capture_output=True, check=True)
    assert is_harmless(words)
    assert echo.stdout.decode() == name


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8", "utf-16"])
def test_every_encoding_has_signs_for_all(folder, encoding, monkeypatch):
    (folder / "table.csv").write_text("größe ² → α,y\n" + "1,ж\n2,й\n" * 20, encoding="utf-8")
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding=encoding) for _ in range(2))
    fit = f"fit table.csv -t y {QUICK} --epochs 2 --no-baselines --out run"
    for line in (fit, "predict run table.csv"):
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        monkeypatch.setattr(sys, "argv", ["chainrule", *line.split()])
        monkeypatch.chdir(folder)
        with pytest.raises(SystemExit) as stop:
            main()
        assert not stop.value.code
    monkeypatch.undo()
    written = out.buffer.getvalue()
    table = written[written.index(b"prediction,") :].decode()  # as a file has it
    assert {line.split(",")[0] for line in table.splitlines()[1:]} <= {"ж", "й"}
    said = written[: written.index(b"prediction,")].decode(encoding)
    assert ("2 -> 8" in said) or ("1 -> 8" in said) or "→ 8" in said


def test_predictions_for_a_terminal_are_escaped_and_for_a_pipe_are_not(folder):
    run = f"fit table.csv -t kind {QUICK} --epochs 2 --no-baselines --out run"
    done(folder, run)
    words = [sys.executable, "-c", "from chainrule.cli import main; main()"]
    words += ["predict", "run", "table.csv", "--keep", "all"]
    piped = subprocess.run(words, cwd=folder, capture_output=True, check=True)
    assert ODD.encode() in piped.stdout
    assert is_harmless(piped.stderr.decode())
