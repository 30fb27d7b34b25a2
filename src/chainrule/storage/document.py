"""What a model file says beside its arrays: one typed document, and which tensors go with it.

    network.<layer>.<name>      weights, biases, scale, shift     as `layers` asks
    member<i>.<layer>.<name>    likewise of each further network, as `n_networks` asks
    history.<name>              one column each, all of one length, as `history` asks
    flow.<i>                    likewise, of what `flow` names
    optimizer.<i>               shaped like the network's arrays, as `optimizer_state` asks
    inputs.<name>  target.<name>  calibration.<name>  parameters.<name>[.<i>]

Decoding knows plain values only: no object, no code, no type that the file could choose.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec
import numpy as np

from chainrule.data.columns.schema import Schema
from chainrule.errors import ModelFileError, OptionError
from chainrule.predicting.fitted import Ending
from chainrule.predicting.layers import AnyLayer
from chainrule.predicting.network import check_layers
from chainrule.storage.tensors import Tensor

SCHEMA_VERSION = 4
MOST_COPIES = 64  # leading axis with which an optimizer may keep several states of an array
MOST_CLASS_LETTERS = 4_000_000  # NumPy gives every class the room of the longest: at most 16 MB

Scalar = None | bool | int | float | str
Plain = Scalar | list[Scalar | list[Scalar]]


class InputsDocument(msgspec.Struct, forbid_unknown_fields=True):
    """The state of an `InputEncoder`; what it may add later goes into `rest`."""

    schema: Schema
    scale: bool
    named: bool
    rest: dict[str, Plain] = {}

    @classmethod
    def from_state(cls, meta: Mapping[str, Any]) -> InputsDocument:
        """Return the document of what `InputEncoder.to_state` gives."""
        own = ("schema", "scale", "named")
        rest = {name: value for name, value in meta.items() if name not in own}
        schema = msgspec.convert(meta["schema"], Schema)
        return cls(schema, meta["scale"], meta["named"], rest)

    def to_state(self) -> dict[str, Any]:
        """Return what `InputEncoder.from_state` takes."""
        schema = msgspec.to_builtins(self.schema)
        return {"schema": schema, "scale": self.scale, "named": self.named, **self.rest}


class ClassesDocument(msgspec.Struct, forbid_unknown_fields=True):
    """The classes of one target, and the NumPy type that they came in."""

    classes: list[Scalar]
    dtype: str


class TargetDocument(msgspec.Struct, forbid_unknown_fields=True):
    """The state of a target: its kind, classes where it has them, plain values for the rest."""

    kind: str
    one: ClassesDocument | None = None
    several: list[ClassesDocument] | None = None
    rest: dict[str, Plain] = {}

    @classmethod
    def from_state(cls, kind: str, meta: Mapping[str, Any]) -> TargetDocument:
        """Return the document of what a target's `to_state` gives."""
        rest = dict(meta)
        one = several = None
        if "classes" in rest:
            one = ClassesDocument(rest.pop("classes"), rest.pop("dtype"))
        if "targets" in rest:
            several = [ClassesDocument(**each) for each in rest.pop("targets")]
        return cls(kind, one, several, rest)

    def to_state(self) -> dict[str, Any]:
        """Return what the target's `from_state` takes."""
        one = {} if self.one is None else msgspec.to_builtins(self.one)
        several = {} if self.several is None else {"targets": msgspec.to_builtins(self.several)}
        return {**one, **several, **self.rest}


