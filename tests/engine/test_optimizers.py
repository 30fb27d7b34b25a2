"""The update rules against optax: same start, same 200 gradients, the same parameters every step.

`TABLE` has a row for every optimizer, `SCHEDULES` one for every schedule; a class without a row
fails.  The referee of Rprop is written here: `optax.rprop` in 0.2 lags one step behind.
"""

import importlib
import inspect
import pkgutil
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import chainrule.engine.optimizers as optimizers
from chainrule.engine import (
    LBFGS,
    Adam,
    AdamW,
    Clipped,
    Constant,
    Cosine,
    CosineCycles,
    Dense,
    DenseParams,
    Exponential,
    FeedForward,
    Frozen,
    GradientDescent,
    InverseScaling,
    Momentum,
    OneCycle,
    Penalty,
    RateFactors,
    RMSProp,
    Rprop,
    Scaled,
    Schedule,
    Shifted,
    SquaredError,
    StepDecay,
    WarmUp,
    hyperparameters,
    number,
    train,
)
from chainrule.engine.optimizers import base
from chainrule.engine.optimizers.schedules import as_schedule
from chainrule.errors import OptionError

N_STEPS = 200


def weights_only(params):
    return jax.tree.map(lambda leaf: leaf.ndim == 2, params)


TABLE = {
    "gradient descent": (GradientDescent(0.05), optax.sgd(0.05)),
    "momentum": (Momentum(0.05, 0.8), optax.sgd(0.05, momentum=0.8)),
    "nesterov": (Momentum(0.05, 0.8, True), optax.sgd(0.05, momentum=0.8, nesterov=True)),
    "rmsprop": (
        RMSProp(0.02, 0.85, 1e-3),
        optax.rmsprop(0.02, decay=0.85, eps=1e-3, eps_in_sqrt=False),
    ),
    "adam": (Adam(0.02, 0.8, 0.99, 1e-3), optax.adam(0.02, b1=0.8, b2=0.99, eps=1e-3)),
    "adamw": (
        AdamW(0.02, weight_decay=0.3),
        optax.adamw(0.02, weight_decay=0.3, mask=weights_only),
    ),
    "clipped": (
        Clipped(Momentum(0.05, 0.8), clip_norm=2.0),
        optax.chain(optax.clip_by_global_norm(2.0), optax.sgd(0.05, momentum=0.8)),
    ),
    "adamw on a cosine": (
        AdamW(Cosine(0.1, n_steps=N_STEPS), weight_decay=0.3),
        optax.adamw(optax.cosine_decay_schedule(0.1, N_STEPS), weight_decay=0.3, mask=weights_only),
    ),
    "rprop": (Rprop(0.1, 0.4, 1.3, 0.02, 0.5), None),
    "rate factors": (
        RateFactors(AdamW(0.02, weight_decay=0.3), {"biases": 0.1, "weights": 3}, by_fan_in=True),
        optax.chain(
            optax.adamw(0.02, weight_decay=0.3, mask=weights_only),
            optax.stateless(
                lambda steps, _: jax.tree.map(
                    lambda s: s * (3 / len(s) ** 0.5 if s.ndim == 2 else 0.1), steps
                )
            ),
        ),
    ),
    "frozen": (
        Frozen(AdamW(0.02, weight_decay=0.3), layers=(1,)),
        optax.multi_transform(
            {
                "moves": optax.adamw(0.02, weight_decay=0.3, mask=weights_only),
                "stays": optax.set_to_zero(),
            },
            ("moves", "stays"),
        ),
    ),
}
# These find their step by trying, not from gradients alone; their referees are in a file each.
BY_TRYING = {LBFGS: "test_lbfgs.py"}
SCHEDULES = {
    "constant": (Constant(0.3), optax.constant_schedule(0.3)),
    "step": (
        StepDecay(0.3, 0.7, 30),
        optax.exponential_decay(0.3, transition_steps=30, decay_rate=0.7, staircase=True),
    ),
    "exponential": (
        Exponential(0.3, 0.7, 30),
        optax.exponential_decay(0.3, transition_steps=30, decay_rate=0.7),
    ),
    "cosine": (Cosine(0.3, 0.1, N_STEPS), optax.cosine_decay_schedule(0.3, N_STEPS, alpha=0.1)),
    "one-cycle": (OneCycle(0.3, n_steps=N_STEPS), optax.cosine_onecycle_schedule(N_STEPS, 0.3)),
    "one-cycle, other shape": (
        OneCycle(0.3, 0.5, 0.1, 0.001, N_STEPS),
        optax.cosine_onecycle_schedule(N_STEPS, 0.3, 0.5, div_factor=10, final_div_factor=100),
    ),
    "cosine cycles": (
        CosineCycles(0.3, 3, N_STEPS),
        lambda t: 0.15 * (1 - np.cos(2 * np.pi * np.log2(1 + 7 * (t + 0.5) / N_STEPS))),
    ),
    # (t + 1) / (n + 1): the first step already moves, step n has the full rate
    "warm-up": (WarmUp(Constant(0.3), 20), optax.linear_schedule(0.3 / 21, 0.3, 20)),
    "inverse scaling": (
        InverseScaling(0.3, 0.7, every=8, scale=50),
        lambda t: 0.3 / (1 + 50 * (t // 8)) ** 0.7,
    ),
    "shifted": (
        Shifted(Cosine(0.3, n_steps=60), 100),
        lambda t: 0.15 * (1 + np.cos(np.pi * min(max(t - 100, 0), 60) / 60)),
    ),
    "scaled": (
        Scaled(Exponential(0.3, 0.7, 30), 0.2),
        optax.exponential_decay(0.06, transition_steps=30, decay_rate=0.7),
    ),
    "warm-up of a cosine": (
        WarmUp(Cosine(0.3, n_steps=N_STEPS), 20),
        lambda t: np.minimum((t + 1) / 21, 1) * 0.15 * (1 + np.cos(np.pi * t / N_STEPS)),
    ),
}


def start():
    rng = np.random.default_rng(0)
    return (
        DenseParams(jnp.asarray(rng.normal(size=(3, 2))), jnp.asarray(rng.normal(size=2))),
        DenseParams(jnp.asarray(rng.normal(size=(2, 1))), None),
    )


def gradients():
    """200 gradients around a drifting mean, from long to short, some of them exactly zero."""
    rng = np.random.default_rng(1)

    def series(leaf):
        t = np.arange(N_STEPS).reshape(-1, *[1] * leaf.ndim)
        g = np.sin(t / 15) + rng.normal(size=(N_STEPS, *leaf.shape))
        return jnp.asarray(g * 3 * 0.98**t * (rng.random(g.shape) > 0.1))

    return jax.tree.map(series, start())


TRACES = []


@jax.jit
def ours(optimizer, params, grads):
    TRACES.append(optimizer)

    def one(carry, g):
        params, state = optimizer.update(carry[0], g, carry[1])
        return (params, state), params

    return jax.lax.scan(one, (params, optimizer.init(params)), grads)[1]


def optax_says(rule, params, grads):
    def one(carry, g):
        updates, state = rule.update(g, carry[1], carry[0])
        params = optax.apply_updates(carry[0], updates)
        return (params, state), params

    return jax.jit(lambda p, g: jax.lax.scan(one, (p, rule.init(p)), g)[1])(params, grads)


def igel_and_huesken(rule, params, grads):
    """iRprop⁻ as in figure 3 of the paper, number by number."""

    def path(w, gs):
        w, size, last, out = np.array(w), np.full(np.shape(w), rule.initial), 0 * np.array(w), []
        for g in np.array(gs):
            for i in np.ndindex(w.shape):
                if last[i] * g[i] > 0:
                    size[i] = min(size[i] * rule.grow, rule.largest)
                elif last[i] * g[i] < 0:
                    size[i] = max(size[i] * rule.shrink, rule.smallest)
                    g[i] = 0
                w[i] -= np.sign(g[i]) * size[i]
                last[i] = g[i]
            out.append(w.copy())
        return np.stack(out)

    return jax.tree.map(path, params, grads)


@pytest.mark.parametrize("name", TABLE)
def test_the_referee_agrees_at_every_step(name):
    rule, referee = TABLE[name]
    judge = igel_and_huesken if referee is None else optax_says
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        wanted = judge(referee or rule, start(), gradients())
    got = ours(rule, start(), gradients())
    for g, w in zip(jax.tree.leaves(got), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(g, w, rtol=1e-10, atol=1e-12)
    traced = len(TRACES)
    other = jax.tree.map(lambda number: 0.9 * number, rule)
    moved = ours(other, start(), gradients())
    assert len(TRACES) == traced, "another number compiled another program"
    assert not np.allclose(moved[0].weights, got[0].weights)


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_give_the_referees_rate_at_every_step(name):
    schedule, referee = SCHEDULES[name]
    with jax.numpy_dtype_promotion("standard"):
        wanted = [float(referee(t)) for t in range(N_STEPS)]
    rates = jax.vmap(schedule.rate, axis_size=N_STEPS)(jnp.arange(float(N_STEPS)))
    np.testing.assert_allclose(rates, wanted, rtol=1e-12, atol=1e-16)
    assert np.shape(schedule.rate(jnp.asarray(0.0))) == ()


def test_rprop_worked_by_hand():
    """Gradients +, +, -, -, -, 0, - of one weight; Δ starts at 0.1, halves, grows by 1.2.

    Δ: 0.1, 0.12, 0.06 (turned: stand still, forget), 0.06, 0.072, 0.072 (no sign), 0.072
    """
    signs = jnp.asarray([1.0, 2.0, -3.0, -1.0, -1.0, 0.0, -5.0])
    path = ours(Rprop(initial=0.1), jnp.asarray(1.0), signs)
    moves = np.diff(np.asarray(path), prepend=1.0)
    np.testing.assert_allclose(moves, [-0.1, -0.12, 0, 0.06, 0.072, 0, 0.072], atol=1e-15)


def test_every_class_has_a_row():
    found = set()
    for module in pkgutil.iter_modules(optimizers.__path__, "chainrule.engine.optimizers."):
        members = vars(importlib.import_module(module.name)).values()
        found |= {member for member in members if inspect.isclass(member)}
    rules = {cls for cls in found if hasattr(cls, "init") and hasattr(cls, "update")}
    rules = {cls for cls in rules if cls.__module__ != base.__name__}
    assert rules - set(BY_TRYING) == {type(rule) for rule, _ in TABLE.values()}
    for rule, file in BY_TRYING.items():
        assert f"{rule.__name__}(" in (Path(__file__).parent / file).read_text()
    schedules = {cls for cls in found if issubclass(cls, Schedule)}
    assert schedules - {Schedule} == {type(schedule) for schedule, _ in SCHEDULES.values()}


def fit(optimizer, **options):
    rng = np.random.default_rng(2)
    x = rng.normal(size=(20, 2))
    options = {"n_epochs": 5, "batch_size": None, "dtype": "float64", **options}
    network = FeedForward((Dense(1),))
    return train(network, SquaredError(), x, x[:, :1], optimizer=optimizer, **options)


def test_train_fills_in_the_length_of_a_schedule_however_deep_it_sits():
    deep = fit(Clipped(GradientDescent(WarmUp(Cosine(0.1), 2)), clip_norm=9.0))
    told = fit(Clipped(GradientDescent(WarmUp(Cosine(0.1, n_steps=5), 2)), clip_norm=9.0))
    np.testing.assert_array_equal(deep.history["loss"], told.history["loss"])
    with pytest.raises(OptionError, match="how long.*Give n_steps"):
        Cosine(0.1).rate(jnp.asarray(0.0))


@pytest.mark.parametrize("optimizer", [Rprop(), Clipped(Rprop())])
def test_rprop_refuses_mini_batches(optimizer):
    with pytest.raises(OptionError, match="whole table.*19 of 20 rows.*batch_size=None"):
        fit(optimizer, batch_size=19)
    assert fit(optimizer, batch_size=20).stop == "finished"


@pytest.mark.parametrize("rate", [0.0, -0.1, np.nan, np.inf])
@pytest.mark.parametrize("rule", [GradientDescent, Momentum, RMSProp, Adam, AdamW, Cosine])
def test_bad_rates_are_refused_with_a_remedy(rule, rate):
    with pytest.raises(OptionError, match="positive number.* Try 0.001 with adam"):
        rule(rate)


def test_a_rate_may_be_any_kind_of_number_and_nothing_else():
    assert {as_schedule(r) for r in (0.5, np.float32(0.5), np.float64(0.5))} == {Constant(0.5)}
    with pytest.raises(OptionError, match="'fast'; it must be .* a schedule. Try 0.001 with adam"):
        as_schedule("fast")


@pytest.mark.parametrize(
    "make",
    [
        lambda: Momentum(momentum=1.01),
        lambda: RMSProp(decay=1.5),
        lambda: RMSProp(epsilon=0.0),
        lambda: Adam(beta_1=1.0),
        lambda: Adam(beta_2=-0.1),
        lambda: AdamW(epsilon=float("nan")),
        lambda: AdamW(weight_decay=-1.0),
        lambda: Clipped(Adam(), clip_norm=0.0),
        lambda: Rprop(initial=0.0),
        lambda: Rprop(shrink=1.2),
        lambda: Rprop(grow=0.5),
        lambda: Rprop(smallest=1.0, largest=0.1),
        lambda: StepDecay(factor=-1.0),
        lambda: Exponential(every=0),
        lambda: Cosine(final_share=-1.0),
        lambda: OneCycle(rise=1.0),
        lambda: WarmUp(Constant(), n_warm_up=-1),
        lambda: Penalty(l2=-0.1),
        lambda: Penalty(l1=float("inf")),
    ],
)
def test_numbers_that_cannot_work_are_refused_with_a_remedy(make):
    with pytest.raises(OptionError, match="cannot work: give"):
        make()


def test_whole_numbers_and_numpy_numbers_are_the_same_program_as_floats():
    @hyperparameters
    class Rule:
        rate: float = number(default=0.5)
        n_steps: float | None = number(default=None)

    wanted = jax.tree.flatten(Rule(1.0, 7.0))
    for rule in (Rule(1, 7), Rule(np.float32(1), np.int64(7)), Rule(np.float64(1), 7)):
        assert jax.tree.flatten(rule) == wanted
        assert {type(leaf) for leaf in jax.tree.leaves(rule)} == {float}
