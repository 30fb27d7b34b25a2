"""What fixed-point estimators tell of settling: the path of rows, and the report of a training."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.activations import RECORDS
from chainrule.inspection.settling.energy import energy
from chainrule.predicting.history import History
from chainrule.predicting.settling import path_of_rows


@dataclass(frozen=True, eq=False)
class SettlePath:
    """How rows settle, sweep by sweep, from rest.

    Attributes
    ----------
    states : array of shape (n_sweeps + 1, n_rows, n_units)
        The units after every sweep; entry 0 is rest.
    residuals : array of shape (n_sweeps + 1, n_rows)
        Norm of F(h) - h of every row before every sweep.
    energies : array of shape (n_sweeps + 1, n_rows) or None
        Energy of the units, where the network has one (`guarantee="symmetric"`).
    """

    states: np.ndarray
    residuals: np.ndarray
    energies: np.ndarray | None


@dataclass(frozen=True, eq=False)
class SettleReport:
    """How a fixed-point network settled while it trained, and how it does now.

    Attributes
    ----------
    epochs : History
        For every epoch: mean and largest sweeps of both settlings, largest residuals (norm of
        F(h) - h) at which a sample was left, and the number of samples that did not settle (summed
        over the steps of the epoch).
    network : SettlingReport or None
        The diagnosis of the trained network on some training rows: verdicts, spectral radius,
        largest stable step, energy, bound of the gradient's error.  None after loading from a file:
        then `diagnose_settling(X)` tells.
    """

    epochs: History
    network: Any

    def __str__(self) -> str:
        last = {name: values[-1] for name, values in self.epochs.items()}
        lines = [
            f"epoch {last['epoch']:.0f}: {last['sweeps']:.1f} sweeps forward "
            f"(most {last['sweeps_max']:.0f}), {last['adjoint_sweeps']:.1f} back "
            f"(most {last['adjoint_sweeps_max']:.0f})",
            f"largest residual: {last['residual_max']:.1e} forward, "
            f"{last['adjoint_residual_max']:.1e} back",
            f"unsettled in all epochs: {np.nansum(self.epochs['unsettled']):.0f} forward, "
            f"{np.nansum(self.epochs['adjoint_unsettled']):.0f} back",
        ]
        if self.network is not None:
            lines.append(self.network.text)
        return "\n".join(lines)


def record_path(
    x: np.ndarray, spec: Any, arrays: dict[str, np.ndarray], max_sweeps: int, *, symmetric: bool
) -> SettlePath:
    """Return how encoded rows settle, with their energies if the connections are symmetric."""
    states, residuals = path_of_rows(x, spec, arrays, max_sweeps)
    energies = None
    if symmetric and RECORDS[spec.activation].energy is not None:
        drive = x @ arrays["inputs"] + arrays["biases"]
        weights = arrays["weights"]
        energies = np.stack([energy(h, weights, drive, spec.activation) for h in states])
    return SettlePath(states, residuals, energies)
