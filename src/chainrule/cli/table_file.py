"""A table written block by block: CSV, packed or not, TSV, Parquet, or CSV on standard output.

A text that a spreadsheet would take for a formula gets an apostrophe in front.
"""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import TextIOWrapper
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self

from chainrule.cli.talk import show
from chainrule.errors import OptionError
from chainrule.wording import count
from chainrule.writing import UNFINISHED, written_whole

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
        self._opened = ExitStack()
        self._unfinished: Path | None = None
        self._stream: BinaryIO | gzip.GzipFile | None = None
        self._parts: Path | None = None
        self._n_parts = 0
        name = "" if out is None else out.name.lower()
        self._separator = "\t" if ".tsv" in name else ","
        self._packed, self._is_text = name.endswith(".gz"), not name.endswith(".parquet")

    def __enter__(self) -> Self:
        if self.out is None:
            return self
        with _said_at(self.out):
            self._unfinished = self._opened.enter_context(written_whole(self.out))
            if not self._is_text:
                parts = TemporaryDirectory(
                    prefix=UNFINISHED, dir=self._unfinished.parent, ignore_cleanup_errors=True
                )
                self._parts = Path(self._opened.enter_context(parts))
            elif self._packed:
                packed = gzip.open(self._unfinished, "wb", compresslevel=6)  # noqa: SIM115
                self._stream = self._opened.enter_context(packed)
            else:
                self._stream = self._opened.enter_context(self._unfinished.open("wb"))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self._opened.__exit__(kind, error, trace)
            return
        with _said_at(self.out), self._opened:
            if self._parts is not None and self._unfinished is not None:
                self._join(self._unfinished)

    def write(self, frame: pl.DataFrame) -> None:
        """Write the next rows."""
        first, self.n_rows = self._n_parts == 0, self.n_rows + frame.height
        self._n_parts += 1
        with _said_at(self.out):
            if self._parts is not None:
                frame.write_parquet(self._part(self._n_parts))
                return
            frame, n_formulas = _harmless(frame)
            self.n_formulas += n_formulas
            text = frame.write_csv(include_header=first, separator=self._separator)
            if self._stream is not None:
                self._stream.write(text.encode())
            elif isinstance(sys.stdout, TextIOWrapper) and not sys.stdout.isatty():
                sys.stdout.flush()
                sys.stdout.buffer.write(text.encode())  # as in a file, whatever a terminal has
            else:
                show(text.removesuffix("\n"))

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
        assert self._parts is not None
        return self._parts / f"{number:08}.parquet"

    def _join(self, whole: Path) -> None:
        """Write all parts as one; a column of several types in them gets one that holds all."""
        import polars as pl

        parts = [pl.scan_parquet(self._part(i + 1)) for i in range(self._n_parts)]
        joined = pl.concat(parts, how="vertical_relaxed")
        joined.sink_parquet(whole, row_group_size=MOST_HELD)


@contextmanager
def _said_at(out: Path | None) -> Iterator[None]:
    """Turn what the system says of a place into a sentence."""
    try:
        yield
    except OSError as error:
        if out is None:
            raise
        raise OptionError(
            f"the table cannot be written to {out} ({error.strerror or error}). Choose another "
            "--out, or make room."
        ) from None


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
