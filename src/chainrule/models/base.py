"""What classifier and regressor share: parameters, fitting, predicting, saving.

rows held out → columns encoded → network built → trained by the engine → kept
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from chainrule.data import Columns, InputEncoder, as_columns, read_target, split_rows
from chainrule.engine import (
    EarlyStopping,
    FeedForward,
    Objective,
    Penalty,
    Progress,
    Trained,
    predict,
    train,
)
from chainrule.errors import (
    DataError,
    DivergedError,
    DivergedWarning,
    InterruptedWarning,
    OptionError,
    ShapeError,
)
from chainrule.models.network import build_network
from chainrule.models.training_plan import build_optimizer, build_schedule

_NON_NEGATIVE = ("alpha", "l1", "weight_decay", "tol", "max_iter")


def choose_loss(
    name: str, losses: Mapping[str, Callable[[], Objective]]
) -> Callable[[], Objective]:
    """Return the loss called `name`; "auto" is the first."""
    if name == "auto":
        return next(iter(losses.values()))
    if name not in losses:
        choices = ", ".join(["auto", *losses])
        raise OptionError(f"loss={name!r} is not known here. Choose one of {choices}.")
    return losses[name]


class BaseMLP(BaseEstimator):
    """A feed-forward network on a table.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(100,)
        Units of each hidden layer; () makes a linear model.
    activation : str, layer or sequence of them, default="tanh"
        One function for all hidden layers, or one for each.
    loss : str, default="auto"
        Cross-entropy for classes; for numbers "squared_error" (what "auto" means),
        "absolute_error", "huber" or "poisson".
    solver : str or Optimizer, default="adam"
        "adam", "adamw", "sgd" (with momentum), "gradient-descent", "rmsprop", "rprop".
    alpha : float, default=0.1
        L2 penalty on weights, divided by the batch size as in scikit-learn.
    l1 : float, default=0
        L1 penalty on weights, divided likewise.
    dropout : float, default=0
        Probability with which a hidden unit is silent in a training step.
    layer_norm : bool, default=False
        Normalise each hidden layer's pre-activations.
    batch_size : int, "auto" or "full", default="auto"
        Rows to a step; "auto" is 32 up to 10,000 rows, then one for each 300 rows, at most 256.
    learning_rate_init : float, default=0.003
        The schedule's full rate.
    schedule : str or Schedule, default="cosine"
        "constant", "step", "exponential", "cosine" or "one-cycle", over all `max_iter` epochs.
    max_iter : int, default=200
        Epochs at most.
    shuffle : bool, default=True
        Draw a new order of rows in every epoch.
    random_state : int, RandomState or None, default=None
        Decides initial weights, order of rows, dropout and held-out rows.
    momentum, nesterovs_momentum, beta_1, beta_2, epsilon, weight_decay
        Numbers of the solvers that have them, named as in scikit-learn.
    clip_norm : float, optional
        Longest gradient.
    early_stopping : bool, default=False
        Hold out `validation_fraction` of the rows when no validation rows are given.
    validation_fraction : float, default=0.1
        Share of rows held out; stratified by class.
    n_iter_no_change : int or None, default=20
        Epochs without a better validation loss before stopping; None never stops.
    tol : float, default=0
        By how much a loss must be better to count.
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
    history_ : dict of arrays
        "epoch", "running_loss", "loss", metrics, and all of them on validation rows as "val_…".
    n_iter_, best_iter_ : int
        Epochs run; the epoch whose weights were kept.
    stop_ : str
        "finished", "early", "time", "interrupted" or "diverged"; `stop_message_` says it in words.
    network_, params_
        The engine's network and its parameters.
    coefs_, intercepts_ : list of arrays
        Weights and biases of the dense layers, in order.
    """

    _classifies = False

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: Any = "tanh",
        *,
        loss: str = "auto",
        solver: Any = "adam",
        alpha: float = 0.1,
        l1: float = 0.0,
        dropout: float = 0.0,
        layer_norm: bool = False,
        batch_size: int | str = "auto",
        learning_rate_init: float = 0.003,
        schedule: Any = "cosine",
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.01,
        clip_norm: float | None = None,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int | None = 20,
        tol: float = 0.0,
        scale: bool = True,
        dtype: str = "float32",
        time_limit: float | None = None,
        category: Sequence[str] = (),
        number: Sequence[str] = (),
        drop: Sequence[str] = (),
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.loss = loss
        self.solver = solver
        self.alpha = alpha
        self.l1 = l1
        self.dropout = dropout
        self.layer_norm = layer_norm
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.schedule = schedule
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.weight_decay = weight_decay
        self.clip_norm = clip_norm
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.scale = scale
        self.dtype = dtype
        self.time_limit = time_limit
        self.category = category
        self.number = number
        self.drop = drop

    # What the two kinds of model differ in.

    def _fit_target(self, y: np.ndarray, name: str) -> Any:
        raise NotImplementedError

    def _objective(self, n_outputs: int) -> Objective:
        raise NotImplementedError

    def _metrics(self) -> dict[str, Any]:
        raise NotImplementedError

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> Self:
        """Train on a table, from new initial weights.

        Parameters
        ----------
        X : frame or array-like of shape (n_rows, n_columns)
            Inputs: any frame (categories and gaps are handled inside), or numbers.
        y : array-like of shape (n_rows,) or (n_rows, n_targets)
            Classes, or numbers.
        sample_weight : array-like of shape (n_rows,), optional
            Weights of rows, 0 or more; 2 counts like the row twice.
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
        self._check_parameters()
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        columns, targets, weights = self._rows(X, y, sample_weight)
        held_out = None
        if X_val is not None or y_val is not None:
            if X_val is None or y_val is None:
                raise DataError("X_val and y_val belong together. Give both, or neither.")
            held_out = self._rows(X_val, y_val, sample_weight_val)
        elif self.early_stopping:
            split = split_rows(
                columns.n_rows,
                y=targets if self._classifies else None,
                test=0,
                validation=self.validation_fraction,
                seed=seed,
            )
            table = columns, targets, weights
            held_out = _take(*table, rows=split.validation)
            columns, targets, weights = _take(*table, rows=split.train)
        name = _name_of(y)
        target = self._fit_target(targets, name)
        encoder = InputEncoder.fit(
            columns,
            scale=self.scale,
            category=self.category,
            number=self.number,
            drop=self.drop,
        )

        def encoded(columns: Any, targets: Any, weights: np.ndarray) -> tuple[np.ndarray, ...]:
            return (
                encoder.transform(columns, self.dtype),
                target.encode(targets, name=name),
                weights,
            )

        validation = None if held_out is None else encoded(*held_out)
        x, y, weights = encoded(columns, targets, weights)
        network = build_network(
            y.shape[1], self.hidden_layer_sizes, self.activation, self.dropout, self.layer_norm
        )
        trained = self._train(network, (x, y, weights), validation, seed, on_progress)
        if trained.stop == "diverged" and trained.n_epochs == 0:
            raise DivergedError(f"Training did not start: {trained.message}.")
        self._keep(network, trained, encoder, target)
        return self

    def _rows(self, X: Any, y: Any, sample_weight: Any) -> tuple[Any, np.ndarray, np.ndarray]:
        columns, targets = as_columns(X), read_target(y, _name_of(y))
        if len(targets) != columns.n_rows:
            raise ShapeError(
                "Found input variables with inconsistent numbers of samples: X has "
                f"{columns.n_rows} rows, y has {len(targets)}. Give one target for each row."
            )
        if sample_weight is None:
            return columns, targets, np.ones(columns.n_rows)
        weights = np.asarray(sample_weight, dtype=np.float64)
        if weights.shape != (columns.n_rows,):
            raise ShapeError(
                f"sample_weight has shape {weights.shape}, expected ({columns.n_rows},). "
                "Give one weight for each row."
            )
        return columns, targets, weights

    def _train(
        self,
        network: FeedForward,
        table: tuple[np.ndarray, ...],
        validation: tuple[np.ndarray, ...] | None,
        seed: int,
        on_progress: Callable[[Progress], None] | None,
    ) -> Trained:
        x, y, weights = table
        batch_size = self._batch_size(len(x))
        n_steps = self.max_iter * -(-len(x) // batch_size)
        schedule = build_schedule(self.schedule, self.learning_rate_init, n_steps)
        optimizer = build_optimizer(
            self.solver,
            schedule,
            momentum=self.momentum,
            nesterov=self.nesterovs_momentum,
            beta_1=self.beta_1,
            beta_2=self.beta_2,
            epsilon=self.epsilon,
            weight_decay=self.weight_decay,
            clip_norm=self.clip_norm,
        )
        if optimizer.full_batch_only and batch_size < len(x):
            raise OptionError(
                f"solver={self.solver!r} needs the gradient of the whole table in every step. "
                'Use batch_size="full", or another solver.'
            )
        stopping = None
        if validation is not None:
            stopping = EarlyStopping("val_loss", self.n_iter_no_change, self.tol)
        return train(
            network,
            self._objective(y.shape[1]),
            x,
            y,
            weights=weights,
            validation=validation,
            optimizer=optimizer,
            batch_size=batch_size,
            n_epochs=self.max_iter,
            penalty=Penalty(l1=self.l1 / batch_size, l2=self.alpha / batch_size),
            metrics=self._metrics(),
            stopping=stopping,
            shuffle=self.shuffle,
            seed=seed,
            dtype=self.dtype,
            time_limit=self.time_limit,
            on_progress=on_progress,
        )

    def _batch_size(self, n_rows: int) -> int:
        if self.batch_size == "full":
            return n_rows
        if self.batch_size == "auto":
            return min(n_rows, max(32, min(256, n_rows // 300)))
        if not isinstance(self.batch_size, int | np.integer) or self.batch_size < 1:
            raise OptionError(
                f'batch_size={self.batch_size!r} must be a whole number above 0, "auto" or "full".'
            )
        return min(int(self.batch_size), n_rows)

    def _check_parameters(self) -> None:
        for name in (*_NON_NEGATIVE, "dropout", "validation_fraction"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float | np.number):
                raise OptionError(f"{name}={value!r} must be a number.")
            if not value >= 0:
                raise OptionError(f"{name}={value!r} must be 0 or more.")
        rate = self.learning_rate_init
        if isinstance(rate, bool) or not isinstance(rate, int | float | np.number) or not rate > 0:
            raise OptionError(f"learning_rate_init={rate!r} must be positive. Try 0.003.")
        if self.max_iter != int(self.max_iter):
            raise OptionError(f"max_iter={self.max_iter!r} must be a whole number of epochs.")
        if not self.dropout < 1:
            raise OptionError(f"dropout={self.dropout!r} must be a probability in [0, 1).")
        if not 0 < self.validation_fraction < 1:
            raise OptionError(
                f"validation_fraction={self.validation_fraction!r} must lie between 0 and 1."
            )
        if self.n_iter_no_change is not None and not self.n_iter_no_change >= 1:
            raise OptionError(f"n_iter_no_change={self.n_iter_no_change!r} must be 1 or more.")
        build_network(1, self.hidden_layer_sizes, self.activation, self.dropout, self.layer_norm)
        build_schedule(self.schedule, self.learning_rate_init, n_steps=1)
        self._objective(1)
        self._batch_size(1)

    def _keep(self, network: FeedForward, trained: Trained, encoder: Any, target: Any) -> None:
        self.network_, self.params_ = network, trained.params
        self._encoder, self._target = encoder, target
        self.n_features_in_ = encoder.n_features_in
        if encoder.feature_names_in is not None:
            self.feature_names_in_ = np.asarray(encoder.feature_names_in, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        self.history_ = trained.history
        self.n_iter_, self.best_iter_ = trained.n_epochs, trained.best_epoch
        self.stop_, self.stop_message_ = trained.stop, trained.message
        self.fit_seconds_, self.compile_seconds_ = trained.seconds, trained.compile_seconds
        if trained.stop == "diverged":
            warnings.warn(f"Training broke down: {trained.message}.", DivergedWarning, stacklevel=3)
        if trained.stop in ("interrupted", "time"):
            text = f"Training is unfinished: {trained.message}. Best weights so far are kept."
            warnings.warn(text, InterruptedWarning, stacklevel=3)

    def _predict(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        x = self._encoder.transform(X, self.dtype)
        n_outputs = self.params_[-1].biases.shape[0]
        return predict(self.network_, self._objective(n_outputs), self.params_, x)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "params_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        return tags

    @property
    def coefs_(self) -> list[np.ndarray]:
        return [np.asarray(p.weights) for p in self.params_ if hasattr(p, "weights")]

    @property
    def intercepts_(self) -> list[np.ndarray]:
        return [np.asarray(p.biases) for p in self.params_ if hasattr(p, "weights")]

    def save(self, path: str | Path) -> Path:
        """Write the model to one safe file; see `chainrule.load`."""
        from chainrule.models.storage import save

        check_is_fitted(self)
        return save(self, path)


def _take(
    columns: Columns, targets: np.ndarray, weights: np.ndarray, *, rows: np.ndarray
) -> tuple[Columns, np.ndarray, np.ndarray]:
    return columns.take(rows), targets[rows], weights[rows]


def _name_of(y: Any) -> str:
    """Return what messages call the target: the column's own name, if it has one."""
    name = getattr(y, "name", None)
    return name if isinstance(name, str) and name else "y"
