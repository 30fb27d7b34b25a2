"""One training step: forward, loss, backward, update, done.  The whole library in five lines."""

from dataclasses import replace
from functools import partial
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from chainrule.engine.layers.base import Layer
from chainrule.engine.layers.notes import Passed, noting, trusted_weights
from chainrule.engine.objectives.base import Objective, RowMeasure
from chainrule.engine.objectives.penalty import Penalty
from chainrule.engine.optimizers.base import LossAndGrads, Optimizer
from chainrule.engine.pytree import pytree


@pytree
class Task:
    """What is trained, on what, how; everything but the data and the weights."""

    network: Layer
    objective: Objective
    optimizer: Optimizer
    penalty: Penalty | None = None
    metrics: tuple[RowMeasure, ...] = ()

    def loss_and_delta(
        self, z: Array, y: Array, tape: Any, weights: Float[Array, " batch"]
    ) -> tuple[Float[Array, ""], Array]:
        """Return the loss of the rows that can be trusted, and its derivative at the outputs."""
        weights = trusted_weights(self.network, tape, weights)
        return self.objective.value(z, y, weights), self.objective.delta(z, y, weights)

    def backward(self, params: Any, tape: Any, delta: Array) -> Passed:
        """Return the network's backward pass, with the pull of the penalty in the gradients."""
        passed = noting(self.network).passed(params, tape, delta)
        if self.penalty is None:
            return passed
        return replace(passed, grads=self.penalty.add_gradient(params, passed.grads))

    def tried(self, *rows: Any) -> LossAndGrads:
        """Return the loss and its gradient as a function of the parameters alone."""
        return partial(loss_and_grads, self, *rows)


@pytree
class Stepped:
    """A step's results, the loss before, and what flowed: its tape and its backward pass."""

    params: Any
    opt_state: Any
    loss: Float[Array, ""]
    tape: Any
    passed: Passed


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
    loss, delta = task.loss_and_delta(z, y, tape, weights)
    passed = task.backward(params, tape, delta)
    new = task.optimizer.update(params, passed.grads, opt_state, task.tried(x, y, weights, key))
    return Stepped(*new, loss, tape, passed)


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
    loss, delta = task.loss_and_delta(z, y, tape, weights)
    trusted = trusted_weights(task.network, tape, weights)
    if trusted is not weights:
        loss = jnp.where(jnp.any(trusted != weights), jnp.inf, loss)
    if task.penalty is not None:
        loss = loss + task.penalty.value(params)
    return loss, task.backward(params, tape, delta).grads
