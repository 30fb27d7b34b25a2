"""Findings: what is odd is found with its evidence, and sound tables are left in peace."""

import time
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from chainrule.cli.talk import SHELL
from chainrule.data import DATASETS, infer_schema, load, read_table
from chainrule.data.findings import find
from chainrule.data.reading.datasets import at_hand
from chainrule.errors import DataError, ShapeError

N = 400
RNG = np.random.default_rng(0)
X = pl.DataFrame({name: RNG.normal(size=N) for name in "abc"})
LABELS = pl.Series((X["a"] + RNG.normal(size=N) > 0).cast(pl.String))
NUMBERS = X["a"] + pl.Series(RNG.normal(size=N))
PENGUINS = Path(__file__).parents[2] / "examples/penguins.csv"


def classification(table, y=LABELS, **options):
    return find(table, y, task="classification", **options)


def regression(table, y=NUMBERS, **options):
    return find(table, y, task="regression", **options)


def kinds(findings):
    return [(finding.kind, *finding.columns) for finding in findings]


def only(findings):
    assert len(findings) == 1, findings
    return findings[0]


def test_a_sound_table_is_left_in_peace():
    assert classification(X) == regression(X) == []
    assert classification(X.to_numpy(), LABELS.to_list()) == []


@pytest.mark.parametrize("name", [name for name in DATASETS if at_hand(name)])
def test_the_named_tables_are_sound_but_for_their_order(name):
    table, known = load(name), DATASETS[name]
    found = kinds(find(table.drop(known.target), table[known.target], task=known.task))
    sorted_by_class = name in ("iris", "wine", "wheat-seeds")
    constant = [("constant", "pixel_0_0", "pixel_4_0", "pixel_4_7")] if name == "digits" else []
    assert found == [("ordered",)] * sorted_by_class + constant


@pytest.mark.parametrize("target", ["species", "sex", "body_mass_g"])
def test_of_the_penguins_only_the_row_number_is_odd(target):
    table = read_table(PENGUINS).drop_nulls(target)
    task = "regression" if target == "body_mass_g" else "classification"
    found = find(table.drop(target), table[target], task=task)
    assert kinds(found) == [("ordered",)] * (target == "species") + [("identifier", "rowid")]
    assert "left out" in found[-1].text


def test_identifiers_that_the_schema_keeps():
    names = [f"customer {i}" for i in range(N - 2)] + ["customer 0"] * 2
    found = classification(X.with_columns(customer=pl.Series(names)))
    finding = next(each for each in found if each.kind == "identifier")
    assert finding.text == '"customer" looks like an ID: 398 different texts in 400 rows.'
    assert "--drop customer" in finding.remedy.at(SHELL)
    counted = np.column_stack([X.to_numpy(), np.arange(5, N + 5)])
    finding = only(classification(counted))
    assert (finding.kind, finding.columns) == ("identifier", ("x3",))
    assert "counts up by one from 5" in finding.text
    assert '`drop=["x3"]`' in finding.remedy


