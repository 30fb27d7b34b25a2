"""A known table in every spelling: what is read is what was written, or a gap that is counted.

Where a column can be read in two ways, the other one is named with its option, and that gives it.
"""

import csv
import io
import random
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chainrule.data import Reading, read

WORDS = ["south", "east", "north", "Zürich", "São Paulo", "a, b", "it's", "x;y", "New York"]
CODES = ["00501", "01569", "10001", "90210", "02139"]
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def grouped(digits, mark):
    out = ""
    while len(digits) > 3:
        digits, out = digits[:-3], f"{mark}{digits[-3:]}{out}"
    return digits + out


def spell(value, decimals, decimal, thousands, before, after, parentheses):
    whole, _, part = f"{abs(value):.{decimals}f}".partition(".")
    text = grouped(whole, thousands) if thousands else whole
    text = before + text + (decimal + part if decimals else "") + after
    if value < 0:
        return f"({text})" if parentheses else f"-{text}"
    return text


DATE_FORMATS = {
    "ymd": lambda d: f"{d:%Y-%m-%d}",
    "slashes": lambda d: f"{d:%Y/%m/%d}",
    "mdy": lambda d: f"{d:%m/%d/%Y}",
    "dmy": lambda d: f"{d:%d/%m/%Y}",
    "points": lambda d: f"{d.day}.{d.month}.{d.year}",
    "named": lambda d: f"{d.day} {MONTHS[d.month - 1]} {d.year}",
    "American": lambda d: f"{MONTHS[d.month - 1]} {d.day}, {d.year}",
    "short": lambda d: f"{d:%d}-{MONTHS[d.month - 1]}-{d:%y}",
    "compact": lambda d: f"{d:%Y%m%d}",
    "at midnight": lambda d: f"{d:%Y-%m-%dT00:00:00Z}",
}


@st.composite
def columns(draw, n):
    """A column: its cells as text, and what they mean."""
    seed = draw(st.integers(0, 2**32 - 1))
    rng = random.Random(seed)
    kind = draw(st.sampled_from(["number", "number", "number", "date", "date", "words", "codes"]))
    if kind == "words":
        values = [rng.choice(WORDS) for _ in range(n)]
        cells = list(values)
    elif kind == "codes":
        values = [rng.choice(CODES) for _ in range(n)]
        cells = list(values)
    elif kind == "date":
        form = DATE_FORMATS[draw(st.sampled_from(sorted(DATE_FORMATS)))]
        values = [date(1971, 1, 1) + timedelta(days=rng.randrange(19_000)) for _ in range(n)]
        cells = [form(value) for value in values]
    else:
        decimals = draw(st.sampled_from([0, 1, 2, 3]))
        size = draw(st.sampled_from([10.0, 1e3, 1e5, 1e7]))
        decimal, thousands = draw(
            st.sampled_from([(".", ""), (".", ","), (",", "."), (",", ""), (".", " "), (",", " "),
                             (".", "'"), (".", "\u202f")])
        )  # fmt: skip
        before, after = draw(
            st.sampled_from([("", ""), ("", ""), ("$", ""), ("", " €"), ("", "%"), ("", " kg")])
        )
        negative = draw(st.booleans())
        values = [round(rng.uniform(-size if negative else 0, size), decimals) for _ in range(n)]
        options = (decimals, decimal, thousands, before, after, draw(st.booleans()))
        cells = [spell(value, *options) for value in values]
    if draw(st.booleans()):
        words = ["", "NaN", "N/A", "null", "?"] if kind in ("words", "codes") else ["", "-", "NA"]
        word = draw(st.sampled_from(words))
        for row in rng.sample(range(n), n // 10):
            cells[row], values[row] = word, None
    return cells, values


@st.composite
def files(draw):
    """A file as bytes, and the values of its columns by name."""
    n = draw(st.integers(20, 60))
    made = [draw(columns(n)) for _ in range(draw(st.integers(2, 4)))]
    names = ["depth", "price", "when", "site"][: len(made)]
    separator = draw(st.sampled_from([",", ";", "\t", "|"]))
    out = io.StringIO()
    style = csv.QUOTE_ALL if draw(st.booleans()) else csv.QUOTE_MINIMAL
    end = draw(st.sampled_from(["\n", "\r\n"]))
    writer = csv.writer(out, delimiter=separator, quoting=style, lineterminator=end)
    writer.writerow(names)
    writer.writerows(zip(*(cells for cells, _ in made), strict=True))
    text = out.getvalue()
    if draw(st.booleans()):
        text = draw(st.sampled_from(["Report of the meter", "# exported"])) + end + text
    if draw(st.booleans()):
        text += "Source: the meter" + end
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
    return text.encode(encoding), {name: v for name, (_, v) in zip(names, made, strict=True)}


OTHERWISE = ("decimal", "date_format")


def is_right(got, wanted):
    """Whether every cell is what was meant, or a gap."""
    return len(got) == len(wanted) and all(
        one is None
        or one == other
        or (isinstance(one, int | float) and isinstance(other, float) and abs(one - other) < 1e-9)
        for one, other in zip(got, wanted, strict=True)
    )


def hold(raw, meant, path):
    path.write_bytes(raw)
    got = read(path)
    assert got.frame.columns == list(meant)
    for name, wanted in meant.items():
        own = [finding for finding in got.findings if name in finding.columns]
        cells = got.frame[name].to_list()
        if not is_right(cells, wanted):
            pieces = [piece for finding in own for piece in finding.remedy.pieces]
            options = [piece for piece in pieces if getattr(piece, "name", "") in OTHERWISE]
            assert options, (name, own, cells[:5], wanted[:5])
            again = [
                read(path, Reading(**{each.name: each.value})).frame[name].to_list()
                for each in options
            ]
            assert any(is_right(cells, wanted) for cells in again), (
                name,
                own,
                cells[:5],
                wanted[:5],
            )
            cells = next(cells for cells in again if is_right(cells, wanted))
        n_lost = sum(a is None and b is not None for a, b in zip(cells, wanted, strict=True))
        said = sum(len(finding.rows) for finding in own)
        assert n_lost <= said, (name, own, n_lost)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("spelled") / "t.csv"


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(file=files())
def test_what_is_read_is_what_was_written(file, path):
    hold(*file, path)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(file=files())
def test_what_is_read_is_what_was_written_in_many_draws(file, path, part):
    del part
    hold(*file, path)
