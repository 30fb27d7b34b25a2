"""What multi-layer perceptrons and networks that settle share: the parameters and the fit.

rows held out → columns encoded → network built → trained by the engine → kept
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Self

from chainrule.advice import HOLD_OUT
from chainrule.data.rows.rows import Rows, as_rows, hold_out
from chainrule.errors import OptionError
from chainrule.fitting.callbacks import Tasks
from chainrule.fitting.job import Job
from chainrule.importing import collection_paused
from chainrule.models.estimator import NetworkEstimator
from chainrule.models.parameters import NetworkParameters, check_numbers


class BaseMLP(NetworkEstimator, NetworkParameters):
    """A feed-forward network on a table.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(100,)
        Units of each hidden layer; () makes a linear model.
    activation : str, layer or sequence of them, default="relu"
        One function for all hidden layers, or one for each.
    loss : str, Objective or callable, default="auto"
        Cross-entropy for classes; for numbers "squared_error" (what "auto" means),
        "absolute_error", "huber", "quantile" or "poisson"; an objective of the engine; or a
        function `f(y, predictions)` that returns one loss for each row, written with `jax.numpy`:
        `y` is one-hot (or 0/1) for classes, scaled for numbers.
    solver : str, default="adam"
        "adam", "adamw", "sgd" (with momentum), "lbfgs", "gradient-descent", "rmsprop", "rprop".
    alpha : float or "auto", default="auto"
        L2 penalty on weights, divided by the batch size (its sum of weights) as in scikit-learn.
        "auto" is a penalty of 3 divided by the number of rows (for classes 0.003 at most), whatever
        the batch size.
    l1 : float, default=0
        L1 penalty on weights, divided likewise.
    dropout : float or sequence of float, default=0
        Probability with which a hidden unit is silent in a training step; one, or one per layer.
    layer_norm : bool, default=False
        Normalise each hidden layer's pre-activations.
    n_networks : int, default=1
        Networks that are trained from different seeds, side by side; predictions are the means of
        theirs.  Attributes are those of the first one, and `members_` holds all.
    batch_size : int, "auto" or "full", default="auto"
        Rows to a step; "auto" is 32 up to 10,000 rows, then one for each 300 rows, at most 256.
        "lbfgs" and "rprop" take the whole table.
    learning_rate : str, optional
        scikit-learn's schedules: "constant", or for "sgd" "invscaling" and "adaptive" (a fifth of
        the rate after each plateau), which leave the rate of other solvers as it is.  Given, it
        takes the place of `schedule`.
    learning_rate_init : float, default=0.005
        The schedule's full rate.
    power_t : float, default=0.5
        Exponent of "invscaling".
    schedule : str or Schedule, default="cosine"
        "constant", "step", "exponential", "cosine" or "one-cycle", over all `max_iter` epochs.
    max_iter : int, default=200
        Epochs at most, in each call of `fit`.
    shuffle : bool, default=True
        Draw a new order of rows in every epoch.
    random_state : int, RandomState or None, default=None
        Decides initial weights, order of rows, dropout and held-out rows.
    tol : float, default=0
        By how much a loss (of the target in its own units) or score must be better to count.  Above
        0, and without validation rows, training stops when the training loss with its penalty has
        not fallen by it for `n_iter_no_change` epochs.
    verbose : bool, default=False
        Print a line for every epoch.
    warm_start : bool, default=False
        A second `fit` goes on for up to `max_iter` more epochs: with the weights, the optimizer's
        state, and the columns and classes of the first, and the schedule from its start.
    momentum, nesterovs_momentum, beta_1, beta_2, epsilon, weight_decay
        Numbers of the solvers that have them, named as in scikit-learn.
    early_stopping : bool, default=False
        Hold out `validation_fraction` of the rows when no validation rows are given.
    validation_fraction : float, default=0.1
        Share of rows (of groups, if `fit` is given groups) held out.
    validation_split : "random", "last" or splitter, default="random"
        Which rows: random ones with equal shares of every class, the last ones, or the first split
        of a splitter of scikit-learn.
    scoring : str or callable, default="loss"
        What early stopping watches on the validation rows: the loss, or a scorer by a name of
        scikit-learn or as a function `f(estimator, X, y)`.
    n_iter_no_change : int or None, default=20
        Epochs without a better measure before stopping; None never stops.
    max_fun : int, default=15000
        Evaluations of the loss at most, for "lbfgs".
    optimizer : Optimizer, optional
        One of the engine, with its own rate or schedule; takes the place of `solver`.
    clip_norm : float, optional
        Longest gradient.
    coefs_init, intercepts_init : sequence of arrays, optional
        Initial weights (n_in, n_out) and biases (n_out,) of every dense layer; None where they are
        to be drawn.
    frozen_layers : sequence of int, default=()
        Dense layers that training leaves as they are; 0 is the first, -1 the output layer.
    scale : bool, default=True
        Standardise numbers.
    dtype : str, default="float32"
        Or "float64".
    time_limit : float, optional
        Seconds for training, compilation included.
    category, number, drop : sequence of str, default=()
        Columns of a frame to take for categories, for numbers, or to leave out, whatever they
        look like.

    Attributes
    ----------
    fitted_ : Fitted
        All that the fit gave, in one record, which the other attributes read.
    history_ : History
        A dict of arrays: "epoch", "running_loss", "loss", the metric ("accuracy" or "r2"), and all
        of them on validation rows as "val_…"; `history_.to_frame()` gives a frame.
    flow_ : dict
        What flowed through the layers in the epochs 1, 2, 4, 8, …: "epoch", and for each layer
        "delta_norm", "gradient_norm", "weight_norm", "update_ratio", and for each activation
        "activation_mean", "activation_spread", "dead" and "saturated"; of the last `fit` or
        pass.  Empty for networks that trained side by side.
    n_iter_, best_iter_ : int
        Epochs of the last `fit`; the epoch whose weights were kept.
    stop_ : str
        "finished", "early", "asked" (by a callback), "time", "interrupted" or "diverged";
        `stop_message_` says it in words.
    coefs_, intercepts_ : list of arrays
        Weights and biases of the dense layers, in order; predictions are made of these.
    members_ : list of estimators
        With `n_networks` above 1: a fitted estimator for each network, this one the first.
    network_, params_, objective_
        The engine's network, its parameters and its objective.
    solver_ : str
        What changed the weights, in words.
    loss_curve_, loss_, best_loss_, validation_scores_, best_validation_score_, t_, n_layers_, \
