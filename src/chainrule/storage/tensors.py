"""Files of arrays beside a text that says what they are: safetensors, a digest, no code.

    8 bytes    length of the header
    header     {"__metadata__": {kind: text, "sha256": digest}, tensor: …}
    the rest   the arrays, one after the other

`opened` believes nothing: lengths are compared with the file's size before anything is allocated,
the digest covers text and arrays, and the header must be spelt exactly as `write_tensors` spells
it, so no bit can change unseen.  What the text says is for the reader to check.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import numpy as np

from chainrule.errors import MissingFileError, ModelFileError, OptionError
from chainrule.writing import written_whole

LONGEST_HEADER = 16_000_000
LONGEST_TENSOR_LIST = 1_000_000  # of the header's bytes, for some ten thousand arrays
MOST_MEMORY = 90_000_000
BLOCK = 1 << 20

DType = Literal["F32", "F64", "I64", "I32"]
Size = Annotated[int, msgspec.Meta(ge=0, le=1 << 60)]
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


class Tensor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One array of the file, as its header declares it."""

    dtype: DType
    shape: Annotated[tuple[Size, ...], msgspec.Meta(max_length=4)]
    data_offsets: tuple[Size, Size]


class StrangeFileError(ModelFileError):
    """A file that is whole, perhaps, but not one that this chainrule reads."""


@dataclass(frozen=True)
class Opened:
    """A file whose text and tensors agree with its digest; its arrays are still to be read."""

    text: bytes
    tensors: dict[str, Tensor]
    file: BufferedReader
    begin: int

    def arrays(self) -> dict[str, np.ndarray]:
        """Read the arrays."""
        return {
            name: _array(self.file, self.begin, tensor) for name, tensor in self.tensors.items()
        }


def stored(arrays: Mapping[str, Any]) -> tuple[dict[str, np.ndarray], dict[str, Tensor]]:
    """Return the arrays as a file holds them, and where they will lie.

    Raises
    ------
    OptionError
        If an array is of a kind that no file holds.
    """
    ready = {name: _as_stored(name, array) for name, array in arrays.items()}
    return ready, layout_of(ready)


def write_tensors(path: Path, kind: str, text: bytes, arrays: Mapping[str, Any]) -> None:
    """Write a file in one move: the old one stays whole until the new one is.

    Parameters
    ----------
    path : Path
        Where; the folder must exist.
    kind : str
        What the file is, in its header.
    text : bytes
        What its arrays are, in UTF-8.
    arrays : dict of arrays
        float32, float64, int32 or int64.

    Raises
    ------
    OptionError
        If an array is of a kind that no file holds, or the text is too long.
    OSError
        If the place cannot be written to.
    """
    ready, tensors = stored(arrays)
    blocks = {name: [_bytes_of(array)] for name, array in ready.items()}
    header = spell_header(kind, text.decode(), digest_of(text, tensors, blocks), tensors)
    if len(header) > LONGEST_HEADER or not _is_affordable(header):
        raise OptionError(
            "The model was not saved: its columns and categories are too many for a model file. "
            "Leave columns of many categories out, or pickle the model."
        )
    with written_whole(path) as unfinished, unfinished.open("wb") as file:
        file.write(len(header).to_bytes(8, "little"))
        file.write(header)
        for name in tensors:
            file.write(_bytes_of(ready[name]))
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def opened(path: Path, kind: str, look: Callable[[str], None]) -> Iterator[Opened]:
    """Open a file of a kind, and check all but what its text says.

    A file that is refused takes at most its own size plus 100 MB of memory.

    Parameters
    ----------
    path, kind
        As `write_tensors` had them.
    look : callable
        Refuses the text of another version, before much is made of the file.

    Raises
    ------
    MissingFileError
        If there is no such file, or it cannot be opened.
    ModelFileError
        If it is not such a file or is damaged; also where the block says so, in one sentence.
    """
    try:
        if not path.is_file():
            raise MissingFileError(f"no model file {path}. Give the path that `save` wrote.")
        with path.open("rb") as file:
            yield _opened(file, kind, look)
    except StrangeFileError as error:
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


