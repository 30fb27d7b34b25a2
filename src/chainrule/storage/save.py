"""Estimators to model files and back; the file itself and its checks are in `model_file`.

What a fitted estimator holds is data already: parameters, what the columns and the target are, the
network's arrays, the history, the optimizer's state.  Loading builds the estimator from them and
needs no JAX; neither does predicting.
"""

import copy
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.data import InputEncoder, target_from_state
from chainrule.errors import ModelFileError, OptionError
from chainrule.fitting.conversion import members_of, plain_network
from chainrule.models.associative_memory import AssociativeMemory
from chainrule.models.base import BaseMLP
from chainrule.models.fixed_point import FixedPointClassifier, FixedPointRegressor
from chainrule.models.mlp import MLPClassifier, MLPRegressor
from chainrule.models.tabular import TabularClassifier, TabularRegressor
from chainrule.predicting.history import History, flow_from, flow_told
from chainrule.predicting.intervals import Calibration
from chainrule.predicting.layers import DenseSpec
from chainrule.predicting.network import PlainNetwork
from chainrule.storage.document import (
    SCHEMA_VERSION,
    Document,
    InputsDocument,
    TargetDocument,
    part_of,
)
from chainrule.storage.model_file import network_from, read, write
from chainrule.storage.patterns import patterns_from, patterns_told

ESTIMATORS: dict[str, type[BaseMLP] | type[AssociativeMemory]] = {
    "AssociativeMemory": AssociativeMemory,
    "FixedPointClassifier": FixedPointClassifier,
    "FixedPointRegressor": FixedPointRegressor,
    "MLPClassifier": MLPClassifier,
    "MLPRegressor": MLPRegressor,
    "TabularClassifier": TabularClassifier,
    "TabularRegressor": TabularRegressor,
}
_DICT = ["dict"]  # the first entry of a list of pairs that stands for a dict
_OF_ANY_NETWORK = ("n_layers_", "n_outputs_", "out_activation_")
_FITTED = (
    *_OF_ANY_NETWORK,
    "n_iter_",
    "best_iter_",
    "stop_",
    "stop_message_",
    "fit_seconds_",
    "compile_seconds_",
    "t_",
    "_epoch",
    "_penalty",
)


def save(model: BaseMLP | AssociativeMemory, path: str | Path) -> Path:
    """Write a fitted model to `path` in one move.

    Raises
    ------
    OptionError
        If the network or a parameter is an object of the user's own, which no file can hold.
    """
    if model._layers is None:
        raise OptionError(
            "the network has layers or a loss of your own, which a model file cannot hold: it "
            "holds data alone. Use named ones, or pickle the model."
        )
    networks = [plain_network(member) for member in members_of(model)]
    network = networks[0]
    arrays = {
        f"{part_of(number)}.{i}.{name}": array
        for number, each in enumerate(networks)
        for i, own in enumerate(each.arrays)
        for name, array in own.items()
    }
    parameters, parameter_arrays = _plain_parameters(model)
    told, parts = (
        _memory_told(model) if isinstance(model, AssociativeMemory) else _table_told(model)
    )
    flow, flow_columns = flow_told(vars(model).get("flow_", {}))
    parts |= {"parameters": parameter_arrays, "history": model.history_}
    parts |= {"flow": {str(i): column for i, column in enumerate(flow_columns)}}
    arrays |= {f"{part}.{name}": a for part, named in parts.items() for name, a in named.items()}
    document = Document(
        schema_version=SCHEMA_VERSION,
        estimator=type(model).__name__,
        parameters=parameters,
        layers=list(network.layers),
        link=network.link,
        link_sizes=list(network.sizes),
        n_networks=len(networks),
        dtype="float64" if model.coefs_[0].dtype == np.float64 else "float32",
        history=list(model.history_),
        flow=flow,
        versions=_versions(),
        **told,
    )
    return write(path, document, {name: np.asarray(a, order="C") for name, a in arrays.items()})


def _memory_told(model: AssociativeMemory) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the document says of a memory's patterns, and its arrays."""
    target, arrays = patterns_told(model.patterns_)
    fitted = {name: getattr(model, name) for name in _OF_ANY_NETWORK}
    return {"target": target, "fitted": fitted}, {"target": arrays}


def _table_told(model: BaseMLP) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the document says of a table's columns and of going on, and the arrays."""
    inputs, input_arrays = model._encoder.to_state()
    target, target_arrays = model._target.to_state()
    told = {
        "inputs": InputsDocument.from_state(inputs),
        "target": TargetDocument.from_state(model._target.kind, target),
        "fitted": {name: getattr(model, name) for name in (*_FITTED, *model._kept_too)},
        "optimizer_state": [f"optimizer.{i}" for i in range(len(model._optimizer_leaves))],
        "seed": model._seed,
        "data_hash": model._data_hash,
    }
    return told, {
        "inputs": input_arrays,
        "target": target_arrays,
        "optimizer": {str(i): leaf for i, leaf in enumerate(model._optimizer_leaves)},
        "calibration": _calibration_arrays(model),
    }


def load(path: str | Path) -> Any:
    """Read a model file and give the estimator, fitted as it was saved.

    Nothing in the file is run; predicting with what it gives needs no JAX.

    Raises
    ------
    MissingFileError
        If there is no such file.
    ModelFileError
        If it is not a model file, is damaged, or was written by a later version.
    """
    document, arrays = read(path)
    if document.estimator not in ESTIMATORS:
        raise ModelFileError(
            f'{path} holds an estimator that is not known here ("{document.estimator}"). '
            "Update chainrule to read it."
        )
    try:
        return _rebuild(document, arrays)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise ModelFileError(
            f"{path} holds parts that do not fit together ({error}). Save the model again."
        ) from None


