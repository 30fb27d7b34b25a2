"""What every optimizer promises: a pure update, all of its state in the open.

    init(params) -> opt_state
    update(params, grads, opt_state, loss_and_grads) -> (params, opt_state)

η is the learning rate of this step: a number, or a schedule of the step (see `schedules`).
Some rules need the gradient of the whole table, not of a batch; these say `full_batch_only`.  Some
try several points in a step, and call `loss_and_grads`, params → (penalised loss, its gradient).

What is known of a rule beside its update (formula, letters of its state, the name by which the
estimators ask for it) stands in its own class, a `Rule`.  Of any optimizer, `rule_of` answers.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Any, ClassVar, Protocol, runtime_checkable

from jaxtyping import Array

from chainrule.engine.pytree import hyperparameters, part
from chainrule.errors import OptionError
from chainrule.formulas import Formula

LossAndGrads = Callable[[Any], tuple[Array, Any]]


@runtime_checkable
class Optimizer(Protocol):
    """A weight update rule."""

    full_batch_only: ClassVar[bool]

    def init(self, params: Any) -> Any:
        """Return the state before the first step."""
        ...

    def update(
        self, params: Any, grads: Any, opt_state: Any, loss_and_grads: LossAndGrads | None = None
    ) -> tuple[Any, Any]:
        """Return the parameters and the state after one step."""
        ...


class Rule(Optimizer):
    """An optimizer that says of itself what others want to know.

    Attributes
    ----------
    full_batch_only : bool
        Whether it needs the gradient of the whole table.
    most_tries : int
        Points that it tries in a step at most, 0 if none; its state counts them, `n_evaluations`.
    solver : str
        The name by which the estimators ask for it; empty if they cannot.
    reads : tuple of str
        The estimators' parameters that it takes beside the rate.
    letters : mapping of str to str
        Fields of its state that have a number for each parameter, and their letters.
    adapts : bool
        Whether the estimators' `learning_rate`, "invscaling" or "adaptive", is for it.
    """

    full_batch_only: ClassVar[bool] = False
    most_tries: int = 0
    solver: ClassVar[str] = ""
    reads: ClassVar[tuple[str, ...]] = ()
    letters: ClassVar[Mapping[str, str]] = MappingProxyType({})
    adapts: ClassVar[bool] = False

    @property
    def formula(self) -> Formula:
        """The rule for a parameter θ with the gradient g."""
        raise NotImplementedError

    @classmethod
    def asked(cls, given: Any, schedule: Any) -> Optimizer:
        """Return the rule with an estimator's parameters `given`, and its learning rate."""
        del given
        make: Any = cls
        return make(schedule) if cls.has_rate() else make()

    @classmethod
    def has_rate(cls) -> bool:
        """Return whether it has a learning rate."""
        return any(f.name == "learning_rate" for f in fields(cls))  # pyright: ignore


class _Own(Rule):
    """A user's own optimizer, as far as it is known: its name."""

    def __init__(self, optimizer: Optimizer) -> None:
        self.init, self.update = optimizer.init, optimizer.update
        self.name = type(optimizer).__name__

    @property
    def formula(self) -> Formula:
        name = self.name
        return Formula(f"θ ← {name}(θ, g)", rf"\theta \leftarrow \mathrm{{{name}}}(\theta, g)")


def rule_of(optimizer: Optimizer) -> Rule:
    """Return an optimizer as one that says of itself what others want to know."""
    return optimizer if isinstance(optimizer, Rule) else _Own(optimizer)


@hyperparameters
class Around(Rule):
    """A rule around another optimizer, whose state is its own."""

    optimizer: Optimizer = part()

    @property
    def full_batch_only(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.optimizer.full_batch_only

    @property
    def most_tries(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.inner.most_tries

    @property
    def letters(self) -> Mapping[str, str]:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.inner.letters

    @property
    def inner(self) -> Rule:
        """What is known of the optimizer inside."""
        return rule_of(self.optimizer)

    def init(self, params: Any) -> Any:
        return self.optimizer.init(params)


def check_number(owner: Any, name: str, ok: bool, wanted: str) -> None:
    """Raise OptionError, saying what is wanted, unless the number `name` of `owner` is `ok`."""
    if not ok:
        raise OptionError(
            f"{type(owner).__name__}({name}={getattr(owner, name)!r}) cannot work: "
            f"give {name} {wanted}."
        )
