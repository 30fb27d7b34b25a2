"""Metrics: measured row by row beside the loss, never trained on.

Every objective can serve as a metric too, since it has `per_row`.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from chainrule.engine.pytree import hyperparameters, number


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