def _rebuild(document: Document, arrays: dict[str, np.ndarray]) -> Any:
    parts: dict[str, dict[str, np.ndarray]] = {}
    for name, array in arrays.items():
        part, _, rest = name.partition(".")
        parts.setdefault(part, {})[rest] = array
    model: Any = ESTIMATORS[document.estimator](
        **_parameters_from(document.parameters, parts.get("parameters", {}))
    )
    network = network_from(document, arrays)
    memory = isinstance(model, AssociativeMemory)
    names = _OF_ANY_NETWORK if memory else (*_FITTED, *model._kept_too)
    vars(model).update(
        **_attributes_of(network),
        _link=network.link,
        _sizes=network.sizes,
        history_=History({name: parts["history"][name] for name in document.history}),
        **{name: document.fitted[name] for name in names},
    )
    if isinstance(model, AssociativeMemory):
        model._check_options()
        model._remember(patterns_from(document.target, parts.get("target", {}), network))
    else:
        _rebuild_table(model, document, parts, network)
    members = []
    for number in range(document.n_networks if document.n_networks > 1 else 0):
        member = copy.copy(model)
        vars(member).update(_attributes_of(network_from(document, arrays, number)))
        members.append(member.set_params(n_networks=1))
    vars(model).update({"members_": members} if members else {})
    return model


def _attributes_of(network: PlainNetwork) -> dict[str, Any]:
    """Return the attributes that hold a network's arrays; see `fitted`."""
    pairs = list(zip(network.layers, network.arrays, strict=True))
    dense = [own for spec, own in pairs if isinstance(spec, DenseSpec)]
    return {
        "coefs_": [own["weights"] for own in dense],
        "intercepts_": [own["biases"] for own in dense],
        "_layers": network.layers,
        "_others": [{} if isinstance(spec, DenseSpec) else own for spec, own in pairs],
        "_network": None,
        "_engine_params": None,
    }


def _rebuild_table(
    model: Any, document: Document, parts: dict[str, dict[str, np.ndarray]], network: PlainNetwork
) -> None:
    """Give an estimator back its columns and its target, and what going on needs."""
    model._check_numbers()
    if document.inputs is None:
        raise ModelFileError("its columns are missing")
    model._encoder = InputEncoder.from_state(document.inputs.to_state(), parts.get("inputs", {}))
    target = document.target
    model._target = target_from_state(target.kind, target.to_state(), parts.get("target", {}))
    if model._classifies != model._target.classifies:
        raise ModelFileError(f"a {document.estimator} has no target of {target.kind}")
    _check_ends(model, network)
    leaves = parts.get("optimizer", {})
    model._optimizer_leaves = [leaves[str(i)] for i in range(len(document.optimizer_state))]
    flow = [parts["flow"][str(i)] for i in range(len(document.flow))]
    model.flow_ = flow_from(document.flow, flow)
    model._seed, model._data_hash = document.seed, document.data_hash
    model.n_features_in_ = model._encoder.n_features_in
    if model._encoder.feature_names_in is not None:
        model.feature_names_in_ = np.asarray(model._encoder.feature_names_in, dtype=object)
    if isinstance(model, MLPRegressor):
        known = parts.get("calibration")
        model._calibration = None if known is None else Calibration(**known)


def _check_ends(model: Any, network: PlainNetwork) -> None:
    """Refuse a network that takes or gives another number of columns than the table has."""
    n_outputs = model._target.n_outputs
    if getattr(model, "loss", None) == "quantile":
        n_outputs = len(model._levels())
    for what, given, needed in (
        ("inputs", network.n_inputs, len(model._encoder.feature_names_out)),
        ("outputs", network.n_outputs, n_outputs),
    ):
        if given != needed:
            raise ModelFileError(f"the network has {given} {what}, the table {needed}")


def _calibration_arrays(model: Any) -> dict[str, np.ndarray]:
    known = getattr(model, "_calibration", None)
    return {} if known is None else {"errors": known.errors, "weights": known.weights}


def _plain_parameters(model: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the parameters as JSON takes them, and the arrays among them by name."""
    plain: dict[str, Any] = {}
    arrays: dict[str, np.ndarray] = {}
    for name, value in model.get_params(deep=False).items():
        if name in ("coefs_init", "intercepts_init") and value is not None:
            arrays |= {
                f"{name}.{i}": np.asarray(each, dtype=np.float64)
                for i, each in enumerate(value)
                if each is not None
            }
            plain[name] = len(value)
            continue
        if name == "random_state" and isinstance(value, np.random.RandomState):
            value = None  # the seed that it gave is in the file
        plain[name] = _plain(name, value)
    return plain, arrays


def _parameters_from(plain: dict[str, Any], arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    parameters: dict[str, Any] = {}
    for name, value in plain.items():
        if name in ("coefs_init", "intercepts_init") and value is not None:
            value = [arrays.get(f"{name}.{i}") for i in range(int(value))]
        parameters[name] = _restored(value)
    return parameters


def _plain(name: str, value: Any) -> Any:
    """Return a parameter as JSON takes it.

    Raises
    ------
    OptionError
        If it is an object.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(name, item) for item in value]
    if isinstance(value, dict):
        return [_DICT, *([_plain(name, k), _plain(name, v)] for k, v in value.items())]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise OptionError(
        f"{name}={value!r} is an object that a model file cannot hold. "
        "Use a name instead, or pickle the model."
    )


def _restored(value: Any) -> Any:
    """Return a parameter as `_plain` took it, with tuples for lists."""
    if not isinstance(value, list):
        return value
    if value[:1] == [_DICT]:
        return dict(value[1:])
    return tuple(_restored(item) for item in value)


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in ("chainrule", "jax", "numpy", "scikit-learn")}
