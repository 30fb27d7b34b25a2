"""One training step: forward, loss, backward, update.  The whole library in five lines."""

from functools import partial
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from chainrule.engine.layers.base import Layer
from chainrule.engine.layers.notes import backward_through, sum_up, trusted_weights
from chainrule.engine.objectives.base import Objective, RowMeasure
from chainrule.engine.objectives.penalty import Penalty
from chainrule.engine.optimizers.base import Optimizer, needs_objective
from chainrule.engine.pytree import pytree


@pytree
class Task:
    """What is trained, on what, how; everything but the data and the weights."""

    network: Layer
    objective: Objective
    optimizer: Optimizer
    penalty: Penalty | None = None
    metrics: tuple[RowMeasure, ...] = ()


@pytree
class Stepped:
    """A step's results, the loss before, sums and peaks of the notes; and what flowed.

    That is its tape, the gradients at the outputs of the layers, and those of the parameters.
    """

    params: Any
    opt_state: Any
    loss: Float[Array, ""]
    notes: tuple[Array, Array]
    tape: Any
    deltas: Any
    grads: Any


def step(
    task: Task,
    params: Any,
    opt_state: Any,
    x: Float[Array, "batch n_in"],
    y: Float[Array, "batch k"],
    weights: Float[Array, " batch"],
    key: PRNGKeyArray | None,
) -> Stepped:
    """Return the updated parameters and optimizer state, and what led to them."""
    z, tape = task.network.forward(params, x, key)
    trusted = trusted_weights(task.network, tape, weights)
    loss = task.objective.value(z, y, trusted)
    delta = task.objective.delta(z, y, trusted)
    grads, _, notes, deltas = backward_through(task.network, params, tape, delta)
    if task.penalty is not None:
        grads = task.penalty.add_gradient(params, grads)
    tries = (partial(loss_and_grads, task, x, y, weights, key),)
    also = tries if needs_objective(task.optimizer) else ()
    params, opt_state = task.optimizer.update(params, grads, opt_state, *also)
    notes = sum_up(task.network, notes, weights)
    return Stepped(params, opt_state, loss, notes, tape, deltas, grads)


def loss_and_grads(
    task: Task,
    x: Float[Array, "batch n_in"],
    y: Float[Array, "batch k"],
    weights: Float[Array, " batch"],
    key: PRNGKeyArray | None,
    params: Any,
) -> tuple[Float[Array, ""], Any]:
    """Return the penalised loss and its gradient at `params`, for rules that try several points.

    A point at which rows have no state that can be trusted has an infinite loss: without them it
    would look better than it is.
    """
    z, tape = task.network.forward(params, x, key)
    given, weights = weights, trusted_weights(task.network, tape, weights)
    loss = task.objective.value(z, y, weights)
    if weights is not given:
        loss = jnp.where(jnp.any(weights != given), jnp.inf, loss)
    grads, _ = task.network.backward(params, tape, task.objective.delta(z, y, weights))
    if task.penalty is not None:
        loss = loss + task.penalty.value(params)
        grads = task.penalty.add_gradient(params, grads)
    return loss, grads
