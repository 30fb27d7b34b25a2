"""The plain network against the engine: the same formulas, without JAX."""

import copy
import pickle
import subprocess
import sys
import tracemalloc

import jax
import numpy as np
import pytest

from chainrule import engine
from chainrule.activations import RECORDS
from chainrule.engine import (
    ACTIVATIONS,
    Dense,
    Dropout,
    Elementwise,
    FeedForward,
    LayerNorm,
)
from chainrule.engine.compiling.precision import precision
from chainrule.engine.objectives.several_classes import SeveralSoftmaxCrossEntropies
from chainrule.errors import ModelFileError, OptionError, ShapeError
from chainrule.predicting import network as inference
from chainrule.predicting.layers import (
    ActivationSpec,
    DenseSpec,
    LayerNormSpec,
    PiecewiseSpec,
    described,
)
from chainrule.predicting.network import PlainNetwork, check

LINKS = {
    "identity": (engine.SquaredError(), ()),
    "softmax": (engine.SoftmaxCrossEntropy(), ()),
    "sigmoid": (engine.SigmoidCrossEntropy(), ()),
    "exp": (engine.Poisson(), ()),
    "sort": (engine.Quantile((0.1, 0.3, 0.5, 0.7, 0.9)), ()),
    "softmax blocks": (SeveralSoftmaxCrossEntropies((2, 3)), (2, 3)),
}
DTYPES = {"float32": 1e-6, "float64": 1e-12}


def plain(network, params, link="identity", sizes=()):
    """Return the plain network of one of the engine's, dropout left out."""
    layers, arrays = described(network.layers, params)
    return PlainNetwork(layers, arrays, link, sizes)


def initial(network, n_in, dtype):
    """Return parameters, every one of them moved away from its special initial value."""
    rng = np.random.default_rng(0)
    params = network.init(engine.make_key(0), n_in)
    return jax.tree.map(
        lambda p: jax.numpy.asarray(np.asarray(p) + 0.3 * rng.normal(size=p.shape), dtype), params
    )


@jax.jit
def referee(network, params, x):
    """Raw outputs and probabilities, as the engine gives them."""
    z, _ = network.forward(params, x)
    return z, engine.SoftmaxCrossEntropy().link(z)


def block(activation, *, width=7, norm=False, bias=True):
    normalised = (LayerNorm(),) if norm else ()
    return (Dense(width, bias=bias), *normalised, activation, Dropout(0.3))


NETWORKS = {
    **{f"{name}": block(layer, width=8) for name, layer in ACTIVATIONS.items()},
    "no hidden layer": (),
    "layer norm": block(engine.gelu, norm=True),
    "encoded": (
        engine.soft_clip,
        engine.Piecewise((1, 4), [[-1.0, -0.1, 0.3, 1.0], [-0.5, 0.5, 0.5, 0.5]]),
        engine.Scale(),
        *block(engine.selu),
    ),
    "no bias": block(engine.tanh, bias=False),
    "three blocks": (
        *block(engine.tanh, norm=True),
        *block(engine.relu, width=4),
        *block(engine.mish, width=9),
    ),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NETWORKS)
