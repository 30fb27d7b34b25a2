"""Findings on columns by themselves and in pairs: IDs, constants, gaps, levels, duplicates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set

import numpy as np

from chainrule.advice import Text
from chainrule.data.columns.kinds import Column
from chainrule.data.columns.kinds.identifier import FREE_TEXT, MIN_ROWS_FOR_AN_ID
from chainrule.data.columns.kinds.levels import MOST_SLOTS
from chainrule.data.findings.look import Look, Seen
from chainrule.finding import Finding
from chainrule.wording import count, listing, words_of

SHARE_OF_GAPS = 0.5
DISTINCT_TEXTS = 0.95
ROWS_PER_LEVEL = 5
MANY_LEVELS = 50
SAME = 0.99999  # the correlation from which two columns say the same
ROWS_FOR_PAIRS = 10_000
COLUMNS_FOR_PAIRS = 500
FEWEST_ROWS_FOR_PAIRS = 10
MOST_NAMED = 8
DEGREES = (({"lat", "latitude"}, 90), ({"lon", "lng", "long", "longitude"}, 180))
WIDE_APART = 180  # degrees between the most western and the most eastern place
CODES_FOR_GAPS = (-999, -9999, -99999, -99, 999, 9999, 99999)


def find_in_columns(look: Look) -> Iterator[Finding]:
    """Give what is found in single columns."""
    yield from _identifiers(look)
    yield from _constants(look)
    yield from _around_the_globe(look)
    for seen in look.seen:
        n, n_gaps = len(seen.numbers), int(seen.gaps.sum())
        if n_gaps > SHARE_OF_GAPS * n:
            yield Finding(
                "gaps",
                "look",
                f'"{seen.name}" is a gap in {n_gaps:,} of {n:,} rows ({n_gaps / n:.0%})'
                f"{look.sample}.",
                remedy=Text(
                    "Leave it out unless the gaps mean something: `{drop}`.", drop=[seen.name]
                ),
                columns=(seen.name,),
            )
        yield from _codes_for_gaps(seen, look)
        if seen.is_category and _has_many_levels(seen):
            yield Finding(
                "many levels",
                "look",
                f'"{seen.name}" has {seen.n_different:,} levels in {n - n_gaps:,} rows, '
                f"{(n - n_gaps) / seen.n_different:.1f} for each{look.sample}.",
                remedy=Text(
                    "Group the levels before, or leave the column out: `{drop}`.", drop=[seen.name]
                ),
                columns=(seen.name,),
            )


def _around_the_globe(look: Look) -> Iterator[Finding]:
    """Give latitude and longitude of places so far apart that degrees are no distances."""
    numbers = [seen for seen in look.seen if not seen.is_category and not seen.spelt]
    named = [(set(words_of(seen.name)), seen) for seen in numbers]
    latitude, longitude = (_of_degrees(named, names, most) for names, most in DEGREES)
    if latitude is None or longitude is None or np.ptp(longitude.present) < WIDE_APART:
        return
    yield Finding(
        "places",
        "look",
        f'"{latitude.name}" and "{longitude.name}" are places around the globe, taken as plain '
        f"numbers: {longitude.present.min():g} and {longitude.present.max():g} degrees are far "
        f"apart then, though they may be neighbours{look.sample}.",
        remedy=Text(
            "Add the columns cos(latitude) cos(longitude), cos(latitude) sin(longitude) and "
            "sin(latitude), and leave these out: `{drop}`.",
            drop=[latitude.name, longitude.name],
        ),
        columns=(latitude.name, longitude.name),
    )


def _of_degrees(named: Sequence[tuple[Set[str], Seen]], names: Set[str], most: int) -> Seen | None:
    fitting = (seen for words, seen in named if names & words and len(seen.present))
    return next((seen for seen in fitting if np.abs(seen.present).max() <= most), None)


def _codes_for_gaps(seen: Seen, look: Look) -> Iterator[Finding]:
    """Give a number such as -999 that many rows have and that lies far from all others."""
    if seen.is_category or seen.is_date or not len(seen.present):
        return
    ends = {seen.present.min(), seen.present.max()}
    for code in (code for code in CODES_FOR_GAPS if code in ends):
        n = int((seen.present == code).sum())
        others = seen.present[seen.present != code]
        if n < 2 or not len(others):
            continue
        low, high = float(others.min()), float(others.max())
        if min(abs(code - low), abs(code - high)) > max(high - low, 1) and not low <= code <= high:
            yield Finding(
                "gaps",
                "look",
                f'"{seen.name}" is {code} in {count(n, "row")}, far from the others ({low:g} to '
                f"{high:g}), as if that stood for a gap{look.sample}.",
                remedy=Text("If it does: `{missing}`.", missing=[str(code)]),
                columns=(seen.name,),
            )


def _has_many_levels(seen: Seen) -> bool:
    few_rows = len(seen.present) < ROWS_PER_LEVEL * seen.n_different
    return seen.n_different > MANY_LEVELS and few_rows


def _identifiers(look: Look) -> Iterator[Finding]:
    for column in look.schema.of_kind("identifier"):
        yield Finding(
            "identifier",
            "note",
            f'"{column.name}" {_why_left_out(column)}, every row has another value: left out.',
            remedy=Text("Nothing to do; to keep it: `{category}`.", category=[column.name]),
            columns=(column.name,),
        )
    for seen in look.seen:
        why = _why_an_id(seen)
        if why:
            yield Finding(
                "identifier",
                "look",
                f'"{seen.name}" looks like an ID: {why}{look.sample}.',
                remedy=Text("Leave it out: `{drop}`.", drop=[seen.name]),
                columns=(seen.name,),
            )


def _why_left_out(column: Column) -> str:
    return f"is {column.note}" if column.note == FREE_TEXT else "looks like an ID"


def _why_an_id(seen: Seen) -> str:
    present = seen.present
    if len(present) < MIN_ROWS_FOR_AN_ID or seen.spelt:
        return ""
    if seen.is_category:
        n = seen.n_different
        enough = len(present) >= 5 * MIN_ROWS_FOR_AN_ID and n >= DISTINCT_TEXTS * len(present)
        return f"{n:,} different texts in {len(present):,} rows" if enough else ""
    steps = np.diff(present)
    if (np.abs(steps) == 1).all() and (steps == steps[0]).all():
        return f"it counts {'up' if steps[0] > 0 else 'down'} by one from {present[0]:g}"
    return ""


def _constants(look: Look) -> Iterator[Finding]:
    out = [column.name for column in look.schema.of_kind("constant")]
    if out:
        yield Finding(
            "constant",
            "note",
            f"{count(len(out), 'column')} never {_vary(out)} and {_is(out)} left out: "
            f"{listing(out)}.",
            remedy=Text("Nothing to do."),
            columns=tuple(out),
        )
    kept = [s.name for s in look.seen if not s.is_category and not s.varies]
    if kept:
        yield Finding(
            "constant",
            "look",
            f"{count(len(kept), 'column')} never {_vary(kept)}{look.sample}: {listing(kept)}.",
            remedy=Text(
                "Leave {} out: `{drop}`{}.",
                "it" if len(kept) == 1 else "them",
                ", and so on" if len(kept) > MOST_NAMED else "",
                drop=kept[:MOST_NAMED],
            ),
            columns=tuple(kept),
        )


def _is(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _vary(names: list[str]) -> str:
    return "varies" if len(names) == 1 else "vary"


def find_pairs(look: Look) -> Iterator[Finding]:
    """Give pairs of columns that say the same: equal, perfectly correlated, or one-to-one."""
    rows = look.rows(ROWS_FOR_PAIRS)
    if len(rows) < FEWEST_ROWS_FOR_PAIRS:
        return
    varied = [seen for seen in look.seen if seen.varies]
    taken: set[str] = set()
    for first, second, how in [*_equal(varied, rows), *_correlated(varied, rows)]:
        if second.name in taken:
            continue
        taken.add(second.name)
        yield Finding(
            "duplicate",
            "look",
            f'"{first.name}" and "{second.name}" say the same: {how}{look.sample}.',
            remedy=Text("Leave one of them out: `{drop}`.", drop=[second.name]),
            columns=(first.name, second.name),
        )


def _equal(varied: list[Seen], rows: np.ndarray) -> Iterator[tuple[Seen, Seen, str]]:
    """Give equal columns, and categories (or few whole numbers) that go one-to-one."""
    first_by_values: dict[bytes, Seen] = {}
    first_by_levels: dict[bytes, Seen] = {}
    any_category = any(seen.is_category for seen in varied)
    for seen in varied:
        part = seen.numbers[rows]
        known = first_by_values.setdefault(part.tobytes(), seen)
        if known is not seen and known.is_category == seen.is_category:
            how = "their levels go one-to-one" if seen.is_category else "they are equal"
            yield known, seen, how
            continue
        if seen.is_category or (any_category and seen.n_different <= MOST_SLOTS):
            levels = part if seen.is_category else _by_first_appearance(part)
            known = first_by_levels.setdefault(levels.tobytes(), seen)
            if known is not seen and (known.is_category or seen.is_category):
                yield known, seen, "their values go one-to-one"


def _by_first_appearance(numbers: np.ndarray) -> np.ndarray:
    """Return places of the values by first appearance, from 1 on as those of categories."""
    gaps = np.isnan(numbers)
    _, first, codes = np.unique(numbers[~gaps], return_index=True, return_inverse=True)
    places = np.empty(len(first))
    places[np.argsort(first)] = np.arange(1, len(first) + 1)
    out = np.full(len(numbers), np.nan)
    out[~gaps] = places[codes]
    return out


def _correlated(varied: list[Seen], rows: np.ndarray) -> Iterator[tuple[Seen, Seen, str]]:
    numbers = [seen for seen in varied if not seen.is_category]
    if not 2 <= len(numbers) <= COLUMNS_FOR_PAIRS:
        return
    table = np.stack([seen.numbers[rows] for seen in numbers], axis=1)
    gaps = np.isnan(table)
    center = np.nanmean(np.where(gaps.all(axis=0), 0.0, table), axis=0)
    table = _divided(np.where(gaps, 0.0, table - center), lambda x: np.abs(x).max(axis=0))
    table = _divided(table, lambda x: np.sqrt((x**2).sum(axis=0)))
    correlation = table.T @ table
    for i, j in np.argwhere(np.triu(np.abs(correlation) > SAME, k=1)):
        if (gaps[:, i] == gaps[:, j]).all():
            yield numbers[i], numbers[j], f"their correlation is {correlation[i, j]:.6f}"


def _divided(table: np.ndarray, size: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Return the columns divided by their size; those without any stay as they are."""
    sizes = size(table)
    return table / np.where(sizes > 0, sizes, 1.0)
