"""How recurrent networks show their passes: settling sweep by sweep, and a signal time by time.

    fixed point   h ← F(x, h) …  h*        λ ← dy + (∂F/∂h)ᵀ λ …      then as in a feed-forward net
    unrolled      hₜ = F(xₜ, hₜ₋₁)          δₜ = dyₜ + (∂F/∂h)ᵀ δₜ₊₁

The sweeps shown are plain ones, h ← h + α (F(x, h) - h) from rest, whatever the layer's own solver;
the state and λ that all later numbers are made of are the layer's own.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from chainrule.engine import Cell, FixedPoint, Settled, Unrolled
from chainrule.engine.layers.kind import GIVEN, ROWS_INPUTS, ROWS_UNITS
from chainrule.engine.networks.settling.state import STATUSES, norms
from chainrule.formulas import Formula
from chainrule.inspection.tracing.connections import weights_backward, weights_steps
from chainrule.inspection.tracing.layers import backward_steps, forward_steps
from chainrule.inspection.tracing.parts import part_views, show_backward, show_forward
from chainrule.inspection.tracing.records import Step
from chainrule.inspection.tracing.views import View, d, named_leaves

MOST_SWEEPS = 50
SMALL_RESIDUAL = 1e-12
DRIVE = {"z": "u", "W": "U", "b": "c"}
SWEEPS, RESIDUALS = ("sweep", "row", "unit"), ("sweep", "row")


@forward_steps.register
def _(layer: FixedPoint, view: View) -> list[Step]:
    cell, tape, params = layer.cell, view.passed.tape, view.passed.params
    h, effective, made = tape.cell.connections
    adjoint = _settle_adjoint(layer, params, tape, view.back.dy)
    used = adjoint.value
    if layer.on_unsettled != "use":
        used = jnp.where((adjoint.usable & tape.settled.usable)[:, None], used, 0)
    drive = cell.inputs.forward(params.inputs, view.passed.x, view.key)[0]
    z = drive + cell.connections.apply(effective, h)
    body = part_views(view, cell.body, params.body, z, used, prefix="body")
    inputs = part_views(
        view, cell.inputs, params.inputs, view.passed.x, body[0].back.dx, prefix="inputs",
        key=view.key, letters=DRIVE,
    )  # fmt: skip
    view.kept = {"inputs": inputs, "body": body, "adjoint": adjoint, "used": used}

    steps, u = show_forward(inputs, view.given)
    steps += weights_steps(view, params.connections, effective, made, "connections.")
    w = view.named["in use"]
    image = partial(_image, cell, params, effective, drive)
    rate, alpha = _rate(layer, h.dtype)
    states, residuals = _sweeps(image, jnp.zeros_like(h), rate)
    path, residual = view.symbol("sweeps", "H"), view.symbol("residual", "r")
    state = view.symbol("h")
    view.named["state"] = state
    received = cell.connections.received.filled(h=state, w=w)
    own = f"the layer's own solver is {layer.settle_solver}" + _ended(tape.settled)
    steps += [
        view.forward(
            "sweeps",
            path,
            Formula(
                f"h ← h + {alpha} (F(h) - h), from rest", rf"h \leftarrow h + {alpha} (F(h) - h)"
            ),
            states,
            SWEEPS,
            "",
            "plain sweeps, to show the way; " + own,
        ),
        view.forward(
            "residuals",
            residual,
            Formula("‖F(h) - h‖ before each sweep", r"\lVert F(h) - h \rVert"),
            residuals,
            RESIDUALS,
        ),
        view.forward(
            "h", state, Formula("F(h), settled", r"F(h)\;\text{settled}"), h, ROWS_UNITS, "", own
        ),
        view.forward(
            "sweeps taken",
            view.symbol("sweeps taken", r"\mathrm{sweeps}"),
            GIVEN,
            tape.settled.sweeps,
            ("row",),
        ),
        view.forward(
            "last residual",
            view.symbol("last residual", r"\mathrm{residual}"),
            GIVEN,
            tape.settled.residual,
            ("row",),
        ),
    ]
    z_symbol = view.symbol("z")
    formula = Formula(f"{u.text} + {received.text}", f"{u.latex} + {received.latex}")
    steps.append(view.forward("received", z_symbol, formula, z, ROWS_UNITS))
    body_steps, view.out = show_forward(body, z_symbol)
    return steps + body_steps


@backward_steps.register
def _(layer: FixedPoint, view: View) -> list[Step]:
    cell, tape, params = layer.cell, view.passed.tape, view.passed.params
    h, effective, _ = tape.cell.connections
    adjoint, dy = view.kept["adjoint"], view.back.dy
    image = partial(_adjoint_image, cell, params, effective, tape.cell.body, dy)
    rate, alpha = _rate(layer, h.dtype)
    values, residuals = _sweeps(image, dy, rate)
    path = view.symbol("adjoint sweeps", r"\Lambda")
    residual = view.symbol("adjoint residual", r"\rho")
    settled, above = view.symbol("λ", r"\lambda"), view.at_output
    state = view.named["state"]
    own = f"the layer's own solver is {layer.adjoint_solver}" + _ended(adjoint)
    steps = [
        view.backward(
            "adjoint sweeps",
            path,
            Formula(
                f"λ ← λ + {alpha} ({above.text} + (∂F/∂{state.text})ᵀ λ - λ), from {above.text}",
                rf"\lambda \leftarrow \lambda + {alpha} ({above.latex} + "
                rf"(\partial F/\partial {state.latex})^\top \lambda - \lambda)",
            ),
            values,
            SWEEPS,
            "",
            "plain sweeps, to show the way; " + own,
        ),
        view.backward(
            "adjoint residuals",
            residual,
            Formula("what a sweep would change", r"\lVert \Delta \lambda \rVert"),
            residuals,
            RESIDUALS,
        ),
        view.backward(
            "λ",
            settled,
            Formula(
                f"{above.text} + (∂F/∂{state.text})ᵀ {settled.text}, settled",
                rf"{above.latex} + (\partial F/\partial {state.latex})^\top {settled.latex}",
            ),
            view.kept["used"],
            ROWS_UNITS,
            "",
            own,
        ),
    ]
    inputs, body = view.kept["inputs"], view.kept["body"]
    steps += show_backward(body, settled)
    dz, dz_values = body[0].at_input, body[0].back.dx
    grads = view.back.grads.connections
    d_effective = cell.connections.gradient(h, dz_values)
    steps += weights_backward(view, state, dz, d_effective, grads, "connections.")
    return steps + show_backward(inputs, dz)


def _rate(layer: FixedPoint, dtype: Any) -> tuple[Any, str]:
    """Return the share of the way that a unit moves in a sweep, and how a formula says it."""
    alpha = 1.0 if layer.settle_step is None else float(layer.settle_step)
    if layer.tau is None:
        return jnp.asarray(alpha, dtype), f"{alpha:g}"
    return jnp.asarray(alpha, dtype) / jnp.asarray(layer.tau, dtype)[None, :], f"{alpha:g}/τ"


@jax.jit
def _image(cell: Cell, params: Any, effective: Any, drive: Array, state: Array) -> Array:
    return cell.respond(params, effective, drive, state)[0]


@jax.jit
def _adjoint_image(
    cell: Cell, params: Any, effective: Any, body: Any, dy: Array, v: Array
) -> Array:
    return dy + cell.pull(params, effective, body, v)


@jax.jit
def _settle_adjoint(layer: FixedPoint, params: Any, tape: Any, dy: Array) -> Settled:
    return layer.settle_adjoint(params, tape, dy)


def _sweeps(image: Any, start: Any, rate: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the states of plain sweeps, and the residual before each."""
    states, residuals, state = [], [], start
    for _ in range(MOST_SWEEPS + 1):
        move = image(state) - state
        states.append(np.asarray(state))
        residuals.append(np.asarray(norms(move)))
        if not (residuals[-1] > SMALL_RESIDUAL * (1 + np.asarray(norms(state)))).any():
            break
        state = state + rate * move
    return np.stack(states), np.stack(residuals)


