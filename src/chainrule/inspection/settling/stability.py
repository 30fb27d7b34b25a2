"""Which steps settle: what the eigenvalues λ of the Jacobian J = ∂F/∂h at a fixed point decide.

    h ← h + α (F(h) - h)     errors are multiplied by I - α (I - J), with eigenvalues 1 - α + α λ
    settles nearby           |1 - α + α λ| < 1, so  α < α_max = min 2 (1 - Re λ) / |1 - λ|²
    settles for small α      max Re λ < 1, which is also when τ dh/dt = -h + F(h) does

So the spectral radius max |λ| alone misleads: a pair ±2i has radius 2, and settles for α < 0.4.

References: Pineda (1987), Phys. Rev. Lett. 59:2229; Almeida (1987), Proc. ICNN 2:609 (the error
network has the transposed Jacobian, hence the same eigenvalues and the same α_max).
"""

import numpy as np
from scipy.sparse.linalg import ArpackError, eigs

DENSE_UNITS = 1200  # up to here all eigenvalues are worked out
N_OUTER = 6  # above, as many of each end of the spectrum


def eigenvalues(jacobian: np.ndarray) -> np.ndarray:
    """Return the eigenvalues of a matrix, or those at the rim of its spectrum if it is large.

    Parameters
    ----------
    jacobian : array of shape (n, n)
        Real.

    Returns
    -------
    array of shape (m,), complex
        All n of them for n up to 1200.  Above, those of largest modulus, of largest and of smallest
        real part, found by Arnoldi's iteration; no complex pair is missed for being complex.

    References
    ----------
    Lehoucq, Sorensen & Yang (1998), ARPACK Users' Guide, SIAM.
    """
    n = jacobian.shape[0]
    if n <= DENSE_UNITS:
        return np.linalg.eigvals(jacobian).astype(np.complex128)
    found = []
    for which in ("LM", "LR", "SR"):
        try:
            found.append(eigs(jacobian, N_OUTER, which=which, return_eigenvectors=False))
        except ArpackError:  # slow to converge: all of them, then
            return np.linalg.eigvals(jacobian).astype(np.complex128)
    return np.concatenate(found)


def spectral_radius(jacobian: np.ndarray) -> float:
    """Return max |λ| of a real matrix (n, n); right for complex pairs.

    Examples
    --------
    >>> import numpy as np
    >>> round(spectral_radius(np.array([[0.0, -2.0], [2.0, 0.0]])), 12)
    2.0
    """
    return float(np.abs(eigenvalues(jacobian)).max())


def largest_stable_step(eigenvalues: np.ndarray) -> float:
    """Return α_max, below which damped sweeps settle beside a fixed point with these eigenvalues.

    Parameters
    ----------
    eigenvalues : array of shape (n,)
        Of the Jacobian ∂F/∂h at the fixed point.

    Returns
    -------
    float
        min 2 (1 - Re λ) / |1 - λ|²; 0 if some Re λ ≥ 1, where no step settles, and infinity if
        every λ is 1 - 0, which no network is.

    Examples
    --------
    >>> import numpy as np
    >>> round(largest_stable_step(np.array([2j, -2j])), 12)
    0.4
    >>> largest_stable_step(np.array([1.5, 0.2]))
    0.0
    """
    away = 1 - np.asarray(eigenvalues, dtype=np.complex128)
    if not np.isfinite(away).all() or (away.real <= 0).any():
        return 0.0
    return float((2 * away.real / np.abs(away) ** 2).min())


def recommended_step(largest: float) -> float:
    """Return α_max / 2, at most 1: the fastest step where one pair of eigenvalues dominates."""
    return min(1.0, 0.5 * largest)


def paced_jacobian(jacobian: np.ndarray, tau: np.ndarray) -> np.ndarray:
    """Return I - T⁻¹ (I - J): for units with time constants `tau` (n,), the matrix in place of J.

    A step of α then multiplies errors by I - α T⁻¹ (I - J), so the formulas of this module hold.
    """
    identity = np.eye(jacobian.shape[-1])
    return identity - (identity - jacobian) / tau[:, None]
