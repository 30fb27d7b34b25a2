"""`explain` prints every number that a learner needs; `check-gradients` says what is right."""

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from small import QUICK, call, done, refused, write

from chainrule import MLPClassifier, MLPRegressor, load

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
XOR = f"explain {EXAMPLES}/xor.csv --target y"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a run of a small classifier and one of a regressor."""
    path = tmp_path_factory.mktemp("explain")
    write(path, columns=["a", "b", "zone", "kind"])
    write(path, "numbers.csv", columns=["a", "b", "zone", "cost"])
    done(path, f"fit table.csv -t kind --epochs 3 {QUICK} --out run")
    done(path, f"fit numbers.csv -t cost --epochs 3 {QUICK} --activation tanh --out costs")
    return path


NUMBER = r"-?\d+(?:\.\d+)?(?:e-?\d+)?"


def sums_of(text, unit):
    """The rows (from, value, weight, product) of a unit's sum, as they are printed."""
    block = re.search(rf"^{re.escape(unit)}\n  from.*\n((?:  .*\n)+)", text, re.MULTILINE)[1]
    rows = re.findall(rf"^  (.+?)  +({NUMBER})  +({NUMBER})  +({NUMBER})$", block, re.MULTILINE)
    bias = float(re.search(rf"^  bias  +({NUMBER})$", block, re.MULTILINE)[1])
    return {name: (float(v), float(w)) for name, v, w, _ in rows}, bias


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


@pytest.mark.parametrize("row", [0, 1, 2, 3])
def test_a_learner_finds_a_hidden_weights_gradient_from_what_is_printed(tmp_path, row):
    """By hand: inputs, weights and target are read off the page, everything else is computed."""
    text = done(tmp_path, f"{XOR} --row {row}")
    hidden = [sums_of(text, f"hidden1[{j}]") for j in (0, 1)]
    output, output_bias = sums_of(text, "output[0]")
    x = {name: value for name, (value, _) in hidden[0][0].items()}
    assert set(x) == {"x1", "x2"}
    target = float(re.search(rf"y = \(.*\) / .* = ({NUMBER})\.", text)[1])

    z = [sum(x[n] * w for n, (_, w) in sources.items()) + bias for sources, bias in hidden]
    a = sigmoid(np.array(z))
    w_out = np.array([output[f"hidden1[{j}]"][1] for j in (0, 1)])
    delta_out = a @ w_out + output_bias - target  # ½ (z - y)², one output
    delta = delta_out * w_out * a * (1 - a)

    table = text.split("All gradients\n")[1]
    printed = re.findall(rf"^  (\S+ <- \S+)  +({NUMBER})  +({NUMBER})  +", table, re.MULTILINE)
    gradients = {name: float(gradient) for name, _, gradient in printed}
    for j in (0, 1):
        for name in ("x1", "x2"):
            by_hand = delta[j] * x[name]
            assert gradients[f"hidden1[{j}] <- {name}"] == pytest.approx(by_hand, rel=2e-5)
            assert by_hand != 0
        assert gradients[f"hidden1[{j}] <- bias"] == pytest.approx(delta[j], rel=2e-5)

    # and the page's own worked weight, factor by factor
    name = re.search(r"^One weight: (.+)$", text, re.MULTILINE)[1]
    back = float(re.search(rf"what comes back  +({NUMBER})", text)[1])
    slope = float(re.search(rf"slope1 = .* = ({NUMBER})$", text, re.MULTILINE)[1])
    given = float(re.search(rf"input x\d = ({NUMBER})", text)[1])
    assert back * slope * given == pytest.approx(gradients[name], rel=2e-5)
    assert abs(gradients[name]) == max(
        abs(g) for n, g in gradients.items() if n.startswith("hidden1") and "bias" not in n
    )

    # and the true one, by the engine
    table = pl.read_csv(EXAMPLES / "xor.csv")
    from chainrule.models.initial import at_start

    model = at_start(
        MLPRegressor((2,), "sigmoid", solver="gradient-descent", random_state=0, dtype="float64"),
        table.drop("y"),
        table["y"],
    )
    true = model.trace(table.drop("y")[row], table["y"][[row]])["dW1"]
    np.testing.assert_allclose(
        [[gradients[f"hidden1[{j}] <- {n}"] for j in (0, 1)] for n in ("x1", "x2")], true, rtol=1e-5
    )


