"""Networks whose fate is known: the diagnosis must name it, with the numbers that go with it."""

import json

import jax.numpy as jnp
import numpy as np
import pytest

from chainrule.activations import RECORDS
from chainrule.engine import (
    Cell,
    CellParams,
    ConnectionParams,
    Dense,
    DenseParams,
    FixedPoint,
    Recurrent,
    Symmetric,
    identity,
    softplus,
    tanh,
)
from chainrule.engine.networks.settling.state import automatic_tolerance
from chainrule.errors import OptionError, ShapeError
from chainrule.inspection import (
    diagnose_settling,
    energy,
    largest_stable_step,
    recommended_step,
    spectral_radius,
)

N, BATCH = 6, 4


def network(w, body=tanh, dtype=np.float64, connections=None, **options):
    """A network with connections `w`, each unit driven by an input of its own."""
    n = len(w)
    inputs = DenseParams(jnp.eye(n, dtype=dtype), jnp.zeros(n, dtype))
    params = CellParams(inputs, ConnectionParams(jnp.asarray(w, dtype)), ())
    options = {
        "settle_solver": "picard",
        "settle_step": 1.0,
        "max_settle": 300,
        "compacts": False,
    } | options
    layer = FixedPoint(Cell(Dense(n), connections or Recurrent(), body), **options)
    return layer, params


def drives(n=N, scale=0.3, seed=0):
    return scale * np.random.default_rng(seed).normal(size=(BATCH, n))


def turned(values, seed=0):
    """A random symmetric matrix with the given eigenvalues."""
    q, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(len(values), len(values))))
    return q @ np.diag(values) @ q.T


def only(report, verdict):
    assert report.counts == {verdict: BATCH}, report.text
    assert report.n_unsettled == (0 if verdict in ("settled", "floor", "several found") else BATCH)
    return report


TURN = np.kron(np.eye(3), [[0.0, -2.0], [2.0, 0.0]])  # three pairs of units, λ = ±2i


def test_spectral_radius_and_step_of_known_matrices():
    assert spectral_radius(TURN) == pytest.approx(2, rel=1e-12)
    assert largest_stable_step(np.array([2j, -2j])) == pytest.approx(0.4)
    assert largest_stable_step(np.array([-3.0, 0.5])) == pytest.approx(0.5)
    assert largest_stable_step(np.array([1.0, 0.5])) == 0
    assert recommended_step(0.4) == 0.2
    assert recommended_step(9.0) == 1.0


def test_radius_of_a_large_matrix_is_that_of_its_outer_eigenvalues():
    n = 1300
    w = np.zeros((n, n))
    w[:2, :2] = 1.5 * TURN[:2, :2]
    w[2:, 2:] = np.diag(np.linspace(-0.9, 0.9, n - 2))
    assert spectral_radius(w) == pytest.approx(3, rel=1e-9)


def test_a_linear_rotation_is_named_with_its_step():
    report = only(diagnose_settling(*network(TURN, identity, max_settle=50), drives()), "rotating")
    np.testing.assert_allclose(report.spectral_radius, 2, rtol=1e-9)
    np.testing.assert_allclose(report.largest_real_part, 0, atol=1e-9)
    np.testing.assert_allclose(report.alpha_max, 0.4, rtol=1e-9)
    np.testing.assert_allclose(report.alpha_recommended, 0.2, rtol=1e-9)
    assert "Set settle_step=0.2." in report.remarks[0].remedy
    settled = diagnose_settling(
        *network(TURN, identity, settle_step=0.2, max_settle=1000), drives()
    )
    only(settled, "settled")


def test_a_rotation_that_saturates_is_named():
    only(diagnose_settling(*network(TURN), drives()), "rotating")


def test_units_that_hold_themselves_back_jump():
    report = only(diagnose_settling(*network(-2 * np.eye(N)), drives()), "period 2")
    assert (report.alpha_max < 1).all()
    only(diagnose_settling(*network(-2 * np.eye(N), settle_step=0.4), drives()), "settled")


def test_slow_settling_says_how_many_sweeps_it_needs():
    w = turned([0.99, 0.5, 0.2, -0.3, -0.5, 0.1])
    report = only(diagnose_settling(*network(w, identity), drives()), "slow")
    total = int(report.remarks[0].remedy.split("max_settle=")[1].split(" ")[0])
    layer, params = network(w, identity, max_settle=total)
    assert bool(layer.forward(params, jnp.asarray(drives()))[1].settled.usable.all())
    layer, params = network(w, identity, max_settle=int(0.8 * total))
    assert not bool(layer.forward(params, jnp.asarray(drives()))[1].settled.usable.any())
    assert "anderson" in report.remarks[0].remedy


