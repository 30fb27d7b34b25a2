"""What a report says is what its run says, and nothing in a table breaks the page."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import polars as pl
import pytest
from scipy import stats
from sklearn.datasets import load_diabetes

from chainrule import MLPRegressor, cli, write_report
from chainrule.data.rows.rows import as_rows
from chainrule.errors import DataError, OptionError
from chainrule.report.page.uncertainty import Interval, score_interval, verdict, wilson
from zoo import WIDE, from_zoo

EVIL = {
    "a": "<script>alert(1)</script>",
    "b": "b\"&'<b>",
    "zone": "$z_1$ {{ 7*7 }} {% raw %}",
    "kind": "<i>kind</i>",
}
CLASSES = ["<img src=x onerror=alert(2)>", "`y`</title>", "]]></svg><!-- z"]
QUESTIONS = [
    "What was asked?",
    "What was understood of the table?",
    "How were the rows split?",
    "What was trained?",
    "How good is it?",
    "How did it learn?",
    "Which columns does it look at?",
    "Is anything wrong with the training?",
    "What happens to one row?",
    "How can this be done again?",
]


class Seen(HTMLParser):
    """Tags with their attributes, text, headings, and the titles of drawings."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.inside = [], []
        self.texts = {"h1": [], "h2": [], "title": [], "style": [], "": []}
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.inside.append(tag)

    def handle_endtag(self, tag):
        while self.inside and self.inside.pop() != tag:
            pass

    def handle_data(self, data):
        tag = self.inside[-1] if self.inside and self.inside[-1] in self.texts else ""
        self.texts[tag].append(data)

    @property
    def text(self):
        return " ".join(" ".join(" ".join(part) for part in self.texts.values()).split())


def shell(folder, monkeypatch, line):
    """Run a command line in this process: (code, stdout and stderr)."""
    import contextlib
    import io
    import shlex
    import sys

    said = io.StringIO()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["chainrule", *shlex.split(line)])
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        with pytest.raises(SystemExit) as ended:
            cli.main()
    return ended.value.code or 0, said.getvalue()


def evil_table(n=120):
    draw = np.random.default_rng(0)
    a, b = draw.normal(size=(2, n))
    kinds = np.array(CLASSES)[(a > 0).astype(int) + (b > 0)]
    zones = np.array(["</td>", "south & west", "{{ zone }}"])[draw.integers(0, 3, n)]
    gaps = np.where(np.arange(n) % 9 == 4, np.nan, b)
    columns = {"a": a, "b": gaps, "zone": zones, "kind": kinds, "weight": draw.integers(0, 3, n)}
    table = pl.DataFrame({EVIL.get(name, name): values for name, values in columns.items()})
    return table.with_columns(pl.col(EVIL["b"]).fill_nan(None))


