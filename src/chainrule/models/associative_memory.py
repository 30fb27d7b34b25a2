"""Associative memory: patterns that a network completes and corrects by settling.

Visible units, one for each element of a pattern, and hidden ones all reach each other.  A corrupted
pattern is a constant force on the visible units; the network settles, and a read-out says what each
element should be.  It learns by recurrent backpropagation from corruptions that it draws itself.
"""

import warnings
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from chainrule.activations import sigmoid
from chainrule.advice import Setting
from chainrule.errors import DataError, NotSettledWarning, OptionError, ShapeError, not_known
from chainrule.judging.settling import SettlePath, record_path
from chainrule.models.holding import HoldsFitted
from chainrule.predicting.fitted import Ending, Fitted
from chainrule.predicting.history import History
from chainrule.predicting.settling import settle_rows


class AssociativeMemory(HoldsFitted, BaseEstimator):
    """Memory of patterns of two values, which it completes and corrects.

    Parameters
    ----------
    hidden : int, default=64
        Units beside those of the pattern.
    guarantee : {"symmetric", None}, default="symmetric"
        Symmetric connections give the network an energy, which falls as it settles.
    flipped : float, default=0.25
        Share of elements that are wrong in one half of the examples that it learns from.
    missing : float, default=0.5
        Share of elements that are unknown in the other half.
    n_examples : int, default=60000
        Corrupted patterns drawn for learning.
    max_iter : int, default=4
        Passes over them.
    batch_size : int, default=64
        Examples to a step.
    learning_rate_init : float, default=0.003
        Rate of Adam, falling to nothing along a cosine.
    settle_tol : float, default=0.001
        Residual at which a pattern has settled, relative to the state.
    max_settle : int, default=1000
        Sweeps after which a pattern counts as unsettled.
    random_state : int, RandomState or None, default=None
        Decides weights and examples.

    Attributes
    ----------
    patterns_ : array of shape (n_patterns, n_elements)
        What it was taught.
    values_ : array of shape (2,)
        The two values of elements, the lower one first.
    history_ : History
        Loss and sweeps of every epoch.
    coefs_, intercepts_ : lists of one array
        Weights (n_units, n_elements) and biases of the read-out.
    network_, params_
        The network and its parameters as the engine has them.

    References
    ----------
    Almeida (1989), in Neural Computers, Springer, 199-208, taught such memories by recurrent
    backpropagation; Hopfield (1984), PNAS 81:3088, gave symmetric networks their energy.

    Examples
    --------
    >>> import numpy as np
    >>> from chainrule import AssociativeMemory
    >>> patterns = np.array([[1, 1, 1, 1, 0, 0, 1, 0, 0], [1, 0, 1, 0, 1, 0, 1, 0, 1]])
    >>> memory = AssociativeMemory(hidden=8, n_examples=4000, random_state=0).fit(patterns)
    >>> unknown = np.nan
    >>> memory.predict([[1, 1, unknown, 1, 0, 0, unknown, 0, 0]])
    array([[1, 1, 1, 1, 0, 0, 1, 0, 0]])
    """

    def __init__(
        self,
        hidden: int = 64,
        *,
        guarantee: str | None = "symmetric",
        flipped: float = 0.25,
        missing: float = 0.5,
        n_examples: int = 60_000,
        max_iter: int = 4,
        batch_size: int = 64,
        learning_rate_init: float = 0.003,
        settle_tol: float = 1e-3,
        max_settle: int = 1000,
        random_state: Any = None,
    ) -> None:
        self.hidden = hidden
        self.guarantee = guarantee
        self.flipped = flipped
        self.missing = missing
        self.n_examples = n_examples
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.settle_tol = settle_tol
        self.max_settle = max_settle
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn patterns, one in a row.

        Parameters
        ----------
        X : array-like of shape (n_patterns, n_elements)
            Patterns of two values, such as 0 and 1, or -1 and 1.
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        DataError, ShapeError, OptionError
            If the patterns hold gaps or other than two values, or an option cannot work.
        """
        del y
        self._check_options()
        patterns = np.asarray(X)
        if patterns.ndim != 2 or not patterns.size:
            raise ShapeError(
                f"AssociativeMemory expects patterns of shape (patterns, elements), got "
                f"{patterns.shape}. Give one pattern as X[None, :]."
            )
        values = np.unique(patterns)
        numbers = values.dtype.kind in "biuf" and np.isfinite(values).all()
        if len(values) != 2 or not numbers:
            shown = ", ".join(map(str, values[:4].tolist()))
            raise DataError(
                f"The patterns hold {len(values)} values ({shown}…), expected two numbers, without "
                "gaps. Compare with a threshold first, such as X > X.mean()."
            )
        if len(np.unique(patterns, axis=0)) < len(patterns):
            raise DataError("Two patterns are the same. Give each pattern once.")
        self.fitted_ = self._learn(patterns, check_random_state(self.random_state))
        return self

    @property
    def patterns_(self) -> np.ndarray:
        patterns = self.fitted_.patterns
        assert patterns is not None
        return patterns

    @property
    def values_(self) -> np.ndarray:
        return np.unique(self.patterns_)

    @property
    def n_features_in_(self) -> int:
        return self.patterns_.shape[1]

    def _learn(self, patterns: np.ndarray, random: np.random.RandomState) -> Fitted:
        from chainrule import engine as e  # JAX only when training
        from chainrule.fitting.conversion import as_predicting

        signs = np.where(patterns == np.unique(patterns)[1], 1.0, -1.0)
        half = self.n_examples // 2
        drawn = [
            _corrupt(signs[random.randint(len(signs), size=n_rows)], flipped, missing, random)
            for n_rows, flipped, missing in (
                (half, self.flipped, 0.0),
                (self.n_examples - half, 0.0, self.missing),
            )
        ]
        x, y = (np.concatenate(parts) for parts in zip(*drawn, strict=True))
        network, objective = self._build(patterns.shape[1]), e.SigmoidCrossEntropy()
        trained = e.train(
            network,
            objective,
            x,
            (y + 1) / 2,
            optimizer=e.Adam(e.Cosine(self.learning_rate_init)),
            batch_size=self.batch_size,
            n_epochs=self.max_iter,
            measure_training=False,
            seed=int(random.randint(np.iinfo(np.int32).max)),
        )
        if trained.stop not in ("finished", "interrupted"):
            warnings.warn(
                f"Learning ended early: {trained.message}. The last weights are kept. Lower "
                "learning_rate_init, or raise max_settle.",
                NotSettledWarning,
                stacklevel=3,
            )
        return Fitted(
            as_predicting(network, trained.params, objective),
            history=History(trained.history),
            ending=Ending(
                trained.stop,
                trained.message,
                trained.n_epochs,
                trained.best_epoch,
                trained.seconds,
                trained.compile_seconds,
                n_rows_seen=trained.n_epochs * len(x),
                penalty=0.0,
            ),
            patterns=patterns,
            engine=network,
        )

    def _build(self, n: int) -> Any:
        """Return units for `n` elements and the hidden ones, which settle, and their read-out."""
        from chainrule import engine as e  # JAX only when training

        n_units = n + self.hidden
        visible = np.eye(n, n_units)
        kind = e.Symmetric if self.guarantee == "symmetric" else e.Recurrent
        start = e.Normal(0.5 / n_units**0.5)
        layer = e.FixedPoint(
            e.Cell(e.Dense(n_units, weights=visible), kind(start)),
            settle_solver="picard",
            adjoint_solver="picard",
            settle_tol=float(self.settle_tol),
            max_settle=int(self.max_settle),
        )
        return e.FeedForward((layer, e.Dense(n, weights=2 * visible.T)))

    def _rebuilt(self) -> Any:
        return self._build(self.n_features_in_)

    def _check_options(self) -> None:
        for name in ("hidden", "n_examples", "max_iter", "batch_size", "max_settle"):
            value, least = getattr(self, name), 0 if name == "hidden" else 1
            whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
            if not whole or value < least:
                raise OptionError(
                    "{} must be a whole number, {} or more.", Setting(name, value), least
                )
        for name in ("flipped", "missing"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
                raise OptionError(
                    "{} must be a share in [0, 1), such as 0.25.", Setting(name, value)
                )
        for name in ("learning_rate_init", "settle_tol"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
                raise OptionError(
                    "{} must lie between 0 and 1, such as 0.003.", Setting(name, value)
                )
        if self.guarantee not in ("symmetric", None):
            raise not_known("guarantee", self.guarantee, ["symmetric"], " or None")

    def _force(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        x = np.asarray(X, dtype=float)
        if x.ndim != 2 or x.shape[1] != self.n_features_in_:
            raise ShapeError(
                f"X has shape {x.shape}, the memory expects (rows, {self.n_features_in_}). "
                "Give one pattern as X[None, :]; unknown elements are NaN."
            )
        known = np.isnan(x) | np.isin(x, self.values_)
        if not known.all():
            row, column = (int(i) for i in np.argwhere(~known)[0])
            raise DataError(
                f"Element {column} of row {row} is {x[row, column]:g}, expected "
                f"{self.values_[0]:g}, {self.values_[1]:g}, or NaN where it is unknown."
            )
        sign = np.where(x == self.values_[1], 1.0, -1.0)
        return np.where(np.isnan(x), 0.0, sign).astype(np.float32)

    @property
    def _settling(self) -> tuple[Any, dict[str, np.ndarray]]:
        """The layer that settles, and its arrays."""
        network = self.fitted_.network
        return network.layers[0], network.arrays[0]

    def _probabilities(self, states: np.ndarray) -> np.ndarray:
        return sigmoid(states @ self.coefs_[0] + self.intercepts_[0])

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return, for every element, the probability of the higher value: like `X`."""
        settled = settle_rows(self._force(X), *self._settling)
        wrong = np.count_nonzero(~settled.settled)
        if wrong:
            warnings.warn(
                f"{wrong} of {len(settled.settled)} patterns did not settle within "
                f"{self.max_settle} sweeps; they are completed from where they stood. "
                "Raise max_settle.",
                NotSettledWarning,
                stacklevel=3,
            )
        return self._probabilities(settled.states)

    def predict(self, X: Any) -> np.ndarray:
        """Return the patterns completed and corrected.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_elements)
            Patterns of the two values; NaN where an element is unknown.

        Returns
        -------
        array of shape (n_rows, n_elements)
            Every element one of the two values.
        """
        return self.values_[(self.predict_proba(X) > 0.5).astype(int)]

    def score(self, X: Any, y: Any) -> float:
        """Return the share of patterns in `X` that become those of `y`, every element right."""
        return float((self.predict(X) == np.asarray(y)).all(axis=1).mean())

    def corrupt(
        self, n_rows: int, *, flipped: float = 0.0, missing: float = 0.0, random_state: Any = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return corrupted patterns, NaN where an element is missing, and the true ones."""
        check_is_fitted(self)
        random = check_random_state(random_state)
        signs = np.where(self.patterns_ == self.values_[1], 1.0, -1.0)
        x, y = _corrupt(signs[random.randint(len(signs), size=n_rows)], flipped, missing, random)
        low, high = self.values_
        named = np.where(x > 0, float(high), float(low))
        return np.where(x == 0, np.nan, named), np.where(y > 0, high, low)

    def settle_path(self, X: Any, max_settle: int = 200) -> SettlePath:
        """Return how patterns settle, sweep by sweep; with its energies, if it has any."""
        symmetric = self.guarantee == "symmetric"
        force = self._force(X)
        return record_path(force, *self._settling, max_settle, symmetric=symmetric)

    def read_out(self, states: np.ndarray) -> np.ndarray:
        """Return the probability of the higher value, for units in the course of settling."""
        check_is_fitted(self)
        return self._probabilities(np.asarray(states))


def _corrupt(
    signs: np.ndarray, flipped: float, missing: float, random: np.random.RandomState
) -> tuple[np.ndarray, np.ndarray]:
    """Return patterns with elements flipped, and 0 where they are missing; and the true ones."""
    x = np.where(random.random_sample(signs.shape) < flipped, -signs, signs)
    return np.where(random.random_sample(signs.shape) < missing, 0.0, x), signs
