"""The updates: from a gradient to new parameters, with a rate that may follow a schedule."""

from chainrule.engine.optimizers.adam import Adam, AdamW
from chainrule.engine.optimizers.base import Optimizer, Rule
from chainrule.engine.optimizers.clipping import Clipped
from chainrule.engine.optimizers.frozen import Frozen
from chainrule.engine.optimizers.gradient_descent import GradientDescent, Momentum
from chainrule.engine.optimizers.lbfgs import LBFGS
from chainrule.engine.optimizers.rate_factors import RateFactors
from chainrule.engine.optimizers.rmsprop import RMSProp
from chainrule.engine.optimizers.rprop import Rprop
from chainrule.engine.optimizers.schedules import (
    Constant,
    Cosine,
    CosineCycles,
    Exponential,
    InverseScaling,
    OneCycle,
    Scaled,
    Schedule,
    Shifted,
    StepDecay,
    WarmUp,
)

# what the estimators' `solver` may be
_ASKED_FOR: tuple[type[Rule], ...] = (
    Adam,
    AdamW,
    Momentum,
    LBFGS,
    RMSProp,
    Rprop,
    GradientDescent,
)
SOLVERS: dict[str, type[Rule]] = {rule.solver: rule for rule in _ASKED_FOR}

__all__ = [
    "LBFGS",
    "SOLVERS",
    "Adam",
    "AdamW",
    "Clipped",
    "Constant",
    "Cosine",
    "CosineCycles",
    "Exponential",
    "Frozen",
    "GradientDescent",
    "InverseScaling",
    "Momentum",
    "OneCycle",
    "Optimizer",
    "RMSProp",
    "RateFactors",
    "Rprop",
    "Rule",
    "Scaled",
    "Schedule",
    "Shifted",
    "StepDecay",
    "WarmUp",
]
