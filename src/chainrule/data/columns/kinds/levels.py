"""A column of more names than have slots of their own: what the target is where a name stands.

    (n ȳ + m μ) / (n + m),    m = σ² / τ²        and  log(1 + n)

with n the weight of a level's rows, ȳ their mean of an output of the target, μ that of all rows,
σ² the variance within levels and τ² that between them: a level of few rows stays near μ, and all
do where levels tell nothing.  A gap is a level; one that training never saw is μ and 0.  The rows
of training are encoded without those of their own part (`without_own`), so that the network does
not read their targets there.  Levels are known by 53 bits of a hash.
References: Micci-Barreca (2001), SIGKDD Explorations 3(1):27-32; Pargent et al. (2022),
Comput. Stat. 37:2671-2692; for σ² and τ² Searle, Casella & McCulloch (1992), section 3.6.
"""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from chainrule.data.columns.kinds.kind import Answers, Column, ColumnKind, Noticed
from chainrule.data.columns.scaling import scaled_in_words
from chainrule.data.columns.values import Values
from chainrule.wording import count, listing

MOST_SLOTS = 100  # levels that a category may have: of more it is this kind
MOST_LEVELS = 100_000  # that are kept, the most frequent ones
MOST_NUMBERS = 2_000_000  # kept of a column
_BITS = 53  # that float64 holds exactly