def decode(data: bytes | str | msgspec.Raw, kind: Any) -> Any:
    """Return JSON of unknown origin as a value of one type.

    Raises
    ------
    ModelFileError
        In one sentence, without the file's name.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ModelFileError(f"Its description cannot be read ({str(error)[:200]}).") from None


def _opened(file: BufferedReader, kind: str, look: Callable[[str], None]) -> Opened:
    header = _read_header(file)
    text, digest, tensors = _parse(header, kind, look)
    begin = 8 + len(header)
    _check_sizes(tensors, os.fstat(file.fileno()).st_size - begin)
    if spell_header(kind, text, digest, tensors) != header:
        raise ModelFileError("Its header is not spelt as chainrule spells it.")
    del header
    data = text.encode()
    del text
    blocks = {name: _blocks(file, begin, tensor) for name, tensor in tensors.items()}
    if digest_of(data, tensors, blocks) != digest:
        raise ModelFileError("Its content does not agree with its digest.")
    return Opened(data, tensors, file, begin)


# The header: from bytes of unknown origin to a text and tensors that fill the file exactly.


class _Front(msgspec.Struct):
    """The header without its tensors, which decoding skips."""

    metadata: msgspec.Raw = msgspec.field(name="__metadata__", default=msgspec.Raw(b"{}"))


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


def _parse(
    header: bytes, kind: str, look: Callable[[str], None]
) -> tuple[str, str, dict[str, Tensor]]:
    """Return text, digest and tensors, with no more than four times the memory."""
    raw = decode(header, _Front).metadata
    metadata = decode(raw, dict[str, str])
    text = metadata.get(kind, "")
    if not text:
        raise StrangeFileError(
            "holds arrays but no chainrule model. Give the file that `save` wrote."
        )
    look(text)
    if len(header) - memoryview(raw).nbytes > LONGEST_TENSOR_LIST:
        raise ModelFileError("Its header lists too many arrays.")
    entries = decode(header, dict[str, msgspec.Raw])
    del entries["__metadata__"]
    tensors = {name: decode(entry, Tensor) for name, entry in entries.items()}
    return text, metadata.get("sha256", ""), tensors


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


def spell_header(kind: str, text: str, digest: str, tensors: Mapping[str, Tensor]) -> bytes:
    """Return the only spelling of a header, filled up with blanks to whole 8 bytes."""
    order = sorted(tensors, key=lambda name: (-_item_size(tensors[name]), name))
    metadata = {kind: text, "sha256": digest}
    header = {"__metadata__": metadata, **{name: tensors[name] for name in order}}
    encoded = msgspec.json.encode(header)
    return encoded.ljust(-(-len(encoded) // 8) * 8)


def _not_ours(start: bytes, otherwise: str) -> StrangeFileError:
    """Return the error for another kind of file, which its first bytes may give away."""
    kinds = [kind for magic, kind in FOREIGN.items() if start.startswith(magic)]
    if not kinds and start and all(byte in b"\t\n\r" or 32 <= byte < 127 for byte in start):
        kinds = ["JSON text" if start.lstrip()[:1] in (b"{", b"[") else "plain text"]
    why = f"it begins like {kinds[0]}" if kinds else otherwise
    return StrangeFileError(
        f"is not a chainrule model file: {why}. Give the file that `save` wrote."
    )


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


def layout_of(arrays: Mapping[str, np.ndarray]) -> dict[str, Tensor]:
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


def digest_of(
    text: bytes, tensors: Mapping[str, Tensor], blocks: Mapping[str, Iterable[Any]]
) -> str:
    """Return the SHA-256 of the text, and of name, type, shape and bytes of every tensor."""
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
