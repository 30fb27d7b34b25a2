"""The energy of a network with symmetric connections, which falls until the network stands still.

    E(h) = -½ h W hᵀ - u hᵀ + Σⱼ ∫₀^hⱼ f⁻¹

    tanh        ∫₀^h f⁻¹ = ½ ((1 + h) ln(1 + h) + (1 - h) ln(1 - h))
    sigmoid     ∫₀^h f⁻¹ = h ln h + (1 - h) ln(1 - h)
    identity    ∫₀^h f⁻¹ = ½ h²

∂E/∂h = f⁻¹(h) - z vanishes where h = f(z), z = h W + u: at the fixed points.

References: Hopfield (1984), PNAS 81:3088-3092, eq. 5; Cohen & Grossberg (1983).
"""

import numpy as np
from scipy.special import xlogy

from chainrule.errors import OptionError

ENERGIES = ("identity", "sigmoid", "tanh")


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
    activation : {"tanh", "sigmoid", "identity"}
        f.

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
    pairs = -0.5 * np.einsum("bi,ij,bj->b", h, np.asarray(weights, np.float64), h, optimize=True)
    return pairs - (drive * h).sum(axis=1) + _inverse_integral(h, activation).sum(axis=1)


def _inverse_integral(h: np.ndarray, activation: str) -> np.ndarray:
    """Return ∫₀^h f⁻¹, elementwise."""
    if activation == "identity":
        return 0.5 * h * h
    if activation == "tanh":
        low, high, factor = 1 + h, 1 - h, 0.5
    elif activation == "sigmoid":
        low, high, factor = h, 1 - h, 1.0
    else:
        raise OptionError(
            f'energy knows no integral for activation="{activation}". '
            f"Choose one of {', '.join(ENERGIES)}."
        )
    inside = (low >= 0) & (high >= 0)
    low, high = np.where(inside, low, 1), np.where(inside, high, 1)
    return np.where(inside, factor * (xlogy(low, low) + xlogy(high, high)), np.inf)
