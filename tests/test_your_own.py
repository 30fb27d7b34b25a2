"""What a user writes and gives from outside goes the whole way, to the report; no file holds it."""

import pickle
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from chainrule import MLPClassifier, MLPRegressor, load
from chainrule.engine import (
    Clipped,
    Dense,
    Elementwise,
    FeedForward,
    Objective,
    Poisson,
    Quantile,
    hyperparameters,
    number,
    pytree,
    train,
)
from chainrule.errors import OptionError
from chainrule.report import write_report

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
CLASSES = np.where(X[:, 0] + X[:, 1] > 0, "yes", "no")
NUMBERS = X[:, 0] - X[:, 2]
QUICK: dict[str, Any] = {"max_iter": 3, "random_state": 0, "batch_size": 20}


def softsign(z):
    return z / (1 + jnp.abs(z))


def softsign_slope(z, a):
    return 1 / (1 + jnp.abs(z)) ** 2


class Swish:
    """A layer that gives only its forward pass, and has a parameter."""

    def init(self, key, n_in):
        return jnp.ones(n_in)

    def forward(self, params, x):
        return x * jax.nn.sigmoid(params[None, :] * x)


@pytree
class GainParams:
    gain: Any


@pytree
class GainTape:
    x: Any


@hyperparameters
class Gain:
    """A whole layer: y = g x, one g for all units."""

    def width(self, n_in):
        return n_in

    def init(self, key, n_in):
        return GainParams(gain=jnp.ones(1))

    def forward(self, params, x, key=None):
        return x * params.gain[None, :], GainTape(x=x)

    def backward(self, params, tape, dy):
        gain = (dy * tape.x).sum(axis=(0, 1))[None]
        return GainParams(gain=gain), dy * params.gain[None, :]


@hyperparameters
class SignDescent:
    """Steps of one size, whatever the gradient's."""

    full_batch_only: ClassVar[bool] = False
    rate: float = number(default=0.01)

    def init(self, params):
        return ()

    def update(self, params, grads, opt_state, loss_and_grads=None):
        step = jax.tree.map(lambda p, g: p - self.rate * jnp.sign(g), params, grads)
        return step, opt_state


def fourth_powers(y, predictions):
    return ((y - predictions) ** 4).mean(axis=1)


@hyperparameters
class Quartic(Objective):
    """An objective with its own slope."""

    def per_row(self, z, y):
        return ((z - y) ** 4).mean(axis=1)

    def slopes(self, z, y):
        return 4 * (z - y) ** 3 / z.shape[1]

    def link(self, z):
        return z


LAYERS = {  # and how they are called where a row is explained
    "an activation": (Elementwise("softsign", softsign, softsign_slope), "f(z1)"),
    "an activation without its slope": (Elementwise("softsign", softsign), "f(z1)"),
    "a layer with only forward": (Swish(), "(swish)"),
    "a layer with both passes": (Gain(), "(gain)"),
}


def looks_into(model, y):
    """Ask everything that shows numbers."""
    assert len(model.history_["loss"]) == 4
    text = str(model.explain(X[:1], y[:1]))
    assert "Step 4" in text
    assert model.check_gradients(X[:5], y[:5]).ok
    assert model.diagnose(X, y) is not None
    return text


@pytest.mark.parametrize("name", LAYERS)
def test_layers_of_your_own(name, tmp_path):
    layer, words = LAYERS[name]
    model = MLPClassifier((4,), layer, **QUICK).fit(X, CLASSES)
    assert words in looks_into(model, CLASSES)
    with pytest.raises(OptionError, match="of your own.*pickle the model"):
        model.save(tmp_path / "model.chr")
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))


def test_an_optimizer_of_your_own(tmp_path):
    model = MLPRegressor((4,), optimizer=SignDescent(0.02), **QUICK).fit(X, NUMBERS)
    assert "SignDescent(" in looks_into(model, NUMBERS)
    with pytest.raises(OptionError, match="optimizer=SignDescent"):
        model.save(tmp_path / "model.chr")


@hyperparameters
class OfBefore(SignDescent):
    """An update of three arguments, as it was."""

    def update(self, params, grads, opt_state):
        return params, opt_state


class Bare:
    """An optimizer without @hyperparameters."""

    full_batch_only = False
    init, update = SignDescent.init, SignDescent.update


class BareObjective(Objective):
    per_row, slopes, link = Quartic.per_row, Quartic.slopes, Quartic.link


class BareLayer:
    width, init, forward, backward = Gain.width, Gain.init, Gain.forward, Gain.backward


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"optimizer": OfBefore()}, "OfBefore.update.*add loss_and_grads=None as the last"),
        ({"optimizer": OfBefore(), "clip_norm": 1.0}, "OfBefore.update.*loss_and_grads=None"),
        ({"optimizer": Bare()}, "look into Bare. Write @chainrule.engine.hyperparameters"),
        (
            {"loss": BareObjective()},
            "look into BareObjective. Write @chainrule.engine.hyperparameters",
        ),
        (
            {"activation": BareLayer()},
            "look into BareLayer. Write @chainrule.engine.hyperparameters",
        ),
    ],
)
def test_what_cannot_enter_a_program_is_refused_in_a_sentence(given, message):
    with pytest.raises(OptionError, match=message):
        MLPRegressor((4,), **{**QUICK, **given}).fit(X, NUMBERS)


def test_the_engine_refuses_an_update_of_three_arguments():
    network, y = FeedForward((Dense(1),)), NUMBERS[:, None]
    for optimizer in (OfBefore(), Clipped(OfBefore(), 1.0)):
        with pytest.raises(OptionError, match="add loss_and_grads=None as the last"):
            train(network, Quartic(), X, y, optimizer=optimizer, n_epochs=1)


@pytest.mark.parametrize("loss", [fourth_powers, Quartic()], ids=["a function", "an objective"])
def test_a_loss_of_your_own(loss, tmp_path):
    model = MLPRegressor((4,), loss=loss, **QUICK).fit(X, NUMBERS)
    looks_into(model, NUMBERS)
    with pytest.raises(OptionError, match="(of your own|loss=).*pickle the model"):
        model.save(tmp_path / "model.chr")
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


def test_an_objective_that_is_given_is_as_one_that_is_named():
    counts = RNG.poisson(np.exp(X[:, 0]))
    levels = (0.1, 0.5, 0.9)
    for named, given in (
        ({"loss": "poisson"}, Poisson()),
        ({"loss": "quantile", "quantile": levels}, Quantile(levels)),
    ):
        one = MLPRegressor((4,), **named, **QUICK).fit(X, counts)
        other = MLPRegressor((4,), loss=given, **QUICK).fit(X, counts)
        np.testing.assert_array_equal(one.predict(X), other.predict(X))
    np.testing.assert_array_equal(one.predict_quantiles(X), other.predict_quantiles(X))


def test_all_of_it_goes_into_a_report(tmp_path):
    layers = [Elementwise("softsign", softsign), Swish()]
    model = MLPRegressor((4, 3), layers, optimizer=SignDescent(), loss=fourth_powers, **QUICK)
    model.fit(X, NUMBERS)
    page = write_report(model, X, NUMBERS, tmp_path / "report.html", X_train=X, y_train=NUMBERS)
    assert "SignDescent" in page.read_text()


def test_plain_names_are_kept(tmp_path):
    model = MLPClassifier((4, 3), ["gelu", "logistic"], **QUICK).fit(X, CLASSES)
    looks_into(model, CLASSES)
    again = load(model.save(tmp_path / "model.chr"))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
