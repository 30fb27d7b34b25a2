"""What a model file says of an associative memory: the patterns that it was taught."""

import re

import numpy as np

from chainrule.errors import ModelFileError
from chainrule.predicting.layers import FixedPointSpec
from chainrule.predicting.network import PlainNetwork
from chainrule.storage.document import TargetDocument

_DTYPE = re.compile(r"[<>|=]?(b1|[iu][1248]|f[248])")


def patterns_told(patterns: np.ndarray) -> tuple[TargetDocument, dict[str, np.ndarray]]:
    """Return the document of patterns, and their arrays: two values, where the higher is."""
    values = np.unique(patterns)
    stored = values.astype(np.float64 if values.dtype.kind == "f" else np.int64)
    higher = (patterns == values[1]).astype(np.int32)
    document = TargetDocument("patterns", rest={"dtype": patterns.dtype.str})
    return document, {"values": stored, "higher": higher}


def patterns_from(
    document: TargetDocument, arrays: dict[str, np.ndarray], network: PlainNetwork
) -> np.ndarray:
    """Return the patterns of a document.

    Raises
    ------
    ModelFileError
        If they are none, or do not fit the network.
    """
    dtype = str(document.rest.get("dtype"))
    if document.kind != "patterns" or not _DTYPE.fullmatch(dtype):
        raise ModelFileError("the patterns of the memory are missing")
    values, higher = arrays["values"].astype(dtype), arrays["higher"]
    settles = len(network.layers) == 2 and isinstance(network.layers[0], FixedPointSpec)
    if not settles or higher.ndim != 2 or network.n_inputs != network.n_outputs:
        raise ModelFileError("the network is not that of a memory")
    if higher.shape[1] != network.n_inputs or not np.isin(higher, (0, 1)).all():
        raise ModelFileError(f"the patterns do not fit a network of {network.n_inputs} elements")
    if values.shape != (2,) or not values[0] < values[1]:
        raise ModelFileError("the patterns do not have two values")
    return values[higher]
