"""How to read each picture, in a sentence: taken from the docstring of what draws it."""

import inspect
import re
from collections.abc import Callable
from typing import Any

from chainrule.inspection.picture.network import draw_network
from chainrule.report.calibration import calibration_figure
from chainrule.report.curves import learning_curves
from chainrule.report.flow import flow_figure
from chainrule.report.histograms import histogram_figure
from chainrule.report.importance import importance_figure
from chainrule.report.predictions import confusion_figure, error_figure, scatter_figure
from chainrule.report.responses import responses_figure
from chainrule.report.settling import settling_curves, settling_report_figure
from chainrule.report.surface import surface_figure
from chainrule.report.thresholds import precision_recall_figure, roc_figure

_FIGURES: dict[str, Callable[..., Any]] = {
    "network": draw_network,
    "learning_curves": learning_curves,
    "flow": flow_figure,
    "histograms": histogram_figure,
    "confusion_matrix": confusion_figure,
    "roc": roc_figure,
    "precision_recall": precision_recall_figure,
    "calibration": calibration_figure,
    "predicted_against_true": scatter_figure,
    "errors": error_figure,
    "decision_surface": surface_figure,
    "hidden_responses": responses_figure,
    "permutation_importance": importance_figure,
    "settling": settling_curves,
    "settling_report": settling_report_figure,
}


def _how_to_read(figure: Callable[..., Any]) -> str:
    """Return the paragraph of a docstring that says how to read the figure."""
    text = inspect.getdoc(figure) or ""
    found = re.search(r"^How to read it: (.*?)(?=\n\n|\Z)", text, re.DOTALL | re.MULTILINE)
    sentence = "" if found is None else " ".join(found[1].split())
    return sentence[:1].upper() + sentence[1:]


READING: dict[str, str] = {name: _how_to_read(figure) for name, figure in _FIGURES.items()}
