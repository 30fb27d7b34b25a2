"""The page: the first screen, and a section for each question, in the order they are asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chainrule.report.page.asked import how_to_do_it_again, what_was_asked
from chainrule.report.page.blocks import Figure, Page
from chainrule.report.page.doctor import diagnose, what_is_wrong
from chainrule.report.page.learning import how_it_learnt
from chainrule.report.page.looking import what_it_looks_at
from chainrule.report.page.network import what_was_trained
from chainrule.report.page.result import how_good_it_is
from chainrule.report.page.row import one_row
from chainrule.report.page.settling import how_it_settles
from chainrule.report.page.subject import Subject
from chainrule.report.page.table import how_it_was_split, what_was_understood
from chainrule.report.page.uncertainty import Interval, score_interval, verdict
from chainrule.report.page.wording import general, measure_words, number
from chainrule.wording import count


def make_page(subject: Subject) -> Page:
    """Return what the report says."""
    results = subject.results
    interval = None
    if "test" in results and subject.test is not None:
        measure = results["measure"]
        interval = score_interval(subject.model, subject.test, measure, results["test"][measure])
    diagnosis = diagnose(subject)
    sections = (
        what_was_asked(subject),
        what_was_understood(subject),
        how_it_was_split(subject),
        what_was_trained(subject),
        how_good_it_is(subject, interval),
        how_it_learnt(subject),
        what_it_looks_at(subject),
        how_it_settles(subject),
        what_is_wrong(subject, diagnosis),
        one_row(subject),
        how_to_do_it_again(subject),
    )
    source = subject.record.get("table")
    version = (subject.record.get("versions") or {}).get("chainrule", "")
    return Page(
        title=f"{subject.target}{f' from {Path(source).name}' if source else ''}",
        kicker=" · ".join(
            each for each in (subject.name, str(subject.record.get("date", "")[:10])) if each
        ),
        subject=subject.target,
        verdict=_verdict(subject, interval),
        figures=_figures(subject, interval, diagnosis),
        sections=tuple(section for section in sections if section is not None),
        foot=f"Made by chainrule {version}. One file: nothing is fetched when it is opened.",
    )


def _verdict(subject: Subject, interval: Interval | None) -> str:
    results = subject.results
    if "test" not in results:
        return "No rows were held out for a test, so how good it is on new rows is not known."
    score = results["test"][results["measure"]]
    if score is None:
        return "The test rows are too few, or too alike, for a score."
    return verdict(score, interval, results.get("baselines") or {}, results["test"]["rows"])


def _figures(subject: Subject, interval: Interval | None, diagnosis: Any) -> tuple[Figure, ...]:
    """Return the numbers of the first screen: score, best baseline, findings."""
    results, figures = subject.results, []
    if "test" in results:
        measure, scores = results["measure"], results["test"]
        ends = f"95 %: {interval.low:.3f} to {interval.high:.3f}; " if interval else ""
        label = f"{measure_words(measure)} of the network"
        figures.append(
            Figure(number(scores[measure]), label, f"{ends}{count(scores['rows'], 'test row')}")
        )
        if "rmse" in scores and measure == "r2":
            mean = " (mean of the targets)" if "targets" in scores else ""
            figures.append(
                Figure(
                    general(scores["mae"]), f"mean error{mean}", f"in the unit of {subject.target}"
                )
            )
        known = {k: v for k, v in (results.get("baselines") or {}).items() if v is not None}
        if known:
            best = max(known, key=lambda name: known[name])
            figures.append(Figure(number(known[best]), best, "the best of three baselines"))
    else:
        history = subject.model.history_
        name = "val_loss" if "val_loss" in history else "loss"
        which = "validation" if name == "val_loss" else "training"
        figures.append(Figure(general(float(history[name][-1])), f"loss on the {which} rows"))
    n_warnings = sum(finding.severity == "warning" for finding in diagnosis)
    n_notes = len(diagnosis) - n_warnings
    notes = f"and {count(n_notes, 'note')}" if n_notes else "in the training"
    word = "warning of the doctor" if n_warnings == 1 else "warnings of the doctor"
    tone = "alert" if n_warnings else ""
    return (*figures, Figure(str(n_warnings), word, notes, tone))
