"""Files to frames: CSV, TSV, Parquet, Arrow, standard input and the named data sets.

Text is read as a whole before types are decided, so row one million can still make a column text.
What cannot be a table is refused here, with the remedy, before anything is trained.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from chainrule.data.reading.datasets import DATASETS, load
from chainrule.data.reading.separators import check_row_lengths, choose_separator, header_names
from chainrule.errors import DataError, MissingFileError
from chainrule.wording import listing, nearest

if TYPE_CHECKING:
    import polars as pl

MISSING_MARKERS = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?")
TEXT_ENDINGS = (".csv", ".tsv", ".txt")
PARQUET_ENDINGS = (".parquet",)
ARROW_ENDINGS = (".arrow", ".feather", ".ipc")
FIRST_ROWS = 1000


def read_table(
    source: str | Path, *, separator: str | None = None, may_be_empty: bool = False
) -> pl.DataFrame:
    """Read a table and give it as a frame.

    Parameters
    ----------
    source : str or Path
        A path (.csv, .tsv, .txt, .parquet, .arrow, .feather, .ipc), `-` for CSV on standard input,
        or the name of a data set (a file of that name in the current folder wins).
    separator : str, optional
        What stands between the fields of a text file; found among comma, semicolon, tab and bar
        when left out.
    may_be_empty : bool, default=False
        Take a table that has names and no rows, too.

    Returns
    -------
    polars.DataFrame
        Blanks around names and text are stripped, `MISSING_MARKERS` are gaps, and a column without
        a name is called `column_<place>`. Blank lines are no rows.

    Raises
    ------
    MissingFileError
        If there is no such file; near names are listed.
    DataError
        If the file is empty, has no rows, is no table, or has another encoding than UTF-8.
    """
    if str(source) == "-":
        table = _read_text(sys.stdin.buffer.read(), separator, "standard input")
        return table if may_be_empty else _with_rows(table, "standard input")
    path = Path(source).expanduser()
    if not path.is_file():
        if isinstance(source, str) and source in DATASETS:
            return load(source)
        raise _not_there(path, str(source))
    ending, who = path.suffix.lower(), str(source)
    if ending in TEXT_ENDINGS or not ending:
        table = _read_text(path.read_bytes(), separator, who)
    else:
        table = _read_binary(path, ending, who)
    return table if may_be_empty else _with_rows(table, who)


def _read_binary(path: Path, ending: str, who: str) -> pl.DataFrame:
    import polars as pl

    if ending not in PARQUET_ENDINGS + ARROW_ENDINGS:
        raise DataError(
            f'{who}: the ending "{path.suffix}" is not known; expected one of '
            f"{', '.join(TEXT_ENDINGS + PARQUET_ENDINGS + ARROW_ENDINGS)}. "
            "Save the table as CSV (UTF-8) or Parquet."
        )
    if path.stat().st_size == 0:
        raise _empty(who)
    read = pl.read_parquet if ending in PARQUET_ENDINGS else pl.read_ipc
    try:
        table = read(path.read_bytes())
    except (pl.exceptions.PolarsError, OSError) as error:
        kind = "a Parquet" if ending in PARQUET_ENDINGS else "an Arrow"
        raise DataError(
            f"{who}: this is not {kind} file, or it is damaged ({_first_line(error)}). "
            "Write it again, or give it the ending of what it is."
        ) from None
    return table.rename({name: name.strip() for name in table.columns})


def _not_there(path: Path, source: str) -> MissingFileError:
    if path.is_dir():
        return MissingFileError(f"{source} is a folder, not a file. Name one table inside it.")
    if not path.parent.is_dir():
        return MissingFileError(
            f'no file "{source}": the folder {path.parent} does not exist. Check the path.'
        )
    files = [file.name for file in path.parent.iterdir() if file.is_file()]
    near = [str(path.parent / name) for name in nearest(path.name, files)]
    near += nearest(path.name, DATASETS)
    hint = f"; did you mean {' or '.join(near)}?" if near else "."
    return MissingFileError(
        f'no file and no data set "{source}"{hint} '
        f"Give a path to a CSV, TSV, Parquet or Arrow file, or one of: {', '.join(DATASETS)}."
    )


def _empty(who: str) -> DataError:
    return DataError(
        f"{who}: the file is empty. A table needs a row of column names and rows of data."
    )


def _read_text(raw: bytes, separator: str | None, who: str) -> pl.DataFrame:
    import polars as pl

    text = _decode(raw, who)
    if not text.strip():
        raise _empty(who)
    separator = choose_separator(text[:100_000], separator, who)
    names = header_names(text[:1_000_000], separator, who)
    if len(names) > 1:
        text = re.sub(r"\n\n+", "\n", text)
    raw = text.encode()
    check_row_lengths(raw, text, separator, len(names), who)
    try:
        table = _parse(raw, separator)
    except pl.exceptions.PolarsError as error:
        raise DataError(
            f"{who}: this cannot be read as a table ({_first_line(error)}). "
            "Look for a double quote that is opened and not closed."
        ) from None
    table.columns = names
    return table.with_columns(_tidy(column) for column in table)


def _parse(raw: bytes, separator: str) -> pl.DataFrame:
    """Read with the types that hold for all rows.

    Types seen in the first rows are tried first, since polars needs ten times as long to look at
    all of them; a later row that does not fit makes it look at all.
    """
    import polars as pl

    def read(n_rows: int | None) -> pl.DataFrame:
        return pl.read_csv(
            raw,
            separator=separator,
            null_values=list(MISSING_MARKERS),
            infer_schema_length=n_rows,
            try_parse_dates=True,
        )

    try:
        table = read(FIRST_ROWS)
    except pl.exceptions.ComputeError:
        return read(None)
    first = table.head(FIRST_ROWS)
    untyped = [name for name in first.columns if first[name].null_count() == first.height]
    return read(None) if untyped and table.height > first.height else table


def _decode(raw: bytes, who: str) -> str:
    """Return the text with `\\n` at the ends of lines and no blank lines before or after."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise DataError(
            f"{who}: line {line} is not UTF-8 (the file may be latin-1 or UTF-16). "
            "Save it again as UTF-8: in a spreadsheet 'CSV UTF-8', in a shell "
            "`iconv -f latin1 -t utf-8 old.csv > new.csv`."
        ) from None
    if "\0" in text:
        raise DataError(
            f"{who}: this is not a text file (it holds zero bytes). "
            "Give a CSV or TSV file in UTF-8, or a Parquet file with the ending .parquet."
        )
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.strip("\n") + "\n"


def _tidy(column: pl.Series) -> pl.Series:
    """Strip blanks in a text column; make it numbers when nothing else is left in it."""
    import polars as pl

    if column.dtype != pl.String:
        return column
    column = column.str.strip_chars()
    column = column.set(column.is_in(MISSING_MARKERS), None)
    for kind in (pl.Int64, pl.Float64):
        numbers = column.cast(kind, strict=False)
        if numbers.null_count() == column.null_count() < len(column):
            return numbers
    return column


def _with_rows(table: pl.DataFrame, who: str) -> pl.DataFrame:
    if table.height == 0:
        raise DataError(
            f"{who}: there are column names ({listing(table.columns)}) but no rows of data. "
            "Add rows below the header."
        )
    return table


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
