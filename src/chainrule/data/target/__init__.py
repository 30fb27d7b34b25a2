"""The target: read from any container, one of four kinds, as numbers and back."""

from chainrule.data.target.classes import ClassTarget
from chainrule.data.target.kind import Target
from chainrule.data.target.labels import LabelTarget
from chainrule.data.target.numbers import NumberTarget
from chainrule.data.target.several_classes import ClassTargets
from chainrule.data.target.target import KINDS, fit_class_target, target_from_state
from chainrule.data.target.values import TargetValues, guess_task, read_target

__all__ = [
    "KINDS",
    "ClassTarget",
    "ClassTargets",
    "LabelTarget",
    "NumberTarget",
    "Target",
    "TargetValues",
    "fit_class_target",
    "guess_task",
    "read_target",
    "target_from_state",
]
