"""Recurrent backpropagation against what is known of it by other ways.

O1 a linear network in closed form, O2 a feed-forward network as a recurrent one, O3 equilibrium
propagation, O4 the largest stable step, O5 every solver and pace gives one gradient, and the
four-unit network worked out elsewhere to nine digits.
"""

import json
import os
from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from chainrule.engine import (
    LBFGS,
    Cell,
    CellParams,
    ConnectionParams,
    Dense,
    DenseParams,
    Dropout,
    FeedForward,
    FixedPoint,
    Frozen,
    GradientDescent,
    Local,
    LocalConnections,
    Monotone,
    Perron,
    Recurrent,
    RowSum,
    SoftmaxCrossEntropy,
    Spectral,
    SquaredError,
    Symmetric,
    Unrolled,
    equilibrium_propagation,
    identity,
    sigmoid,
    tanh,
    train,
)
from chainrule.engine.networks.settling.state import FLOOR
from chainrule.engine.training.step import Task, loss_and_grads
from chainrule.errors import OptionError, ShapeError

N, BATCH, N_IN = 12, 7, 3


def normal(seed, *shape):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape))


def network(radius, seed=0, **options):
    """A tanh network whose weights have the given spectral radius, its parameters and inputs."""
    w = np.random.default_rng(seed).normal(size=(N, N))
    w *= radius / np.abs(np.linalg.eigvals(w)).max()
    params = CellParams(
        DenseParams(0.3 * normal(seed + 1, N_IN, N), 0.1 * normal(seed + 2, N)),
        ConnectionParams(jnp.asarray(w)),
        (),
    )
    return FixedPoint(Cell(Dense(N), Recurrent()), **options), params, normal(seed + 3, BATCH, N_IN)


def dense_gradient(layer, params, x, dy):
    """The gradient at the weights by a linear system for each sample, in NumPy."""
    h = np.asarray(layer.forward(params, x)[0])
    w = np.asarray(params.connections.weights)
    slopes = 1 - h * h
    systems = np.eye(N)[None] - w[None] * slopes[:, None, :]
    v = np.linalg.solve(systems, np.asarray(dy)[:, :, None])[:, :, 0]
    return h.T @ (slopes * v)


def test_a_linear_network_has_a_closed_form():
    """O1: h* = u (I - W)⁻¹, dW = h*ᵀ dy (I - W)⁻ᵀ."""
    layer, params, x = network(0.8)
    layer = FixedPoint(Cell(Dense(N), Recurrent(), identity))
    dy = normal(9, BATCH, N)
    h, tape = layer.forward(params, x)
    grads, dx = layer.backward(params, tape, dy)
    inverse = np.linalg.inv(np.eye(N) - np.asarray(params.connections.weights))
    u = np.asarray(x @ params.inputs.weights + params.inputs.biases[None, :])
    np.testing.assert_allclose(h, u @ inverse, rtol=1e-12, atol=1e-12)
    v = np.asarray(dy) @ inverse.T
    np.testing.assert_allclose(
        grads.connections.weights, (u @ inverse).T @ v, rtol=1e-10, atol=1e-10
    )
    np.testing.assert_allclose(dx, v @ np.asarray(params.inputs.weights).T, rtol=1e-11)


