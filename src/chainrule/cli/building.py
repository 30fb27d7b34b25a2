"""The estimator that the options ask for: new, or that of the run whose training goes on."""

from typing import Any

import numpy as np

from chainrule.advice import Text
from chainrule.cli.asked import Asked, refuse_unknown
from chainrule.cli.options import BY_NAME, PARAMETERS
from chainrule.cli.talk import SHELL
from chainrule.data.rows.rows import Rows
from chainrule.data.target.values import guess_task
from chainrule.errors import DataError, OptionError
from chainrule.fitting import LOSSES, LOSSES_OF_CLASSES
from chainrule.wording import count, did_you_mean, listing

TASKS = ("classification", "regression")
OF_ONE_TASK = {
    "class-weight": "classification",
    "quantile": "regression",
    "target-transform": "regression",
}


def choose_task(asked: Asked, rows: Rows) -> tuple[str, str]:
    """Return the task, and why it is that one."""
    task = asked.values["task"]
    if task == "auto":
        guessed, reason = guess_task(rows.y)
        return guessed, Text(reason).at(SHELL)
    if task not in TASKS:
        raise OptionError(f"--task {task} is not known. Choose auto, {' or '.join(TASKS)}.")
    return task, "as asked"


def parameters_of(asked: Asked, task: str, name: str) -> dict[str, Any]:
    """Return the parameters of the estimator that was asked for; `name` is the target's.

    Raises
    ------
    OptionError
        If an option is for the other task, or they contradict each other.
    """
    from sklearn.metrics import get_scorer_names

    values = dict(asked.meant)
    losses = LOSSES if task == "regression" else LOSSES_OF_CLASSES
    refuse_unknown("loss", values["loss"], ["auto", *losses], f" for {task}")
    refuse_unknown("scoring", values["scoring"], ["auto", "loss", *get_scorer_names()])
    for option, own in OF_ONE_TASK.items():
        if own != task and values[option] != BY_NAME[option].default:
            raise OptionError(
                f"--{option} is for {own}, but {name} asks for {task}. "
                f"Leave --{option} out, or say --task {own}."
            )
    holds_out = asked.model == "tabular" or values["validation"] != 0
    if values["scoring"] != "loss" and not holds_out:
        raise OptionError("--scoring watches validation rows, but --validation 0 holds none out.")
    if values["quantile"] != BY_NAME["quantile"].default and values["loss"] != "quantile":
        if values["loss"] != "auto":
            raise OptionError(
                f"--quantile is for --loss quantile, not for {values['loss']}. Leave one out."
            )
        values["loss"] = "quantile"
    values["class-weight"] = None  # to be read beside the target's classes
    single = _of_one_layer(values) if asked.model == "fixed-point" else {}
    known = _kind(asked.model, task)._get_param_names()
    return {p: values[o.name] for p, o in PARAMETERS.items() if p in known} | single


def new_model(asked: Asked, task: str, parameters: dict[str, Any]) -> Any:
    """Return an estimator with these parameters.

    Raises
    ------
    OptionError
        If a parameter cannot work.
    """
    model = _kind(asked.model, task)(**parameters)
    model.check_parameters()
    return model


def _kind(model: str, task: str) -> Any:
    """Return the class of the estimator."""
    # scikit-learn, once the options are known to be right
    from chainrule.models import fixed_point, mlp, tabular

    kinds = {
        "tabular": (tabular.TabularClassifier, tabular.TabularRegressor),
        "mlp": (mlp.MLPClassifier, mlp.MLPRegressor),
        "fixed-point": (fixed_point.FixedPointClassifier, fixed_point.FixedPointRegressor),
    }
    return kinds[model][TASKS.index(task)]


def _of_one_layer(values: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a network with one hidden layer that others have for each layer."""
    found = {}
    for name in ("hidden", "activation", "dropout"):
        given = values[name] if isinstance(values[name], tuple | list) else (values[name],)
        if len(given) != 1:
            shown = ",".join(map(str, given))
            raise OptionError(
                f'--{name} "{shown}" is for several layers, but --model fixed-point has one. '
                "Give one value."
            )
        found[name] = given[0]
    return found


def model_before(asked: Asked, task: str, class_weight: Any) -> Any:
    """Return the model of the run before, with what a training may change when it goes on."""
    from chainrule.models.loading import load  # as above

    assert asked.before is not None
    model = load(asked.before.model)
    known = model.get_params(deep=False)
    n_networks = len(model.fitted_.networks)
    if n_networks > 1 or "warm_start" not in known:
        raise OptionError(
            f"the run holds {count(n_networks, 'network')}, and only a single one, of --model mlp "
            "or fixed-point, can go on. Fit anew with --config and more --epochs."
        )
    may = {p: o for p, o in PARAMETERS.items() if o.may_change and p in known}
    changed = {p: asked.meant[o.name] for p, o in may.items()}
    if task == "classification":
        changed["class_weight"] = class_weight
    model.set_params(**changed, warm_start=True)
    model.check_parameters()
    return model


def read_class_weight(texts: tuple[str, ...], target: Any) -> Any:
    """Return the estimator's `class_weight` for `--class-weight`, given the target.

    Raises
    ------
    OptionError
        If it is neither "balanced" nor weights of classes that the target has.
    """
    if not texts or texts == ("balanced",):
        return texts[0] if texts else None
    if target.n_targets > 1:
        raise OptionError(
            f"--class-weight {texts[0]} names a class, but there are several targets, which can be "
            "balanced only. Say --class-weight balanced, or fit one target."
        )
    classes = {str(each): each for each in target.classes.tolist()}
    weights: dict[Any, float] = {}
    for text in texts:
        name, _, number = text.rpartition("=")
        try:
            weight = float(number)
        except ValueError:
            weight = np.nan
        if not (name and 0 <= weight < np.inf):
            raise OptionError(
                f'--class-weight "{text}" is neither balanced nor CLASS=WEIGHT with a weight of 0 '
                f"or more. Say for example --class-weight {next(iter(classes))}=2."
            )
        if name not in classes:
            raise OptionError(
                f'--class-weight "{text}" names no class of the target'
                f"{did_you_mean(name, classes) or '.'} The classes are {listing(list(classes))}."
            )
        weights[classes[name]] = weight
    return weights


def refuse_other_classes(model: Any, target: Any, run: Any) -> None:
    """Raise a DataError if a table has other classes than those that the model knows."""
    before, now = model.fitted_.target.class_lists, target.class_lists
    if before != now:
        old, new = next(pair for pair in zip(before, now, strict=True) if pair[0] != pair[1])
        raise DataError(
            f"--resume {run} goes on with the classes {listing(old)}, but the table holds "
            f"{listing(new)}. Give a table with the same classes, or fit anew without --resume."
        )
