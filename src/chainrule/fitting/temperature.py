"""Temperature: one factor of the raw outputs by which probabilities become as bold as they deserve.

    p = softmax(f z)  or  1 / (1 + exp(-f z)),    f where the cross-entropy of rows is least

The rows must be others than those of training.  The most probable class stays what it is.  One
row more counts as if it were wrong, so that no probability is beyond what so many rows can tell.
Reference: Guo et al. (2017), ICML, section 4.2, where 1 / f is the temperature.
"""

from dataclasses import replace

import numpy as np
from scipy.optimize import minimize_scalar

from chainrule.predicting.fitted import Fitted
from chainrule.predicting.network import PlainNetwork

LEAST, MOST = 0.01, 5.0  # of the factor


def temperature(raw: np.ndarray, y: np.ndarray, weights: np.ndarray) -> float:
    """Return the factor of raw outputs with which the cross-entropy of rows is least.

    `raw` and `y` have a column for each class; or one, or independent ones, of 0 and 1.
    """
    several = one_of_several(y)
    wrong = 1 / (1 + weights.sum())
    y = y * (1 - wrong) + wrong / (y.shape[1] if several else 2)

    def loss(log_factor: float) -> float:
        z = raw * np.exp(log_factor)
        if several:
            z = z - z.max(axis=1, keepdims=True)
            losses = np.log(np.exp(z).sum(axis=1)) - (z * y).sum(axis=1)
        else:
            losses = (np.logaddexp(0, z) - z * y).sum(axis=1)
        return float(np.average(losses, weights=weights))

    bounds = (float(np.log(LEAST)), float(np.log(MOST)))
    return float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x))  # pyright: ignore


def sharpened(fitted: Fitted, factor: float) -> Fitted:
    """Return the same model with raw outputs that are `factor` times as large."""
    assert isinstance(fitted.network, PlainNetwork)
    return replace(fitted, network=fitted.network.sharpened(factor))


def one_of_several(y: np.ndarray) -> bool:
    """Return whether encoded classes have a column for each, and one of them in every row."""
    return y.shape[1] > 1 and bool((y.sum(axis=1) == 1).all())
