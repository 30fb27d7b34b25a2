"""A weight's gradient as the sum over paths: what comes back × slope × input.

    dL/dW[i, j] = xᵢ · δⱼ,    δⱼ = (Σₖ δₖ Wⱼₖ) · f′(zⱼ)      over the units k that hear unit j

At the outputs what comes back is the objective's own delta.  Units that settle hear each other, so
among those that hear unit j are its neighbours, and the sum holds all echoes at once:

    λ = e + e J + e J² + …,    e what comes from above, J = ∂F/∂h: one round more with every term
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from chainrule.advice import Setting
from chainrule.errors import OptionError
from chainrule.inspection.tracing.records import SeenLayer, Step, Trace

IN_USE = "weights in use"


class Path(msgspec.Struct, frozen=True):
    """One way back: a unit that hears, its delta, the weight on the way, and their product."""

    unit: str
    delta: float
    weight: float
    product: float


class Factor(msgspec.Struct, frozen=True):
    """One factor on the way through the unit, such as its slope: formula and number."""

    name: str
    formula: str
    latex: str
    value: float


class WeightGradient(msgspec.Struct, frozen=True):
    """The gradient of one weight on one row, with every factor.

    Attributes
    ----------
    row : int
        The row.
    source, unit : str
        From where the weight leads ("bias" if it is one), and to which unit.
    weight : float
        Its value.
    input : float
        What the source says; 1 for a bias.
    comes_back : float
        The gradient at the unit's output.
    paths : list of Path
        What it is the sum of; empty at the outputs, where the objective gives it, and where the
        layer above is of a kind that gives no sum over units.
    factors : list of Factor
        What turns it into delta, one after the other; empty if `through` is not.
    echoes : list of float
        Of units that settle, what comes back by rounds: straight from above, once round, twice, …;
        they add up to `comes_back`, but for what a settling leaves.
    through : str
        The kinds of the layers between, where they mix units, so that there is no factor for each.
    delta : float
        The gradient at the unit's sum.
    gradient : float
        input · delta: what this row says.
    total : float
        The gradient over all rows of the trace.
    """

    row: int
    source: str
    unit: str
    weight: float
    input: float
    comes_back: float
    paths: list[Path]
    factors: list[Factor]
    echoes: list[float]
    through: str
    delta: float
    gradient: float
    total: float


def weight_gradient(
    trace: Trace,
    place: Sequence[int],
    i: int | None,
    j: int,
    *,
    row: int = 0,
    array: str = "weights",
) -> WeightGradient:
    """Return the gradient of one weight as the sum over paths.

    Parameters
    ----------
    trace : Trace
        What `trace` gave.
    place : sequence of int
        The layer: one with a weight for each pair of units, `Dense` or `FixedPoint`.
    i, j : int
        From input i to unit j; i is None for the unit's bias.
    row : int, default=0
        The row.
    array : str, default="weights"
        For units that settle, "weights" are those from the inputs and "weights in use" those from
        one unit to another.

    Returns
    -------
    WeightGradient

    Raises
    ------
    OptionError
        If there is no such weight, layer or row.
    """
    layer = trace.layer(tuple(place))
    weights, gradients, biases, d_biases = _arrays(trace, layer, array)
    x, dz = _around(trace, layer, array)
    _check(layer, x, weights, i, j, row, biases)
    delta = float(dz.values[row, j])
    said = 1.0 if i is None else float(x.values[row, i])
    if i is None:
        assert biases is not None
        assert d_biases is not None
        weight, total, source = biases.values[j], d_biases.values[j], "bias"
    else:
        weight, total = weights.values[i, j], gradients.values[i, j]
        source = (layer.units if array == IN_USE else layer.inputs)[i]
    comes_back, paths, factors, through = _way_back(trace, layer, row, j)
    return WeightGradient(
        row,
        source,
        layer.units[j],
        float(weight),
        said,
        comes_back,
        paths,
        factors,
        _echoes(trace, layer, row, j),
        through,
        delta,
        said * delta,
        float(total),
    )


def affine(trace: Trace, layer: SeenLayer) -> tuple[Step, Step, Step | None] | None:
    """Return weights, sums and biases of a layer whose units sum all inputs; None for others."""
    weights = trace.find("weights", layer.place, layer.sums) if layer.sums else None
    if weights is None or weights.axes != ["input", "unit"]:
        return None
    settled = trace.find("received", layer.place)
    z = settled or trace.step(layer.out)
    return weights, z, trace.find("biases", layer.place)


def settles(trace: Trace, layer: SeenLayer) -> bool:
    """Return whether the units of a layer hear each other until they stand still."""
    return trace.find("λ", layer.place) is not None


def through_units(trace: Trace, layer: SeenLayer) -> list[SeenLayer]:
    """Return the layers that work on the units of this one, in order."""
    places = [each.place for each in trace.layers]
    following = trace.layers[places.index(layer.place) + 1 :]
    found = []
    for each in following:
        if each.label != layer.label:
            break
        found.append(each)
    return found


def next_layer(trace: Trace, layer: SeenLayer) -> SeenLayer | None:
    """Return the layer that hears the units of this one; None for the outputs."""
    places = [each.place for each in trace.layers]
    at = places.index(layer.place) + len(through_units(trace, layer)) + 1
    return trace.layers[at] if at < len(trace.layers) else None


def _arrays(
    trace: Trace, layer: SeenLayer, array: str
) -> tuple[Step, Step, Step | None, Step | None]:
    parts = affine(trace, layer)
    in_use = trace.find(IN_USE, layer.place)
    if parts is None or (array == IN_USE and (in_use is None or not settles(trace, layer))):
        raise OptionError(
            f"{layer.label} ({layer.kind}) has no {array} from unit to unit whose gradient is a "
            "sum over paths. Choose a dense layer, or units that settle; the trace holds the "
            "gradients of all others."
        )
    weights = in_use if array == IN_USE else parts[0]
    gradients = trace.find(f"d {weights.quantity}", layer.place, weights.array)
    return weights, gradients, parts[2], trace.find("d biases", layer.place)


def _around(trace: Trace, layer: SeenLayer, array: str) -> tuple[Step, Step]:
    """Return what goes into the weights, and the gradient at the sums."""
    parts = affine(trace, layer)
    assert parts is not None
    x = trace.find("h", layer.place) if array == IN_USE else trace.step(layer.given)
    return x, trace.step(f"d{parts[1].name}")


def _way_back(
    trace: Trace, layer: SeenLayer, row: int, j: int
) -> tuple[float, list[Path], list[Factor], str]:
    """Return what comes back to a unit, its paths, the factors to its delta, what mixes units."""
    if settles(trace, layer):
        return _way_back_to_settled(trace, layer, row, j)
    inside = through_units(trace, layer)
    out = inside[-1].out if inside else layer.out
    paths = _paths(trace, next_layer(trace, layer), row, j)
    comes_back = float(trace.step(f"d{out}").values[row, j])
    mixing = [each.kind for each in inside if each.mixes]
    steps = [trace.find("slope", e.place) or trace.find("mask", e.place) for e in inside[::-1]]
    factors = [_factor(step, row, j) for step in steps if step is not None]
    return comes_back, paths, [] if mixing else factors, " and ".join(mixing)


def _way_back_to_settled(
    trace: Trace, layer: SeenLayer, row: int, j: int
) -> tuple[float, list[Path], list[Factor], str]:
    """Return the same for a unit that settles: λ is what comes from above, and all echoes."""
    inside, above = through_units(trace, layer), next_layer(trace, layer)
    paths = [] if inside else _paths(trace, above, row, j)
    if not paths:
        given = float(trace.step(f"d{layer.out}").values[row, j])
        paths = [Path("the layers above" if inside or above else "the loss", given, 1.0, given)]
    in_use, received = trace.find(IN_USE, layer.place), trace.find("received", layer.place)
    if in_use.values.ndim == 2:
        delta = trace.step(f"d{received.name}").values[row]
        paths += _products(layer.units, delta, in_use.values[j])
    slopes = [s for s in trace.steps if s.quantity == "slope" and s.place == layer.place]
    one = len(slopes) == 1
    comes_back = float(trace.find("λ", layer.place).values[row, j])
    factors = [_factor(slopes[0], row, j)] if one else []
    return comes_back, paths if one else [], factors, "" if one else "the cell's body"


def _echoes(trace: Trace, layer: SeenLayer, row: int, j: int) -> list[float]:
    """Return what each sweep of the error adds to a unit; nothing where sweeps are not full."""
    sweeps, alpha = trace.find("adjoint sweeps", layer.place), "λ + 1 ("
    if sweeps is None or alpha not in sweeps.formula:
        return []
    return np.diff(sweeps.values[:, row, j], prepend=0.0).tolist()


def _paths(trace: Trace, above: SeenLayer | None, row: int, j: int) -> list[Path]:
    parts = None if above is None else affine(trace, above)
    if above is None or parts is None:
        return []
    weights, z, _ = parts
    delta = trace.step(f"d{z.name}").values[row]
    return _products(above.units, delta, weights.values[j])


def _products(units: Sequence[str], delta: np.ndarray, weights: np.ndarray) -> list[Path]:
    each = zip(units, delta.tolist(), weights.tolist(), strict=True)
    return [Path(unit, d, w, d * w) for unit, d, w in each]


def _factor(step: Step, row: int, j: int) -> Factor:
    return Factor(step.name, step.formula, step.latex, float(step.values[row, j]))


def _check(
    layer: SeenLayer,
    x: Step,
    weights: Step,
    i: int | None,
    j: int,
    row: int,
    biases: Step | None,
) -> None:
    n_in, n_out = weights.values.shape
    if i is None and biases is None:
        raise OptionError(f"{layer.label} has no biases. Choose one of its weights.")
    for name, value, n in (("row", row, len(x.values)), ("i", i, n_in), ("j", j, n_out)):
        if value is not None and not 0 <= value < n:
            raise OptionError(
                "{} is out of range for {}: give 0 to {}.", Setting(name, value), layer.label, n - 1
            )
