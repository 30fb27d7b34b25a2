"""The referees: every hand-written gradient against autodiff and against finite differences.

`TABLE` has a row for every layer and network, `OBJECTIVES` one for every objective; the last test
fails when a class of the engine, or an activation by name, has no row.
"""

import dataclasses
import importlib
import inspect
import pkgutil

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import chainrule.engine as engine
from chainrule.activations import RECORDS
from chainrule.engine import (
    ACTIVATIONS,
    AbsoluteError,
    Cell,
    CustomLoss,
    Dense,
    Differentiated,
    Dropout,
    Elementwise,
    FeedForward,
    FixedPoint,
    Huber,
    LayerNorm,
    Local,
    LocalConnections,
    Monotone,
    NonNegative,
    Normal,
    Penalty,
    Perron,
    Piecewise,
    Poisson,
    Quantile,
    Recurrent,
    RowSum,
    Scale,
    SeveralSoftmaxCrossEntropies,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    Spectral,
    SquaredError,
    Symmetric,
    Unrolled,
    sigmoid,
    tanh,
)
from chainrule.engine.layers.base import Layer
from chainrule.engine.objectives.base import Objective


class Swish:
    """A user's layer that gives only `forward`, with a parameter."""

    def init(self, key, n_in):
        return jnp.ones(n_in)

    def forward(self, params, x):
        return x * jax.nn.sigmoid(params[None, :] * x)


TABLE = {
    "dense": Dense(3),
    "dense without bias": Dense(3, bias=False, weights=Normal(0.7)),
    **{f"activation {name}": ACTIVATIONS[name] for name in (*RECORDS, "softmax")},
    "dropout": Dropout(0.4),
    "layer norm": LayerNorm(),
    "scale": Scale(),
    "piecewise": Piecewise((0, 2), [[-1.0, -0.1, 0.3, 1.0], [-0.5, 0.5, 0.5, 0.5]]),
    "user's own layer": Differentiated(Swish()),
    "feed-forward": FeedForward((Dense(6), tanh, Dense(3), sigmoid)),
    "feed-forward, all kinds": FeedForward(
        (Dense(6, weights="he"), LayerNorm(), ACTIVATIONS["mish"], Dropout(0.3), Swish(), Dense(3))
    ),
    "local": Local((2, 2), (3, 1), weights=Normal(0.5)),
    "recurrent": Recurrent(),
    "recurrent, masked": Recurrent(mask=1 - np.eye(4)),
    "local connections": LocalConnections((2, 2), weights=Normal(0.5)),
    "local connections, own cell, none below 0": LocalConnections(
        (1, 4), (1, 3), weights=Normal(0.5), own_cell=True, non_negative=True
    ),
    "spectral": Spectral(bound=0.5),
    "spectral, masked": Spectral(mask=1 - np.eye(4), bound=0.5),
    "spectral, not bound": Spectral(bound=20.0),
    "row sum": RowSum(mask=1 - np.eye(4), bound=0.7),
    "perron": Perron(bound=0.7),
    "monotone": Monotone(),
    "symmetric": Symmetric(mask=1 - np.eye(4)),
    "non-negative": NonNegative(),
    **{
        f"fixed point, {solver}, {adjoint}": FixedPoint(
            Cell(Dense(3), Spectral(bound=0.6)), solver, adjoint, settle_tol=1e-13
        )
        for solver, adjoint in (
            ("auto", "auto"),
            ("picard", "lu"),
            ("anderson", "anderson"),
            ("newton", "picard"),
            ("contraction", "contraction"),
        )
    },
    "fixed point, in continuous time": FixedPoint(
        Cell(Dense(3), RowSum(bound=2.0), sigmoid),
        settle_step=0.5,
        tau=[0.5, 1.0, 2.0],
        settle_tol=1e-13,
    ),
    "fixed point, deep body": FixedPoint(
        Cell(Dense(3), RowSum(bound=0.3), FeedForward((tanh, Dense(3), tanh))), settle_tol=1e-13
    ),
    "unrolled": Unrolled(Cell(Dense(3), Recurrent()), n_features=2),
    "unrolled, all": Unrolled(Cell(Dense(2), Recurrent(), sigmoid), output="all"),
    "nested": FeedForward((FeedForward((Dense(4), tanh)), FeedForward((Dense(2), sigmoid)))),
}
CLASSES = "classes"


