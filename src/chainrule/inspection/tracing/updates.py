"""The update as a trace shows it: old weight, gradient, what the rule makes of it, new weight."""

from __future__ import annotations

from dataclasses import is_dataclass
from functools import reduce
from operator import getitem
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PRNGKeyArray

from chainrule.engine import Objective, Penalty
from chainrule.engine.layers.base import Layer
from chainrule.engine.optimizers.base import Around, Optimizer, Rule, rule_of
from chainrule.engine.optimizers.schedules import Schedule
from chainrule.engine.training.step import Task
from chainrule.formulas import Formula
from chainrule.inspection.tracing.records import Step
from chainrule.inspection.tracing.views import Symbol, View, d, named_leaves


def update_steps(
    views: list[View],
    network: Layer,
    params: Any,
    grads: Any,
    optimizer: Optimizer,
    opt_state: Any,
    penalty: Penalty | None,
    objective: Objective,
    rows: tuple[Array, Array, Array],
    key: PRNGKeyArray | None,
) -> list[Step]:
    """Return the steps of one update of all parameters, from the gradients of the loss."""
    state = optimizer.init(params) if opt_state is None else opt_state
    whole = grads if penalty is None else penalty.add_gradient(params, grads)
    task = Task(network, objective, optimizer, penalty)
    new, after = _update(task, params, whole, state, rows, key)
    moments = _moments(optimizer, after, params)
    rate, steps = _rate(optimizer, state), []
    for view in views:
        trees = {"new": new, "whole": whole, **moments}
        own = {name: dict(named_leaves(_at(tree, view.place))) for name, tree in trees.items()}
        for array, old in named_leaves(view.passed.params):
            symbol = view.symbols.arrays[view.place, array]
            values = {name: leaves[array] for name, leaves in own.items()}
            steps += _steps_of(view, symbol, array, old, values, optimizer, penalty, rate)
    return steps


@jax.jit  # one program in place of one for each operation
def _update(
    task: Task, params: Any, grads: Any, state: Any, rows: Any, key: Any
) -> tuple[Any, Any]:
    return task.optimizer.update(params, grads, state, task.tried(*rows, key))


def _steps_of(
    view: View,
    symbol: Symbol,
    array: str,
    old: Array,
    values: dict[str, Array],
    optimizer: Optimizer,
    penalty: Penalty | None,
    rate: str,
) -> list[Step]:
    """Return the steps of one array."""
    axes = ("from", "unit")[2 - old.ndim :] if old.ndim <= 2 else ["axis"] * old.ndim
    gradient = d(symbol)
    if penalty is None:
        summed = gradient
    else:
        pulled = array.split(".")[-1] == "weights"
        summed = _pulled(penalty, gradient, symbol) if pulled else gradient
    rule = rule_of(optimizer).formula

    def step(quantity: str, formula: Formula, numbers: Any, note: str = "") -> Step:
        name = Symbol(f"{symbol.text} {quantity}", rf"{symbol.latex}^{{\text{{{quantity}}}}}")
        return view.step("update", quantity, name, formula, numbers, axes, array, note)

    steps = [step("old", Formula("", ""), old), step("gradient", summed, values["whole"])]
    for letter in [name for name in values if name not in ("new", "whole")]:
        formula = Formula(f"{letter} after this step", rf"\text{{{letter} after this step}}")
        steps.append(step(letter, formula, values[letter]))
    moved = np.asarray(values["new"]) - np.asarray(old)
    change = Formula(f"{symbol.text} new - {symbol.text} old", r"\Delta " + symbol.latex)
    steps.append(step("step", change, moved))
    theta = Formula(
        rule.text.replace("θ", symbol.text), rule.latex.replace(r"\theta", symbol.latex)
    )
    return [*steps, step("new", theta, values["new"], rate)]


def _pulled(penalty: Penalty, gradient: Symbol, symbol: Symbol) -> Formula:
    """Return the gradient with the pull of a penalty."""
    text, latex = gradient
    if penalty.l1:
        text += f" + {float(penalty.l1):g} sign({symbol.text})"
        latex += rf" + {float(penalty.l1):g}\, \mathrm{{sign}}({symbol.latex})"
    if penalty.l2:
        text += f" + {float(penalty.l2):g} {symbol.text}"
        latex += rf" + {float(penalty.l2):g}\, {symbol.latex}"
    return Formula(text, latex)


def _at(tree: Any, place: tuple[int, ...]) -> Any:
    return reduce(getitem, place, tree)


def _moments(optimizer: Optimizer, state: Any, params: Any) -> dict[str, Any]:
    """Return those parts of the state that have a number for each parameter, by their letters.

    Of a user's own optimizer they are what has the structure of the parameters, by its own names.
    """
    rule, structure = rule_of(optimizer), jax.tree.structure(params)
    own = {} if isinstance(optimizer, Rule) or not is_dataclass(state) else vars(state)
    letters = rule.letters or {name: name for name in own}
    found = {letter: getattr(state, name) for name, letter in letters.items()}
    return {letter: t for letter, t in found.items() if jax.tree.structure(t) == structure}


def _rate(optimizer: Any, state: Any) -> str:
    """Return the learning rate of the step, in words; nothing where the rule has none."""
    while isinstance(optimizer, Around):
        optimizer = optimizer.optimizer
    schedule = getattr(optimizer, "learning_rate", None) if isinstance(optimizer, Rule) else None
    if not isinstance(schedule, Schedule):
        return ""
    rate = float(schedule.rate(jnp.asarray(state.step, jnp.result_type(float))))
    return f"η = {rate:g}, step {int(state.step) + 1}"
