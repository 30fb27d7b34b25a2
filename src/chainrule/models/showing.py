"""What an estimator has to show its numbers: the trace of rows, a worked example, a gradient check.

All three are of the engine's own passes, computed in float64 from the weights as they are.  The
pass is one of predicting: nothing is silenced at random.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from chainrule.data.columns.cells import in_days
from chainrule.data.columns.encoding import InputEncoder
from chainrule.data.columns.values import spell_moment
from chainrule.data.rows.rows import as_rows
from chainrule.errors import OptionError
from chainrule.predicting.fitted import Fitted

if TYPE_CHECKING:
    from chainrule.inspection.explaining.explain import Explanation
    from chainrule.inspection.gradients.report import GradientCheck
    from chainrule.inspection.tracing.trace import Trace


class ShowsItsNumbers:
    """What an estimator has to show its numbers; see the module."""

    fitted_: Fitted
    network_: Any
    params_: Any
    objective_: Any
    predict: Any

    @property
    def solver_(self) -> str:
        """What changed the weights, in words."""
        raise NotImplementedError

    def _first_step(self) -> Any:
        """Return the optimizer at its full rate."""
        raise NotImplementedError

    def trace(
        self,
        X: Any,
        y: Any,
        *,
        sample_weight: Any = None,
        optimizer: Any = None,
        penalty: Any = None,
        seed: int | None = None,
    ) -> Trace:
        """Return every number of one step of backpropagation on these rows.

        Parameters
        ----------
        X, y
            Rows as in `fit`.
        sample_weight : array-like of shape (n_rows,), optional
            Weights of rows.
        optimizer : Optimizer, optional
            Of the engine, such as `Adam(0.005)`; from its first step on.  Without it the
            estimator's own, at its full rate.
        penalty : Penalty, optional
            Of the engine; without it the weights are not pulled, for the strength of a fit's own
            penalty belongs to the number of its rows.
        seed : int, optional
            Makes it a step of training, in which dropout draws by this seed.

        Returns
        -------
        Trace
            See `chainrule.inspection.trace`.  Of several networks, that of the first one.

        Raises
        ------
        DataError, ShapeError
            If the rows are not like those of the fit.
        """
        from chainrule.engine import make_key  # JAX only when it is asked for
        from chainrule.inspection.tracing.trace import trace

        x, targets = self._numbers_of(X, y)
        return trace(
            self.network_,
            self.params_,
            x,
            targets,
            objective=self.objective_,
            weights=sample_weight,
            key=None if seed is None else make_key(seed),
            penalty=penalty,
            optimizer=self._first_step() if optimizer is None else optimizer,
            input_names=self._inputs.feature_names_out,
            output_names=self.fitted_.target.output_names,
            dtype="float64",
        )

    def explain(
        self,
        X: Any,
        y: Any,
        row: int = 0,
        *,
        weight: str | None = None,
        show_all: bool = False,
        title: str = "",
        optimizer: Any = None,
    ) -> Explanation:
        """Return one row's way through the network and back, worked out as on a board.

        Parameters
        ----------
        X, y
            Rows as in `fit`.
        row : int, default=0
            Which of them.
        weight : str, optional
            Which weight's gradient is worked out, such as "hidden1[0] <- petal_length"; the one of
            the largest gradient if not given.
        show_all : bool, default=False
            Write out every unit and term of wide layers.
        title : str, optional
            Heading of the whole.
        optimizer : Optimizer, optional
            As in `trace`.

        Returns
        -------
        Explanation
            `print` shows its text; a notebook shows its HTML; `as_latex()` gives LaTeX.

        Raises
        ------
        OptionError
            If there is no such row or weight.
        """
        from chainrule.inspection.explaining.explain import Story, explain  # JAX, as above
        from chainrule.judging.cells import cells_of

        check_is_fitted(self)  # pyright: ignore[reportArgumentType]
        rows = as_rows(X, y)
        n = len(rows)
        if isinstance(row, bool) or not isinstance(row, int) or not 0 <= row < n:
            raise OptionError(
                "{row} is not there: the table has {} rows, 0 to {}.", n, n - 1, row=row
            )
        one = rows.take(np.array([row]))
        seen = self.trace(one, one.y, optimizer=optimizer)
        story = Story(
            title=title or f"Row {row}: forward and back",
            about=self._about(),
            cells=cells_of(self._inputs, one.columns, type(self).__name__),
            target=self.fitted_.target.told(rows.name, one.targets, seen["y"][0]),
            prediction=self._words_of_prediction(one.columns),
        )
        return explain(seen, weight=weight, story=story, show_all=show_all)

    def check_gradients(
        self, X: Any, y: Any, *, sample_weight: Any = None, **options: Any
    ) -> GradientCheck:
        """Compare the gradients on these rows with finite differences, layer by layer.

        Parameters
        ----------
        X, y
            Rows as in `fit`.
        sample_weight : array-like of shape (n_rows,), optional
            Weights of rows.
        **options
            `most`, `steps`, `tolerance`, `seed` of `chainrule.inspection.check_gradients`.

        Returns
        -------
        GradientCheck
            `print` shows its table; `ok` is whether every layer is right.
        """
        from chainrule.inspection.gradients.check import check_gradients  # JAX, as above

        x, targets = self._numbers_of(X, y)
        return check_gradients(
            self.network_,
            self.params_,
            x,
            targets,
            objective=self.objective_,
            weights=sample_weight,
            input_names=self._inputs.feature_names_out,
            output_names=self.fitted_.target.output_names,
            **options,
        )

    def _numbers_of(self, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return rows and targets as the network takes them, in float64."""
        check_is_fitted(self)  # pyright: ignore[reportArgumentType]
        rows = as_rows(X, y)
        x = self._inputs.transform(rows.columns, np.float64, who=type(self).__name__)
        return x, self.fitted_.target.encode(rows.y)

    @property
    def _inputs(self) -> InputEncoder:
        assert self.fitted_.encoder is not None
        return self.fitted_.encoder

    def _about(self) -> tuple[str, ...]:
        several = len(self.fitted_.networks)
        first = f" This is the first of {several} networks." if several > 1 else ""
        return (
            f"Loss: {type(self.objective_).__name__}. Update: the first step of {self.solver_}, on "
            "this row alone and without penalty. All numbers are computed in float64."
            f"{first}",
        )

    def _words_of_prediction(self, row: Any) -> str:
        said = np.ravel(self.predict(row))
        if said.dtype.kind == "M":
            words = [spell_moment(each) for each in in_days(said).tolist()]
        else:
            words = [f"{e:.6g}" if isinstance(e, float) else str(e) for e in said.tolist()]
        return f"So the network says {', '.join(words)}."
