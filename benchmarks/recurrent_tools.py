"""The step of recurrent backpropagation by each tool, and the network that they do it for.

A `Setting` is one way of one tool; `defaults()` are the tools as they come, `grid()` what each may
choose from.  `bench_recurrent.py` measures them.
"""

import functools
import importlib.util
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import scipy.linalg
import scipy.optimize

from chainrule import engine

TOLS = (3e-4, 2e-4, 1e-4, 5e-5, 3e-5, 1e-5, 1e-6)


@dataclass(frozen=True)
class Problem:
    """A network with its samples, and the true gradient at its weights."""

    arrays: tuple[np.ndarray, ...]  # weights, input weights, inputs, gradient at the outputs
    truth: np.ndarray


@functools.cache
def problem(radius, n=128, batch=64, n_in=64):
    rng = np.random.default_rng(0)
    shape = rng.normal(size=(n, n)) / np.sqrt(n)
    u = rng.normal(size=(n_in, n)) / np.sqrt(n_in) * 0.5
    x, c = rng.normal(size=(batch, n_in)), rng.normal(size=(batch, n)) / batch

    def jacobians(w):
        h = np.zeros((batch, n))
        for _ in range(20000):
            before, h = h, np.tanh(h @ w + x @ u)
            if np.abs(h - before).max() < 1e-15:
                break
        slopes = 1 - h * h
        return h, slopes, w[None, :, :] * slopes[:, None, :]

    def largest(w):
        return np.abs(np.linalg.eigvals(jacobians(w)[2])).max()

    gain = scipy.optimize.brentq(lambda g: largest(g * shape) - radius, 0.1, 3.0, xtol=1e-5)
    w = gain * shape
    h, slopes, linear = jacobians(w)
    v = np.linalg.solve(np.eye(n)[None] - linear, c[:, :, None])[:, :, 0]
    return Problem(arrays=(w, u, x, c), truth=h.T @ (slopes * v))


@functools.cache
def endless(n=512, batch=256, n_in=64):
    """Return arrays of a network that 10,000 sweeps do not settle: all its radii are 0.99999."""
    rng = np.random.default_rng(0)
    w = 0.99999 * scipy.linalg.qr(rng.normal(size=(n, n)))[0]
    u, x = rng.normal(size=(n_in, n)), 1e-6 * rng.normal(size=(batch, n_in))
    return w, u, x, rng.normal(size=(batch, n)) / batch


@dataclass(frozen=True)
class Setting:
    """One way to do the step: `prepare(arrays)` gives a call that returns gradients, at W first."""

    tool: str
    name: str
    prepare: Callable[[tuple[np.ndarray, ...]], Callable[[], Any]]


def in_jax(tool, name, step, dtype=jnp.float32):
    def prepare(arrays):
        given = [jnp.asarray(a, dtype) for a in arrays]
        return lambda: jax.block_until_ready(step(*given))

    return Setting(tool, name, prepare)


@jax.jit
def chainrule_step(layer, w, u, x, c):
    inputs, connections = engine.DenseParams(u, None), engine.ConnectionParams(w)
    params = engine.CellParams(inputs=inputs, connections=connections, body=())
    _, tape = layer.forward(params, x)
    passed = layer.passed(params, tape, c)
    grads = passed.grads
    return grads.connections.weights, grads.inputs.weights, passed.dx, passed.notes


def network(n=128, solver="auto", **options):
    cell = engine.Cell(engine.Dense(n, bias=False), engine.Recurrent())
    return engine.FixedPoint(cell, settle_solver=solver, adjoint_solver=solver, **options)


def by_chainrule(name, dtype=jnp.float32, **options):
    return in_jax("chainrule", name, functools.partial(chainrule_step, network(**options)), dtype)


def by_autodiff(settle):
    """Return the step whose backward pass is JAX's of `settle(w, drive)`."""

    def step(w, u, x, c):
        def loss(w, u, x):
            return jnp.vdot(settle(w, x @ u), c)

        return jax.grad(loss, argnums=(0, 1, 2))(w, u, x)

    return jax.jit(step)


def sweep(h, w, drive):
    return jnp.tanh(drive + h @ w)


def unrolled(n_sweeps):
    def settle(w, drive):
        start = jnp.zeros_like(drive)
        return jax.lax.scan(lambda h, _: (sweep(h, w, drive), None), start, length=n_sweeps)[0]

    return by_autodiff(settle)


