"""The trace's own numbers recompute every gradient; and it holds the documents' first iteration."""

import json
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from chainrule.demos.iris import tutorial_network, tutorial_split
from chainrule.engine import (
    LBFGS,
    Adam,
    AdamW,
    Clipped,
    Dense,
    Dropout,
    FeedForward,
    FixedPoint,
    Frozen,
    GradientDescent,
    LayerNorm,
    Momentum,
    Penalty,
    RateFactors,
    RMSProp,
    Rprop,
    SoftmaxCrossEntropy,
    SquaredError,
    make_key,
    sigmoid,
    tanh,
)
from chainrule.errors import OptionError, ShapeError
from chainrule.inspection.explaining.paths import weight_gradient
from chainrule.inspection.tracing.trace import Trace, trace
from chainrule.inspection.tracing.views import named_leaves
from conftest import SHARED

sys.path.append(str(Path(__file__).parents[1] / "engine"))
from test_backward import OBJECTIVES, TABLE, normal, outputs_and_targets, shaken, stepped

FILE = SHARED / "truth" / "iris_truth.json"
RUNS = {"run_N390_reproduces_text": "elements", "run_N130": "rows"}


def agrees(got, wanted, tolerance=1e-9):
    np.testing.assert_allclose(got, wanted, rtol=tolerance, atol=tolerance * 1e-2)


@pytest.mark.skipif(not FILE.is_file(), reason="the file of known answers is not here")
@pytest.mark.parametrize("run", RUNS)
def test_it_holds_the_first_iteration_of_the_documents(run):
    recorded = json.loads(FILE.read_text())[run]
    first, n = recorded["iteration0"], recorded["N"]
    x, y, _, _ = tutorial_split()
    network = tutorial_network()
    params = network.init(make_key(0), 4)
    seen = trace(
        network,
        params,
        x,
        y,
        objective=SquaredError(half=True, over=RUNS[run]),
        optimizer=GradientDescent(0.1),
        dtype="float64",
    )
    agrees(seen["W1"], recorded["W1_initial"])
    agrees(seen["W2"], recorded["W2_initial"])
    agrees(seen["a1"][0], first["A1_row0"])
    agrees(seen["a2"][0], first["A2_row0"])
    agrees(seen["dz2"][0] * n, first["delta_out_row0"])  # the documents divide by N later
    agrees(seen["dz1"][0] * n, first["delta_hid_row0"])
    agrees(seen["W2 gradient"], first["W2_update"])
    agrees(seen["W1 gradient"], first["W1_update"])
    agrees(seen["W2 step"], -0.1 * np.array(first["W2_update"]))
    agrees(seen["W2 new"], first["W2_after"])
    agrees(seen["W1 new"], first["W1_after"])
    assert seen.step("W1 new").note == "η = 0.1, step 1"


# From the shown numbers alone to the gradients: a function for each kind of layer.


def of_dense(t, layer):
    x, dz, w = t[layer.given], t["d" + layer.out], t.find("weights", layer.place).values
    return {"weights": x.T @ dz, "biases": dz.sum(axis=0)}, dz @ w.T


def of_elementwise(t, layer):
    return {}, t["d" + layer.out] * t.find("slope", layer.place).values


def of_softmax(t, layer):
    a, da = t[layer.out], t["d" + layer.out]
    return {}, a * (da - (da * a).sum(axis=1, keepdims=True))


def of_dropout(t, layer):
    mask = t.find("mask", layer.place)
    return {}, t["d" + layer.out] * (1 if mask is None else mask.values)


def of_layer_norm(t, layer):
    n, s, scale, x = (
        t.find(q, layer.place).values for q in ("normalised", "deviation", "scale", "mean")
    )
    agrees((t[layer.given] - x) / s, n)
    dy = t["d" + layer.out]
    g = dy * scale
    mean = g.mean(axis=1, keepdims=True)
    dx = (g - mean - n * (g * n).mean(axis=1, keepdims=True)) / s
    return {"scale": (dy * n).sum(axis=0), "shift": dy.sum(axis=0)}, dx


def of_scale(t, layer):
    dy, scale = t["d" + layer.out], t.find("scale", layer.place).values
    agrees(t[layer.given] * scale, t[layer.out])
    return {"scale": (dy * t[layer.given]).sum(axis=0)}, dy * scale


