"""Backpropagation in six steps, by the textbook's names, on chainrule's engine.

    1  initialize_network           a list of layers; a layer is a list of neurons
    2  forward_propagate            = activate (neuron activation) and transfer, layer by layer
    3  backward_propagate_error     = the error times transfer_derivative, from the last layer back
    4  train_network                = forward, backward, update_weights, row by row
    5  predict                      the class of the largest output
    6  back_propagation             the wheat seeds case: all of it on a training and a test part

A neuron is a dict: `weights` (one for each input, the bias last), and after a pass `output` and
`delta`.  The textbook's delta is expected minus output times slope: the field's ∂L/∂z with the
other sign, so that weights are *increased* by rate · delta · input.

The arithmetic is the engine's, in float64: a neuron is a `Dense` layer and a `sigmoid`, the error
is `SquaredError(half=True, over="rows")`, the update `GradientDescent`.  Training runs as one
compiled program with the same numbers as the single steps.
"""

from chainrule.sixsteps.case import (
    accuracy_metric,
    back_propagation,
    cross_validation_split,
    dataset_minmax,
    evaluate_algorithm,
    load_csv,
    normalize_dataset,
    str_column_to_float,
    str_column_to_int,
)
from chainrule.sixsteps.steps import (
    activate,
    backward_propagate_error,
    forward_propagate,
    initialize_network,
    predict,
    train_network,
    transfer,
    transfer_derivative,
    update_weights,
)

__all__ = [
    "accuracy_metric",
    "activate",
    "back_propagation",
    "backward_propagate_error",
    "cross_validation_split",
    "dataset_minmax",
    "evaluate_algorithm",
    "forward_propagate",
    "initialize_network",
    "load_csv",
    "normalize_dataset",
    "predict",
    "str_column_to_float",
    "str_column_to_int",
    "train_network",
    "transfer",
    "transfer_derivative",
    "update_weights",
]
