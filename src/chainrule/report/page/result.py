"""How good it is: the test score beside three baselines, and what it gets right and wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.data.rows.rows import Rows
from chainrule.report.calibration import calibration_figure
from chainrule.report.page.blocks import Block, Heading, Section, Table, Words
from chainrule.report.page.pictures import if_possible, picture
from chainrule.report.page.subject import Subject
from chainrule.report.page.uncertainty import Interval, verdict
from chainrule.report.page.wording import general, measure_words, number
from chainrule.report.predictions import confusion_figure, error_figure, scatter_figure
from chainrule.report.scores import READING as SCORES
from chainrule.report.scores import scores_figure
from chainrule.report.thresholds import precision_recall_figure, roc_figure

MOST_TARGETS = 4
SHARES = ("accuracy", "balanced_accuracy", "log_loss", "r2", "d2_pinball", "all_right")


def how_good_it_is(subject: Subject, interval: Interval | None) -> Section:
    """Return the section on the test."""
    results = subject.results
    if "test" not in results or subject.test is None:
        words = "No rows were held out for a test, so how good it is on new rows is not known."
        return Section("result", "How good is it?", (Words(words),))
    scores, measure = results["test"], results["measure"]
    baselines = results.get("baselines") or {}
    blocks: list[Block] = []
    if scores[measure] is not None:
        said = verdict(scores[measure], interval, baselines, scores["rows"])
        blocks += [Words(said)] if said else []
        if subject.draws and baselines:
            blocks.append(_scores_picture(scores[measure], interval, baselines, measure))
    blocks.append(_scores_table(scores, measure, interval, baselines))
    if interval is not None:
        blocks.append(Words(f"The 95 % interval: {interval.how}."))
    more = _single(scores, measure)
    if more:
        blocks.append(
            Table("Other scores of the network", ("measure", "on the test rows"), more, (1,))
        )
    for i, name in enumerate(subject.targets[:MOST_TARGETS]):
        own = scores["targets"][name] if "targets" in scores else scores
        if "targets" in scores:
            blocks.append(Heading(name))
            blocks.append(
                Table(f"Scores of {name}", ("measure", "on the test rows"), _single(own, ""), (1,))
            )
        blocks += _of_target(subject, subject.test, i, name, own)
    return Section("result", "How good is it?", tuple(blocks))


def _scores_picture(
    score: float, interval: Interval | None, baselines: Mapping[str, Any], measure: str
) -> Any:
    ends = None if interval is None else (interval.low, interval.high)
    figure = scores_figure(score, ends, baselines, measure_words(measure))
    each = ", ".join(f"{name} {number(value)}" for name, value in baselines.items())
    says = f"Test scores: network {score:.3f}{_between(interval)}; {each}"
    return picture("", "The network beside three baselines", [(figure, says)], SCORES)


def _between(interval: Interval | None) -> str:
    return "" if interval is None else f" ({interval.low:.3f} to {interval.high:.3f})"


def _scores_table(
    scores: Mapping[str, Any], measure: str, interval: Interval | None, baselines: Mapping[str, Any]
) -> Table:
    ends = "–" if interval is None else f"{interval.low:.3f} to {interval.high:.3f}"
    rows = [("network", number(scores[measure]), ends)]
    rows += [(name, number(score), "") for name, score in baselines.items()]
    caption = f"{measure_words(measure)} on {scores['rows']:,} test rows"
    caption = caption[:1].upper() + caption[1:]
    return Table(
        caption, ("model", measure_words(measure), "95 % interval"), tuple(rows), (1, 2), 0
    )


def _single(scores: Mapping[str, Any], shown: str) -> tuple[tuple[str, str], ...]:
    """Return the scores that are single numbers, but for the one shown elsewhere."""
    unit = f" {scores['unit']}" if "unit" in scores else ""
    single = [
        (measure_words(name), number(value) if name in SHARES else f"{general(value)}{unit}")
        for name, value in scores.items()
        if isinstance(value, float) and name != shown
    ]
    single += [
        (
            f"share of rows below quantile {each['level']:g}",
            f"{each['share_below']:.1%}",
        )
        for each in scores.get("quantiles", [])
    ]
    return tuple(single)


def _of_target(
    subject: Subject, part: Rows, i: int, name: str, scores: Mapping[str, Any]
) -> list[Block]:
    if "confusion" in scores:
        return _of_classes(subject, part, i, name, scores)
    if not subject.draws:
        return []
    true = part.each_target[i].astype(np.float64)
    target = subject.model.fitted_.target
    guess, dated = target.plain(subject.model.predict(part.columns))[:, i], bool(scores.get("unit"))
    in_unit = f"{name}, days" if dated else name
    error, unit = guess - true, " days" if dated else ""
    says = f"{len(true):,} test rows: predicted {name} against true {name}"
    told = f"Errors of {name}: mean {error.mean():.3g}{unit}, spread {error.std():.3g}{unit}"
    return [
        picture(
            "predicted_against_true",
            "Predicted against true",
            [(scatter_figure(true, guess, name, dated=dated), says)],
        ),
        picture("errors", "The errors", [(error_figure(true, guess, in_unit), told)]),
    ]


def _of_classes(
    subject: Subject, part: Rows, i: int, name: str, scores: Mapping[str, Any]
) -> list[Block]:
    rows = [
        (str(each["class"]), f"{each['rows']:,}", *(number(each[k]) for k in MEASURED))
        for each in scores["per_class"]
    ]
    heading = ("class", "rows", *MEASURED[:2], "F1")
    matrix, classes = np.asarray(scores["confusion"]), scores["classes"]
    blocks: list[Block] = [
        Table(f"The classes of {name}", heading, tuple(rows), (1, 2, 3, 4)),
        Words(_mixed_up(matrix, classes)),
    ]
    if not subject.draws:
        return blocks
    right = int(np.trace(matrix))
    says = (
        f"Confusion matrix: {right} of {matrix.sum()} test rows right. {_mixed_up(matrix, classes)}"
    )
    blocks.append(
        picture("confusion_matrix", "Right and wrong", [(confusion_figure(matrix, classes), says)])
    )
    proba = subject.model.predict_proba(part.columns)
    if subject.model.fitted_.target.n_targets > 1:
        return blocks
    true = part.each_target[i]
    known = subject.model.classes_
    for key, title, draw, what in (
        ("roc", "Classes at every threshold: ROC", roc_figure, "ROC curve"),
        (
            "precision_recall",
            "Classes at every threshold: precision and recall",
            precision_recall_figure,
            "precision-recall curve",
        ),
        ("calibration", "Whether the probabilities hold", calibration_figure, "calibration curve"),
    ):
        blocks += if_possible(
            lambda key=key, title=title, draw=draw, what=what: picture(
                key,
                title,
                [(draw(true, proba, known), f"{title}, {what} of {name} on the test rows")],
            ),
            what,
        )
    return blocks


MEASURED = ("precision", "recall", "f1")


def _mixed_up(matrix: np.ndarray, classes: list[Any]) -> str:
    """Return which class is most often taken for which."""
    wrong = matrix - np.diag(np.diag(matrix))
    if not wrong.any():
        return "No test row was taken for another class."
    i, j = np.unravel_index(int(wrong.argmax()), wrong.shape)
    times = int(wrong[i, j])
    return (
        f"The commonest mistake: {classes[i]} taken for {classes[j]}, {times} of the "
        f"{int(matrix[i].sum())} rows of {classes[i]}."
    )