def test_static_is_recurrent_on_triangular_weights_to_the_last_bit():
    """O2: layers are units that only reach units behind them; both settlings end by themselves."""
    n_in, sizes = (
        16,
        (16, 32, 16),
    )  # multiples of a vector of the processor: then sums keep their order
    static = FeedForward(tuple(part for n in sizes for part in (Dense(n, bias=False), tanh)))
    params = tuple(
        DenseParams(normal(i, n_in, n), None) if kind == 0 else ()
        for i, (n_in, n) in enumerate(zip((n_in, *sizes[:-1]), sizes, strict=True))
        for kind in (0, 1)
    )
    x, dy = normal(20, BATCH, n_in), normal(21, BATCH, sizes[-1])

    @jax.jit  # the loop is compiled, and compiled code rounds a product and a sum once
    def passes(layer, params, x, dy):
        y, tape = layer.forward(params, x)
        return y, layer.backward(params, tape, dy), tape

    y, (grads, dx), _ = passes(static, params, x, dy)
    ends = np.cumsum((0, *sizes))
    n = sum(sizes)
    w = np.zeros((n, n))
    for i in (1, 2):
        w[ends[i - 1] : ends[i], ends[i] : ends[i + 1]] = params[2 * i].weights
    u = np.zeros((n_in, n))
    u[:, : sizes[0]] = params[0].weights
    layer = FixedPoint(Cell(Dense(n, bias=False), Recurrent(mask=(w != 0).astype(float))))
    recurrent = CellParams(DenseParams(jnp.asarray(u), None), ConnectionParams(jnp.asarray(w)), ())
    d_units = jnp.zeros((BATCH, n)).at[:, -sizes[-1] :].set(dy)
    h, (own, own_dx), tape = passes(layer, recurrent, x, d_units)

    np.testing.assert_array_equal(h[:, -sizes[-1] :], y)
    np.testing.assert_array_equal(own_dx, dx)
    np.testing.assert_array_equal(own.inputs.weights[:, : sizes[0]], grads[0].weights)
    for i in (1, 2):
        block = own.connections.weights[ends[i - 1] : ends[i], ends[i] : ends[i + 1]]
        np.testing.assert_array_equal(block, grads[2 * i].weights)
    assert int(tape.settled.sweeps.max()) == len(sizes) + 1  # the last one notices


@pytest.mark.parametrize("body", [tanh, sigmoid])
def test_equilibrium_propagation_agrees(body):
    """O3: a gradient without a backward pass; its error falls with β²."""
    _, params, x = network(0.6)
    layer = FixedPoint(Cell(Dense(N), Symmetric(), body), "picard", "picard", compacts=False)
    target = normal(5, BATCH, N)
    h, tape = layer.forward(params, x)
    grads, _ = layer.backward(params, tape, h - target)
    errors = []
    for beta in (1e-2, 1e-3):
        other = equilibrium_propagation(layer, params, x, lambda h: h - target, beta)
        gaps = jax.tree.map(lambda a, b: jnp.linalg.norm(a - b) / jnp.linalg.norm(a), grads, other)
        errors.append(max(jax.tree.leaves(gaps)))
    assert errors[1] < 1e-4
    assert errors[1] < errors[0] / 50
    with pytest.raises(OptionError, match="needs a network with an energy"):
        equilibrium_propagation(network(0.5)[0], params, x, lambda h: h)


def test_a_step_settles_below_alpha_max_and_not_above():
    """O4: a rotation by two units; λ = ±ia, so α_max = 2 / (1 + a²) (worked by hand)."""
    a = 1.3
    params = CellParams(
        DenseParams(jnp.ones((1, 2)), jnp.zeros(2)),
        ConnectionParams(jnp.asarray([[0.0, -a], [a, 0.0]])),
        (),
    )
    limit = 2 / (1 + a * a)

    def end(alpha):
        cell = Cell(Dense(2), Recurrent(), identity)
        layer = FixedPoint(cell, "picard", settle_step=alpha, max_settle=3000)
        return layer.forward(params, jnp.ones((1, 1)))[1].settled

    assert end(0.97 * limit).usable.all()
    assert not end(1.03 * limit).usable.any()
    assert int(end(limit / 2).sweeps[0]) < 200 < int(end(0.97 * limit).sweeps[0])
    by_itself = FixedPoint(Cell(Dense(2), Recurrent(), identity), "picard")
    assert by_itself.forward(params, jnp.ones((1, 1)))[1].settled.usable.all()


PACES = {
    "by itself": {},
    "picard": {"settle_solver": "picard", "adjoint_solver": "picard"},
    "a small step": {
        "settle_solver": "picard",
        "adjoint_solver": "picard",
        "settle_step": 0.3,
        "max_settle": 5000,
    },
    "anderson": {"settle_solver": "anderson", "adjoint_solver": "anderson"},
    "newton and lu": {"settle_solver": "newton", "adjoint_solver": "lu"},
    "time constants": {"tau": np.linspace(1, 3, N), "settle_solver": "picard", "max_settle": 5000},
    "without compaction": {"compacts": False},
}


