"""From a fixed-point estimator's parameters to its network: units that settle, and their read-out.

every unit reaches every other → [Dropout] → dense
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule import engine as e
from chainrule.activations import NAMES
from chainrule.advice import Setting
from chainrule.engine.networks.settling import OF_ERRORS, OF_STATES
from chainrule.errors import OptionError, not_known

CONTRACTIONS = {"spectral": e.Spectral, "row-sum": e.RowSum, "perron": e.Perron}
GUARANTEES = (*CONTRACTIONS, "monotone", "symmetric", "non-negative", "none")
NAMED = {
    "guarantee": GUARANTEES,
    "settle_solver": OF_STATES,
    "adjoint_solver": OF_ERRORS,
    "on_unsettled": ("drop", "raise", "use"),
}


def build_fixed_point_network(settings: Any, n_outputs: int) -> e.FeedForward:
    """Return the network that the parameters say.

    Raises
    ------
    OptionError
        If a parameter cannot work.
    """
    hidden, name = settings.hidden, activation_of(settings)
    if isinstance(hidden, bool) or not isinstance(hidden, int | np.integer) or hidden < 1:
        raise OptionError("{hidden} must be a whole number of units, 1 or more.", hidden=hidden)
    if not isinstance(name, str):
        raise OptionError("{activation} must be a name, such as tanh.", activation=name)
    function = e.as_activation(name)
    if not isinstance(function, e.Elementwise):
        raise OptionError(
            "{activation} cannot settle: that takes a function of single units. Choose one of {}.",
            ", ".join(NAMES),
            activation=name,
        )
    for parameter, known in NAMED.items():
        value = getattr(settings, parameter)
        if value not in known:
            raise not_known(parameter, value, known)
    if not _lies_in(settings.bound, closed=False):
        raise OptionError("{bound} must be a number in (0, 1). Try 0.5.", bound=settings.bound)
    for parameter, ends in (("settle_step", "(0, 1]"), ("settle_tol", "(0, 1)")):
        value = getattr(settings, parameter)
        if value is not None and not _lies_in(value, closed=ends[-1] == "]"):
            raise OptionError(
                "{} must be a number in {}, or None to have it chosen.",
                Setting(parameter, value),
                ends,
            )
    tau = None if np.ndim(settings.tau) == 0 and settings.tau == 1 else settings.tau
    max_settle = settings.max_settle
    whole = isinstance(max_settle, int | np.integer) and not isinstance(max_settle, bool)
    if not whole or max_settle < 1:
        raise OptionError("{max_settle} must be a whole number, 1 or more.", max_settle=max_settle)
    inputs = e.Dense(int(hidden), weights=NAMES[name].initializer)
    cell = e.Cell(inputs, _connections(settings), function)
    layer = e.FixedPoint(
        cell,
        settle_solver=_solver(settings, settings.settle_solver),
        adjoint_solver=_solver(settings, settings.adjoint_solver),
        settle_step=settings.settle_step,
        tau=tau,
        settle_tol=settings.settle_tol,
        max_settle=int(max_settle),
        on_unsettled=settings.on_unsettled,
    )
    rate = settings.dropout
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate < 1:
        raise OptionError("{dropout} must be a probability in [0, 1).", dropout=rate)
    silenced = (e.Dropout(rate),) if rate > 0 else ()
    return e.FeedForward((layer, *silenced, e.Dense(n_outputs)))


def activation_of(settings: Any) -> Any:
    """Return the units' function: by itself what tables are learnt best with, or a bounded one."""
    if settings.activation != "auto":
        return settings.activation
    return "gelu" if settings.guarantee in CONTRACTIONS else "tanh"


def _solver(settings: Any, name: str) -> str:
    """Return the solver's name: by itself, that of contractions for weights that contract."""
    return "contraction" if name == "auto" and settings.guarantee in CONTRACTIONS else name


def _connections(settings: Any) -> Any:
    """Return connections that start with a spectral radius near one half."""
    name, mask = settings.guarantee, settings.mask
    if mask is not None and np.shape(mask) != (settings.hidden, settings.hidden):
        raise OptionError(
            "mask has shape {}, but {hidden} units need ({}, {}): 1 where unit i reaches unit j, "
            "else 0.",
            np.shape(mask),
            settings.hidden,
            settings.hidden,
            hidden=settings.hidden,
        )
    start = e.VarianceScaling("in", "normal", 0.25)
    if name in CONTRACTIONS:
        steepest = NAMES[activation_of(settings)].steepest
        return CONTRACTIONS[name](start, mask, float(settings.bound), steepest)
    if name == "monotone":
        if mask is not None:
            raise OptionError(
                "{guarantee} takes no mask. Leave one of them out.", guarantee="monotone"
            )
        return e.Monotone(start, start)
    if name == "non-negative":
        return e.NonNegative(e.VarianceScaling("in", "normal", 0.5), mask)
    return (e.Symmetric if name == "symmetric" else e.Recurrent)(start, mask)


def _lies_in(value: Any, closed: bool) -> bool:
    """Return whether a value is a number above 0, and below 1 or up to it."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        return False
    return bool(0 < value <= 1 if closed else 0 < value < 1)
