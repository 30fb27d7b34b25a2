"""Hand-written gradients beside central differences of the loss, weight by weight, in float64.

    numeric(ε)   (L(θ + ε) - L(θ - ε)) / 2ε        for ε = 1e-1, 1e-2, …, 1e-9
    error(ε)     |g - numeric(ε)| / max(|g|, |numeric(ε)|, floor)

Too large a step bends (error ∝ ε²), too small a one rounds (error ∝ 1/ε): over the steps a right
gradient draws a V, of which the lowest point counts; a wrong one stays where it is.  Of every array
some weights are drawn, and one random direction that all its weights take part in.

Which layer is wrong, and not only what comes behind it on the way back, shows when each layer is
checked alone, its `backward` against differences of its own `forward` under the dy that arrived.

At a kink, such as relu's at 0, the two one-sided differences stay apart however small the step; a
gradient between them is one of many that are right, and the check says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PRNGKeyArray

from chainrule.engine import GradientDescent, Objective
from chainrule.engine.compiling.precision import precision
from chainrule.engine.layers.base import Layer
from chainrule.engine.layers.kind import kind_of
from chainrule.engine.layers.notes import trusted_weights
from chainrule.engine.networks.passes import LayerPass, backward_passes, forward_passes
from chainrule.engine.objectives.loss_pass import loss_pass
from chainrule.engine.training.checking import check_outputs, check_parts, check_rows
from chainrule.errors import DataError
from chainrule.inspection.gradients.report import ArrayCheck, GradientCheck
from chainrule.inspection.tracing.naming import Named, name_layers
from chainrule.inspection.tracing.trace import key_at, network_tape
from chainrule.inspection.tracing.views import named_leaves

STEPS = tuple(10.0**-k for k in range(1, 10))
FLOOR = 1e-6  # gradients below this share of the loss, or of the largest gradient, are like 0
TOLERANCE = 1e-5
INPUT = "input"


def check_gradients(
    network: Layer,
    params: Any,
    x: Any,
    y: Any,
    *,
    objective: Objective,
    weights: Any = None,
    key: PRNGKeyArray | None = None,
    most: int = 16,
    steps: Sequence[float] = STEPS,
    tolerance: float = TOLERANCE,
    seed: int = 0,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
) -> GradientCheck:
    """Compare every layer's gradients with central differences, in float64.

    Parameters
    ----------
    network, params, x, y, objective, weights, key
        As in `trace`.  With a key every evaluation draws the same: dropout stands still.
    most : int, default=16
        Weights of each array that are checked singly; all where there are no more.
    steps : sequence of float
        Step sizes ε.
    tolerance : float, default=1e-5
        Relative error up to which a gradient is right.  Gradients below a millionth of the loss (or
        of the largest gradient) are compared as if they were that large.
    seed : int, default=0
        Which weights and directions are drawn.
    input_names, output_names : sequence of str, optional
        As in `trace`.

    Returns
    -------
    GradientCheck

    Raises
    ------
    ShapeError, DataError, OptionError
        If network, rows and objective do not fit together, or the loss is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from chainrule.engine import Dense, FeedForward, SquaredError, make_key, tanh
    >>> network = FeedForward((Dense(3), tanh, Dense(1)))
    >>> params, x = network.init(make_key(0), 2), np.random.default_rng(0).normal(size=(5, 2))
    >>> check_gradients(network, params, x, x[:, :1], objective=SquaredError()).ok
    True
    """
    check_parts(network, objective, GradientDescent(), None)
    table = check_rows("checked", x, y, weights)
    check_outputs(network, objective, table)
    with precision(np.dtype(np.float64)):
        rows = tuple(jnp.asarray(np.asarray(part), jnp.float64) for part in table)
        params = jax.tree.map(lambda leaf: jnp.asarray(np.asarray(leaf), jnp.float64), params)
        check = _Check(network, params, rows, objective, key, tuple(steps), tolerance, seed)
        names = name_layers(check.passes, input_names, output_names)
        return check.run(names, most)


class _Check:
    """One check on its way: the gradients, and the loss as a function of all weights."""

    def __init__(
        self,
        network: Layer,
        params: Any,
        rows: tuple[Array, ...],
        objective: Objective,
        key: PRNGKeyArray | None,
        steps: tuple[float, ...],
        tolerance: float,
        seed: int,
    ) -> None:
        x, y, weights = rows
        self.steps, self.tolerance, self.key = np.array(steps), tolerance, key
        self.rng = np.random.default_rng(seed)
        self.passes = forward_passes(network, params, x, key)
        z = self.passes[-1].y
        trusted = trusted_weights(network, network_tape(network, self.passes), weights)
        loss = loss_pass(objective, z, y, trusted)
        self.backs, self.loss = backward_passes(self.passes, loss.delta), float(loss.loss)
        if not np.isfinite(self.loss):
            raise DataError(
                f"the loss of the checked rows is {self.loss}, so it has no gradient to check. "
                "Take other rows, or smaller weights."
            )
        leaves, self.structure = jax.tree.flatten(params)
        self.leaves = [np.asarray(leaf) for leaf in leaves]
        self.function = partial(_loss, network, objective, x, y, trusted, key)
        of_output = partial(_loss_of_output, objective, y, trusted)
        self.delta_error = self._direction_error(of_output, z, loss.delta)
        self.n_rows = len(x)
        largest = max((float(jnp.abs(g).max()) for b in self.backs for g in
                       jax.tree.leaves(b.grads) if g.size), default=0.0)  # fmt: skip
        self.floor = FLOOR * max(abs(self.loss), largest, np.finfo(np.float64).tiny)

    def run(self, names: list[Named], most: int) -> GradientCheck:
        """Return the check of every array of every layer."""
        found, leaf = [], 0
        for passed, back, named in zip(self.passes, self.backs, names, strict=True):
            parts = named_leaves(passed.params)
            own = self._alone(passed, back)
            for (array, values), (_, gradient) in zip(parts, named_leaves(back.grads), strict=True):
                size, analytic = int(values.size), np.asarray(gradient).ravel()
                chosen = np.sort(self.rng.permutation(size)[:most])
                direction = self.rng.normal(size=size)
                direction /= max(np.linalg.norm(direction), np.finfo(np.float64).tiny)
                given = analytic[chosen], float(analytic @ direction)
                losses = self._losses(leaf, chosen, direction)
                found.append(
                    self._verdict(
                        passed, named, array, values.shape, chosen, given, losses, own[array]
                    )
                )
                leaf += 1
            found.append(self._handed_back(passed, named, own[INPUT]))
        steps = tuple(self.steps.tolist())
        return GradientCheck(steps, found, self.loss, self.tolerance, self.n_rows, self.delta_error)

    def _losses(self, leaf: int, chosen: np.ndarray, direction: np.ndarray) -> np.ndarray:
        """Return the losses above and below, (2, chosen + 1, steps), of moves of one array."""
        values = self.leaves[leaf]
        moves = [np.eye(1, values.size, int(place))[0] for place in chosen]
        moves = [move.reshape(values.shape) for move in (*moves, direction)]
        return np.array(
            [
                [
                    [self._loss_at(leaf, values + sign * e * move) for e in self.steps]
                    for move in moves
                ]
                for sign in (1.0, -1.0)
            ]
        )

    def _loss_at(self, leaf: int, values: np.ndarray) -> float:
        leaves = [*self.leaves[:leaf], values, *self.leaves[leaf + 1 :]]
        return float(self.function(self.structure.unflatten(leaves)))

    def _verdict(
        self,
        passed: LayerPass,
        named: Named,
        array: str,
        shape: tuple[int, ...],
        chosen: np.ndarray,
        given: tuple[np.ndarray, float],
        losses: np.ndarray,
        own_error: float,
    ) -> ArrayCheck:
        """Return what the losses on both sides say of an array's gradient."""
        analytic = np.append(*given)[:, None]
        up, down = losses
        numeric = (up - down) / (2 * self.steps)
        errors = self._relative(analytic, numeric)
        best, at = errors.min(axis=1), errors.argmin(axis=1)
        worst = int(best.argmax())
        right = best <= self.tolerance
        sides = (up - self.loss) / self.steps, (self.loss - down) / self.steps
        low, high, kinked = self._sides(*sides, self.floor)
        # a direction may cross several kinks, some up and some down: then nothing is known of it
        inside = (low <= analytic[:, 0]) & (analytic[:, 0] <= high)
        inside[-1] = True
        kinked &= inside & ~right
        if right.all():
            verdict = "ok"
        elif (right | kinked).all():
            verdict = "kink"
        else:
            verdict = "passed on" if own_error <= self.tolerance else "WRONG"
        alone = worst == len(chosen)
        where = "a random direction" if alone else _weight_name(named, array, shape, chosen[worst])
        return ArrayCheck(
            passed.place,
            named.label,
            kind_of(passed.layer).called,
            array,
            tuple(shape),
            len(chosen),
            errors,
            best,
            own_error,
            where,
            float(analytic[worst, 0]),
            float(numeric[worst, at[worst]]),
            verdict,
        )

    def _handed_back(self, passed: LayerPass, named: Named, error: float) -> ArrayCheck:
        """Return the check of ∂L/∂x, which the layers before are told."""
        verdict = "ok" if error <= self.tolerance else "WRONG"
        none = np.full((1, len(self.steps)), np.nan)
        return ArrayCheck(
            passed.place, named.label, kind_of(passed.layer).called, INPUT, passed.x.shape, 0,
            none, np.array([error]), error, "a random direction", np.nan, np.nan, verdict,
        )  # fmt: skip

    def _alone(self, passed: LayerPass, back: Any) -> dict[str, float]:
        """Return the error of a layer's own backward, for each array and for its input."""
        key = None if self.key is None else key_at(self.key, passed.place)
        found = {}
        parts = named_leaves(passed.params)
        structure = jax.tree.structure(passed.params)
        leaves = [values for _, values in parts]
        for i, (array, values) in enumerate(parts):
            gradient = named_leaves(back.grads)[i][1]

            def of_array(moved: Array, i: int = i) -> Array:
                changed = structure.unflatten([*leaves[:i], moved, *leaves[i + 1 :]])
                return _answer(passed.layer, changed, passed.x, key, back.dy)

            found[array] = self._direction_error(of_array, values, gradient)

        def of_input(moved: Array) -> Array:
            return _answer(passed.layer, passed.params, moved, key, back.dy)

        found[INPUT] = self._direction_error(of_input, passed.x, back.dx)
        return found

    def _direction_error(self, function: Any, at: Array, gradient: Array) -> float:
        """Return the lowest relative error of a gradient in a random direction."""
        direction = self.rng.normal(size=at.shape)
        direction /= max(np.linalg.norm(direction), np.finfo(np.float64).tiny)
        analytic, base = float(np.sum(np.asarray(gradient) * direction)), float(function(at))
        move, size = jnp.asarray(direction), float(np.linalg.norm(np.asarray(gradient)))
        up, down = (
            np.array([float(function(at + sign * e * move)) for e in self.steps])
            for sign in (1.0, -1.0)
        )
        floor = FLOOR * max(abs(base), size, np.finfo(np.float64).tiny)
        numeric = (up - down) / (2 * self.steps)
        largest = np.maximum(np.maximum(abs(analytic), np.abs(numeric)), floor)
        error = float((np.abs(analytic - numeric) / largest).min())
        above, below = (up - base) / self.steps, (base - down) / self.steps
        _, _, kinked = self._sides(above[None, :], below[None, :], floor)
        return 0.0 if error > self.tolerance and kinked[0] else error

    def _relative(self, analytic: np.ndarray, numeric: np.ndarray) -> np.ndarray:
        largest = np.maximum(np.maximum(np.abs(analytic), np.abs(numeric)), self.floor)
        errors = np.abs(analytic - numeric) / largest
        return np.where(np.isfinite(errors), errors, np.inf)  # a large step may overflow

    def _sides(self, above: np.ndarray, below: np.ndarray, floor: float) -> tuple[Any, ...]:
        """Return the lower and the higher one-sided slope at a small step, and if they differ."""
        near = int(np.abs(np.log10(self.steps) + 6).argmin())
        low, high = (f(above[:, near], below[:, near]) for f in (np.minimum, np.maximum))
        room = 1e-3 * np.maximum(np.maximum(np.abs(low), np.abs(high)), floor)
        return low - room, high + room, high - low > room