@pytest.mark.parametrize("pace", PACES)
def test_the_gradient_does_not_depend_on_the_way(pace):
    """O5: solver, step and time constants change the way, not the end."""
    layer, params, x = network(0.95, **PACES[pace])
    dy = normal(9, BATCH, N)
    _, tape = layer.forward(params, x)
    grads, _ = layer.backward(params, tape, dy)
    want = dense_gradient(layer, params, x, dy)
    error = np.linalg.norm(np.asarray(grads.connections.weights) - want) / np.linalg.norm(want)
    assert tape.settled.usable.all()
    assert error < 1e-12


@pytest.mark.parametrize(
    ("radius", "batch"), [pytest.param(0.8, 64, marks=pytest.mark.slow), (0.8, 30)]
)
def test_float32_is_exact_by_default(radius, batch):
    layer, params, _ = network(radius)
    x, dy = normal(7, batch, N_IN), normal(9, batch, N) / batch
    single = jax.tree.map(lambda a: a.astype(jnp.float32), (params, x, dy))
    _, tape = layer.forward(*single[:2])
    grads, _ = layer.backward(single[0], tape, single[2])
    want = dense_gradient(layer, params, x, dy)
    error = np.linalg.norm(np.asarray(grads.connections.weights) - want) / np.linalg.norm(want)
    assert error < 5e-6
    assert tape.settled.usable.all()


def test_the_four_units_worked_out_elsewhere():
    shared = Path(os.environ.get("CHAINRULE_DATA", "missing")).parent / "truth"
    path = shared / "recurrent_truth.json"
    if not path.is_file():
        pytest.skip("the file recurrent_truth.json is not at hand")
    truth = json.loads(path.read_text())
    w = jnp.asarray(truth["W"]).T  # there W[i, j] leads from unit j to unit i
    params = CellParams(
        DenseParams(jnp.asarray(truth["I"])[None, :], jnp.zeros(4)), ConnectionParams(w), ()
    )
    layer = FixedPoint(Cell(Dense(4), Recurrent(), sigmoid), "picard", "picard", settle_tol=1e-15)
    x = jnp.ones((1, 1))
    h, tape = layer.forward(params, x)
    np.testing.assert_allclose(h[0], truth["x_star"], atol=1e-12)
    dy = jnp.zeros((1, 4)).at[0, 3].set(h[0, 3] - 0.9)
    grads, _ = layer.backward(params, tape, dy)
    np.testing.assert_allclose(grads.connections.weights.T, truth["grad_W"], rtol=1e-9)
    np.testing.assert_allclose(grads.inputs.weights[0], truth["grad_I"], rtol=1e-9)
    for tol, n in truth["iterations_by_tolerance"]:  # there: largest change of a unit, not a norm
        loose = FixedPoint(Cell(Dense(4), Recurrent(), sigmoid), "picard", settle_tol=tol / 2)
        assert abs(int(loose.forward(params, x)[1].settled.sweeps[0]) - n) <= 1

    only_fourth = {"inputs": None, "weights": np.eye(4)[:, 3:]}
    readout = Dense(1, bias=False, weights=only_fourth["weights"])
    trained = train(
        FeedForward((FixedPoint(Cell(Dense(4), Recurrent(), sigmoid)), readout)),
        SquaredError(half=True),
        np.ones((1, 1)),
        np.full((1, 1), 0.9),
        optimizer=Frozen(GradientDescent(1.0), (1,)),
        batch_size=None,
        n_epochs=1,
        params=(params, DenseParams(jnp.eye(4)[:, 3:], None)),
        dtype="float64",
    )
    assert trained.history["loss"][0] == pytest.approx(truth["loss_at_step"]["0"], rel=1e-9)


