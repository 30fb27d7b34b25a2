"""Pictures of a fitted model, with the manners of scikit-learn's displays, and the one-file page.

Names are looked up when they are first used, since drawing needs the extra `report`.
"""

from typing import TYPE_CHECKING

from chainrule.importing import looked_up

if TYPE_CHECKING:
    from chainrule.report.calibration import ReliabilityDisplay
    from chainrule.report.curves import TrainingCurveDisplay
    from chainrule.report.importance import PermutationImportanceDisplay
    from chainrule.report.page.write import write_report
    from chainrule.report.predictions import ErrorHistogramDisplay
    from chainrule.report.responses import HiddenResponseDisplay
    from chainrule.report.surface import DecisionSurfaceDisplay
    from chainrule.report.thresholds import PrecisionRecallCurvesDisplay, RocCurvesDisplay

_HOMES = {
    "DecisionSurfaceDisplay": "chainrule.report.surface",
    "ErrorHistogramDisplay": "chainrule.report.predictions",
    "HiddenResponseDisplay": "chainrule.report.responses",
    "PermutationImportanceDisplay": "chainrule.report.importance",
    "PrecisionRecallCurvesDisplay": "chainrule.report.thresholds",
    "ReliabilityDisplay": "chainrule.report.calibration",
    "RocCurvesDisplay": "chainrule.report.thresholds",
    "TrainingCurveDisplay": "chainrule.report.curves",
    "write_report": "chainrule.report.page.write",
}

__getattr__ = looked_up(__name__, _HOMES)

__all__ = [
    "DecisionSurfaceDisplay",
    "ErrorHistogramDisplay",
    "HiddenResponseDisplay",
    "PermutationImportanceDisplay",
    "PrecisionRecallCurvesDisplay",
    "ReliabilityDisplay",
    "RocCurvesDisplay",
    "TrainingCurveDisplay",
    "write_report",
]
