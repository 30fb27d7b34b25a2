"""What goes wrong with the signal on its way: deltas that vanish or explode, units that are shut.

Deltas are compared between layers: where the first layer's is a thousandth of the last one's, the
first layers cannot learn.  References: Bengio, Simard & Frasconi (1994), IEEE Trans. Neural
Networks 5:157-166; Glorot & Bengio (2010), AISTATS 9:249-256.
"""

from collections.abc import Iterator

import numpy as np

from chainrule.activations import RECORDS, Activation, named
from chainrule.advice import Either, Setting, Text
from chainrule.finding import Finding
from chainrule.inspection.doctor.evidence import Evidence

VANISHED, EXPLODED = 1e-2, 30.0  # δ of the first layer over δ of the last one
MANY_DEAD, MANY_SATURATED = 0.4, 0.5  # shares of units, and of slopes
A_FEW_DEAD = 0.1
NEAR_AN_END = 0.975  # of the way from the middle of a function's range: 5 % of the slope is left
SMALLER_WEIGHTS = Either(
    Text("Start from smaller weights (leave {coefs_init} out), or s", coefs_init=...), "S"
)


def _between_layers(seen: Evidence) -> tuple[float, str]:
    """Return δ of the first layer over that of the last (nan where it is not known), in words."""
    deltas = seen.layers_with("delta_norm")
    if len(deltas) < 3:
        return np.nan, ""
    first, last = deltas[0], deltas[-1]
    with np.errstate(all="ignore"):
        ratios = first[1] / last[1]
    ratio = float(np.nanmedian(ratios[: max(1, len(ratios) // 2)]))
    where = f"in layer {first[0]} δ is {ratio:.2g} times that of layer {last[0]}"
    return (ratio if np.isfinite(ratio) else np.nan), where


def find_vanishing(seen: Evidence) -> Iterator[Finding]:
    """Yield a finding for deltas that fade on their way back."""
    ratio, where = _between_layers(seen)
    if ratio < VANISHED:
        yield Finding(
            "vanishing deltas",
            "warning",
            f"On its way back the error fades: {where}.",
            "Each layer multiplies it by weights and slopes that are small together (a sigmoid's "
            "slope is at most 1/4), so the first layers hardly learn.",
            Text(
                "Set {activation} or {}, or {layer_norm}, or take fewer layers "
                "({hidden_layer_sizes}).",
                Setting("activation", "tanh"),
                activation="relu",
                layer_norm=True,
                hidden_layer_sizes=...,
            ),
            {"ratio": ratio},
        )


def find_exploding(seen: Evidence) -> Iterator[Finding]:
    """Yield a finding for deltas that grow on their way back."""
    ratio, where = _between_layers(seen)
    if ratio > EXPLODED:
        yield Finding(
            "exploding deltas",
            "warning",
            f"On its way back the error grows: {where}.",
            "Each layer multiplies it by weights that are too large.",
            Text(
                "{}et {layer_norm}, or clip the gradient with {clip_norm}.",
                SMALLER_WEIGHTS,
                layer_norm=True,
                clip_norm=1.0,
            ),
            {"ratio": ratio},
        )


def find_dead_units(seen: Evidence) -> Iterator[Finding]:
    """Yield a finding for units of a rectifier that are silent for every row."""
    shares: dict[int, float] = {}
    if seen.rows is not None:
        for i, (name, a) in enumerate(
            zip(seen.settings.activations, seen.rows.hidden, strict=False)
        ):
            if (function := named(name)) is not None and function.dies:
                shares[i + 1] = float((a.max(axis=0) <= 0).mean())
    else:
        dying = [s for label, s in seen.layers_with("dead") if _function_at(label).dies]
        shares = {i + 1: float(series[-1]) for i, series in enumerate(dying)}
    if not shares:
        return
    layer, share = max(shares.items(), key=lambda pair: pair[1])
    if share < A_FEW_DEAD:
        return
    many = share >= MANY_DEAD
    yield Finding(
        "dead units",
        "warning" if many else "note",
        f"In hidden layer {layer}, {share:.0%} of the units give 0 for every row.",
        "A rectifier that is 0 has slope 0: nothing comes back to its weights, so it stays as "
        "it is.",
        Text(
            "Set {activation} or {}, and lower {learning_rate_init}{}.",
            Setting("activation", "elu"),
            Either(Text("; leave {intercepts_init} out", intercepts_init=...), ""),
            activation="leaky_relu",
            learning_rate_init=...,
        )
        if many
        else Text("Nothing to do: the others do the work, and a smaller layer would do too."),
        {"share": share, "layer": layer},
    )


def find_saturation(seen: Evidence) -> Iterator[Finding]:
    """Yield a finding for units of a bounded function that are at its ends."""
    shares: dict[int, float] = {}
    names = seen.settings.activations
    at_start = [s for label, s in seen.layers_with("saturated") if _function_at(label).range]
    if seen.rows is not None:
        for i, (name, a) in enumerate(zip(names, seen.rows.hidden, strict=False)):
            if (function := named(name)) is not None and function.range is not None:
                low, high = function.range
                shares[i + 1] = float(
                    (np.abs(2 * a - low - high) > NEAR_AN_END * (high - low)).mean()
                )
    elif at_start:
        shares = {i + 1: float(series[-1]) for i, series in enumerate(at_start)}
    if not shares:
        return
    layer, share = max(shares.items(), key=lambda pair: pair[1])
    first = float(at_start[min(layer, len(at_start)) - 1][0]) if at_start else share
    if share < MANY_SATURATED:
        return
    yield Finding(
        "saturation",
        "warning" if first >= MANY_SATURATED else "note",
        f"In hidden layer {layer}, {share:.0%} of the activations are at the ends of "
        f"{names[layer - 1]} ({first:.0%} in the first step).",
        "There its slope is next to 0: hardly anything comes back through these units.",
        seen.settings.advise(
            Text("{}et {scale} or {layer_norm}.", SMALLER_WEIGHTS, scale=True, layer_norm=True),
            Text("{}et {scale}.", SMALLER_WEIGHTS, scale=True),
        ),
        {"share": share, "at_start": first, "layer": layer},
    )


def _function_at(label: str) -> Activation:
    """Return the record of the function that a layer's label ends with; the identity for others."""
    return named(label.split()[-1].strip("()")) or RECORDS["identity"]
