"""What the two tabular estimators share: parameters, recipe, bag, and the rule of their steps.

parameters → recipe for so many rows → networks trained as a bag → kept as one estimator
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.data.rows.rows import read_rows
from chainrule.errors import OptionError
from chainrule.fitting.callbacks import Tasks
from chainrule.fitting.conversion import engine_network
from chainrule.fitting.recipe import AUTO, WEIGHT_DECAY, Recipe, recipe_for
from chainrule.models.base import BaseMLP
from chainrule.models.parameters import NetworkParameters, with_parameters_of

# What the recipe or the bag decides is no parameter here.
WITHOUT = (
    "solver",
    "alpha",
    "l1",
    "dropout",
    "layer_norm",
    "learning_rate",
    "power_t",
    "schedule",
    "shuffle",
    "tol",
    "warm_start",
    "momentum",
    "nesterovs_momentum",
    "early_stopping",
    "validation_fraction",
    "validation_split",
    "beta_1",
    "beta_2",
    "epsilon",
    "max_fun",
    "optimizer",
    "clip_norm",
    "coefs_init",
    "intercepts_init",
    "frozen_layers",
    "scale",
)


class Tabular(BaseMLP):
    """What the two tabular estimators share.

    Parameters
    ----------
    hidden_layer_sizes : int, sequence of int or "auto", default="auto"
        Units of each hidden layer.
    activation : str or "auto", default="auto"
        Function of the hidden layers, one of the named ones.
    size : "auto", "small" or "large", default="auto"
        "large" takes several times as long, for a little more accuracy; "auto" is "small".
    n_networks : int or "auto", default="auto"
        Networks that predict together, each trained on another part of the rows.
    batch_size : int or "auto", default="auto"
        Rows to a step.
    max_iter : int or "auto", default="auto"
        Epochs of each network.  The best one by the rows left out is kept.
    learning_rate_init : float or "auto", default="auto"
        Full rate (0.04 for classes, 0.1 for numbers) of the schedule, `CosineCycles`; that of
        weights is divided by the root of a layer's inputs, that of biases by 10, that of the
        inputs' factors multiplied by 6.
    weight_decay : float, default=0.02
        Decoupled decay of weights (`AdamW`).
    scoring : str or callable, default="auto"
        By what the best epoch is chosen: accuracy for classes, the loss for numbers, or as in
        `BaseMLP`.
    n_iter_no_change : int, optional
        Epochs without a better one after which a network stops; by default none does, since the
        schedule ends low.
    time_limit : float, optional
        Seconds for all networks together, compilation included; those that are not begun in time
        are left out.
    loss, random_state, verbose, dtype, category, number, drop
        As in `BaseMLP`.

    `fit` takes what that of `BaseMLP` takes.  Whole `groups` are left out together; with `X_val`
    and `y_val` all networks train on all rows of `X`, and choose their epoch and calibrate by
    these.

    Attributes
    ----------
    members_ : list of estimators
        The networks, each a fitted estimator; attributes such as `coefs_` and `history_` are those
        of the first.  In `history_`, "loss" is the mean over the steps of an epoch: the training
        rows are not measured again.
    recipe_ : Recipe
        What "auto" stood for; as text, a line for people.
    """

    _may_be_auto = ("alpha", *AUTO)
    _kept_too = ("_recipe",)
    _measures_training = _records_flow = False  # they would take a third of the time
    _begin: tuple[np.ndarray, np.ndarray, int] | None = None

    @with_parameters_of(NetworkParameters, without=WITHOUT)
    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] | str = "auto",
        activation: Any = "auto",
        *,
        size: str = "auto",
        n_networks: int | str = "auto",
        batch_size: int | str = "auto",
        max_iter: int | str = "auto",
        learning_rate_init: float | str = "auto",
        weight_decay: float = WEIGHT_DECAY,
        scoring: Any = "auto",
        n_iter_no_change: int | None = None,
        **parameters: Any,
    ) -> None:
        NetworkParameters.__init__(
            self,
            hidden_layer_sizes,  # pyright: ignore[reportArgumentType]
            activation,
            n_networks=n_networks,  # pyright: ignore[reportArgumentType]
            batch_size=batch_size,
            max_iter=max_iter,  # pyright: ignore[reportArgumentType]
            learning_rate_init=learning_rate_init,  # pyright: ignore[reportArgumentType]
            weight_decay=weight_decay,
            scoring=scoring,
            n_iter_no_change=n_iter_no_change,
            early_stopping=True,  # each network stops by the rows that it leaves out
            **parameters,
        )
        self.size = size

    def _fit_rows(
        self: Any,
        given: tuple[Any, Any, Any],
        groups: Any,
        held_out: tuple[Any, Any, Any],
        on_progress: Callable[[Any], None] | None,
    ) -> None:
        from chainrule.fitting.bagging import how_it_ended, train_bag
        from chainrule.fitting.plan import warn_unfinished

        self._check_parameters()
        Tasks(self, 1).refuse_for(self.n_networks)
        table = read_rows(*given, self._class_weight)
        validation = self._given_rows(held_out)
        recipe = recipe_for(self, table.columns.n_rows)
        worker = self._worker(recipe)
        worker._seed = self._draw_seed()
        members = train_bag(worker, table, validation, groups, on_progress)
        for name in ("members_", "feature_names_in_"):
            vars(self).pop(name, None)
        kept = vars(members[0]).items()
        vars(self).update({k: v for k, v in kept if k.endswith("_") or k.startswith("_")})
        self._calibration, self._seed = worker._calibration, worker._seed
        self._recipe = [_plain(value) for value in vars(recipe).values()]
        self.fit_seconds_ = sum(member.fit_seconds_ for member in members)
        self.compile_seconds_ = sum(member.compile_seconds_ for member in members)
        self.stop_, self.stop_message_ = how_it_ended(worker, members)
        if self.stop_ in ("time", "interrupted"):
            warn_unfinished(self.stop_message_, 6)
        if len(members) > 1:
            self.members_ = members

    def _check_parameters(self: Any) -> None:
        from chainrule.fitting.checking import check_parameters
        from chainrule.fitting.tabular_network import named_activation

        self._check_numbers()
        worker = self._worker(recipe_for(self, 1))
        named_activation(worker.activation)
        check_parameters(worker)

    def _learning(self, given: Any, groups: Any = None, held_out: Any = ()) -> Any:
        raise OptionError(
            f"cross_validate trains single networks side by side, and {type(self).__name__} "
            "several for each fold. Use sklearn.model_selection.cross_validate."
        )

    def _worker(self: Any, recipe: Any) -> Any:
        """Return a copy whose parameters are those with which a network is trained."""
        from chainrule.engine import CosineCycles

        worker = type(self)(**self.get_params(deep=False))
        vars(worker).update(vars(recipe))
        worker.optimizer = self._rule(CosineCycles(float(recipe.learning_rate_init)))
        worker.alpha = 0.0
        worker.scoring = self._used("scoring")
        worker._calibration = None
        return worker

    def _rule(self: Any, schedule: Any) -> Any:
        """Return the optimizer."""
        from chainrule.engine import AdamW, RateFactors

        rule = AdamW(schedule, beta_2=0.95, weight_decay=float(self.weight_decay))
        return RateFactors(rule, {"biases": 0.1, "scale": 6.0}, by_fan_in=True)

    def _first_step(self) -> Any:
        from chainrule.engine import Constant

        return self._rule(Constant(float(self.recipe_.learning_rate_init)))

    @property
    def _rule_name(self) -> str:
        return "AdamW, with factors of its rate"

    def _used(self, parameter: str) -> Any:
        if parameter == "scoring":
            return self._scoring() if self.scoring == "auto" else self.scoring
        return getattr(self.recipe_, parameter, getattr(self, parameter))

    def _finish_history(self, history: dict[str, np.ndarray], parts: Any) -> None:
        history["loss"] = history["running_loss"]
        measured = {name: history.pop(name) for name in list(history) if name.startswith("val_")}
        history |= measured
        super()._finish_history(history, parts)  # pyright: ignore

    def _scoring(self) -> str:
        return "loss"

    def _pieces(self, n_rows: int) -> int:
        """Return into how many pieces numbers are cut, by the rows there are."""
        del n_rows
        return 0

    def _first_outputs(self, y: np.ndarray) -> np.ndarray:
        """Return the raw outputs with which training begins."""
        return np.zeros(y.shape[1], y.dtype)

    def _build(self: Any, n_outputs: int, given: bool = False) -> Any:
        if self._begin is None:
            return super()._build(n_outputs)  # pyright: ignore
        from chainrule.fitting.network import hidden_sizes
        from chainrule.fitting.tabular_network import build_tabular_network

        x, y, seed = self._begin
        outputs = np.zeros(n_outputs, x.dtype)
        if y.shape[1] == n_outputs:
            outputs = self._first_outputs(y).astype(x.dtype)
        return build_tabular_network(
            hidden_sizes(self.hidden_layer_sizes),
            self.activation,
            x,
            outputs,
            self._pieces(len(x)),
            np.random.default_rng(seed),
        )

    @property
    def recipe_(self: Any) -> Recipe:
        """What "auto" stood for."""
        return Recipe(*map(_as_tuple, self._recipe))

    @property
    def network_(self: Any) -> Any:
        """The engine's network (of the first member)."""
        if self._network is None:
            self._network = engine_network(self._layers, self._others)
        return self._network

    @property
    def partial_fit(self) -> Any:
        """Not available: the networks are trained on parts of the whole table."""
        raise AttributeError(
            f"{type(self).__name__} trains on parts of a whole table. For one pass at a time use "
            "MLPClassifier or MLPRegressor."
        )


def _plain(value: Any) -> Any:
    """Return a value of a recipe as a model file takes it."""
    if isinstance(value, list | tuple | np.ndarray):
        return [int(each) for each in value]
    return value if isinstance(value, int | float | str) else str(value)


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
