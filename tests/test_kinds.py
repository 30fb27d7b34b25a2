"""Every kind is whole: each record of it says all that others will ask."""

import dataclasses
import importlib
import pickle
import pkgutil
import re
from typing import Any

import jax
import jax.numpy as jnp
import msgspec
import numpy as np
import pytest
from scipy.special import erf

import chainrule.engine.layers as engine_layers
import chainrule.predicting.layers as predicting_layers
from chainrule.activations import NAMES, RECORDS, record_of
from chainrule.data import findings, target
from chainrule.data.columns import kinds as columns
from chainrule.data.columns.kinds import ColumnKind
from chainrule.data.target import Target
from chainrule.engine import (
    ACTIVATIONS,
    Cell,
    Dense,
    Dropout,
    FeedForward,
    FixedPoint,
    LayerNorm,
    Piecewise,
    Recurrent,
    Scale,
    Softmax,
    as_activation,
    leaky_relu,
    make_key,
    networks,
    objectives,
    optimizers,
)
from chainrule.engine.layers import NAMED, Kind
from chainrule.engine.objectives import Objective
from chainrule.engine.optimizers import Rule, Schedule
from chainrule.predicting.layers import KINDS, AnyLayer, described, engine_params, in_a_line
from chainrule.predicting.layers.base import LayerSpec


@pytest.mark.parametrize("name", RECORDS)
def test_an_activation_is_whole(name):
    record = RECORDS[name]
    constants = record.constants.values()
    assert record.name == name
    assert as_activation(name) is ACTIVATIONS[name]
    assert record_of(ACTIVATIONS[name]) is record
    assert pickle.loads(pickle.dumps((record.f, record.slope))) == (record.f, record.slope)
    for formula in (record.formula, record.slope_formula):
        assert formula.text
        assert formula.latex
        for letter in (*record.constants, *record.fixed):
            assert letter in f"{record.formula.text} {record.slope_formula.text}"
    z = np.linspace(-30, 30, 600_001)
    before = z.copy()
    a = record.f(z, *constants)
    slopes = record.slope(z, a, *constants)
    np.testing.assert_array_equal(z, before)
    largest = np.abs(slopes).max()
    assert largest <= record.steepest <= 1.001 * largest
    if record.range is not None:
        ends = "f reaches the ends of its range only far out: leave `range` out"
        np.testing.assert_allclose((a[0], a[-1]), record.range, atol=1e-9, err_msg=ends)
        np.testing.assert_allclose((slopes[0], slopes[-1]), 0, atol=1e-9)
    assert record.dies == bool((slopes[z < 0] == 0).all())
    if record.energy is not None:  # its derivative is the inverse of f
        h = a[np.abs(z) < 3]
        middle = 0.5 * (record.energy(h[2:]) - record.energy(h[:-2])) / (0.5 * (h[2:] - h[:-2]))
        np.testing.assert_allclose(middle, z[np.abs(z) < 3][1:-1], atol=1e-3)


def as_python(text):
    """A formula in plain text as NumPy reads it; `docs/adding.md` says what it may hold."""
    text = text.replace("²", "**2").replace("^", "**").replace("√(", "sqrt(").replace("≤", "<=")
    text = re.sub(r"\|([^|]*)\|", r"abs(\1)", text)
    if " with t = " in text:
        text = text.replace("t ", "T ").replace("(1 - t**2)", "(1 - T**2)").split(" with ")[0]
    parts = re.fullmatch(r"(.+) if (.+), else (.+)", text)
    multiply = lambda s: re.sub(r"(?<=[\w)]) (?=[\w(])", " * ", s)  # noqa: E731
    if parts:
        yes, when, no = map(multiply, parts.groups())
        when = re.sub(r"^(.+) (<=?) (.+) (<=?) (.+)$", r"(\1 \2 \3) & (\3 \4 \5)", when)
        return f"where({when}, {yes}, {no})"
    return multiply(text)


@pytest.mark.parametrize("name", RECORDS)
def test_formulas_of_activations_are_true(name):
    record = RECORDS[name]
    z = np.linspace(-2, 2, 9) + 0.013
    a = np.asarray(record.f(jnp.asarray(z), *record.constants.values()))
    slopes = record.slope(jnp.asarray(z), jnp.asarray(a), *record.constants.values())
    names = {
        **{each: getattr(np, each) for each in ("exp", "log", "tanh", "sqrt", "abs", "where")},
        "max": np.maximum, "min": np.minimum,
        "σ": lambda z: 1 / (1 + np.exp(-z)),
        "Φ": lambda z: 0.5 * (1 + erf(z / np.sqrt(2))),
        "φ": lambda z: np.exp(-z * z / 2) / np.sqrt(2 * np.pi),
        "z": z, "a": a, "T": a / z, **record.constants, **record.fixed,
    }  # fmt: skip
    for formula, wanted in ((record.formula, a), (record.slope_formula, slopes)):
        text = formula.text.replace("{z}", "z").replace("{a}", "a")
        try:
            got = eval(as_python(text), names)
        except (SyntaxError, NameError, TypeError) as e:
            pytest.fail(f"the formula {text} is not read by as_python: {e}")
        np.testing.assert_allclose(
            np.broadcast_to(got, z.shape), wanted, rtol=1e-9, atol=1e-11, err_msg=text
        )


