"""Estimators through a model file and back: everything that they hold, and nothing that runs."""

import json
import subprocess
import sys
import warnings

import msgspec
import numpy as np
import polars as pl
import pytest
from sklearn.exceptions import ConvergenceWarning

from chainrule import (
    MLPClassifier,
    MLPRegressor,
    TabularClassifier,
    TabularRegressor,
    engine,
    load,
)
from chainrule.errors import ModelFileError, OptionError
from chainrule.storage import model_file
from chainrule.storage.upgrading import document_of

RNG = np.random.default_rng(0)
TABLE = pl.DataFrame(
    {
        "size (cm)": RNG.normal(size=120),
        "Farbe": RNG.choice(["rot", "blau", "grün"], 120),
        "flag": RNG.random(120) > 0.5,
        "gappy": [None if i % 7 == 0 else float(i % 5) for i in range(120)],
    }
)
CLASSES = np.where(TABLE["size (cm)"].to_numpy() > 0, "ja", "nein")
NUMBER = 3 * TABLE["size (cm)"].to_numpy() + 1000
BOTH = np.column_stack([CLASSES, TABLE["Farbe"].to_numpy()])
QUICK = {"max_iter": 8, "random_state": 0}

MODELS = {
    "two classes": (MLPClassifier((6,), **QUICK), CLASSES),
    "classes of whole numbers": (MLPClassifier((6,), **QUICK), np.arange(120) % 3 - 1),
    "yes and no": (MLPClassifier((6,), **QUICK), CLASSES == "ja"),
    "labels": (MLPClassifier((6,), **QUICK), np.arange(240).reshape(120, 2) % 2),
    "several targets": (MLPClassifier((6,), **QUICK), BOTH),
    "everything on": (
        MLPClassifier(
            (6, 5),
            ["relu", "gelu"],
            layer_norm=True,
            dropout=[0.1, 0.2],
            class_weight={"ja": 2.0, "nein": 1},
            early_stopping=True,
            dtype="float64",
            coefs_init=[None, np.ones((6, 5)), None],
            frozen_layers=(1,),
            clip_norm=1.0,
            category=["flag"],
            drop=("gappy",),
            **QUICK,
        ),
        CLASSES,
    ),
    "a number": (MLPRegressor((6,), early_stopping=True, **QUICK), NUMBER),
    "numbers": (MLPRegressor((), **QUICK), np.column_stack([NUMBER, -NUMBER])),
    "counts": (MLPRegressor((6,), "mish", loss="poisson", **QUICK), np.arange(120) % 4),
    "quantiles": (
        MLPRegressor((6,), loss="quantile", quantile=(0.1, 0.5, 0.9), **QUICK),
        NUMBER,
    ),
    "tabular": (TabularClassifier(8, n_networks=2, **QUICK), CLASSES),
    "tabular, labels": (
        TabularClassifier(8, n_networks=2, **QUICK),
        np.arange(240).reshape(120, 2) % 2,
    ),
    "tabular, a number": (TabularRegressor(8, n_networks=2, **QUICK), NUMBER),
    "tabular, quantiles": (
        TabularRegressor(8, n_networks=2, loss="quantile", quantile=(0.1, 0.5, 0.9), **QUICK),
        NUMBER,
    ),
    "lbfgs": (MLPRegressor((4,), solver="lbfgs", **QUICK), NUMBER),
}


def fit(name):
    model, y = MODELS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(TABLE, y)


def outputs(model, X):
    yield model.predict(X)
    if hasattr(model, "predict_proba"):
        proba = model.predict_proba(X)
        yield from proba if isinstance(proba, list) else [proba]
    if model.loss == "quantile":
        yield model.predict_quantiles(X)
        yield model.predict_interval(X, 0.8)
    elif model.fitted_.calibration is not None:
        yield model.predict_interval(X, 0.5)


@pytest.mark.parametrize("name", MODELS)
def test_a_model_comes_back_as_it_was(name, tmp_path):
    model = fit(name)
    again = load(model.save(tmp_path / "model.chr"))
    strange = TABLE.with_columns(Farbe=pl.lit("lila"), gappy=pl.lit(None, pl.Float64)).sample(
        fraction=1, seed=0
    )
    for X in (TABLE, strange):
        for before, after in zip(outputs(model, X), outputs(again, X), strict=True):
            np.testing.assert_array_equal(before, after)
            assert before.dtype == after.dtype
    for name, value in shown(model).items():
        assert same(getattr(again, name), value), name
    pairs = zip(model.fitted_.networks, again.fitted_.networks, strict=True)
    assert all(same(a.network.coefs, b.network.coefs) for a, b in pairs)
    for name in ("ending", "seed", "data_hash", "optimizer_state", "recipe"):
        assert same(getattr(again.fitted_, name), getattr(model.fitted_, name)), name
    assert same(again.get_params(), model.get_params())
    if len(model.coefs_) > 1:
        np.testing.assert_array_equal(again.transform(TABLE), model.transform(TABLE))


