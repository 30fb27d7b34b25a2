"""What goes wrong with the table: its scales, a column that gives the answer away, wrong labels."""

from collections.abc import Iterator

import numpy as np

from chainrule.advice import HOLD_OUT, Text
from chainrule.finding import Finding
from chainrule.inspection.doctor.evidence import Evidence

WIDE, FAR = 30.0, 10.0  # spreads over each other; means over spreads
LARGE, SMALL = 20.0, 0.02  # a spread, where 1 is meant
RARE, MISSED = 0.1, 0.5  # share of rows; share of a class that is found
SURE = 0.5  # by so much the trees prefer another class
NOISY, FEWEST_SUSPECTS = 0.06, 6  # share of rows, and how many at least
CLEAR = 0.5  # so many for each row that is wrong by less: else it is the classes that are hard
OUTLYING, NOISY_NUMBERS = 6.0, 0.05  # robust standard deviations; share of rows
MOST_PARTS, LEAST_PART = 20, 20  # of rows of like predictions, by which an error is judged
MOST_NAMED = 20


def find_leaks(seen: Evidence) -> Iterator[Finding]:
    """Yield a finding for columns that give the target away."""
    rows = seen.rows
    if rows is None or not rows.leaks:
        return
    names = [name for name, _ in rows.leaks]
    yield Finding(
        "leaking column",
        "warning",
        " ".join(sentence for _, sentence in rows.leaks[:3]),
        "Such a column is mostly made from the target, and will not be there for new rows.",
        Text("If so, leave it out: {drop}.", drop=names),
        columns=tuple(names),
    )


def find_target_scale(seen: Evidence) -> Iterator[Finding]:
    """Yield a finding for a target of unusual size."""
    rows = seen.rows
    if rows is not None and seen.task == "regression":
        y = np.asarray(rows.y, np.float64).reshape(len(rows.y), -1)
        size, middle = float(y.std(axis=0).max()), float(np.abs(y.mean(axis=0)).max())
        if size > LARGE or 0 < size < SMALL or middle > FAR * max(size, 1.0):
            yield Finding(
                "target not scaled",
                "warning",
                f"As the network sees it, the target has mean {middle:.3g} and standard deviation "
                f"{size:.3g}, where 0 and 1 are easy to reach.",
                "The outputs start near 0, and weights of usual steps need long to get them there.",
                Text("Train on (y - mean) / deviation, as the regressors do by themselves."),
                {"mean": middle, "deviation": size},
            )


def find_scales(seen: Evidence) -> Iterator[Finding]:
    """Yield a finding for inputs of unlike sizes."""
    rows = seen.rows
    if rows is None:
        return
    spread, mean = rows.x.std(axis=0), np.abs(rows.x.mean(axis=0))
    own = spread > 1e-12
    if not own.any():
        return
    widest = int(np.argmax(np.where(own, spread, 0)))
    narrowest = int(np.argmin(np.where(own, spread, np.inf)))
    farthest = int(np.argmax(np.where(own, mean / np.maximum(spread, 1e-12), 0)))
    ratio = float(spread[widest] / spread[narrowest])
    far = float(mean[farthest] / spread[farthest])
    # columns of 0 and 1 may be rare, and then have a small spread: only a large one counts
    if spread[widest] <= LARGE and not (far > FAR and mean[farthest] > FAR):
        return
    names = rows.input_names
    yield Finding(
        "inputs not scaled",
        "warning",
        f"The network sees {names[widest]} with standard deviation {spread[widest]:.3g} and "
        f"{names[narrowest]} with {spread[narrowest]:.3g}; the mean of {names[farthest]} is "
        f"{far:.3g} deviations from 0.",
        "One step length cannot suit weights of such unlike inputs: the large ones drown the "
        "others.",
        Text("Set {scale}, or standardise the columns.", scale=True),
        {"ratio": ratio, "largest": float(spread[widest]), "far": far},
    )


