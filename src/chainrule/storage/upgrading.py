"""Documents of earlier versions as this one has them: a step from each version to the next.

    2    chainrule 0.1
    3    how training ended has its own part, and so have the parameters that "auto" stood for;
         what flowed is called by the labels of layers
    4    weights of fixed-point networks that are free are called "none", and `bound` is told

Every version reads all older ones.  Who changes the document raises `SCHEMA_VERSION` and writes the
step here; `tests/files` holds files of each version.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from chainrule.errors import ModelFileError
from chainrule.storage.document import SCHEMA_VERSION, Document
from chainrule.storage.tensors import decode

Told = dict[str, Any]


def document_of(text: bytes, version: int) -> Document:
    """Return the document of a file of this version or an earlier one.

    Raises
    ------
    ModelFileError
        In one sentence, without the file's name.
    """
    if version == SCHEMA_VERSION:
        return decode(text, Document)
    told = decode(text, Told)
    try:
        for before in range(version, SCHEMA_VERSION):
            told = STEPS[before](told)
        return msgspec.convert(told | {"schema_version": SCHEMA_VERSION}, Document)
    except (msgspec.MsgspecError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelFileError(f"Its description cannot be read ({str(error)[:200]}).") from None


def _from_2(told: Told) -> Told:
    loose, estimator = told.pop("fitted"), told["estimator"]
    names = {
        "stop": "stop_",
        "message": "stop_message_",
        "n_epochs": "n_iter_",
        "epoch": "_epoch",
        "seconds": "fit_seconds_",
        "compile_seconds": "compile_seconds_",
        "n_rows_seen": "t_",
        "penalty": "_penalty",
    }
    if told.get("inputs") is None:  # a memory, which did not keep how it ended
        ending = dict.fromkeys(names, 0) | {"stop": "finished", "message": ""}
    else:
        ending = {new: loose[old] for new, old in names.items()}
    recipe: Told = {}
    if "_recipe" in loose:
        auto = "hidden_layer_sizes activation n_networks batch_size max_iter learning_rate_init"
        recipe = dict(zip(auto.split(), loose["_recipe"], strict=True))
        usual = "accuracy" if estimator == "TabularClassifier" else "loss"
        scoring = told["parameters"]["scoring"]
        recipe["scoring"] = usual if scoring == "auto" else scoring
    flow = _with_labels(told.get("flow", []))
    return told | {"ending": ending, "recipe": recipe, "flow": flow}


def _with_labels(flow: list[str]) -> list[str]:
    """Return names such as "2 Dense: delta_norm" with the labels that layers have now."""
    layers = dict.fromkeys(name.rpartition(": ")[0] for name in flow)
    last = sum(layer.endswith(("Dense", "FixedPoint")) for layer in layers)
    labels, number = {"": ""}, 0
    for layer in filter(None, layers):
        number += layer.endswith(("Dense", "FixedPoint"))
        label = "output" if number == last else f"hidden{number}" if number else "input"
        kind = re.sub("([A-Z])", r" \1", layer.partition(" ")[2]).strip().lower()
        labels[layer] = f"{label} ({kind})"
    parts = (name.rpartition(": ") for name in flow)
    return [f"{labels[layer]}{between}{what}" for layer, between, what in parts]


def _from_3(told: Told) -> Told:
    if not told["estimator"].startswith("FixedPoint"):
        return told
    parameters = told["parameters"]
    free = parameters["guarantee"] is None
    more = {"guarantee": "none"} if free else {}
    return told | {"parameters": parameters | more | {"bound": 0.95}}


STEPS: dict[int, Callable[[Told], Told]] = {2: _from_2, 3: _from_3}
OLDEST = min(STEPS)
