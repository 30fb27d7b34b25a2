"""The engine: arrays in, trained parameters out, by hand-written passes forward and back.

For people with arrays and their own loop.  Layers and networks, objectives, optimizers, `train`
and `predict`; every name here is documented where it is defined.
"""

from chainrule.engine.compiling.count import compilations
from chainrule.engine.keys import make_key, split_key
from chainrule.engine.layers import ACTIVATIONS, as_activation
from chainrule.engine.layers.activations import (
    elu,
    gelu,
    identity,
    leaky_relu,
    mish,
    relu,
    selu,
    sigmoid,
    silu,
    soft_clip,
    softmax,
    softplus,
    tanh,
)
from chainrule.engine.layers.base import Layer
from chainrule.engine.layers.dense import Dense, DenseParams
from chainrule.engine.layers.differentiated import Differentiated
from chainrule.engine.layers.dropout import Dropout
from chainrule.engine.layers.elementwise import Elementwise
from chainrule.engine.layers.initializers import Given, Normal, Uniform, VarianceScaling, Zeros
from chainrule.engine.layers.layer_norm import LayerNorm, LayerNormParams
from chainrule.engine.layers.notes import Noting, Passed
from chainrule.engine.layers.piecewise import Piecewise, quantile_edges
from chainrule.engine.layers.scale import Scale, ScaleParams
from chainrule.engine.layers.softmax import Softmax
from chainrule.engine.networks.cell import Cell, CellParams
from chainrule.engine.networks.connections import ConnectionParams, Connections, Recurrent
from chainrule.engine.networks.equilibrium_propagation import equilibrium_propagation
from chainrule.engine.networks.feed_forward import FeedForward
from chainrule.engine.networks.fixed_point import FixedPoint
from chainrule.engine.networks.guarantees import (
    Monotone,
    NonNegative,
    Perron,
    RowSum,
    Spectral,
    Symmetric,
)
from chainrule.engine.networks.local import Local, LocalConnections, LocalParams
from chainrule.engine.networks.settling.state import Settled
from chainrule.engine.networks.unrolled import Unrolled
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
from chainrule.engine.pytree import hyperparameters, number, part, pytree
from chainrule.engine.training.keeping import Keeper
from chainrule.engine.training.predict import predict
from chainrule.engine.training.results import Epoch, Progress, Trained
from chainrule.engine.training.rows import make_room
from chainrule.engine.training.starting import Checkpoint
from chainrule.engine.training.stopping import EarlyStopping
from chainrule.engine.training.together import train_together
from chainrule.engine.training.train import train

__all__ = [
    "ACTIVATIONS",
    "LBFGS",
    "AbsoluteError",
    "Accuracy",
    "Adam",
    "AdamW",
    "Cell",
    "CellParams",
    "Checkpoint",
    "Clipped",
    "ConnectionParams",
    "Connections",
    "Constant",
    "Cosine",
    "CosineCycles",
    "CustomLoss",
    "Dense",
    "DenseParams",
    "Differentiated",
    "Dropout",
    "EarlyStopping",
    "Elementwise",
    "Epoch",
    "Exponential",
    "FeedForward",
    "FixedPoint",
    "Frozen",
    "Given",
    "GradientDescent",
    "Huber",
    "InverseScaling",
    "Keeper",
    "Layer",
    "LayerNorm",
    "LayerNormParams",
    "Local",
    "LocalConnections",
    "LocalParams",
    "Momentum",
    "Monotone",
    "NonNegative",
    "Normal",
    "Noting",
    "Objective",
    "OneCycle",
    "Optimizer",
    "Passed",
    "Penalty",
    "Perron",
    "Piecewise",
    "Poisson",
    "PredictionError",
    "Progress",
    "Quantile",
    "RMSProp",
    "RateFactors",
    "Recurrent",
    "RowSum",
    "Rprop",
    "Rule",
    "Scale",
    "ScaleParams",
    "Scaled",
    "Schedule",
    "Settled",
    "SeveralSoftmaxCrossEntropies",
    "Shifted",
    "SigmoidCrossEntropy",
    "Softmax",
    "SoftmaxCrossEntropy",
    "Spectral",
    "SquaredError",
    "StepDecay",
    "SubsetAccuracy",
    "Symmetric",
    "Trained",
    "Uniform",
    "Unrolled",
    "VarianceScaling",
    "WarmUp",
    "Zeros",
    "as_activation",
    "compilations",
    "elu",
    "equilibrium_propagation",
    "gelu",
    "hyperparameters",
    "identity",
    "leaky_relu",
    "make_key",
    "make_room",
    "mish",
    "number",
    "part",
    "predict",
    "pytree",
    "quantile_edges",
    "relu",
    "selu",
    "sigmoid",
    "silu",
    "soft_clip",
    "softmax",
    "softplus",
    "split_key",
    "tanh",
    "train",
    "train_together",
]
