"""Fixed-point network: a cell that steps on a static input until it stands still.

    forward    h* = F(x, h*)                      settle h ← F(x, h)
    backward   λ  = dy + (∂F/∂h)ᵀ λ               settle λ ← dy + (∂F/∂h)ᵀ λ
               grads = (∂F/∂θ)ᵀ λ,  dx = (∂F/∂x)ᵀ λ

The second settling iterates the transpose of the first at h*, so it converges where the first does.
Neither depends on how it was done: solver, step and time constants change the way, not the end.

References: Almeida (1987), Proc. ICNN 2:609-618; Pineda (1987), Phys. Rev. Lett. 59:2229-2232.
"""

from collections.abc import Callable
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from chainrule.engine.layers.kind import Kind
from chainrule.engine.layers.notes import Noting, Passed
from chainrule.engine.networks.cell import Cell, CellParams, CellTape
from chainrule.engine.networks.settling import OF_ERRORS, OF_STATES, SOLVERS
from chainrule.engine.networks.settling.solver import Problem
from chainrule.engine.networks.settling.state import SMALL_STATE, Settled, automatic_tolerance
from chainrule.engine.pytree import hyperparameters, number, part, pytree
from chainrule.errors import OptionError, ShapeError, not_known

ON_UNSETTLED = ("drop", "raise", "use")
NOTES = ("sweeps", "unsettled", "residual")
MOST_DROPPED = 0.1  # share of samples that training may do without


@pytree
class FixedPointTape:
    """The cell's tape at the fixed point, and how settling ended."""

    cell: CellTape
    settled: Settled


