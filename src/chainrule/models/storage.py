"""Model files: safetensors for every array, JSON beside them; opening one runs no code.

A `.chr` file is a safetensors file whose metadata holds one JSON document, checked against
`Document`.  Written to a temporary file first, then moved into place.
"""

import os
from pathlib import Path
from typing import Any

import jax
import msgspec
import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as serialize

from chainrule.data import ClassTarget, InputEncoder, NumberTarget
from chainrule.engine import make_key
from chainrule.engine.pytree import on_device
from chainrule.engine.training.precision import as_dtype, precision
from chainrule.errors import MissingFileError, ModelFileError, OptionError
from chainrule.models.base import BaseMLP
from chainrule.models.mlp import MLPClassifier, MLPRegressor
from chainrule.models.network import build_network

SCHEMA_VERSION = 1
ESTIMATORS: dict[str, type[BaseMLP]] = {
    "MLPClassifier": MLPClassifier,
    "MLPRegressor": MLPRegressor,
}


class Document(msgspec.Struct, forbid_unknown_fields=True):
    """The JSON part of a model file."""

    schema_version: int
    estimator: str
    parameters: dict[str, Any]
    inputs: dict[str, Any]
    target: dict[str, Any]
    n_inputs: int
    n_outputs: int
    fitted: dict[str, Any]
    history: list[str]
    versions: dict[str, str]


def save(model: BaseMLP, path: str | Path) -> Path:
    """Write a fitted model to `path` in one move.

    Raises
    ------
    OptionError
        If a parameter is an object of the user's own, which no file can hold.
    """
    inputs, input_arrays = model._encoder.to_state()
    target, target_arrays = model._target.to_state()
    arrays = {f"params{name}": np.asarray(leaf) for name, leaf in _named(model.params_)}
    arrays |= {f"inputs.{name}": array for name, array in input_arrays.items()}
    arrays |= {f"target.{name}": array for name, array in target_arrays.items()}
    arrays |= {f"history.{name}": array for name, array in model.history_.items()}
    weights = [p.weights for p in model.params_ if hasattr(p, "weights")]
    document = Document(
        schema_version=SCHEMA_VERSION,
        estimator=type(model).__name__,
        parameters=_plain_parameters(model),
        inputs=inputs,
        target=target,
        n_inputs=weights[0].shape[0],
        n_outputs=weights[-1].shape[1],
        fitted={name: getattr(model, name) for name in _FITTED},
        history=list(model.history_),
        versions=_versions(),
    )
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    data = serialize(contiguous, {"chainrule": msgspec.json.encode(document).decode()})
    path = Path(path)
    temporary = path.with_name(f".writing-{os.getpid()}-{path.name}")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    except OSError as error:
        raise MissingFileError(
            f"the model cannot be written to {path} ({error.strerror}). Choose another place."
        ) from None
    finally:
        temporary.unlink(missing_ok=True)
    return path


def load(path: str | Path) -> Any:
    """Read a model file and give the estimator, fitted as it was saved.

    Raises
    ------
    MissingFileError
        If there is no such file.
    ModelFileError
        If it is not a model file, is damaged, or was written by a later version.
    """
    path = Path(path)
    if not path.is_file():
        raise MissingFileError(f"no model file {path}. Give the path that `save` wrote.")
    try:
        with safe_open(path, framework="numpy") as file:
            text = (file.metadata() or {}).get("chainrule")
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if text is None:
            raise ModelFileError(f"{path} holds arrays but no chainrule model. Give a .chr file.")
        document = msgspec.json.decode(text, type=Document)
    except (SafetensorError, msgspec.MsgspecError, OSError) as error:
        raise ModelFileError(
            f"{path} is not a whole model file ({error}). Save the model again."
        ) from None
    if document.schema_version > SCHEMA_VERSION or document.estimator not in ESTIMATORS:
        raise ModelFileError(
            f"{path} was written by another version of chainrule "
            f"({document.versions.get('chainrule')}). Update chainrule to read it."
        )
    return _rebuild(document, arrays, path)


def _rebuild(document: Document, arrays: dict[str, np.ndarray], path: Path) -> BaseMLP:
    parameters: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in document.parameters.items()
    }
    model = ESTIMATORS[document.estimator](**parameters)
    parts: dict[str, dict[str, np.ndarray]] = {"inputs": {}, "target": {}, "history": {}}
    for name, array in arrays.items():
        part, _, rest = name.partition(".")
        if part in parts:
            parts[part][rest] = array
    target_type = ClassTarget if model._classifies else NumberTarget
    dtype = as_dtype(model.dtype)
    network = build_network(
        document.n_outputs,
        model.hidden_layer_sizes,
        model.activation,
        model.dropout,
        model.layer_norm,
    )
    with precision(dtype):
        template = network.init(make_key(0), document.n_inputs)
        leaves = []
        for name, leaf in _named(template):
            array = arrays.get(f"params{name}")
            if array is None or array.shape != leaf.shape:
                raise ModelFileError(f"{path} lacks weights ({name}). Save the model again.")
            leaves.append(on_device(array, dtype))
        model.params_ = jax.tree.unflatten(jax.tree.structure(template), leaves)
    model.network_ = network
    model._encoder = InputEncoder.from_state(document.inputs, parts["inputs"])
    model._target = target_type.from_state(document.target, parts["target"])
    model.n_features_in_ = model._encoder.n_features_in
    if model._encoder.feature_names_in is not None:
        model.feature_names_in_ = np.asarray(model._encoder.feature_names_in, dtype=object)
    model.history_ = {name: parts["history"][name] for name in document.history}
    for name in _FITTED:
        setattr(model, name, document.fitted[name])
    return model


_FITTED = ("n_iter_", "best_iter_", "stop_", "stop_message_", "fit_seconds_", "compile_seconds_")


def _named(tree: Any) -> list[tuple[str, Any]]:
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return [(jax.tree_util.keystr(path), leaf) for path, leaf in leaves]


def _plain_parameters(model: BaseMLP) -> dict[str, Any]:
    parameters = model.get_params(deep=False)
    for name, value in parameters.items():
        items = list(value) if isinstance(value, list | tuple) else [value]
        items = [item.item() if isinstance(item, np.generic) else item for item in items]
        if not all(item is None or isinstance(item, bool | int | float | str) for item in items):
            raise OptionError(
                f"{name}={value!r} is an object that a model file cannot hold. "
                "Use a name instead, or pickle the model."
            )
        parameters[name] = items if isinstance(value, list | tuple) else items[0]
    return parameters


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in ("chainrule", "jax", "numpy", "scikit-learn")}
