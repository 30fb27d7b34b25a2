"""Findings on rows: in order of time or target, twice the same, contradicting each other."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from chainrule.advice import Text, as_split
from chainrule.data.columns.values import spell_clock, spell_moment
from chainrule.data.findings.look import Look, Seen
from chainrule.finding import Finding
from chainrule.wording import count

FEWEST_ROWS = 20
FEWEST_VALUES = 10
FEW_CHANGES = 0.5  # of those that mixed rows would have
NEIGHBOURS = 0.5  # the correlation of a number with that of the row before
SHARE_OF_COPIES = 0.01
ROOM = 10  # combinations of values for each row, below which copies are to be expected


def find_order(look: Look, ordered_split: bool) -> Iterator[Finding]:
    """Give what shows that the rows stand in an order."""
    if len(look.weights) < FEWEST_ROWS:
        return
    if not ordered_split:
        for seen in look.seen:
            if _ascends(seen):
                yield Finding(
                    "ordered",
                    "look",
                    f'the rows are in the order of "{seen.name}", '
                    f"{_from_to(seen.present, seen.spelt)}{look.sample}.",
                    remedy=Text(
                        "If later rows are to be predicted from earlier ones, hold out the last: "
                        "{}.",
                        as_split("last"),
                    ),
                    columns=(seen.name,),
                )
                break
    if look.classes is not None and len(look.y):
        yield from _blocks_of_classes(look, ordered_split)
    elif len(look.y) >= FEWEST_ROWS:
        yield from _neighbours(look, ordered_split)


def _ascends(seen: Seen) -> bool:
    if seen.is_category or len(seen.present) < FEWEST_ROWS:
        return False
    steps = np.diff(seen.present)
    if not ((steps >= 0).all() or (steps <= 0).all()):
        return False
    counts = bool((np.abs(steps) == 1).all()) and not seen.spelt  # an ID, said elsewhere
    return not counts and seen.n_different >= FEWEST_VALUES


def _from_to(numbers: np.ndarray, spelt: str) -> str:
    """Return the first and the last number in words; of dates the time only within a day."""
    first, last = float(numbers[0]), float(numbers[-1])
    if spelt == "date" and np.floor(first) != np.floor(last):
        first, last = float(np.floor(first)), float(np.floor(last))
    spell = {"date": spell_moment, "clock": spell_clock}.get(spelt, "{:g}".format)
    return f"from {spell(first)} to {spell(last)}"


def _blocks_of_classes(look: Look, ordered_split: bool) -> Iterator[Finding]:
    y, n = look.y, len(look.y)
    changes = int((np.diff(y) != 0).sum())
    shares = np.bincount(y) / n
    expected = (n - 1) * (1 - float((shares**2).sum()))
    if expected < FEWEST_VALUES or changes >= FEW_CHANGES * expected:
        return
    yield Finding(
        "ordered",
        "look" if ordered_split else "note",
        f"the rows are in blocks of one class: the class changes {count(changes, 'time')} from "
        f"row to row, where mixed rows would change about {expected:,.0f} times{look.sample}.",
        remedy=Text(
            "The last rows are not like the others: mix them with {}.", as_split("stratified")
        )
        if ordered_split
        else Text(
            "Nothing to do: a stratified or random split mixes them, one in order would not."
        ),
    )


def _neighbours(look: Look, ordered_split: bool) -> Iterator[Finding]:
    y = look.y
    steps = np.diff(y)
    if not steps.any():
        return
    if (steps >= 0).all() or (steps <= 0).all():
        yield Finding(
            "ordered",
            "look" if ordered_split else "note",
            f"the rows are sorted by the target, {_from_to(y, look.y_spelt)}{look.sample}.",
            remedy=Text(
                "The last rows are not like the others: mix them with {}.", as_split("random")
            )
            if ordered_split
            else Text("Nothing to do: a random split mixes them, one in order would not."),
        )
        return
    before, after = y[:-1] - y[:-1].mean(), y[1:] - y[1:].mean()
    spread = np.sqrt(before @ before) * np.sqrt(after @ after)
    correlation = float(before @ after / spread) if spread > 0 else 0.0
    if correlation > NEIGHBOURS and not ordered_split:
        yield Finding(
            "ordered",
            "look",
            f"the target of a row is like that of the row before (correlation {correlation:.2f})"
            f"{look.sample}.",
            remedy=Text(
                "If the rows are in the order of time, a random split makes the test too easy; "
                "hold out the last: {}.",
                as_split("last"),
            ),
        )


def find_copies(look: Look) -> Iterator[Finding]:
    """Give rows that occur twice, and rows that contradict each other."""
    n = len(look.weights)
    if n < FEWEST_ROWS or not look.seen or not len(look.y):
        return
    inputs = _hash_rows(look.seen, n)
    targets = look.y.astype(np.float64).view(np.uint64)
    n_copies = n - len(np.unique(inputs * _ODD ^ targets))
    if n_copies >= max(2, SHARE_OF_COPIES * n) and _room(look.seen) > np.log(ROOM * n):
        yield Finding(
            "duplicate rows",
            "look",
            f"{n_copies:,} of {n:,} rows ({n_copies / n:.1%}) are copies of another row, target "
            f"included{look.sample}.",
            remedy=Text(
                "Copies in training and test make the test too easy: leave them out, or keep them "
                "together with `{groups}`.",
                groups=...,
            ),
        )
    if look.classes is not None:
        yield from _contradictions(look, inputs)


def _room(columns: list[Seen]) -> float:
    """Return the logarithm of how many combinations of values there are."""
    return float(np.sum([np.log(max(seen.n_different, 1)) for seen in columns]))


def _contradictions(look: Look, inputs: np.ndarray) -> Iterator[Finding]:
    n, k = len(inputs), len(look.classes if look.classes is not None else ())
    groups = np.unique(inputs, return_inverse=True)[1]
    pairs, sizes = np.unique(groups * k + look.y, return_counts=True)
    best = np.zeros(int(groups.max()) + 1, dtype=int)
    np.maximum.at(best, pairs // k, sizes)
    n_lost = n - int(best.sum())
    if n_lost >= max(2, SHARE_OF_COPIES * n):
        yield Finding(
            "duplicate rows",
            "look",
            f"rows with the same inputs have different classes, so that no model can be right in "
            f"more than {1 - n_lost / n:.1%} of these {n:,} rows{look.sample}.",
            remedy=Text("Add a column that tells them apart, or check the labels."),
        )


_ODD = np.uint64(0x9E3779B97F4A7C15)


def _hash_rows(columns: list[Seen], n: int) -> np.ndarray:
    """Return a number for each row, the same where all columns are the same."""
    out = np.zeros(n, dtype=np.uint64)
    for seen in columns:
        bits = np.where(seen.gaps, np.nan, seen.numbers + 0.0).view(np.uint64)
        out = (out ^ bits) * _ODD
        out ^= out >> np.uint64(29)
    return out
