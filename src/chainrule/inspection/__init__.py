"""What flowed, and why: diagnosis in numbers and in words.  Plain data out.

Names are looked up when they are first used: a picture of a network needs no JAX, a trace does.
"""

from typing import TYPE_CHECKING

from chainrule.importing import looked_up

if TYPE_CHECKING:
    from chainrule.finding import Finding
    from chainrule.inspection.doctor.diagnose import KINDS, diagnose_training
    from chainrule.inspection.doctor.diagnosis import Diagnosis, SanityTest
    from chainrule.inspection.doctor.evidence import Evidence, Reference, SeenRows, Settings
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

_HOMES = {
    "ArrayCheck": "chainrule.inspection.gradients.report",
    "Cell": "chainrule.inspection.explaining.explain",
    "Diagnosis": "chainrule.inspection.doctor.diagnosis",
    "Evidence": "chainrule.inspection.doctor.evidence",
    "Explanation": "chainrule.inspection.explaining.explain",
    "Finding": "chainrule.finding",
    "GradientCheck": "chainrule.inspection.gradients.report",
    "KINDS": "chainrule.inspection.doctor.diagnose",
    "Reference": "chainrule.inspection.doctor.evidence",
    "Remark": "chainrule.inspection.settling.remarks",
    "SanityTest": "chainrule.inspection.doctor.diagnosis",
    "SeenRows": "chainrule.inspection.doctor.evidence",
    "Settings": "chainrule.inspection.doctor.evidence",
    "SettlingCurve": "chainrule.inspection.settling.runs",
    "SettlingReport": "chainrule.inspection.settling.report",
    "Story": "chainrule.inspection.explaining.explain",
    "Trace": "chainrule.inspection.tracing.trace",
    "VERDICTS": "chainrule.inspection.settling.remarks",
    "WeightGradient": "chainrule.inspection.explaining.paths",
    "check_gradients": "chainrule.inspection.gradients.check",
    "diagnose_settling": "chainrule.inspection.settling.diagnosis",
    "diagnose_training": "chainrule.inspection.doctor.diagnose",
    "eigenvalues": "chainrule.inspection.settling.stability",
    "energy": "chainrule.inspection.settling.energy",
    "explain": "chainrule.inspection.explaining.explain",
    "largest_stable_step": "chainrule.inspection.settling.stability",
    "recommended_step": "chainrule.inspection.settling.stability",
    "spectral_radius": "chainrule.inspection.settling.stability",
    "trace": "chainrule.inspection.tracing.trace",
    "weight_gradient": "chainrule.inspection.explaining.paths",
}

__getattr__ = looked_up(__name__, _HOMES)

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