OF_THE_ENGINE = ("network_", "params_", "objective_", "members_", "settle_report_", "fitted_")


def shown(model):
    """Return what is public about a fitted model, by name."""
    names = [name for name in dir(model) if name.endswith("_") and not name.startswith("_")]
    return {name: getattr(model, name) for name in names if name not in OF_THE_ENGINE}


def same(a, b):
    """Whether two values are equal, arrays inside and NaN included; tuples are lists."""
    if isinstance(b, dict):
        return list(a) == list(b) and all(same(a[name], b[name]) for name in b)
    if isinstance(b, list | tuple) and not isinstance(b, str):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(b, np.ndarray) and b.dtype.kind == "f":
        return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=True)
    return np.array_equal(a, b) if isinstance(b, np.ndarray) else a == b


@pytest.mark.parametrize("name", MODELS)
def test_numpy_predicts_what_the_engine_does(name, tmp_path):
    model = fit(name)
    again = load(model.save(tmp_path / "model.chr"))
    x = again.fitted_.encoder.transform(TABLE, model.dtype)
    by_engine = engine.predict(again.network_, again.objective_, again.params_, x)
    tolerance = 1e-6 if model.dtype == "float32" else 1e-12
    first = again.fitted_.networks[0]
    np.testing.assert_allclose(first.outputs(x), by_engine, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("solver", ["adam", "sgd", "rmsprop"])
def test_a_model_from_a_file_goes_on_as_if_it_had_never_left(solver, tmp_path):
    options = {"solver": solver, "schedule": "constant", "warm_start": True, **QUICK}
    model = MLPClassifier((6,), dropout=0.2, **options).fit(TABLE, CLASSES)
    again = load(model.save(tmp_path / "model.chr"))
    for each in (model, again):
        each.fit(TABLE, CLASSES)
    np.testing.assert_array_equal(again.coefs_[0], model.coefs_[0])
    np.testing.assert_array_equal(again.history_["loss"], model.history_["loss"])
    assert again.n_iter_ == 8
    assert again.t_ == 16 * 120


def test_predicting_from_a_file_imports_no_jax(tmp_path):
    model = fit("everything on")
    path = model.save(tmp_path / "model.chr")
    TABLE.write_parquet(tmp_path / "table.parquet")
    program = (
        "import sys, polars, numpy as np, chainrule\n"
        f"model = chainrule.load({str(path)!r})\n"
        f"table = polars.read_parquet({str(tmp_path / 'table.parquet')!r})\n"
        "proba = model.predict_proba(table)\n"
        "assert model.score(table, model.predict(table)) == 1\n"
        "model.transform(table), repr(model), model.coefs_, model.history_.to_frame()\n"
        "assert not {'jax', 'jaxlib', 'jaxtyping'} & set(sys.modules)\n"
        "print(repr(proba.sum(axis=0).tolist()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == repr(model.predict_proba(TABLE).sum(axis=0).tolist())


def test_what_no_file_can_hold_is_refused_and_leaves_nothing(tmp_path):
    model = MLPRegressor((6,), optimizer=engine.Adam(0.01), **QUICK).fit(TABLE, NUMBER)
    with pytest.raises(OptionError, match="optimizer=Adam"):
        model.save(tmp_path / "model.chr")
    assert list(tmp_path.iterdir()) == []


def test_parts_that_do_not_fit_together_are_refused(tmp_path):
    path = fit("a number").save(tmp_path / "model.chr")
    document, arrays = model_file.read(path)

    def changed(**fields):
        model_file.write(path, msgspec.structs.replace(document, **fields), arrays)
        with pytest.raises(ModelFileError) as refused:
            load(path)
        return str(refused.value)

    assert "not known here" in changed(estimator="Sorcerer")
    assert "alpa" in changed(parameters={**document.parameters, "alpa": 1})
    told = json.loads(msgspec.json.encode(document))
    del told["ending"]["n_epochs"]
    with pytest.raises(ModelFileError, match="n_epochs"):
        document_of(json.dumps(told).encode(), told["schema_version"])
    assert "max_iter" in changed(parameters={**document.parameters, "max_iter": "many"})
    assert "no target of numbers" in changed(estimator="MLPClassifier", parameters={})
