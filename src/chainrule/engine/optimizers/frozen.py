"""Frozen layers: their gradients are computed and can be seen, but their parameters stay.

    g ← 0 and θ ← θ for the parameters of the named layers;  the optimizer's own rule for the rest

So neither a penalty nor a weight decay moves them.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from chainrule.engine.optimizers.base import Around, LossAndGrads
from chainrule.engine.pytree import hyperparameters
from chainrule.formulas import Formula


@hyperparameters
class Frozen(Around):
    """Another optimizer that leaves the layers at these places of the network alone."""

    layers: tuple[int, ...] = ()

    @property
    def formula(self) -> Formula:
        text, latex = self.inner.formula
        return Formula(f"{text}; layers {', '.join(map(str, self.layers))} stay", latex)

    def update(
        self, params: Any, grads: Any, opt_state: Any, loss_and_grads: LossAndGrads | None = None
    ) -> tuple[Any, Any]:
        still = self._with(jax.tree.map(jnp.zeros_like, grads), grads)
        tried = None if loss_and_grads is None else self._frozen(loss_and_grads)
        moved, opt_state = self.optimizer.update(params, still, opt_state, tried)
        return self._with(params, moved), opt_state

    def _with(self, kept: Any, moving: Any) -> Any:
        """Return the parameters of frozen layers from `kept`, of the others from `moving`."""
        pairs = enumerate(zip(kept, moving, strict=True))
        return tuple(k if i in self.layers else m for i, (k, m) in pairs)

    def _frozen(self, loss_and_grads: LossAndGrads) -> LossAndGrads:
        def frozen(params: Any) -> tuple[Array, Any]:
            loss, grads = loss_and_grads(params)
            return loss, self._with(jax.tree.map(jnp.zeros_like, grads), grads)

        return frozen
