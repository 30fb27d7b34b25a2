"""The energy of a network with symmetric connections, which falls until the network stands still.

    E(h) = -½ h W hᵀ - u hᵀ + Σⱼ ∫₀^hⱼ f⁻¹

The integral stands in the record of f; of tanh it is ½ ((1 + h) ln(1 + h) + (1 - h) ln(1 - h)).

∂E/∂h = f⁻¹(h) - z vanishes where h = f(z), z = h W + u: at the fixed points.

References: Hopfield (1984), PNAS 81:3088-3092, eq. 5; Cohen & Grossberg (1983).
"""

from collections.abc import Callable

import numpy as np

from chainrule.activations import RECORDS, named
from chainrule.errors import OptionError


def energy(h: np.ndarray, weights: np.ndarray, drive: np.ndarray, activation: str) -> np.ndarray:
    """Return the energy of every state.

    Parameters
    ----------
    h : array of shape (batch, n)
        States.
    weights : array of shape (n, n)
        Symmetric connections W.
    drive : array of shape (batch, n)
        What each unit receives from outside, u.
    activation : str
        f, one whose record has an energy, such as "tanh".

    Returns
    -------
    array of shape (batch,)
        Infinite where a state is outside the range of f, as extrapolated ones may be.

    Raises
    ------
    OptionError
        If the activation has no energy here.
    """
    h, drive = np.asarray(h, np.float64), np.asarray(drive, np.float64)
    integral = _integral(activation)
    pairs = -0.5 * np.einsum("bi,ij,bj->b", h, np.asarray(weights, np.float64), h, optimize=True)
    return pairs - (drive * h).sum(axis=1) + integral(h).sum(axis=1)


def _integral(activation: str) -> Callable[[np.ndarray], np.ndarray]:
    """Return ∫₀^h f⁻¹, elementwise."""
    record = named(activation)
    if record is None or record.energy is None:
        raise OptionError(
            f'energy knows no integral for activation="{activation}". '
            f"Choose one of {', '.join(name for name, each in RECORDS.items() if each.energy)}."
        )
    return record.energy