def own_loss(y, predictions):
    """A user's loss of probabilities: squared error, and a term that couples the outputs."""
    error = predictions - y
    return jnp.sum(error**2, axis=-1) + 0.3 * jnp.prod(predictions, axis=-1)


OBJECTIVES = {
    "squared error": (SquaredError(), 3, 3),
    "squared error over rows": (SquaredError(half=True, over="rows"), 3, 3),
    "squared error, whole": (SquaredError(half=False), 3, 3),
    "softmax cross-entropy": (SoftmaxCrossEntropy(), 3, CLASSES),
    "sigmoid cross-entropy": (SigmoidCrossEntropy(), 3, "labels"),
    "absolute error": (AbsoluteError(), 3, 3),
    "huber": (Huber(0.8), 3, 3),
    "quantile": (Quantile((0.1, 0.5, 0.9)), 3, 1),
    "poisson": (Poisson(), 2, "counts"),
    "several softmax cross-entropies": (SeveralSoftmaxCrossEntropies((3, 3)), 6, "two targets"),
    "user's own loss": (CustomLoss(own_loss), 3, 3),
    "user's own loss of a softmax": (CustomLoss(own_loss, "softmax"), 3, CLASSES),
    "user's own loss of a sigmoid": (CustomLoss(own_loss, "sigmoid"), 3, "labels"),
}


def normal(seed, *shape):
    """Standard normal numbers, drawn by NumPy: nothing to compile."""
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape))


def shaken(tree, seed):
    """The same tree with every number moved: no parameter stays at a special value."""
    leaves, structure = jax.tree.flatten(tree)
    draws = [np.random.default_rng(seed + i).normal(size=p.shape) for i, p in enumerate(leaves)]
    moved = [jnp.asarray(np.asarray(p) + 0.3 * d) for p, d in zip(leaves, draws, strict=True)]
    return structure.unflatten(moved)


def agrees(got, want, rtol, atol):
    for g, w in zip(jax.tree.leaves(got), jax.tree.leaves(want), strict=True):
        np.testing.assert_allclose(g, w, rtol=rtol, atol=atol)


def central_difference(f, tree, direction, step):
    def shifted(sign):
        return f(jax.tree.map(lambda p, d: p + sign * step * d, tree, direction))

    return (shifted(1.0) - shifted(-1.0)) / (2 * step)


def inner(a, b):
    leaves = zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
    return sum(jnp.sum(x * y) for x, y in leaves)


def stepped(layer, params, x):
    """What autodiff can go through in place of a loop that ends by itself: 300 steps of it."""
    wiring = layer.cell.wire(params, x)

    def step(h, _):
        return layer.cell.respond(params, wiring.effective, wiring.drive, h)[0], None

    return jax.lax.scan(step, jnp.zeros_like(wiring.drive), length=300)[0]


