"""A table in blocks of rows, so that one larger than memory can be predicted.

Text is cut at the ends of records, and every part, with all that stands above the first row in
front, is read by the ordinary reader; of Parquet and Arrow files so many rows at a time are.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from chainrule.data.reading.guessing import MOST_LINES, find_layout
from chainrule.data.reading.options import Reading
from chainrule.data.reading.sources import (
    ARROW,
    COMPRESSED,
    PARQUET,
    TABLES,
    TEXT,
    Contents,
)
from chainrule.data.reading.table import Table, read, read_contents
from chainrule.errors import DataError

if TYPE_CHECKING:
    import polars as pl

BLOCK_BYTES = 4 * 2**20  # of text in a block
FEWEST_BLOCKS = 8  # a table of fewer is read as a whole
BLOCK_CELLS = 1_000_000
LARGE_FILE = 2**26  # bytes, from which on a sample is drawn while the text is read
MOST_TRIED = 10_000  # ends of lines at which a record may end, before quotes are given up


def tables_of(source: str, reading: Reading) -> Iterator[Table]:
    """Give the rows of a table in blocks: a small table as one, which may be empty."""
    path = Path(source).expanduser()
    ending = path.suffix.lower()
    if path.is_file() and ending in PARQUET + ARROW:
        yield from _of_columns(path, reading, source)
    elif path.is_file() and (ending in (*TEXT, ".gz") or ending not in TABLES + COMPRESSED):
        yield from _of_text(path, reading, source)
    else:
        yield read(source, reading, may_be_empty=True)


def read_some(source: str, reading: Reading) -> Table:
    """Read a table, or a sample of it; of a large file of text no more than that is ever held.

    Records are thrown out by halves whenever there are more than four times as many as wanted, each
    with the same chance; `read` draws from those that are left.
    """
    path, wanted = Path(source).expanduser(), reading.sample
    text = path.suffix.lower() in (*TEXT, ".gz")
    if wanted is None or not (path.is_file() and text) or path.stat().st_size < LARGE_FILE:
        return read(source, reading)
    packed = path.suffix.lower() == ".gz"
    draw, chance, kept, n_rows = np.random.default_rng(0), 1.0, [], 0
    with gzip.open(path) if packed else path.open("rb") as stream:
        parts = _unpacked(records(stream, BLOCK_BYTES), source)
        first = next(parts, b"")
        if b"\0" in first[:1000]:  # two bytes to a letter, whose ends are found otherwise
            return read(source, reading)
        top, parted = _top(first, reading)
        for part in chain([first[len(top) :]], parts):
            own = _each_record(part)
            n_rows += len(own)
            kept += [own[i] for i in np.flatnonzero(draw.random(len(own)) < chance)]
            while len(kept) > 4 * wanted:
                kept = [kept[i] for i in np.flatnonzero(draw.random(len(kept)) < 0.5)]
                chance /= 2
    parted = replace(parted, sample_of=n_rows)
    return read_contents(Contents(source, ".csv", top + b"\n".join(kept)), parted)


def _each_record(text: bytes) -> list[bytes]:
    """Return the records of a text, without the newlines between them."""
    lines = text.removesuffix(b"\n").split(b"\n")
    if b'"' not in text:
        return lines
    odd = np.cumsum([line.count(b'"') for line in lines]) % 2 == 0
    ends = np.flatnonzero(odd)
    starts = [0, *(ends[:-1] + 1)]
    return [b"\n".join(lines[a : b + 1]) for a, b in zip(starts, ends, strict=True)]


def in_multiples(frames: Iterator[pl.DataFrame], n_rows: int) -> Iterator[pl.DataFrame]:
    """Give the same rows in frames of so many each; the last may have fewer."""
    import polars as pl

    rest = None
    for frame in frames:
        if rest is not None and rest.height:
            empty = [name for name in rest.columns if rest[name].null_count() == rest.height]
            rest = rest.with_columns(pl.col(name).cast(frame[name].dtype) for name in empty)
            frame = pl.concat([rest, frame], how="vertical_relaxed")
        while frame.height > n_rows:
            yield frame[:n_rows]
            frame = frame[n_rows:]
        rest = frame
    if rest is not None:
        yield rest


def records(stream: BinaryIO | gzip.GzipFile, n_bytes: int) -> Iterator[bytes]:
    """Cut text at the ends of records: newlines that stand in no double quotes."""
    rest = b""
    while block := stream.read(n_bytes):
        rest += block
        end = _last_end(rest)
        if end:
            yield rest[:end]
            rest = rest[end:]
    if rest:
        yield rest


def _last_end(text: bytes) -> int:
    """Return where the last whole record ends, 0 if none does; the text begins with a record."""
    behind, n_quotes, inside = len(text), text.count(b'"'), 0
    for _ in range(MOST_TRIED):
        end = text.rfind(b"\n", 0, behind)
        if end < 0:
            return 0
        inside += text.count(b'"', end, behind)
        if (n_quotes - inside) % 2 == 0:
            return end + 1
        behind = end
    return text.rfind(b"\n") + 1  # a quote that is never closed


def _of_text(path: Path, reading: Reading, source: str) -> Iterator[Table]:
    packed = path.suffix.lower() == ".gz"
    with gzip.open(path) if packed else path.open("rb") as stream:
        parts = _unpacked(records(stream, BLOCK_BYTES), source)
        first = list(islice(parts, FEWEST_BLOCKS))
        if len(first) < FEWEST_BLOCKS or b"\0" in first[0][:1000]:
            yield read(source, reading, may_be_empty=True)
            return
        top, parted = _top(first[0], reading)
        first[0] = first[0][len(top) :]
        n_before = 0
        for part, is_last in _marked(_one_by_one(first, parts)):
            own = replace(parted, skip_footer=reading.skip_footer) if is_last else parted
            try:
                table = read_contents(Contents(source, ".csv", top + part), own)
            except DataError as error:
                raise in_part(error, source, n_before) from None
            n_before += table.frame.height
            yield table


def _unpacked(parts: Iterator[bytes], source: str) -> Iterator[bytes]:
    """Give the parts of a stream that may be packed, and say so if it cannot be unpacked."""
    try:
        yield from parts
    except gzip.BadGzipFile:
        return  # not packed as its name says: the reader looks at what it is
    except (EOFError, zlib.error) as error:
        raise DataError(f"{source}: this cannot be unpacked ({error}). Pack it again.") from None


def _one_by_one(first: list[bytes], rest: Iterator[bytes]) -> Iterator[bytes]:
    while first:
        yield first.pop(0)
    yield from rest


def _marked(parts: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Give the parts that hold anything, each with whether it is the last."""
    before = None
    for part in parts:
        if before is not None and part.strip():
            yield before, False
            before = None
        before = part if before is None else before
    if before is not None:
        yield before, True


