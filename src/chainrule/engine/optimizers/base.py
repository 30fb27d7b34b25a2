"""What every optimizer promises: a pure update, all of its state in the open.

    init(params) -> opt_state
    update(params, grads, opt_state, loss_and_grads) -> (params, opt_state)

η is the learning rate of this step: a number, or a schedule of the step (see `schedules`).
Some rules need the gradient of the whole table, not of a batch; these say `full_batch_only`.  Some
try several points in a step, and call `loss_and_grads`, params → (penalised loss, its gradient).
"""

from collections.abc import Callable
from typing import Any, ClassVar, Protocol, runtime_checkable

from jaxtyping import Array

from chainrule.errors import OptionError

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


def needs_objective(optimizer: Any) -> bool:
    """Return whether an optimizer, or the one inside it, tries several points in a step."""
    inner = getattr(optimizer, "optimizer", None)
    return getattr(optimizer, "needs_objective", False) or (
        inner is not None and needs_objective(inner)
    )


def check_number(owner: Any, name: str, ok: bool, wanted: str) -> None:
    """Raise OptionError, saying what is wanted, unless the number `name` of `owner` is `ok`."""
    if not ok:
        raise OptionError(
            f"{type(owner).__name__}({name}={getattr(owner, name)!r}) cannot work: "
            f"give {name} {wanted}."
        )
