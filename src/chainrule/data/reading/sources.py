"""Where a table comes from: a file, compressed or not, several of one kind, standard input, https.

Whatever it is, it ends as named contents with the ending that says what they are.
"""

from __future__ import annotations

import gzip
import io
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from chainrule.data.reading.datasets import DATASETS
from chainrule.errors import DataError, MissingFileError
from chainrule.wording import listing, nearest

TEXT = (".csv", ".tsv", ".txt", ".data", ".dat", ".tab", ".asc", ".test", ".names")
PARQUET = (".parquet", ".pq")
ARROW = (".arrow", ".feather", ".ipc")
JSON_LINES = (".jsonl", ".ndjson", ".json")
EXCEL = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
COMPRESSED = (".gz", ".zip", ".zst", ".bz2", ".xz")
TABLES = TEXT + PARQUET + ARROW + JSON_LINES + EXCEL
SECONDS = 60  # that an address may keep silent
MOST_DOWNLOADED = 2 * 2**30


@dataclass(frozen=True)
class Contents:
    """The bytes of one file, unpacked.

    Attributes
    ----------
    who : str
        The file, for messages.
    ending : str
        What it ends in, in small letters, such as ".csv".
    raw : bytes
        What is in it.
    """

    who: str
    ending: str
    raw: bytes


def contents_of(source: str | Path) -> Iterator[Contents]:
    """Give the contents of every file that a source stands for.

    Raises
    ------
    MissingFileError
        If there is none; near names are listed.
    DataError
        If a packed file cannot be unpacked, or an address cannot be read.
    """
    text = str(source)
    if text == "-":
        yield Contents("standard input", ".csv", sys.stdin.buffer.read())
    elif text.startswith(("https://", "http://")):
        yield _unpacked(text, urlsplit(text).path, _fetched(text))
    else:
        for path in _files(Path(source).expanduser(), text):
            yield _unpacked(
                text if path == Path(source) else str(path), path.name, path.read_bytes()
            )


def is_there(source: str | Path) -> bool:
    """Tell whether a source is a file, and not merely the name of a data set."""
    return Path(source).expanduser().is_file()


def _files(path: Path, source: str) -> list[Path]:
    if path.is_file():
        return [path]
    if path.is_dir():
        files = [
            file for file in sorted(path.iterdir()) if file.is_file() and _kind(file.name) in TABLES
        ]
        endings = {_kind(file.name) for file in files}
        if not files:
            raise MissingFileError(
                f"{source} is a folder without a table. Name a file, or a folder of equal tables."
            )
        if len(endings) > 1:
            raise MissingFileError(
                f"{source} is a folder with tables of several kinds "
                f"({', '.join(sorted(endings))}). "
                f'Name one kind, such as "{source}/*{min(endings)}".'
            )
        return files
    if any(mark in source for mark in "*?["):
        files = sorted(file for file in path.parent.glob(path.name) if file.is_file())
        if not files:
            raise MissingFileError(f'no file is like "{source}". Check the path.')
        return files
    raise _not_there(path, source)


def _kind(name: str) -> str:
    """Return the ending of a name, apart from that of a packing."""
    path = PurePosixPath(name.lower())
    return PurePosixPath(path.stem).suffix if path.suffix in COMPRESSED else path.suffix


def _unpacked(who: str, name: str, raw: bytes) -> Contents:
    packing, kind = PurePosixPath(name.lower()).suffix, _kind(name)
    if raw[:2] == b"PK" and kind not in EXCEL:
        kind, raw = _from_zip(who, raw)
    else:
        try:
            raw = _opened(raw)
        except Exception as error:  # noqa: BLE001  each library has errors of its own
            raise DataError(
                f"{who}: this cannot be unpacked ({error}). Pack it again, or give the table."
            ) from None
    if kind in TABLES or packing in TABLES:
        return Contents(who, kind or ".csv", raw)
    if raw[:4] == b"PAR1":
        return Contents(who, ".parquet", raw)
    return Contents(who, kind or ".csv", raw)


def _opened(raw: bytes) -> bytes:
    """Return bytes that gzip, Zstandard, bzip2 or xz may have packed, by their first ones."""
    if raw[:2] == b"\x1f\x8b":
        return gzip.decompress(raw)
    if raw[:4] == b"\x28\xb5\x2f\xfd":
        if sys.version_info >= (3, 14):
            from compression import zstd  # only what is packed so
        else:
            from backports import zstd  # as above
        return zstd.decompress(raw)
    if raw[:3] == b"BZh":
        import bz2  # as above

        return bz2.decompress(raw)
    if raw[:6] == b"\xfd7zXZ\x00":
        import lzma  # as above

        return lzma.decompress(raw)
    return raw


def _from_zip(who: str, raw: bytes) -> tuple[str, bytes]:
    """Return ending and bytes of the one table in an archive."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            names = [
                name
                for name in archive.namelist()
                if not name.endswith("/") and not name.startswith("__MACOSX")
            ]
            tables = [name for name in names if _kind(name) in TABLES] or names
            if len(tables) != 1:
                raise DataError(
                    f"{who} holds {len(tables)} tables ({listing(tables, 5)}), expected one. "
                    "Unpack it, and name one of them or their folder."
                )
            return PurePosixPath(tables[0].lower()).suffix or ".csv", archive.read(tables[0])
    except (zipfile.BadZipFile, RuntimeError) as error:
        raise DataError(
            f"{who}: this cannot be unpacked ({error}). Pack it again, or give the table itself."
        ) from None


def _fetched(address: str) -> bytes:
    from urllib.error import URLError  # only for an address
    from urllib.request import Request, urlopen

    request = Request(address, headers={"User-Agent": "chainrule"})  # noqa: S310  http and https alone
    try:
        with urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
            raw = answer.read(MOST_DOWNLOADED + 1)
    except (URLError, OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise DataError(
            f"{address} cannot be read ({reason}). Check the address, or save the table and name "
            "the file."
        ) from None
    if len(raw) > MOST_DOWNLOADED:
        raise DataError(f"{address} holds more than 2 GiB. Save it, and name the file.")
    return raw


def _not_there(path: Path, source: str) -> MissingFileError:
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
        "Give a path to a table (CSV or other text, Parquet, Arrow, JSON lines, Excel), or one of: "
        f"{', '.join(DATASETS)}."
    )