def test_names_of_activations_are_those_of_the_records():
    assert {*NAMES, *NAMED} == set(ACTIVATIONS)
    assert "softmax" in NAMED
    assert not set(NAMES) & set(NAMED)
    for alias in set(NAMES) - set(RECORDS):
        assert ACTIVATIONS[alias] is ACTIVATIONS[NAMES[alias].name]


LAYERS: dict[str, Any] = {
    "dense": Dense(3),
    "dropout": Dropout(0.3),
    "elementwise": leaky_relu,
    "layer_norm": LayerNorm(1e-3),
    "piecewise": Piecewise((1, 3), [[-1.0, 0.2, 1.0], [-0.5, 0.5, 0.5]]),
    "scale": Scale(),
    "softmax": Softmax(),
    "fixed_point": FixedPoint(Cell(Dense(3), Recurrent())),
}


def files(package):
    return {module.name for module in pkgutil.iter_modules(package.__path__)}


def test_a_layer_is_two_files():
    """One with its passes, one with its predicting, unless it does nothing when predicting."""
    here = {
        name
        for name in files(engine_layers)
        for each in vars(importlib.import_module(f"chainrule.engine.layers.{name}")).values()
        if isinstance(each, type) and issubclass(each, Kind) and dataclasses.is_dataclass(each)
        if each.__module__.endswith(f".{name}")
    } - {"differentiated"}  # a user's own
    assert here | {"fixed_point"} == set(LAYERS)
    predicting = {name for name in here if not LAYERS[name].only_trains} | {"fixed_point"}
    assert files(predicting_layers) - {"base"} == predicting


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_is_whole(name):
    layer, behind = LAYERS[name], Dense(2)
    network = FeedForward((layer, behind))
    params = network.init(make_key(0), 4)
    x = np.random.default_rng(0).normal(size=(5, 4))
    assert layer.called
    shown = layer.shown()
    if shown is not None:  # what holds other layers is shown in `inspection.tracing.cells`
        assert shown.forward[-1].array == "y"
        assert shown.backward[-1].array == "dx"
        assert all(row.axes for row in (*shown.forward, *shown.backward))
    if not layer.has_units:
        assert len(layer.names_after(list("abcd"))) == layer.width(4)
    specs, arrays = described(network.layers, params)
    if layer.only_trains:
        assert len(specs) == 1
        return
    spec, own = specs[0], arrays[0]
    assert type(spec).__module__.endswith(f".{name}")
    assert msgspec.json.decode(msgspec.json.encode(spec), type=AnyLayer) == spec
    assert {key: array.shape for key, array in own.items()} == spec.array_shapes()
    assert (spec.kind, spec.fault(), spec.has_units) == (layer.called, "", layer.has_units)
    assert spec.in_a_line in in_a_line(specs)
    y = layer.forward(params[0], jnp.asarray(x))[0]
    np.testing.assert_allclose(spec.forward(x.copy(), own), y, rtol=1e-12, atol=1e-12)
    assert spec.n_given(4) == layer.width(4)
    if spec.has_units:
        assert spec.heard(own, 4).shape == (4, spec.n_given(4))
    back = engine_params(network.layers, specs, arrays)
    assert jax.tree.structure(back) == jax.tree.structure(params)
    for ours, theirs in zip(jax.tree.leaves(back), jax.tree.leaves(params), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    if name != "fixed_point":  # its estimator makes it, since weights in use do not tell their kind
        again = spec.engine_layer(own)
        assert type(again) is type(layer)
        np.testing.assert_array_equal(again.forward(params[0], jnp.asarray(x))[0], y)


def test_every_layer_of_a_file_is_looked_at():
    assert {kind.__module__.rpartition(".")[2] for kind in KINDS} == files(predicting_layers) - {
        "base"
    }


def kinds_in(package, base):
    """Return the kinds that stand in a package's files, without what is only inherited from."""
    modules = [importlib.import_module(f"{package.__name__}.{name}") for name in files(package)]
    found = {each for module in modules for each in vars(module).values() if isinstance(each, type)}
    found = {kind for kind in found if issubclass(kind, base) and kind.__name__[0] != "_"}
    own = {kind for kind in found if kind.__module__.startswith(package.__name__)} - {base}
    return {kind for kind in own if sum(issubclass(other, kind) for other in own) == 1}


def named(package):
    return [getattr(package, name) for name in package.__all__]


@pytest.mark.parametrize(
    ("package", "base", "face"),
    [
        (engine_layers, Kind, named(engine_layers)),
        (networks, Kind, named(networks)),
        (optimizers, Rule, named(optimizers)),
        (optimizers, Schedule, named(optimizers)),
        (objectives, Objective, named(objectives)),
        (predicting_layers, LayerSpec, KINDS),
        (columns, ColumnKind, [type(kind) for kind in columns.KINDS.values()]),
        (target, Target, target.KINDS.values()),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_a_face_lists_every_kind_of_its_package(package, base, face):
    found = kinds_in(package, base)
    assert found
    assert [kind for kind in found if kind not in list(face)] == []


def test_every_finding_is_looked_for():
    modules = [importlib.import_module(f"{findings.__name__}.{n}") for n in files(findings)]
    own = {name for m in modules for name in vars(m) if name.startswith("find_")}
    assert own
    assert own <= set(findings.find.__code__.co_names)
