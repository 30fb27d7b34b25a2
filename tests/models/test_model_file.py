"""Model files: what is written comes back bit for bit, and nothing else is ever accepted."""

import gzip
import io
import json
import os
import pickle
import time
import tracemalloc
import zipfile

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chainrule.data import ClassTarget, InputEncoder, NumberTarget
from chainrule.data.columns.schema import Column, Schema
from chainrule.errors import MissingFileError, ModelFileError, OptionError
from chainrule.predicting.fitted import Ending
from chainrule.predicting.layers import ActivationSpec, DenseSpec, LayerNormSpec, SoftmaxSpec
from chainrule.storage import tensors as tensor_file
from chainrule.storage.document import (
    Document,
    InputsDocument,
    TargetDocument,
)
from chainrule.storage.model_file import KIND, network_from, read, write
from chainrule.storage.tensors import Tensor

MEGABYTE = 1_000_000
DOCUMENT = Document(
    estimator="MLPClassifier",
    parameters={"hidden_layer_sizes": [5], "alpha": 1e-4, "dropout": 0, "category": [], "x": None},
    inputs=InputsDocument(
        Schema(
            [Column("länge", "number", n_gaps=2), Column("c", "category", levels=["a", "b"])], 9
        ),
        scale=True,
        named=True,
        rest={"sparse": False},
    ),
    target=TargetDocument.from_state("classes", {"classes": ["no", "yes", "?"], "dtype": "<U3"}),
    layers=[
        DenseSpec(4, 5, True),
        LayerNormSpec(5, 1e-5),
        ActivationSpec("elu", [0.5]),
        DenseSpec(5, 3, False),
        SoftmaxSpec(),
    ],
    link="identity",
    dtype="float32",
    ending=Ending("early", "", 3, 2, 1.5, 0.5, 12, 0.0),
    history=["epoch", "val loss"],
    optimizer_state=["optimizer.0", "optimizer.1", "optimizer.2"],
    seed=7,
    data_hash="00ff",
    versions={"chainrule": "0.1.0"},
)


