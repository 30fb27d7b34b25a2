"""How it learnt: the curves, what flowed through the layers, and where their numbers ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.report.curves import TITLES, learning_curves, measures_of
from chainrule.report.flow import PANELS, flow_figure
from chainrule.report.histograms import MOST_LAYERS, histogram_figure, layer_values
from chainrule.report.page.blocks import Block, Section, Words
from chainrule.report.page.pictures import picture
from chainrule.report.page.subject import Subject

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Drawn = Iterator[tuple["Figure", str]]
FLOWS = ("delta_norm", "gradient_norm", "update_ratio", "activation_spread", "dead", "saturated")
OF_SETTLING = ("unsettled", "sweeps", "residual")


def how_it_learnt(subject: Subject) -> Section:
    """Return the section on the training."""
    model = subject.model
    history = model.history_
    blocks: list[Block] = [Words(_in_words(history, model.best_iter_))]
    if subject.draws:
        blocks.append(picture("learning_curves", "Learning curves", _curves(history, model)))
        flow = getattr(model, "flow_", {})
        if len(flow) > 1:
            blocks.append(picture("flow", "What flowed through the layers", _flows(flow)))
        if subject.train is not None:
            values = layer_values(model, subject.train, subject.train.y)
            title = "Weights, activations and gradients at the end"
            blocks.append(picture("histograms", title, _histograms(values)))
    return Section("learning", "How did it learn?", tuple(blocks))


def _in_words(history: Mapping[str, np.ndarray], best: int) -> str:
    loss = history["loss"]
    text = f"The loss on the training rows went from {loss[0]:.4g} to {loss[-1]:.4g}"
    at = int(np.flatnonzero(history["epoch"] == best)[0]) if best in history["epoch"] else -1
    if "val_loss" in history:
        validation = history["val_loss"]
        text += (
            f", on the validation rows from {validation[0]:.4g} to {validation[at]:.4g} at epoch "
            f"{best}, the one that was kept"
        )
    return f"{text}."


def _curves(history: Mapping[str, np.ndarray], model: Any) -> Drawn:
    best = model.best_iter_ if "val_loss" in history else None
    for name in measures_of(history):
        if name.removeprefix("adjoint_").startswith(OF_SETTLING):
            continue
        beside = ("epoch", "running_loss") if name == "loss" else ("epoch",)
        names = [each for each in (*beside, name, f"val_{name}") if each in history]
        title = TITLES.get(name, name.replace("_", " "))
        first, last = history[name][0], history[name][-1]
        says = f"{title} over the epochs: training from {first:.3g} to {last:.3g}"
        if f"val_{name}" in history:
            own = history[f"val_{name}"]
            says += f", validation from {own[0]:.3g} to {own[-1]:.3g}"
        yield learning_curves({each: history[each] for each in names}, best), says


def _flows(flow: Mapping[str, Any]) -> Drawn:
    layers = {name: series for name, series in flow.items() if name != "epoch"}
    for name in FLOWS:
        own = {layer: {name: s[name]} for layer, s in layers.items() if name in s}
        if not own or not any(np.isfinite(s[name]).any() for s in own.values()):
            continue
        ends = ", ".join(f"{layer} {s[name][-1]:.2g}" for layer, s in own.items())
        says = f"{PANELS[name]} over the epochs, at the end: {ends}"
        yield flow_figure(own, flow["epoch"]), says


def _histograms(values: Mapping[str, Mapping[str, np.ndarray]]) -> Drawn:
    layers = list(values)
    if len(layers) > MOST_LAYERS:
        layers = layers[: MOST_LAYERS // 2] + layers[-MOST_LAYERS // 2 :]
    for layer in layers:
        for kind, numbers in values[layer].items():
            says = f"{kind} of {layer}: mean {numbers.mean():.2g}, spread {numbers.std():.2g}"
            yield histogram_figure({layer: {kind: numbers}}), says
