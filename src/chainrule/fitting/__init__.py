"""Rows → a fitted network.

Here are the names that the estimators' parameters take, for help that must not wait for JAX.  Each
is written in the record of its kind in the engine, and a test holds the two together.
"""

SOLVERS = (
    "adam",
    "adamw",
    "sgd",
    "lbfgs",
    "rmsprop",
    "rprop",
    "gradient-descent",
)
LOSSES = (
    "squared_error",
    "absolute_error",
    "huber",
    "quantile",
    "poisson",
)
LOSSES_OF_CLASSES = ("cross_entropy", "log_loss")
SETTLE_SOLVERS = (
    "auto",
    "picard",
    "anderson",
    "contraction",
    "newton",
)