def of_piecewise(t, seen, layer):
    x, dy, n = t[seen.given], t["d" + seen.out], t[seen.given].shape[1]
    edges, slopes = t.find("edges", seen.place).values, t.find("slope", seen.place).values
    dx = dy[:, :n].copy()
    for j, (column, own) in enumerate(zip(layer.columns, edges, strict=True)):
        for k in range(layer.n_pieces):
            place = j * layer.n_pieces + k
            dx[:, column] += dy[:, n + place] * slopes[:, place]
            if own[k + 1] == own[k]:
                assert not t[seen.out][:, n + place].any()
                continue
            last = k == layer.n_pieces - 1 or own[k + 2] == own[k + 1]
            way = (x[:, column] - own[k]) / (own[k + 1] - own[k])
            way = np.clip(way, 0 if k else -np.inf, np.inf if last else 1)
            agrees(t[seen.out][:, n + place], way - 0.5)
    return {}, dx


def windows(x, grid, size):
    """What each place of a kernel sees, (places, rows, cells)."""
    up, left = size[0] // 2, size[1] // 2
    framed = np.pad(x.reshape(-1, *grid), ((0, 0), (up, up), (left, left)))
    return np.stack(
        [
            framed[:, i : i + grid[0], j : j + grid[1]].reshape(len(x), -1)
            for i in range(size[0])
            for j in range(size[1])
        ]
    )


def of_local(t, seen, layer):
    x, dz, kernel = t[seen.given], t["d" + seen.out], t.find("weights", seen.place).values
    cells = layer.grid[0] * layer.grid[1]
    channels = [x[:, c : c + cells] for c in range(0, x.shape[1], cells)]
    views = np.stack([windows(channel, layer.grid, layer.kernel) for channel in channels], axis=1)
    back = windows(dz, layer.grid, layer.kernel)
    dx = np.concatenate([np.tensordot(k[::-1], back, 1) for k in kernel.T], axis=1)
    return {"weights": np.einsum("acnu,nu->ac", views, dz), "biases": dz.sum()[None]}, dx