FIT = f"fit evil.csv -t '{EVIL['kind']}' --weight weight --hidden 8 --epochs 6"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the run `evil`, whose names and cells are markup."""
    path = tmp_path_factory.mktemp("report")
    evil_table().write_csv(path / "evil.csv")
    with pytest.MonkeyPatch.context() as patch:
        code, said = shell(path, patch, f"{FIT} --out evil")
    assert code == 0, said
    assert "evil/  model.chr · report.html · " in said
    return path


@pytest.fixture(scope="module")
def page(folder):
    return (folder / "evil" / "report.html").read_text()


def test_what_the_table_holds_is_text_wherever_it_stands(page):
    seen = Seen(page)
    for name in (*EVIL.values(), *CLASSES[:1], "</td>", "{{ zone }}"):
        assert " ".join(name.split()) in seen.text, name
    assert seen.texts["h1"] == ["<i>kind</i> from evil.csv"]
    known = {tag for tag, _ in seen.tags}
    assert not known & {"script", "img", "iframe", "object", "embed", "form", "i", "b"}
    for tag, attributes in seen.tags:
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            if name in ("href", "src", "xlink:href", "action"):
                assert value.startswith(("#", "data:")), (tag, value)
    assert not re.search(r"url\((?!#)|@import|@font-face", page)
    assert "default-src 'none'" in page
    assert page.count("<style") == 1
    assert len(page.encode()) < 1_000_000


def test_the_page_is_built_as_a_page_should_be(page):
    seen = Seen(page)
    assert seen.texts["h2"] == QUESTIONS
    assert seen.tags[0] == ("html", {"lang": "en"})
    levels = [int(tag[1]) for tag, _ in seen.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False))
    assert all("scope" in attributes for tag, attributes in seen.tags if tag == "th")
    pictures = re.findall(r"<figure.*?</figure>", page, re.DOTALL)
    assert len(pictures) >= 10
    for picture in pictures:
        titles = re.findall(r"<svg[^>]*><title>([^<]{10,})</title>", picture)
        assert len(titles) == picture.count("<svg")
        assert (
            len(re.findall(r"<figcaption>How to read it: \w[^<]{60,}</figcaption>", picture)) == 1
        )
    ids = [attributes["id"] for _, attributes in seen.tags if "id" in attributes]
    links = [a["href"][1:] for tag, a in seen.tags if tag == "a"]
    assert set(links) <= set(ids)
    for box in (a for _, a in seen.tags if "scroll" in a.get("class", "").split()):
        assert (box["tabindex"], box["role"]) == ("0", "region")
        assert box["aria-label"]


def test_the_numbers_are_those_of_the_manifest(folder, page):
    manifest = json.loads((folder / "evil" / "manifest.json").read_text())
    results, text = manifest["results"], Seen(page).text
    test = results["test"]
    for score in (test["accuracy"], test["balanced_accuracy"], test["log_loss"]):
        assert f" {score:.3f} " in text
    for name, score in results["baselines"].items():
        assert f"{name} {score:.3f}" in text
    for each in test["per_class"]:
        measured = " ".join(f"{each[k]:.3f}" for k in ("precision", "recall", "f1"))
        assert f"{' '.join(each['class'].split())} {each['rows']} {measured}" in text
    for said in (
        manifest["split"]["description"],
        manifest["data_hash"],
        manifest["stop"],
        f"{manifest['epochs']} epochs",
        results["network"],
        *(f"{name} {version}" for name, version in manifest["versions"].items()),
    ):
        assert " ".join(str(said).split()) in text, said
    best = max(results["baselines"], key=results["baselines"].get)
    assert f"best of the three baselines, {best} ({results['baselines'][best]:.3f})" in text
    assert "chainrule predict evil NEW_TABLE" in text
    config = (folder / "evil" / "config.toml").read_text()
    assert " ".join(config.split()) in text


def test_made_again_it_is_the_same_file(folder, page, monkeypatch):
    code, said = shell(folder, monkeypatch, "report evil -o again.html")
    assert (code, "again.html" in said) == (0, True), said
    assert (folder / "again.html").read_text() == page
    evil_table().write_parquet(folder / "moved.parquet")  # other bytes, the same rows
    code, said = shell(folder, monkeypatch, "report evil --table moved.parquet -o moved.html")
    assert code == 0, said
    assert (folder / "moved.html").read_text() == page


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("report evil --table fewer.csv", ("other rows", "fit again")),
        ("report evil --table shuffled.csv", ("other rows",)),
        ("report evil --table gone.csv", ("gone.csv",)),
        ("report evil -o nowhere/x.html", ("no folder nowhere",)),
        ("report evil -o evil", ("cannot be written to evil",)),
        ("report nothing", ("no run nothing",)),
        ("report evil/model.chr", ("no run folder",)),
        ("report damaged", ("manifest.json is damaged",)),
        ("report headless", ("no config.toml",)),
        ("report piped", ("standard input", "--table")),
        ("report changed", ("no longer the table", "--table")),
        ("report moved", ("Or give it by --table",)),
        ("report hollow", ("do not say what was predicted",)),
    ],
)
def test_what_cannot_be_reported_is_said(folder, monkeypatch, line, words):
    import shutil

    table = evil_table()
    table.head(80).write_csv(folder / "fewer.csv")
    table.sample(fraction=1, shuffle=True, seed=1).write_csv(folder / "shuffled.csv")
    manifest = json.loads((folder / "evil" / "manifest.json").read_text())
    for name, facts in {
        "damaged": None,
        "headless": manifest,
        "piped": manifest | {"table": "-"},
        "changed": manifest | {"data_hash": "sha256:0"},
        "moved": manifest | {"table": "elsewhere/evil.csv"},
        "hollow": {"target": "x"},
    }.items():
        shutil.copytree(folder / "evil", folder / name, dirs_exist_ok=True)
        text = "{" if facts is None else json.dumps(facts)
        (folder / name / "manifest.json").write_text(text)
    (folder / "headless" / "config.toml").unlink()
    code, said = shell(folder, monkeypatch, line)
    assert code == 2, said
    assert said.startswith("chainrule: ")
    for word in words:
        assert word in said, said


def test_without_pictures_without_report_and_a_report_that_fails(folder, monkeypatch):
    code, said = shell(folder, monkeypatch, f"{FIT} --no-figures --out bare")
    assert code == 0, said
    bare = (folder / "bare" / "report.html").read_text()
    assert "<svg" not in bare
    assert Seen(bare).texts["h2"] == QUESTIONS
    code, said = shell(folder, monkeypatch, f"{FIT} --no-figures --no-report --out none")
    assert (code, "report" in said) == (0, False)
    assert not (folder / "none" / "report.html").exists()

    def fail(subject):
        raise RuntimeError("a fault")

    monkeypatch.setattr("chainrule.report.page.write.make_page", fail)
    code, said = shell(folder, monkeypatch, f"{FIT} --no-figures --out failed")
    assert (code, "no report: RuntimeError: a fault" in said) == (0, True)
    assert (folder / "failed" / "model.chr").exists()
    assert not (folder / "failed" / "report.html").exists()


@pytest.mark.parametrize(("right", "n"), [(0, 5), (3, 7), (29, 30), (30, 30), (900, 1000)])
def test_wilsons_interval_is_that_of_scipy(right, n):
    theirs = stats.binomtest(right, n).proportion_ci(method="wilson")
    assert wilson(right / n, n) == pytest.approx((theirs.low, theirs.high), abs=1e-6)


def test_the_interval_of_a_number_is_that_of_the_bootstrap():
    X, y = load_diabetes(return_X_y=True)
    model = MLPRegressor((8,), max_iter=60, random_state=0).fit(X[:200], y[:200])
    part = as_rows(X[200:], y[200:])
    score = model.score(part.native, part.targets)
    ours = score_interval(model, part, "r2", score)
    assert score in ours

    def r2(true, guess):
        return 1 - ((true - guess) ** 2).mean() / true.var()

    data = (part.targets, model.predict(part.native))
    options = {"paired": True, "vectorized": False, "method": "percentile", "n_resamples": 2000}
    theirs = stats.bootstrap(data, r2, **options).confidence_interval
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.02)
    few = score_interval(model, part.first(60), "r2", 0.4)
    assert few.high - few.low > ours.high - ours.low
    assert score_interval(model, part, "r2", score) == ours  # seeded
    doubled = score_interval(model, as_rows(X[200:], y[200:], np.full(242, 2.0)), "r2", score)
    assert (doubled.low, doubled.high) == pytest.approx((ours.low, ours.high))


@pytest.mark.parametrize(
    ("score", "interval", "words"),
    [
        (0.90, (0.80, 0.95), ("ahead of", "trees (0.880)", "within noise", "30 test rows")),
        (0.85, (0.80, 0.95), ("behind", "within noise")),
        (0.95, (0.90, 0.98), ("ahead of", "by more than the noise")),
        (0.70, (0.60, 0.80), ("behind", "by more than the noise")),
        (0.88, (0.80, 0.95), ("exactly as high",)),
    ],
)
def test_the_verdict_says_what_the_interval_allows(score, interval, words):
    baselines = {"line": 0.5, "trees": 0.88, "nothing": None}
    said = verdict(score, Interval(*interval, how=""), baselines, 30)
    assert all(word in said for word in words), said


def test_a_report_from_python_of_arrays_and_of_several_targets(tmp_path):
    X, y = load_diabetes(return_X_y=True)
    both = np.stack([y, X[:, 2]], axis=1)
    model = from_zoo("two_numbers")
    alone = write_report(model, X[300:], both[300:], tmp_path / "alone.html").read_text()
    assert "boosted trees" not in alone
    assert "target 2" in alone
    trained = {"X_train": X[:300], "y_train": both[:300]}
    whole = write_report(model, X[300:], both[300:], tmp_path / "whole.html", **trained)
    assert "boosted trees" in whole.read_text()
    with pytest.raises(DataError, match="belong together"):
        write_report(model, X, both, tmp_path / "x.html", X_train=X)
    with pytest.raises(OptionError, match="cannot be written"):
        write_report(model, X[300:], both[300:], tmp_path / "no" / "x.html")


def test_what_settles_is_reported_and_wide_tables_are_not_shuffled(tmp_path):
    model, X, y = from_zoo("wide"), WIDE, WIDE[:, 0]
    seen = Seen(write_report(model, X, y, tmp_path / "wide.html").read_text())
    assert "How does it settle?" in seen.texts["h2"]
    assert "none is shuffled" in seen.text
    assert "141 more columns are not shown" in seen.text