def _ended(settled: Any) -> str:
    """Return how settling ended, in words."""
    names, counts = np.unique(np.asarray(settled.status), return_counts=True)
    ends = ", ".join(f"{n} {STATUSES[int(k)]}" for k, n in zip(names, counts, strict=True))
    return f" ({ends})"


@forward_steps.register
def _(layer: Unrolled, view: View) -> list[Step]:
    cell, params, x = layer.cell, view.passed.params, view.passed.x
    signal = jnp.swapaxes(x.reshape(x.shape[0], -1, layer.n_features), 0, 1)
    h = jnp.zeros((x.shape[0], cell.width(layer.n_features)), x.dtype)
    before, received, states, tapes = [], [], [], []
    for x_t in signal:
        wiring = cell.wire(params, x_t)
        before.append(h)
        received.append(wiring.drive + cell.connections.apply(wiring.effective, h))
        h, tape = cell.step(params, wiring, h)
        states.append(h)
        tapes.append(tape)
    view.kept = {"tapes": tapes, "before": before}
    steps = []
    for name, values in named_leaves(params.inputs):
        symbol = view.array(f"inputs.{name}", {"weights": "U", "biases": "c"}.get(name, name))
        axes = ("input", "unit") if values.ndim == 2 else ("unit",)
        steps.append(view.forward("parameter", symbol, GIVEN, values, axes, f"inputs.{name}"))
    for name, values in named_leaves(params.body):
        symbol = view.array(f"body.{name}", name.replace(".", "_"))
        axes = [f"axis {i}" for i in range(values.ndim)]
        steps.append(view.forward("parameter", symbol, GIVEN, values, axes, f"body.{name}"))
    _, effective, made = tapes[0].connections
    steps += weights_steps(view, params.connections, effective, made, "connections.")
    u, w = view.named.get("inputs.weights"), view.named["in use"]
    signal_symbol = view.symbol("x over time", "X")
    z, state = view.symbol("z"), view.symbol("h")
    view.named |= {"signal": signal_symbol, "z": z, "state": state}
    drive = "A(xₜ)" if u is None else f"xₜ {u.text} + c"
    drive_latex = "A(x_t)" if u is None else f"x_t {u.latex} + c"
    view.out = view.symbol("y")
    steps += [
        view.forward("signal", signal_symbol, view.given, signal, ("time", "row", "input")),
        view.forward(
            "z",
            z,
            Formula(f"{drive} + hₜ₋₁ {w.text}", f"{drive_latex} + h_{{t-1}} {w.latex}"),
            jnp.stack(received),
            ("time", "row", "unit"),
        ),
        view.forward(
            "h",
            state,
            Formula("f(zₜ), from rest", "f(z_t)"),
            jnp.stack(states),
            ("time", "row", "unit"),
        ),
        view.forward(
            "y",
            view.out,
            Formula(f"{state.text} at the last time", f"{state.latex}(T)")
            if layer.output == "last"
            else Formula(f"{state.text} of all times side by side", state.latex),
            view.passed.y,
            ROWS_UNITS,
        ),
    ]
    return steps


