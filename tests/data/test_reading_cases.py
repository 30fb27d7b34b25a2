"""Tables as they come from spreadsheets, surveys, meters: each is read as it is meant, and said."""

import csv
import gzip
import io
import json
import lzma
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time

import polars as pl
import pytest

from chainrule.data import Reading, infer_schema, read, read_table
from chainrule.data.findings import find
from chainrule.errors import DataError, MissingFileError, OptionError

SITES = ["south", "east", "north", "west"]


def table(*columns, header="temp,site", separator=",", n=24):
    """A table of n rows; each column is a list that comes again, or a function of the row."""
    rows = [
        separator.join(str(c(i) if callable(c) else c[i % len(c)]) for c in columns)
        for i in range(n)
    ]
    return "\n".join([header.replace(",", separator), *rows]) + "\n"


PLAIN = table(lambda i: 20.5 + i, SITES)
AS_PLAIN = {"temp": [20.5 + i for i in range(24)], "site": SITES * 6}


def numbers(*cells, header="x,site", separator=","):
    return table(list(cells), SITES, header=header, separator=separator)


LAID_OUT = {
    "comments before": ("# made by a meter\n# in 2024\n" + PLAIN, '"#" are comments'),
    "comments within": (PLAIN.replace("\n22.5", "\n# pause\n22.5"), '"#" are comments'),
    "names in a comment": ("#temp,site\n" + PLAIN.split("\n", 1)[1], "are comments"),
    "a title": ("Export of 3 May\n" + PLAIN, "1 line before the table is skipped"),
    "a sheet's head": ("Report,\nCreated,2024\n,\n" + PLAIN, "before the table"),
    "sep=": ("sep=;\n" + PLAIN.replace(",", ";"), "semicolons"),
    "units": (PLAIN.replace("site\n", "site\n°C,\n"), "The row below the names"),
    "a total": (PLAIN + "Total,24\n", "1 line behind the rows is skipped"),
    "a source": (PLAIN + "\nSource: a meter\n", "1 line behind the rows is skipped"),
    "bars": (PLAIN.replace(",", "|"), "bars"),
    "runs of blanks": (PLAIN.replace(",", "    "), "blanks"),
    "aligned by blanks": (
        "\n".join("  " + r.replace(",", "  ") for r in PLAIN.split("\n")),
        "blanks",
    ),
    "a separator too many": (PLAIN.replace("\n", ",\n"), "without a name and without a value"),
    "one too many in the rows": (
        PLAIN.replace("\n", ",\n").replace("site,", "site"),
        "without a name and without a value",
    ),
    "Windows' line ends": (PLAIN.replace("\n", "\r\n"), None),
    "old Macs' line ends": (PLAIN.replace("\n", "\r"), None),
    "blank lines": (PLAIN.replace("\n", "\n\n"), None),
    "quoted": (PLAIN.replace("south", '"south"').replace("temp", '"temp"'), None),
}


@pytest.mark.parametrize("name", LAID_OUT)
def test_where_the_table_begins_and_ends(name, tmp_path):
    text, words = LAID_OUT[name]
    (tmp_path / "t.csv").write_bytes(text.encode())
    got = read(tmp_path / "t.csv")
    assert got.frame.to_dict(as_series=False) == AS_PLAIN
    said = " ".join(finding.evidence for finding in got.findings)
    assert (words is None and not got.findings) or (words is not None and words in said)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_row_of_gaps_is_a_row_wherever_it_stands(separator, tmp_path):
    rows = ["a,b", ",", "8,8", "3,3", ",", "5,5", ","]
    (tmp_path / "t.csv").write_text("\n".join(rows).replace(",", separator) + "\n")
    assert read_table(tmp_path / "t.csv")["a"].to_list() == [None, 8, 3, None, 5, None]


@pytest.mark.parametrize(
    ("text", "depth"),
    [
        (",\nParis,Rome\nRome,Oslo\nOslo,Paris\n", [None, "Paris", "Rome", "Oslo"]),
        ("Paris,Rome\n,\nRome,Rome\nOslo,Paris\n", ["Paris", None, "Rome", "Oslo"]),
        ("1,2\n,\n?x,3\n4,5\n6,7\n8,9\n", ["1", None, "?x", "4", "6", "8"]),
    ],
)
def test_an_empty_row_makes_no_names_of_the_next(text, depth, tmp_path):
    (tmp_path / "t.csv").write_text("depth,price\n" + text)
    got = read_table(tmp_path / "t.csv")
    assert got.columns == ["depth", "price"]
    assert got["depth"].to_list() == depth