def test_where_errors_grow_no_step_settles():
    w = np.kron(np.eye(3), np.array([[1.3, -2.0], [2.0, 1.3]]))
    report = only(
        diagnose_settling(*network(w, settle_step=0.2), drives(scale=0.01)), "unstable fixed point"
    )
    assert (report.largest_real_part > 1).all()
    np.testing.assert_array_equal(report.alpha_max, 0)


def test_no_fixed_point_is_found_where_none_is():
    w = np.full((N, N), 1.0 / N)  # h > h W + u: the mean can only grow
    only(diagnose_settling(*network(w, softplus), 1 + drives()), "none found")


def test_a_linear_network_that_blows_up():
    w = turned([4.0, 0.5, 0.2, -0.3, -0.5, 0.1])
    report = only(diagnose_settling(*network(w, identity, np.float32), drives()), "overflow")
    assert not np.isfinite(report.gradient_error_bounds).any()


def test_memories_are_counted():
    patterns = np.array([[1, 1, 1, -1, -1, -1.0], [1, -1, 1, 1, -1, 1]])
    w = patterns.T @ patterns / N * 2
    layer, params = network(w, connections=Symmetric())
    x = 0.05 * patterns[[0, 0, 1, 1]]
    report = only(diagnose_settling(layer, params, x, n_starts=5), "several found")
    assert (report.n_fixed_points >= 2).all()
    for curve in report.curves:
        assert (np.diff(curve.energies) <= 1e-12).all()
        assert np.ptp(curve.energies) > 0.1


def test_a_tolerance_below_the_number_type():
    w = turned([0.9, 0.5, 0.2, -0.3, -0.5, 0.1])
    report = only(
        diagnose_settling(*network(w, dtype=np.float32, settle_tol=1e-12), drives()), "floor"
    )
    assert "1e-12 is below what float32 can reach" in report.text


@pytest.mark.parametrize("alpha", [0.98, 1.02])
def test_the_largest_step_is_tight(alpha):
    """O4: beside the fixed point, a little less settles and a little more does not."""
    rng = np.random.default_rng(3)
    w, x = 1.7 * rng.normal(size=(N, N)) / N**0.5, drives(seed=5)
    w = 0.5 * (w - w.T)  # any size settles by small steps
    layer, params = network(w, settle_step=0.2, max_settle=5000)
    report = only(diagnose_settling(layer, params, x), "settled")
    h = layer.forward(params, jnp.asarray(x))[0]
    for i in range(BATCH):
        limit = float(report.alpha_max[i])
        assert 0.2 < limit < 0.98
        layer, _ = network(w, settle_step=alpha * limit, max_settle=3000, settle_tol=1e-9)
        start = h + 1e-4 * jnp.asarray(rng.normal(size=h.shape))
        settled = layer.forward(params, jnp.asarray(x), start=start)[1].settled
        assert bool(settled.usable[i]) == (alpha < 1)


@pytest.mark.parametrize(
    ("dtype", "tol"),
    [
        (np.float32, "least"),
        (np.float64, 1e-3),
        pytest.param(np.float32, 1e-3, marks=pytest.mark.slow),
        pytest.param(np.float64, "least", marks=pytest.mark.slow),
    ],
)
def test_the_gradient_is_closer_than_its_bound(dtype, tol):
    n, batch = 24, 16
    tol = automatic_tolerance(jnp.dtype(dtype)) if tol == "least" else tol
    rng = np.random.default_rng(1)
    w = rng.normal(size=(n, n))
    w *= 0.95 / np.abs(np.linalg.eigvals(w)).max()
    x, dy = rng.normal(size=(2, batch, n))
    x, dy = (0.2 * x).astype(dtype), dy.astype(dtype)
    layer, params = network(w, dtype=dtype, settle_tol=tol, max_settle=5000)
    report = diagnose_settling(layer, params, x, dy)
    assert report.counts == {"settled": batch}

    weights = np.asarray(params.connections.weights, np.float64)
    h = np.zeros((batch, n))
    for _ in range(5000):
        h = np.tanh(h @ weights + x.astype(np.float64))
    slopes = 1 - h * h
    systems = np.eye(n) - weights * slopes[:, None, :]
    v = np.linalg.solve(systems, dy.astype(np.float64)[:, :, None])[:, :, 0]
    _, tape = layer.forward(params, jnp.asarray(x))
    got = layer.backward(params, tape, jnp.asarray(dy))[0].connections.weights
    exact = h.T @ (slopes * v)
    error = np.linalg.norm(np.asarray(got, np.float64) - exact)
    assert error <= report.gradient_error_bound <= 100 * error
    assert report.gradient_norm == pytest.approx(np.linalg.norm(exact), rel=1e-6)
    assert report.relative_gradient_error_bound < 1e-2
    radii = [np.abs(np.linalg.eigvals(weights * s[None, :])).max() for s in slopes]
    np.testing.assert_allclose(report.spectral_radius, radii, rtol=1e-6)


