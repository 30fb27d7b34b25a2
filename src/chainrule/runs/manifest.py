"""What a manifest says, as far as anything is made of it; the rest is for people.

A manifest may come from anywhere, so whatever is taken from it is checked here: its types by these
records, its values below them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from chainrule.data.columns.kinds import KINDS
from chainrule.errors import ModelFileError
from chainrule.storage.document import Scalar

Number = int | float
MOST_LETTERS = 300  # of what is wrong


class OfClass(msgspec.Struct):
    """How well one class is told, on so many rows."""

    name: Scalar = msgspec.field(name="class")
    rows: Number
    precision: Number | None
    recall: Number | None
    f1: Number | None


class OfQuantile(msgspec.Struct):
    """How many of the rows lie below a quantile."""

    level: Number
    share_below: Number
    pinball_loss: Number


class Scores(msgspec.Struct):
    """Scores on the test rows; of several targets those of each, too."""

    rows: int = 0
    classes: list[Scalar] = []
    confusion: list[list[Number]] = []
    per_class: list[OfClass] = []
    quantiles: list[OfQuantile] = []
    targets: dict[str, Scores] = {}
    unit: str = ""
    interval: list[Number] | None = None


class OfFinding(msgspec.Struct):
    """What was found odd about the table."""

    kind: str
    text: str
    remedy: str
    severity: str = "look"
    columns: list[str] = []
    rows: list[int] = []
    cells: list[str] = []


class Results(msgspec.Struct):
    """How the fit went."""

    table: str = ""
    split: str = ""
    model: str = ""
    network: str = ""
    training: str = ""
    kept: str = ""
    epochs: int = 0
    measure: str = ""
    seconds: dict[str, Number] = {}
    findings: list[OfFinding] = []
    test: Scores | None = None
    baselines: dict[str, Number | None] = {}
    baselines_cut: list[str] = []


class OfSplit(msgspec.Struct):
    """How the rows were parted."""

    description: str = ""
    kind: str = ""
    groups: str | None = None


class Resumed(msgspec.Struct):
    """The run that this one goes on from."""

    run: str
    epoch: int | None
    same_table: bool


class Manifest(msgspec.Struct):
    """The manifest of a run."""

    target: str | list[str]
    task: Literal["classification", "regression"] | None = None
    command: list[str] = []
    date: str = ""
    begun: list[str] = []
    table: str | None = None
    data_hash: str | None = None
    weight: str | None = None
    seed: int | None = None
    split: OfSplit | None = None
    resumed: Resumed | None = None
    columns: list[tuple[str, str, str]] = []
    best_epoch: int | None = None
    versions: dict[str, str] = {}
    results: Results | None = None


def check_manifest(told: Any) -> None:
    """Refuse a manifest that says what none can say.

    Raises
    ------
    ModelFileError
        In the words that belong behind the name of the file.
    """
    try:
        manifest = msgspec.convert(told, Manifest)
    except msgspec.ValidationError as error:
        raise ModelFileError(f"is not as a fit writes it ({str(error)[:MOST_LETTERS]})") from None
    for name, kind, _ in manifest.columns:
        if kind not in KINDS:
            raise ModelFileError(f'has "{name}" as a column of no known kind')
    results = manifest.results
    if results is None or results.test is None:
        return
    measured = told["results"]["test"].get(results.measure, "")
    if not isinstance(measured, Number | None):
        raise ModelFileError("does not say how the network was measured")
    _check_scores(results.test, told["results"]["test"])
    _check_numbers(results.baselines.values())


def _check_scores(scores: Scores, told: dict[str, Any]) -> None:
    n = len(scores.classes)
    sizes = {len(scores.per_class), len(scores.confusion), *map(len, scores.confusion)}
    if "confusion" in told and (n == 0 or sizes != {n}):
        raise ModelFileError("has scores of other classes than it names")
    _check_numbers(value for value in told.values() if isinstance(value, Number))
    _check_numbers(number for row in scores.confusion for number in row)
    if scores.interval is not None and len(scores.interval) != 2:
        raise ModelFileError("has an interval without two ends")
    _check_numbers(scores.interval or ())
    for each in scores.per_class:
        _check_numbers((each.rows, each.precision, each.recall, each.f1))
    for name, own in scores.targets.items():
        _check_scores(own, told["targets"][name])


def _check_numbers(numbers: Iterable[Number | None]) -> None:
    if not all(number is None or math.isfinite(number) for number in numbers):
        raise ModelFileError("has scores that are not finite")
