"""Links: how the raw outputs of a network become predictions; a record for each.

>>> import numpy as np
>>> LINKS["exp"].forward(np.zeros((1, 1)), ())
array([[1.]])
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.activations import sigmoid
from chainrule.predicting.layers.softmax import softmax

LEAST = 1e-12  # of a prediction whose logarithm is asked for
MOST = 88.0  # of a raw output whose exponential is to be finite in float32


@dataclass(frozen=True)
class Link:
    """What is asked of a link.

    Attributes
    ----------
    forward : callable
        `forward(z, sizes)`, the predictions for raw outputs in float64, shape (n_rows, n_outputs);
        it may write into `z`.
    inverse : callable
        `inverse(p)`, raw outputs whose predictions are `p`.
    activation : str
        What scikit-learn calls it, in `out_activation_`; None where it has no word for it.
    of_probabilities : bool
        It gives the probabilities of one target, which a temperature makes bolder or milder.
    of_the_largest : bool
        The class with the largest raw output is the most probable; raw outputs tell them apart
        where probabilities are rounded to the same.
    has_sizes : bool
        Neighbouring outputs, `sizes` of them, belong together.
    """

    forward: Callable[[np.ndarray, Sequence[int]], np.ndarray]
    inverse: Callable[[np.ndarray], np.ndarray] = lambda p: p
    activation: str | None = "identity"
    of_probabilities: bool = False
    of_the_largest: bool = False
    has_sizes: bool = False


def _log(p: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(p, LEAST))


def _softmax_blocks(z: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
    ends = np.cumsum(sizes)[:-1]
    return np.concatenate([softmax(block) for block in np.split(z, ends, axis=1)], axis=1)


LINKS = {
    "identity": Link(lambda z, sizes: z),
    "softmax": Link(
        lambda z, sizes: softmax(z), _log, "softmax", of_probabilities=True, of_the_largest=True
    ),
    "sigmoid": Link(lambda z, sizes: sigmoid(z), lambda p: _log(p) - _log(1 - p), "logistic", True),
    "exp": Link(lambda z, sizes: np.exp(np.minimum(z, MOST, out=z), out=z), _log, "exp"),
    "sort": Link(lambda z, sizes: np.sort(z, axis=1)),
    "softmax blocks": Link(_softmax_blocks, _log, "softmax", has_sizes=True),
}
_OWN = Link(lambda z, sizes: z, activation=None)


def link_of(name: str | None) -> Link:
    """Return the link of that name; of None, which is a user's own, one that promises nothing."""
    return _OWN if name is None else LINKS[name]