@pytest.mark.parametrize("activation", [name for name, each in RECORDS.items() if each.energy])
def test_energy_is_stationary_at_fixed_points(activation):
    w, u = turned([0.7, 0.5, 0.2, -0.3, -0.5, 0.1]), drives()
    h = np.zeros((BATCH, N))
    for _ in range(300):
        h = RECORDS[activation].f(h @ w + u)
    eps = 1e-5
    for direction in np.eye(N):
        up, down = (energy(h + s * direction, w, u, activation) for s in (eps, -eps))
        np.testing.assert_allclose((up - down) / (2 * eps), 0, atol=1e-8)
    assert np.isinf(energy(h + 3, w, u, "tanh")).all()
    with pytest.raises(OptionError, match="relu"):
        energy(h, w, u, "relu")


def test_curves_end_where_settling_ends():
    layer, params = network(turned([0.8, 0.5, 0.2, -0.3, -0.5, 0.1]), settle_step=0.7)
    report = diagnose_settling(layer, params, drives())
    for curve in report.curves:
        assert curve.sweeps[-1] == report.sweeps[curve.sample]
        assert curve.residuals[-1] == report.residuals[curve.sample]
        assert curve.adjoint_residuals[-1] == report.adjoint_residuals[curve.sample]
        assert (np.diff(curve.residuals[:-4]) < 0).all()
        assert curve.energies is None


def test_time_constants_pace_the_step():
    """Units of period 2 settle once each moves by less than its own share allows."""
    tau = [1.0, 1.0, 2.0, 2.0, 4.0, 4.0]
    report = diagnose_settling(*network(-3 * np.eye(N), identity, tau=tau), drives())
    np.testing.assert_allclose(report.alpha_max, 0.5, rtol=1e-9)
    np.testing.assert_allclose(report.spectral_radius, 3, rtol=1e-9)


def test_every_sample_is_counted_and_the_report_is_plain():
    """Some settle and some do not: strong drive saturates the units, which stops the jumping."""
    x = np.concatenate([np.full((30, N), 0.1), np.full((10, N), 6.0)])
    x += 0.01 * np.random.default_rng(0).normal(size=x.shape)
    layer, params = network(-2 * np.eye(N), max_settle=100)
    report = diagnose_settling(layer, params, x)
    assert report.counts == {"period 2": 30, "settled": 10}
    assert 0 < report.analysed[:30].sum() < 30
    assert report.n_unsettled == 30
    plain = report.to_dict()
    assert json.loads(json.dumps(plain))["counts"] == report.counts
    assert plain["verdicts"][:2] == ["period 2"] * 2
    assert "worst: sample" in report.text


def test_what_cannot_be_diagnosed():
    layer, params = network(np.eye(2) / 2)
    with pytest.raises(OptionError, match="FixedPoint"):
        diagnose_settling(layer.cell, params, drives(2))
    with pytest.raises(ShapeError, match="dy has shape"):
        diagnose_settling(layer, params, drives(2), np.ones((1, 2)))
    with pytest.raises(ShapeError, match="batch"):
        diagnose_settling(layer, params, np.ones(2))


def test_many_units_are_judged_by_their_moves(monkeypatch):
    """Above some number of units no Jacobian is formed: verdicts without eigenvalues."""
    monkeypatch.setattr("chainrule.inspection.settling.causes.MOST_UNITS", N - 1)
    monkeypatch.setattr("chainrule.inspection.settling.diagnosis.MOST_UNITS", N - 1)
    report = only(diagnose_settling(*network(-2 * np.eye(N)), drives()), "period 2")
    assert np.isnan(report.alpha_max).all()
    w = turned([0.99, 0.5, 0.2, -0.3, -0.5, 0.1])
    only(diagnose_settling(*network(w, identity), drives()), "slow")
    report = only(diagnose_settling(*network(0.5 * w), drives()), "settled")
    assert np.isnan(report.gradient_error_bound)
