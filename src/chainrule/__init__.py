"""Neural networks trained by backpropagation on your own tables, with every number in view.

Names are looked up when they are first used, so `import chainrule` is quick and imports neither
JAX nor scikit-learn.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chainrule import engine, sixsteps
    from chainrule.data import datasets
    from chainrule.models.associative_memory import AssociativeMemory
    from chainrule.models.cross_validation import cross_validate
    from chainrule.models.fixed_point import FixedPointClassifier, FixedPointRegressor
    from chainrule.models.mlp import MLPClassifier, MLPRegressor
    from chainrule.models.storage import load

__version__ = "0.1.0"

_HOMES = {
    "AssociativeMemory": "chainrule.models.associative_memory",
    "FixedPointClassifier": "chainrule.models.fixed_point",
    "FixedPointRegressor": "chainrule.models.fixed_point",
    "MLPClassifier": "chainrule.models.mlp",
    "MLPRegressor": "chainrule.models.mlp",
    "cross_validate": "chainrule.models.cross_validation",
    "load": "chainrule.models.storage",
    "datasets": "chainrule.data.datasets",
    "engine": "chainrule.engine",
    "sixsteps": "chainrule.sixsteps",
}

__all__ = [
    "AssociativeMemory",
    "FixedPointClassifier",
    "FixedPointRegressor",
    "MLPClassifier",
    "MLPRegressor",
    "__version__",
    "cross_validate",
    "datasets",
    "engine",
    "load",
    "sixsteps",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'chainrule' has no attribute {name!r}")
    module = importlib.import_module(_HOMES[name])
    return module if name in ("datasets", "engine", "sixsteps") else getattr(module, name)


def __dir__() -> list[str]:
    return __all__