@pytest.mark.parametrize("training", [False, True], ids=["predicting", "training"])
@pytest.mark.parametrize("name", TABLE)
def test_backward_is_the_adjoint_of_forward(name, training, key):
    layer = TABLE[name]
    step_key = jax.random.key(7) if training else None
    start = layer.init(key, 4)
    params, x = shaken(start, 10), normal(20, 5, 4)
    dy = normal(30, 5, layer.width(4))
    direction = shaken(jax.tree.map(jnp.zeros_like, (params, x)), 40)

    @jax.jit
    def referee(params, x, dy, direction):
        def f(params, x):
            if isinstance(layer, FixedPoint):
                return stepped(layer, params, x)
            return layer.forward(params, x, step_key)[0]

        y, tape = layer.forward(params, x, step_key)
        ours = layer.backward(params, tape, dy)
        slope = central_difference(lambda t: jnp.sum(dy * f(*t)), (params, x), direction, 1e-6)
        return y, ours, jax.vjp(f, params, x)[1](dy), inner(ours, direction), slope

    y, ours, autodiff, along, slope = referee(params, x, dy, direction)
    assert y.shape == (5, layer.width(4))
    assert jax.tree.structure(ours[0]) == jax.tree.structure(start)
    agrees(ours, autodiff, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(along, slope, rtol=1e-6, atol=1e-7)


def outputs_and_targets(name):
    objective, n_outputs, targets = OBJECTIVES[name]
    z = 1.5 * np.asarray(normal(1, 6, n_outputs))
    y = np.asarray(normal(5, 6, 3 if isinstance(targets, str) else targets))
    if targets == CLASSES:
        y = np.eye(3)[y.argmax(axis=1)]
    if targets == "two targets":
        y = np.eye(3)[np.asarray(normal(5, 6, 2, 3)).argmax(axis=2)].reshape(6, 6)
    if targets == "labels":
        y = (y > 0) * 1.0
    if targets == "counts":
        y = np.floor(np.abs(3 * y[:, :2]))
    return objective, jnp.asarray(z), jnp.asarray(y)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_delta_is_the_derivative_of_value(name):
    objective, z, y = outputs_and_targets(name)
    weights = jnp.asarray([1.0, 2.0, 0.5, 0.0, 1.0, 3.0])
    delta = objective.delta(z, y, weights)
    agrees(delta, jax.grad(objective.value)(z, y, weights), rtol=1e-9, atol=1e-12)
    direction = normal(2, *z.shape)
    slope = central_difference(lambda z: objective.value(z, y, weights), z, direction, 1e-6)
    np.testing.assert_allclose(inner(delta, direction), slope, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_sample_weights_multiply(name):
    """Weight 2 is the row twice, weight 0 is the row gone, equal weights are no weights."""
    objective, z, y = outputs_and_targets(name)
    weighted = objective.value(z, y, jnp.asarray([2.0, 1.0, 1.0, 0.0, 1.0, 1.0]))
    rows = jnp.asarray([0, 0, 1, 2, 4, 5])
    np.testing.assert_allclose(weighted, objective.value(z[rows], y[rows], jnp.ones(6)), rtol=1e-12)
    equal = objective.delta(z, y, jnp.full(6, 2.0))
    np.testing.assert_array_equal(equal, objective.delta(z, y, jnp.ones(6)))


@pytest.mark.parametrize("name", OBJECTIVES)
def test_link_lies_where_predictions_live_and_matches_the_loss(name):
    objective, z, _ = outputs_and_targets(name)
    p = objective.link(z)
    if "cross-entrop" in name:
        assert ((p > 0) & (p < 1)).all()
        np.testing.assert_allclose(objective.delta(z, p, jnp.ones(6)), 0, atol=1e-12)
    if name == "softmax cross-entropy":
        np.testing.assert_allclose(p.sum(axis=1), 1)
    if name == "poisson":
        np.testing.assert_allclose(objective.delta(z, p, jnp.ones(6)), 0, atol=1e-12)
    if name == "quantile":
        assert (jnp.diff(p, axis=1) >= 0).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", [*TABLE, *OBJECTIVES])
def test_dtype_in_is_dtype_out(name, dtype, key):
    def typed(tree):
        return jax.tree.map(lambda a: a.astype(dtype), tree)

    if name in TABLE:
        layer, x = TABLE[name], typed(jnp.ones((5, 4)))

        def outputs(params, x):
            y, tape = layer.forward(params, x, key)
            return y, layer.backward(params, tape, y)

        out = jax.eval_shape(outputs, typed(layer.init(key, 4)), x)
    else:
        objective, z, y = outputs_and_targets(name)
        parts = (objective.value, objective.delta, lambda z, y, w: objective.link(z))
        out = [jax.eval_shape(part, *typed((z, y, jnp.ones(6)))) for part in parts]
    assert {leaf.dtype for leaf in jax.tree.leaves(out)} == {jnp.dtype(dtype)}


@pytest.mark.parametrize("name", TABLE)
def test_one_compile_per_shape_whatever_the_numbers(name, key):
    layer = TABLE[name]
    params = layer.init(key, 4)
    traces = []

    @jax.jit
    def both(layer, params, x, key):
        traces.append(x.shape)
        y, tape = layer.forward(params, x, key)
        return layer.backward(params, tape, y)

    other_numbers = jax.tree.map(lambda v: 0.5 * v if isinstance(v, float) else v, layer)
    for x in (jnp.ones((3, 4)), jnp.zeros((3, 4))):
        for variant in (layer, other_numbers):
            jax.eval_shape(both, variant, params, x, key)  # what is traced once is compiled once
    assert traces == [(3, 4)]


@pytest.mark.parametrize("z", [-1000.0, 1000.0])
@pytest.mark.parametrize("name", [*RECORDS, "softmax"])
def test_activations_stay_finite_far_out(name, z):
    x = jnp.full((1, 2), z)
    a, tape = ACTIVATIONS[name].forward((), x)
    _, dx = ACTIVATIONS[name].backward((), tape, jnp.ones_like(x))
    assert jnp.isfinite(a).all()
    assert jnp.isfinite(dx).all()


def test_the_penalty_pulls_weights_and_leaves_biases_alone(key):
    params = shaken(FeedForward((Dense(3), LayerNorm(), Dense(2))).init(key, 4), 0)
    penalty = Penalty(l1=0.3, l2=0.2)
    zeros = jax.tree.map(jnp.zeros_like, params)
    pull = penalty.add_gradient(params, zeros)
    agrees(pull, jax.grad(penalty.value)(params), rtol=1e-12, atol=0)
    assert not pull[0].biases.any()
    assert pull[0].weights.all()


def test_a_step_worked_by_hand():
    """Two inputs, one sigmoid unit, squared error: every number on paper.

    x = (1, 2), W = (0.5, -0.25), b = 0.1:   z = 0.5 - 0.5 + 0.1 = 0.1,
    a = σ(0.1) = 0.52497918747894,
    y = 1, L = ½ (a - 1)²:   δ = (a - 1) a (1 - a) = -0.47502081252106 · 0.24937604019289
    dW = x δ = (-0.118458809249, -0.236917618498),   db = δ,   dx = W δ
    """
    network = FeedForward((Dense(1), sigmoid))
    x, y = jnp.asarray([[1.0, 2.0]]), jnp.asarray([[1.0]])
    params = (engine.DenseParams(jnp.asarray([[0.5], [-0.25]]), jnp.asarray([0.1])), ())
    a, tape = network.forward(params, x)
    np.testing.assert_allclose(a, [[0.52497918747894]], rtol=1e-13)
    (grads, _), dx = network.backward(params, tape, SquaredError().delta(a, y, jnp.ones(1)))
    delta = -0.47502081252106 * 0.24937604019289
    np.testing.assert_allclose(grads.weights[:, 0], [delta, 2 * delta], rtol=1e-12)
    np.testing.assert_allclose(grads.biases, [delta], rtol=1e-12)
    np.testing.assert_allclose(dx, [[0.5 * delta, -0.25 * delta]], rtol=1e-12)


def test_every_class_has_a_row():
    def parts(layer):
        yield type(layer)
        for inside in (*getattr(layer, "layers", ()), getattr(layer, "cell", None)):
            if inside is not None:
                yield from parts(inside)

    tested = {cls for layer in TABLE.values() for cls in parts(layer)}
    assert _classes("forward", "backward", "init") - {Layer} <= tested
    objectives = {type(objective) for objective, _, _ in OBJECTIVES.values()}
    assert _classes("per_row", "slopes") - {Objective} <= objectives
    assert {id(layer) for layer in TABLE.values()} >= {id(layer) for layer in ACTIVATIONS.values()}
    assert Elementwise in tested


def _classes(*methods):
    found = set()
    for module in pkgutil.walk_packages(engine.__path__, "chainrule.engine."):
        members = vars(importlib.import_module(module.name)).values()
        found |= {c for c in members if inspect.isclass(c) and all(hasattr(c, m) for m in methods)}
    own = {cls for cls in found if cls.__module__.startswith("chainrule.engine")}
    return {cls for cls in own if dataclasses.is_dataclass(cls)}  # others are bases or protocols
