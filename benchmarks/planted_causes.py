"""Does the diagnosis name the cause?  Random networks, each built so that one cause is known.

    python benchmarks/planted_causes.py [--networks 50] [--seed 0]

A network is built from the definition of its kind: a Jacobian with chosen eigenvalues at a chosen
fixed point, a contraction, memories, growth without bound.  What cannot be built alone (which
attractor is reached from rest) is checked by iterating in plain NumPy, float64, with and without
damping; networks that turn out to be of another kind are drawn again.  Nothing of the diagnosis is
used for that.
"""

import argparse
import time
from collections import Counter
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from chainrule.engine import (
    ACTIVATIONS,
    Cell,
    CellParams,
    ConnectionParams,
    Dense,
    DenseParams,
    FixedPoint,
    Recurrent,
    Symmetric,
)
from chainrule.engine.compiling.precision import precision
from chainrule.inspection import VERDICTS, diagnose_settling

SIZES, BATCH = (5, 20, 60), 4

FUNCTIONS = {
    "identity": (lambda z: z, lambda z: np.ones_like(z)),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2),
    "softplus": (lambda z: np.logaddexp(0, z), lambda z: 1 / (1 + np.exp(-z))),
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0) * 1.0),
}


class Planted(NamedTuple):
    """A network, and its fixed points (batch, n) where they are known."""

    w: np.ndarray
    x: np.ndarray
    activation: str
    fixed: np.ndarray | None
    options: dict
    symmetric: bool = False
    dtype: type | None = None


def iterate(p: Planted, alpha, sweeps, start=None):
    """Plain damped sweeps in float64; returns the end and its relative residual."""
    f = FUNCTIONS[p.activation][0]
    h = np.zeros_like(p.x) if start is None else start
    with np.errstate(all="ignore"):
        for _ in range(sweeps):
            h = h + alpha * (f(h @ p.w + p.x) - h)
        residual = np.linalg.norm(f(h @ p.w + p.x) - h, axis=1)
        return h, residual / (np.linalg.norm(h, axis=1) + 0.01 * h.shape[1] ** 0.5)


def jacobians(p: Planted, h):
    slopes = FUNCTIONS[p.activation][1](h @ p.w + p.x)
    return slopes[:, :, None] * p.w.T[None]


def polished(p: Planted, h):
    """The fixed points beside h, by Newton's method."""
    f = FUNCTIONS[p.activation][0]
    for _ in range(30):
        step = f(h @ p.w + p.x) - h
        h = h + np.linalg.solve(np.eye(h.shape[1]) - jacobians(p, h), step[..., None])[..., 0]
    return h


def with_eigenvalues(rng, leading, n, inner):
    """A real matrix with a leading eigenvalue or pair, the others within `inner` of 0."""
    matrix = np.zeros((n, n))
    at = 0
    values = [leading]
    while at < n:
        value = (
            values.pop()
            if values
            else inner * rng.uniform(0.1, 1) * np.exp(1j * rng.uniform(0, np.pi))
        )
        if value.imag and at + 1 < n:
            matrix[at : at + 2, at : at + 2] = [
                [value.real, -value.imag],
                [value.imag, value.real],
            ]
            at += 2
        else:
            matrix[at, at] = value.real
            at += 1
    q, _ = np.linalg.qr(rng.normal(size=(n, n)))
    change = q @ (np.eye(n) + 0.3 * rng.normal(size=(n, n)) / n**0.5)
    return change @ matrix @ np.linalg.inv(change)


def at_fixed_point(rng, jacobian, activation, options) -> Planted:
    """The network with this Jacobian at a fixed point drawn at random."""
    n = len(jacobian)
    z = rng.normal(size=n) * {"tanh": 0.4}.get(activation, 1.0)
    f, slope = FUNCTIONS[activation]
    w = (jacobian / slope(z)[:, None]).T
    drive = z - f(z) @ w
    x = drive + 1e-3 * rng.normal(size=(BATCH, n))
    p = Planted(w, x, activation, None, options)
    return p._replace(fixed=polished(p, np.tile(f(z), (BATCH, 1))))


def by_multiplier(rng, multiplier, inner, activations, **options) -> Planted:
    """The network whose errors beside a fixed point are multiplied so in a step of α."""
    alpha = rng.choice([1.0, 0.7, 0.5])
    value = (multiplier - 1 + alpha) / alpha
    n = int(rng.choice(SIZES))
    jacobian = with_eigenvalues(rng, complex(value), n, inner)
    options = {"settle_solver": "picard", "settle_step": float(alpha), "max_settle": 400} | options
    return at_fixed_point(rng, jacobian, rng.choice(activations), options)


