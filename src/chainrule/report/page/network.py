"""What was trained: the network, its picture, how long it took."""

from __future__ import annotations

from typing import Any

from chainrule.report.page.blocks import Block, Picture, Section, Terms
from chainrule.report.page.pictures import panel
from chainrule.report.page.subject import Subject
from chainrule.report.page.wording import seconds
from chainrule.report.reading import READING


def what_was_trained(subject: Subject) -> Section:
    """Return the section on the network and its training."""
    model, results = subject.model, subject.results
    took = results.get("seconds") or {}
    n_networks = len(model.fitted_.networks)
    pairs = [
        ("network", str(results.get("network") or network_in_words(model))),
        ("trained for", f"{results.get('epochs', model.n_iter_)} epochs: {model.stop_message_}"),
        ("weights kept", f"those of epoch {results.get('kept', model.best_iter_)}"),
        ("time", f"{seconds(took.get('fit'))}, and {seconds(took.get('compile'))} to compile"),
    ]
    blocks: list[Block] = [Terms(tuple(pairs))]
    if subject.draws:
        drawing = panel(model.plot_network().svg)
        title = "The network" if n_networks == 1 else f"The first of {n_networks} networks"
        blocks.append(Picture(title, (drawing,), READING["network"]))
    return Section("network", "What was trained?", tuple(blocks))


def network_in_words(model: Any) -> str:
    """Return the sizes of the layers and the number of weights."""
    network = model.fitted_.network
    sizes = [network.between[0].shape[0], *(each.shape[1] for each in network.between)]
    return (
        f"{' → '.join(map(str, sizes))} · {network.n_weights} weights · {model.solver_} · "
        f"{model.dtype}"
    )
