"""What every optimizer promises: a pure update, all of its state in the open.

    init(params) -> opt_state
    update(params, grads, opt_state) -> (params, opt_state)

η is the learning rate of this step: a number, or a schedule of the step (see `schedules`).
Some rules need the gradient of the whole table, not of a batch; these say `full_batch_only`.  Some
try several points in a step: these say `needs_objective`, and `update` gets one argument more, the
function params → (penalised loss, its gradient).
"""

from typing import Any, ClassVar, Protocol, runtime_checkable

from chainrule.errors import OptionError


@runtime_checkable
class Optimizer(Protocol):
    """A weight update rule."""

    full_batch_only: ClassVar[bool]

    def init(self, params: Any) -> Any:
        """Return the state before the first step."""
        ...

    def update(self, params: Any, grads: Any, opt_state: Any) -> tuple[Any, Any]:
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