def settles(p, alpha, sweeps=6000):
    end, residual = iterate(p, alpha, sweeps)
    near = np.linalg.norm(end - p.fixed, axis=1) < 1e-3 * (1 + np.linalg.norm(p.fixed, axis=1))
    return (residual < 1e-9) & near


def gentle(p):
    """A step well below what the planted fixed point allows."""
    away = 1 - np.linalg.eigvals(jacobians(p, p.fixed))
    return 0.5 * float((2 * away.real / np.abs(away) ** 2).min())


def overshoots(p):
    """It does not settle by its own step, but it does by a smaller one."""
    stays_away = iterate(p, p.options["settle_step"], 3000)[1] > 1e-6
    return stays_away.all() | ~np.isfinite(stays_away).all() and settles(p, gentle(p)).all()


def contraction(rng, norm):
    n = int(rng.choice(SIZES))
    activation = rng.choice(["tanh", "sigmoid", "identity"])
    w = rng.normal(size=(n, n))
    w *= norm / np.linalg.norm(w, 2) * (4 if activation == "sigmoid" else 1)
    p = Planted(w, rng.normal(size=(BATCH, n)), activation, None, {})
    return p._replace(fixed=polished(p, iterate(p, 1.0, 3000)[0]))


def settled(rng):
    p = contraction(rng, rng.uniform(0.3, 0.9))
    pace = rng.choice(["auto", "picard", "anderson"])
    return p._replace(
        options={"settle_solver": str(pace), "settle_step": [None, 0.8][rng.integers(2)]}
    )


def floor(rng):
    p = contraction(rng, rng.uniform(0.5, 0.95))
    dtype = [np.float32, np.float64][rng.integers(2)]
    tol = float(np.finfo(dtype).eps) * 10 ** rng.uniform(-5, -1.5)
    options = {
        "settle_solver": str(rng.choice(["picard", "auto"])),
        "settle_step": 1.0,
        "settle_tol": tol,
    }
    return p._replace(options=options | {"max_settle": 600}, dtype=dtype)


def slow(rng):
    angle = rng.choice([0.0, rng.uniform(0.05, 2.5)])
    multiplier = rng.uniform(0.985, 0.998) * np.exp(1j * angle)
    p = by_multiplier(rng, multiplier, 0.8, ["tanh", "sigmoid", "identity"], max_settle=150)
    late = iterate(p, p.options["settle_step"], 150)[1] > 1e-5
    return p if late.all() and settles(p, p.options["settle_step"], 12000).all() else None


def period_2(rng):
    p = by_multiplier(rng, rng.uniform(-2.5, -1.1), 0.5, ["tanh", "sigmoid"])
    return p if overshoots(p) else None


def rotating(rng):
    multiplier = rng.uniform(1.1, 1.8) * np.exp(1j * rng.uniform(0.3, 2.8))
    p = by_multiplier(rng, multiplier, 0.5, ["tanh", "sigmoid"])
    away = 1 - np.linalg.eigvals(jacobians(p, p.fixed))
    return p if (away.real > 0.02).all() and overshoots(p) else None


def unstable(rng):
    value = complex(rng.uniform(1.05, 1.3), rng.uniform(0.3, 1.0))
    n = int(rng.choice(SIZES))
    options = {
        "settle_solver": "picard",
        "settle_step": float(rng.choice([1.0, 0.5, 0.2])),
        "max_settle": 200,
    }
    activation = rng.choice(["tanh", "sigmoid", "identity"])
    if activation == "identity":
        options |= {"settle_step": 0.2}
    p = at_fixed_point(rng, with_eigenvalues(rng, value, n, 0.7), activation, options)
    own, small = (iterate(p, a, 6000)[1] for a in (options["settle_step"], 0.03))
    return p if (~(own < 1e-4)).all() and (~(small < 1e-4)).all() else None


def none_found(rng):
    """W ≥ 0 with ϱ(W) ≥ 1 and u > 0: along W's Perron vector h' > h always."""
    n = int(rng.choice(SIZES))
    w = rng.uniform(size=(n, n)) * (rng.uniform(size=(n, n)) < 0.7) + 0.01
    w *= rng.uniform(1.0, 1.03) / np.abs(np.linalg.eigvals(w)).max()
    x = rng.uniform(0.1, 1, size=(BATCH, n))
    options = {
        "settle_solver": "picard",
        "settle_step": float(rng.choice([1.0, 0.5])),
        "max_settle": 300,
    }
    return Planted(w, x, str(rng.choice(["softplus", "relu"])), None, options)