def test_a_run_is_explained_with_its_own_names(folder):
    text = done(folder, 'explain run --row 3 --weight "hidden1[2] <- zone=west"')
    assert text.startswith("run on row 3 of table.csv\n")
    frame = pl.read_csv(folder / "table.csv")
    row = frame[3]
    assert re.search(rf"^  a +{row['a'][0]:.10g}".replace(".", r"\."), text, re.MULTILINE)
    assert "One weight: hidden1[2] <- zone=west" in text
    assert f"The target kind is {row['kind'][0]}." in text
    for name in ("Step 1", "Step 2", "Step 3", "Step 4", "output[x]", "output[y]", "output[z]"):
        assert name in text
    assert max(map(len, text.splitlines())) <= 100
    model = load(folder / "run" / "model.chr")
    seen = model.trace(frame[[3]], frame["kind"][[3]])
    place = model.fitted_.encoder.feature_names_out.index("zone=west")
    gradient = seen["dW1"][place, 2]
    assert f"= {gradient:.6g}" in text or gradient == 0


def test_wide_layers_are_cut_and_all_is_not(folder):
    short, whole = (done(folder, f"explain run --row 0 {more}") for more in ("", "--all"))
    assert "3 more units whose deltas are smaller not shown." in short
    assert "more weights whose gradients are smaller not shown." in short
    assert "not shown" not in whole
    assert all(f"\nhidden1[{j}]\n" in whole for j in range(8))


class Balanced(HTMLParser):
    """Refuses tags that are not closed in order."""

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], set()

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.seen.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_html_is_whole_and_escapes_what_the_table_says(tmp_path):
    table = pl.DataFrame({"<b>x</b>": [0, 1, 0, 1], "z & z": [0, 0, 1, 1], "y": ["<i>", "n"] * 2})
    table.write_csv(tmp_path / "odd.csv")
    html = done(tmp_path, "explain odd.csv -t y --format html")
    assert "<b>" not in html
    assert "<i>" not in html
    assert "&lt;b&gt;x&lt;/b&gt;" in html
    assert "z &amp; z" in html
    page = Balanced()
    page.feed(html)
    assert page.open == []
    assert {"article", "section", "h3", "table", "th", "td"} <= page.seen
    assert "<script" not in html
    latex = done(tmp_path, "explain odd.csv -t y --format latex")
    assert r"z \& z" in latex


def test_latex_is_balanced(folder):
    latex = done(folder, "explain costs --row 1 --format latex")
    begun = re.findall(r"\\begin\{(\w+\*?)\}", latex)
    ended = re.findall(r"\\end\{(\w+\*?)\}", latex)
    assert sorted(begun) == sorted(ended)
    assert "align*" in begun
    assert latex.count("\\[") == latex.count("\\]")
    assert latex.replace(r"\{", "").replace(r"\}", "").count("{") == latex.replace(
        r"\{", ""
    ).replace(r"\}", "").count("}")


def test_it_is_written_to_a_file(folder):
    assert done(folder, "explain run --row 1 --out page.txt") == ""
    assert (folder / "page.txt").read_text() == done(folder, "explain run --row 1")
    (folder / "page.txt").unlink()


def test_another_table_for_a_run(folder):
    frame = pl.read_csv(folder / "table.csv")
    frame[5:8].write_csv(folder / "few.csv")
    text = done(folder, "explain run --table few.csv --row 2")
    assert "run on row 2 of few.csv" in text
    same = done(folder, "explain run --row 7")
    assert text.split("Step 2")[1] == same.split("Step 2")[1]
    text = done(folder, "explain run/model.chr --table few.csv --target kind --row 2")
    assert text.split("Step 2")[1] == same.split("Step 2")[1]


