"""A rate for each kind of parameter: an optimizer whose steps are made longer or shorter.

    θ ← θ + f (θ' - θ),   θ' where the optimizer would go;  f by the name of the array

A factor of the step is one of the rate, weight decay included.  With `by_fan_in`, the weights of a
layer with n inputs have the factor 1/√n too: the neural tangent parametrisation, in which the
forward pass divides by √n and one rate suits layers of every width (Jacot, Gabriel & Hongler, 2018,
NeurIPS), written as a rule of the update.
"""

import math
from collections.abc import Mapping
from typing import Any

import jax
from jaxtyping import Array

from chainrule.engine.optimizers.base import Around, LossAndGrads
from chainrule.engine.pytree import hyperparameters, name_of, part
from chainrule.errors import OptionError
from chainrule.formulas import Formula


@hyperparameters
class RateFactors(Around):
    """Another optimizer, with a factor of its rate for each array name such as "biases".

    Parameters
    ----------
    optimizer : Optimizer
        One whose rule is the same for every number: adam, not L-BFGS.
    factors : mapping of str to number
        Names of arrays in the layers' parameters ("weights", "biases", "scale", …), and the factor
        of each; others have 1.
    by_fan_in : bool, default=False
        Divide the rate of weights by the root of their number of inputs.
    """

    factors: Mapping[str, Any] = part(default=None)
    by_fan_in: bool = False

    def __post_init__(self) -> None:
        factors = {name: float(factor) for name, factor in dict(self.factors or {}).items()}
        for name, factor in factors.items():
            if not 0 <= factor < math.inf:
                raise OptionError(
                    f'RateFactors has the factor {factor} for "{name}", expected 0 or more. '
                    "Give 0.1, say, for steps a tenth as long."
                )
        if self.most_tries:
            inner = type(self.optimizer).__name__
            raise OptionError(
                f"RateFactors({inner}()) cannot work: it finds the length of its step by trying. "
                "Take Adam or another rule with a rate."
            )
        object.__setattr__(self, "factors", factors)

    @property
    def formula(self) -> Formula:
        text, latex = self.inner.formula
        factors = [f"{float(factor):g} for {name}" for name, factor in self.factors.items()]
        factors += ["1/√inputs for weights"] if self.by_fan_in else []
        return Formula(f"{text}; steps times {', '.join(factors) or '1'}", latex)

    def update(
        self, params: Any, grads: Any, opt_state: Any, loss_and_grads: LossAndGrads | None = None
    ) -> tuple[Any, Any]:
        moved, opt_state = self.optimizer.update(params, grads, opt_state, loss_and_grads)

        def part_of_the_way(path: Any, p: Array, q: Array) -> Array:
            factor = self.factor(name_of(path), p.shape)
            return q if factor is None else p + factor * (q - p)

        return jax.tree_util.tree_map_with_path(part_of_the_way, params, moved), opt_state

    def factor(self, name: str | None, shape: tuple[int, ...]) -> Any:
        """Return the factor for an array of this name and shape; None is 1."""
        own = self.factors.get(str(name))
        if not (self.by_fan_in and name == "weights"):
            return own
        return (1.0 if own is None else own) / math.sqrt(shape[0])