def make_arrays():
    rng = np.random.default_rng(0)
    return {
        "network.0.weights": rng.normal(size=(4, 5)).astype(np.float32),
        "network.0.biases": np.array([0, -0.0, 1e-40, 3e38, -1], np.float32),
        "network.1.scale": np.ones(5, np.float32),
        "network.1.shift": np.zeros(5, np.float32),
        "network.3.weights": rng.normal(size=(3, 5)).astype(np.float32).T,
        "history.epoch": np.arange(4),
        "history.val loss": np.array([1, np.nan, np.inf, 0.5]),
        "optimizer.0": np.array(3, np.int32),
        "optimizer.1": rng.normal(size=(2, 4, 5)).astype(np.float32),
        "optimizer.2": rng.normal(size=5).astype(np.float32),
        "inputs.mean": np.array([1.5], ">f8"),
        "inputs.none": np.zeros((0, 3)),
        "target.table": rng.normal(size=(2, 3)),
        "calibration.scores": rng.normal(size=10),
        "parameters.weights.0": np.eye(2),
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return the bytes of a good file."""
    return write(tmp_path_factory.mktemp("whole") / "m.chr", DOCUMENT, make_arrays()).read_bytes()


def forge(path, document=DOCUMENT, arrays=None, *, text=None, header=None):
    """Write what somebody would who knows how the digest is made, and checks nothing."""
    arrays = make_arrays() if arrays is None else arrays
    stored = {name: np.ascontiguousarray(a).astype(a.dtype.newbyteorder("<")).reshape(a.shape)
              for name, a in arrays.items()}  # fmt: skip
    tensors = tensor_file.layout_of(stored)
    if text is None:
        text = msgspec.json.encode(document).decode()
    blocks = {name: [array.tobytes()] for name, array in stored.items()}
    digest = tensor_file.digest_of(text.encode(), tensors, blocks)
    written = tensor_file.spell_header(KIND, text, digest, tensors)
    if header is not None:
        written = header(written)
    data = b"".join(stored[name].tobytes() for name in tensors)
    path.write_bytes(len(written).to_bytes(8, "little") + written + data)
    return path


def refused(path, words=None):
    """Return the message with which a file is refused: its name, what is wrong, what to do."""
    with pytest.raises(ModelFileError, match=words) as caught:
        read(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert message.endswith(".")
    assert len(message) < 1000 + len(str(path))
    return message


# What is written comes back.


def test_a_round_trip_changes_no_bit(tmp_path):
    arrays = make_arrays()
    path = write(tmp_path / "m.chr", DOCUMENT, arrays)
    document, again = read(path)
    assert document == DOCUMENT
    assert set(again) == set(arrays)
    for name, array in arrays.items():
        assert again[name].dtype == array.dtype.newbyteorder("=")
        assert again[name].shape == array.shape
        assert again[name].tobytes() == array.astype(array.dtype.newbyteorder("<")).tobytes()
        assert again[name].flags.writeable
    assert os.listdir(tmp_path) == ["m.chr"]
    x = np.random.default_rng(1).normal(size=(6, 4))
    first = network_from(DOCUMENT, arrays).predict(x)
    np.testing.assert_array_equal(network_from(document, again).predict(x), first)


def test_the_same_model_gives_the_same_bytes(tmp_path, whole):
    backwards = dict(reversed(make_arrays().items()))
    assert write(tmp_path / "m.chr", DOCUMENT, backwards).read_bytes() == whole


def test_it_is_a_safetensors_file(tmp_path, whole):
    from safetensors import safe_open

    path = tmp_path / "m.chr"
    path.write_bytes(whole)
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
        for name, array in make_arrays().items():
            np.testing.assert_array_equal(file.get_tensor(name), array)
    assert set(metadata) == {"chainrule", "sha256"}
    assert msgspec.json.decode(metadata["chainrule"], type=Document) == DOCUMENT


def test_states_of_encoder_and_targets_survive(tmp_path):
    frame = pl.DataFrame({"n": [1.0, None, 3.0], "c": ["x", "y", None]})
    encoder = InputEncoder.fit(frame)
    meta, _ = encoder.to_state()
    inputs = InputsDocument.from_state({**meta, "more": 1.5})
    numbers, _ = NumberTarget.fit([1.0, 2.0]).to_state()
    targets = {
        "numbers": numbers,
        "several": {"targets": [{"classes": [0, 1], "dtype": "<i8"}] * 2, "names": ["a", "b"]},
        **{
            str(y): ClassTarget.fit(np.array(y)).to_state()[0]
            for y in (["a", "bc"], [0, 5, 0], [True, False], [0.0, 1.0, 0.0])
        },
        "objects": {"classes": ["a", 1, None], "dtype": "|O"},
    }
    for kind, state in targets.items():
        document = msgspec.structs.replace(
            DOCUMENT, inputs=inputs, target=TargetDocument.from_state(kind, state)
        )
        again, _ = read(write(tmp_path / "m.chr", document, make_arrays()))
        assert again.inputs.to_state() == {**meta, "more": 1.5}
        assert again.target.kind == kind
        assert again.target.to_state() == state


def test_tuples_come_back_as_lists(tmp_path):
    parameters = {"sizes": (3, 4), "nested": ((1, 2.5), ("a",)), "seed": 2**63}
    document = msgspec.structs.replace(DOCUMENT, parameters=parameters)
    again, _ = read(write(tmp_path / "m.chr", document, make_arrays()))
    assert again.parameters == {"sizes": [3, 4], "nested": [[1, 2.5], ["a"]], "seed": 2**63}


# Writing: all or nothing.


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_leaves_the_old_file_and_no_other(tmp_path, monkeypatch, error):
    path = write(tmp_path / "m.chr", DOCUMENT, make_arrays())
    before = path.read_bytes()

    def fail(_):
        raise error

    monkeypatch.setattr(os, "fsync", fail)
    wanted = MissingFileError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(wanted):
        write(path, msgspec.structs.replace(DOCUMENT, seed=8), make_arrays())
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["m.chr"]


def test_a_place_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "none" / "m.chr", tmp_path, tmp_path / "file" / "m.chr"):
        with pytest.raises(MissingFileError, match=r"cannot be written to .*Choose another place"):
            write(path, DOCUMENT, make_arrays())
    assert os.listdir(tmp_path) == ["file"]


UNWRITABLE = {
    "not a number": ({"recipe": {"loss_": float("nan")}}, {}, OptionError, "recipe.*not finite"),
    "infinity": ({"parameters": {"tol": float("-inf")}}, {}, OptionError, "parameters"),
    "an object": ({"parameters": {"solver": object()}}, {}, OptionError, "object"),
    "a NumPy number": ({"recipe": {"n": np.float32(1)}}, {}, OptionError, "float32"),
    "lists too deep": ({"parameters": {"x": [[[1]]]}}, {}, OptionError, "array"),
    "half a letter": ({"estimator": "\udc80"}, {}, OptionError, "surrogates"),
    "bytes": ({}, {"inputs.mean": np.zeros(1, np.uint8)}, OptionError, "uint8"),
    "texts": ({}, {"inputs.mean": np.array(["a"])}, OptionError, "<U1"),
    "no finite weight": (
        {},
        {"network.0.biases": np.full(5, np.nan, np.float32)},
        ModelFileError,
        "not finite",
    ),
    "another shape": ({}, {"network.1.shift": np.zeros(4, np.float32)}, ModelFileError, "shift"),
    "too many columns": (
        {"parameters": {"category": ["x"] * 700_000}},
        {},
        OptionError,
        "too many",
    ),
}


@pytest.mark.parametrize("name", UNWRITABLE)
def test_what_could_not_be_read_is_not_written(name, tmp_path):
    changes, arrays, error, words = UNWRITABLE[name]
    with pytest.raises(error, match=words):
        write(
            tmp_path / "m.chr",
            msgspec.structs.replace(DOCUMENT, **changes),
            make_arrays() | arrays,
        )
    assert os.listdir(tmp_path) == []


# Files that are no model files, or not of this version.


class Executes:
    """A pickle that makes a file when it is opened."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.mark.parametrize("protocol", [0, 2, 3, 4, 5])
def test_a_pickle_is_not_opened(tmp_path, protocol):
    made, path = tmp_path / "made", tmp_path / "m.chr"
    path.write_bytes(pickle.dumps(Executes(made), protocol=protocol))
    refused(path, "text" if protocol == 0 else "begins like a pickle")
    assert not made.exists()
    pickle.loads(path.read_bytes()).close()
    assert made.exists()  # it would have been


def zip_bomb():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(50 * MEGABYTE))
    return buffer.getvalue()


