"""Several fits at once: those that are alike train side by side, the others one after another."""

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax
import numpy as np

from chainrule.engine import train, train_together
from chainrule.engine.layers.notes import noting
from chainrule.fitting.callbacks import Tasks
from chainrule.fitting.learning import Learning, Plan
from chainrule.fitting.watching import spoken
from chainrule.predicting.fitted import Fitted

OnProgress = Callable[[Any], None]

# What `train_together` takes once for all networks.
SHARED = (
    "network",
    "objective",
    "metrics",
    "batch_size",
    "n_epochs",
    "shuffle",
    "measure_training",
    "dtype",
)
# What it does not know: a fit with any of these, or whose layers can end it, goes its own way.
ALONE = ("validation", "stopping", "resume", "time_limit", "on_epoch")


def learn_together(learnings: list[Learning]) -> list[Fitted]:
    """Run all fits, and return what each gives, as if it had been alone."""
    return _run([(learning, learning.plan(Tasks(None, 1))) for learning in learnings])


def learn_ensemble(learning: Learning, tasks: Tasks, on_progress: OnProgress | None) -> Fitted:
    """Train `n_networks` networks of other seeds, and return them as one.

    `on_progress` is called for those that train one after another.
    """
    n_networks, first = int(learning.settings.n_networks), learning.start.seed
    tasks.refuse_for(n_networks)
    plan, keeping = learning.plan(tasks), learning.job.keeping
    pairs, shares_rows = [(learning, plan)], _kind(plan) is not None
    for child in np.random.SeedSequence(first).spawn(n_networks - 1):
        seed = int(child.generate_state(1)[0])
        other = copy.copy(learning)
        other.start = replace(learning.start, seed=seed)
        if keeping is not None:
            other.job = replace(learning.job, keeping=keeping.within(len(pairs)))
        same_rows = replace(plan, arguments=plan.arguments | {"seed": seed})
        pairs.append((other, same_rows if shares_rows else other.plan(tasks)))
    members = _run(pairs, on_progress)
    return learning.calibrated(replace(members[0], members=tuple(members)))


def _run(
    planned: list[tuple[Learning, Plan]], on_progress: OnProgress | None = None
) -> list[Fitted]:
    """Return what each training gives, in the order that they were given in."""
    groups: dict[Any, list[int]] = {}
    for place, (_, plan) in enumerate(planned):
        groups.setdefault(_kind(plan) or place, []).append(place)
    fitted: dict[int, Fitted] = {}
    for places in groups.values():
        group = [planned[place] for place in places]
        if len(group) == 1:
            [(learning, plan)] = group
            with spoken(learning.settings.verbose):
                fitted[places[0]] = learning.keep(
                    plan, train(on_progress=on_progress, **plan.arguments)
                )
            continue
        first = group[0][1].arguments
        found = train_together(
            tables=[plan.arrays for _, plan in group],
            optimizer=[plan.arguments["optimizer"] for _, plan in group],
            penalty=[plan.arguments["penalty"] for _, plan in group],
            seeds=[plan.arguments["seed"] for _, plan in group],
            keeper_of=_keeper_of(group),
            **{name: first[name] for name in SHARED},
        )
        for place, (learning, plan), trained in zip(places, group, found, strict=True):
            fitted[place] = learning.keep(plan, trained)
    return [fitted[place] for place in range(len(planned))]


def _keeper_of(group: list[tuple[Learning, Plan]]) -> Callable[[str], Any] | None:
    """Return what gives the keeper of some of the networks."""
    keeping = group[0][0].job.keeping
    if keeping is None:
        return None

    def identity() -> str:
        return " ".join(plan.identity() for _, plan in group)

    return lambda name: keeping.within(name).training(identity)


def _kind(plan: Plan) -> Any:
    """Return what fits that can train side by side have in common; None if this one cannot."""
    given = plan.arguments
    if any(given[name] is not None for name in ALONE) or noting(given["network"]).limits:
        return None
    parts = {name: given[name] for name in ("network", "objective", "metrics")}
    leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(parts)]
    rules = jax.tree.structure((given["optimizer"], given["penalty"]))
    x, y, _ = plan.arrays
    batch_size = given["batch_size"]
    return (
        jax.tree.structure(parts),
        tuple((leaf.shape, leaf.tobytes()) for leaf in leaves),
        rules,
        tuple(given[name] for name in ("batch_size", "n_epochs", "shuffle", "dtype")),
        (x.shape[1], y.shape[1], -(-len(x) // batch_size), batch_size < len(x)),
        len(x) if batch_size >= len(x) else None,
    )