def of_connections(t, place, layer, h, dz):
    """dW at the weights in use, the gradient of the free ones, and what goes back to h."""
    w = t.find("weights in use", place).values
    free = {s.array.split(".")[-1]: s.values for s in t.steps if s.quantity == "free"}
    kind, v = type(layer).__name__, free["weights"]
    if kind == "LocalConnections":
        used = np.einsum("anu,nu->a", windows(h, layer.grid, layer.kernel), dz)
        back = np.tensordot(w[::-1], windows(dz, layer.grid, layer.kernel), 1)
        if not layer.own_cell:
            used[len(used) // 2] = 0
        return used, {"weights": used * (2 * v if layer.non_negative else 1)}, back
    used = h.T @ dz
    mask = 1.0 if getattr(layer, "mask", None) is None else np.asarray(layer.mask)
    part = {
        s.quantity: s.values
        for s in t.steps
        if s.place == place and s.quantity in ("factor", "slope of log norm", "sums", "ratio")
    }
    too_large = t.find("too large", place)
    bound = None if too_large is None else too_large.values > 0
    if kind == "Spectral":
        along = (used * v * mask).sum() * part["slope of log norm"]
        grads = {"weights": part["factor"] * (used - bound * along)}
    elif kind in ("RowSum", "Perron"):
        along = bound * (used * v * mask).sum(axis=0) / part["sums"]
        ratio = part.get("ratio", 1.0)
        grads = {"weights": part["factor"] * (used - np.sign(v * mask) * ratio * along)}
        if kind == "Perron":
            flow = part["factor"] * along * np.abs(v) * ratio
            grads["log_scale"] = flow.sum(axis=0) - flow.sum(axis=1)
    elif kind == "Monotone":
        grads = {"weights": -v @ (used + used.T), "skew": used - used.T}
    elif kind == "Symmetric":
        grads = {"weights": 0.5 * (used + used.T)}
    else:
        grads = {"weights": 2 * v * used if kind == "NonNegative" else used}
    grads["weights"] = grads["weights"] * mask
    return used, grads, dz @ w.T


def of_connections_alone(t, seen, layer):
    h, dz = t[seen.given], t["d" + seen.out]
    used, grads, back = of_connections(t, seen.place, layer, h, dz)
    if not hasattr(layer, "grid"):
        agrees(used, t.find("d weights in use", seen.place).values)
    return grads, back


def of_fixed_point(t, seen, layer):
    """From h, λ and the weights; λ itself must stand still."""
    place, grads = seen.place, {}
    h, settled = t.find("h", place).values, t.find("λ", place).values
    dz = settled
    slopes = [s.values for s in t.steps if s.quantity == "slope"]
    if len(slopes) == 2:  # tanh, dense, tanh
        dz = dz * slopes[0]
        grads["body.1.weights"] = t.find("a", place).values.T @ dz
        grads["body.1.biases"] = dz.sum(axis=0)
        dz = dz @ t.find("weights", place, "body.1.weights").values.T
    dz = dz * slopes[-1]
    _, free, echo = of_connections(t, place, layer.cell.connections, h, dz)
    agrees(t["d" + seen.out] + echo, settled, 1e-8)
    grads |= {f"connections.{name}": values for name, values in free.items()}
    grads["inputs.weights"] = t[seen.given].T @ dz
    grads["inputs.biases"] = dz.sum(axis=0)
    for which, end in (("sweeps", h), ("adjoint sweeps", settled)):
        agrees(t.find(which, place).values[-1], end, 1e-6)
        residuals = t.find(which.replace("sweeps", "residuals"), place).values
        assert (residuals[-1] < 1e-4 * residuals[0]).all()
    return grads, dz @ t.find("weights", place, "inputs.weights").values.T


def of_unrolled(t, seen, layer):
    place, n = seen.place, t["h1"].shape[2]
    signal, dz = t.find("signal", place).values, t.find("dz", place).values
    before = np.concatenate([np.zeros((1, signal.shape[1], n)), t.find("h", place).values[:-1]])
    flat = dz.reshape(-1, n)
    _, free, _ = of_connections(t, place, layer.cell.connections, before.reshape(-1, n), flat)
    grads = {f"connections.{name}": values for name, values in free.items()}
    grads["inputs.weights"] = signal.reshape(-1, signal.shape[2]).T @ flat
    grads["inputs.biases"] = flat.sum(axis=0)
    dx = np.swapaxes(dz @ t.find("parameter", place, "inputs.weights").values.T, 0, 1)
    return grads, dx.reshape(signal.shape[1], -1)


def of_own(t, seen, layer):
    """Nothing is known of how it computes: the gradient is shown as it is."""
    found = [s for s in t.steps if s.quantity == "d parameter" and s.place == seen.place]
    return {s.array: s.values for s in found}, t["d" + seen.given]


RECOMPUTE = {
    "Dense": lambda t, seen, layer: of_dense(t, seen),
    "Elementwise": lambda t, seen, layer: of_elementwise(t, seen),
    "Softmax": lambda t, seen, layer: of_softmax(t, seen),
    "Dropout": lambda t, seen, layer: of_dropout(t, seen),
    "LayerNorm": lambda t, seen, layer: of_layer_norm(t, seen),
    "Scale": lambda t, seen, layer: of_scale(t, seen),
    "Piecewise": of_piecewise,
    "Local": of_local,
    "FixedPoint": of_fixed_point,
    "Unrolled": of_unrolled,
    "Differentiated": of_own,
}


DRAWING = ("dropout", "feed-forward, all kinds")  # in training they differ


def layer_at(network, place):
    for i in place:
        network = network.layers[i]
    return network


def of_place(tree, place):
    for i in place:
        tree = tree[i]
    return dict(named_leaves(tree))


@pytest.mark.parametrize(
    ("name", "training"), [*((n, False) for n in TABLE), *((n, True) for n in DRAWING)]
)
def test_its_own_numbers_recompute_the_gradient(name, training, key):
    network = TABLE[name]
    step_key = jax.random.key(7) if training else None
    params, x = shaken(network.init(key, 4), 10), normal(20, 5, 4)
    y = normal(30, 5, network.width(4))
    seen = trace(network, params, x, y, objective=SquaredError(), key=step_key)

    def f(params, x):
        if isinstance(network, FixedPoint):
            return stepped(network, params, x)
        return network.forward(params, x, step_key)[0]

    @jax.jit
    def referee(params, x, y, delta):
        z, vjp = jax.vjp(f, params, x)
        return SquaredError().delta(z, y, jnp.ones(5)), *vjp(delta)

    delta = seen[f"d{seen.layers[-1].out}"]
    wanted_delta, grads, dx = referee(params, x, y, jnp.asarray(delta))
    agrees(delta, wanted_delta)
    back = None
    for layer in seen.layers:
        engine_layer = layer_at(network, layer.place)
        found, to_input = RECOMPUTE.get(type(engine_layer).__name__, of_connections_alone)(
            seen, layer, engine_layer
        )
        wanted = of_place(grads, layer.place)
        for array, values in wanted.items():
            agrees(found[array], values)
            shown = [
                s for s in seen.phase("backward") if (s.place, s.array) == (layer.place, array)
            ]
            assert len(shown) == 1
            agrees(shown[0].values, values)
        back = to_input if back is None else back
    agrees(back, dx)
    agrees(seen["dx"], dx)
    assert len({step.name for step in seen.steps}) == len(seen.steps)
    assert all(
        list(np.shape(s.values)) == s.shape and len(s.axes) == len(s.shape) for s in seen.steps
    )


@pytest.mark.parametrize("name", OBJECTIVES)
def test_the_loss_phase_holds_the_objectives_numbers(name):
    objective, z, y = outputs_and_targets(name)
    network = TABLE["activation identity"]
    weights = np.array([1.0, 2.0, 0.5, 0.0, 1.0, 3.0])
    seen = trace(network, (), z, y, objective=objective, weights=weights)
    agrees(seen["share"], weights / weights.sum())
    agrees(seen["L"], (seen["share"] * seen["ℓ"]).sum())
    agrees(seen["da0"], jax.grad(objective.value)(z, y, jnp.asarray(weights)))
    agrees(seen["ŷ"], objective.link(z))


NETWORK = FeedForward((Dense(3), LayerNorm(), tanh, Dropout(0.4), Dense(2), sigmoid, Dense(2)))


def seen_network(**options):
    params = shaken(NETWORK.init(make_key(0), 3), 1)
    y = np.eye(2)[[0, 1, 0, 0]]
    return trace(NETWORK, params, normal(2, 4, 3), y, objective=SoftmaxCrossEntropy(), **options)


def test_json_gives_the_same_trace_back():
    seen = seen_network(key=make_key(3), optimizer=Adam(0.1), penalty=Penalty(l2=0.1))
    again = Trace.from_json(seen.to_json())
    assert [s.name for s in again.steps] == [s.name for s in seen.steps]
    assert again.layers == seen.layers
    for one, other in zip(seen.steps, again.steps, strict=True):
        np.testing.assert_array_equal(one.values, other.values)
        assert one.values.dtype == other.values.dtype
        assert (one.formula, one.latex, one.axes, one.place) == (
            other.formula, other.latex, other.axes, other.place,
        )  # fmt: skip
    assert json.loads(json.dumps(seen.to_dict())) == json.loads(seen.to_json())


@pytest.mark.parametrize(
    "optimizer",
    [
        GradientDescent(0.2),
        Momentum(0.2, nesterov=True),
        Adam(0.1),
        AdamW(0.1),
        RMSProp(0.1),
        Rprop(),
        LBFGS(),
        Clipped(Momentum(0.2), 0.01),
        Frozen(Adam(0.1), (0,)),
        RateFactors(Momentum(0.2), {"biases": 0.1}, by_fan_in=True),
    ],
    ids=lambda optimizer: type(optimizer).__name__,
)
def test_the_update_is_the_optimizers(optimizer):
    penalty = Penalty(l1=0.01, l2=0.1)
    seen = seen_network(optimizer=optimizer, penalty=penalty)
    pull = 0.01 * np.sign(seen["W1"]) + 0.1 * seen["W1"]
    agrees(seen["W1 gradient"], seen["dW1"] + pull)
    agrees(seen["b1 gradient"], seen["db1"])
    agrees(seen["W3 old"] + seen["W3 step"], seen["W3 new"])
    if isinstance(optimizer, GradientDescent):
        agrees(seen["W1 step"], -0.2 * seen["W1 gradient"])
    if type(optimizer) is Adam:
        agrees(seen["W1 m"], 0.1 * seen["W1 gradient"])
        agrees(seen["W1 step"], -0.1 * np.sign(seen["W1 gradient"]), 1e-5)
    if isinstance(optimizer, RateFactors):
        agrees(seen["W1 step"], -0.2 / len(seen["W1"]) ** 0.5 * seen["W1 gradient"])
        agrees(seen["b1 step"], -0.2 * 0.1 * seen["b1 gradient"])
    if isinstance(optimizer, Frozen):
        assert not seen["W1 step"].any()
        assert seen["W2 step"].all()
    if isinstance(optimizer, Clipped):
        squares = sum((s.values**2).sum() for s in seen.steps if s.quantity == "gradient")
        agrees(seen["W1 step"], -0.2 * 0.01 / squares**0.5 * seen["W1 gradient"])


def test_a_weights_gradient_is_the_sum_over_paths():
    """Through a sigmoid, through dropout, through a normalisation, at the outputs."""
    seen = seen_network(key=make_key(3))
    for place, i, j in (((4,), 2, 1), ((4,), None, 0), ((6,), 1, 1), ((0,), 2, 1)):
        step = seen.find("d weights" if i is not None else "d biases", place)
        rows = [weight_gradient(seen, place, i, j, row=row) for row in range(4)]
        agrees(sum(g.gradient for g in rows), step.values[(i, j) if i is not None else j])
        for g in rows:
            agrees(g.total, step.values[(i, j) if i is not None else j])
            agrees(g.input * g.delta, g.gradient)
            if g.paths:
                agrees(sum(p.delta * p.weight for p in g.paths), g.comes_back)
            if not g.through:
                agrees(g.comes_back * np.prod([f.value for f in g.factors]), g.delta)
    hidden = weight_gradient(seen, (4,), 2, 1, row=1)
    assert [p.unit for p in hidden.paths] == ["output[0]", "output[1]"]
    assert (hidden.source, hidden.unit) == ("hidden1[2]", "hidden2[1]")
    assert [f.name for f in hidden.factors] == ["slope2"]
    assert weight_gradient(seen, (0,), 2, 1).through == "layer norm"
    assert not weight_gradient(seen, (6,), 1, 1).paths


@pytest.mark.parametrize("behind", [(), (Dropout(0.4),), (Dense(2),)])
def test_paths_of_units_that_settle_hold_all_echoes(behind):
    layer = TABLE["fixed point, auto, auto"]
    network = FeedForward((layer, *behind))
    params, x = shaken(network.init(make_key(0), 4), 3), normal(4, 3, 4)
    y = normal(5, 3, network.width(4))
    seen = trace(network, params, x, y, objective=SquaredError(), key=make_key(2))
    for array, step in (("weights", "dU1"), ("weights in use", "dW1")):
        rows = [weight_gradient(seen, (0,), 2, 1, row=row, array=array) for row in range(3)]
        agrees(sum(g.gradient for g in rows), seen[step][2, 1])
        for g in rows:
            agrees(sum(p.product for p in g.paths), g.comes_back)
            agrees(g.comes_back * g.factors[0].value, g.delta)
            np.testing.assert_allclose(sum(g.echoes), g.comes_back, atol=1e-12)
    assert [p.unit for p in rows[0].paths[-3:]] == [
        "hidden1[0]",
        "hidden1[1]",
        "hidden1[2]",
    ] or not (behind == (Dense(2),))


def test_each_echo_is_a_power_of_the_jacobian():
    network = FeedForward((TABLE["fixed point, picard, lu"],))
    params = shaken(network.init(make_key(0), 4), 3)
    seen = trace(network, params, normal(4, 2, 4), normal(5, 2, 3), objective=SquaredError())
    e, slope, w = seen["da1"][1], seen["slope1"][1], seen["W1"]
    for k, echo in enumerate(np.transpose([
        weight_gradient(seen, (0,), 0, j, row=1).echoes for j in range(3)
    ])):  # fmt: skip
        agrees(echo, np.linalg.matrix_power(w * slope, k) @ e)


def test_names_and_refusals():
    seen = seen_network(input_names=["a", "b", "c"], output_names=["yes", "no"])
    assert seen.layer((0,)).inputs == ["a", "b", "c"]
    assert seen.layer((6,)).units == ["output[yes]", "output[no]"]
    assert not seen.training
    assert "z1 = x W1 + b1" in str(seen)
    with pytest.raises(OptionError, match='did you mean "dW1"'):
        seen["dw1"]
    with pytest.raises(OptionError, match=r"no layer at \(9,\)"):
        seen.layer((9,))
    with pytest.raises(OptionError, match="row=7 is out of range"):
        weight_gradient(seen, (0,), 0, 0, row=7)
    with pytest.raises(OptionError, match="has no weights from unit to unit"):
        weight_gradient(seen, (1,), 0, 0)
    with pytest.raises(ShapeError, match="2 names for 3 numbers"):
        seen_network(input_names=["a", "b"])
    with pytest.raises(ShapeError, match="gives 2 outputs"):
        trace(NETWORK, (), np.ones((4, 3)), np.ones((4, 1)), objective=SoftmaxCrossEntropy())


def test_float32_networks_are_traced_in_their_own_numbers_or_in_float64():
    params = jax.tree.map(lambda a: a.astype("float32"), NETWORK.init(make_key(0), 3))
    rows = np.ones((2, 3)), np.eye(2)
    for dtype, wanted in ((None, "float32"), ("float64", "float64")):
        seen = trace(NETWORK, params, *rows, objective=SoftmaxCrossEntropy(), dtype=dtype)
        assert {seen.dtype, *(step.values.dtype.name for step in seen.steps)} == {wanted}
