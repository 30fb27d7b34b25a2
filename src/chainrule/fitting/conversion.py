"""What a fitted estimator holds of its network, in NumPy; and the engine's view of it.

    coefs_, intercepts_    weights and biases of the dense layers: what predictions are made of
    _layers, _others       kind of every layer; arrays of those that are not dense
    _link, _sizes          how raw outputs become predictions

A network with layers of the user's own cannot be told in these terms; then the engine's parameters
are kept, and the engine predicts.
"""

from typing import Any

import numpy as np

from chainrule.activations import record_of
from chainrule.predicting.layers import (
    ActivationSpec,
    DenseSpec,
    FixedPointSpec,
    LayerNormSpec,
    PiecewiseSpec,
    ScaleSpec,
    SoftmaxSpec,
)
from chainrule.predicting.network import PlainNetwork

_OUTPUTS = {"sigmoid": "logistic", "softmax blocks": "softmax", "sort": "identity"}


def network_attributes(network: Any, params: Any, objective: Any) -> dict[str, Any]:
    """Return the attributes of an estimator that hold its network."""
    from chainrule.engine import Dense

    dense = [p for layer, p in zip(network.layers, params, strict=True) if isinstance(layer, Dense)]
    layers, others = _describe(network, params)
    link, sizes = _link(objective)
    plain = layers is not None and link is not None
    return {
        "coefs_": [np.array(p.weights) for p in dense],
        "intercepts_": [np.array(p.biases) for p in dense],
        "n_layers_": len(dense) + 1,
        "n_outputs_": int(dense[-1].weights.shape[1]),
        "out_activation_": _OUTPUTS.get(link or "", link),
        "_layers": layers if plain else None,
        "_others": others if plain else None,
        "_link": link,
        "_sizes": sizes,
        "_network": network,
        "_engine_params": None if plain else params,
    }


def members_of(model: Any) -> list[Any]:
    """Return the networks that predict together, each an estimator; or the one that is alone."""
    return vars(model).get("members_", [model])


def plain_network(model: Any, dtype: Any = None) -> PlainNetwork:
    """Return the network as NumPy runs it, made of the arrays that the estimator shows.

    With a `dtype` it computes in that one instead of its own.
    """
    dense = zip(model.coefs_, model.intercepts_, strict=True)
    arrays = []
    for layer, other in zip(model._layers, model._others, strict=True):
        if isinstance(layer, DenseSpec):
            weights, biases = next(dense)
            other = {"weights": weights, "biases": biases}
        if dtype is not None:
            other = {name: array.astype(dtype, copy=False) for name, array in other.items()}
        arrays.append(other)
    return PlainNetwork(tuple(model._layers), tuple(arrays), model._link, model._sizes)


def engine_network(layers: Any, arrays: Any) -> Any:
    """Return the engine's network of these specs; dropout, which predicts nothing, is not in it."""
    from dataclasses import replace

    from chainrule.engine import (
        ACTIVATIONS,
        Dense,
        FeedForward,
        LayerNorm,
        Piecewise,
        Scale,
        softmax,
    )

    made: list[Any] = []
    for spec, own in zip(layers, arrays, strict=True):
        if isinstance(spec, DenseSpec):
            made.append(Dense(spec.n_out, bias=spec.bias))
        elif isinstance(spec, LayerNormSpec):
            made.append(LayerNorm(spec.epsilon))
        elif isinstance(spec, ScaleSpec):
            made.append(Scale())
        elif isinstance(spec, PiecewiseSpec):
            made.append(Piecewise(tuple(spec.columns), own["edges"]))
        elif isinstance(spec, ActivationSpec):
            named: Any = ACTIVATIONS[spec.name]
            made.append(replace(named, constants=tuple(spec.constants)))
        else:
            made.append(softmax)
    return FeedForward(tuple(made))


def engine_params(model: Any) -> Any:
    """Return the parameters as the engine's network has them."""
    if model._engine_params is not None:
        return model._engine_params
    from chainrule.engine import (
        Dense,
        DenseParams,
        Dropout,
        FixedPoint,
        LayerNorm,
        LayerNormParams,
        Scale,
        ScaleParams,
    )

    dense = zip(model.coefs_, model.intercepts_, strict=True)
    others = iter(model._others)
    params: list[Any] = []
    for layer in model.network_.layers:
        own = {} if isinstance(layer, Dropout) else next(others)
        if isinstance(layer, Dense):
            weights, biases = next(dense)
            params.append(_unchecked(DenseParams, weights=weights, biases=biases))
        elif isinstance(layer, LayerNorm | Scale):
            kind = LayerNormParams if isinstance(layer, LayerNorm) else ScaleParams
            params.append(_unchecked(kind, **own))
        elif isinstance(layer, FixedPoint):
            params.append(_cell_params(layer, own))
        else:
            params.append(())
    return tuple(params)