class Levels(ColumnKind):
    """See the module."""

    name = "levels"
    used = has_levels = asks_target = True
    learns = ("level_keys", "level_codes", "level_means", "level_deviations")

    def recognised(self, values: Values, weight: np.ndarray | None) -> Column | None:
        del weight
        return self.taken(values, "")

    def taken(self, values: Values, note: str) -> Column | None:
        """Return the column, which is a category, if it has so many levels."""
        n, notes = len(values.frequency), [note] if note else []
        if n <= MOST_SLOTS:
            return None
        if n > MOST_LEVELS:
            kept = f"the {MOST_LEVELS:,} most frequent of {n:,} levels are known"
            notes.append(f"{kept}, the rest are as if never seen")
        n_gaps, known = int(values.gaps.sum()), min(n, MOST_LEVELS)
        return Column(values.name, self.name, "; ".join(notes), n_gaps, n_levels=known)

    def described(self, columns: Sequence[Column], *, scale: bool) -> list[str]:
        del scale
        kinds = count(len(columns), "category", "categories")
        sizes = listing([f"{column.name} {column.n_levels:,}" for column in columns])
        return [f"{kinds} of many levels, each by what the target is in its other rows ({sizes})"]

    def outputs(self, column: Column) -> list[str]:
        return [*(f"{column.name}: {what}" for what in column.tells), f"{column.name}: log of rows"]

    def shapes(self, column: Column) -> dict[str, tuple[int, ...]]:
        n, k = column.n_levels, len(column.tells) + 1
        return dict(zip(self.learns, ((n,), (n + 2, k), (k,), (k,)), strict=True))

    def told(self, column: Column, answers: Answers) -> Column:
        n = min(column.n_levels, MOST_NUMBERS // (len(answers.names) + 1))
        return msgspec.structs.replace(column, n_levels=n, tells=list(answers.names))

    def learnt_of(
        self, column: Column, values: Values, weight: np.ndarray | None, answers: Answers
    ) -> dict[str, np.ndarray]:
        often = values.frequency if weight is None else _weighted_frequency(values, weight)
        levels = list(often)
        if len(levels) > column.n_levels:
            levels = heapq.nsmallest(column.n_levels, levels, key=lambda each: (-often[each], each))
        keys, weight = np.sort([_key(level) for level in levels]), _as_rows(weight)
        sums = _sums(self.places(values, {"level_keys": keys}), len(keys) + 2, weight, answers.y)
        codes, share = _codes(*sums), sums[0] / sums[0].sum()
        means = share @ codes
        # of the logarithm its own, else that of the target: levels that tell little stay small
        spread = np.sqrt(share @ (codes[:, -1] - means[-1]) ** 2)
        deviations = np.append(_deviations(answers.y, weight), spread)
        deviations[deviations == 0] = 1.0
        return dict(zip(self.learns, (keys, codes, means, deviations), strict=True))

    def places(self, values: Values, learnt: Mapping[str, Any]) -> np.ndarray:
        keys, (texts, of_rows) = learnt["level_keys"], values.coded
        gap, unseen = len(keys), len(keys) + 1
        new = np.array([_key(text) for text in texts])
        found = np.searchsorted(keys, new)
        known = keys[np.minimum(found, len(keys) - 1)] == new
        return np.append(np.where(known, found, unseen), gap)[of_rows]

    def encode(
        self,
        column: Column,
        values: Values,
        out: np.ndarray,
        learnt: Mapping[str, Any],
        *,
        scale: bool,
    ) -> None:
        del column
        codes = _scaled(learnt["level_codes"], learnt) if scale else learnt["level_codes"]
        out[:] = codes[self.places(values, learnt)]

    def without_own(
        self,
        places: np.ndarray,
        weight: np.ndarray | None,
        answers: Answers,
        parts: np.ndarray,
        learnt: Mapping[str, Any],
        *,
        scale: bool,
    ) -> np.ndarray:
        n, n_parts, weight = len(learnt["level_codes"]), int(parts.max()) + 1, _as_rows(weight)
        of_each = [parts == part for part in range(n_parts)]
        sums = [
            _sums(places[own], n, None if weight is None else weight[own], answers.y[own])
            for own in of_each
        ]
        out = np.empty((len(places), answers.y.shape[1] + 1))
        for part in range(-1, n_parts):
            own = parts < 0 if part < 0 else of_each[part]
            others = [each for other, each in enumerate(sums) if other != part]
            counts, totals, squares = (np.sum(each, axis=0) for each in zip(*others, strict=True))
            larger = len(places) / max(np.count_nonzero(~own & (parts >= 0)), 1)
            out[own] = _codes(counts, totals, squares, larger)[places[own]]
        return _scaled(out, learnt) if scale else out

    def as_numbers(self, column: Column, values: Values) -> np.ndarray:
        del column
        return places_by_appearance(values)

    def noticed(self, column: Column, values: Values, learnt: Mapping[str, Any]) -> Noticed:
        unseen = values.as_texts()[self.places(values, learnt) > column.n_levels]
        return Noticed(int(values.gaps.sum()), Counter(unseen.tolist()))

    def remarks(self, column: Column, noticed: Noticed) -> list[str]:
        unseen, lines = noticed.texts, []
        if unseen:
            names = listing([f'"{text}"' for text in sorted(unseen)], 5)
            hold, they = ("holds", "it counts") if unseen.total() == 1 else ("hold", "they count")
            lines.append(
                f"{column.name}: {count(unseen.total(), 'row')} {hold} a category not seen in "
                f"training ({names}); {they} as the mean of all"
            )
        if noticed.n_gaps:
            own = "a level of its own" if column.n_gaps else "the mean (training had none)"
            lines.append(f"{column.name}: {count(noticed.n_gaps, 'gap')} taken for {own}")
        return lines

    def became(self, column: Column, learnt: Mapping[str, Any], *, scale: bool, most: int) -> str:
        del learnt, scale
        tells = listing([*column.tells, "log of rows"], most)
        return f"{column.n_levels:,} levels, each by its {tells}"

    def worked_out(
        self,
        column: Column,
        values: Values,
        encoded: Sequence[float],
        learnt: Mapping[str, Any],
        *,
        scale: bool,
    ) -> tuple[str, list[tuple[str, str, float]], str]:
        place, text = self.places(values, learnt)[0], values.as_texts()[0]
        hows = [""] * len(encoded)
        if scale:
            codes, centers = learnt["level_codes"][place], learnt["level_means"]
            each = zip(codes, centers, learnt["level_deviations"], strict=True)
            hows = [f"{scaled_in_words(f'{c:.6g}', m, d)} =" for c, m, d in each]
        unseen = place == len(learnt["level_codes"]) - 1
        more = f"Training never saw this {column.name}." if unseen else ""
        shown = "a gap" if text is None else str(text)
        return shown, list(zip(self.outputs(column), hows, encoded, strict=True)), more


def places_by_appearance(values: Values) -> np.ndarray:
    """Return the places of levels by first appearance: other names for the same are equal."""
    return np.where(values.gaps, np.nan, values.coded.places + 1.0)


def _weighted_frequency(values: Values, weight: np.ndarray) -> dict[str, float]:
    texts, places = values.coded
    often = np.bincount(places + 1, weights=weight, minlength=len(texts) + 1)[1:]
    return dict(zip(texts, often.tolist(), strict=True))


def _as_rows(weight: np.ndarray | None) -> np.ndarray | None:
    """Return weights that are at least 1 in the mean, so that they count as numbers of rows."""
    return None if weight is None else weight / min(weight.mean(), 1.0)


def _key(level: str) -> float:
    digest = hashlib.blake2b(level.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return float(int.from_bytes(digest) >> (64 - _BITS))


def _deviations(y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
    share = np.full(len(y), 1 / len(y)) if weight is None else weight / weight.sum()
    return np.sqrt(share @ (y - share @ y) ** 2)


def _scaled(codes: np.ndarray, learnt: Mapping[str, Any]) -> np.ndarray:
    return (codes - learnt["level_means"]) / learnt["level_deviations"]


def _sums(
    places: np.ndarray, n: int, weight: np.ndarray | None, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return weight and sums of the outputs of each place, and squares of all but the last."""
    weight = np.ones(len(y)) if weight is None else weight
    weighted = weight[:, None] * y
    totals = [np.bincount(places, each, n) for each in weighted.T]
    squares = (weighted * y)[places < n - 1].sum(axis=0)
    return np.bincount(places, weight, n), np.reshape(totals, (-1, n)).T, squares


def _codes(
    counts: np.ndarray, totals: np.ndarray, squares: np.ndarray, larger: float = 1.0
) -> np.ndarray:
    """Return what each place tells, where there are `larger` times as many rows as counted.

    The last place is no level: it is as one that was never seen.
    """
    mean = totals.sum(axis=0) / counts.sum()
    counts, codes = np.append(counts[:-1], 0.0), np.tile(mean, (len(counts), 1))
    there = counts > 0
    own, n = counts[there, None], counts.sum()
    means, n_levels = totals[there] / own, len(own)
    if 1 < n_levels < n:
        middle = (own * means).sum(axis=0) / n
        within = squares - (own * means**2).sum(axis=0)
        between = (own * (means - middle) ** 2).sum(axis=0)
        noise = np.maximum(within, 0) / (n - n_levels)
        rows = (n - (own**2).sum() / n) / (n_levels - 1)
        signal = np.maximum(between / (n_levels - 1) - noise, 0) / rows
        with np.errstate(invalid="ignore"):
            kept = own * signal / (own * signal + noise)
        codes[there] += np.nan_to_num(kept) * (means - mean)
    return np.column_stack([codes, np.log1p(larger * counts)])