class Document(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The JSON part of a model file."""

    schema_version: int = SCHEMA_VERSION
    estimator: str
    parameters: dict[str, Plain]
    inputs: InputsDocument | None = None  # a memory has no columns to encode
    target: TargetDocument
    layers: list[AnyLayer]
    link: str
    link_sizes: list[int] = []
    n_networks: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 1
    dtype: Literal["float32", "float64"]
    ending: Ending
    recipe: dict[str, Plain] = {}
    history: list[str] = []
    flow: list[str] = []
    optimizer_state: list[str] = []
    seed: int | None = None
    data_hash: str = ""
    versions: dict[str, str]


def encode_document(document: Document) -> bytes:
    """Return the document's JSON; tuples become lists.

    Raises
    ------
    OptionError
        If JSON would say something else than the document, or nothing.
    """
    try:
        text = msgspec.json.encode(document)
        again = msgspec.json.decode(text, type=Document)
    except (msgspec.MsgspecError, TypeError, ValueError, RecursionError) as error:
        raise OptionError(f"A model file cannot hold this model ({error}). Pickle it.") from None
    for name in Document.__struct_fields__:
        if _listed(getattr(again, name)) != _listed(getattr(document, name)):
            raise OptionError(
                f"`{name}` holds a number that is not finite, which a model file cannot hold. "
                "Use another one, or None."
            )
    return text


def _listed(value: Any) -> Any:
    """Return plain values with lists for tuples, as JSON has them."""
    value = msgspec.to_builtins(value)
    if isinstance(value, dict):
        return {name: _listed(each) for name, each in value.items()}
    return [_listed(each) for each in value] if isinstance(value, list | tuple) else value


def part_of(network: int) -> str:
    """Return the part of a file that holds the arrays of a network; 0 is the first."""
    return f"member{network}" if network else "network"


def check_document(document: Document, tensors: Mapping[str, Tensor]) -> None:
    """Refuse a document that cannot be meant, or tensors that are not the ones it asks for.

    Raises
    ------
    ModelFileError
        In one sentence, without the file's name.
    """
    check_layers(document.layers, document.link, document.link_sizes)
    for each in [document.target.one, *(document.target.several or [])]:
        if each is not None:
            _check_classes(each)
    first = {
        f"{place}.{name}": shape
        for place, spec in enumerate(document.layers)
        for name, shape in spec.array_shapes().items()
    }
    networks = {
        f"{part_of(i)}.{name}": shape
        for i in range(document.n_networks)
        for name, shape in first.items()
    }
    history = [f"history.{name}" for name in document.history]
    optimizer = [f"optimizer.{i}" for i in range(len(document.optimizer_state))]
    if document.optimizer_state != optimizer:
        raise ModelFileError("The optimizer's arrays are not numbered from 0.")
    if len(set(history)) < len(history):
        raise ModelFileError("Two columns of the history have one name.")
    flow = [f"flow.{i}" for i in range(len(document.flow))]
    asked = [*networks, *history, *flow, *optimizer]
    missing = [name for name in asked if name not in tensors]
    if missing:
        raise ModelFileError(f"The array {missing[0]} is missing.")
    known = set(asked)
    unknown = [name for name in tensors if name not in known and not _FREE.fullmatch(name)]
    if unknown:
        raise ModelFileError(
            f"There is an array {unknown[0]!r} that the document does not ask for."
        )
    dtype = {"float32": "F32", "float64": "F64"}[document.dtype]
    for name, shape in networks.items():
        if (tensors[name].dtype, tensors[name].shape) != (dtype, shape):
            raise ModelFileError(
                f"The array {name} is {tensors[name].dtype} of shape {tensors[name].shape}, "
                f"expected {dtype} of shape {shape}."
            )
    for what, names in (("history", history), ("flow", flow)):
        lengths = {tensors[name].shape for name in names}
        if len(lengths) > 1 or any(len(shape) != 1 for shape in lengths):
            raise ModelFileError(
                f"The columns of the {what} are not one-dimensional and equally long."
            )
    _check_optimizer({name: tensors[name].shape for name in optimizer}, first.values())


_FREE = re.compile(r"(inputs|target|calibration)\.\w{1,100}|parameters\.\w{1,100}(\.\d{1,4})?")


def _check_optimizer(
    states: Mapping[str, tuple[int, ...]], network: Sequence[tuple[int, ...]] | Any
) -> None:
    network = list(network)
    in_a_row = (sum(math.prod(shape) for shape in network),)
    shapes = {(), in_a_row, *network}
    for name, shape in states.items():
        copies = shape != () and shape[0] <= MOST_COPIES and shape[1:] in shapes
        if shape not in shapes and not copies:
            raise ModelFileError(
                f"The array {name} of shape {shape} belongs to no array of the network."
            )


_DTYPE = re.compile(r"[<>|=]?(b1|[iu][1248]|f[248]|U[1-9][0-9]{0,5}|O)")


def _check_classes(target: ClassesDocument) -> None:
    """Refuse a type that classes cannot have, and classes that are not of that type."""
    if not _DTYPE.fullmatch(target.dtype):
        raise ModelFileError(f"The target's type {target.dtype!r} is not a type of classes.")
    kind, classes = target.dtype.lstrip("<>|=")[0], target.classes
    n_letters = int(target.dtype.lstrip("<>|=")[1:]) if kind == "U" else 0
    if n_letters * len(classes) > MOST_CLASS_LETTERS:
        raise ModelFileError(f"The target's type {target.dtype} asks for too much memory.")
    if kind in "iu":
        limits = np.iinfo(target.dtype)
        fits = all(type(c) is int and limits.min <= c <= limits.max for c in classes)
    elif kind == "U":
        fits = all(isinstance(c, str) and len(c) <= n_letters for c in classes)
    elif kind == "f":
        fits = all(type(c) in (int, float) for c in classes)
    else:
        fits = kind == "O" or all(isinstance(c, bool) for c in classes)
    if not fits:
        raise ModelFileError(f"The target's classes do not fit their type {target.dtype}.")
