"""Every number of one step of backpropagation: forward, loss, backward, update.

    trace(network, params, x, y, objective=…)  →  Trace: steps with formula, shape and values

The numbers are those of the engine's own passes, so whatever network the engine has, nested or
recurrent, is shown as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from jaxtyping import PRNGKeyArray

from chainrule.engine import GradientDescent, Objective, Optimizer, Penalty
from chainrule.engine.compiling.precision import as_dtype, precision
from chainrule.engine.layers.base import Layer
from chainrule.engine.layers.kind import kind_of
from chainrule.engine.layers.notes import trusted_weights
from chainrule.engine.networks.passes import LayerPass, backward_passes, forward_passes
from chainrule.engine.objectives.loss_pass import loss_pass
from chainrule.engine.pytree import on_device
from chainrule.engine.training.checking import check_outputs, check_parts, check_rows
from chainrule.formulas import Formula
from chainrule.inspection.tracing import cells, connections  # noqa: F401, they register kinds
from chainrule.inspection.tracing.naming import Named, name_layers
from chainrule.inspection.tracing.parts import show_backward, show_forward
from chainrule.inspection.tracing.records import PHASES, Phase, Place, SeenLayer, Step, Trace
from chainrule.inspection.tracing.updates import update_steps
from chainrule.inspection.tracing.views import INPUT, Symbol, Symbols, View, as_numbers, d, equation

__all__ = ["PHASES", "Phase", "SeenLayer", "Step", "Trace", "trace"]

TARGET, PREDICTION = Symbol("y", "y"), Symbol("ŷ", r"\hat y")


def trace(
    network: Layer,
    params: Any,
    x: Any,
    y: Any,
    *,
    objective: Objective,
    weights: Any = None,
    key: PRNGKeyArray | None = None,
    penalty: Penalty | None = None,
    optimizer: Optimizer | None = None,
    opt_state: Any = None,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
    dtype: Any = None,
) -> Trace:
    """Return every number of one step of backpropagation.

    Parameters
    ----------
    network, params
        Any network of the engine, and its parameters.
    x : array of shape (n_rows, n_in)
        Encoded inputs.
    y : array of shape (n_rows, n_targets)
        Targets, as the objective takes them.
    objective : Objective
        What is minimised.
    weights : array of shape (n_rows,), optional
        Weights of rows; 1 each if not given.
    key : PRNG key, optional
        Makes it a pass of training, from which dropout draws; without it the network predicts.
    penalty : Penalty, optional
        Pulls on the weights in the update.
    optimizer : Optimizer, optional
        Makes the update; without it the trace ends with the gradients.
    opt_state : optional
        The optimizer's state; that of its first step if not given.
    input_names, output_names : sequence of str, optional
        Names of the inputs and of the last layer's units; "x[0]", … and "output[0]", … if not
        given.
    dtype : {"float32", "float64"}, optional
        Number type of all numbers; that of the parameters if not given (of `x` without any).

    Returns
    -------
    Trace
        The steps in the order in which they happen.

    Raises
    ------
    ShapeError, DataError, OptionError
        If network, rows and objective do not fit together.

    Examples
    --------
    >>> import numpy as np
    >>> from chainrule.engine import Dense, FeedForward, SquaredError, make_key, sigmoid
    >>> network = FeedForward((Dense(2), sigmoid, Dense(1)))
    >>> params = network.init(make_key(0), 3)
    >>> seen = trace(network, params, np.ones((4, 3)), np.zeros((4, 1)), objective=SquaredError())
    >>> [step.name for step in seen.phase("backward")]
    ['dW2', 'db2', 'da1', 'slope1', 'dz1', 'dW1', 'db1', 'dx']
    >>> seen.step("dz1").formula, seen["dz1"].shape
    ('dz1 = da1 · slope1', (4, 2))
    """
    check_parts(network, objective, optimizer or GradientDescent(), None)
    table = check_rows("traced", x, y, weights)
    leaves = jax.tree.leaves(params) or [table[0]]
    dtype = as_dtype(np.dtype(leaves[0].dtype) if dtype is None else dtype)
    check_outputs(network, objective, table)
    with precision(dtype):
        params = jax.tree.map(lambda leaf: on_device(np.asarray(leaf, dtype)), params)
        x, y, weights = (on_device(np.asarray(part, dtype)) for part in table)
        return _Tracing(network, params, x, y, objective, weights, key, dtype).trace(
            penalty, optimizer, opt_state, input_names, output_names
        )


class _Tracing:
    """One trace on its way: the passes first, then their steps."""

    def __init__(
        self,
        network: Layer,
        params: Any,
        x: Any,
        y: Any,
        objective: Objective,
        weights: Any,
        key: Any,
        dtype: np.dtype,
    ) -> None:
        self.network, self.params, self.objective = network, params, objective
        self.x, self.y, self.given, self.key, self.dtype = x, y, weights, key, dtype
        self.passes = forward_passes(network, params, x, key)
        self.z = self.passes[-1].y
        tape = network_tape(network, self.passes)
        self.weights = trusted_weights(network, tape, weights)
        self.loss = loss_pass(objective, self.z, y, self.weights)
        self.backs = backward_passes(self.passes, self.loss.delta)

    def trace(
        self,
        penalty: Penalty | None,
        optimizer: Optimizer | None,
        opt_state: Any,
        input_names: Sequence[str] | None,
        output_names: Sequence[str] | None,
    ) -> Trace:
        """Return all steps in order."""
        views, names = self._views(input_names, output_names)
        forward, z = show_forward(views, INPUT)
        layers = [
            SeenLayer(
                v.place,
                v.label,
                kind.called,
                v.given.text,
                v.out.text,
                own.inputs,
                own.units,
                kind.sums,
                kind.mixes,
                kind.only_trains and self.key is None,
            )
            for v, own in zip(views, names, strict=True)
            for kind in [kind_of(v.layer)]
        ]
        inputs = self._step("forward", "x", INPUT, Formula("", ""), self.x, ("row", "input"))
        backward = show_backward(views, d(z))
        steps = [inputs, *forward, *self._loss(z, penalty), *backward]
        if optimizer is not None:
            steps += update_steps(
                views,
                self.network,
                self.params,
                self._grads(),
                optimizer,
                opt_state,
                penalty,
                self.objective,
                (self.x, self.y, self.given),
                self.key,
            )
        return Trace(self.dtype.name, self.key is not None, layers, steps)

    def _views(
        self, input_names: Sequence[str] | None, output_names: Sequence[str] | None
    ) -> tuple[list[View], list[Named]]:
        """Return a view of each layer, and its names."""
        names, symbols = name_layers(self.passes, input_names, output_names), Symbols({"x", "y"})
        views = []
        for passed, back, own in zip(self.passes, self.backs, names, strict=True):
            key = None if self.key is None else key_at(self.key, passed.place)
            views.append(View(passed, back, passed.place, own.label, own.number, symbols, key=key))
        return views, names

    def _loss(self, z: Symbol, penalty: Penalty | None) -> list[Step]:
        measure, found = self.objective.measure, self.loss
        rows, share = ("row", "unit"), Symbol("share", "s")
        loss, mean = Symbol("ℓ", r"\ell"), Symbol("L", "L")
        slope = measure.slope.filled(z=z)
        steps = [
            self._step("loss", "y", TARGET, Formula("", ""), self.y, rows),
            self._step("loss", "ŷ", PREDICTION, measure.link.filled(z=z), found.predictions, rows),
            self._step(
                "loss",
                "loss of rows",
                loss,
                measure.loss.filled(z=z),
                found.of_rows,
                ("row",),
            ),
            self._step(
                "loss",
                "share",
                share,
                Formula("w / Σ w", r"w_n / \sum_n w_n"),
                found.shares,
                ("row",),
                "what each row counts; 0 for a row whose state cannot be trusted",
            ),
            self._step(
                "loss",
                "loss",
                mean,
                Formula("Σ over rows of share · ℓ", r"\sum_n s_n \ell_n"),
                found.loss,
                (),
            ),
        ]
        if penalty is not None:
            symbol = Symbol("penalty", r"\Omega")
            formula = Formula(
                f"{float(penalty.l1):g} Σ|W| + ½ · {float(penalty.l2):g} ΣW²",
                rf"{float(penalty.l1):g} \sum |W| + \tfrac12 {float(penalty.l2):g} \sum W^2",
            )
            value = penalty.value(self.params)
            steps.append(self._step("loss", "penalty", symbol, formula, value, ()))
        formula = Formula(f"share · {_bracketed(slope.text)}", f"s_n ({slope.latex})")
        return [*steps, self._step("loss", "delta", d(z), formula, found.delta, rows)]

    def _step(
        self,
        phase: Phase,
        quantity: str,
        symbol: Symbol,
        formula: Formula,
        values: Any,
        axes: Sequence[str],
        note: str = "",
    ) -> Step:
        values = as_numbers(values, self.dtype)
        shape, said = list(values.shape), equation(symbol, formula)
        return Step(
            phase, symbol.text, quantity, None, "", *said, list(axes), shape, values, "", note
        )

    def _grads(self) -> Any:
        """Return the gradients in the shape of the parameters."""
        of = {p.place: b.grads for p, b in zip(self.passes, self.backs, strict=True)}
        return _nested(self.network, of, ())


def _bracketed(text: str) -> str:
    return f"({text})" if " " in text else text


def key_at(key: PRNGKeyArray, place: Place) -> PRNGKeyArray:
    """Return the key that a network gives to the layer at a place."""
    for i in place:
        key = jax.random.fold_in(key, i)
    return key


def _nested(layer: Any, values: dict[Place, Any], place: Place) -> Any:
    """Return what belongs to each layer, nested as the networks are."""
    if place in values:
        return values[place]
    return tuple(_nested(each, values, (*place, i)) for i, each in enumerate(layer.layers))


def network_tape(network: Layer, passes: list[LayerPass]) -> Any:
    """Return the network's own tape."""
    return _nested(network, {each.place: each.tape for each in passes}, ())
