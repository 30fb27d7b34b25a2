"""A `Fitted` to a model file and back; the file itself and its checks are in `model_file`.

What is fitted is data already: the networks' arrays, what the columns and the target are, the
history, the optimizer's state.  An estimator is its name and its parameters.  Reading runs nothing
and needs no JAX; neither does predicting.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.data import InputEncoder, target_from_state
from chainrule.errors import ModelFileError, OptionError
from chainrule.predicting.fitted import Fitted
from chainrule.predicting.history import History, flow_from, flow_told
from chainrule.predicting.intervals import Calibration, learnt_levels
from chainrule.predicting.network import PlainNetwork
from chainrule.storage.document import (
    SCHEMA_VERSION,
    Document,
    InputsDocument,
    TargetDocument,
    part_of,
)
from chainrule.storage.model_file import network_from, read, write
from chainrule.storage.parameters import as_plain, parameters_from, parameters_told, restored
from chainrule.storage.patterns import patterns_from, patterns_told

Arrays = dict[str, np.ndarray]


def save(fitted: Fitted, estimator: str, parameters: Mapping[str, Any], path: str | Path) -> Path:
    """Write a fitted model to `path` in one move, as that of an estimator with these parameters.

    Raises
    ------
    OptionError
        If the network or a parameter is an object of the user's own, which no file can hold.
    """
    networks = [each.network for each in fitted.networks]
    plain = [network for network in networks if isinstance(network, PlainNetwork)]
    if len(plain) < len(networks):
        raise OptionError(
            "the network has a layer, an activation or an objective of your own, which a model "
            "file cannot hold: it holds data alone. Use named ones, or pickle the model."
        )
    arrays = {
        f"{part_of(number)}.{i}.{name}": array
        for number, network in enumerate(plain)
        for i, own in enumerate(network.arrays)
        for name, array in own.items()
    }
    told_parameters, parameter_arrays = parameters_told(parameters)
    told, parts = _table_told(fitted) if fitted.patterns is None else _memory_told(fitted.patterns)
    flow, flow_columns = flow_told(fitted.flow)
    parts |= {
        "parameters": parameter_arrays,
        "history": fitted.history,
        "flow": {str(i): column for i, column in enumerate(flow_columns)},
        "optimizer": {str(i): leaf for i, leaf in enumerate(fitted.optimizer_state)},
    }
    arrays |= {f"{part}.{name}": a for part, named in parts.items() for name, a in named.items()}
    document = Document(
        schema_version=SCHEMA_VERSION,
        estimator=estimator,
        parameters=told_parameters,
        layers=list(plain[0].layers),
        link=plain[0].link,
        link_sizes=list(plain[0].sizes),
        n_networks=len(plain),
        dtype="float64" if plain[0].dtype == np.float64 else "float32",
        ending=fitted.ending,
        recipe={name: as_plain(name, value) for name, value in fitted.recipe.items()},
        history=list(fitted.history),
        flow=flow,
        optimizer_state=[f"optimizer.{i}" for i in range(len(fitted.optimizer_state))],
        seed=fitted.seed,
        data_hash=fitted.data_hash,
        versions=_versions(),
        **told,
    )
    return write(path, document, {name: np.asarray(a, order="C") for name, a in arrays.items()})


def _memory_told(patterns: np.ndarray) -> tuple[dict[str, Any], dict[str, Mapping[str, Any]]]:
    """Return what the document says of a memory's patterns, and its arrays."""
    target, arrays = patterns_told(patterns)
    return {"target": target}, {"target": arrays}


def _table_told(fitted: Fitted) -> tuple[dict[str, Any], dict[str, Mapping[str, Any]]]:
    """Return what the document says of a table's columns and its target, and their arrays."""
    assert fitted.encoder is not None
    inputs, input_arrays = fitted.encoder.to_state()
    target, target_arrays = fitted.target.to_state()
    known = fitted.calibration
    return {
        "inputs": InputsDocument.from_state(inputs),
        "target": TargetDocument.from_state(fitted.target.kind, target),
    }, {
        "inputs": input_arrays,
        "target": target_arrays,
        "calibration": {} if known is None else vars(known),
    }


def read_fitted(path: str | Path, known: Collection[str]) -> tuple[Fitted, str, dict[str, Any]]:
    """Read a model file and give what was fitted, the estimator's name and its parameters.

    Raises
    ------
    MissingFileError
        If there is no such file.
    ModelFileError
        If it is not a model file, is damaged, was written by a later version, or holds an estimator
        that is not a `known` one.
    """
    document, arrays = read(path)
    if document.estimator not in known:
        raise ModelFileError(
            f'{path} holds an estimator that is not known here ("{document.estimator}"). '
            "Update chainrule to read it."
        )
    parts: dict[str, Arrays] = {}
    for name, array in arrays.items():
        part, _, rest = name.partition(".")
        parts.setdefault(part, {})[rest] = array
    with parts_that_fit(path):
        parameters = parameters_from(document.parameters, parts.get("parameters", {}))
        return _fitted(document, arrays, parts, parameters), document.estimator, parameters


@contextmanager
def parts_that_fit(path: str | Path) -> Iterator[None]:
    """Turn errors of parts that are sound, but not together, into a ModelFileError."""
    try:
        yield
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise ModelFileError(
            f"{path} holds parts that do not fit together ({error}). Save the model again."
        ) from None


def _fitted(
    document: Document, arrays: Arrays, parts: dict[str, Arrays], parameters: dict[str, Any]
) -> Fitted:
    network = network_from(document, arrays)
    flow = [parts["flow"][str(i)] for i in range(len(document.flow))]
    leaves = parts.get("optimizer", {})
    known = parts.get("calibration")
    fitted = Fitted(
        network,
        history=History({name: parts["history"][name] for name in document.history}),
        ending=document.ending,
        flow=flow_from(document.flow, flow),
        optimizer_state=tuple(leaves[str(i)] for i in range(len(document.optimizer_state))),
        seed=document.seed,
        data_hash=document.data_hash,
        calibration=None if known is None else Calibration(**known),
        recipe={name: restored(value) for name, value in document.recipe.items()},
    )
    target, target_arrays = document.target, parts.get("target", {})
    if document.inputs is None:
        return replace(fitted, patterns=patterns_from(target, target_arrays, network))
    fitted = replace(
        fitted,
        encoder=InputEncoder.from_state(document.inputs.to_state(), parts.get("inputs", {})),
        target=target_from_state(target.kind, target.to_state(), target_arrays),
    )
    _check_ends(fitted, network, parameters)
    if document.n_networks == 1:
        return fitted
    members = (network_from(document, arrays, number) for number in range(document.n_networks))
    return replace(fitted, members=tuple(replace(fitted, network=each) for each in members))


def _check_ends(fitted: Fitted, network: PlainNetwork, parameters: dict[str, Any]) -> None:
    """Refuse a network that takes or gives another number of columns than the table has."""
    assert fitted.encoder is not None
    levels = learnt_levels(parameters.get("loss"), parameters.get("quantile"))
    n_outputs = len(levels) or fitted.target.n_outputs
    for what, given, needed in (
        ("inputs", network.n_inputs, len(fitted.encoder.feature_names_out)),
        ("outputs", network.n_outputs, n_outputs),
    ):
        if given != needed:
            raise ModelFileError(f"the network has {given} {what}, the table {needed}")


def _versions() -> dict[str, str]:
    from importlib.metadata import version  # what reading does not need

    return {name: version(name) for name in ("chainrule", "jax", "numpy", "scikit-learn")}