def test_it_gives_what_the_engine_gives(name, dtype):
    network = FeedForward((*NETWORKS[name], Dense(5)))
    params = initial(network, 6, dtype)
    x = 2 * np.random.default_rng(1).normal(size=(50, 6))
    ours = plain(network, params, "softmax")
    check(ours)
    with precision(np.dtype(dtype)):
        by_engine = referee(network, params, jax.numpy.asarray(x, dtype))
    for got, expected in zip((ours.raw(x), ours.predict(x)), by_engine, strict=True):
        assert got.dtype == expected.dtype == dtype
        np.testing.assert_allclose(got, expected, rtol=4 * DTYPES[dtype], atol=DTYPES[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("link", LINKS)
def test_every_link_is_the_objective_s(link, dtype):
    network = FeedForward((Dense(5),))
    params = initial(network, 3, dtype)
    x = 3 * np.random.default_rng(2).normal(size=(40, 3))
    objective, sizes = LINKS[link]
    ours = plain(network, params, link, sizes)
    check(ours)
    expected = engine.predict(network, objective, params, x)
    np.testing.assert_allclose(
        ours.predict(x), expected, rtol=4 * DTYPES[dtype], atol=DTYPES[dtype]
    )


def test_every_activation_of_the_engine_is_here():
    names = {layer.name for layer in ACTIVATIONS.values() if isinstance(layer, Elementwise)}
    assert names == set(RECORDS)


def single(activation, dtype, link="identity", constants=()):
    """Return f(x) as a network: one unit of weight 1."""
    layers = (DenseSpec(1, 1, False), ActivationSpec(activation, list(constants)))
    return PlainNetwork(layers, ({"weights": np.ones((1, 1), dtype)}, {}), link)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", RECORDS)
def test_extreme_numbers_give_no_warning_and_the_engine_s_value(name, dtype):
    info = np.finfo(dtype)
    sizes = [0, info.tiny, 1e-8, 0.1, 1, 3, 5, 8, 15, 19.9, 20.1, 50, 90, 750, 1e4, 1e18, info.max]
    x = np.array(sizes + [-size for size in sizes], dtype)[:, None]
    layer = ACTIVATIONS[name]
    got = single(name, dtype, constants=layer.constants).predict(x)
    expected, _ = layer.forward((), jax.numpy.asarray(x))
    np.testing.assert_allclose(got, expected, rtol=4 * DTYPES[dtype], atol=DTYPES[dtype])


@pytest.mark.parametrize("link", ["softmax", "sigmoid", "exp", "sort"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_links_bear_numbers_of_any_size(link, dtype):
    network = PlainNetwork((DenseSpec(2, 2, False),), ({"weights": np.eye(2, dtype=dtype)},), link)
    top = np.finfo(dtype).max / 4
    predictions = network.predict(np.array([[top, -top], [0, top], [-800, -801], [-top, -top]]))
    assert not np.isnan(predictions).any()
    if link == "softmax":
        np.testing.assert_allclose(predictions.sum(axis=1), 1, rtol=1e-6)


def test_what_outgrows_the_dtype_becomes_infinite_without_a_warning():
    network = FeedForward((*block(engine.relu, norm=True), Dense(2)))
    ours = plain(network, initial(network, 3, "float32"), "softmax")
    for x in (np.full((2, 3), 1e300), np.full((2, 3), 3e38), np.full((2, 3), np.nan)):
        assert ours.predict(x).shape == (2, 2)


def test_gelu_is_exact_in_its_tail():
    from scipy.stats import norm

    z = np.linspace(-12, 12, 4001)[:, None]
    got = single("gelu", "float64").predict(z)
    np.testing.assert_allclose(got, z * norm.cdf(z), rtol=1e-13)


@pytest.mark.parametrize("n_rows", [0, 1, 2, 63, 64, 65, 1000])
def test_blocks_of_rows_join_without_a_seam(n_rows, monkeypatch):
    network = FeedForward((*block(engine.tanh), Dense(3)))
    ours = plain(network, initial(network, 2, "float64"), "softmax")
    x = np.random.default_rng(3).normal(size=(n_rows, 2))
    whole = ours.predict(x)
    monkeypatch.setattr(inference, "BLOCK_NUMBERS", 64 * 7)
    np.testing.assert_allclose(ours.predict(x), whole, rtol=1e-13)
    assert whole.shape == (n_rows, 3)


def test_many_rows_take_little_memory():
    network = FeedForward(
        (*block(engine.mish, width=256), *block(engine.gelu, width=256), Dense(1))
    )
    ours = plain(network, initial(network, 2, "float32"))
    x = np.ones((60_000, 2), np.float32)
    tracemalloc.start()
    ours.predict(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40e6


def test_the_caller_s_table_is_left_alone():
    layers = (ActivationSpec("relu"), LayerNormSpec(2, 1e-5), DenseSpec(2, 2, False))
    arrays = ({}, {"scale": np.ones(2), "shift": np.zeros(2)}, {"weights": np.eye(2)})
    x = np.array([[-1.0, 2.0]])
    network = PlainNetwork(layers, arrays, "softmax")
    check(network)
    network.predict(x)
    assert x.tolist() == [[-1, 2]]
    first = network.raw(x)
    network.raw(x)[:] = 7
    np.testing.assert_array_equal(network.raw(x), first)


def test_activations_are_what_the_next_dense_layer_receives():
    network = FeedForward((*NETWORKS["three blocks"], Dense(5)))
    params = initial(network, 6, "float64")
    ours = plain(network, params)
    assert (ours.n_inputs, ours.hidden_sizes, ours.n_outputs) == (6, (7, 4, 9), 5)
    x = np.random.default_rng(4).normal(size=(20, 6))
    for layer, n_layers in ((1, 4), (2, 7), (3, 10)):
        part = FeedForward(network.layers[:n_layers])
        expected = engine.predict(part, engine.SquaredError(), params[:n_layers], x)
        np.testing.assert_allclose(ours.activations(x, layer), expected, atol=1e-12)
    for layer in (0, 4, -1, True, 1.5, "1"):
        with pytest.raises(OptionError, match="1, 2, 3"):
            ours.activations(x, layer)
    linear = plain(FeedForward((Dense(5),)), (params[-1],))
    with pytest.raises(OptionError, match="no hidden layer"):
        linear.activations(np.ones((1, 9)), 1)


def test_inputs_of_another_shape_are_refused():
    network = single("tanh", "float32")
    for x in (np.ones(1), np.ones((3, 2)), np.ones((1, 1, 1))):
        with pytest.raises(ShapeError, match=r"expects \(rows, 1\)"):
            network.predict(x)


def test_it_pickles_and_copies():
    network = single("tanh", "float32")
    x = np.array([[0.5]])
    expected = network.predict(x)
    for again in (pickle.loads(pickle.dumps(network)), copy.deepcopy(network)):
        np.testing.assert_array_equal(again.predict(x), expected)


def weights(*shape, dtype="float32"):
    return {"weights": np.ones(shape, dtype)}


DENSE, TANH = DenseSpec(2, 3, False), ActivationSpec("tanh")
FAULTS = {
    "another shape": ((DENSE,), (weights(3, 2),), "Layer 1.*expected.*2, 3"),
    "a missing array": ((DenseSpec(2, 3, True),), (weights(2, 3),), "biases"),
    "one array too many": ((DENSE, TANH), (weights(2, 3), weights(1)), "Layer 2"),
    "layers that do not meet": (
        (DENSE, TANH, DenseSpec(4, 1, False)),
        (weights(2, 3), {}, weights(4, 1)),
        r"Layer 3 \(dense\) takes 4 numbers.* gives 3",
    ),
    "a norm of another width": ((DENSE, LayerNormSpec(2, 1e-5)), (weights(2, 3), {}), "Layer 2"),
    "pieces of no column": (
        (PiecewiseSpec(3, 5, [3]), DenseSpec(5, 1, False)),
        ({"edges": np.zeros((1, 3), np.float32)}, weights(5, 1)),
        "cuts",
    ),
    "no epsilon": ((DENSE, LayerNormSpec(3, 0.0)), (weights(2, 3), {}), "epsilon"),
    "arrays for fewer layers": ((DENSE, TANH), (weights(2, 3),), "2 layers"),
    "an unknown function": ((DENSE, ActivationSpec("sin")), (weights(2, 3), {}), "sigmoid"),
    "a constant missing": ((DENSE, ActivationSpec("elu")), (weights(2, 3), {}), "1 finite"),
    "an infinite constant": (
        (DENSE, ActivationSpec("elu", [np.inf])),
        (weights(2, 3), {}),
        "finite",
    ),
    "no dense layer": ((TANH,), ({},), "no dense"),
    "no layer": ((), (), "no dense"),
    "no unit": ((DenseSpec(2, 0, False),), (weights(2, 0),), "no units"),
    "whole numbers": ((DENSE,), (weights(2, 3, dtype="int64"),), "int64"),
    "two dtypes": (
        (DENSE, DenseSpec(3, 1, False)),
        (weights(2, 3), weights(3, 1, dtype="float64")),
        "float32, float64",
    ),
    "not a number": ((DENSE,), ({"weights": np.full((2, 3), np.nan)},), "not finite"),
    "infinity": ((DENSE,), ({"weights": np.full((2, 3), -np.inf)},), "not finite"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_check_names_what_does_not_fit(name):
    layers, arrays, words = FAULTS[name]
    with pytest.raises(ModelFileError, match=words):
        check(PlainNetwork(layers, arrays, "identity"))


@pytest.mark.parametrize(
    ("link", "sizes"), [("log", ()), ("softmax", (3,)), ("softmax blocks", ()), ("identity", (3,)),
                        ("softmax blocks", (2, 2)), ("softmax blocks", (4, -1))],
)  # fmt: skip
def test_check_refuses_links_that_do_not_fit(link, sizes):
    with pytest.raises(ModelFileError, match=r"link|blocks"):
        check(PlainNetwork((DENSE,), (weights(2, 3),), link, sizes))


def test_numpy_is_enough():
    code = """
import sys
import numpy as np
from chainrule.predicting.layers import ActivationSpec, DenseSpec
from chainrule.predicting.network import PlainNetwork, check
import chainrule.storage.model_file
layers = DenseSpec(2, 3, False), ActivationSpec("gelu"), DenseSpec(3, 2, False)
arrays = {"weights": np.ones((2, 3))}, {}, {"weights": np.ones((3, 2))}
network = PlainNetwork(layers, arrays, "softmax")
check(network)
print(network.predict(np.ones((1, 2))).tolist())
print([name for name in ("jax", "sklearn") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[[0.5, 0.5]]\n[]\n"