FOREIGN = {
    "empty": (b"", "empty"),
    "short": (b"\x01\x02", "2 bytes only"),
    "eight bytes": (bytes(8), "does not begin like one"),
    "zip bomb": (zip_bomb(), "zip archive"),
    "gzip": (gzip.compress(b"x" * 100), "gzip archive"),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(100), "HDF5 file"),
    "Parquet": (b"PAR1" + bytes(100), "Parquet file"),
    "text": (b"a,b,c\n1,2,3\n4,5,6\n", "plain text"),
    "JSON": (b'{"layers": [1, 2, 3]}', "JSON text"),
    "short JSON": (b"[1]", "JSON text"),
    "zeros": (bytes(1000), "does not begin like one"),
    "noise": (b"\xf0\x9f" * 100, "does not begin like one"),
    "a giant header": ((2**40).to_bytes(8, "little") + b"{" + bytes(100), "too long"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_other_files_are_named(name, tmp_path):
    content, words = FOREIGN[name]
    path = tmp_path / "m.chr"
    path.write_bytes(content)
    assert refused(path, words).endswith("Give the file that `save` wrote.")


def test_weights_without_a_model_are_named(tmp_path):
    from safetensors.numpy import save_file

    path = tmp_path / "m.chr"
    for metadata in (None, {"format": "pt"}):
        save_file({"x": np.zeros(3)}, path, metadata)
        refused(path, "holds arrays but no chainrule model")


def test_files_of_other_versions_say_what_to_do(tmp_path):
    from safetensors.numpy import save_file

    path = tmp_path / "m.chr"
    first = {"schema_version": 1, "estimator": "MLPClassifier"}
    save_file({"params[0].weights": np.zeros(3)}, path, {"chainrule": json.dumps(first)})
    assert "written by a development version. Fit and save" in refused(path)
    later = {"schema_version": 5, "new": {"things": []}}
    save_file({"x": np.zeros(3, np.float16)}, path, {"chainrule": json.dumps(later), "b": "c"})
    assert "later chainrule (schema 5, this one reads up to 4). Update" in refused(path)


def test_a_missing_file_is_missing(tmp_path):
    for path in (tmp_path / "none.chr", tmp_path):
        with pytest.raises(MissingFileError, match="no model file"):
            read(path)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read anything")
def test_a_file_without_rights_says_so(tmp_path, whole):
    path = tmp_path / "m.chr"
    path.write_bytes(whole)
    path.chmod(0)
    with pytest.raises(MissingFileError, match="cannot be read"):
        read(path)


# Files that were good once.


def test_a_file_cut_short_is_refused(tmp_path, whole):
    path = tmp_path / "m.chr"
    for length in [*range(0, len(whole), 100), len(whole) - 1]:
        path.write_bytes(whole[:length])
        refused(path)


def test_a_file_with_more_behind_it_is_refused(tmp_path, whole):
    path = tmp_path / "m.chr"
    for rest in (b"\0", b" " * 8, whole):
        path.write_bytes(whole + rest)
        refused(path, "bytes of arrays")


def test_a_wrong_length_of_the_header_is_refused(tmp_path, whole):
    path, right = tmp_path / "m.chr", int.from_bytes(whole[:8], "little")
    wrong = {0, 1, 2, 8, right - 8, right - 1, right + 1, right + 8, 2 * right, len(whole) - 8}
    for length in wrong | {len(whole), 2**24, 2**31, 2**32 + right, 2**63, 2**64 - 1}:
        path.write_bytes(length.to_bytes(8, "little") + whole[8:])
        refused(path)


def refuse_flips(path, whole):
    def check(bit):
        changed = bytearray(whole)
        changed[bit // 8] ^= 1 << bit % 8
        path.write_bytes(changed)
        refused(path)

    return given(st.integers(0, 8 * len(whole) - 1))(check)


FLIPS = {"deadline": None, "suppress_health_check": list(HealthCheck), "database": None}


def test_a_flipped_bit_is_refused(tmp_path, whole):
    settings(max_examples=200, **FLIPS)(refuse_flips(tmp_path / "m.chr", whole))()


@pytest.mark.slow
def test_many_flipped_bits_are_refused(tmp_path, whole):
    settings(max_examples=2000, **FLIPS)(refuse_flips(tmp_path / "m.chr", whole))()


@pytest.mark.slow
def test_every_flipped_bit_of_the_header_is_refused(tmp_path, whole):
    flip = refuse_flips(tmp_path / "m.chr", whole).hypothesis.inner_test
    for bit in range(8 * (8 + int.from_bytes(whole[:8], "little"))):
        flip(bit)


# Files that were made to harm: digest and sizes are right, or pretend to be.


def test_a_forged_file_without_a_fault_is_a_model_file(tmp_path, whole):
    assert forge(tmp_path / "m.chr").read_bytes() == whole


HEADERS = {
    "an axis of length -1": (b'"shape":[4,5]', b'"shape":[4,-5]'),
    "an axis of half a unit": (b'"shape":[4,5]', b'"shape":[4,5.5]'),
    "a giant shape": (b'"shape":[4,5]', b'"shape":[1000000000,1000000000]'),
    "a shape beyond 64 bits": (b'"shape":[4,5]', b'"shape":[99999999999999999999999,5]'),
    "a shape that wraps around to 80 bytes": (b'"shape":[4,5]', b'"shape":[4611686018427387924]'),
    "an empty giant": (b'"shape":[0,3]', b'"shape":[0,1000000000000000000]'),
    "five axes": (b'"shape":[4,5]', b'"shape":[1,1,1,4,5]'),
    "a wider type": (b'"dtype":"F32","shape":[4,5]', b'"dtype":"F64","shape":[4,5]'),
    "an unknown type": (b'"dtype":"I32"', b'"dtype":"BOOL"'),
    "a Python object": (b'"dtype":"I32"', b'"dtype":"O"'),
    "offsets that are no pair": (b'"data_offsets":[0,', b'"data_offsets":[0,0,'),
    "a place before the data": (b'"data_offsets":[0,', b'"data_offsets":[-8,'),
    "a hole": (b'"data_offsets":[0,', b'"data_offsets":[8,'),
    "a field more": (b'"dtype":"I32"', b'"code":"x","dtype":"I32"'),
    "a blank more": (b'"dtype":"I32"', b'"dtype": "I32"'),
    "a letter spelt otherwise": (b'"optimizer.0"', b'"optimizer\\u002e0"'),
    "a digest in capitals": (b'"sha256":"', b'"sha256":"A'),
    "no digest": (b'"sha256"', b'"sha257"'),
    "a second metadata": (b'"sha256"', b'"more":"x","sha256"'),
    "a tensor that is a list": (b'{"dtype":"I32",', b'[{"dtype":"I32",'),
}


@pytest.mark.parametrize("name", HEADERS)
def test_headers_that_lie_are_refused(name, tmp_path):
    old, new = HEADERS[name]

    def change(header):
        assert header.count(old) >= 1
        return header.replace(old, new, 1)

    refused(forge(tmp_path / "m.chr", header=change), "is damaged")


def test_a_tensor_listed_twice_is_refused(tmp_path):
    def twice(header):
        start = header.index(b'"optimizer.0"')
        entry = header[start : header.index(b"}", start) + 1]
        return header[:start] + entry + b"," + header[start:]

    refused(forge(tmp_path / "m.chr", header=twice), "spelt")


def test_arrays_that_share_their_bytes_are_refused(tmp_path):
    def shared(header):
        entries = json.loads(header)
        names = ["network.1.scale", "network.1.shift"]
        entries[names[1]]["data_offsets"] = entries[names[0]]["data_offsets"]
        return json.dumps(entries, separators=(",", ":"), ensure_ascii=False).encode()

    refused(forge(tmp_path / "m.chr", header=shared), "does not lie where")


NESTED = "[" * 100_000 + "]" * 100_000


@pytest.mark.parametrize(
    "text", [
        NESTED, f'{{"a":{NESTED}}}', f'{{"schema_version":2,"parameters":{{"a":{NESTED}}}}}',
        '{"a":' * 100_000, f'{{"schema_version":2,"seed":{"9" * 100_000}}}',
        f'{{"schema_version":{"9" * 3000}}}', '{"schema_version":NaN}', '{"schema_version":1e999}',
        '{"schema_version":true}', "null", '"text"', "\0", "",
    ],
)  # fmt: skip
def test_text_that_is_no_document_is_refused(text, tmp_path):
    refused(forge(tmp_path / "m.chr", text=text))


@pytest.mark.parametrize("header", [NESTED.encode(), b'{"__metadata__":' + NESTED.encode(),
                                    b'{"a":' * 100_000, b"{" + b"\xff" * 100, b"{}", b"{" * 50,
                                    b'{"__metadata__":null}', b'{"__metadata__":{"chainrule":3}}',
                                    b'{"__metadata__":{"chainrule":"\\ud800"}}'])  # fmt: skip
def test_a_header_that_is_none_is_refused(header, tmp_path):
    refused(forge(tmp_path / "m.chr", header=lambda _: header))


def with_document(**changes):
    return {"text": json.dumps(msgspec.to_builtins(DOCUMENT) | changes)}


def with_target(**one):
    return with_document(target={"kind": "classes", "one": one})


def with_arrays(*without, **more):
    arrays = {name: a for name, a in make_arrays().items() if name not in without}
    return {"arrays": arrays | {name.replace("__", "."): array for name, array in more.items()}}


F4 = np.float32
BUILTINS = msgspec.to_builtins(DOCUMENT)
DOCUMENTS = {
    "a field more": (with_document(code="x"), "code"),
    "a field less": ({"text": json.dumps({k: v for k, v in BUILTINS.items() if k != "ending"})},
                     "ending"),
    "no text": (with_document(estimator=3), "estimator"),
    "an object in the parameters": (with_document(parameters={"a": {"b": 1}}), "object"),
    "an unknown kind of column": (
        with_document(inputs=BUILTINS["inputs"] | {"schema": {"columns": [{"name": "a",
                                                              "kind": "code"}], "n_rows": 1}}),
        "kind"),
    "an unknown layer": (with_document(layers=[{"type": "eval"}]), "eval"),
    "a layer of 2**50 units": (
        with_document(layers=[{"type": "dense", "n_in": 4, "n_out": 2**50, "bias": False}]),
        "n_out"),
    "layers that ask for another shape": (
        with_document(layers=[BUILTINS["layers"][0] | {"n_in": 6}, *BUILTINS["layers"][1:]]),
        "network.0.weights is F32"),
    "no layer": (with_document(layers=[]), "no dense layer"),
    "an unknown link": (with_document(link="exec"), "exec"),
    "another dtype": (with_document(dtype="float64"), "expected F64"),
    "a dtype that is none": (with_document(dtype="object"), "dtype"),
    "a column of the history twice": (with_document(history=["epoch", "epoch"]), "one name"),
    "a column that is not there": (with_document(history=["epoch", "val loss", "x"]), "missing"),
    "a column that nobody asks for": (with_document(history=["epoch"]), "history.val loss"),
    "optimizer states in disorder": (
        with_document(optimizer_state=["optimizer.1", "optimizer.0", "optimizer.2"]), "numbered"),
    "a link with the wrong sizes": (
        with_document(link="softmax blocks", link_sizes=[2, 2]), "blocks"),
    "classes of giant letters": (with_target(classes=["a"] * 5, dtype="<U999999"), "memory"),
    "classes longer than their type": (with_target(classes=["abc"], dtype="<U2"), "do not fit"),
    "classes beyond their type": (with_target(classes=[300], dtype="|u1"), "do not fit"),
    "texts for numbers": (with_target(classes=["a"], dtype="<f8"), "do not fit"),
    "numbers for yes and no": (with_target(classes=[1], dtype="|b1"), "do not fit"),
    "a structured type": (with_target(classes=[1], dtype="i8,i8"), "i8,i8"),
    "a type of nothing": (with_target(classes=[1], dtype="V8"), "V8"),
    "a type by a Python name": (with_target(classes=[1], dtype="os.system"), "os.system"),
    "a missing weight": (with_arrays("network.0.biases"), "network.0.biases is missing"),
    "a renamed weight": (
        with_arrays("network.0.biases", network__0__bias=np.zeros(5, F4)), "missing"),
    "a weight of another layer": (with_arrays(network__7__weights=np.zeros(1, F4)), "network.7"),
    "an array of nobody": (with_arrays(code=np.zeros(1)), "'code'"),
    "a name with a path": (with_arrays(**{"inputs__../x": np.zeros(1)}), "inputs"),
    "a weight of another dtype": (with_arrays(network__0__biases=np.zeros(5)), "F64"),
    "a weight of another shape": (with_arrays(network__0__biases=np.zeros(6, F4)), "shape"),
    "a weight that is no number": (
        with_arrays(network__0__biases=np.full(5, np.nan, F4)), "not finite"),
    "an infinite scale": (with_arrays(network__1__scale=np.full(5, np.inf, F4)), "not finite"),
    "a history of two lengths": (with_arrays(history__epoch=np.arange(3)), "equally long"),
    "a history with two axes": (
        with_arrays(history__epoch=np.ones((4, 1)), **{"history__val loss": np.ones((4, 1))}),
        "one-dimensional"),
    "an optimizer of another shape": (with_arrays(optimizer__1=np.zeros((2, 9))), "optimizer.1"),
    "an optimizer of too many copies": (with_arrays(optimizer__1=np.zeros((65, 5))), "optimizer.1"),
    "an optimizer's array more": (with_arrays(optimizer__3=np.zeros(5)), "optimizer.3"),
}  # fmt: skip


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_that_cannot_be_meant_are_refused(name, tmp_path):
    made, words = DOCUMENTS[name]
    message = refused(forge(tmp_path / "m.chr", **made), "is damaged")
    assert words in message


def test_a_message_cannot_steer_the_terminal(tmp_path):
    arrays = make_arrays() | {"inputs.\x1b[2Jgone": np.zeros(1)}
    message = refused(forge(tmp_path / "m.chr", arrays=arrays), "does not ask for")
    assert message.isprintable()
    text = json.dumps(BUILTINS | {"\x1b[2J" + "x" * 10_000: 1}, ensure_ascii=False)
    assert refused(forge(tmp_path / "m.chr", text=text)).isprintable()


# Memory: what is refused takes the size of the file plus 100 MB at most.


def peak_of_refusing(path, words=None):
    tracemalloc.start()
    try:
        refused(path, words)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def sparse(path, header, size):
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(size)
    return path


def test_a_sparse_file_of_two_gigabytes_is_refused_unread(tmp_path, whole):
    header = whole[8 : 8 + int.from_bytes(whole[:8], "little")]
    giant = header.replace(b'"shape":[4,5]', b'"shape":[20000,25000]')
    start = time.perf_counter()
    for each in (header, giant, bytes(100), b"{" + bytes(15_000_000)):
        path = sparse(tmp_path / "m.chr", each, 2_000_000_000)
        assert peak_of_refusing(path) < 100 * MEGABYTE
    sparse(path, b"", 2_000_000_000)
    assert peak_of_refusing(path) < MEGABYTE
    assert time.perf_counter() - start < 10


@pytest.mark.slow
def test_two_gigabytes_with_a_header_that_fits_are_hashed_in_blocks(tmp_path):
    numbers = 500_000_000
    tensors = {"inputs.mean": Tensor("F32", (numbers,), (0, 4 * numbers))}
    text = msgspec.json.encode(DOCUMENT).decode()
    header = tensor_file.spell_header(KIND, text, "0" * 64, tensors)
    path = sparse(tmp_path / "m.chr", header, 8 + len(header) + 4 * numbers)
    assert peak_of_refusing(path, "digest") < 20 * MEGABYTE


def repeated(field, item, n, opening="[", closing="]"):
    rest = {name: value for name, value in BUILTINS.items() if name != field}
    many = opening + ",".join(item(i) for i in range(n)) + closing
    return json.dumps(rest)[:-1] + f',"{field}":{many}' + "}"


HUNGRY = {
    "empty lists": lambda n: repeated("history", lambda i: "[]", n),
    "short texts": lambda n: repeated("history", lambda i: f'"{i:x}"', n),
    "layers": lambda n: repeated("layers", lambda i: '{"type":"softmax"}', n // 5),
    "keys": lambda n: repeated("versions", lambda i: f'"{i:x}":"{i % 997:x}"', n, "{", "}"),
    "one long text": lambda n: repeated("history", lambda i: f'"{"x" * 20 * n}"', 1),
    "one wide letter": lambda n: repeated("history", lambda i: f'"😀{"x" * 15 * n}"', 1),
    "one wide letter, escaped": lambda n: repeated(
        "history", lambda i: f'"\\ud83d\\ude00{"x" * 15 * n}"', 1
    ),
}


@pytest.mark.parametrize("n", [100_000, 520_000, 700_000])
@pytest.mark.parametrize("name", HUNGRY)
def test_hungry_documents_are_refused_within_100_megabytes(name, n, tmp_path):
    path = forge(tmp_path / "m.chr", text=HUNGRY[name](n), arrays={})
    assert peak_of_refusing(path) < path.stat().st_size + 100 * MEGABYTE


@pytest.mark.parametrize("n", [10_000, 100_000, 800_000])
def test_hungry_headers_are_refused_within_100_megabytes(n, tmp_path):
    keys = "".join(f',"{i:x}":0' for i in range(n))
    text = json.dumps(msgspec.json.encode(DOCUMENT).decode())
    for header in (
        f'{{"__metadata__":{{"chainrule":{text}}}{keys}}}',
        f'{{"__metadata__":{{"chainrule":{text}{keys}}}}}',
        f'{{"__metadata__":{{"chainrule":{text}}}{keys.replace(":0", f":{text}"[:20])}}}',
    ):
        path = sparse(tmp_path / "m.chr", header.encode(), 8 + len(header.encode()))
        assert peak_of_refusing(path) < path.stat().st_size + 100 * MEGABYTE
