"""The tools that `bench_tabular` compares with, as they come; each only where it is installed.

pip install catboost lightgbm pytabkit torch
"""

import importlib.util

import pandas as pd
from tabular_tables import CLASSES


def scikit_learn(task, seed):
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    return on_scaled_columns(task, MLPClassifier, MLPRegressor, random_state=seed)


def trees(task, seed):
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    classes = task == CLASSES
    kind = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
    return kind(categorical_features="from_dtype", random_state=seed)


def lightgbm(task, seed):
    import lightgbm as library

    kind = library.LGBMClassifier if task == CLASSES else library.LGBMRegressor
    return kind(random_state=seed, n_jobs=1, verbose=-1)


def catboost(task, seed):
    import catboost as library

    kind = library.CatBoostClassifier if task == CLASSES else library.CatBoostRegressor
    quiet = {"verbose": False, "allow_writing_files": False, "thread_count": 1}
    return Filled(kind(random_seed=seed, **quiet), names_categories=True)


def realmlp(task, seed):
    import pytabkit

    kind = pytabkit.RealMLP_TD_Classifier if task == CLASSES else pytabkit.RealMLP_TD_Regressor
    return Filled(kind(device="cpu", random_state=seed, n_cv=1, n_threads=1))


def small_realmlp(task, seed):
    import pytabkit

    kind = pytabkit.RealMLP_TD_S_Classifier if task == CLASSES else pytabkit.RealMLP_TD_S_Regressor
    return Filled(kind(device="cpu", random_state=seed, n_cv=1, n_threads=1))


def on_scaled_columns(task, classifier, regressor, **options):
    """Return a network behind scaled numbers, filled gaps, one-hot categories; a scaled target."""
    from sklearn.compose import (
        TransformedTargetRegressor,
        make_column_selector,
        make_column_transformer,
    )
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    categories = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    columns = make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")),
        (categories, make_column_selector(dtype_include="category")),
    )
    if task == CLASSES:
        return make_pipeline(columns, classifier(**options))
    model = make_pipeline(columns, regressor(**options))
    return TransformedTargetRegressor(model, transformer=StandardScaler())


class Filled:
    """A tool that takes no gaps: numbers get the median, categories a level "missing"."""

    def __init__(self, model, names_categories=False):
        self.model, self.names_categories = model, names_categories

    def fit(self, x, y):
        is_category = [isinstance(x[c].dtype, pd.CategoricalDtype) for c in x.columns]
        self.levels = {
            c: [*map(str, x[c].cat.categories), "missing"]
            for c, yes in zip(x.columns, is_category, strict=True)
            if yes
        }
        self.medians = x.drop(columns=list(self.levels)).median().fillna(0)
        named = {"cat_features": list(self.levels)} if self.names_categories else {}
        self.model.fit(self._filled(x), y, **named)
        return self

    def _filled(self, x):
        x = x.fillna(self.medians)
        for c, levels in self.levels.items():
            text = x[c].astype(object).where(x[c].notna(), "missing").astype(str)
            x[c] = text if self.names_categories else pd.Categorical(text, categories=levels)
        return x

    def predict(self, x):
        return self.model.predict(self._filled(x)).ravel()

    def predict_proba(self, x):
        return self.model.predict_proba(self._filled(x))


PEERS = {
    "scikit-learn's MLP": (scikit_learn, "sklearn"),
    "scikit-learn's trees": (trees, "sklearn"),
    "LightGBM": (lightgbm, "lightgbm"),
    "CatBoost": (catboost, "catboost"),
    "RealMLP-TD-S": (small_realmlp, "pytabkit"),
    "RealMLP-TD": (realmlp, "pytabkit"),
}


def at_hand():
    """Return the tools whose library is installed."""
    return {
        name: make for name, (make, library) in PEERS.items() if importlib.util.find_spec(library)
    }