def test_samples_that_are_done_are_frozen_and_counted_by_themselves():
    """Sweeps of a sample do not depend on the batch it is in, nor does its state."""
    layer, params, _ = network(0.97, settle_solver="picard", adjoint_solver="picard")
    x = normal(3, 70, N_IN) * jnp.linspace(0, 3, 70)[:, None]
    y, tape = layer.forward(params, x)
    for i in (0, 35, 69):
        among_copies = layer.forward(params, jnp.repeat(x[i : i + 1], 70, axis=0))[1]
        assert set(among_copies.settled.sweeps.tolist()) == {int(tape.settled.sweeps[i])}
        own, alone = layer.forward(params, x[i : i + 1])
        rounding = 1 if "optimization_level=0" in os.environ["XLA_FLAGS"] else 0  # as users have it
        assert abs(int(tape.settled.sweeps[i]) - int(alone.settled.sweeps[0])) <= rounding
        np.testing.assert_allclose(y[i], own[0], rtol=1e-12)
    assert int(tape.settled.sweeps.min()) < int(tape.settled.sweeps.max()) / 2


def test_plain_sweeps_of_a_contraction():
    """They end where Picard's do, a sample at a time, at the floor of float32, too."""
    x = 3 * normal(3, 40, N_IN)
    ends = {}
    for solver in ("picard", "contraction"):
        layer = FixedPoint(Cell(Dense(N), Spectral(bound=0.9)), solver, solver)
        params = jax.tree.map(lambda a: 5 * a, layer.init(jax.random.key(0), N_IN))
        y, tape = layer.forward(params, x)
        ends[solver] = y, layer.backward(params, tape, y)[0], tape.settled.sweeps
        assert tape.settled.usable.all()
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, atol=1e-11),
        ends["picard"][:2],
        ends["contraction"][:2],
    )
    assert (ends["contraction"][2] == ends["picard"][2]).all()
    for i in (0, 39):  # whatever the others in the batch do
        own, alone = layer.forward(params, x[i : i + 1])
        assert int(alone.settled.sweeps[0]) == int(ends["contraction"][2][i])
        np.testing.assert_allclose(own[0], ends["contraction"][0][i], rtol=1e-12)
    for most in (1, 2, 5):
        cut = replace(layer, max_settle=most).forward(params, x)[1].settled
        assert not cut.usable.any()
        assert (cut.sweeps == most).all()
    single = jax.tree.map(lambda a: a.astype(jnp.float32), (params, x))
    strict = replace(layer, settle_tol=1e-9).forward(*single)[1].settled
    assert strict.usable.all()
    assert (strict.status == FLOOR).any()


def test_the_spectral_norm_is_bounded_from_above_and_closely(key):
    for n in (1, 7, 100):
        drawn = jax.random.normal(key, (n, n), jnp.float64)
        for v in (drawn, 1e-30 * drawn, 1e30 * drawn, drawn[:, :1] * drawn[:1], jnp.eye(n)):
            largest = np.linalg.norm(v, 2)
            norm = Spectral().effective(ConnectionParams(v))[1][2]
            assert largest * (1 - 1e-12) <= norm <= n ** (1 / 66) * largest * (1 + 1e-12)
    nothing = Spectral().effective(ConnectionParams(jnp.zeros((3, 3))))
    assert not any(np.isnan(each).any() or each.any() for each in jax.tree.leaves(nothing[0]))


def test_a_start_near_the_end_is_quicker():
    layer, params, x = network(0.9)
    y, cold = layer.forward(params, x)
    moved = jax.tree.map(lambda a: 1.001 * a, params)
    again, warm = layer.forward(moved, x, start=y)
    np.testing.assert_allclose(again, layer.forward(moved, x)[0], rtol=1e-12)
    assert warm.settled.sweeps.max() < cold.settled.sweeps.max()


