"""The records of optimizers and objectives: none has a gap, and faces name what records say."""

import dataclasses
import importlib
import pkgutil
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from chainrule import MLPRegressor, fitting
from chainrule.engine import Dense, FeedForward, make_key, objectives, optimizers
from chainrule.engine.networks import settling
from chainrule.engine.networks.settling import Solver
from chainrule.engine.objectives import NAMED, Objective, SquaredError
from chainrule.engine.optimizers import SOLVERS, Clipped, Constant, Frozen, RateFactors, Rule
from chainrule.engine.optimizers.base import rule_of
from chainrule.fitting.losses import choose_objective, named_objectives
from chainrule.predicting import intervals
from chainrule.predicting.links import LINKS

TARGETS = {
    output: SimpleNamespace(output=output, sizes=(2, 2), n_outputs=4)
    for output in ("identity", "softmax", "sigmoid", "softmax blocks")
}


def classes_of(face, base):
    found = [getattr(face, name) for name in face.__all__]
    return {each for each in found if isinstance(each, type) and issubclass(each, base)} - {base}


def test_the_names_in_help_are_those_of_the_records():
    assert tuple(SOLVERS) == fitting.SOLVERS
    assert all(name == rule.solver for name, rule in SOLVERS.items())
    assert tuple(named_objectives("identity")) == fitting.LOSSES
    for output in ("softmax", "sigmoid", "softmax blocks"):
        assert tuple(named_objectives(output)) == fitting.LOSSES_OF_CLASSES
    asked_for = {rule for rule in classes_of(optimizers, Rule) if rule.solver}
    assert asked_for == set(SOLVERS.values())
    assert {each for each in classes_of(objectives, Objective) if each.losses} == set(NAMED)
    assert settling.OF_STATES == fitting.SETTLE_SOLVERS
    assert {n for kind in NAMED if kind.levels for n in kind.losses} == set(intervals.OF_LEVELS)
    assert {n for kind in NAMED if kind.of_counts for n in kind.losses} == set(intervals.OF_COUNTS)


def test_every_file_of_a_solver_has_a_record_that_is_known():
    names = [each.name for each in pkgutil.iter_modules(settling.__path__)]
    modules = [importlib.import_module(f"{settling.__name__}.{name}") for name in names]
    members = [vars(module).values() for module in modules]
    found = {each for own in members for each in own if isinstance(each, Solver)}
    assert found == set(settling.SOLVERS.values())
    assert all(name == solver.name for name, solver in settling.SOLVERS.items())


@pytest.mark.parametrize("solver", SOLVERS)
def test_an_optimizer_says_how_it_is_asked_for_and_shown(solver):
    rule = SOLVERS[solver].asked(MLPRegressor(solver=solver), Constant(0.25))
    assert type(rule) is SOLVERS[solver]
    noted = Noted(MLPRegressor(solver=solver))
    SOLVERS[solver].asked(noted, Constant(0.25))
    assert noted.read == set(rule.reads)
    assert rule.has_rate() == hasattr(rule, "learning_rate")
    if rule.has_rate():
        assert rule.learning_rate == Constant(0.25)
    params = FeedForward((Dense(2),)).init(make_key(0), 3)
    state = rule.init(params)
    for name in rule.letters:
        assert jax.tree.structure(getattr(state, name)) == jax.tree.structure(params)
    unlike = set(dataclasses.asdict(state)) - set(rule.letters)
    same = jax.tree.structure(params)
    assert not any(jax.tree.structure(getattr(state, name)) == same for name in unlike)
    assert "n_evaluations" in dataclasses.asdict(state) or not rule.most_tries
    around = [Frozen(rule, (0,))]
    if not rule.most_tries:
        around += [RateFactors(rule, {"biases": 0.5}), Clipped(rule)]
    for each in around:
        assert rule.formula.text in each.formula.text
        assert (each.letters, each.most_tries) == (rule.letters, rule.most_tries)


class Noted:
    """Parameters that keep a note of which were read."""

    def __init__(self, given):
        self.given, self.read = given, set()

    def __getattr__(self, name):
        self.read.add(name)
        return getattr(self.given, name)


class Own:
    """A user's optimizer that only does what it must."""

    full_batch_only = False

    def init(self, params):
        return ()

    def update(self, params, grads, opt_state, loss_and_grads=None):
        return jax.tree.map(lambda p, g: p - 0.1 * g, params, grads), opt_state


def test_of_a_users_own_optimizer_the_name_is_known():
    assert rule_of(Own()).formula.text == "θ ← Own(θ, g)"
    assert rule_of(Own()).most_tries == 0
    assert Clipped(Own()).formula.text.endswith("θ ← Own(θ, g)")


@pytest.mark.parametrize("kind", NAMED, ids=lambda kind: kind.__name__)
def test_an_objective_says_how_it_is_asked_for_shown_and_predicted_with(kind):
    target, loss = TARGETS[kind.output], kind.losses[0]
    given = SimpleNamespace(loss=loss, levels=(0.1, 0.3, 0.5, 0.9))
    objective = choose_objective(given, target)
    assert type(objective) is kind

    class Own(Objective):
        per_row = slopes = link = None

    unknown = Objective.measure.fget(Own())
    assert not set(objective.measure) & set(unknown)
    z = np.array([[0.5, -1.0, 2.0, 0.1]])
    name, sizes = objective.link_in_numpy
    link, predictions = LINKS[name], np.asarray(objective.link(jnp.asarray(z)))
    np.testing.assert_allclose(link.forward(z.copy(), sizes), predictions, rtol=1e-12)
    again = link.forward(link.inverse(predictions), sizes)
    np.testing.assert_allclose(again, predictions, rtol=1e-12)
    assert link.has_sizes == bool(sizes)


def test_an_objective_that_inherits_may_link_otherwise():
    class Shifted(SquaredError):
        def link(self, z):
            return z + 1

    assert SquaredError().link_in_numpy == ("identity", ())
    assert Shifted().link_in_numpy == (None, ())
