"""L-BFGS against dense BFGS in NumPy, against SciPy's L-BFGS-B, and where it could go wrong."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize
from jax.flatten_util import ravel_pytree

from chainrule.engine import (
    LBFGS,
    AbsoluteError,
    Clipped,
    Dense,
    FeedForward,
    LayerNorm,
    Penalty,
    SoftmaxCrossEntropy,
    SquaredError,
    compilations,
    relu,
    tanh,
    train,
    train_together,
)
from chainrule.engine.optimizers.lbfgs import LBFGSState, _direction, _remember
from chainrule.engine.training.step import Task, loss_and_grads
from chainrule.errors import OptionError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 4))
Y = np.sin(2 * X[:, :1]) * X[:, 1:2] + 0.1 * RNG.normal(size=(200, 1))
ONE_HOT = np.eye(3)[np.digitize(X[:, 0] + 0.5 * RNG.normal(size=200), [-0.6, 0.6])]
NETWORK = FeedForward((Dense(12), LayerNorm(), tanh, Dense(1)))
PENALTY = Penalty(0.0, 0.002)


def fit(network, objective, y, n_epochs, dtype="float64", x=X, **options):
    options = {"batch_size": None, "penalty": PENALTY, "seed": 1, **options}
    return train(
        network, objective, x, y, optimizer=LBFGS(), n_epochs=n_epochs, dtype=dtype, **options
    )


def problem(network, objective, y):
    """The start as a vector, and the penalised loss with its gradient, for SciPy."""
    first = fit(network, objective, y, 0).params
    start, as_params = ravel_pytree(first)
    task = Task(network, objective, LBFGS(), PENALTY)
    data = (jnp.asarray(X), jnp.asarray(y), jnp.ones(len(X)), None)

    @jax.jit
    def f(theta):
        loss, grads = loss_and_grads(task, *data, as_params(theta))
        return loss, ravel_pytree(grads)[0]

    return np.asarray(start), lambda theta: tuple(np.asarray(v, float) for v in f(theta))


def dense_direction(g, pairs):
    """Return -H g, H built up by the BFGS formula pair by pair; Nocedal & Wright, eq. 6.17."""
    inverse = np.eye(len(g))
    if pairs:
        inverse *= (pairs[-1][0] @ pairs[-1][1]) / (pairs[-1][1] @ pairs[-1][1])
    for s, y in pairs:
        rho = 1 / (s @ y)
        left = np.eye(len(g)) - rho * np.outer(s, y)
        inverse = left @ inverse @ left.T + rho * np.outer(s, s)
    return -inverse @ g


@pytest.mark.parametrize("n_pairs", [0, 1, 3, 6])
def test_the_direction_is_that_of_bfgs_with_a_dense_matrix(n_pairs):
    n, memory = 7, 4
    g = RNG.normal(size=n)
    curvature = RNG.normal(size=(n, n))
    curvature = curvature @ curvature.T + np.eye(n)
    moves = RNG.normal(size=(n_pairs, n))
    pairs = [(s, curvature @ s) for s in moves][-memory:]
    zeros = np.zeros((memory - len(pairs), n))
    state = LBFGSState(
        jnp.asarray(0),
        jnp.asarray(0),
        jnp.asarray(np.vstack([zeros, *(s for s, _ in pairs)])),
        jnp.asarray(np.vstack([zeros, *(y for _, y in pairs)])),
        jnp.asarray([*zeros[:, 0], *(1 / (s @ y) for s, y in pairs)]),
    )
    wanted = dense_direction(g, pairs)
    np.testing.assert_allclose(_direction(jnp.asarray(g), state), wanted, rtol=1e-10)


@pytest.mark.parametrize(
    ("network", "n_epochs"),
    [(FeedForward((Dense(1),)), 5), (NETWORK, 14)],
    ids=["ridge", "network"],
)
def test_every_step_goes_where_dense_bfgs_points(network, n_epochs):
    _, f = problem(network, SquaredError(), Y)
    path = []
    fit(network, SquaredError(), Y, n_epochs, on_epoch=lambda e: path.append(e.params) and None)
    path = [np.asarray(ravel_pytree(params)[0]) for params in path]
    gradients = [f(theta)[1] for theta in path]
    moves = np.diff(path, axis=0)
    pairs = list(zip(moves, np.diff(gradients, axis=0), strict=True))
    for e, move in enumerate(moves):
        wanted = dense_direction(gradients[e], pairs[max(e - 10, 0) : e])
        length = (move @ wanted) / (wanted @ wanted)
        np.testing.assert_allclose(move, length * wanted, atol=1e-7 * np.abs(move).max())
        assert length > 0


def test_a_pair_without_curvature_is_not_kept_whatever_the_unit_of_the_loss():
    old = LBFGS(memory=2).init(jnp.zeros(2))
    s = jnp.asarray([1.0, 0.0])
    for unit in (1e-20, 1.0, 1e20):
        kept = _remember(old, s, unit * jnp.asarray([2.0, 5.0]))
        assert kept.inverses[-1] == pytest.approx(0.5 / unit)
        for y in ([0.0, 5.0], [-2.0, 5.0], [0.0, 0.0]):
            assert _remember(old, s, unit * jnp.asarray(y)).inverses[-1] == 0


@pytest.mark.parametrize(
    ("objective", "y"),
    [(SquaredError(), Y), (SoftmaxCrossEntropy(), ONE_HOT)],
    ids=["ridge", "logit"],
)
def test_a_convex_problem_ends_at_scipys_optimum(objective, y):
    network = FeedForward((Dense(y.shape[1]),))
    start, f = problem(network, objective, y)
    best = scipy.optimize.minimize(f, start, jac=True, method="L-BFGS-B", tol=1e-12)
    trained = fit(network, objective, y, 60)
    theta, _ = ravel_pytree(trained.params)
    assert f(theta)[0] == pytest.approx(best.fun, rel=1e-9)
    assert np.abs(f(theta)[1]).max() < 1e-5


def test_on_a_network_it_keeps_pace_with_scipy_and_never_climbs():
    start, f = problem(NETWORK, SquaredError(), Y)
    losses, theirs = [], []
    for n in (5, 20, 100):
        theta, _ = ravel_pytree(fit(NETWORK, SquaredError(), Y, n).params)
        losses.append(f(theta)[0])
        options = {"maxiter": n, "maxcor": 10, "ftol": 0, "gtol": 0}
        theirs.append(
            scipy.optimize.minimize(f, start, jac=True, method="L-BFGS-B", options=options).fun
        )
    assert (np.array(losses) < 1.5 * np.array(theirs)).all()
    assert losses[-1] < 0.1 * f(start)[0]
    seen = []
    fit(NETWORK, SquaredError(), Y, 60, on_epoch=lambda e: seen.append(e.params) and None)
    path = np.array([f(ravel_pytree(params)[0])[0] for params in seen])
    assert (np.diff(path) <= 0).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_long_after_the_end_it_stands_still_and_finite(dtype):
    network = FeedForward((Dense(1),))
    long = fit(network, SquaredError(), Y, 300, dtype)
    assert long.stop == "finished"
    assert np.isfinite(ravel_pytree(long.params)[0]).all()
    again = fit(network, SquaredError(), Y, 5, dtype, params=long.params)
    assert again.history["loss"][-1] == pytest.approx(long.history["loss"][-1], rel=1e-6)
    zeros = jax.tree.map(jnp.zeros_like, long.params)
    still = fit(network, SquaredError(), 0 * Y, 5, dtype, params=zeros)
    assert not np.any(ravel_pytree(still.params)[0])


@pytest.mark.parametrize(("dtype", "largest"), [("float32", 1e4), ("float64", 1e9)])
def test_columns_of_any_unit_end_at_least_squares(dtype, largest):
    x = X * largest * np.array([1.0, 0.03, 0.01, 1.0])
    table = np.c_[x, np.ones(len(x))]
    left = Y - table @ np.linalg.lstsq(table, Y)[0]
    trained = fit(FeedForward((Dense(1),)), SquaredError(), Y, 100, dtype, x, penalty=None)
    assert trained.history["loss"][-1] == pytest.approx(0.5 * np.mean(left**2), rel=1e-3)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_parameters_of_any_structure_or_none(dtype):
    nothing = fit(FeedForward((tanh,)), SquaredError(), X, 2, dtype, penalty=None)
    assert nothing.history["loss"][-1] == nothing.history["loss"][0]
    params = {"a": jnp.ones((2, 1), dtype), "b": (None, (), [jnp.zeros(3, dtype)])}

    def bowl(params):
        loss = 0.5 * sum(jnp.sum((leaf - 2) ** 2) for leaf in jax.tree.leaves(params))
        return loss, jax.tree.map(lambda leaf: leaf - 2, params)

    state = LBFGS().init(params)
    update = jax.jit(lambda params, state: LBFGS().update(params, bowl(params)[1], state, bowl))
    for _ in range(3):
        params, state = update(params, state)
    for leaf in jax.tree.leaves(params):
        np.testing.assert_allclose(leaf, 2, rtol=1e-6)
        assert leaf.dtype == dtype


def test_kinks_and_explosions_on_the_way_are_survived():
    rough = FeedForward((Dense(8, weights="he"), relu, Dense(1)))
    trained = fit(rough, AbsoluteError(), Y, 80)
    assert trained.stop == "finished"
    assert trained.history["loss"][-1] < 0.8 * trained.history["loss"][0]
    steep = fit(NETWORK, SquaredError(), 1e12 * Y, 40)
    assert steep.stop == "finished"
    assert steep.history["loss"][-1] < steep.history["loss"][0]


def test_other_numbers_compile_nothing_and_networks_train_side_by_side():
    one = fit(NETWORK, SquaredError(), Y, 8)
    before = compilations()["run_block"]
    fit(NETWORK, SquaredError(), 2 * Y, 5, seed=9, penalty=Penalty(0.0, 0.1))
    assert compilations()["run_block"] == before
    together = train_together(
        NETWORK,
        SquaredError(),
        [(X, Y), (X, 2 * Y)],
        optimizer=LBFGS(),
        batch_size=None,
        n_epochs=8,
        penalty=PENALTY,
        seeds=[1, 1],
        dtype="float64",
    )
    np.testing.assert_allclose(together[0].history["loss"], one.history["loss"], rtol=1e-6)


def test_what_it_cannot_do_is_said():
    with pytest.raises(OptionError, match=r"Clipped\(LBFGS\(\)\).*Leave the clipping"):
        Clipped(LBFGS())
    with pytest.raises(OptionError, match="whole table"):
        fit(NETWORK, SquaredError(), Y, 1, batch_size=10)
    weights = jnp.ones(2)
    with pytest.raises(OptionError, match="fourth argument.*got None"):
        LBFGS().update(weights, weights, LBFGS().init(weights))
    with pytest.raises(OptionError, match="memory=0"):
        LBFGS(memory=0)
    with pytest.raises(OptionError, match="below curvature"):
        LBFGS(decrease=0.95)
