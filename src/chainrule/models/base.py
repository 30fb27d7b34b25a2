"""What classifier and regressor share: fitting, going on, predicting, saving.

rows held out → columns encoded → network built → trained by the engine → kept
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.utils import TransformerTags, check_random_state
from sklearn.utils.validation import check_is_fitted

from chainrule.data.rows.rows import Table, hold_out, read_rows
from chainrule.errors import DataError, OptionError
from chainrule.fitting.callbacks import CallbackSupportMixin, Tasks, with_callbacks
from chainrule.importing import collection_paused
from chainrule.inspection.picture.network import ShowsItsNetwork
from chainrule.judging.diagnosing import Diagnosable
from chainrule.models.hidden import GivesHiddenActivations
from chainrule.models.parameters import NetworkParameters
from chainrule.models.predicting import Predicts
from chainrule.models.showing import ShowsItsNumbers
from chainrule.predicting.history import History, TrainingCurves


class BaseMLP(
    CallbackSupportMixin,
    TrainingCurves,
    Predicts,
    GivesHiddenActivations,
    ShowsItsNetwork,
    ShowsItsNumbers,
    Diagnosable,
    NetworkParameters,
):
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
        the rate after each plateau).  Given, it takes the place of `schedule`.
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
    network_, params_
        The engine's network and its parameters.
    loss_curve_, loss_, best_loss_, validation_scores_, best_validation_score_, t_, n_layers_, \
n_outputs_, out_activation_
        As in scikit-learn.
    """

    _classifies = False
    _keeps_latest = False  # of epochs with equal scores
    _kept_too: tuple[str, ...] = ()  # plain attributes that a model file holds beside the usual
    _measures_training = _records_flow = True
    _class_weight: Any = None

    # What `Learning` keeps; see there, and `fitted` for what the network's arrays mean.
    coefs_: list[np.ndarray]
    intercepts_: list[np.ndarray]
    history_: History
    flow_: Mapping[str, Any]
    feature_names_in_: np.ndarray
    n_features_in_: int
    n_iter_: int
    best_iter_: int
    t_: int
    stop_: str
    stop_message_: str
    fit_seconds_: float
    compile_seconds_: float
    n_layers_: int
    n_outputs_: int
    out_activation_: str | None
    _encoder: Any
    _target: Any
    _layers: Any
    _others: Any
    _link: Any
    _sizes: tuple[int, ...]
    _network: Any
    _engine_params: Any
    _optimizer_leaves: list[np.ndarray]
    _seed: int
    _data_hash: str

    # What the two kinds of model differ in.

    def _fit_target(self, table: Table, training: Table, classes: Any) -> Any:
        raise NotImplementedError

    def _objective(self, target: Any) -> Any:
        raise NotImplementedError

    def _metrics(self, target: Any, objective: Any) -> dict[str, Any]:
        raise NotImplementedError

    def _finish_history(self, history: dict[str, np.ndarray], parts: Any) -> None:
        """Turn what the engine measured on the `parts` (targets, weights) into what people read."""

    def _loss_unit(self, target: Any) -> float:
        """Return by how much scaling the target has made its loss smaller."""
        return 1.0

    def _keep_rows(self, x: np.ndarray) -> None:
        """Keep what reports need of the encoded training rows."""

    def _calibrate(self, validation: Table | None) -> None:
        """Keep what validation rows tell of the errors to expect."""

    @with_callbacks
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        groups: Any = None,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
        on_progress: Callable[[Any], None] | None = None,
    ) -> Self:
        """Train on a table; from new initial weights, unless `warm_start` is set.

        Parameters
        ----------
        X : frame, array-like or sparse matrix of shape (n_rows, n_columns)
            Inputs: any frame (categories and gaps are handled inside), or numbers.
        y : array-like of shape (n_rows,) or (n_rows, n_targets)
            Classes, or numbers.
        sample_weight : array-like of shape (n_rows,), optional
            Weights of rows, 0 or more; 2 counts like the row twice.
        groups : array-like of shape (n_rows,), optional
            Early stopping then holds out whole groups.
        X_val, y_val, sample_weight_val : optional
            Rows to measure on and to stop by; never trained on.
        on_progress : callable, optional
            Called with the engine's `Progress` some ten times a second.

        Returns
        -------
        self

        Raises
        ------
        DataError, ShapeError, OptionError
            Before training starts, if the table or a parameter cannot be used.
        DivergedError
            If not even the first loss is finite.
        """
        held_out = (X_val, y_val, sample_weight_val)
        self._fit_rows((X, y, sample_weight), groups, held_out, on_progress)
        return self

    def _fit_rows(
        self,
        given: tuple[Any, Any, Any],
        groups: Any,
        held_out: tuple[Any, Any, Any],
        on_progress: Callable[[Any], None] | None,
    ) -> None:
        """Do what `fit` does; what is `given` and `held_out` are inputs, targets, weights."""
        learning = self._learning(given, groups, held_out)
        training, tasks = learning.training, Tasks(self, int(self.max_iter))
        weights = None if given[2] is None else training.weights
        tasks.begin(training.native, training.targets, weights)
        if self.n_networks == 1:
            learning.run(on_progress, tasks)
        else:
            from chainrule.fitting.side_by_side import learn_ensemble

            learn_ensemble(learning, tasks, on_progress)
        tasks.end()

    def _learning(
        self,
        given: tuple[Any, Any, Any],
        groups: Any = None,
        held_out: tuple[Any, Any, Any] = (None, None, None),
    ) -> Any:
        """Return one fit that is ready to run."""
        with collection_paused():
            from chainrule.fitting.learning import Learning, Start

        self._check_parameters()
        goes_on = bool(self.warm_start) and self.__sklearn_is_fitted__()
        seed = self._seed if goes_on else self._draw_seed()
        table = training = read_rows(*given, self._class_weight)
        validation = self._given_rows(held_out)
        if validation is None and self.early_stopping:
            training, validation = hold_out(
                table,
                split=self.validation_split,
                fraction=self.validation_fraction,
                groups=groups,
                stratify=self._classifies and table.targets.size == table.columns.n_rows,
                seed=seed,
            )
        elif validation is None and groups is not None:
            raise OptionError(
                "groups say which rows stay together when rows are held out, but none are. "
                "Set early_stopping=True."
            )
        start = Start(seed, int(self.max_iter), goes_on)
        return Learning(self, table, training, validation, start)

    def _given_rows(self, held_out: tuple[Any, Any, Any]) -> Table | None:
        """Return validation rows as they were given: inputs, targets, weights; None for none."""
        if held_out[0] is None and held_out[1] is None:
            return None
        if held_out[0] is None or held_out[1] is None:
            raise DataError("X_val and y_val belong together. Give both, or neither.")
        return read_rows(*held_out, self._class_weight)

    def _one_pass(self, X: Any, y: Any, sample_weight: Any, classes: Any) -> Self:
        from chainrule.fitting.learning import Learning, Start

        self._check_parameters()
        if self.n_networks > 1:
            raise OptionError(
                f"partial_fit trains one network, not n_networks={self.n_networks}. Use fit, or "
                "a network for each seed."
            )
        if self.early_stopping:
            raise OptionError(
                "partial_fit does not support early_stopping=True: one pass has no epochs to "
                "choose from. Use fit with warm_start=True."
            )
        goes_on = self.__sklearn_is_fitted__()
        table = read_rows(X, y, sample_weight, self._class_weight)
        seed = self._seed if goes_on else self._draw_seed()
        start = Start(seed, 1, goes_on, one_pass=True, classes=classes)
        Learning(self, table, table, None, start).run(None, Tasks(None, 1))
        return self

    def _draw_seed(self) -> int:
        return int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))

    def _check_loss(self) -> None:
        raise NotImplementedError

    def _check_parameters(self) -> None:
        from chainrule.fitting.checking import check_parameters

        check_parameters(self)

    def _watched(self, target: Any) -> str | None:
        """Return the history's column that early stopping watches; None for a scorer's own."""
        if isinstance(self.scoring, str) and self.scoring == "loss":
            return "val_loss"
        return None

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "coefs_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.input_tags.sparse = True
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        tags.transformer_tags = TransformerTags(preserves_dtype=[])  # the network's own dtype
        return tags

    def _used(self, parameter: str) -> Any:
        """Return the value with which a parameter was used."""
        return getattr(self, parameter)

    def _build(self, n_outputs: int, given: bool = False) -> Any:
        """Return the network that the parameters say, with initial weights if they are `given`."""
        from chainrule.fitting.network import build_network

        return build_network(
            n_outputs,
            self.hidden_layer_sizes,
            self.activation,
            self.dropout,
            self.layer_norm,
            self.coefs_init if given else None,
            self.intercepts_init if given else None,
        )

    def save(self, path: str | Path) -> Path:
        """Write the model to one safe file; see `chainrule.load`."""
        from chainrule.storage.save import save

        check_is_fitted(self)
        return save(self, path)