@pytest.mark.parametrize("last", ["total", "Notes of a long evening in the rain"])
def test_a_last_row_that_is_like_the_others_is_no_footer(last, tmp_path):
    (tmp_path / "t.csv").write_text(table([*SITES, "total"], str, header="what,n") + f"{last},5\n")
    got = read(tmp_path / "t.csv")
    assert got.frame["what"][-1] == last
    assert not got.findings


def test_what_is_found_can_be_said_otherwise(tmp_path):
    (tmp_path / "t.txt").write_text("1;2\n3;4\nTotal;4\n")
    got = read(tmp_path / "t.txt", Reading(header=False, skip_footer=0, skip_rows=1))
    assert got.frame.to_dict(as_series=False) == {"x0": ["3", "Total"], "x1": [4, 4]}
    got = read(tmp_path / "t.txt", Reading(header=True, skip_footer=1, separator=";"))
    assert got.frame.to_dict(as_series=False) == {"1": [3], "2": [4]}
    (tmp_path / "t.txt").write_text("%a%,b\n'1,5',2\n%x%,3\n")
    got = read_table(tmp_path / "t.txt", comment="", quote="single")
    assert got.to_dict(as_series=False) == {"%a%": ["1,5", "%x%"], "b": [2, 3]}
    with pytest.raises(OptionError, match='quote="curly" is not known'):
        read_table(tmp_path / "t.txt", quote="curly")
    with pytest.raises(OptionError, match="skip_rows=-1 must be 0 or more"):
        read_table(tmp_path / "t.txt", skip_rows=-1)


@pytest.mark.parametrize(
    ("text", "second"),
    [
        (table(range(24), ['"a \\"b\\", c"']), 'a "b", c'),
        (table(range(24), ["'a, b'", "'c, d'"]), "a, b"),
        (table(range(24), ['13" wide', '17" wide']), '13" wide'),
        (table(range(24), ['"a\nb, c"']), "a\nb, c"),
        (table(range(24), [' "a, b"']), "a, b"),
    ],
)
def test_quotes_of_all_sorts(text, second, tmp_path):
    (tmp_path / "t.csv").write_text(text)
    frame = read_table(tmp_path / "t.csv")
    assert frame.shape == (24, 2)
    assert frame["site"][0] == second


def test_no_names(tmp_path):
    text = PLAIN.split("\n", 1)[1]
    (tmp_path / "t.data").write_text(text)
    got = read(tmp_path / "t.data")
    assert got.frame.columns == ["x0", "x1"]
    assert got.frame["x0"].to_list() == AS_PLAIN["temp"]
    assert not got.named
    assert "called x0 to x1" in got.findings[0].evidence
    years = "country,1990,1991,1992\n" + "".join(f"c{i},{i},{i + 1},{i + 2}\n" for i in range(9))
    (tmp_path / "t.data").write_text(years)
    assert read_table(tmp_path / "t.data").columns == ["country", "1990", "1991", "1992"]


def test_rows_of_other_lengths(tmp_path):
    (tmp_path / "t.csv").write_text(PLAIN + "1,south,oops\n2\n")
    got = read(tmp_path / "t.csv")
    assert got.frame.rows()[-1] == (2.0, None)
    assert got.frame.height == 25
    assert [(f.severity, f.rows) for f in got.findings] == [("look", (24,)), ("look", (24,))]
    with pytest.raises(DataError, match="1 row with more than 2 fields is left out.*strict"):
        read_table(tmp_path / "t.csv", strict=True)


