"""Fixed-point networks with the manners of scikit-learn: recurrent backpropagation for tables.

One layer of units that all reach each other settles on every row, and a dense layer reads it out.
Everything else (columns, targets, losses, optimizers, stopping, files) is as in the MLP estimators.
"""

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from chainrule.advice import PYTHON, Text
from chainrule.errors import NotSettledError, NotSettledWarning
from chainrule.fitting.job import Job
from chainrule.judging.settling import (
    SettlePath,
    SettleReport,
    record_path,
)
from chainrule.models.base import BaseMLP
from chainrule.models.mlp import MLPClassifier, MLPRegressor
from chainrule.models.parameters import NetworkParameters, with_parameters_of
from chainrule.predicting.fitted import Fitted
from chainrule.predicting.history import History
from chainrule.predicting.network import PlainNetwork
from chainrule.predicting.settling import settle_rows

NOT_TAKEN = (
    "hidden_layer_sizes",
    "layer_norm",
    "n_networks",
    "coefs_init",
    "intercepts_init",
    "frozen_layers",
)
REPORT_ROWS = 64


class FixedPointNetwork(BaseMLP):
    """What the two fixed-point estimators add to those of the multi-layer perceptron.

    Parameters
    ----------
    hidden : int, default=50
        Units of the recurrent layer; every one reaches every other.
    activation : str, default="auto"
        Their function; by itself gelu for weights that contract, and tanh for others.
    guarantee : str, default="spectral"
        Weights for which it is proved that the network settles: "spectral", "row-sum", "perron"
        (contractions), "monotone" (one fixed point), "symmetric" (an energy falls) or
        "non-negative" (the least fixed point).  See `chainrule.engine` for the theorems.  With
        "none" the weights are free, and rows may not settle.
    bound : float, default=0.3
        How loud the echo of a state is at most, of weights that contract: the share of the way
        between two states that is left after a sweep, in (0, 1).  The nearer to 1, the more the
        units hear of each other, and the longer they take to settle.
    mask : array of shape (hidden, hidden), optional
        1 where unit i reaches unit j, else 0.
    settle_solver, adjoint_solver : {"auto", "picard", "anderson"}, default="auto"
        How state and error settle; the first may be "newton", too, the second "lu": for few units.
    settle_step : float, optional
        α: share of the way that a state moves in a sweep, in (0, 1]; found by itself if not given.
    tau : float or array of shape (hidden,), default=1
        Time constants of the units, in steps.
    settle_tol : float, optional
        Residual at which a row has settled, relative to its state; by the number type if not given.
    max_settle : int, default=1000
        Sweeps after which a row counts as unsettled.
    on_unsettled : {"drop", "raise", "use"}, default="drop"
        What training does with rows that do not settle: leave them out of the step (and give up
        when they are more than a tenth), give up at once, or use them.  Predictions of such rows
        come with a `NotSettledWarning`; with "raise" there is an error.
    **parameters
        The others are those of the MLP estimators: `solver`, `alpha`, `batch_size`,
        `learning_rate_init`, `max_iter`, `early_stopping`, `dropout` (behind the recurrent layer).
    """

    most_prior = 0.1  # of `alpha="auto"`: above, such units fall silent before they have learnt

    @with_parameters_of(NetworkParameters, without=NOT_TAKEN)
    def __init__(
        self,
        hidden: int = 50,
        activation: str = "auto",
        *,
        guarantee: str = "spectral",
        bound: float = 0.3,
        mask: Any = None,
        settle_solver: str = "auto",
        adjoint_solver: str = "auto",
        settle_step: float | None = None,
        tau: Any = 1.0,
        settle_tol: float | None = None,
        max_settle: int = 1000,
        on_unsettled: str = "drop",
        **parameters: Any,
    ) -> None:
        NetworkParameters.__init__(self, (), activation, **parameters)
        self.hidden = hidden
        self.guarantee = guarantee
        self.bound = bound
        self.mask = mask
        self.settle_solver = settle_solver
        self.adjoint_solver = adjoint_solver
        self.settle_step = settle_step
        self.tau = tau
        self.settle_tol = settle_tol
        self.max_settle = max_settle
        self.on_unsettled = on_unsettled

    def _build(self, n_outputs: int, given: bool = False) -> Any:
        from chainrule.fitting.fixed_point_network import build_fixed_point_network  # JAX

        del given
        return build_fixed_point_network(self, n_outputs)

    def _job(self) -> Job:
        return replace(
            super()._job(),
            finish=self._keep_rows,
            refuse=self._refuse_unsettled,
            outputs=self._outputs,
        )

    @property
    def _contracts(self) -> bool:
        from chainrule.fitting.fixed_point_network import CONTRACTIONS  # JAX

        return self.guarantee in CONTRACTIONS

    @property
    def recurrent_coefs_(self) -> np.ndarray:
        """Weights among the recurrent units, as they are in use, (hidden, hidden): from row i."""
        return self.fitted_.network.arrays[0]["weights"]

    @property
    def input_coefs_(self) -> np.ndarray:
        """Weights from the encoded inputs to the recurrent units, (n_inputs, hidden)."""
        return self.fitted_.network.arrays[0]["inputs"]

    @property
    def recurrent_intercepts_(self) -> np.ndarray:
        """Biases of the recurrent units, (hidden,)."""
        return self.fitted_.network.arrays[0]["biases"]

    def _predict(self, X: Any, max_settle: int | None = None, *, raw: bool = False) -> np.ndarray:
        encoded = self._encoded(X)  # which asks first whether there was a fit
        return self._outputs(self.fitted_, encoded, max_settle, raw=raw)

    def _outputs(
        self, fitted: Fitted, x: np.ndarray, max_settle: int | None = None, *, raw: bool = False
    ) -> np.ndarray:
        """Return what is predicted of encoded rows, and say which did not settle."""
        # numbers in float64, as in the MLP estimators
        network = fitted.network if fitted.classifies else fitted.network.computing_in(np.float64)
        if not isinstance(network, PlainNetwork):  # an objective of the user's own
            return fitted.outputs(x, raw=raw)
        settled = settle_rows(x, network.layers[0], network.arrays[0], max_settle)
        if not settled.settled.all():
            self._say_unsettled(settled, max_settle)
        rest = PlainNetwork(network.layers[1:], network.arrays[1:], network.link, network.sizes)
        return rest.raw(settled.states) if raw else rest.predict(settled.states)

    def _say_unsettled(self, settled: Any, max_settle: int | None) -> None:
        wrong = np.flatnonzero(~settled.settled)
        most = self.max_settle if max_settle is None else max_settle
        worst = wrong[np.argmax(settled.residuals[wrong])]
        text = Text(
            "{}; their predictions are from where they stood. Raise {max_settle}, and see "
            "diagnose_settling(X).",
            f"{len(wrong)} of {len(settled.settled)} rows did not settle within {most} sweeps "
            f"(the worst is row {worst}, residual {settled.residuals[worst]:.1e})",
            max_settle=...,
        )
        if self.on_unsettled == "raise":
            raise NotSettledError(text)
        warnings.warn(text, NotSettledWarning, stacklevel=4)

    def settle_path(self, X: Any, max_settle: int = 200) -> SettlePath:
        """Return how rows settle, sweep by sweep, in plain steps of `settle_step` (1 if None).

        Parameters
        ----------
        X : frame or array-like of shape (n_rows, n_columns)
            Inputs, as in `fit`.
        max_settle : int, default=200
            Sweeps at most; it ends when every row stands still.
        """
        symmetric = self.guarantee == "symmetric"
        x, network = self._encoded(X), self.fitted_.network
        return record_path(x, network.layers[0], network.arrays[0], max_settle, symmetric=symmetric)

    def diagnose_settling(self, X: Any, **options: Any) -> Any:
        """Return why rows settle or do not; see `chainrule.inspection.diagnose_settling`."""
        from chainrule.inspection import diagnose_settling  # JAX only when it is asked for

        layer, params = self.network_.layers[0], self.params_[0]
        return diagnose_settling(layer, params, self._encoded(X), **options).at(PYTHON)

    @property
    def settle_report_(self) -> SettleReport:
        """How the network settled in training, epoch by epoch, and how it does at the end."""
        check_is_fitted(self)
        history = self.history_
        epochs = History({"epoch": history["epoch"][1:]})
        n_rows = self.t_ / max(len(epochs["epoch"]), 1)
        for which in ("", "adjoint_"):
            for name in ("sweeps", "sweeps_max", "residual_max"):
                epochs[which + name] = history[which + name][1:]
            epochs[f"{which}unsettled"] = np.rint(history[f"{which}unsettled"][1:] * n_rows)
        return SettleReport(epochs, self._diagnosed())

    def _diagnosed(self) -> Any:
        rows = self.fitted_.seen
        if rows is None:
            return None
        from chainrule.inspection import diagnose_settling  # JAX only when it is asked for

        return diagnose_settling(self.network_.layers[0], self.params_[0], rows).at(PYTHON)

    def _keep_rows(self, fitted: Fitted, x: np.ndarray) -> Fitted:
        """Keep what the report needs of the training rows, and warn of unsettled ones."""
        history = fitted.history
        share = np.fmax(history["unsettled"], history["adjoint_unsettled"])[1:]
        if len(share) and np.nanmax(share) > 0:
            treated = "used as they were" if self.on_unsettled == "use" else "left out of the steps"
            otherwise = "" if self._contracts else ', or choose a guarantee such as "spectral"'
            warnings.warn(
                f"In {np.count_nonzero(share > 0)} of {len(share)} epochs some samples did not "
                f"settle (up to {np.nanmax(share):.1%}); they were {treated}. Raise max_settle"
                f"{otherwise}; settle_report_ tells more.",
                NotSettledWarning,
                stacklevel=4,
            )
        from chainrule.fitting.fixed_point_network import activation_of  # JAX

        seen = x[:: max(len(x) // REPORT_ROWS, 1)][:REPORT_ROWS].copy()
        return replace(fitted, seen=seen, recipe={"activation": activation_of(self)})

    def _refuse_unsettled(self, network: Any, trained: Any, x: np.ndarray) -> None:
        """Raise, with the cause, what ended a training of too many unsettled samples."""
        from chainrule.inspection import diagnose_settling  # what few need

        report = diagnose_settling(network.layers[0], trained.params[0], x[:REPORT_ROWS])
        held = "Raise {max_settle}, or say {on_unsettled}."
        free = (
            "Choose {guarantee}, lower {learning_rate_init}, raise {max_settle}, or say "
            "{on_unsettled}."
        )
        settings: dict[str, Any] = {"max_settle": ..., "on_unsettled": "use"}
        if not self._contracts:
            settings |= {"guarantee": "spectral", "learning_rate_init": ...}
        raise NotSettledError(
            "Training stopped: {}." + " {}" * len(report.remarks) + " "
            f"{held if self._contracts else free}",
            trained.message,
            *(remark.text for remark in report.remarks),
            **settings,
        )


class FixedPointClassifier(FixedPointNetwork, MLPClassifier):
    """Classifier: a network that settles on every row, trained by recurrent backpropagation.

    Parameters are those of `FixedPointNetwork`, of the MLP estimators but for the shape of their
    network, and `class_weight`.

    References
    ----------
    Almeida (1987), Proc. ICNN 2:609-618; Pineda (1987), Phys. Rev. Lett. 59:2229-2232.

    Examples
    --------
    >>> from chainrule import FixedPointClassifier, datasets
    >>> iris = datasets.load("iris")
    >>> model = FixedPointClassifier(hidden=20, random_state=0)
    >>> X, y = iris.drop("species"), iris["species"]
    >>> model.fit(X, y).score(X, y) > 0.9
    True
    """

    @with_parameters_of(FixedPointNetwork)
    def __init__(
        self,
        hidden: int = 50,
        activation: str = "auto",
        *,
        class_weight: Any = None,
        **parameters: Any,
    ) -> None:
        FixedPointNetwork.__init__(self, hidden, activation, **parameters)
        self.class_weight = class_weight

    def predict(self, X: Any, max_settle: int | None = None) -> np.ndarray:
        """Return the most probable class of every row, settled within `max_settle` sweeps."""
        predictions = self._predict(X, max_settle)
        return self.fitted_.target.decode(predictions)


class FixedPointRegressor(FixedPointNetwork, MLPRegressor):
    """Regressor: a network that settles on every row, trained by recurrent backpropagation.

    Parameters are those of `FixedPointNetwork`, of the MLP estimators but for the shape of their
    network, and `quantile`.

    References
    ----------
    Almeida (1987), Proc. ICNN 2:609-618; Pineda (1987), Phys. Rev. Lett. 59:2229-2232.

    Examples
    --------
    >>> from chainrule import FixedPointRegressor, datasets
    >>> table = datasets.load("diabetes")
    >>> X, y = table.drop("progression"), table["progression"]
    >>> FixedPointRegressor(hidden=10, random_state=0).fit(X, y).predict(X[:2]).shape
    (2,)
    """

    @with_parameters_of(FixedPointNetwork)
    def __init__(
        self,
        hidden: int = 50,
        activation: str = "auto",
        *,
        quantile: Any = 0.5,
        **parameters: Any,
    ) -> None:
        FixedPointNetwork.__init__(self, hidden, activation, **parameters)
        self.quantile = quantile

    def predict(self, X: Any, max_settle: int | None = None) -> np.ndarray:
        """Return predictions in the target's own units, settled within `max_settle` sweeps."""
        return self._from_raw(self._predict(X, max_settle))
