"""A table written block by block: CSV, packed or not, TSV, Parquet, or CSV on standard output.

A text that a spreadsheet would take for a formula gets an apostrophe in front.
"""

from __future__ import annotations

import gzip
import shutil
import sys
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self

from chainrule.errors import OptionError
from chainrule.wording import count

if TYPE_CHECKING:
    import polars as pl

ENDINGS = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet")
MOST_HELD = 1 << 15  # rows of a Parquet file that wait until they are written together
FORMULA = r"^[=+\-@\t\r]."  # a sign alone is none


def check_out(out: Path, table: str) -> None:
    """Raise an OptionError if a table cannot be written there, or would be written over."""
    if not out.name.lower().endswith(ENDINGS):
        raise OptionError(f"--out {out} must end in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}.")
    if not out.parent.is_dir():
        raise OptionError(f"there is no folder {out.parent} for --out {out}. Make it first.")
    given = Path(table).expanduser()
    if table != "-" and (
        given.resolve() == out.resolve()
        or (given.exists() and out.exists() and given.samefile(out))
    ):
        raise OptionError(f"--out {out} is the table that is read. Choose another name.")


class TableFile:
    """A table that is being written; it gets its name when it is whole.

    Attributes
    ----------
    n_rows : int
        Rows so far.
    n_formulas : int
        Texts that got an apostrophe.
    """

    def __init__(self, out: Path | None) -> None:
        self.out, self.n_rows, self.n_formulas = out, 0, 0
        self._unfinished = None if out is None else out.with_name(f".writing-{out.name}")
        self._stream: BinaryIO | gzip.GzipFile | None = None
        self._n_parts = 0
        name = "" if out is None else out.name.lower()
        self._separator = "\t" if ".tsv" in name else ","
        self._packed, self._is_text = name.endswith(".gz"), not name.endswith(".parquet")

    def __enter__(self) -> Self:
        if self._unfinished is not None:
            if not self._is_text:
                self._unfinished.mkdir()
            elif self._packed:
                self._stream = gzip.open(self._unfinished, "wb", compresslevel=6)
            else:
                self._stream = self._unfinished.open("wb")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._stream is not None:
            self._stream.close()
        if self.out is None or self._unfinished is None:
            return
        try:
            if kind is None and self._is_text:
                self._unfinished.replace(self.out)
            elif kind is None:
                self._join(self._unfinished).replace(self.out)
        finally:
            if self._unfinished.is_dir():
                shutil.rmtree(self._unfinished)
            self._unfinished.unlink(missing_ok=True)

    def write(self, frame: pl.DataFrame) -> None:
        """Write the next rows."""
        first, self.n_rows = self._n_parts == 0, self.n_rows + frame.height
        self._n_parts += 1
        if not self._is_text:
            assert self._unfinished is not None
            frame.write_parquet(self._part(self._n_parts))
            return
        frame, n_formulas = _harmless(frame)
        self.n_formulas += n_formulas
        text = frame.write_csv(include_header=first, separator=self._separator)
        if self._stream is None:
            sys.stdout.write(text)
        else:
            self._stream.write(text.encode())

    @property
    def note(self) -> str:
        """What is to be said of the texts that got an apostrophe; "" if none did."""
        if not self.n_formulas:
            return ""
        return (
            f"{count(self.n_formulas, 'text')} with =, +, - or @ in front got an apostrophe before "
            "it, so that no spreadsheet computes them; .parquet keeps them as they are"
        )

    def _part(self, number: int) -> Path:
        assert self._unfinished is not None
        return self._unfinished / f"{number:08}.parquet"

    def _join(self, folder: Path) -> Path:
        """Return a file of all parts; a column of several types in them gets one that holds all."""
        import polars as pl

        if self._n_parts == 1:
            return self._part(1)
        parts = [pl.scan_parquet(self._part(i + 1)) for i in range(self._n_parts)]
        whole = folder / "whole.parquet"
        joined = pl.concat(parts, how="vertical_relaxed")
        joined.sink_parquet(whole, row_group_size=MOST_HELD)
        return whole


def _harmless(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Return the table with an apostrophe before formulas, and how many there were."""
    import polars as pl

    texts = [column for column in frame if column.dtype in (pl.String, pl.Categorical, pl.Enum)]
    marked = [_marked(column.cast(pl.String)) for column in texts]
    names, n = _marked(pl.Series(frame.columns, dtype=pl.String))
    frame = frame.with_columns(column for column, _ in marked)
    frame.columns = names.to_list()
    return frame, n + sum(n for _, n in marked)


def _marked(texts: pl.Series) -> tuple[pl.Series, int]:
    import polars as pl

    found = texts.str.contains(FORMULA) & texts.cast(pl.Float64, strict=False).is_null()
    return texts.zip_with(~found.fill_null(False), "'" + texts), int(found.sum())