SPELLED = {
    "currency": (numbers('"$14,822"', '"$1,000.5"', "$7", "-$3"), [14822, 1000.5, 7, -3]),
    "euro behind": (numbers("14 €", "7 €"), [14, 7]),
    "percent": (numbers("20.1 %", "7%"), [20.1, 7]),
    "a unit": (numbers("20.1 kg", "7kg", "1e3 kg"), [20.1, 7, 1000]),
    "k and M": (numbers("19M", "201k", "8.7M"), [19e6, 201e3, 8.7e6]),
    "blanks between thousands": (numbers("14 822", "1 000 000", "7"), [14822, 1e6, 7]),
    "narrow blanks": (numbers("14\u202f822", "7"), [14822, 7]),
    "apostrophes": (numbers("14'822.5", "7"), [14822.5, 7]),
    "European": (numbers("14.822,50", "7,5", "3", separator=";"), [14822.5, 7.5, 3]),
    "decimal commas": (numbers("1,5", "0,837", "3", separator=";"), [1.5, 0.837, 3]),
    "American with decimals": (numbers('"3,995.383"', '"20,000.1"'), [3995.383, 20000.1]),
    "Indian": (numbers('"1,00,000"', '"2,500"'), [100_000, 2500]),
    "negative in parentheses": (numbers("(250)", "100", "-3"), [-250, 100, -3]),
    "a minus as printed": (numbers("\u22125", "3"), [-5, 3]),
    "exponents": (numbers("1e5", "2.5E-3"), [1e5, 2.5e-3]),
    "thousands by their zeros": (numbers("2.817", "950", "14.820"), [2817, 950, 14820]),
    "decimals as it seems": (numbers("2.817", "950", "14.821"), [2.817, 950, 14.821]),
    "true and false": (numbers("TRUE", "false"), [True, False]),
}


