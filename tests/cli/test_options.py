"""The table of options: defaults are the estimators', help is short, values are read alike."""

import pytest
from small import call

from chainrule import (
    FixedPointClassifier,
    FixedPointRegressor,
    MLPClassifier,
    MLPRegressor,
    TabularClassifier,
    TabularRegressor,
)
from chainrule.advice import Setting, Text, as_task
from chainrule.cli.asked import ask
from chainrule.cli.building import new_model, parameters_of
from chainrule.cli.options import BY_NAME, OPTIONS
from chainrule.cli.talk import SHELL
from chainrule.engine.optimizers import SOLVERS
from chainrule.errors import OptionError

KINDS = {
    "tabular": (TabularClassifier, TabularRegressor),
    "mlp": (MLPClassifier, MLPRegressor),
    "fixed-point": (FixedPointClassifier, FixedPointRegressor),
}
NONE = {"table": "t.csv", "target": ["y"]}


def built_for(asked, task, name):
    return new_model(asked, task, parameters_of(asked, task, name))


@pytest.mark.parametrize("task", ["classification", "regression"])
@pytest.mark.parametrize("model", KINDS)
def test_what_is_not_said_is_as_the_estimators_have_it(model, task):
    built = built_for(ask({**NONE, "model": model}), task, "y")
    kind = KINDS[model][task == "regression"]
    assert type(built) is kind
    # a seed is always there
    own = {"random_state": 0}
    assert built.get_params() == kind(**own).get_params()


def test_auto_is_the_model_that_has_what_is_asked():
    assert ask(NONE).model == "tabular"
    assert ask({**NONE, "hidden": "8", "epochs": "9", "networks": "2"}).model == "tabular"
    assert ask({**NONE, "solver": "sgd", "momentum": 0.5}).model == "mlp"
    with pytest.raises(OptionError, match=r"--solver is for --model mlp or fixed-point, not.*tab"):
        ask({**NONE, "model": "tabular", "solver": "sgd"})
    with pytest.raises(OptionError, match=r"--size is for --model tabular, not for mlp"):
        ask({**NONE, "model": "mlp", "size": "large"})
    with pytest.raises(OptionError, match=r"--guarantee is for --model fixed-point, not.*tabular"):
        ask({**NONE, "guarantee": "perron"})


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_solver_takes_the_options_that_it_reads(solver):
    of_solvers = [option for option in OPTIONS if option.of_solvers]
    assert {"momentum", "weight_decay"} <= {option.parameter for option in of_solvers}
    for option in of_solvers:
        value = False if isinstance(option.default, bool) else 0.5
        said = {**NONE, "model": "mlp", "solver": solver, option.name: value}
        if option.parameter in SOLVERS[solver].reads:
            built = built_for(ask(said), "regression", "y")
            assert getattr(built, option.parameter) == value
        else:
            with pytest.raises(OptionError, match=f"{option.flag} has an effect with"):
                ask(said)


def test_validation_rows_are_held_out_for_plain_networks_alone():
    assert ask(NONE).options.validation == 0
    assert ask({**NONE, "model": "mlp"}).options.validation == 0.15
    assert ask({**NONE, "validation": "0.1"}).options.validation == 0.1


TYPED = {
    "category": (["a"], ("a",)),
    "number": (["b", "c"], ("b", "c")),
    "drop": (["d"], ("d",)),
    "scale": (False, False),
    "seed": (3, 3),
    "hidden": ("8,4", (8, 4)),
    "activation": ("relu,tanh", ("relu", "tanh")),
    "layer-norm": (True, True),
    "networks": (3, 3),
    "dropout": ("0.1,0", (0.1, 0.0)),
    "loss": ("quantile", "quantile"),
    "quantile": ("0.1,0.9", (0.1, 0.9)),
    "dtype": ("float64", "float64"),
    "epochs": (5, 5),
    "rate": (0.1, 0.1),
    "schedule": ("step", "step"),
    "solver": ("sgd", "sgd"),
    "momentum": (0.5, 0.5),
    "batch": ("16", 16),
    "penalty": ("0.5", 0.5),
    "l1": (0.25, 0.25),
    "clip-norm": (2.0, 2.0),
    "frozen-layers": ("0,-1", (0, -1)),
    "patience": (7, 7),
    "tol": (0.001, 0.001),
    "scoring": ("r2", "r2"),
    "time": (60.0, 60.0),
}


TYPED_TO_SETTLE = {
    "guarantee": ("perron", "perron"),
    "bound": (0.5, 0.5),
    "settle-solver": ("picard", "picard"),
    "settle-step": (0.5, 0.5),
    "settle-tol": (1e-4, 1e-4),
    "max-settle": (77, 77),
    "on-unsettled": ("use", "use"),
}


OF_TABULAR = ("size", "target-transform")


