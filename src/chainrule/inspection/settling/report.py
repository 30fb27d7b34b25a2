"""What the diagnosis of a fixed-point network found: plain data, a row for each sample."""

from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import numpy as np

from chainrule.advice import Door
from chainrule.inspection.settling.remarks import Remark
from chainrule.inspection.settling.runs import SettlingCurve


@dataclass(frozen=True)
class SettlingReport:
    """How every sample of a batch settles, why some do not, and what to change.

    Arrays have shape (batch,).  Numbers that were not worked out for a sample are nan: where it was
    not analysed, or no fixed point is known.

    Attributes
    ----------
    verdicts : array of str
        One of `chainrule.inspection.VERDICTS`.
    usable : array of bool
        Which samples stand still, to their tolerance or to the floor of the number type.
    sweeps, residuals : arrays
        Of the state: how many, and ‖F(x, h) - h‖ at the end.
    adjoint_sweeps, adjoint_residuals, adjoint_usable : arrays
        Of the error: how many, ‖dy + Jᵀ v - v‖ at the end, and whether it stands still.
    spectral_radius, largest_real_part : arrays
        max |λ| and max Re λ of the Jacobian ∂F/∂h at the fixed point: the one that the sample
        settled at, or the one that explains why it did not.
    alpha_max, alpha_recommended : arrays
        Steps below which sweeps settle beside that fixed point (0: none does), and half of it, at
        most 1 and at most the smallest time constant.
    n_fixed_points : array of int
        Distinct ones found for the sample, over all starts.
    gradient_error_bounds : array
        Bounds on the error of each sample's gradient of the connections' weights (Frobenius norm);
        infinite where a sample does not settle.
    analysed : array of bool
        Samples whose cause was looked into; the others have the verdict of the one most like them.
    gradient_error_bound, gradient_norm : float
        The same for the gradient summed over the samples that training uses, and its norm.
    remarks : tuple of Remark
        A sentence for each verdict that occurs, the commonest first.
    curves : tuple of SettlingCurve
        Residuals on the way of the worst few samples.
    """

    verdicts: np.ndarray
    usable: np.ndarray
    sweeps: np.ndarray
    residuals: np.ndarray
    adjoint_sweeps: np.ndarray
    adjoint_residuals: np.ndarray
    adjoint_usable: np.ndarray
    spectral_radius: np.ndarray
    largest_real_part: np.ndarray
    alpha_max: np.ndarray
    alpha_recommended: np.ndarray
    n_fixed_points: np.ndarray
    gradient_error_bounds: np.ndarray
    analysed: np.ndarray
    gradient_error_bound: float
    gradient_norm: float
    remarks: tuple[Remark, ...]
    curves: tuple[SettlingCurve, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many samples have each verdict that occurs."""
        return {remark.verdict: remark.count for remark in self.remarks}

    @property
    def n_unsettled(self) -> int:
        """How many samples do not stand still."""
        return int((~self.usable).sum())

    @property
    def relative_gradient_error_bound(self) -> float:
        """The bound on the gradient's error over the gradient's norm."""
        return self.gradient_error_bound / max(self.gradient_norm, np.finfo(np.float64).tiny)

    def at(self, door: Door) -> "SettlingReport":
        """Return the report with its advice as it is read at a door."""
        return replace(self, remarks=tuple(remark.at(door) for remark in self.remarks))

    @property
    def text(self) -> str:
        """The remarks, a line each."""
        return "\n".join(remark.text for remark in self.remarks)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as dicts, lists, strings and numbers, as JSON has them.

        Numbers that are not finite stay floats: nan and infinity.
        """
        return _plain(self) | {"counts": self.counts, "n_unsettled": self.n_unsettled}


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if isinstance(value, str):
        return str(value)
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value