def test_python_gives_the_same(folder):
    frame = pl.read_csv(folder / "table.csv")
    model = load(folder / "run" / "model.chr")
    told = model.explain(frame, frame["kind"], 4, weight="output[x] <- bias")
    assert told.weight_name == "output[x] <- bias"
    assert told.weight.input == 1.0
    assert str(told).split("Step 2")[1] in done(
        folder, 'explain run --row 4 --weight "output[x] <- bias"'
    ).rstrip("\n")
    assert told._repr_html_().startswith("<article")
    assert told._repr_latex_().startswith(r"\section*")
    assert isinstance(model, MLPClassifier)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("explain run --row 120", ["--row 120", "count from 0 to 119"]),
        ("explain run --row -1", ["--row -1"]),
        ('explain run --weight "hidden1[0] <- zne=west"', ['did you mean "zone=west"?']),
        ('explain run --weight "hiden1[0] <- a"', ['did you mean "hidden1[0]"?']),
        ("explain run --weight hidden1", ["no name of one", "<-"]),
        ("explain run --format pdf", ["--format pdf", "latex"]),
        ("explain run --hidden 3", ["--hidden is for a new network"]),
        ("explain run --target a", ['"a" is an input']),
        ("explain nowhere.csv -t y", ["nowhere.csv"]),
        ("explain table.csv", ["Give --target COLUMN, such as --target kind"]),
        ("explain table.csv -t kin", ['did you mean "kind"?']),
        ("explain table.csv -t kind --table table.csv", ["--table is for a run"]),
        ("explain table.csv -t kind --activation sigmod", ['did you mean "sigmoid"?']),
        ("explain table.csv -t kind --hidden two", ["--hidden cannot be"]),
        ("explain table.csv -t kind --task guess", ["--task guess"]),
        ("explain run --out no/where.txt", ["no folder"]),
        ("explain gone", ["gone"]),
        ("check-gradients table.csv", ["--target"]),
        ("check-gradients run --weights 0", ["--weights 0"]),
        ("check-gradients run --figure no/where", ["no folder"]),
    ],
)
def test_what_cannot_be_explained_is_said_in_words(folder, line, words):
    refused(folder, line, *words)


def test_a_run_whose_table_is_gone_says_so(folder, tmp_path):
    shutil.copytree(folder / "run", tmp_path / "run")
    refused(tmp_path, "explain run", "table.csv", "--table")


def test_gradients_of_runs_and_tables_are_checked(folder):
    text = done(folder, "check-gradients run --weights 3")
    assert "Checked  run on 64 rows of 120" in text
    assert re.search(r"^hidden1 +dense +weights +6×8 ", text, re.MULTILINE)
    assert "Verdict  All gradients are right" in text
    told = json.loads(done(folder, "check-gradients costs --weights 3 --json"))
    assert told["ok"]
    assert len(told["steps"]) == 9
    done(folder, "check-gradients table.csv -t kind --hidden 3 --weights 2 --figure checked")
    assert (folder / "checked.svg").is_file()
    for file in folder.glob("checked.*"):
        file.unlink()


def test_a_wrong_gradient_ends_with_exit_code_1(folder, monkeypatch):
    from chainrule.engine import Dense

    right = Dense.backward

    def wrong(self, params, tape, dy):
        grads, dx = right(self, params, tape, dy)
        return grads, 1.1 * dx

    monkeypatch.setattr(Dense, "backward", wrong)
    import jax

    jax.clear_caches()
    code, out, _ = call(folder, "check-gradients table.csv -t kind --weights 2")
    jax.clear_caches()
    assert code == 1
    assert "Verdict  WRONG: the backward of output (dense)" in out.replace(
        "hidden1 (dense) and of ", ""
    )


@pytest.mark.parametrize("command", ["explain", "check-gradients"])
def test_the_printouts_of_the_documentation_are_true(command):
    """To the last digit, but for how far rounding leads the finite differences astray."""
    root = EXAMPLES.parent
    page = (root / "docs/explain.md").read_text()
    ((line, printed),) = re.findall(
        rf"^```text\n\$ chainrule ({command} .*)\n((?:.*\n)*?)```", page, re.MULTILINE
    )
    astray = r"\d\.\de[-+]\d\d(?: .*?(?=  \w+$)|)"  # the error, and at which weight it is worst
    plain = lambda text: re.sub(r" +", " ", re.sub(astray, "", text, flags=re.M))  # noqa: E731
    assert plain(done(root, line)) == plain(printed)


def test_a_new_network_has_the_weights_from_which_fit_would_start(folder):
    """As float32 and as float64: the same numbers as of a training of no length."""
    from chainrule.models.initial import at_start

    frame = pl.read_csv(folder / "table.csv")
    X, y = frame.drop("kind"), frame["kind"]
    for dtype in ("float32", "float64"):
        model = MLPClassifier(
            (3,), max_iter=1, learning_rate_init=1e-30, random_state=3, dtype=dtype
        )
        model.set_params(alpha=0.0)
        for start, after in zip(at_start(model, X, y).coefs_, model.fit(X, y).coefs_, strict=True):
            assert start.dtype == after.dtype == dtype
            np.testing.assert_array_equal(start, after)