@jax.jit
def _answer(layer: Layer, params: Any, x: Array, key: Any, dy: Array) -> Array:
    return jnp.sum(dy * layer.forward(params, x, key)[0])


def _loss_of_output(objective: Objective, y: Array, weights: Array, z: Array) -> Array:
    return objective.value(z, y, weights)


@jax.jit
def _loss(
    network: Layer, objective: Objective, x: Array, y: Array, weights: Array, key: Any, params: Any
) -> Array:
    return objective.value(network.forward(params, x, key)[0], y, weights)


def _weight_name(named: Named, array: str, shape: tuple[int, ...], place: int) -> str:
    """Return a weight's name, such as "hidden1[0] <- petal_length"."""
    at = tuple(int(i) for i in np.unravel_index(place, shape))
    kind = array.split(".")[-1]
    if kind == "weights" and shape == (len(named.inputs), len(named.units)):
        return f"{named.units[at[1]]} <- {named.inputs[at[0]]}"
    if array == "connections.weights" and shape == (len(named.units),) * 2:
        return f"{named.units[at[1]]} <- {named.units[at[0]]}"
    if shape == (len(named.units),):
        return f"{named.units[at[0]]} {'<- bias' if kind == 'biases' else kind}"
    return f"{array}[{', '.join(map(str, at))}]"
