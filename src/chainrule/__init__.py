"""Neural networks trained by backpropagation on your own tables, with every number in view.

Names are looked up when they are first used, so `import chainrule` is quick and imports neither
JAX nor scikit-learn.
"""

from typing import TYPE_CHECKING

from chainrule.importing import looked_up

if TYPE_CHECKING:
    from chainrule import data, engine, errors, inspection, report, sixsteps
    from chainrule.data.reading import datasets
    from chainrule.models.associative_memory import AssociativeMemory
    from chainrule.models.cross_validation import cross_validate
    from chainrule.models.fixed_point import FixedPointClassifier, FixedPointRegressor
    from chainrule.models.loading import load
    from chainrule.models.mlp import MLPClassifier, MLPRegressor
    from chainrule.models.tabular import TabularClassifier, TabularRegressor
    from chainrule.report import (
        DecisionSurfaceDisplay,
        ErrorHistogramDisplay,
        HiddenResponseDisplay,
        PermutationImportanceDisplay,
        PrecisionRecallCurvesDisplay,
        ReliabilityDisplay,
        RocCurvesDisplay,
        TrainingCurveDisplay,
        write_report,
    )
    from chainrule.storage.checkpoints import Checkpoints

__version__ = "0.1.0"

_HOMES = {
    "AssociativeMemory": "chainrule.models.associative_memory",
    "Checkpoints": "chainrule.storage.checkpoints",
    "FixedPointClassifier": "chainrule.models.fixed_point",
    "FixedPointRegressor": "chainrule.models.fixed_point",
    "MLPClassifier": "chainrule.models.mlp",
    "MLPRegressor": "chainrule.models.mlp",
    "TabularClassifier": "chainrule.models.tabular",
    "TabularRegressor": "chainrule.models.tabular",
    "DecisionSurfaceDisplay": "chainrule.report",
    "ErrorHistogramDisplay": "chainrule.report",
    "HiddenResponseDisplay": "chainrule.report",
    "PermutationImportanceDisplay": "chainrule.report",
    "PrecisionRecallCurvesDisplay": "chainrule.report",
    "ReliabilityDisplay": "chainrule.report",
    "RocCurvesDisplay": "chainrule.report",
    "TrainingCurveDisplay": "chainrule.report",
    "cross_validate": "chainrule.models.cross_validation",
    "load": "chainrule.models.loading",
    "datasets": "chainrule.data.reading.datasets",
    "data": "chainrule.data",
    "engine": "chainrule.engine",
    "errors": "chainrule.errors",
    "inspection": "chainrule.inspection",
    "report": "chainrule.report",
    "sixsteps": "chainrule.sixsteps",
    "write_report": "chainrule.report",
}

__all__ = [
    "AssociativeMemory",
    "Checkpoints",
    "DecisionSurfaceDisplay",
    "ErrorHistogramDisplay",
    "FixedPointClassifier",
    "FixedPointRegressor",
    "HiddenResponseDisplay",
    "MLPClassifier",
    "MLPRegressor",
    "PermutationImportanceDisplay",
    "PrecisionRecallCurvesDisplay",
    "ReliabilityDisplay",
    "RocCurvesDisplay",
    "TabularClassifier",
    "TabularRegressor",
    "TrainingCurveDisplay",
    "__version__",
    "cross_validate",
    "data",
    "datasets",
    "engine",
    "errors",
    "inspection",
    "load",
    "report",
    "sixsteps",
    "write_report",
]


__getattr__ = looked_up(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__
