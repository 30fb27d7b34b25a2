"""What goes wrong with the fit as a whole: nothing learnt, too little, or too much."""

from collections.abc import Iterator

import numpy as np

from chainrule.advice import HOLD_OUT, Either, Text
from chainrule.finding import Finding
from chainrule.inspection.doctor.evidence import Evidence

CONSTANT = 0.2  # spread of the predictions over what the target has
HEAVY, NEARLY_CONSTANT = 10.0, 0.5  # penalty over loss, and that spread where it is so heavy
WORSE_AGAIN, GAP = 1.2, 2.0  # the loss on validation rows over its lowest, and over training's
WORSE_BY_HEART, BY_HEART = 1.05, 20.0  # the same, where hardly any training loss is left
BEHIND = 0.1  # share of right answers, or of the variance, behind trees
KEEP_THE_BEST = (
    "Set {}, which keeps the best epoch; or a larger {alpha}, {dropout}, or fewer units "
)
MANY_UNSETTLED = 0.04  # share of rows, in the second half of the epochs


def find_unsettled(seen: Evidence) -> Iterator[Finding]:
    """Yield a finding for fixed points that are not reached."""
    shares = [seen.column(name) for name in ("unsettled", "adjoint_unsettled")]
    known = [share[1:] for share in shares if share is not None and len(share) > 1]
    if not known and seen.settings.stop != "unsettled":
        return
    worst = np.nanmax(np.stack(known), axis=0) if known else np.ones(1)
    late = float(np.nanmax(worst[len(worst) // 2 :]))
    if late == 0 and seen.settings.stop != "unsettled":
        return
    many = late >= MANY_UNSETTLED or seen.settings.stop == "unsettled"
    yield Finding(
        "unsettled fixed points",
        "warning" if many else "note",
        f"In {int((worst > 0).sum())} of {len(worst)} epochs rows did not settle, up to "
        f"{float(np.nanmax(worst)):.1%} of them.",
        "Their state, or the error that goes back through it, has not come to rest when the sweeps "
        "are over, so they teach nothing or something wrong.",
        Text(
            "Set {max_settle} higher; or hold the connections down with {guarantee}. {} says "
            "which of the two, row by row.",
            Either("model.diagnose_settling(X)", "In Python `model.diagnose_settling(X)`"),
            max_settle=...,
            guarantee="spectral",
        ),
        {"share": late, "most": float(np.nanmax(worst))},
    )


def find_constant(seen: Evidence) -> Iterator[Finding]:
    """Yield a finding for a network that says the same of every row."""
    rows = seen.rows
    if rows is None:
        return
    p = np.asarray(rows.predictions, np.float64)
    if seen.task == "classification":
        meant = float(np.sqrt((rows.shares * (1 - rows.shares)).max()))
    else:
        meant = float(np.asarray(rows.y, np.float64).std())
    spread = float(p.std(axis=0).max())
    heavy = seen.settings.penalty > HEAVY
    if meant == 0 or spread > (NEARLY_CONSTANT if heavy else CONSTANT) * meant:
        return
    if any((np.abs(a) <= 0).all() for a in rows.hidden):
        return  # a layer that is dead as a whole is the cause, and is found as such
    penalty = f" The penalty is {seen.settings.penalty:.2g} times the loss." if heavy else ""
    yield Finding(
        "constant output",
        "warning",
        f"The standard deviation of the predictions over the rows is {spread:.1g}; that of the "
        f"targets is {meant:.2g}.{penalty}",
        "It outweighs the loss and holds the weights near 0."
        if heavy
        else "What goes in does not reach the outputs any more.",
        seen.settings.advise(
            Text(
                "Lower the penalty ({alpha}) and {dropout}, or train with more units.",
                alpha=0.0001,
                dropout=...,
            ),
            Text(
                "See whether the columns say anything about the target; if so, train for longer "
                "({max_iter}).",
                max_iter=4 * max(seen.settings.n_epochs, 50),
            ),
        ),
        {"spread": spread, "penalty": seen.settings.penalty},
    )


def find_too_much(seen: Evidence) -> Iterator[Finding]:
    """Yield a finding for a network that has learnt its rows by heart."""
    validated, loss = seen.column("val_loss"), seen.column("loss")
    if validated is None or loss is None or len(validated) < 3:
        return
    if seen.settings.scoring != "loss":
        return  # the epoch was chosen by what matters more here
    kept = min(seen.settings.best_epoch, len(validated) - 1)
    lowest, at = float(np.nanmin(validated)), int(np.nanargmin(validated))
    worse = float(validated[kept] / max(lowest, 1e-12))
    gap = float(validated[kept] / max(float(loss[kept]), 1e-12))
    risen = worse >= WORSE_AGAIN and gap >= GAP
    by_heart = worse >= WORSE_BY_HEART and gap >= BY_HEART
    if not (risen or by_heart) or at >= kept:
        return
    yield Finding(
        "overfitting",
        "warning",
        f"On validation rows the loss was lowest after epoch {at} ({lowest:.3g}) and has risen to "
        f"{validated[kept]:.3g}, while on training rows it is {loss[kept]:.3g}.",
        "The network goes on to learn what is peculiar to its training rows.",
        seen.settings.advise(
            Text(
                KEEP_THE_BEST + "({hidden_layer_sizes}).",
                HOLD_OUT,
                alpha=...,
                dropout=0.2,
                hidden_layer_sizes=...,
            ),
            Text(KEEP_THE_BEST + "({hidden}).", HOLD_OUT, alpha=..., dropout=0.2, hidden=...),
            Text(
                "Take fewer units ({hidden_layer_sizes}) or more {weight_decay}.",
                hidden_layer_sizes=...,
                weight_decay=...,
            ),
        ),
        {"worse": worse, "gap": gap, "epoch": at},
    )


def find_too_little(seen: Evidence) -> Iterator[Finding]:
    """Yield a finding for a network that other learners are far ahead of."""
    rows = seen.rows
    if rows is None or rows.reference is None:
        return
    votes, guesses = rows.reference.probabilities, rows.reference.predictions
    if votes is not None:
        theirs = float((votes.argmax(axis=1) == rows.y).mean())
        ours = float((rows.predictions.argmax(axis=1) == rows.y).mean())
        what = "right answers"
    elif guesses is not None:
        y = np.asarray(rows.y, np.float64).reshape(len(rows.y), -1)[:, 0]
        variance = float(y.var()) or 1.0
        theirs = 1 - float(((y - guesses) ** 2).mean()) / variance
        ours = 1 - float(((y - rows.predictions[:, 0]) ** 2).mean()) / variance
        what = "R²"
    else:
        return
    if theirs - ours < BEHIND:
        return
    units = seen.settings.hidden
    larger = tuple(max(4 * n, 32) for n in units) or (64,)
    yield Finding(
        "underfitting",
        "warning",
        f"On these rows, most of which it has seen, the network reaches {ours:.3f} ({what}); trees "
        f"reach {theirs:.3f} on rows that they never saw.",
        f"With {sum(units)} hidden units it cannot bend as the table asks for."
        if units
        else "Without a hidden layer it can only draw straight lines.",
        seen.settings.advise(
            Text("Set {hidden_layer_sizes}.", hidden_layer_sizes=larger),
            Text("Set {hidden}.", hidden=larger[0]),
        ),
        {"ours": ours, "trees": theirs},
    )
