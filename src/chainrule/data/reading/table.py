"""Files to frames: text in any spelling, Parquet, Arrow, JSON lines, Excel, named data sets.

Every column of a text file is read by itself as a whole, so that row one million can still make it
text. How the file was read is told by findings; what can be read is not refused.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from chainrule.advice import Text
from chainrule.data.reading.datasets import DATASETS, load
from chainrule.data.reading.encodings import as_utf8
from chainrule.data.reading.options import Reading
from chainrule.data.reading.room import TIMES_NUMBERS, TIMES_TEXT, refuse_without_memory
from chainrule.data.reading.sources import (
    ARROW,
    EXCEL,
    JSON_LINES,
    PARQUET,
    TABLES,
    TEXT,
    Contents,
    contents_of,
    is_there,
)
from chainrule.data.reading.text import TextTable, read_text
from chainrule.data.reading.told import LONGEST_CELL, say_infinite, say_long_cells, say_sample
from chainrule.data.spelling.column import Cells, Spelling, read_cells
from chainrule.data.spelling.plain import read_plainly
from chainrule.errors import DataError, MissingExtraError
from chainrule.finding import Finding
from chainrule.wording import count, listing

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, eq=False)
class Table:
    """A table as it was read.

    Attributes
    ----------
    frame : polars.DataFrame
        Its columns.
    findings : list of Finding
        How it was read, and what was lost.
    spellings : mapping
        How the cells of columns were written, by name, where that is no matter of course.
    named : bool
        Whether the file names its columns.
    as_written : polars.DataFrame, optional
        Columns that were wanted as they stand.
    """

    frame: pl.DataFrame
    findings: list[Finding] = field(default_factory=list)
    spellings: Mapping[str, Spelling] = field(default_factory=dict)
    named: bool = True
    as_written: pl.DataFrame | None = None


def read_table(source: str | Path, **options: object) -> pl.DataFrame:
    """Read a table and give it as a frame.

    Parameters
    ----------
    source : str or Path
        A file of text (.csv, .tsv, .txt, .data, …), Parquet, Arrow, JSON lines or Excel (extra
        `excel`), packed (.gz, .zip, .zst, .bz2, .xz) or not; a pattern such as `part-*.csv` or a
        folder of equal files; an address; `-` for text on standard input; or the name of a data
        set (a file of that name in the current folder wins).
    separator : str, optional
        What stands between fields; "blank" for runs of blanks.
    encoding : str, optional
        Such as "utf-8", "cp1252", "utf-16".
    quote : {"double", "single", "none"}, optional
        What stands around fields that hold the separator.
    header : bool, optional
        Whether the first row holds names; without names columns are x0, x1, ….
    skip_rows, skip_footer : int, optional
        Lines before the table, and after it.
    comment : str, optional
        What lines begin with that are no rows.
    decimal : {".", ","} or list of str, optional
        The decimal mark; `COLUMN=,` for one column.
    date_format : str or list of str, optional
        "day first", "month first", or a format such as "%d.%m.%y"; `COLUMN=…` for one column.
    missing : list of str, optional
        The words for gaps, in place of the usual ones.
    strict : bool, default=False
        Refuse a table of which something would be lost: odd cells, rows of other lengths.
    sample : int, optional
        Take so many of the rows, drawn at random; the same ones every time.

    Returns
    -------
    polars.DataFrame
        Numbers, booleans, dates, times, durations and text. A column without a name is called
        `column_<place>`; names that come again are numbered; blank lines are no rows.

    Raises
    ------
    MissingFileError
        If there is no such file; near names are listed.
    DataError
        If it is empty, has no rows, or is no table; if something would be lost and that is to be
        refused; or if less memory is left than it needs.
    OptionError
        If an option cannot be meant.
    """
    return read(source, Reading(**options)).frame  # pyright: ignore[reportArgumentType]


def read(
    source: str | Path,
    reading: Reading | None = None,
    *,
    may_be_empty: bool = False,
) -> Table:
    """Read a table and give it with what is to be said of it.

    Parameters
    ----------
    source, reading
        As `read_table` has them.
    may_be_empty : bool, default=False
        Take a table that has names and no rows, too.
    """
    reading = Reading() if reading is None else reading
    who = "standard input" if str(source) == "-" else str(source)
    if isinstance(source, str) and source in DATASETS and not is_there(source):
        return _sampled(Table(load(source)), reading)
    several = replace(reading, sample=None)
    contents = contents_of(source)
    first, second = next(contents), next(contents, None)
    if second is None:
        table = read_contents(first, reading)
    else:
        tables = [read_contents(each, several) for each in chain([first, second], contents)]
        table = _sampled(_joined(tables, who), reading)
    lost = [finding for finding in table.findings if not finding.is_settled]
    if reading.strict and lost:
        raise DataError(
            "{}: {} Correct it, or leave {strict} out.", who, lost[0].evidence, strict=...
        )
    if not may_be_empty and table.frame.height == 0:
        raise DataError(
            "{}: there are column names ({}) but no rows of data. Add rows below the header.",
            who,
            listing(table.frame.columns),
        )
    return table


def read_contents(contents: Contents, reading: Reading) -> Table:
    """Read what a file holds, or a part of it with its names above."""
    who, ending, raw = contents.who, contents.ending, contents.raw
    frames = {PARQUET: _parquet, ARROW: _arrow, JSON_LINES: _json_lines}
    for endings, reader in frames.items():
        if ending in endings:
            return _tidied(reader(contents), reading, who)
    if ending in EXCEL:
        reading, raw = replace(reading, separator=",", encoding=None, quote=None), _excel(contents)
    elif ending not in TEXT and b"\0" in raw[:1000] and raw[:200].count(0) < 60:  # no UTF-16
        raise DataError(
            f'{who}: the ending "{ending}" is not known; expected one of {", ".join(TABLES)}. '
            "Save the table as CSV or Parquet."
        )
    refuse_without_memory(who, len(raw), TIMES_TEXT, _lines(raw))
    raw, found = as_utf8(raw, reading.encoding, who)
    return _of_text(read_text(raw, reading, who), reading, found)


def _of_text(parted: TextTable, reading: Reading, found: list[Finding]) -> Table:
    import polars as pl

    options = reading.of_cells(parted.names)
    rows = reading.rows_of_sample(parted.parted.n_rows)
    if rows is not None:
        found = [*found, say_sample(len(rows), reading.sample_of or parted.parted.n_rows)]
    read: dict[str, Cells] = {}
    for group in parted.columns(parted.names, rows):
        group, long = _without_long(group)
        found = [*found, *long]
        plain = read_plainly(group, options)
        for column in group:
            read[column.name] = plain.get(column.name) or read_cells(column, options)
    marks = {cells.decimal for cells in read.values()}
    if "," in marks and "." not in marks:  # what else the file holds decides what can be two things
        for group in parted.columns([name for name in read if read[name].is_open], rows):
            for column in group:
                read[column.name] = read_cells(column, options, comma=True)
    gaps = {name for name in parted.nameless if not read[name].values.count()}
    nameless = gaps if len(read) > 1 else set()
    frame = pl.DataFrame([cells.values for name, cells in read.items() if name not in nameless])
    if nameless:
        words = f"{count(len(nameless), 'column')} without a name and without a value: left out."
        found = [*found, Finding("reading", "note", words, remedy=Text("Nothing to do."))]
    as_written = parted.columns(reading.wanted_as_written(parted.names), rows)
    return Table(
        frame,
        [*found, *parted.findings, *(each for cells in read.values() for each in cells.findings)],
        {name: cells.spelling for name, cells in read.items() if cells.spelling is not None},
        parted.named,
        pl.concat([pl.DataFrame(), *as_written], how="horizontal"),
    )


def _sampled(table: Table, reading: Reading) -> Table:
    """Return some of the rows of a table that was read whole."""
    n_rows = table.frame.height
    rows = reading.rows_of_sample(n_rows)
    if rows is None:
        return table
    written = table.as_written
    return replace(
        table,
        frame=table.frame[rows],
        findings=[*table.findings, say_sample(len(rows), n_rows)],
        as_written=written[rows] if written is not None and written.width else written,
    )


def _lines(raw: bytes) -> int:
    return raw.count(b"\n") + 1


def _tidied(frame: pl.DataFrame, reading: Reading, who: str) -> Table:
    """Read the text in a frame, as that of a text file is read."""
    import polars as pl

    sampled = _sampled(Table(frame), reading)
    frame = sampled.frame
    refuse_without_memory(who, int(frame.estimated_size()), TIMES_NUMBERS, frame.height)
    frame = frame.rename({name: name.strip() for name in frame.columns})
    options = reading.of_cells(frame.columns)
    frame, long = _without_long(frame)
    read = {
        column.name: read_cells(column, options) for column in frame if column.dtype == pl.String
    }
    infinite = [
        column for column in frame if column.dtype.is_float() and column.is_infinite().any()
    ]
    return Table(
        frame.with_columns(
            [cells.values for cells in read.values()]
            + [column.set(column.is_infinite().fill_null(False), None) for column in infinite]
        ),
        [*sampled.findings, *long]
        + [each for cells in read.values() for each in cells.findings]
        + [say_infinite(column) for column in infinite],
        {name: cells.spelling for name, cells in read.items() if cells.spelling is not None},
        as_written=frame.select(reading.wanted_as_written(frame.columns)),
    )


def _without_long(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[Finding]]:
    """Return the columns with gaps for cells that are too long for anything, and what to say."""
    import polars as pl

    findings = []
    for column in frame:
        if column.dtype != pl.String or (column.str.len_bytes().max() or 0) <= LONGEST_CELL:  # pyright: ignore[reportOperatorIssue]
            continue
        long = (column.str.len_bytes() > LONGEST_CELL).fill_null(False)
        rows = long.arg_true()
        findings.append(say_long_cells(column, rows))
        frame = frame.with_columns(column.set(long, None))
    return frame, findings


def _joined(tables: list[Table], who: str) -> Table:
    """Return the rows of equal tables below one another."""
    import polars as pl

    try:
        frame = pl.concat([table.frame for table in tables], how="diagonal_relaxed")
    except pl.exceptions.PolarsError as error:
        raise DataError(
            f"{who}: the tables do not fit below one another ({_first_line(error)}). Name tables "
            "with the same columns."
        ) from None
    findings = {str(each): each for table in tables for each in table.findings}
    extra = [
        name for name in frame.columns if not all(name in table.frame.columns for table in tables)
    ]
    if extra:
        words = f"Not all of the {len(tables)} tables have {listing(extra)}: gaps in the others."
        remedy = Text("Name tables with the same columns.")
        findings[words] = Finding("reading", "look", words, remedy=remedy, columns=tuple(extra))
    spellings = {name: each for table in tables for name, each in table.spellings.items()}
    written = [table.as_written for table in tables if table.as_written is not None]
    as_written = pl.concat(written, how="diagonal_relaxed") if written else None
    return Table(frame, list(findings.values()), spellings, as_written=as_written)


def _parquet(contents: Contents) -> pl.DataFrame:
    import polars as pl

    return _as_polars(pl.read_parquet, contents, "a Parquet")


def _arrow(contents: Contents) -> pl.DataFrame:
    import polars as pl

    try:
        return pl.read_ipc_stream(contents.raw)
    except (pl.exceptions.PolarsError, OSError):
        return _as_polars(pl.read_ipc, contents, "an Arrow")


def _json_lines(contents: Contents) -> pl.DataFrame:
    import polars as pl

    if contents.raw.lstrip()[:1] == b"[":
        return _as_polars(pl.read_json, contents, "a JSON")
    return _as_polars(
        lambda source: pl.read_ndjson(source, infer_schema_length=None), contents, "a JSON lines"
    )


def _excel(contents: Contents) -> bytes:
    """Return the first sheet that holds anything as CSV; dates as ISO has them."""
    try:
        from python_calamine import CalamineWorkbook  # needs the extra `excel`
    except ImportError:
        raise MissingExtraError(
            f"{contents.who} is an Excel file, which needs python-calamine: "
            "pip install 'chainrule[excel]'. Or save it as CSV."
        ) from None
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(contents.raw))
        sheets = (book.get_sheet_by_name(name).to_python() for name in book.sheet_names)
        rows = next((rows for rows in sheets if rows), [])
    except Exception as error:  # calamine has errors of its own for each format
        raise DataError(
            f"{contents.who}: this is not an Excel file, or it is damaged ({error}). Save it again."
        ) from None
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(map(_spelled, row) for row in rows)
    return out.getvalue().encode()


def _spelled(cell: object) -> object:
    return int(cell) if isinstance(cell, float) and cell.is_integer() else cell


def _as_polars(
    reader: Callable[[bytes], pl.DataFrame], contents: Contents, kind: str
) -> pl.DataFrame:
    import polars as pl

    try:
        return reader(contents.raw)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(
            f"{contents.who}: this is not {kind} file, or it is damaged ({_first_line(error)}). "
            "Write it again, or give it the ending of what it is."
        ) from None


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
