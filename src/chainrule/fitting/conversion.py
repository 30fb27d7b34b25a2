"""From the engine's network to NumPy's and back.

A network with layers of the user's own cannot be told in NumPy's terms; then the engine predicts.
"""

from typing import Any

import numpy as np

from chainrule.activations import record_of
from chainrule.fitting.own_network import OwnNetwork
from chainrule.predicting.fitted import Network
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


def as_predicting(network: Any, params: Any, objective: Any) -> Network:
    """Return the network that predicts: NumPy's, or the engine's where code is a user's own."""
    layers, arrays = _describe(network, params)
    link, sizes = _link(objective)
    if layers is None or link is None:
        return OwnNetwork(network, params, objective, link, layers or (), tuple(arrays or ()))
    return PlainNetwork(layers, tuple(arrays), link, sizes)


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


def engine_params(network: Network, layers: Any) -> Any:
    """Return the parameters of a network as the engine's `layers` have them."""
    if isinstance(network, OwnNetwork):
        return network.params
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

    assert isinstance(network, PlainNetwork)
    kinds: dict[type, type] = {Dense: DenseParams, LayerNorm: LayerNormParams, Scale: ScaleParams}
    arrays = iter(network.arrays)
    params: list[Any] = []
    for layer in layers:
        own = {} if isinstance(layer, Dropout) else next(arrays)
        if isinstance(layer, FixedPoint):
            params.append(_cell_params(layer, own))
        elif type(layer) in kinds:
            params.append(_unchecked(kinds[type(layer)], **own))
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
            own = {"weights": np.array(p.weights), "biases": np.array(p.biases)}
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
