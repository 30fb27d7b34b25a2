"""Fixed point: the state in which units that hear each other stand still, h = f(h W + u)."""

from __future__ import annotations

import math
from typing import Annotated, Any, ClassVar, Literal, Self

import msgspec
import numpy as np
from msgspec.structs import replace

from chainrule.activations import record_of
from chainrule.predicting.layers.base import Arrays, EngineArrays, LayerSpec, Width, unchecked
from chainrule.predicting.layers.elementwise import fault_of_function
from chainrule.predicting.settling import automatic_tolerance, settle_rows


class FixedPointSpec(LayerSpec, frozen=True, tag="fixed_point"):
    """Units that settle; arrays `inputs` (n_in, n_out), `biases`, `weights` (n_out, n_out) in use.

    `free` names the arrays that training changes and `weights` is made of; predicting needs none.
    """

    has_units: ClassVar[bool] = True
    n_in: Width
    n_out: Width
    activation: str
    constants: list[float] = []
    accelerates: bool = True
    newton: bool = False
    step: float | None = None
    tau: list[float] = []
    tol: float | None = None
    max_sweeps: Annotated[int, msgspec.Meta(ge=1, le=1 << 40)] = 1000
    free: list[Literal["weights", "skew", "log_scale"]] = []

    @property
    def in_a_line(self) -> str:
        return f"{self.n_out} {self.activation} that settle"

    @property
    def n_taken(self) -> int:
        return self.n_in

    def n_given(self, n_taken: int) -> int:
        return self.n_out

    def heard(self, arrays: Arrays, n_taken: int) -> np.ndarray:
        return arrays["inputs"]

    def array_shapes(self) -> dict[str, tuple[int, ...]]:
        n = self.n_out
        shapes = {"weights": (n, n), "skew": (n, n), "log_scale": (n,)}
        free = {f"free_{name}": shapes[name] for name in self.free}
        return {"inputs": (self.n_in, n), "biases": (n,), "weights": (n, n), **free}

    def fault(self) -> str:
        if self.step is not None and not 0 < self.step <= 1:
            return f"has the step {self.step}, expected one in (0, 1]"
        if self.tol is not None and not 0 < self.tol < 1:
            return f"has the tolerance {self.tol}, expected one between 0 and 1"
        known = not self.tau or len(self.tau) in (1, self.n_out)
        if not known or not all(0 < tau < math.inf for tau in self.tau):
            return "has time constants that do not fit its units"
        return fault_of_function(self.activation, self.constants)

    @property
    def trained(self) -> tuple[str, ...]:
        return tuple(name for name in self.array_shapes() if not (self.free and name == "weights"))

    def as_exact_as(self, dtype: Any) -> Self:
        return self if self.tol else replace(self, tol=automatic_tolerance(dtype))

    def forward(self, x: np.ndarray, arrays: Arrays) -> np.ndarray:
        return settle_rows(x, self, arrays).states

    @classmethod
    def of(cls, layer: Any, params: Any, n_out: int | None) -> tuple[Self, EngineArrays] | None:
        from chainrule.engine.compiling.precision import precision  # JAX, as after every training
        from chainrule.engine.networks.connections import weights_in_use
        from chainrule.engine.networks.fixed_point import FixedPoint
        from chainrule.engine.networks.settling import SOLVERS

        body = record_of(layer.cell.body) if isinstance(layer, FixedPoint) else None
        if body is None:
            return None
        inputs, free, connections = params.inputs, params.connections, layer.cell.connections
        rises = connections.rises
        with precision(np.asarray(inputs.weights).dtype):
            effective = weights_in_use(connections, free)
        names: list[Any] = [n for n in ("weights", "skew", "log_scale") if hasattr(free, n)]
        spec = cls(
            *map(int, inputs.weights.shape),
            activation=body.name,
            constants=[float(c) for c in layer.cell.body.constants],
            accelerates=SOLVERS[layer.settle_solver].in_numpy == "anderson" and not rises,
            newton=SOLVERS[layer.settle_solver].in_numpy == "newton",
            step=1.0 if layer.settle_step is None and rises else layer.settle_step,
            tau=[] if layer.tau is None else [float(each) for each in layer.tau],
            tol=layer.settle_tol,
            max_sweeps=int(layer.max_settle),
            free=names,
        )
        arrays = {"inputs": inputs.weights, "biases": inputs.biases, "weights": effective}
        return spec, arrays | {f"free_{name}": getattr(free, name) for name in names}

    def engine_params(self, layer: Any, arrays: Arrays) -> Any:
        from chainrule.engine.layers.dense import DenseParams  # JAX, as before every training
        from chainrule.engine.networks.cell import CellParams

        inputs = unchecked(DenseParams, weights=arrays["inputs"], biases=arrays["biases"])
        free = {name: arrays[f"free_{name}"] for name in self.free}
        connections = unchecked(layer.cell.connections.params_type, **free)
        return unchecked(CellParams, inputs=inputs, connections=connections, body=())
