"""What flowed, and why: diagnosis in numbers and in words.  Plain data out."""

from chainrule.inspection.energy import energy
from chainrule.inspection.remarks import VERDICTS, Remark
from chainrule.inspection.runs import SettlingCurve
from chainrule.inspection.settling import diagnose_settling
from chainrule.inspection.settling_report import SettlingReport
from chainrule.inspection.stability import (
    eigenvalues,
    largest_stable_step,
    recommended_step,
    spectral_radius,
)

__all__ = [
    "VERDICTS",
    "Remark",
    "SettlingCurve",
    "SettlingReport",
    "diagnose_settling",
    "eigenvalues",
    "energy",
    "largest_stable_step",
    "recommended_step",
    "spectral_radius",
]
