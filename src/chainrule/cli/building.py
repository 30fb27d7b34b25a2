"""The estimator that the options ask for: new, or that of the run whose training goes on."""

from typing import Any

import numpy as np

from chainrule.cli.asked import Asked
from chainrule.cli.options import BY_NAME, PARAMETERS
from chainrule.data import guess_task
from chainrule.data.wording import did_you_mean, listing
from chainrule.errors import DataError, OptionError

TASKS = ("classification", "regression")
MODELS = ("auto", "mlp", "fixed-point")
NOT_FOR_FIXED_POINT = ("layer-norm", "networks", "frozen-layers")
OF_ONE_TASK = {"class-weight": "classification", "quantile": "regression"}


def choose_task(asked: Asked, y: Any, name: str) -> tuple[str, str]:
    """Return the task, and why it is that one."""
    task = asked.values["task"]
    if task == "auto":
        return guess_task(y, name)
    if task not in TASKS:
        raise OptionError(f"--task {task} is not known. Choose auto, {' or '.join(TASKS)}.")
    return task, "as asked"


def build_model(asked: Asked, task: str, name: str) -> Any:
    """Return an estimator with the parameters that were asked for.

    Raises
    ------
    OptionError
        If an option is for the other task, or a parameter cannot work.
    """
    from sklearn.metrics import get_scorer_names

    from chainrule.models.fixed_point import FixedPointClassifier, FixedPointRegressor
    from chainrule.models.mlp import LOSSES, MLPClassifier, MLPRegressor

    values = dict(asked.values)
    losses = LOSSES if task == "regression" else ("cross_entropy", "log_loss")
    _refuse_unknown("loss", values["loss"], ["auto", *losses], f" for {task}")
    _refuse_unknown("scoring", values["scoring"], ["loss", *get_scorer_names()])
    for option, own in OF_ONE_TASK.items():
        if own != task and values[option] != BY_NAME[option].default:
            raise OptionError(
                f"--{option} is for {own}, but {name} asks for {task}. "
                f"Leave --{option} out, or say --task {own}."
            )
    if values["scoring"] != "loss" and values["validation"] == 0:
        raise OptionError("--scoring watches validation rows, but --validation 0 holds none out.")
    if values["quantile"] != BY_NAME["quantile"].default and values["loss"] != "quantile":
        if values["loss"] != "auto":
            raise OptionError(
                f"--quantile is for --loss quantile, not for {values['loss']}. Leave one out."
            )
        values["loss"] = "quantile"
    values["class-weight"] = None
    _refuse_unknown("model", values["model"], list(MODELS))
    settles = values["model"] == "fixed-point"
    if values["activation"] in ("auto", ("auto",)):
        values["activation"] = "tanh" if settles else "relu"
    if settles:
        kind = FixedPointClassifier if task == "classification" else FixedPointRegressor
        own = _for_fixed_point(values)
    else:
        kind, own = MLPClassifier if task == "classification" else MLPRegressor, {}
    known = kind._get_param_names()
    model = kind(**{p: values[o.name] for p, o in PARAMETERS.items() if p in known} | own)
    model._check_parameters()
    return model


def _for_fixed_point(values: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of a fixed-point network that other options say."""
    for name in NOT_FOR_FIXED_POINT:
        if values[name] != BY_NAME[name].default:
            raise OptionError(f"--{name} is for --model mlp, not for fixed-point. Leave one out.")
    for name in ("hidden", "activation", "dropout"):
        if isinstance(values[name], tuple | list) and len(values[name]) != 1:
            shown = ",".join(map(str, values[name]))
            raise OptionError(
                f'--{name} "{shown}" is for several layers, but --model fixed-point has one. '
                "Give one value."
            )
    return {name: _single(values[name]) for name in ("hidden", "activation", "dropout")}


def _single(value: Any) -> Any:
    return value[0] if isinstance(value, tuple | list) else value


def _refuse_unknown(option: str, value: str, known: list[str], where: str = "") -> None:
    if value not in known:
        hint = did_you_mean(value, known) or "."
        raise OptionError(
            f'--{option} "{value}" is not known{where}{hint} Choose one of {", ".join(known)}.'
        )


def load_model(asked: Asked) -> Any:
    """Return the model of the run before, with what a training may change when it goes on."""
    from chainrule.models.storage import load

    assert asked.before is not None
    model = load(asked.before.model)
    if getattr(model, "n_networks", 1) > 1:
        raise OptionError(
            f"the run holds {model.n_networks} networks, and only a single one can go on. "
            "Fit anew with --config and more --epochs."
        )
    known = model.get_params(deep=False)
    may = {p: o for p, o in PARAMETERS.items() if o.may_change and p in known}
    changed = {p: asked.values[o.name] for p, o in may.items()}
    model.set_params(**changed, warm_start=True)
    model._check_parameters()
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
    if target.kind != "classes":
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

    def each(target: Any) -> list[list[Any]]:
        known = target.classes if isinstance(target.classes, list) else [target.classes]
        return [part.tolist() for part in known]

    before, now = each(model._target), each(target)
    if before != now:
        old, new = next(pair for pair in zip(before, now, strict=True) if pair[0] != pair[1])
        raise DataError(
            f"--resume {run} goes on with the classes {listing(old)}, but the table holds "
            f"{listing(new)}. Give a table with the same classes, or fit anew without --resume."
        )
