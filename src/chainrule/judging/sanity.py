"""Three tests by training that every network should pass, whatever the table.

    the start        the loss before the first step is that of guessing
    by heart         32 rows can be learnt until hardly any loss is left
    shuffled         from targets that belong to other rows nothing is learnt for new rows

Reference: Karpathy (2019), A recipe for training neural networks.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import train_test_split

from chainrule.data.rows.rows import Rows, as_rows
from chainrule.inspection.doctor.diagnosis import SanityTest
from chainrule.predicting.links import link_of

FEW_ROWS, FEW_EPOCHS = 32, 400
LEFT = 0.05  # of the loss of guessing
AT_START = 2.0  # times the loss of guessing
SURPRISE = 4.0  # standard deviations above chance
MOST_ROWS = 2_000


def sanity_tests(model: Any, X: Any, y: Any) -> tuple[SanityTest, ...]:
    """Return the three tests of a fitted estimator, on copies of it."""
    rows = as_rows(X, y)
    rng = np.random.default_rng(0)
    order = rng.permutation(len(rows))[:MOST_ROWS]
    few = rows.take(_of_every_kind(model, rows.targets, order)[:FEW_ROWS])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        by_heart = _copy(model, max(FEW_EPOCHS, int(model.n_iter_))).fit(few, few.y)
        return (
            _start(model, rows),
            _by_heart(by_heart, few),
            _shuffled(model, rows, order, rng),
        )


def _start(model: Any, rows: Rows) -> SanityTest:
    loss, (best, guessing) = float(model.history_["loss"][0]), _losses_without_inputs(model, rows)
    if np.isnan(loss):  # where the training rows are not measured
        loss = float(model.history_["val_loss"][0])
    return SanityTest(
        "loss at the start",
        loss - best < AT_START * (guessing - best),
        f"{loss:.3g} before the first step; guessing has {guessing:.3g}.",
    )


def _by_heart(copy: Any, rows: Rows) -> SanityTest:
    loss = float(np.nanmin(copy.history_["loss"]))
    best, guessing = _losses_without_inputs(copy, rows)
    return SanityTest(
        "a few rows by heart",
        loss - best < LEFT * (guessing - best),
        f"On {len(rows)} rows alone, without penalty and dropout, the loss falls to {loss:.2g}; "
        f"guessing has {guessing:.3g}.",
    )


def _shuffled(model: Any, rows: Rows, order: np.ndarray, rng: np.random.Generator) -> SanityTest:
    train, test = map(np.asarray, train_test_split(order, test_size=0.3, random_state=0))
    others = replace(rows.y, array=rows.targets[rng.permutation(train)])
    mixed = replace(rows.take(train), y=others)
    n_epochs = int(model.fitted_.recipe.get("max_iter", model.max_iter))
    copy = _copy(model, min(n_epochs, 100)).fit(mixed, mixed.y)
    held = rows.take(test)
    score = float(copy.score(held.native, held.targets))
    if model.fitted_.classifies:
        _, counts = np.unique(held.targets.astype(str), axis=0, return_counts=True)
        chance = float(counts.max() / len(test))
        most = chance + SURPRISE * float(np.sqrt(chance * (1 - chance) / len(test)))
        what = "right answers"
    else:
        chance, most, what = 0.0, SURPRISE / float(np.sqrt(len(test))), "R²"
    return SanityTest(
        "shuffled targets",
        score <= most,
        f"Trained on targets of other rows, it reaches {score:.3f} ({what}) on new rows; by chance "
        f"it is up to {most:.3f}.",
    )


def _copy(model: Any, n_epochs: int) -> Any:
    options: dict[str, Any] = {
        "alpha": 0.0,
        "l1": 0.0,
        "dropout": 0.0,
        "early_stopping": False,
        "warm_start": False,
        "verbose": False,
        "time_limit": None,
        "max_iter": n_epochs,
        "n_networks": 1,
    }
    copy: Any = clone(model)
    return copy.set_params(**{k: v for k, v in options.items() if k in copy.get_params(deep=False)})


def _of_every_kind(model: Any, targets: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Return rows in an order in which the classes take turns."""
    if not model.fitted_.classifies or targets.ndim > 1:
        return order
    seen: dict[str, int] = {}
    turn = []
    for row in order:
        kind = str(targets[row])
        seen[kind] = seen.get(kind, 0) + 1
        turn.append(seen[kind])
    return order[np.argsort(turn, kind="stable")]


def _losses_without_inputs(model: Any, rows: Rows) -> tuple[float, float]:
    """Return the losses of knowing every answer, and of the best one that is the same for all.

    Both as the history has them.  To know all does not always cost 0: of counts it may be less.
    """
    from chainrule.engine.compiling.precision import precision  # JAX only for the tests
    from chainrule.engine.pytree import on_device

    encoded = np.asarray(model.fitted_.target.encode(rows.y), np.float64)
    objective, link = model.objective_, link_of(model.fitted_.network.link)
    n_outputs = objective.n_outputs(model.fitted_.target.n_outputs)

    def loss(predictions: np.ndarray) -> float:
        raw = link.inverse(predictions)
        raw = raw if raw.shape[1] == n_outputs else np.repeat(raw, n_outputs, axis=1)
        return float(np.mean(np.asarray(objective.per_row(on_device(raw), on_device(encoded)))))

    with precision(np.dtype(np.float64)):
        best, guessing = loss(encoded), loss(np.tile(encoded.mean(axis=0), (len(encoded), 1)))
    return (best if best < guessing else 0.0), guessing