@pytest.mark.parametrize(
    ("connections", "reached"),
    [
        (Spectral(bound=0.9), lambda w: np.linalg.norm(w, 2)),
        (RowSum(bound=0.9), lambda w: np.abs(w).sum(axis=0).max()),
        (Perron(bound=0.9), lambda w: np.abs(np.linalg.eigvals(np.abs(w))).max()),
        (Monotone(margin=0.1), lambda w: 0.9 + (np.linalg.eigvalsh(w + w.T) / 2 - 0.9).max()),
    ],
)
def test_guarantees_hold_and_the_network_settles(connections, reached, key):
    layer = FixedPoint(Cell(Dense(N), connections), max_settle=3000)
    params = jax.tree.map(lambda a: 5 * a + 0.1, layer.init(key, N_IN))
    w = np.asarray(connections.effective(params.connections)[0])
    assert reached(w) <= 0.9 + 1e-9
    starts = [None, 3 * normal(1, BATCH, N)]
    x = normal(2, BATCH, N_IN)
    ends = [layer.forward(params, x, start=start) for start in starts]
    assert all(end[1].settled.usable.all() for end in ends)
    np.testing.assert_allclose(ends[0][0], ends[1][0], atol=1e-11)


def test_states_rise_to_the_least_fixed_point():
    cell = Cell(Local((1, 6), (1, 1)), LocalConnections((1, 6), (1, 3), non_negative=True), sigmoid)
    params = CellParams(
        Local((1, 6), (1, 1)).init(jax.random.key(0), 6),
        ConnectionParams(jnp.asarray([2.0, 0.0, 2.0])),
        (),
    )
    params = jax.tree.map(lambda a: a * 1.0, params)
    x = jnp.zeros((1, 6)).at[0, 0].set(5.0)
    h, previous = jnp.zeros((1, 6)), -jnp.ones((1, 6))
    for _ in range(60):
        assert (h >= previous - 1e-15).all()
        previous, h = h, cell.forward(params, x, h)[0]
    np.testing.assert_allclose(FixedPoint(cell).forward(params, x)[0], h, atol=1e-9)


def test_a_local_kernel_is_a_dense_network_with_shared_weights():
    grid = (3, 4)
    kernel = normal(0, 9)
    connections = LocalConnections(grid, weights=kernel)
    params = ConnectionParams(kernel)
    effective, _ = connections.effective(params)
    dense = np.asarray(connections.apply(effective, jnp.eye(12)))
    for cell in np.ndindex(grid):
        for other in np.ndindex(grid):
            step = np.subtract(other, cell)
            inside = (np.abs(step) <= 1).all() and step.any()
            want = float(kernel[(step[0] + 1) * 3 + step[1] + 1]) if inside else 0.0
            got = dense[np.ravel_multi_index(other, grid), np.ravel_multi_index(cell, grid)]
            assert got == pytest.approx(want)


def test_unsettled_samples_are_counted_and_left_out_of_the_step():
    """One sample in four has an input that drives the two units round and round."""
    weights = np.asarray([[0.0, -4.0], [4.0, 0.0]])
    cell = Cell(Dense(2, weights=np.asarray([[1.0, 1.0]])), Recurrent(weights=weights))
    x = np.asarray([[0.0], [20.0], [20.0], [20.0]])
    y = np.asarray([[1.0, 0.0]] * 4)

    def fit(**options):
        layer = FixedPoint(cell, "picard", "picard", settle_step=1.0, max_settle=50, **options)
        readout = Dense(2, weights=np.asarray([[0.1, 0.2], [0.3, -0.1]]))
        return train(
            FeedForward((layer, readout)),
            SoftmaxCrossEntropy(),
            x + 1e-3,
            y,
            optimizer=GradientDescent(0.1),
            batch_size=None,
            n_epochs=1,
            dtype="float64",
        )

    dropped, used = fit(), fit(on_unsettled="use")
    for trained in (dropped, used):
        assert trained.history["unsettled"][1] == 0.25
        assert trained.history["sweeps_max"][1] == 50
    assert np.isnan(dropped.history["unsettled"][0])
    assert dropped.stop == fit(on_unsettled="raise").stop == "unsettled"
    assert "unsettled in epoch 1: 25.0% of the samples" in dropped.message
    assert used.stop == "finished"
    gap = dropped.params[1].weights - used.params[1].weights
    assert float(jnp.abs(gap).max()) > 1e-4


