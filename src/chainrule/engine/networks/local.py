"""Local connections on a grid: every cell hears its neighbours through one shared kernel.

    forward    zᵢⱼ = Σₐ Σ_c k_ac x_c(i + a₁, j + a₂) + b
    backward   dk_ac = Σ zeroes outside;   dx_c(i + a₁, j + a₂) += k_ac dzᵢⱼ,   db = Σ dz

Rows hold grids: `channels` grids of `grid` cells one after the other, row by row.  The kernel does
not know the size of the grid, so what was learnt on a small grid can be used on a large one.

    Local                 a layer: channels of a grid → one number for each cell
    LocalConnections      the same for the cells among themselves; without its own cell if asked
"""

from typing import Any, ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from chainrule.engine.keys import generator
from chainrule.engine.layers.initializers import as_initializer
from chainrule.engine.layers.kind import GIVEN, ROWS_INPUTS, Kind, Row, Shown
from chainrule.engine.networks.connections import ConnectionParams, Connections, Making
from chainrule.engine.pytree import hyperparameters, on_device, part, pytree
from chainrule.errors import OptionError, ShapeError
from chainrule.formulas import Formula


@pytree
class LocalParams:
    """The kernel, (kernel places, channels), and one bias for all cells."""

    weights: Float[Array, "places channels"]
    biases: Float[Array, " 1"]


@pytree
class LocalTape:
    """What `backward` needs: the input."""

    x: Float[Array, "batch n_in"]