@backward_steps.register
def _(layer: Unrolled, view: View) -> list[Step]:
    cell, params, dy = layer.cell, view.passed.params, view.back.dy
    tapes, before = view.kept["tapes"], view.kept["before"]
    batch, n = before[0].shape
    if layer.output == "last":
        given = [jnp.zeros_like(before[0])] * (len(tapes) - 1) + [dy]
    else:
        given = list(jnp.swapaxes(dy.reshape(batch, -1, n), 0, 1))
    echo, deltas, slopes = jnp.zeros_like(before[0]), [], []
    for tape, dy_t in zip(tapes[::-1], given[::-1], strict=True):
        deltas.append(dy_t + echo)
        slopes.append(cell.body.backward(params.body, tape.body, deltas[-1])[1])
        echo = cell.backward(params, tape, deltas[-1])[2]
    state, z, w = view.named["state"], view.named["z"], view.named["in use"]
    dh, dz = d(state), d(z)
    above = view.at_output
    steps = [
        view.backward(
            "dh",
            dh,
            Formula(
                f"{above.text} at t + {dz.text}(t + 1) {w.text}ᵀ",
                rf"{above.latex}(t) + {dz.latex}(t + 1)\, {w.latex}^\top",
            ),
            jnp.stack(deltas[::-1]),
            ("time", "row", "unit"),
            "",
            "the last time first: what comes from above, and what comes back through time",
        ),
        view.backward(
            "dz",
            dz,
            Formula(f"f′(zₜ)ᵀ {dh.text}(t)", rf"f'(z_t)^\top {dh.latex}(t)"),
            jnp.stack(slopes[::-1]),
            ("time", "row", "unit"),
        ),
    ]
    grads = view.back.grads
    over = f"{dz.text}(t)", f"{dz.latex}(t)"
    effective = sum(
        cell.connections.gradient(h, delta) for h, delta in zip(before, slopes[::-1], strict=True)
    )
    for name, values in named_leaves(grads.inputs):
        symbol = d(view.named[f"inputs.{name}"])
        left, left_latex = ("xₜᵀ ", r"x_t^\top ") if name == "weights" else ("", "")
        formula = Formula(f"Σₜ {left}{over[0]}", rf"\sum_t {left_latex}{over[1]}")
        axes = ("input", "unit") if values.ndim == 2 else ("unit",)
        steps.append(view.backward("d parameter", symbol, formula, values, axes, f"inputs.{name}"))
    for name, values in named_leaves(grads.body):
        symbol = d(view.named[f"body.{name}"])
        axes = [f"axis {i}" for i in range(values.ndim)]
        formula = Formula("Σₜ, through f", r"\sum_t")
        steps.append(view.backward("d parameter", symbol, formula, values, axes, f"body.{name}"))
    steps += weights_backward(view, state, dz, effective, grads.connections, "connections.")
    u = view.named.get("inputs.weights")
    back = f"{over[0]} {u.text}ᵀ" if u else f"Aᵀ {over[0]}"
    back_latex = rf"{over[1]} {u.latex}^\top" if u else rf"A^\top {over[1]}"
    formula = Formula(f"{back}, time by time", back_latex)
    return [*steps, view.backward("dx", view.at_input, formula, view.back.dx, ROWS_INPUTS)]