def test_a_line_search_turns_back_where_rows_do_not_settle():
    """A point that drops its bad rows would have less loss than it should."""
    cell = Cell(Dense(1), Recurrent(), identity)
    x, y = np.asarray([[1.0], [-1.0]]), np.zeros((2, 1))

    def loss(weight, **options):
        layer = FixedPoint(cell, "picard", "picard", settle_step=1.0, max_settle=400, **options)
        one = jnp.ones((1, 1))
        params = CellParams(DenseParams(one, jnp.zeros(1)), ConnectionParams(weight * one), ())
        task = Task(layer, SquaredError(), LBFGS())
        rows = jnp.asarray(x), jnp.asarray(y), jnp.ones(2)
        return float(loss_and_grads(task, *rows, None, params)[0])

    assert loss(0.5) == pytest.approx(2.0)  # h² / 2, h = x / (1 - w)
    assert loss(-1.0) == np.inf  # h = x, 0, x, 0, …
    assert np.isfinite(loss(-1.0, on_unsettled="use"))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda c: FixedPoint(c, settle_solver="andersen"), r"did you mean \"anderson\"\?"),
        (lambda c: FixedPoint(c, adjoint_solver="newton"), 'adjoint_solver="newton" is not known'),
        (lambda c: FixedPoint(c, settle_step=0.0), r"settle_step=0.0 must lie in \(0, 1\]"),
        (lambda c: FixedPoint(c, settle_step=1.5), r"settle_step=1.5 must lie in \(0, 1\]"),
        (lambda c: FixedPoint(c, tau=0.5), "none below settle_step=1"),
        (lambda c: FixedPoint(c, settle_tol=-1.0), "settle_tol=-1.0 must lie between 0 and 1"),
        (lambda c: FixedPoint(c, max_settle=0), "max_settle=0 must be 1 or more"),
        (lambda c: FixedPoint(c, on_unsettled="ignore"), 'on_unsettled="ignore" is not known'),
        (lambda c: FixedPoint(Dense(3)), "FixedPoint takes a Cell, got Dense"),
        (lambda c: Cell(Dense(3), Dense(3)), "connections such as Recurrent"),
        (lambda c: Cell(Dense(3), Recurrent(), Dropout(0.5)), "cannot hold Dropout"),
        (lambda c: Recurrent(mask=np.ones((2, 3))), r"shape \(units, units\), got \(2, 3\)"),
        (lambda c: Recurrent(mask=np.full((2, 2), 0.5)), "holds 0 and 1 only"),
        (lambda c: LocalConnections((3, 3), (2, 3)), "must be two odd whole numbers"),
    ],
)
def test_options_that_cannot_work(make, words):
    with pytest.raises(OptionError if "shape" not in words else ShapeError, match=words):
        make(Cell(Dense(3), Recurrent()))


def test_sizes_that_do_not_fit(key):
    with pytest.raises(ShapeError, match="4 units need"):
        Cell(Dense(4), Recurrent(mask=np.ones((3, 3)))).init(key, 2)
    with pytest.raises(ShapeError, match="tau has 2 time constants for 4 units"):
        FixedPoint(Cell(Dense(4), Recurrent()), tau=[1.0, 2.0]).init(key, 2)
    with pytest.raises(ShapeError, match="not a multiple of 3"):
        Unrolled(Cell(Dense(4), Recurrent()), n_features=3).init(key, 7)
    with pytest.raises(ShapeError, match="cannot connect 5 units"):
        Cell(Dense(5), LocalConnections((2, 2))).init(key, 2)
    with pytest.raises(TypeError, match="max_sweep"):
        FixedPoint(Cell(Dense(4), Recurrent()), max_sweep=5)


def test_unrolled_far_enough_is_the_fixed_point():
    layer, params, x = network(0.5)
    unrolled = Unrolled(layer.cell, n_features=N_IN)
    signal = jnp.tile(x, (1, 80))
    dy = normal(9, BATCH, N)
    (y, tape), (h, own_tape) = layer.forward(params, x), unrolled.forward(params, signal)
    np.testing.assert_allclose(y, h, rtol=1e-12)
    ours, theirs = layer.backward(params, tape, dy)[0], unrolled.backward(params, own_tape, dy)[0]
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
