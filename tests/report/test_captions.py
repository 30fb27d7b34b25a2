"""How to read a picture is said below it as its docstring says it."""

import inspect
import re

import pytest

from chainrule.inspection.picture.network import draw_network
from chainrule.report.calibration import calibration_figure
from chainrule.report.curves import learning_curves
from chainrule.report.flow import flow_figure
from chainrule.report.histograms import histogram_figure
from chainrule.report.importance import importance_figure
from chainrule.report.predictions import confusion_figure, error_figure, scatter_figure
from chainrule.report.reading import READING
from chainrule.report.responses import responses_figure
from chainrule.report.settling import settling_curves, settling_report_figure
from chainrule.report.surface import surface_figure
from chainrule.report.thresholds import precision_recall_figure, roc_figure

FIGURES = {
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


def test_every_picture_has_a_reading():
    assert list(FIGURES) == list(READING)


@pytest.mark.parametrize("name", FIGURES)
def test_the_docstring_says_the_same(name):
    text = inspect.getdoc(FIGURES[name]) or ""
    found = re.search(r"^How to read it: (.*?)(?=\n\n|\Z)", text, re.DOTALL | re.MULTILINE)
    assert found is not None
    said = " ".join(found[1].split())
    assert READING[name] == said[:1].upper() + said[1:]
