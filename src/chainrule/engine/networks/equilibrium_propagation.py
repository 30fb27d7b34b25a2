"""Equilibrium propagation: the gradient from two more settlings, without any backward pass.

    nudge     h(β) = f(h(β) W + u - β ∂C/∂h)          settle with the cost's pull on the units
    gradient  dW = -(h(β)ᵀ h(β) - h(-β)ᵀ h(-β)) / 4β,   du = -(h(β) - h(-β)) / 2β

For symmetric connections, whose network has an energy, this tends to the gradient of recurrent
backpropagation as β → 0, with an error of order β².  It shares no code with the adjoint settling,
so the two check each other.

Reference: Scellier & Bengio (2017), Front. Comput. Neurosci. 11:24, theorem 1; two-sided as in
Laborieux et al. (2021), Front. Neurosci. 15:633674.
"""

from collections.abc import Callable

from jaxtyping import Array, Float

from chainrule.engine.layers.elementwise import Elementwise
from chainrule.engine.networks.cell import CellParams
from chainrule.engine.networks.fixed_point import FixedPoint
from chainrule.engine.networks.guarantees import Symmetric
from chainrule.errors import OptionError


def equilibrium_propagation(
    layer: FixedPoint,
    params: CellParams,
    x: Float[Array, "batch n_in"],
    cost_slopes: Callable[[Float[Array, "batch n"]], Float[Array, "batch n"]],
    beta: float = 1e-3,
) -> CellParams:
    """Return the gradient of a cost of the settled units by equilibrium propagation.

    Parameters
    ----------
    layer : FixedPoint
        With `Symmetric` connections and an elementwise body.
    params
        Its parameters.
    x : array of shape (batch, n_in)
        Inputs.
    cost_slopes : callable
        ∂C/∂h of every sample, from the states (batch, n).
    beta : float, default=1e-3
        Strength of the nudge; the error is of order β².

    Returns
    -------
    CellParams
        Gradients, as `layer.backward` gives them for dy = ∂C/∂h.

    Raises
    ------
    OptionError
        If the network has no energy.
    """
    cell = layer.cell
    if not isinstance(cell.connections, Symmetric) or not isinstance(cell.body, Elementwise):
        raise OptionError(
            "equilibrium_propagation needs a network with an energy: Symmetric() connections and "
            "one activation as its body."
        )
    wiring = cell.wire(params, x)
    free = layer.forward(params, x)[1].settled.value

    def nudged(strength: float) -> Array:
        def image(drive: Array, h: Array) -> Array:
            pulled = drive - strength * cost_slopes(h)
            return cell.respond(params, wiring.effective, pulled, h)[0]

        return layer.settle(image, wiring.drive, free, compacts=False).value

    up, down = nudged(beta), nudged(-beta)
    d_effective = -(up.T @ up - down.T @ down) / (4 * beta)
    connections = cell.connections.effective_backward(params.connections, wiring.made, d_effective)
    inputs, _ = cell.inputs.backward(params.inputs, wiring.inputs, -(up - down) / (2 * beta))
    return CellParams(inputs=inputs, connections=connections, body=params.body)
