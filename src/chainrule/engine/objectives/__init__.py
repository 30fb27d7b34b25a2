"""What is minimised: a value, its delta, and a link from raw outputs to predictions."""

from chainrule.engine.objectives.base import Objective
from chainrule.engine.objectives.cross_entropy import SigmoidCrossEntropy, SoftmaxCrossEntropy
from chainrule.engine.objectives.custom import CustomLoss
from chainrule.engine.objectives.metrics import Accuracy, PredictionError, SubsetAccuracy
from chainrule.engine.objectives.penalty import Penalty
from chainrule.engine.objectives.poisson import Poisson
from chainrule.engine.objectives.quantile import Quantile
from chainrule.engine.objectives.robust import AbsoluteError, Huber
from chainrule.engine.objectives.several_classes import SeveralSoftmaxCrossEntropies
from chainrule.engine.objectives.squared_error import SquaredError

# those that the estimators' `loss` may name; the first for a target is what "auto" means
NAMED: tuple[type[Objective], ...] = (
    SquaredError,
    AbsoluteError,
    Huber,
    Quantile,
    Poisson,
    SoftmaxCrossEntropy,
    SigmoidCrossEntropy,
    SeveralSoftmaxCrossEntropies,
)

__all__ = [
    "NAMED",
    "AbsoluteError",
    "Accuracy",
    "CustomLoss",
    "Huber",
    "Objective",
    "Penalty",
    "Poisson",
    "PredictionError",
    "Quantile",
    "SeveralSoftmaxCrossEntropies",
    "SigmoidCrossEntropy",
    "SoftmaxCrossEntropy",
    "SquaredError",
    "SubsetAccuracy",
]
