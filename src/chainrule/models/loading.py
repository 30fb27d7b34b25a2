"""The one file that knows estimators by name: from a model file to the estimator that was saved."""

from pathlib import Path
from typing import Any

from chainrule.errors import ModelFileError
from chainrule.models.associative_memory import AssociativeMemory
from chainrule.models.fixed_point import FixedPointClassifier, FixedPointRegressor
from chainrule.models.mlp import MLPClassifier, MLPRegressor
from chainrule.models.predicting import Classifies
from chainrule.models.tabular import TabularClassifier, TabularRegressor
from chainrule.storage.save import parts_that_fit, read_fitted

ESTIMATORS: dict[str, type[Any]] = {
    each.__name__: each
    for each in (
        AssociativeMemory,
        FixedPointClassifier,
        FixedPointRegressor,
        MLPClassifier,
        MLPRegressor,
        TabularClassifier,
        TabularRegressor,
    )
}


def load(path: str | Path) -> Any:
    """Read a model file and give the estimator, fitted as it was saved.

    Nothing in the file is run; predicting with what it gives needs no JAX.

    Raises
    ------
    MissingFileError
        If there is no such file.
    ModelFileError
        If it is not a model file, is damaged, or was written by a later version.
    """
    fitted, name, parameters = read_fitted(path, ESTIMATORS)
    with parts_that_fit(path):
        model = ESTIMATORS[name](**parameters)
        model._check_options()
        if (fitted.patterns is None) == isinstance(model, AssociativeMemory):
            raise ModelFileError("its columns are missing")
        if fitted.target is not None and fitted.classifies != isinstance(model, Classifies):
            raise ModelFileError(f"a {name} has no target of {fitted.target.kind}")
    model.fitted_ = fitted
    return model