def test_what_is_typed_reaches_the_estimator():
    typed = {name: value for name, (value, _) in TYPED.items()}
    asked = ask({"table": "t.csv", "target": ["y"], **typed})
    parameters = built_for(asked, "regression", "y").get_params()
    for option in OPTIONS:
        others = ("class-weight", "weight-decay", *OF_TABULAR, *TYPED_TO_SETTLE)
        if option.parameter and option.name not in others:
            assert parameters[option.parameter] == TYPED[option.name][1], option.name
    asked = ask({"table": "t.csv", "target": ["y"], "solver": "adamw", "weight-decay": 0.5})
    assert built_for(asked, "classification", "y").weight_decay == 0.5
    asked = ask({**NONE, "weight-decay": "0.5", "size": "large"})
    large = built_for(asked, "classification", "y")
    assert (large.weight_decay, large.size) == (0.5, "large")
    asked = ask({**NONE, "target-transform": "log"})
    assert built_for(asked, "regression", "y").target_transform == "log"
    typed = {name: value for name, (value, _) in TYPED_TO_SETTLE.items()}
    typed |= {"model": "fixed-point", "hidden": "8", "dropout": "0.1"}
    asked = ask({"table": "t.csv", "target": ["y"], **typed})
    settling = built_for(asked, "regression", "y")
    for name, (_, value) in TYPED_TO_SETTLE.items():
        assert getattr(settling, BY_NAME[name].parameter) == value, name
    assert (settling.hidden, settling.dropout, settling.activation) == (8, 0.1, "auto")
    for model, typed, used in (
        ("fixed-point", {"activation": "relu"}, "relu"),
        ("mlp", {}, "relu"),
        ("mlp", {"activation": "tanh"}, "tanh"),
    ):
        asked = ask({"table": "t.csv", "target": ["y"], "model": model, **typed})
        assert built_for(asked, "regression", "y").activation == used


def test_help_is_short_and_help_all_is_whole(tmp_path):
    _, short, _ = call(tmp_path, "fit --help")
    _, whole, _ = call(tmp_path, "fit --help-all")
    assert (
        short.rstrip().splitlines()[-1].strip() == "`chainrule fit --help-all` shows every option."
    )
    listed = {option.flag for option in OPTIONS[1:] if f"{option.flag} " in short}
    assert listed == {option.flag for option in OPTIONS if option.shown}
    assert 15 <= len(listed) <= 17
    for option in OPTIONS[1:]:
        assert f"{option.flag} " in whole, option.name
        assert "\n" not in option.help
        assert option.help.endswith(".")


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_what_the_help_shows_means_the_default(option):
    shown = option.kind.shown(option.default)
    if shown is not None:
        assert option.read(shown) == option.default


@pytest.mark.parametrize(
    ("name", "text", "listed", "value"),
    [
        ("hidden", "64, 32", [64, 32], (64, 32)),
        ("hidden", "", [], ()),
        ("dropout", "0.2", 0.2, 0.2),
        ("dropout", "0.2,0", [0.2, 0], (0.2, 0.0)),
        ("activation", "relu,tanh", ["relu", "tanh"], ("relu", "tanh")),
        ("batch", "16", 16, 16),
        ("batch", "full", "full", "full"),
        ("penalty", "1e-3", 0.001, 0.001),
        ("penalty", "auto", "auto", "auto"),
    ],
)
def test_text_and_toml_are_read_alike(name, text, listed, value):
    for given in (text, listed):
        read = BY_NAME[name].read(given)
        assert read == value
        assert type(read) is type(value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hidden", "64.5"),
        ("hidden", [64, "x"]),
        ("epochs", True),
        ("epochs", 3.5),
        ("rate", "fast"),
        ("scale", 1),
        ("target", [1]),
        ("table", 7),
        ("dropout", []),
        ("activation", {"a": 1}),
    ],
)
def test_values_of_another_kind_are_refused(name, value):
    with pytest.raises(OptionError, match=f"{name}.*expected"):
        BY_NAME[name].read(value, where="my.toml")


def test_errors_speak_of_options():
    said = Text(
        "{hidden_layer_sizes} and {batch_size}: {}. Leave it out: `{drop}`, not {}; {layer_norm}.",
        as_task("regression"),
        Setting("x", 1),
        hidden_layer_sizes=(8, 4),
        batch_size=3,
        drop=["c", "d e"],
        layer_norm=False,
    )
    assert said == (
        "hidden_layer_sizes=(8, 4) and batch_size=3: Use a regressor. "
        'Leave it out: `drop=["c", "d e"]`, not x=1; layer_norm=False.'
    )
    assert said.at(SHELL) == (
        "--hidden 8,4 and --batch 3: Use `--task regression`. "
        "Leave it out: `--drop c --drop 'd e'`, not x=1; --no-layer-norm."
    )
