"""Model files that somebody changed who knows the digest: our own error, or predictions."""

import copy
import random
import tracemalloc
import warnings
from functools import cache

import msgspec
import numpy as np
import pytest

from chainrule import load
from chainrule.errors import ChainruleError
from chainrule.storage import model_file
from models.test_model_file import forge
from models.test_old_files import OLD, read_old

WRONG = [None, True, -1, 0, 7, 1e300, 1 << 70, "", "x", "é" * 50, [], [1], ["a"], {}, {"a": 1}]
NUMBERS = [0.0, -1.0, np.nan, np.inf, -np.inf, 1e30, 1e300]
FILES = [path for path in OLD if not path.is_dir()]


@cache
def parts(path):
    """Return what a file holds, and rows to predict."""
    document, arrays = model_file.read(path.with_suffix(".chr"))
    return msgspec.to_builtins(document), arrays, read_old(path)[1]


def places(value, way=()):
    """Give the ways to every value within a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, each in inner:
        yield (*way, key)
        if isinstance(each, dict | list):
            yield from places(each, (*way, key))


def change_document(document, draw):
    """Replace, leave out or double one value."""
    document = copy.deepcopy(document)
    *way, key = draw.choice(list(places(document)))
    within = document
    for step in way:
        within = within[step]
    how = draw.choice(["replace", "replace", "replace", "remove", "double"])
    if how == "remove":
        del within[key]
    elif how == "double" and isinstance(within, list):
        within.insert(key, within[key])
    else:
        within[key] = draw.choice(WRONG)
    return document


def change_arrays(arrays, draw):
    """Change some numbers of an array, or its length."""
    arrays, name = dict(arrays), draw.choice(list(arrays))
    array = arrays[name].copy()
    how = draw.choice(["numbers", "numbers", "shorter", "longer", "gone"])
    if how == "numbers" and array.size:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            wrong = np.array(draw.choice(NUMBERS)).astype(array.dtype)
        array.reshape(-1)[draw.randrange(array.size) :: draw.choice([1, 10**9])] = wrong
    elif how == "shorter" and array.ndim:
        array = array[:-1]
    elif how == "longer" and array.ndim:
        array = np.concatenate([array, array[:1]])
    elif how == "gone":
        del arrays[name]
        return arrays
    return arrays | {name: array}


def is_finite(predictions):
    numbers = np.asarray(predictions)
    return numbers.dtype.kind in "OUSbiuM" or bool(np.isfinite(numbers).all())


def hold(seed, path):
    draw = random.Random(seed)
    source = draw.choice(FILES)
    document, arrays, rows = parts(source)
    if draw.random() < 0.6:
        document = change_document(document, draw)
    else:
        arrays = change_arrays(arrays, draw)
    forge(path, text=msgspec.json.encode(document).decode(), arrays=arrays)
    try:
        model = load(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            predictions = model.predict(rows)
    except ChainruleError as error:
        return len(str(error)) < 1000 + len(str(path))
    return is_finite(predictions)


def hold_many(seeds, path):
    for seed in seeds:
        assert hold(seed, path), seed


def test_a_changed_file_is_refused_or_predicts(tmp_path):
    hold_many(range(150), tmp_path / "m.chr")


@pytest.mark.slow
def test_ten_thousand_changed_files_are_refused_or_predict(tmp_path):
    for path in FILES:
        parts(path)
    tracemalloc.start()
    hold_many(range(1000, 11_000), tmp_path / "m.chr")
    assert tracemalloc.get_traced_memory()[1] < 200e6
    tracemalloc.stop()