def test_columns_that_say_nothing_or_hardly_anything():
    gappy = pl.Series([1.5, 2.5, 3.5, None, None, None, None, None] * (N // 8))
    zips = pl.Series([f"z{i % 130}" for i in RNG.permutation(N)])
    table = X.with_columns(one=pl.lit("x"), gappy=gappy, zip=zips)
    found = classification(table)
    assert kinds(found) == [("constant", "one"), ("gaps", "gappy"), ("many levels", "zip")]
    assert [finding.text for finding in found] == [
        "1 column never varies and is left out: one.",
        '"gappy" is a gap in 250 of 400 rows (62%).',
        '"zip" has 130 levels in 400 rows, 3.1 for each.',
    ]
    finding = only(classification(np.column_stack([X.to_numpy(), np.ones((N, 2))])))
    assert (finding.kind, finding.columns) == ("constant", ("x3", "x4"))


def test_levels_that_differ_in_capitals_or_blanks():
    towns = pl.Series(
        ["Ulm", "Bonn", "bonn", "Kiel", "BONN ", "ulm", "New York", "New  York"] * (N // 8)
    )
    finding = only(classification(X.with_columns(town=towns)))
    assert (finding.kind, finding.columns) == ("spellings", ("town",))
    assert finding.text == (
        '"town" has 3 levels written in two ways or more, which differ in capitals or blanks '
        'alone: "Bonn" (50) and "bonn" (50) and "BONN " (50), "Ulm" (50) and "ulm" (50), '
        '"New York" (50) and "New  York" (50).'
    )
    assert finding.remedy.startswith("If they mean the same, write them in one way")


@pytest.mark.parametrize(
    "name", ["patient", "Patient_ID", "speakerName", "visit id", "customer no"]
)
def test_rows_of_the_same_one(name):
    ones = RNG.integers(0, 40, N)
    for column in (pl.Series(ones * 3), pl.Series([f"p{one}" for one in ones])):
        finding = next(
            each for each in regression(X.with_columns(column.alias(name))) if each.kind == "groups"
        )
        assert finding.columns == (name,)
        assert f'"{name}" has 40 different values in 400 rows, so that one' in finding.text
        assert "has 10.0 of them" in finding.text
        quoted = f"'{name}'" if " " in name else name
        assert finding.remedy.at(SHELL).endswith(f"`--split groups --groups {quoted}`.")
        assert finding.remedy.endswith("keep the rows of each together: `groups`.")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("town", RNG.integers(0, 40, N)),  # no one's name
        ("patient", RNG.integers(0, 3, N)),  # three of them are classes
        ("patient", np.arange(N)[RNG.permutation(N)] // 1.5),  # hardly any twice
        ("patient", RNG.normal(size=N)),
        ("patients", np.where(np.arange(N) < N // 2, 0, np.arange(N))),  # half of all are one
        ("number of students", RNG.integers(0, 40, N)),
    ],
)
def test_columns_that_name_no_one(name, values):
    found = regression(X.with_columns(pl.Series(name, values)))
    assert "groups" not in {each.kind for each in found}


def test_a_target_with_a_long_tail():
    [found] = regression(X, np.exp(2 * NUMBERS.to_numpy()))
    assert (found.kind, found.severity) == ("long tail", "note")
    assert 'target_transform="log"' in found.remedy


def test_places_around_the_globe_but_not_those_of_one_region():
    lat, lon = RNG.uniform(-60, 60, N), RNG.uniform(-179, 179, N)
    found = only(classification(X.with_columns(Latitude=pl.Series(lat), lng=pl.Series(lon))))
    assert (found.kind, found.columns) == ("places", ("Latitude", "lng"))
    near = X.with_columns(lat=pl.Series(lat), lon=pl.Series(lon / 3))
    assert not classification(near)


def test_columns_that_say_the_same():
    codes = RNG.integers(0, 4, N)
    table = X.with_columns(
        inches=X["a"] / 2.54,
        back=-X["b"],
        copy=X["c"],
        town=pl.Series(["Ulm", "Bonn", "Kiel", "Jena"]).gather(codes),
        plate=pl.Series(["UL", "BN", "KI", "J"]).gather(codes),
        code=pl.Series(codes * 10),
    )
    found = regression(table)
    assert sorted(kinds(found)) == [
        ("duplicate", "a", "inches"),
        ("duplicate", "b", "back"),
        ("duplicate", "c", "copy"),
        ("duplicate", "town", "code"),
        ("duplicate", "town", "plate"),
    ]
    texts = " ".join(finding.text for finding in found)
    for words in ("they are equal", "correlation is -1.000000", "levels go one-to-one"):
        assert words in texts
    noisy = X.with_columns(near=X["a"] + 0.01 * X["b"], gap=pl.Series([None, *X["a"][1:]]))
    assert regression(noisy) == []


LEAKS = {
    "the code of the class": lambda y: pl.Series(y == "true").cast(pl.Int64) * 7,
    "a score": lambda y: pl.Series(np.where(y == "true", 1, -1) * (1 + RNG.random(N))),
    "levels": lambda y: pl.Series(np.where(y == "true", "won", "lost")),
    "gaps": lambda y: pl.Series(np.where(y == "true", np.nan, RNG.random(N)), nan_to_null=True),
    "bands": lambda y: pl.Series(2 * RNG.integers(0, 9, N) + (y == "true").to_numpy()),
}


@pytest.mark.parametrize("name", LEAKS)
def test_columns_that_give_the_class_away(name):
    finding = classification(X.with_columns(outcome=LEAKS[name](LABELS)))[0]
    assert (finding.kind, finding.columns) == ("leak", ("outcome",))
    assert "right in 100.0% of held-out rows, where the most frequent class has 5" in finding.text
    assert "--drop outcome" in finding.remedy.at(SHELL)


@pytest.mark.parametrize(
    ("leak", "words"),
    [
        (lambda y: y * 1.609 + 3, "a straight line gives R² = 1.0"),
        (lambda y: y.exp(), "their order gives R² = 1.0"),
        (lambda y: pl.Series(["a", "b", "c", "d"] * (N // 4)), "means of its levels give R² = 1.0"),
    ],
)
def test_columns_that_give_the_number_away(leak, words):
    y = pl.Series([1.0, 5.0, 2.0, 9.0] * (N // 4)) if "levels" in words else NUMBERS
    finding = regression(X.with_columns(outcome=leak(y)), y)[0]
    assert (finding.kind, finding.columns) == ("leak", ("outcome",))
    assert words in finding.text


def test_a_strong_column_is_no_leak():
    y = pl.Series(np.where(RNG.random(N) < 0.02, "other", LABELS))
    strong = pl.Series(np.where(LABELS == "true", 1.0, 0.0))
    assert "leak" not in {each.kind for each in classification(X.with_columns(s=strong), y)}
    near = NUMBERS + 0.05 * X["b"]
    assert regression(X.with_columns(near=near)) == []


def test_classes_with_few_rows():
    y = np.repeat(["common", "rare", "lone"], [N - 13, 10, 3])[RNG.permutation(N)]
    rare, imbalance = classification(X, y)
    assert rare.text == "1 class has fewer than 5 rows: lone 3."
    assert imbalance.text == 'class "lone" has 0.8% of the rows, "common" 129 times as many.'
    assert "--class-weight balanced" in imbalance.remedy.at(SHELL)
    weights = np.where(y == "common", 0.05, 1)
    assert kinds(classification(X, y, weights=weights))[1:] == []
    assert classification(X, RNG.integers(0, 26, N)) == []  # 26 classes have 4 % each


def test_rows_in_order():
    days = [date(2024, 1, 1) + timedelta(i) for i in range(N)]
    dated = X.with_columns(day=pl.Series(days))
    finding = only(classification(dated))
    assert (finding.kind, finding.columns) == ("ordered", ("day",))
    assert 'in the order of "day", from 2024-01-01 to 2025-02-03.' in finding.text
    assert "--split last" in finding.remedy.at(SHELL)
    assert classification(dated, ordered_split=True) == []
    due = regression(X, pl.Series(days))
    assert "sorted by the target, from 2024-01-01 to 2025-02-03." in only(due).text
    hours = [datetime(2024, 1, 1, i // 60, i % 60) for i in range(N)]
    for name, ascending, ends in (
        ("within a day", hours, "2024-01-01 to 2024-01-01T06:39:00"),
        ("at", [hour.time() for hour in hours], "00:00:00 to 06:39:00"),
    ):
        finding = only(classification(X.with_columns(pl.Series(name, ascending))))
        assert f'in the order of "{name}", from {ends}.' in finding.text

    walk = pl.Series(RNG.normal(size=N).cumsum())
    finding = only(regression(X, walk))
    assert "like that of the row before (correlation 0.9" in finding.text
    assert "--split last" in finding.remedy.at(SHELL)
    assert regression(X, walk, ordered_split=True) == []

    finding = only(regression(X, NUMBERS.sort()))
    assert "sorted by the target" in finding.text
    assert finding.remedy.startswith("Nothing to do: a random split mixes them")

    blocks = LABELS.sort()
    finding = only(classification(X, blocks))
    assert "changes 1 time from row to row, where mixed rows would change about 199" in finding.text
    assert finding.remedy.startswith("Nothing to do: a stratified or random split mixes them")
    finding = only(classification(X, blocks, ordered_split=True))
    assert "--split stratified" in finding.remedy.at(SHELL)


def test_rows_that_repeat_or_contradict():
    again = pl.concat([X[:380], X[:20]])
    y = np.concatenate([LABELS[:380], LABELS[:20]])
    finding = only(classification(again, y))
    assert finding.text.startswith("20 of 400 rows (5.0%) are copies of another row")
    assert "--groups" in finding.remedy.at(SHELL)
    y[380:390] = np.where(y[380:390] == "true", "false", "true")
    copies, contradiction = classification(again, y)
    assert copies.text.startswith("10 of 400 rows (2.5%)")
    assert "no model can be right in more than 97.5% of these 400 rows" in contradiction.text
    few = pl.DataFrame({name: RNG.integers(0, 2, N) for name in "ab"})
    assert "copies" not in "".join(each.text for each in regression(few))


def test_rows_of_no_weight_are_not_looked_at():
    weights = np.r_[np.ones(N // 2), np.zeros(N // 2)]
    table = pl.concat([X[: N // 2], X[: N // 2]])
    assert classification(table, LABELS, weights=weights) == []


def test_targets_of_several_columns_and_of_the_wrong_kind():
    assert classification(X, np.eye(N)[:, :3]) == []
    with pytest.raises(DataError, match="holds text"):
        regression(X, LABELS)
    with pytest.raises(ShapeError, match="400 rows, the target has 3"):
        classification(X, [1, 2, 1])


def test_a_large_table_is_looked_at_in_a_sample_that_is_named():
    n = 300_000
    table = np.random.default_rng(0).normal(size=(n, 25)).astype(np.float32)
    table[:, 4] = table[:, 3]
    finding = only(find(table, np.arange(n) % 2, task="classification"))
    assert finding.columns == ("x3", "x4")
    assert finding.text.endswith("they are equal (in a sample of 80,000 of 300,000 rows).")


def test_a_hundred_thousand_rows_take_no_time():
    n = 100_000
    rng = np.random.default_rng(0)
    levels = np.array(list("abcdefgh"))
    table = pl.DataFrame(
        {f"n{i}": rng.normal(size=n) for i in range(40)}
        | {f"t{i}": levels[rng.integers(0, 8, n)] for i in range(10)}
    )
    schema = infer_schema(table)
    y = (table["n0"] + rng.normal(size=n) > 0).cast(pl.String)
    find(table[:100], y[:100], task="classification")
    start = time.process_time()
    assert find(table, y, task="classification", schema=schema) == []
    assert time.process_time() - start < 5  # 0.3 s on an idle core


def test_a_leak_is_found_among_a_thousand_columns():
    table = RNG.normal(size=(N, 1000))
    table[:, 617] = np.where(LABELS == "true", 5, 3) + RNG.random(N)
    finding = only(classification(table))
    assert (finding.kind, finding.columns) == ("leak", ("x617",))