def _cell_params(layer: Any, own: dict[str, np.ndarray]) -> Any:
    """Return the parameters of a network that settles: its free ones, not the weights in use."""
    from chainrule.engine import CellParams, DenseParams

    inputs = _unchecked(DenseParams, weights=own["inputs"], biases=own["biases"])
    free = {name.removeprefix("free_"): a for name, a in own.items() if name.startswith("free_")}
    connections = _unchecked(layer.cell.connections.params_type, **free)
    return _unchecked(CellParams, inputs=inputs, connections=connections, body=())


def _unchecked(cls: Any, **arrays: Any) -> Any:
    """Return parameters that hold NumPy arrays, which become the engine's when it runs."""
    params = object.__new__(cls)
    for name, array in arrays.items():
        object.__setattr__(params, name, array)
    return params


def _describe(network: Any, params: Any) -> tuple[Any, Any]:
    from chainrule.engine import (
        Dense,
        Dropout,
        Elementwise,
        FixedPoint,
        LayerNorm,
        Piecewise,
        Scale,
        Softmax,
    )

    layers: list[Any] = []
    others: list[dict[str, np.ndarray]] = []
    for place, (layer, p) in enumerate(zip(network.layers, params, strict=True)):
        own: dict[str, np.ndarray] = {}
        if isinstance(layer, Dense):
            spec: Any = DenseSpec(*map(int, p.weights.shape), bias=True)
        elif isinstance(layer, LayerNorm):
            spec = LayerNormSpec(int(p.scale.shape[0]), float(layer.epsilon))
            own = {"scale": np.array(p.scale), "shift": np.array(p.shift)}
        elif isinstance(layer, Scale):
            spec = ScaleSpec(int(p.scale.shape[0]))
            own = {"scale": np.array(p.scale)}
        elif isinstance(layer, Piecewise):
            after = next(behind for behind in params[place + 1 :] if behind != ())
            like = after.scale if hasattr(after, "scale") else after.weights
            n_out = int(like.shape[0])
            n_in = n_out - len(layer.columns) * layer.n_pieces
            spec = PiecewiseSpec(n_in, n_out, list(layer.columns))
            own = {"edges": np.asarray(layer.edges, like.dtype)}
        elif isinstance(layer, FixedPoint) and record_of(layer.cell.body) is not None:
            spec, own = _describe_fixed_point(layer, p)
        elif isinstance(layer, Softmax):
            spec = SoftmaxSpec()
        elif isinstance(layer, Elementwise) and record_of(layer) is not None:
            spec = ActivationSpec(layer.name, [float(c) for c in layer.constants])
        elif isinstance(layer, Dropout):
            continue
        else:
            return None, None
        layers.append(spec)
        others.append(own)
    return tuple(layers), others


def _describe_fixed_point(layer: Any, params: Any) -> tuple[FixedPointSpec, dict[str, np.ndarray]]:
    from chainrule.engine.compiling.precision import precision

    inputs, free = params.inputs, params.connections
    with precision(np.asarray(inputs.weights).dtype):
        effective, _ = layer.cell.connections.effective(free)
    names: list[Any] = [n for n in ("weights", "skew", "log_scale") if hasattr(free, n)]
    spec = FixedPointSpec(
        *map(int, inputs.weights.shape),
        activation=layer.cell.body.name,
        constants=[float(c) for c in layer.cell.body.constants],
        accelerates=layer.solver != "picard" and not layer.cell.connections.rises,
        step=1.0 if layer.alpha is None and layer.cell.connections.rises else layer.alpha,
        tau=[] if layer.tau is None else [float(each) for each in layer.tau],
        tol=layer.tol,
        max_sweeps=int(layer.max_sweeps),
        free=names,
    )
    own = {"inputs": inputs.weights, "biases": inputs.biases, "weights": effective}
    own |= {f"free_{name}": getattr(free, name) for name in names}
    return spec, {name: np.array(array) for name, array in own.items()}


def _link(objective: Any) -> tuple[str | None, tuple[int, ...]]:
    from chainrule import engine as e

    if isinstance(objective, e.SeveralSoftmaxCrossEntropies):
        return "softmax blocks", objective.sizes
    if isinstance(objective, e.CustomLoss):
        return objective.output, ()
    links: dict[type, str] = {
        e.SoftmaxCrossEntropy: "softmax",
        e.SigmoidCrossEntropy: "sigmoid",
        e.Poisson: "exp",
        e.Quantile: "sort",
        e.SquaredError: "identity",
        e.AbsoluteError: "identity",
        e.Huber: "identity",
    }
    return links.get(type(objective)), ()
