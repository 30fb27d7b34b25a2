"""Model files (`.chr`): safetensors for every array, one JSON document beside them, no code.

    8 bytes    length of the header
    header     {"__metadata__": {"chainrule": document, "sha256": digest}, tensor: …}
    the rest   the arrays, one after the other

`read` believes nothing: lengths are compared with the file's size before anything is allocated,
the digest covers document and arrays, and the header must be spelt exactly as `write` spells it,
so no bit can change unseen.  The document is checked against `file_schema`.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Iterable, Mapping
from io import BufferedReader
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from chainrule.errors import MissingFileError, ModelFileError, OptionError
from chainrule.predicting.network import PlainNetwork, check
from chainrule.storage.document import (
    SCHEMA_VERSION,
    Document,
    DType,
    Size,
    Tensor,
    check_document,
    decode,
    encode_document,
    part_of,
)
from chainrule.storage.upgrading import OLDEST, document_of
from chainrule.writing import written_whole

LONGEST_HEADER = 16_000_000
LONGEST_TENSOR_LIST = 1_000_000  # of the header's bytes, for some ten thousand arrays
MOST_MEMORY = 90_000_000
BLOCK = 1 << 20
DTYPES: dict[DType, str] = {"F32": "<f4", "F64": "<f8", "I64": "<i8", "I32": "<i4"}
_CODES: dict[np.dtype, DType] = {np.dtype(dtype): code for code, dtype in DTYPES.items()}

FOREIGN = {
    b"PK": "a zip archive",
    b"\x1f\x8b": "a gzip archive",
    b"\x89HDF": "an HDF5 file",
    b"PAR1": "a Parquet file",
    b"\x93NUMPY": "a NumPy file",
    **{bytes([0x80, protocol]): "a pickle" for protocol in range(2, 6)},
}


def write(path: str | Path, document: Document, arrays: Mapping[str, np.ndarray]) -> Path:
    """Write a model file in one move: the old file stays whole until the new one is.

    Parameters
    ----------
    path : str or Path
        Where; the folder must exist.
    document : Document
        Plain values only; tuples become lists.
    arrays : dict of arrays
        float32, float64, int32 or int64, under the names of `file_schema`.

    Raises
    ------
    OptionError
        If a value or an array is of a kind that no model file holds.
    ModelFileError
        If document and arrays do not belong together, or a weight is not finite.
    MissingFileError
        If the place cannot be written to.
    """
    path = Path(path)
    ready = {name: _as_stored(name, array) for name, array in arrays.items()}
    tensors = _layout(ready)
    text = encode_document(document)
    try:
        check_document(document, tensors)
        _check_networks(document, ready)
    except ModelFileError as error:
        raise ModelFileError(f"The model was not saved: {error} Fit it again.") from None
    blocks = {name: [_bytes_of(array)] for name, array in ready.items()}
    header = _header(text.decode(), _digest(text, tensors, blocks), tensors)
    if len(header) > LONGEST_HEADER or not _is_affordable(header):
        raise OptionError(
            "The model was not saved: its columns and categories are too many for a model file. "
            "Leave columns of many categories out, or pickle the model."
        )
    start = len(header).to_bytes(8, "little")
    _replace(path, [start, header, *(_bytes_of(ready[name]) for name in tensors)])
    return path


def read(path: str | Path) -> tuple[Document, dict[str, np.ndarray]]:
    """Read a model file and give its document and its arrays, all of them checked.

    A file that is refused takes at most its own size plus 100 MB of memory.

    Raises
    ------
    MissingFileError
        If there is no such file, or it cannot be opened.
    ModelFileError
        If it is not a model file, is damaged, or is of another version.
    """
    path = Path(path)
    try:
        if not path.is_file():
            raise MissingFileError(f"no model file {path}. Give the path that `save` wrote.")
        with path.open("rb") as file:
            return _read(file)
    except _Stranger as error:
        raise ModelFileError(f"{path} {error}") from None
    except ModelFileError as error:
        # What a file says of itself may be long, or steer a terminal.
        said = "".join(letter if letter.isprintable() else "?" for letter in str(error)[:500])
        raise ModelFileError(
            f"{path} is damaged: {said} Save the model again, or take a copy of it."
        ) from None
    except MissingFileError:
        raise
    except OSError as error:
        raise MissingFileError(
            f"{path} cannot be read ({error.strerror}). Check the rights and the disk."
        ) from None


def network_from(
    document: Document, arrays: Mapping[str, np.ndarray], number: int = 0
) -> PlainNetwork:
    """Return a network of a document, the first one or another; its arrays are not copied."""
    return PlainNetwork(
        tuple(document.layers),
        tuple(
            {name: arrays[f"{part_of(number)}.{place}.{name}"] for name in spec.array_shapes()}
            for place, spec in enumerate(document.layers)
        ),
        document.link,
        tuple(document.link_sizes),
    )


def _check_networks(document: Document, arrays: Mapping[str, np.ndarray]) -> None:
    for number in range(document.n_networks):
        check(network_from(document, arrays, number))


class _Stranger(ModelFileError):
    """A file that is whole, perhaps, but not one that this chainrule reads."""


def _read(file: BufferedReader) -> tuple[Document, dict[str, np.ndarray]]:
    header = _read_header(file)
    text, digest, tensors, version = _parse(header)
    begin = 8 + len(header)
    _check_sizes(tensors, os.fstat(file.fileno()).st_size - begin)
    if _header(text, digest, tensors) != header:
        raise ModelFileError("Its header is not spelt as chainrule spells it.")
    del header
    data = text.encode()
    del text
    blocks = {name: _blocks(file, begin, tensor) for name, tensor in tensors.items()}
    if _digest(data, tensors, blocks) != digest:
        raise ModelFileError("Its content does not agree with its digest.")
    document = document_of(data, version)
    check_document(document, tensors)
    arrays = {name: _array(file, begin, tensor) for name, tensor in tensors.items()}
    _check_networks(document, arrays)
    return document, arrays


# The header: from bytes of unknown origin to a text and tensors that fill the file exactly.


class _Front(msgspec.Struct):
    """The header without its tensors, which decoding skips."""

    metadata: msgspec.Raw = msgspec.field(name="__metadata__", default=msgspec.Raw(b"{}"))


class _Metadata(msgspec.Struct):
    chainrule: str = ""
    sha256: str = ""


class _Version(msgspec.Struct):
    schema_version: Size


def _read_header(file: BufferedReader) -> bytes:
    size = os.fstat(file.fileno()).st_size
    start = file.read(16)
    if size < 8:
        raise _not_ours(start, f"it has {size} bytes only" if size else "it is empty")
    length = int.from_bytes(start[:8], "little")
    if start[8:9] != b"{":
        raise _not_ours(start, "it does not begin like one")
    if length > LONGEST_HEADER:
        raise _not_ours(start, f"a header of {length} bytes is too long for one")
    if length > size - 8:
        raise ModelFileError("It is cut short.")
    file.seek(8)
    header = file.read(length)
    if not _is_affordable(header):
        raise ModelFileError("Its header holds too many values.")
    return header


def _is_affordable(header: bytes) -> bool:
    """Return whether decoding a header and its document takes less than 100 MB.

    Every value but the first follows a comma or an opening bracket.  One letter that is not ASCII
    makes Python keep a text in 4 bytes a letter, and it is copied on its way.
    """
    n_values = header.count(b",") + header.count(b"[") + header.count(b"{")
    narrow = header.isascii() and rb"\u" not in header
    return 150 * n_values + (1 if narrow else 10) * len(header) < MOST_MEMORY


def _parse(header: bytes) -> tuple[str, str, dict[str, Tensor], int]:
    """Return document, digest, tensors and version, with no more than four times the memory."""
    raw = decode(header, _Front).metadata
    metadata = decode(raw, _Metadata)
    if not metadata.chainrule:
        raise _Stranger("holds arrays but no chainrule model. Give the file that `save` wrote.")
    version = decode(metadata.chainrule, _Version).schema_version
    if version > SCHEMA_VERSION:
        raise _Stranger(
            f"was written by a later chainrule (schema {version}, this one reads up to "
            f"{SCHEMA_VERSION}). Update chainrule."
        )
    if version < OLDEST:
        raise _Stranger("was written by a development version. Fit and save the model again.")
    if len(header) - memoryview(raw).nbytes > LONGEST_TENSOR_LIST:
        raise ModelFileError("Its header lists too many arrays.")
    entries = decode(header, dict[str, msgspec.Raw])
    del entries["__metadata__"]
    tensors = {name: decode(entry, Tensor) for name, entry in entries.items()}
    return metadata.chainrule, metadata.sha256, tensors, version


def _check_sizes(tensors: Mapping[str, Tensor], n_bytes: int) -> None:
    """Refuse tensors that do not lie side by side from the first byte of data to the last."""
    place = 0
    for name, tensor in tensors.items():
        begin, end = tensor.data_offsets
        # Where one axis has length 0, the others could have any, which NumPy would not bear.
        if math.prod(max(n, 1) for n in tensor.shape) > 1 << 40:
            raise ModelFileError(f"The array {name!r} has the shape {tensor.shape}.")
        if begin != place or end - begin != math.prod(tensor.shape) * _item_size(tensor):
            raise ModelFileError(f"The array {name!r} does not lie where its size asks for.")
        place = end
    if place != n_bytes:
        raise ModelFileError(f"It holds {n_bytes} bytes of arrays, its header lists {place}.")


def _header(text: str, digest: str, tensors: Mapping[str, Tensor]) -> bytes:
    """Return the only spelling of a header, filled up with blanks to whole 8 bytes."""
    order = sorted(tensors, key=lambda name: (-_item_size(tensors[name]), name))
    metadata = {"chainrule": text, "sha256": digest}
    header = {"__metadata__": metadata, **{name: tensors[name] for name in order}}
    encoded = msgspec.json.encode(header)
    return encoded.ljust(-(-len(encoded) // 8) * 8)


def _not_ours(start: bytes, otherwise: str) -> _Stranger:
    """Return the error for another kind of file, which its first bytes may give away."""
    kinds = [kind for magic, kind in FOREIGN.items() if start.startswith(magic)]
    if not kinds and start and all(byte in b"\t\n\r" or 32 <= byte < 127 for byte in start):
        kinds = ["JSON text" if start.lstrip()[:1] in (b"{", b"[") else "plain text"]
    why = f"it begins like {kinds[0]}" if kinds else otherwise
    return _Stranger(f"is not a chainrule model file: {why}. Give the file that `save` wrote.")


# The arrays: where they lie, what they add to the digest, how they come and go.


def _as_stored(name: str, array: Any) -> np.ndarray:
    array = np.asarray(array, order="C")
    code = _CODES.get(array.dtype.newbyteorder("<"))
    if code is None:
        raise OptionError(
            f"The array {name} is {array.dtype}, which no model file holds. "
            "Give float32, float64, int32 or int64."
        )
    return array.astype(DTYPES[code], copy=False)


def _layout(arrays: Mapping[str, np.ndarray]) -> dict[str, Tensor]:
    """Return the tensors in the order of the file: wide numbers first, which aligns them all."""
    tensors, place = {}, 0
    for name in sorted(arrays, key=lambda name: (-arrays[name].itemsize, name)):
        array = arrays[name]
        end = place + array.nbytes
        tensors[name] = Tensor(_CODES[array.dtype], array.shape, (place, end))
        place = end
    return tensors


def _item_size(tensor: Tensor) -> int:
    return np.dtype(DTYPES[tensor.dtype]).itemsize


def _digest(text: bytes, tensors: Mapping[str, Tensor], blocks: Mapping[str, Iterable[Any]]) -> str:
    """Return the SHA-256 of the document, and of name, type, shape and bytes of every tensor."""
    digest = hashlib.sha256(len(text).to_bytes(8, "little"))
    digest.update(text)
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(msgspec.json.encode([name, tensor.dtype, tensor.shape]))
        for block in blocks[name]:
            digest.update(block)
    return digest.hexdigest()


def _blocks(file: BufferedReader, begin: int, tensor: Tensor) -> Iterable[bytes]:
    first, end = tensor.data_offsets
    file.seek(begin + first)
    for place in range(first, end, BLOCK):
        yield file.read(min(BLOCK, end - place))


def _bytes_of(array: np.ndarray) -> memoryview:
    return array.reshape(-1).view(np.uint8).data


def _array(file: BufferedReader, begin: int, tensor: Tensor) -> np.ndarray:
    array = np.empty(tensor.shape, DTYPES[tensor.dtype])
    file.seek(begin + tensor.data_offsets[0])
    if file.readinto(_bytes_of(array)) != array.nbytes:
        raise ModelFileError("It became shorter while it was read.")
    return array


def _replace(path: Path, parts: Iterable[Any]) -> None:
    try:
        with written_whole(path) as unfinished, unfinished.open("wb") as file:
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise MissingFileError(
            f"the model cannot be written to {path} ({error.strerror}). Choose another place."
        ) from None