def several(rng):
    """A memory for each of a few patterns of signs."""
    n = int(rng.choice([20, 60]))
    patterns = np.sign(rng.normal(size=(max(2, n // 20), n)))
    w = rng.uniform(1.5, 3) * patterns.T @ patterns / n
    x = 0.05 * patterns[rng.integers(len(patterns), size=BATCH)]
    options = {"settle_solver": str(rng.choice(["picard", "auto"])), "settle_step": 0.5}
    p = Planted(w, x, "tanh", None, options, symmetric=True)
    here, there = iterate(p, 0.5, 3000), iterate(p, 0.5, 3000, -2 * np.sign(x))
    apart = np.linalg.norm(here[0] - there[0], axis=1) > 0.1
    good = apart & (here[1] < 1e-9) & (there[1] < 1e-9)
    return p._replace(fixed=polished(p, here[0])) if good.all() else None


def overflow(rng):
    n = int(rng.choice(SIZES))
    activation = str(rng.choice(["identity", "relu", "softplus"]))
    w = rng.normal(size=(n, n))
    if activation != "identity":
        w = np.abs(w)
    w *= rng.uniform(2, 4) / np.abs(np.linalg.eigvals(w)).max()
    x = rng.normal(size=(BATCH, n)) + (activation != "identity")
    p = Planted(
        w, x, activation, None, {"settle_solver": "picard", "settle_step": 1.0, "max_settle": 1500}
    )
    return p if (~np.isfinite(iterate(p, 1.0, 1500)[0]).all(axis=1)).all() else None


KINDS = {
    "settled": settled,
    "floor": floor,
    "several found": several,
    "slow": slow,
    "period 2": period_2,
    "rotating": rotating,
    "unstable fixed point": unstable,
    "none found": none_found,
    "overflow": overflow,
}


def draw(kind, rng) -> Planted:
    while True:
        planted = KINDS[kind](rng)
        if planted is not None:
            return planted


def diagnose(p: Planted, dtype):
    dtype = p.dtype or dtype
    n = p.w.shape[0]
    with precision(np.dtype(dtype)):
        params = CellParams(
            DenseParams(jnp.eye(n, dtype=dtype), jnp.zeros(n, dtype)),
            ConnectionParams(jnp.asarray(p.w, dtype)),
            (),
        )
        connections = Symmetric() if p.symmetric else Recurrent()
        cell = Cell(Dense(n), connections, ACTIVATIONS[p.activation])
        layer = FixedPoint(cell, **p.options)
        report = diagnose_settling(layer, params, p.x)
        ended = layer.forward(params, jnp.asarray(p.x, dtype))[1].settled
        states = np.asarray(ended.value, np.float64)
        return report, int((~np.asarray(ended.usable)).sum()), states


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", nargs="*", default=list(KINDS))
    given = parser.parse_args()
    table, radius_errors, uncounted, begun = {}, [], 0, time.time()
    for kind in given.kinds:
        rng = np.random.default_rng([given.seed, list(KINDS).index(kind)])
        named = Counter()
        for i in range(given.networks):
            p = draw(kind, rng)
            report, unsettled, states = diagnose(p, [np.float32, np.float64][i % 2])
            if kind == "several found":  # which of them is reached depends on the way
                p = p._replace(fixed=polished(p, states))
            named[report.remarks[0].verdict] += 1
            total = sum(report.counts.values())
            uncounted += max(0, unsettled - report.n_unsettled) + (BATCH - total)
            if report.remarks[0].verdict != kind:
                print(f"  {kind} {i}: n={len(p.w)} {p.activation} {p.options} {report.counts}")
            if p.fixed is not None:
                want = np.abs(np.linalg.eigvals(jacobians(p, p.fixed))).max(axis=1)
                error = np.abs(report.spectral_radius - want) / want
                radius_errors += error[np.isfinite(error)].tolist()
                if (error > 0.02).any():
                    print(f"  {kind} {i}: {report.spectral_radius} for {want}, ", end="")
                    print(f"{report.n_fixed_points} fixed points")
        table[kind] = named
        print(f"{kind:22s} {named[kind]:3d}/{given.networks} right  {time.time() - begun:6.0f} s")
    columns = [v for v in VERDICTS if any(named[v] for named in table.values())]
    print("\nplanted \\ named       " + "".join(f"{c[:9]:>10s}" for c in columns))
    for kind, named in table.items():
        print(f"{kind:22s}" + "".join(f"{named[c]:10d}" for c in columns))
    right = sum(named[kind] for kind, named in table.items())
    print(f"\nnamed right: {right} of {given.networks * len(table)}")
    print(f"samples not counted: {uncounted}")
    if radius_errors:
        mean, worst = np.mean(radius_errors), np.max(radius_errors)
        print(f"spectral radius, relative error: mean {mean:.1e}, worst {worst:.1e}")


if __name__ == "__main__":
    main()
