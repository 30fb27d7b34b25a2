"""Metrics: measured row by row beside the loss, never trained on.

Every objective can serve as a metric too, since it has `per_row`.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from chainrule.engine.objectives.base import Objective
from chainrule.engine.pytree import hyperparameters, number, part


@hyperparameters
class Accuracy:
    """1 where the predicted class is the target's, else 0.

    With several outputs the class is the largest one (the first of equals, as in NumPy); with one
    output it is whether the raw output exceeds `threshold` (0 for logits, 0.5 after a sigmoid).
    """

    threshold: float = number(default=0.0)

    def per_row(
        self, z: Float[Array, "batch k"], y: Float[Array, "batch k"]
    ) -> Float[Array, " batch"]:
        if z.shape[-1] == 1:
            right = (z[:, 0] > self.threshold) == (y[:, 0] > 0.5)
        else:
            right = jnp.argmax(z, axis=-1) == jnp.argmax(y, axis=-1)
        return right.astype(z.dtype)


@hyperparameters
class SubsetAccuracy:
    """1 where every label is right (raw outputs above 0 are yes), else 0.

    With `sizes`, outputs and targets are blocks of that many classes, and 1 means that the largest
    output of every block is the target's class.
    """

    sizes: tuple[int, ...] = ()

    def per_row(
        self, z: Float[Array, "batch k"], y: Float[Array, "batch k"]
    ) -> Float[Array, " batch"]:
        right = jnp.all((z > 0) == (y > 0.5), axis=-1)
        if self.sizes:
            ends = [sum(self.sizes[: i + 1]) for i in range(len(self.sizes))]
            blocks = [slice(e - n, e) for e, n in zip(ends, self.sizes, strict=True)]
            same = [jnp.argmax(z[:, b], axis=-1) == jnp.argmax(y[:, b], axis=-1) for b in blocks]
            right = jnp.stack(same).all(axis=0)
        return right.astype(z.dtype)


@hyperparameters
class PredictionError:
    """Squared error of the objective's predictions, mean over outputs: what R² is made of."""

    objective: Objective = part()

    def per_row(
        self, z: Float[Array, "batch k"], y: Float[Array, "batch k"]
    ) -> Float[Array, " batch"]:
        return jnp.mean((self.objective.link(z) - y) ** 2, axis=-1)