def _top(text: bytes, reading: Reading) -> tuple[bytes, Reading]:
    """Return what stands above the first row, and how the rows below it are to be parted."""
    lines = text[:200_000].splitlines(keepends=True)[:MOST_LINES]
    head = [line.decode(errors="replace").rstrip("\r\n") for line in lines]
    layout = find_layout(head, [], reading)
    parted = replace(reading, separator=layout.separator, quote=layout.quote, skip_footer=0)
    parted = parted if layout.names else replace(parted, header=False)
    return b"".join(lines[: layout.first_line]), parted


def _of_columns(path: Path, reading: Reading, source: str) -> Iterator[Table]:
    import polars as pl

    scan = pl.scan_parquet if path.suffix.lower() in PARQUET else pl.scan_ipc
    try:
        rows = scan(path)
        n_rows = rows.select(pl.len()).collect().item()
        step = max(1, BLOCK_CELLS // max(1, len(rows.collect_schema())))
    except (pl.exceptions.PolarsError, OSError):
        n_rows, step, rows = 0, 1, pl.LazyFrame()  # the reader says what is wrong
    if n_rows <= 2 * step:
        yield read(source, reading, may_be_empty=True)
        return
    for start in range(0, n_rows, step):
        raw = io.BytesIO()
        rows.slice(start, step).collect().write_ipc_stream(raw)
        yield read_contents(Contents(source, ".arrow", raw.getvalue()), reading)


def in_part(error: DataError, source: str, n_before: int) -> DataError:
    """Return the error with where the part begins in which it counts rows."""
    if not n_before:
        return error
    where = f"(In the part of {source} behind data row {n_before}, from where rows are counted.)"
    return DataError("{} {}", error.text, where)
