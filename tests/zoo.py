"""Small fitted models that tests load instead of training them, in `tests/files/zoo`.

`make zoo` fits them anew; `tests/models/test_zoo.py` does so, too, and compares.
"""

from pathlib import Path

import numpy as np
import polars as pl
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris

from chainrule import FixedPointClassifier, FixedPointRegressor, MLPClassifier, MLPRegressor, load

FOLDER = Path(__file__).parent / "files" / "zoo"


def frame(bunch):
    """A table with a column of categories beside the numbers."""
    table = pl.DataFrame(dict(zip(bunch.feature_names, bunch.data.T, strict=True)))
    beds = pl.Series(["sand", "clay", "clay"])
    return table.with_columns(bed=beds.gather(np.arange(table.height) % 3))


IRIS, DIABETES, CANCER = load_iris(), load_diabetes(), load_breast_cancer()
FLOWERS = frame(IRIS), IRIS.target_names[IRIS.target]
PATIENTS = frame(DIABETES), DIABETES.target
WIDE = np.random.default_rng(0).normal(size=(60, 201))
HELD = {"early_stopping": True, "validation_fraction": 0.3, "random_state": 0}
MASK = np.ones((6, 6))
MASK[1, 3] = MASK[3, 1] = 0
SETTLES = {"guarantee": "symmetric", "mask": tuple(map(tuple, MASK.tolist())), "random_state": 0}
NORMAL = {"layer_norm": True, "dropout": 0.2, "dtype": "float64", "random_state": 0}
TWO = np.stack([DIABETES.target, DIABETES.data[:, 2]], axis=1)

ZOO = {
    "flowers": (MLPClassifier((20, 6), "tanh", max_iter=40, **HELD), *FLOWERS),
    "patients": (MLPRegressor((8,), "tanh", max_iter=20, random_state=0), *PATIENTS),
    "settled": (FixedPointClassifier(6, max_iter=8, **SETTLES), *FLOWERS),
    "cancer": (
        MLPClassifier((6,), max_iter=5, random_state=0), CANCER.data[::2], CANCER.target[::2]
    ),
    "normalised": (MLPClassifier((5, 4), max_iter=2, **NORMAL), *FLOWERS),
    "wide": (FixedPointRegressor(hidden=4, max_iter=2, random_state=0), WIDE, WIDE[:, 0]),
    "two_numbers": (
        MLPRegressor((8,), max_iter=5, random_state=0), DIABETES.data[:300], TWO[:300]
    ),
}  # fmt: skip


def from_zoo(name):
    """Return the fitted model of that name."""
    return load(FOLDER / f"{name}.chr")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, (model, X, y) in ZOO.items():
        model.fit(X, y).save(FOLDER / f"{name}.chr")