@hyperparameters
class FixedPoint(Noting, Kind):
    """The fixed point of `cell` under a static input; see the module formulas.

    Parameters
    ----------
    cell : Cell
        One step.
    settle_solver : {"auto", "picard", "anderson", "newton"}, default="auto"
        How the state settles; each is a file of `settling`.
    adjoint_solver : {"auto", "picard", "anderson", "lu"}, default="auto"
        How the error settles.
    settle_step : float, optional
        Share of the way that a state moves in a sweep, in (0, 1]: h ← h + α (F(x, h) - h).  By
        itself it starts at 1 and is halved where the residual does not fall.  Give 1 where a signal
        has far to go from unit to unit: its residual does not fall before it is there.
    tau : float or array of shape (n,), optional
        Time constants of the units, in units of a step: τ dh/dt = -h + F(x, h) in steps of α.  A
        unit then moves by the share α / τ, which must lie in (0, 1].
    settle_tol : float, optional
        Residual below which a sample has settled, relative to its state; by itself as small as the
        number type allows, 5e-7 for float32 and 2e-15 for float64.
    max_settle : int, default=1000
        Sweeps after which a sample counts as unsettled.
    on_unsettled : {"drop", "raise", "use"}, default="drop"
        What training does with samples that do not settle: leave them out of the step, and stop
        when they are more than a tenth in an epoch; stop at the first; or use them as they are.
    compacts : bool, default=True
        Whether samples that are done leave the batch.

    Raises
    ------
    OptionError, ShapeError
        If an option has a value that it cannot have.
    """

    sums: ClassVar[str] = "inputs.weights"
    cell: Any = part()
    settle_solver: str = "auto"
    adjoint_solver: str = "auto"
    settle_step: Any = part(default=None)
    tau: Any = part(default=None)
    settle_tol: Any = part(default=None)
    max_settle: int = number(default=1000)
    on_unsettled: str = "drop"
    compacts: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.cell, Cell):
            raise OptionError(
                f"FixedPoint takes a Cell, got {type(self.cell).__name__}. "
                "Give one such as Cell(Dense(8), Recurrent())."
            )
        _check_known("settle_solver", self.settle_solver, OF_STATES)
        _check_known("adjoint_solver", self.adjoint_solver, OF_ERRORS)
        _check_known("on_unsettled", self.on_unsettled, ON_UNSETTLED)
        step = 1.0
        if self.settle_step is not None:
            _set_number(self, "settle_step")
            step = self.settle_step
            if not 0 < step <= 1:
                raise OptionError(
                    f"settle_step={step!r} must lie in (0, 1]: it is the share of the way that a "
                    "state moves in a sweep. Try 0.5, or leave it out."
                )
        if self.tau is not None:
            tau = np.asarray(self.tau, dtype=np.float64)
            if tau.ndim > 1 or not (tau >= step).all():
                raise OptionError(
                    f"tau={self.tau!r} must be one number or one for each unit, none below "
                    f"settle_step={step:g}. Take a smaller step, or larger tau."
                )
            object.__setattr__(self, "tau", np.atleast_1d(tau))
        if self.settle_tol is not None:
            _set_number(self, "settle_tol")
            if not 0 < self.settle_tol < 1:
                raise OptionError(
                    f"settle_tol={self.settle_tol!r} must lie between 0 and 1, such as 1e-6."
                )
        if self.max_settle < 1:
            raise OptionError(f"max_settle={self.max_settle!r} must be 1 or more.")

    def activations(self, tape: FixedPointTape) -> Array:
        return tape.settled.value

    def width(self, n_in: int) -> int:
        return self.cell.width(n_in)

    def init(self, key: PRNGKeyArray, n_in: int) -> CellParams:
        if isinstance(self.tau, np.ndarray) and len(self.tau) not in (1, self.width(n_in)):
            raise ShapeError(
                f"tau has {len(self.tau)} time constants for {self.width(n_in)} units. "
                "Give one number, or one for each unit."
            )
        return self.cell.init(key, n_in)

    def forward(
        self,
        params: CellParams,
        x: Float[Array, "batch n_in"],
        key: PRNGKeyArray | None = None,
        start: Float[Array, "batch n"] | None = None,
    ) -> tuple[Float[Array, "batch n"], FixedPointTape]:
        """Settle from `start`, or from rest (zeros), and give the state there."""
        cell = self.cell
        wiring = cell.wire(params, x, key)
        first_image = None
        if start is None:  # units at rest say nothing: their image is what the drive makes of them
            start = jnp.zeros_like(wiring.drive)
            first_image = cell.body.forward(params.body, wiring.drive)[0]

        def image(drive: Array, h: Array) -> Array:
            return cell.respond(params, wiring.effective, drive, h)[0]

        def slopes(drive: Array, h: Array) -> Array:
            tape = cell.respond(params, wiring.effective, drive, h)[1]
            return cell.jacobian(params, wiring.effective, tape)

        settled = self.settle(image, wiring.drive, start, slopes=slopes, first_image=first_image)
        h, tape = cell.step(params, wiring, settled.value)
        return h, FixedPointTape(cell=tape, settled=settled)

    def settle(
        self,
        image: Callable[[Any, Array], Array],
        context: Any,
        start: Float[Array, "batch n"],
        *,
        slopes: Callable[[Any, Array], Array] | None = None,
        adjoint: bool = False,
        compacts: bool | None = None,
        first_image: Float[Array, "batch n"] | None = None,
    ) -> Settled:
        """Settle h ← image(context, h); `context` has a row for each sample.

        A state counts as small against 0.01 a unit, an adjoint against nothing: it is linear.  The
        image of `start` may be given, and its Jacobian `slopes`.
        """
        rates, rises = None, self.cell.connections.rises
        if self.settle_step is not None or self.tau is not None:
            step = jnp.asarray(1.0 if self.settle_step is None else self.settle_step, start.dtype)
            tau = jnp.asarray(1.0 if self.tau is None else self.tau, start.dtype)
            rates = jnp.broadcast_to(step / tau, start.shape[1:])
        solver = SOLVERS[self.adjoint_solver if adjoint else self.settle_solver]
        if solver.needs_slopes and slopes is None:
            solver = SOLVERS["auto"]
        problem = Problem(
            image,
            context,
            start,
            tol=self._tolerance(start.dtype),
            max_settle=jnp.asarray(self.max_settle, jnp.int32),
            slopes=slopes,
            rates=rates,
            adapts=self.settle_step is None and not rises,
            rises=rises,
            smallest=0.0 if adjoint else SMALL_STATE,
            compacts=self.compacts if compacts is None else compacts,
            first_image=first_image,
        )
        return solver.settle(problem)

    def settle_adjoint(
        self, params: CellParams, tape: FixedPointTape, dy: Float[Array, "batch n"]
    ) -> Settled:
        """Return λ = dy + (∂F/∂h)ᵀ λ of each sample, and how its settling ended."""
        cell, effective = self.cell, tape.cell.connections[1]

        def image(context: Any, v: Array) -> Array:
            e, body = context
            return e + cell.pull(params, effective, body, v)

        def slopes(context: Any, v: Array) -> Array:
            del v
            return jnp.swapaxes(cell.jacobian(params, effective, context[1]), 1, 2)

        return self.settle(image, (dy, tape.cell.body), dy, slopes=slopes, adjoint=True)

    def passed(
        self, params: CellParams, tape: FixedPointTape, dy: Float[Array, "batch n"]
    ) -> Passed:
        """Return the gradients, and of each sample how both settlings ended."""
        adjoint = self.settle_adjoint(params, tape, dy)
        value = adjoint.value
        if self.on_unsettled != "use":
            value = jnp.where((adjoint.usable & tape.settled.usable)[:, None], value, 0)
        grads, dx, _ = self.cell.backward(params, tape.cell, value)
        notes = {
            f"{which}{name}": note
            for which, settled in (("", tape.settled), ("adjoint_", adjoint))
            for name, note in _notes_of(settled, dy.dtype).items()
        }
        return Passed(grads, dx, notes, dy)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is noted of each sample: sweeps of both settlings, failures, last residuals."""
        return tuple(f"{which}{name}" for which in ("", "adjoint_") for name in NOTES)

    @property
    def limits(self) -> dict[str, float]:
        """Which share of unsettled samples stops training."""
        most = {"raise": 0.0, "drop": MOST_DROPPED, "use": float("inf")}[self.on_unsettled]
        return {"unsettled": most, "adjoint_unsettled": most}

    def trusted(self, tape: FixedPointTape) -> Bool[Array, " batch"] | None:
        """Return which samples a training step may use; None if all."""
        return None if self.on_unsettled == "use" else tape.settled.usable

    def _tolerance(self, dtype: Any) -> Array:
        return jnp.asarray(
            automatic_tolerance(dtype) if self.settle_tol is None else self.settle_tol, dtype
        )


def _notes_of(settled: Settled, dtype: Any) -> dict[str, Array]:
    """Return what is noted of a settling; a sample that overflowed has no residual to show."""
    residual = jnp.where(jnp.isfinite(settled.residual), settled.residual, 0)
    numbers = (settled.sweeps, ~settled.usable, residual)
    return {name: each.astype(dtype) for name, each in zip(NOTES, numbers, strict=True)}


def _check_known(name: str, value: Any, known: tuple[str, ...]) -> None:
    """Refuse a choice that does not exist, with those there are."""
    if value not in known:
        raise not_known(name, value, known)


def _set_number(layer: FixedPoint, name: str) -> None:
    value = getattr(layer, name)
    if isinstance(value, bool) or not isinstance(value, int | float | np.number | jax.Array):
        raise OptionError(f"{name}={value!r} must be a number, or None to have it chosen.")
    if not isinstance(value, jax.Array):
        object.__setattr__(layer, name, float(value))
