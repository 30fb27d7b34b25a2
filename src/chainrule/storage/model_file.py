"""Model files (`.chr`): one JSON document, and every array, in one file of tensors; no code.

The file and its digest are checked by `tensors`, the document against the schema in `document`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np

from chainrule.errors import MissingFileError, ModelFileError
from chainrule.predicting.network import PlainNetwork, check
from chainrule.storage.document import (
    SCHEMA_VERSION,
    Document,
    check_document,
    encode_document,
    part_of,
)
from chainrule.storage.tensors import (
    Size,
    StrangeFileError,
    decode,
    opened,
    stored,
    write_tensors,
)
from chainrule.storage.upgrading import OLDEST, document_of

KIND = "chainrule"


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
    ready, tensors = stored(arrays)
    text = encode_document(document)
    try:
        check_document(document, tensors)
        _check_networks(document, ready)
    except ModelFileError as error:
        raise ModelFileError(f"The model was not saved: {error} Fit it again.") from None
    try:
        write_tensors(path, KIND, text, ready)
    except OSError as error:
        raise MissingFileError(
            f"the model cannot be written to {path} ({error.strerror}). Choose another place."
        ) from None
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
    with opened(Path(path), KIND, _refuse_other_versions) as found:
        version = decode(found.text, _Version).schema_version
        document = document_of(found.text, version)
        check_document(document, found.tensors)
        arrays = found.arrays()
        _check_networks(document, arrays)
    return document, arrays


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


class _Version(msgspec.Struct):
    schema_version: Size


def _refuse_other_versions(text: str) -> None:
    version = decode(text, _Version).schema_version
    if version > SCHEMA_VERSION:
        raise StrangeFileError(
            f"was written by a later chainrule (schema {version}, this one reads up to "
            f"{SCHEMA_VERSION}). Update chainrule."
        )
    if version < OLDEST:
        raise StrangeFileError(
            "was written by a development version. Fit and save the model again."
        )
