"""Targets of several columns: yes/no labels, classes in every column; which one is it."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse

from chainrule.cli.talk import SHELL
from chainrule.data import (
    ClassTarget,
    ClassTargets,
    LabelTarget,
    NumberTarget,
    fit_class_target,
    target_from_state,
)
from chainrule.data.target.target import KINDS
from chainrule.errors import DataError, ShapeError

LABELS = np.array([[1, 0, 0], [0, 0, 1], [1, 0, 1], [0, 0, 0]])  # the second is never yes


@pytest.mark.parametrize(
    "y",
    [
        LABELS,
        LABELS.astype(float),
        LABELS.astype(bool),
        LABELS.astype(object),
        LABELS.tolist(),
        list(LABELS),
        list(map(tuple, LABELS)),
        sparse.csr_array(LABELS),
        pl.DataFrame(LABELS, schema=["a", "b", "c"]),
        pl.DataFrame(LABELS.astype(bool), schema=["a", "b", "c"]),
        pd.DataFrame(LABELS, columns=list("abc"), dtype="Int64"),
    ],
)
def test_labels_from_everywhere(y):
    target = fit_class_target(y)
    assert isinstance(target, LabelTarget)
    assert target.classes.tolist() == [0, 1, 2]
    encoded = target.encode(y)
    assert encoded.dtype == np.float64
    np.testing.assert_array_equal(encoded, LABELS)
    back = target.decode(np.abs(encoded - 0.4))
    assert back.dtype == np.int64
    np.testing.assert_array_equal(back, LABELS)
    assert target.names == (["a", "b", "c"] if hasattr(y, "columns") else None)


FRAME = pd.DataFrame({"colour": ["red", "blue", "red", "red"], "size": [3, 1, 2, 1]})


@pytest.mark.parametrize("y", [FRAME, pl.DataFrame(FRAME), FRAME.to_numpy(), FRAME.values.tolist()])
def test_several_columns_of_classes(y):
    target = fit_class_target(y)
    assert isinstance(target, ClassTargets)
    assert [each.tolist() for each in target.classes] == [["blue", "red"], [1, 2, 3]]
    assert target.sizes == (2, 3)
    encoded = target.encode(y)
    assert encoded.tolist() == [
        [0, 1, 0, 0, 1],
        [1, 0, 1, 0, 0],
        [0, 1, 0, 1, 0],
        [0, 1, 1, 0, 0],
    ]
    colour, size = target.probabilities(encoded)
    np.testing.assert_array_equal(np.concatenate([colour, size], axis=1), encoded)
    back = target.decode(encoded)
    assert back.dtype == object
    assert back.tolist() == FRAME.values.tolist()
    assert target.names == (["colour", "size"] if hasattr(y, "columns") else None)


def test_decoding_keeps_the_common_type():
    y = np.array([[1, 7], [2, 9], [1, 7], [2, 8]])
    target = fit_class_target(y)
    assert target.decode(target.encode(y)).dtype == y.dtype
    texts = np.array([["a", "long"], ["b", "x"], ["a", "x"]])
    target = fit_class_target(texts)
    back = target.decode(target.encode(texts))
    assert back.dtype.kind == "U"
    assert back.tolist() == texts.tolist()


@pytest.mark.parametrize(
    ("y", "kind"),
    [
        ([0, 1, 1], "classes"),
        (LABELS, "labels"),
        (LABELS + 1, "several classes"),
        (LABELS.astype(str), "several classes"),
    ],
)
def test_the_kind_shows_in_the_values_and_survives_storage(y, kind):
    y = y[:, [0, 2]] if kind == "several classes" else y
    target = fit_class_target(y)
    assert target.kind == kind
    meta, arrays = target.to_state()
    again = target_from_state(kind, json.loads(json.dumps(meta)), arrays)
    encoded = target.encode(y)
    np.testing.assert_array_equal(again.encode(y), encoded)
    assert again.decode(encoded).tolist() == target.decode(encoded).tolist()
    assert again.n_outputs == target.n_outputs == encoded.shape[1]
    assert target_from_state("numbers", *NumberTarget.fit([1.0, 2]).to_state()).kind == "numbers"


PERSONS = ["ann", "bob", "ann", "cy"]
OF_EVERY_KIND = {
    "classes": (ClassTarget.fit(PERSONS), PERSONS),
    "labels": (LabelTarget.fit(LABELS), LABELS),
    "several classes": (ClassTargets.fit(FRAME), FRAME),
    "numbers": (NumberTarget.fit([[1.0, 2], [3, 4]]), [[1.0, 2], [3, 4]]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_answers_what_is_asked_of_targets(kind):
    target, y = OF_EVERY_KIND[kind]
    assert (target.kind, type(target)) == (kind, KINDS[kind])
    encoded = target.encode(y)
    assert encoded.shape == (len(y), target.n_outputs)
    each, scored = target.each(encoded), target.as_scored(y)
    assert len(each) == len(scored) == target.n_targets
    assert target.metric in ("accuracy", "subset_accuracy", "squared_error")
    assert target.output in ("sigmoid", "softmax", "softmax blocks", "identity")
    assert sum(target.sizes) == (target.n_outputs if target.output == "softmax blocks" else 0)
    names = target.output_names
    assert names is None or len(names) == target.n_outputs
    assert target.told("y", y[:1], encoded[0]).startswith("The target y is ")
    assert len(target.class_lists) == (target.n_targets if target.classifies else 0)
    p = target.probabilities(encoded)
    own = target.probabilities_of_each(p)
    named = target.named_probabilities(p, [f"t{i}" for i in range(target.n_targets)])
    assert len(own) == len(target.class_lists)
    for codes, probabilities, classes in zip(each, own, target.class_lists, strict=False):
        assert probabilities.argmax(axis=1).tolist() == codes.tolist()
        assert probabilities.shape[1] == len(classes)
    assert all(len(column) == len(encoded) for column in named.values())


def test_classes_declared_ahead():
    target = fit_class_target([[0, 1], [1, 0]], classes=[[0, 1, 2], [0, 1]])
    assert isinstance(target, ClassTargets)
    assert target.sizes == (3, 2)
    assert target.encode([[2, 0]]).tolist() == [[0, 0, 1, 1, 0]]
    for classes in (None, np.arange(2), [[0, 1], [0, 1]]):
        assert fit_class_target([[0, 1], [1, 0]], classes=classes).kind == "labels"
    assert isinstance(fit_class_target([2, 2], classes=[1, 2, 3]), ClassTarget)


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: fit_class_target([[1.5, 2], [2, 3], [2, 2]]), DataError,
         ["Unknown label type: continuous", "column 1", "--task regression"]),
        (lambda: fit_class_target(pl.DataFrame({"a": ["x", "y", "x"], "b": ["z"] * 3})), DataError,
         ['"b"', "one class only (z)"]),
        (lambda: fit_class_target([["a", "x"], ["b", None], ["a", "y"]]), DataError,
         ["missing", "data row 2"]),
        (lambda: fit_class_target([[2, 1], [1, 2]], classes=[[1, 2]]), ShapeError,
         ["1 list", "expected 2"]),
        (lambda: LabelTarget.fit([0, 1]), ShapeError, ["one column", "(n_rows, n_labels)"]),
        (lambda: ClassTargets.fit([0, 1]), ShapeError, ["one column", "(n_rows, n_targets)"]),
        (lambda: LabelTarget(2).encode([[0, 1], [0, 2]]), DataError,
         ['"target, column 2" is 2 in data row 2', "0 or 1"]),
        (lambda: LabelTarget(2, ["a", "b"]).encode(np.eye(3)), ShapeError, ["3 columns", "2 yes"]),
        (lambda: ClassTargets.fit(LABELS[:, [0, 2]]).encode([[0, 5]]), DataError,
         ["column 2", "never saw: 5"]),
        (lambda: ClassTargets.fit(LABELS[:, [0, 2]]).encode(LABELS), ShapeError, ["3 columns"]),
        (lambda: fit_class_target([[1, 2], [3]]), ShapeError, ["different lengths"]),
        (lambda: fit_class_target(pd.Series([[1, 2], [3]])), TypeError, ["list", "Convert"]),
    ],
)  # fmt: skip
def test_bad_columns_are_refused_with_the_remedy(call, kind, words):
    with pytest.raises(kind) as caught:
        call()
    said = f"{caught.value} {caught.value.text.at(SHELL)}"
    assert all(word in said for word in words), said
