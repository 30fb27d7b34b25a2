"""What the two tabular estimators share: parameters, recipe, bag.

parameters → recipe for so many rows → networks trained as a bag → kept as one
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from chainrule.data.rows.rows import Rows
from chainrule.fitting.callbacks import Tasks
from chainrule.fitting.job import Job
from chainrule.fitting.recipe import AUTO, WEIGHT_DECAY, Recipe, recipe_for
from chainrule.models.estimator import NetworkEstimator
from chainrule.models.parameters import NetworkParameters, check_numbers, every_parameter
from chainrule.predicting.fitted import Fitted


class Tabular(NetworkEstimator):
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

    early_stopping = True  # each network stops by the rows that it leaves out
    scale = True

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] | str = "auto",
        activation: Any = "auto",
        *,
        loss: Any = "auto",
        size: str = "auto",
        n_networks: int | str = "auto",
        batch_size: int | str = "auto",
        max_iter: int | str = "auto",
        learning_rate_init: float | str = "auto",
        weight_decay: float = WEIGHT_DECAY,
        scoring: Any = "auto",
        n_iter_no_change: int | None = None,
        random_state: Any = None,
        verbose: bool | int = False,
        dtype: str = "float32",
        time_limit: float | None = None,
        category: Sequence[str] = (),
        number: Sequence[str] = (),
        drop: Sequence[str] = (),
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.loss = loss
        self.size = size
        self.n_networks = n_networks
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.learning_rate_init = learning_rate_init
        self.weight_decay = weight_decay
        self.scoring = scoring
        self.n_iter_no_change = n_iter_no_change
        self.random_state = random_state
        self.verbose = verbose
        self.dtype = dtype
        self.time_limit = time_limit
        self.category = category
        self.number = number
        self.drop = drop

    def _fit_rows(
        self,
        rows: Rows,
        held_out: Rows | None,
        on_progress: Callable[[Any], None] | None,
        keeping: Any,
    ) -> None:
        from chainrule.fitting.bagging import train_bag  # JAX only when training
        from chainrule.fitting.plan import warn_unfinished

        Tasks(self, 1).refuse_for(self.n_networks)
        recipe, seed = recipe_for(self, len(rows)), self._draw_seed(keeping)
        job = replace(self._job(recipe), keeping=keeping)
        job, fitted = self._chosen(job, rows, held_out, seed)
        fitted = fitted or train_bag(job, rows, held_out, seed, on_progress)
        members = tuple(replace(member, recipe=vars(recipe)) for member in fitted.members)
        self.fitted_ = replace(fitted, recipe=vars(recipe), members=members)
        if self.stop_ in ("time", "interrupted"):
            warn_unfinished(self.stop_message_, 6)

    def _chosen(
        self, job: Job, rows: Rows, held_out: Rows | None, seed: int
    ) -> tuple[Job, Fitted | None]:
        """Return the job with what is chosen by training; and what was trained if that ends all."""
        del rows, held_out, seed
        return job, None

    def _job(self, recipe: Recipe | None = None) -> Job:
        """Return how to train networks by a recipe: with these parameters of the MLP."""
        from chainrule.engine import CosineCycles  # JAX only when training
        from chainrule.fitting.network import build_network
        from chainrule.fitting.tabular_network import named_activation, tabular_rule

        recipe = recipe_for(self, 1) if recipe is None else recipe
        own = self.get_params(deep=False) | vars(recipe)
        schedule = CosineCycles(float(recipe.learning_rate_init))
        settings = NetworkParameters(
            **{name: value for name, value in own.items() if name in every_parameter()},
            optimizer=tabular_rule(schedule, float(self.weight_decay)),
            alpha=0.0,
            early_stopping=True,
        )

        def build(n_outputs: int, given: bool) -> Any:
            """Return a network of these sizes, for a look at the parameters."""
            del given
            function = named_activation(recipe.activation)
            return build_network(n_outputs, recipe.hidden_layer_sizes, function, 0.0, False)

        return Job(self, settings, self._task(), build, tabular=True)

    def _check_options(self) -> None:
        check_numbers(self.get_params(deep=False), AUTO)

    def _rebuilt(self) -> Any:
        from chainrule.fitting.conversion import engine_network  # JAX only when it is asked for

        network = self.fitted_.network
        return engine_network(network.layers, network.arrays)

    def _first_step(self) -> Any:
        from chainrule.engine import Constant  # JAX only when it is asked for
        from chainrule.fitting.tabular_network import tabular_rule

        rate = Constant(float(self.recipe_.learning_rate_init))
        return tabular_rule(rate, float(self.weight_decay))

    @property
    def solver_(self) -> str:
        """What changed the weights, in words."""
        return "AdamW, with factors of its rate"

    @property
    def recipe_(self) -> Recipe:
        """What "auto" stood for."""
        return Recipe(**self.fitted_.recipe)
