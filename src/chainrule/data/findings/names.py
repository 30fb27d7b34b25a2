"""Findings on columns of names: levels written in two ways, and rows of the same one or thing."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from chainrule.advice import Either, Setting, Text
from chainrule.data.findings.look import Look, Seen
from chainrule.finding import Finding
from chainrule.wording import count, listing

MOST_SHOWN = 3
FEWEST_OWNERS, LARGEST_SHARE = 10, 0.2
# who or what has several rows; in the singular, which columns are named in
OWNERS = frozenset(
    "animal child client customer device donor driver employee family household individual "
    "listener machine member participant patient person player pupil respondent sensor speaker "
    "student subject user visitor volunteer worker writer".split()
)
IDS = frozenset({"id", "ids", "uuid", "guid"})


def find_in_names(look: Look) -> Iterator[Finding]:
    """Give what is found in columns of names."""
    for seen in look.seen:
        if seen.is_category:
            yield from _written_in_two_ways(seen, look)
    for seen in [each for each in look.seen if _has_owners(each)][:1]:
        n = len(np.unique(seen.present))
        yield Finding(
            "groups",
            "look",
            f'"{seen.name}" has {n:,} different values in {len(seen.present):,} rows, so that one '
            f"{_owner(seen.name)} has {len(seen.present) / n:.1f} of them{look.sample}.",
            "Where rows of one are in training and test at once, the test is easier than new ones.",
            Text(
                "If new ones are to be predicted, keep the rows of each together: `{}`.",
                Either(
                    Setting("groups", ...),
                    Text("{split} {groups}", split="groups", groups=seen.name),
                ),
            ),
            columns=(seen.name,),
        )


def _written_in_two_ways(seen: Seen, look: Look) -> Iterator[Finding]:
    """Give levels that differ in capitals and blanks alone."""
    alike: dict[str, list[int]] = {}
    for place, text in enumerate(seen.texts):
        alike.setdefault(" ".join(text.casefold().split()), []).append(place)
    several = [places for places in alike.values() if len(places) > 1]
    if not several:
        return
    sizes = np.bincount(seen.present.astype(int), minlength=len(seen.texts) + 1)[1:]
    several.sort(key=lambda places: -int(sizes[places].sum()))
    shown = [
        " and ".join(
            f'"{seen.texts[i]}" ({sizes[i]:,})' for i in sorted(each, key=lambda i: -sizes[i])
        )
        for each in several
    ]
    yield Finding(
        "spellings",
        "look",
        f'"{seen.name}" has {count(len(several), "level")} written in two ways or more, which '
        f"differ in capitals or blanks alone: {listing(shown, MOST_SHOWN)}{look.sample}.",
        "Each way is a level of its own, and what its rows tell is not told of the others.",
        Text("If they mean the same, write them in one way, in training and in new rows."),
        columns=(seen.name,),
    )


def _has_owners(seen: Seen) -> bool:
    """Return whether a column says whose rows are whose, of several rows each."""
    if seen.is_date or not _owner(seen.name) or len(seen.present) == 0:
        return False
    if not seen.is_category and (seen.present != np.round(seen.present)).any():
        return False
    sizes = np.unique(seen.present, return_counts=True)[1]
    several = 2 * len(sizes) <= len(seen.present)
    return len(sizes) >= FEWEST_OWNERS and several and sizes.max() <= LARGEST_SHARE * sizes.sum()


def _owner(name: str) -> str:
    """Return of whom or what a column is the name or number; "" if it is of none."""
    words = re.sub(r"([a-z])([A-Z])", r"\1 \2", name)
    words = [word for word in re.split(r"[\W_\d]+", words.lower()) if word]
    found = [own for own in (word.rstrip("s") for word in words) if own in OWNERS]
    numbered = len(words) > 1 and words[-1] in IDS
    if found and (len(words) == 1 or numbered or words[-1] in ("name", "number", "no", "nr")):
        return found[0]
    return " ".join(words[:-1]) if numbered else ""