@hyperparameters
class Local(Kind):
    """From the channels of a grid to one number for each cell; see the module formulas.

    Parameters
    ----------
    grid : (int, int)
        Rows and columns of the grid of cells.
    kernel : (int, int), default=(3, 3)
        Rows and columns that a cell hears, itself in the middle: odd numbers.
    weights, biases : str, initializer or array, default="glorot", "zeros"
        How the kernel (kernel rows × columns, channels) and the shared bias (1,) start.
    """

    grid: tuple[int, int]
    kernel: tuple[int, int] = (3, 3)
    weights: Any = part(default="glorot")
    biases: Any = part(default="zeros")

    def __post_init__(self) -> None:
        check_grid(self.grid, self.kernel)
        object.__setattr__(self, "weights", as_initializer(self.weights))
        object.__setattr__(self, "biases", as_initializer(self.biases))

    def width(self, n_in: int) -> int:
        del n_in
        return self.grid[0] * self.grid[1]

    def init(self, key: PRNGKeyArray, n_in: int) -> LocalParams:
        cells = self.width(n_in)
        if n_in % cells:
            raise ShapeError(
                f"Local(grid={self.grid}) takes whole channels of {cells} numbers, got {n_in} "
                f"inputs. Give a multiple of {cells}."
            )
        rng = generator(key)
        shape = (self.kernel[0] * self.kernel[1], n_in // cells)
        return LocalParams(
            weights=on_device(self.weights.draw(rng, shape)),
            biases=on_device(self.biases.draw(rng, (1,))),
        )

    def forward(
        self, params: LocalParams, x: Float[Array, "batch n_in"], key: PRNGKeyArray | None = None
    ) -> tuple[Float[Array, "batch n"], LocalTape]:
        del key
        cells = self.width(0)
        z = jnp.broadcast_to(params.biases[None, :], (x.shape[0], cells))
        for c in range(x.shape[1] // cells):
            channel = x[:, c * cells : (c + 1) * cells]
            z = z + hear(channel, params.weights[:, c], self.grid, self.kernel)
        return z, LocalTape(x=x)

    def backward(
        self, params: LocalParams, tape: LocalTape, dy: Float[Array, "batch n"]
    ) -> tuple[LocalParams, Float[Array, "batch n_in"]]:
        cells = self.width(0)
        d_kernels, dx = [], []
        for c in range(tape.x.shape[1] // cells):
            channel = tape.x[:, c * cells : (c + 1) * cells]
            d_kernels.append(hear_gradient(channel, dy, self.grid, self.kernel))
            dx.append(hear(dy, params.weights[::-1, c], self.grid, self.kernel))
        grads = LocalParams(weights=jnp.stack(d_kernels, axis=1), biases=jnp.sum(dy)[None])
        return grads, jnp.concatenate(dx, axis=1)

    def shown(self) -> Shown:
        z = Formula(
            "Σₐ Σ_c {weights}[a, c] · {x} of channel c at the cell + a, + {biases}",
            r"\sum_a \sum_c {weights}[a, c]\, {x}_c(\cdot + a) + {biases}",
        )
        kernel = Formula(
            "Σ over rows and cells of {x}(cell + a) · {dy}(cell)",
            r"\sum_{n, \cdot} {x}(\cdot + a)\, {dy}(\cdot)",
        )
        biases = Formula("Σ over rows and cells of {dy}", r"\sum_{n, \cdot} {dy}")
        dx = Formula("Σₐ {weights}[a] · {dy}(cell - a)", r"\sum_a {weights}[a]\, {dy}(\cdot - a)")
        axes = ("place", "channel")
        return Shown(
            (
                Row("weights", "params.weights", GIVEN, axes, "W"),
                Row("biases", "params.biases", GIVEN, ("one",), "b"),
                Row("z", "y", z, letter="z"),
            ),
            (
                Row("d weights", "grads.weights", kernel, axes),
                Row("d biases", "grads.biases", biases, ("one",)),
                Row("dx", "dx", dx, ROWS_INPUTS),
            ),
        )


@hyperparameters
class LocalConnections(Connections):
    """Cells of a grid reach their neighbours through one shared kernel.

    Parameters
    ----------
    grid, kernel
        As of `Local`.
    weights : str, initializer or array, default="glorot"
        How the kernel, (kernel rows × columns,), starts.
    own_cell : bool, default=False
        Whether a cell hears itself.
    non_negative : bool, default=False
        Weights are V², so none is below 0: see `NonNegative` for what that guarantees.
    """

    received: ClassVar[Formula] = Formula(
        "Σₐ {w}[a] · {h}(cell + a)", r"\sum_a {w}[a]\, {h}(\cdot + a)"
    )
    at_weights: ClassVar[Formula] = Formula(
        "Σ over rows and cells of {h}(cell + a) · {dz}(cell)",
        r"\sum_{n, \cdot} {h}(\cdot + a)\, {dz}(\cdot)",
    )
    grid: tuple[int, int]
    kernel: tuple[int, int] = (3, 3)
    weights: Any = part(default="glorot")
    own_cell: bool = False
    non_negative: bool = False

    def __post_init__(self) -> None:
        check_grid(self.grid, self.kernel)
        object.__setattr__(self, "weights", as_initializer(self.weights))

    def init(self, key: PRNGKeyArray, n_in: int) -> ConnectionParams:
        cells = self.grid[0] * self.grid[1]
        if n_in != cells:
            raise ShapeError(
                f"LocalConnections(grid={self.grid}) cannot connect {n_in} units. "
                f"Let the cell's inputs give {cells}, one for each place of the grid."
            )
        drawn = self.weights.draw(generator(key), (self.kernel[0] * self.kernel[1],))
        return ConnectionParams(weights=on_device(drawn))

    @property
    def making(self) -> Making:
        square = "²" if self.non_negative else ""
        own = "" if self.own_cell else ", 0 for the cell itself"
        return Making(Formula(f"the kernel V{square}{own}", f"V{'^2' * bool(square)}"))

    def effective(self, params: ConnectionParams) -> tuple[Array, tuple[()]]:
        weights = params.weights * params.weights if self.non_negative else params.weights
        return self._without_own(weights), ()

    def effective_backward(
        self, params: ConnectionParams, made: tuple[()], d_effective: Array
    ) -> ConnectionParams:
        del made
        slope = 2 * params.weights if self.non_negative else jnp.ones_like(params.weights)
        return ConnectionParams(weights=self._without_own(d_effective * slope))

    @property
    def rises(self) -> bool:
        return self.non_negative

    def apply(self, effective: Array, h: Float[Array, "batch n"]) -> Float[Array, "batch n"]:
        return hear(h, effective, self.grid, self.kernel)

    def pull(self, effective: Array, dz: Float[Array, "batch n"]) -> Float[Array, "batch n"]:
        return hear(dz, effective[::-1], self.grid, self.kernel)

    def gradient(self, h: Float[Array, "batch n"], dz: Float[Array, "batch n"]) -> Array:
        return hear_gradient(h, dz, self.grid, self.kernel)

    def _without_own(self, weights: Array) -> Array:
        middle = weights.shape[0] // 2
        return weights if self.own_cell else weights.at[middle].set(0)


def hear(x: Array, kernel: Array, grid: tuple[int, int], size: tuple[int, int]) -> Array:
    """Return what each cell hears of a grid; beyond the edge there is silence."""
    views = _views(x, grid, size)
    z = jnp.zeros_like(views[0])
    for place, view in enumerate(views):
        z = z + kernel[place] * view
    return z.reshape(x.shape[0], -1)


def hear_gradient(x: Array, dz: Array, grid: tuple[int, int], size: tuple[int, int]) -> Array:
    """Return the gradient of the kernel of `hear`."""
    d_cells = dz.reshape(-1, *grid)
    return jnp.stack([jnp.sum(view * d_cells) for view in _views(x, grid, size)])


def _views(x: Array, grid: tuple[int, int], size: tuple[int, int]) -> list[Array]:
    """Return the grid as each place of the kernel sees it."""
    cells = x.reshape(-1, *grid)
    up, left = size[0] // 2, size[1] // 2
    framed = jnp.pad(cells, ((0, 0), (up, up), (left, left)))
    return [
        framed[:, i : i + grid[0], j : j + grid[1]] for i in range(size[0]) for j in range(size[1])
    ]


def check_grid(grid: Any, kernel: Any) -> None:
    """Refuse a grid or a kernel that is none."""
    for name, pair, odd in (("grid", grid, False), ("kernel", kernel, True)):
        whole = isinstance(pair, tuple) and len(pair) == 2
        if not whole or any(not isinstance(n, int) or n < 1 or (odd and n % 2 == 0) for n in pair):
            wanted = "two odd whole numbers" if odd else "two whole numbers above 0"
            raise OptionError(f"{name}={pair!r} must be {wanted}, such as (3, 3).")
