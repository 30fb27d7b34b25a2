"""scikit-learn's callbacks (SLEP 23) on the epochs of a network; without them before 1.9.

The root task is the fit; each epoch is a task below it, reported when it is over.
"""

from collections.abc import Callable
from typing import Any

from chainrule.errors import OptionError

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks  # pyright: ignore
except ImportError:  # scikit-learn before 1.9

    class CallbackSupportMixin:  # pyright: ignore[reportRedeclaration]
        """Nothing to support."""

    def with_callbacks(method: Any) -> Any:
        """Return the method as it is."""
        return method


__all__ = ["CallbackSupportMixin", "Tasks", "with_callbacks"]


class Tasks:
    """The callbacks' view of one fit; does nothing when there are none, or no estimator."""

    def __init__(self, estimator: Any, max_epochs: int) -> None:
        self.estimator = estimator
        self.root: Any = None
        self.rows: dict[str, Any] = {}
        if hasattr(estimator, "_init_callback_context"):
            self.root = estimator._init_callback_context(max_subtasks=max_epochs)

    @property
    def wanted(self) -> bool:
        """Whether any callback listens."""
        return self.root is not None and bool(getattr(self.estimator, "_skl_callbacks", []))

    def refuse_for(self, n_networks: Any) -> None:
        """Raise an OptionError if a callback listens: it can see one network only."""
        if self.wanted:
            raise OptionError(
                "callbacks see one network, not {n_networks}. Leave out one of them.",
                n_networks=n_networks,
            )

    def begin(self, X: Any, y: Any, sample_weight: Any) -> None:
        """Report the start of the fit on these rows."""
        metadata = {} if sample_weight is None else {"sample_weight": sample_weight}
        self.rows = {"X": X, "y": y, "metadata": metadata}
        if self.root is not None:
            self.root.call_on_fit_task_begin(estimator=self.estimator, **self.rows)

    def epoch(self, attributes: Callable[[], dict[str, Any]]) -> bool:
        """Report an epoch; `attributes` are those of the estimator if training ended here."""
        task = self.root.subcontext(task_name="epoch")
        task.call_on_fit_task_begin(estimator=self.estimator, **self.rows)
        return task.call_on_fit_task_end(
            estimator=self.estimator, **self.rows, reconstruction_attributes=attributes
        )

    def end(self) -> None:
        """Report the end of the fit."""
        if self.root is not None:
            self.root.call_on_fit_task_end(
                estimator=self.estimator, **self.rows, reconstruction_attributes=dict
            )