def jaxopt_step(solver="FixedPointIteration", linear=None, over="batch", tol=1e-5, **options):
    import jaxopt

    if linear:
        solve = getattr(jaxopt.linear_solve, linear)
        options["implicit_diff_solve"] = functools.partial(solve, tol=tol)
    run = getattr(jaxopt, solver)(sweep, tol=tol, **options).run

    def settle(w, drive):
        return run(jnp.zeros_like(drive), w, drive).params

    return by_autodiff(jax.vmap(settle, in_axes=(None, 0)) if over == "vmap" else settle)


def optimistix_step(solver="FixedPointIteration", linear=None, tol=1e-5, **options):
    import lineax
    import optimistix

    method = getattr(optimistix, solver)(rtol=tol, atol=tol)
    if linear:
        linear = getattr(lineax, linear)(rtol=tol, atol=tol)
        options["adjoint"] = optimistix.ImplicitAdjoint(linear_solver=linear)

    def settle(w, drive):
        given = (lambda h, args: sweep(h, *args)), method, jnp.zeros_like(drive), (w, drive)
        return optimistix.fixed_point(*given, **options).value

    return by_autodiff(jax.vmap(settle, in_axes=(None, 0)))


def by_torchdeq(name, **options):
    import torch
    import torchdeq

    torch.set_num_threads(1)
    deq = torchdeq.get_deq(**options)

    def prepare(arrays):
        w, u, x, c = (torch.tensor(a, dtype=torch.float32) for a in arrays)
        leaves = [a.requires_grad_() for a in (w, u, x)]

        def step():
            drive = x @ u
            outputs, _ = deq(lambda h: torch.tanh(drive + h @ w), torch.zeros_like(drive))
            return torch.autograd.grad((outputs[-1] * c).sum(), leaves)

        return step

    return Setting("torchdeq", name, prepare)


def installed(name):
    return importlib.util.find_spec(name) is not None


def defaults():
    """Return every tool as it comes; optimistix has no default tolerance."""
    yield by_chainrule("float32")
    yield by_chainrule("float64", jnp.float64)
    if installed("torchdeq"):
        yield by_torchdeq("get_deq()")
        yield by_torchdeq("ift=True", ift=True)
    if installed("jaxopt"):
        for solver in ("FixedPointIteration", "AndersonAcceleration"):
            yield in_jax("jaxopt", solver, jaxopt_step(solver))
    if installed("optimistix"):
        yield in_jax("optimistix", "FixedPointIteration, 1e-5", optimistix_step())
    for n_sweeps in (30, 100, 400):
        yield in_jax("JAX unrolled", f"{n_sweeps} sweeps", unrolled(n_sweeps))


def grid():
    """Return the settings that a tool may choose from, tool by tool."""
    for solver, tol in itertools.product(("auto", "picard", "anderson"), (*TOLS, None)):
        yield by_chainrule(f"{solver}, {tol}", solver=solver, settle_tol=tol)
    if installed("torchdeq"):
        solvers = {"fixed_point_iter": 1000, "anderson": 400, "broyden": 100}
        for (solver, most), tol in itertools.product(solvers.items(), TOLS):
            options = {"f_solver": solver, "f_tol": tol, "f_max_iter": most}
            options |= {"b" + name[1:]: value for name, value in options.items()}
            yield by_torchdeq(f"ift=True, {solver}, {tol}", ift=True, **options)
    if installed("jaxopt"):
        solvers = ("FixedPointIteration", "AndersonAcceleration")
        linear = ("solve_normal_cg", "solve_gmres", "solve_bicgstab")
        for choice in itertools.product(solvers, linear, ("batch", "vmap"), TOLS):
            name = ", ".join(map(str, choice))
            yield in_jax("jaxopt", name, jaxopt_step(*choice, maxiter=1000))
    if installed("optimistix"):
        choices = itertools.product(("FixedPointIteration",), (None, "GMRES", "BiCGStab"), TOLS)
        for solver, linear, tol in (*choices, ("Newton", None, 1e-3)):
            name = f"{solver}, {linear or 'LU'}, {tol}"
            step = optimistix_step(solver, linear, tol, max_steps=5000)
            yield in_jax("optimistix", name, step)
    for n_sweeps in (10, 15, 20, 30, 40, 60, 80, 100, 200, 400, 600, 800):
        yield in_jax("JAX unrolled", f"{n_sweeps} sweeps", unrolled(n_sweeps))