@pytest.mark.parametrize("name", SPELLED)
def test_numbers_as_people_write_them(name, tmp_path):
    text, values = SPELLED[name]
    (tmp_path / "t.csv").write_text(text)
    assert read_table(tmp_path / "t.csv")["x"].to_list() == values * (24 // len(values))


@pytest.mark.parametrize("name", ["n", "text", "body", "unit", "count", "parts", "literal"])
def test_no_name_of_a_column_is_in_the_way(name, tmp_path):
    (tmp_path / "t.csv").write_text(
        table(["1,5 kg", "2,5 kg"], ["x"] * 3, header=f"{name};b", separator=";")
    )
    assert read_table(tmp_path / "t.csv")[name].to_list() == [1.5, 2.5] * 12


def test_two_readings_are_said_with_the_option_for_the_other(tmp_path):
    (tmp_path / "t.csv").write_text(numbers("2.817", "950"))
    got = read(tmp_path / "t.csv")
    assert '"2.817" is 2.817' in got.findings[0].evidence
    assert got.findings[0].remedy == 'For 2817: `decimal="x=,"`.'
    frame = read_table(tmp_path / "t.csv", decimal="x=,")
    assert frame["x"].to_list() == [2817.0, 950.0] * 12
    other = numbers("2.817", "950", header="x,y,site").replace(",", ";").replace("y;", "y;", 1)
    (tmp_path / "t.csv").write_text(
        "\n".join(
            f"{line};1,5" if i else f"{line};z"
            for i, line in enumerate(other.replace("x;y;", "x;").split("\n"))
            if line
        )
    )
    assert read_table(tmp_path / "t.csv")["x"].to_list() == [2817.0, 950.0] * 12  # as z has commas


NOT_NUMBERS = {
    "codes": ["00501", "10001", "02139"],
    "too long": ["99999999999999999999", "12345678901234567890"],
    "other units": ["20 kg", "300 g"],
    "tickets": ["A/5 21171", "PC 17599", "113803", "STON/O2. 3101282"],
    "letters before": ["A1", "A2"],
    "versions": ["1.2.3", "1.10.0"],
    "addresses": ["10.0.0.1", "192.168.1.20"],
}


@pytest.mark.parametrize("name", NOT_NUMBERS)
def test_what_only_looks_like_numbers_stays_text(name, tmp_path):
    cells = NOT_NUMBERS[name]
    (tmp_path / "t.csv").write_text(numbers(*cells))
    assert read_table(tmp_path / "t.csv")["x"].to_list() == cells * (24 // len(cells))


MAY, JAN = date(2014, 5, 13), date(2014, 1, 2)
DATED = {
    "ISO": (["2014-05-13", "2014-01-02"], [MAY, JAN]),
    "ISO with slashes": (["2014/5/13", "2014/1/2"], [MAY, JAN]),
    "American": (["05/13/2014", "01/02/2014"], [MAY, JAN]),
    "European": (["13.05.2014", "2.1.2014"], [MAY, JAN]),
    "short years": (["13-05-14", "02-01-14"], [MAY, JAN]),
    "names": (["13 May 2014", "2 January 2014"], [MAY, JAN]),
    "names first": (['"May 13th, 2014"', '"Jan 2nd, 2014"'], [MAY, JAN]),
    "SAS": (["13MAY2014", "02JAN2014"], [MAY, JAN]),
    "weekdays": (['"Tuesday, 13 May 2014"', '"Thu, 2 Jan 2014"'], [MAY, JAN]),
    "German": (["13. Mai 2014", "2. Januar 2014"], [MAY, JAN]),
    "compact": (["20140513", "20140102"], [MAY, JAN]),
    "mixed": (["2014-05-13", "05/13/2014", "2 Jan 2014"], [MAY, MAY, JAN]),
    "months": (["May 2014", "2014-01"], [date(2014, 5, 1), date(2014, 1, 1)]),
    "quarters": (["2014Q2", "2014 Q1"], [date(2014, 4, 1), date(2014, 1, 1)]),
    "zones": (
        ["2014-05-13T10:30:00+02:00", "2014-01-02T10:30:00Z"],
        [datetime(2014, 5, 13, 8, 30), datetime(2014, 1, 2, 10, 30)],
    ),
    "halves of the day": (
        ["5/13/2014 12:05 AM", "1/2/2014 5:30 pm"],
        [datetime(2014, 5, 13, 0, 5), datetime(2014, 1, 2, 17, 30)],
    ),
    "logs": (["13/May/2014:10:30:00 +0000"], [datetime(2014, 5, 13, 10, 30)]),
    "times": (["10:30", "9:05 pm"], [time(10, 30), time(21, 5)]),
}


@pytest.mark.parametrize("name", DATED)
def test_dates_in_any_usual_spelling(name, tmp_path):
    cells, values = DATED[name]
    (tmp_path / "t.csv").write_text(numbers(*cells))
    assert read_table(tmp_path / "t.csv")["x"].to_list() == values * (24 // len(values))


def test_months_in_american_dates_are_no_days_of_january(tmp_path):
    (tmp_path / "t.csv").write_text(table(lambda i: f"{i % 12 + 1:02}/01/{2014 + i // 12}", SITES))
    got = read(tmp_path / "t.csv")
    assert got.frame["temp"].to_list()[:2] == [date(2014, 1, 1), date(2014, 2, 1)]
    assert got.findings[0].remedy == 'For 02 January 2014: `date_format="temp=day first"`.'
    frame = read_table(tmp_path / "t.csv", date_format="temp=day first")
    assert frame["temp"].to_list()[1] == date(2014, 1, 2)
    frame = read_table(tmp_path / "t.csv", date_format="%d/%m/%Y")
    assert frame["temp"].to_list()[1] == date(2014, 1, 2)


@pytest.mark.parametrize(
    "word", ["-", ".", "#N/A", "n/a", "unknown", "NA", "None", "inf", "#DIV/0!"]
)
def test_words_for_gaps_among_numbers(word, tmp_path):
    (tmp_path / "t.csv").write_text(PLAIN.replace("\n22.5,", f"\n{word},"))
    got = read_table(tmp_path / "t.csv")["temp"].to_list()
    assert got == [None if value == 22.5 else value for value in AS_PLAIN["temp"]]


def test_words_that_are_values_among_words(tmp_path):
    (tmp_path / "t.csv").write_text(table(["None", "Minor", "NA"], ["NA", "DE", "FR"]))
    got = read(tmp_path / "t.csv")
    assert got.frame["temp"].to_list() == ["None", "Minor", None] * 8
    assert got.frame["site"].to_list() == ["NA", "DE", "FR"] * 8
    assert '"NA", which is a value there' in got.findings[-1].evidence
    frame = read_table(tmp_path / "t.csv", missing=["None", "FR"])
    assert frame["temp"].to_list() == [None, "Minor", "NA"] * 8
    assert frame["site"].to_list() == ["NA", "DE", None] * 8


def test_one_odd_cell_is_a_gap_and_many_make_words(tmp_path):
    (tmp_path / "t.csv").write_text(PLAIN.replace("\n22.5,", "\n>22,"))
    got = read(tmp_path / "t.csv")
    assert got.frame["temp"].null_count() == 1
    (finding,) = got.findings
    assert (finding.severity, finding.rows, finding.columns) == ("look", (2,), ("temp",))
    assert '">22"; first in data row 3' in finding.evidence
    (tmp_path / "t.csv").write_text(numbers("1", "2", "many", "3"))
    got = read(tmp_path / "t.csv")
    assert got.frame["x"].to_list() == ["1", "2", "many", "3"] * 6
    assert 'holds numbers and 25% other words, such as "many"' in got.findings[0].evidence


@pytest.mark.parametrize("ending", ["gz", "zip", "zst", "xz"])
def test_packed_files(ending, tmp_path):
    raw = PLAIN.encode()
    if ending == "zip":
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("t.csv", raw)
        packed = out.getvalue()
    elif ending == "zst":
        zstd = pytest.importorskip("backports.zstd")
        packed = zstd.compress(raw)
    else:
        packed = {"gz": gzip, "xz": lzma}[ending].compress(raw)
    (tmp_path / f"t.csv.{ending}").write_bytes(packed)
    assert read_table(tmp_path / f"t.csv.{ending}").to_dict(as_series=False) == AS_PLAIN
    (tmp_path / f"t.csv.{ending}").write_bytes(packed[:-9])
    with pytest.raises(DataError, match="cannot be unpacked"):
        read_table(tmp_path / f"t.csv.{ending}")


def test_json_lines_excel_folders_and_patterns(tmp_path):
    rows = [{"temp": t, "site": s} for t, s in zip(*AS_PLAIN.values(), strict=True)]
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "t.json").write_text(json.dumps(rows))
    assert read_table(tmp_path / "t.jsonl").to_dict(as_series=False) == AS_PLAIN
    assert read_table(tmp_path / "t.json").to_dict(as_series=False) == AS_PLAIN
    folder = tmp_path / "parts"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / f"{name}.csv").write_text(PLAIN)
    both = {name: values * 2 for name, values in AS_PLAIN.items()}
    assert read_table(folder).to_dict(as_series=False) == both
    assert read_table(str(folder / "*.csv")).to_dict(as_series=False) == both
    with pytest.raises(MissingFileError, match="no file is like"):
        read_table(str(folder / "*.tsv"))
    (folder / "c.parquet").write_bytes(b"")
    with pytest.raises(MissingFileError, match=r"several kinds \(.csv, .parquet\)"):
        read_table(folder)


def test_a_frame_of_text_is_read_as_a_file_is(tmp_path):
    frame = pl.DataFrame({"x": ["$1,000", "$7"] * 12, "y": [1.5, float("inf")] * 12})
    frame.write_parquet(tmp_path / "t.parquet")
    got = read(tmp_path / "t.parquet")
    assert got.frame.to_dict(as_series=False) == {"x": [1000.0, 7.0] * 12, "y": [1.5, None] * 12}
    assert [finding.columns for finding in got.findings] == [("x",), ("y",)]


def test_what_columns_are_by_their_names_and_words(tmp_path):
    text = table(
        lambda i: 10_001 + 7 * (i % 5),
        lambda i: f"a nice day number {i} out",
        lambda i: -999 if i % 6 == 0 else i / 10,
        ["a", "b"],
        header="zipCode,review,depth,y",
    )
    (tmp_path / "t.csv").write_text(text)
    frame = read_table(tmp_path / "t.csv")
    schema = infer_schema(frame.drop("y"))
    assert [column.kind for column in schema.columns] == ["category", "identifier", "number"]
    assert schema.columns[1].note == "free text, which is not used"
    found = find(frame.drop("y"), frame["y"], task="classification")
    remedy = next(each.remedy for each in found if each.columns == ("depth",))
    assert remedy == 'If it does: `missing=["-999"]`.'
    assert read_table(tmp_path / "t.csv", missing=["-999"])["depth"].null_count() == 4


def test_a_cell_of_any_length_is_read_and_the_limit_of_csv_is_as_before(tmp_path):
    before = csv.field_size_limit()
    long = "y" * 300_000
    for text in (f"a,b\n1,x\n2,{long}\n", f"a,b\n1,x\n2,'{long},z'\n", f"a\tb\n{long}\t1\n2\t3\n"):
        (tmp_path / "t.csv").write_text(text)
        with ThreadPoolExecutor(4) as pool:
            tables = list(pool.map(read_table, [tmp_path / "t.csv"] * 4))
        assert all(long in str(table.rows()) for table in tables)
        assert csv.field_size_limit() == before
