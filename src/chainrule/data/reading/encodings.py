"""Bytes of a text file as UTF-8, whatever they were written in."""

from __future__ import annotations

import codecs

from chainrule.advice import Text
from chainrule.errors import DataError, OptionError
from chainrule.finding import Finding

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
SAMPLE = 200_000
_WESTERN = ("cp1252", "latin_1", "iso8859_15", "cp1254", "cp1250", "cp437", "cp850", "mac_roman")


def as_utf8(raw: bytes, encoding: str | None, who: str) -> tuple[bytes, list[Finding]]:
    """Return the text as UTF-8 with `\\n` at the ends of lines, and how it was written.

    Parameters
    ----------
    raw : bytes
        The file.
    encoding : str, optional
        As Python names it; found by the first bytes, or else by a detector.
    who : str
        The file, for messages.

    Raises
    ------
    OptionError
        If the encoding that is asked for is not known, or is not that of the file.
    DataError
        If it is no text.
    """
    found: list[Finding] = []
    marked = next((name for mark, name in _MARKS if raw.startswith(mark)), None)
    if encoding is not None:
        text = _decoded(raw, encoding, who)
    elif marked not in (None, "utf-8"):
        text, encoding = raw.decode(marked, "replace"), marked
    elif not (raw.isascii() or _is_utf8(raw)):
        encoding = _detected(raw)
        text = raw.decode(encoding, "replace")
    else:
        text = None
    if encoding is not None and text is not None:
        raw = text.encode()
        if marked is None:
            found.append(
                Finding(
                    "reading",
                    "note",
                    f"Its encoding is {_called(encoding)}.",
                    remedy=Text("For another: `{encoding}`.", encoding=...),
                )
            )
    raw = raw.removeprefix(codecs.BOM_UTF8)
    if b"\0" in raw:
        raise DataError(
            "{}: this is not a text file (it holds zero bytes). Give a text file, or a Parquet "
            "file with the ending .parquet.",
            who,
        )
    if b"\r" in raw:
        raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return raw, found


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in raw[:1000]


def _decoded(raw: bytes, encoding: str, who: str) -> str:
    try:
        return raw.decode(encoding)
    except LookupError:
        raise OptionError(
            '{encoding} is not known. Choose one such as "utf-8", "cp1252" or "utf-16", or leave '
            "it out: it is found by itself.",
            encoding=encoding,
        ) from None
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise OptionError(
            "{}: line {} is not in the encoding of {encoding}. Choose another, or leave it out: "
            "it is found by itself.",
            who,
            line,
            encoding=encoding,
        ) from None


def _detected(raw: bytes) -> str:
    """Return the likeliest encoding; of those for Western Europe that of Windows."""
    head = raw[:SAMPLE]
    if b"\0" in head:  # UTF-16 without a mark has every second byte of ASCII zero
        even, odd = head[::2].count(0), head[1::2].count(0)
        return "utf-16-le" if odd > even else "utf-16-be"
    from charset_normalizer import from_bytes  # only where it is needed

    lines = [line for line in raw.split(b"\n") if not line.isascii()]  # those that tell
    best = from_bytes(b"\n".join(lines)[:SAMPLE]).best()
    name = "cp1252" if best is None else best.encoding
    return "cp1252" if name in _WESTERN or name.startswith("utf") else name


def _called(encoding: str) -> str:
    return {"cp1252": "Windows-1252 (Western Europe)"}.get(encoding, encoding.replace("_", "-"))
