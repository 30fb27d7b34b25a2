"""What flowed, and why: diagnosis in numbers and in words.  Plain data out."""

from chainrule.inspection.doctor.diagnose import diagnose_training
from chainrule.inspection.doctor.evidence import Evidence, Reference, SeenRows, Settings
from chainrule.inspection.doctor.finding import KINDS, Diagnosis, Finding, SanityTest
from chainrule.inspection.explaining.explain import Cell, Explanation, Story, explain
from chainrule.inspection.explaining.paths import WeightGradient, weight_gradient
from chainrule.inspection.gradients.check import check_gradients
from chainrule.inspection.gradients.report import ArrayCheck, GradientCheck
from chainrule.inspection.settling.diagnosis import diagnose_settling
from chainrule.inspection.settling.energy import energy
from chainrule.inspection.settling.remarks import VERDICTS, Remark
from chainrule.inspection.settling.report import SettlingReport
from chainrule.inspection.settling.runs import SettlingCurve
from chainrule.inspection.settling.stability import (
    eigenvalues,
    largest_stable_step,
    recommended_step,
    spectral_radius,
)
from chainrule.inspection.tracing.trace import Trace, trace

__all__ = [
    "KINDS",
    "VERDICTS",
    "ArrayCheck",
    "Cell",
    "Diagnosis",
    "Evidence",
    "Explanation",
    "Finding",
    "GradientCheck",
    "Reference",
    "Remark",
    "SanityTest",
    "SeenRows",
    "Settings",
    "SettlingCurve",
    "SettlingReport",
    "Story",
    "Trace",
    "WeightGradient",
    "check_gradients",
    "diagnose_settling",
    "diagnose_training",
    "eigenvalues",
    "energy",
    "explain",
    "largest_stable_step",
    "recommended_step",
    "spectral_radius",
    "trace",
    "weight_gradient",
]