def find_imbalance(seen: Evidence) -> Iterator[Finding]:
    """Yield a finding for a class that is rare."""
    rows = seen.rows
    if rows is None or seen.task != "classification" or not len(rows.classes):
        return
    shares = rows.shares
    rarest = int(np.argmin(np.where(shares > 0, shares, np.inf)))
    share, fair = float(shares[rarest]), 1 / len(rows.classes)
    if share > min(RARE, 0.3 * fair):
        return
    own = rows.y == rarest
    found = float((rows.predictions[own].argmax(axis=1) == rarest).mean())
    yield Finding(
        "imbalance",
        "warning" if found < MISSED else "note",
        f"{rows.classes[rarest]} has {share:.1%} of the rows ({int(own.sum())}), and "
        f"{found:.0%} of them are recognised.",
        "To the loss a class counts as much as it has rows.",
        Text("Set {class_weight}, and judge by balanced accuracy.", class_weight="balanced"),
        {"share": share, "recognised": found},
    )


def find_noise(seen: Evidence) -> Iterator[Finding]:
    """Yield a finding for rows whose target is hardly theirs.

    Rows for which trees that never saw them clearly prefer another answer, as in Northcutt, Jiang
    & Chuang (2021), J. Artif. Intell. Res. 70:1373-1411.
    """
    rows = seen.rows
    if rows is None or rows.reference is None:
        return
    if rows.reference.probabilities is not None:
        p, n = rows.reference.probabilities, len(rows.y)
        own = p[np.arange(n), rows.y]
        other = np.where(np.arange(p.shape[1])[None, :] == rows.y[:, None], -1, p).max(axis=1)
        margin = other - own
        suspects = np.flatnonzero(margin > SURE)
        order = suspects[np.argsort(-margin[suspects], kind="stable")]
        share, n_unclear = len(suspects) / n, int(((margin > 0) & (margin <= SURE)).sum())
        if share < NOISY or len(suspects) < max(FEWEST_SUSPECTS, CLEAR * n_unclear):
            return
        what = "another class with at least half of all votes more than their own"
    elif rows.reference.predictions is not None:
        y = np.asarray(rows.y, np.float64).reshape(len(rows.y), -1)[:, 0]
        far = _how_far_off(y, rows.reference.predictions)
        suspects = np.flatnonzero(far > OUTLYING)
        order = suspects[np.argsort(-far[suspects], kind="stable")]
        share = len(suspects) / len(y)
        if share < NOISY_NUMBERS:
            return
        what = f"a value that is {OUTLYING:g} times as far off as is usual for such values"
    else:
        return
    order = order if rows.places is None else rows.places[order]
    shown = ", ".join(str(int(i)) for i in order[:8])
    yield Finding(
        "label noise",
        "warning",
        f"For {share:.1%} of the rows ({len(order)}) trees that never saw them predict {what}; "
        f"the most suspicious are rows {shown}.",
        "Their targets may be wrong, and a network that is given time learns them by heart.",
        seen.settings.advise(
            Text(
                "Look at these rows and correct or drop them; meanwhile {} and a larger {alpha} "
                "keep the network from following them.",
                HOLD_OUT,
                alpha=...,
            ),
            Text("Look at these rows and correct or drop them."),
        ),
        {"share": share, "rows": float(len(order))},
        tuple(int(i) for i in order[:MOST_NAMED]),
    )


def _how_far_off(y: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """Return errors in robust deviations of those of rows with like predictions.

    Where large values are harder to predict than small ones, that is no noise of labels.
    """
    error = np.abs(y - predictions)
    usual = 1.4826 * float(np.median(error)) or 1.0
    n_parts = min(MOST_PARTS, max(len(y) // LEAST_PART, 1))
    typical = np.empty(len(y))
    for part in np.array_split(np.argsort(predictions, kind="stable"), n_parts):
        typical[part] = max(1.4826 * float(np.median(error[part])), 0.1 * usual)
    return error / typical
