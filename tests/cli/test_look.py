"""`chainrule look`: how a table is read, in words whose remedies work as printed."""

import json
import re

import pytest
from small import done, refused

N = 30


def table(header, *cells):
    rows = [",".join(c[i % len(c)] if isinstance(c, list) else c(i) for c in cells)
            for i in range(N)]  # fmt: skip
    return "\n".join([header, *rows]) + "\n"


SITES = ["south", "east", "north", "west", "south"]
ODD = {
    "compact dates": table("d,y", lambda i: f"2014{i % 12 + 1:02d}{i % 28 + 1:02d}", SITES),
    "led by zeros": table("zip,y", lambda i: f"{i * 700 + 900:05d}", SITES),
    "too long": table("n,y", lambda i: str(10**17 + i), SITES),
    "two orders": table("d,y", lambda i: f"0{i % 9 + 1}/0{i % 5 + 1}/2014", SITES),
    "two marks": table("x,y", lambda i: f"{i + 1}.{i * 37 % 900 + 100}", SITES),
    "currency": table("x,y", lambda i: f"${i + 1}.50", SITES),
    "words among numbers": table("x,y", ["1", "2", "few", "3", "many"], SITES),
    "two units": table("x,y", lambda i: f"{i} kg" if i % 3 else f"{i} g", SITES),
    "a value that is a gap": table("x,y", ["None", "brick", "wood"], SITES),
    "one odd cell": table("x,y", lambda i: "1o" if i == 7 else str(i), SITES),
    "comments": "# made by a meter\n" + table("x,y", str, SITES),
    "a title": "Export of May\n" + table("x,y", str, SITES),
    "no names": table("1,0", str, ["1", "0"]),
    "units": table("x,y\nkg,m", str, str),
    "a total": table("x,y", str, str) + "Total,435\n",
    "single quotes": table("x,y", str, ["'a, b'", "'c'", "'d'"]),
    "semicolons": table("x,y", str, SITES).replace(",", ";"),
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_said_of_reading_can_be_said_otherwise_as_printed(name, tmp_path):
    (tmp_path / "t.csv").write_text(ODD[name])
    said = json.loads(done(tmp_path, "look t.csv --json"))["findings"]
    assert said
    for finding in said:
        for option in re.findall(r"`(.*?)`", finding["remedy"]):
            line = f"look t.csv --json {'' if option == '--separator' else option}"
            again = json.loads(done(tmp_path, line))["findings"]
            kept = finding["evidence"] in [each["evidence"] for each in again]
            assert kept == (option == "--separator"), option


def test_codes_are_numbers_where_they_are_asked_for_as_target_too(tmp_path):
    (tmp_path / "t.csv").write_text(table("a,code", str, lambda i: f"{i % 5:03d}"))
    done(tmp_path, "fit t.csv -t code --number code --task regression --epochs 2 --out r "
                   "--no-baselines --no-report --no-figures --model mlp")  # fmt: skip
    scores = json.loads(done(tmp_path, "evaluate r t.csv --json"))
    assert scores["rows"] == N
    assert "r2" in scores
    assert "code: classification (text)" in done(tmp_path, "look t.csv -t code")
    refused(tmp_path, "look t.csv -t code --drop code", "--drop code has no meaning")


def test_options_of_findings_are_those_of_the_fit(tmp_path):
    (tmp_path / "t.csv").write_text(table("a,b,y", str, SITES, SITES))
    out = done(tmp_path, "look t.csv -t y")
    assert "`--category a`" in out
    assert "options are those of `chainrule fit`" in " ".join(out.split())
    refused(tmp_path, "look t.csv -t x", 'no column "x"')


def test_what_counts_the_rows_is_a_number_where_nothing_else_is_left(tmp_path):
    (tmp_path / "t.csv").write_text(table("hour,level", str, lambda i: str(i * i)))
    assert "counts the rows; kept" in done(tmp_path, "look t.csv -t level")
    (tmp_path / "t.csv").write_text(table("id,level", str, lambda i: str(i * i)))
    assert "no column is left" in done(tmp_path, "look t.csv -t level")
    refused(tmp_path, "fit t.csv -t level", "no column is left", "`--number id`")


def test_what_is_asked_for_as_numbers_is_numbers_whatever_it_looks_like(tmp_path):
    odd = table("x,y", ["2 kg", "300 g", "2 kg", "few", "4 kg"], str)
    (tmp_path / "t.csv").write_text(odd)
    facts = json.loads(done(tmp_path, "look t.csv -t y --number x --json"))
    assert [facts["columns"][0][fact] for fact in ("taken for", "gaps")] == ["number", 12]