n_outputs_, out_activation_
        As in scikit-learn.
    """

    @property
    def solver_(self) -> str:
        """What changed the weights, in words."""
        return self.solver if self.optimizer is None else type(self.optimizer).__name__

    def _build(self, n_outputs: int, given: bool = False) -> Any:
        """Return the network that the parameters say, with initial weights if they are `given`."""
        from chainrule.fitting.network import build_network  # JAX only when training

        return build_network(
            n_outputs,
            self.hidden_layer_sizes,
            self.activation,
            self.dropout,
            self.layer_norm,
            self.coefs_init if given else None,
            self.intercepts_init if given else None,
        )

    def _job(self) -> Job:
        return Job(self, self, self._task(), self._build)

    def _rebuilt(self) -> Any:
        return self._build(self.n_outputs_)

    def _first_step(self) -> Any:
        from chainrule.engine import Constant  # JAX only when it is asked for
        from chainrule.fitting.plan import plan_optimizer

        return plan_optimizer(self, Constant(float(self.learning_rate_init)))

    def _check_options(self) -> None:
        check_numbers(self.get_params(deep=False), ("alpha",))

    def _fit_rows(
        self,
        rows: Rows,
        held_out: Rows | None,
        on_progress: Callable[[Any], None] | None,
        keeping: Any,
    ) -> None:
        learning = self._learning(rows, held_out, keeping)
        training, tasks = learning.training, Tasks(self, int(self.max_iter))
        weights = training.weights if training.weighted else None
        tasks.begin(training.native, training.targets, weights)
        if self.n_networks == 1:
            self.fitted_ = learning.run(on_progress, tasks)
        else:
            from chainrule.fitting.side_by_side import learn_ensemble  # JAX only when training

            self.fitted_ = learn_ensemble(learning, tasks, on_progress)
        tasks.end()

    def _learning(self, rows: Rows, held_out: Rows | None = None, keeping: Any = None) -> Any:
        """Return one fit that is ready to run."""
        with collection_paused():
            from chainrule.fitting.learning import Learning, Start  # JAX only when training

        goes_on = bool(self.warm_start) and self.__sklearn_is_fitted__()
        seed = self._seed(goes_on, keeping)
        training = rows
        if held_out is None and self.early_stopping:
            training, held_out = hold_out(
                rows,
                split=self.validation_split,
                fraction=self.validation_fraction,
                stratify=self._task().classifies and rows.targets.size == len(rows),
                seed=seed,
            )
        elif held_out is None and rows.groups is not None:
            raise OptionError(
                "groups say which rows stay together when rows are held out, but none are. Set {}.",
                HOLD_OUT,
            )
        start = Start(seed, int(self.max_iter), goes_on)
        job = replace(self._job(), keeping=keeping)
        return Learning(job, rows, training, held_out, start)

    def _seed(self, goes_on: bool, keeping: Any = None) -> int:
        before = self.fitted_.seed if goes_on else None
        if before is None:
            return self._draw_seed(keeping)
        return before if keeping is None else keeping.seed(before)

    def _one_pass(self, X: Any, y: Any, sample_weight: Any, classes: Any) -> Self:
        from chainrule.fitting.learning import Learning, Start  # JAX only when training

        self.check_parameters()
        if self.n_networks > 1:
            raise OptionError(
                "partial_fit trains one network, not {n_networks}. Use fit, or a network for each "
                "seed.",
                n_networks=self.n_networks,
            )
        if self.early_stopping:
            raise OptionError(
                "partial_fit does not support {early_stopping}: one pass has no epochs to choose "
                "from. Use fit with {warm_start}.",
                early_stopping=True,
                warm_start=True,
            )
        goes_on = self.__sklearn_is_fitted__()
        rows = self._that_count(as_rows(X, y, sample_weight))
        start = Start(self._seed(goes_on), 1, goes_on, one_pass=True, classes=classes)
        self.fitted_ = Learning(self._job(), rows, rows, None, start).run(None, Tasks(None, 1))
        return self
