"""What the doctor says: findings, each with its evidence, its cause and what to change."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

KINDS = (
    "non-finite values",
    "unsettled fixed points",
    "leaking column",
    "inputs not scaled",
    "target not scaled",
    "rate too high",
    "exploding deltas",
    "vanishing deltas",
    "rate too low",
    "constant output",
    "dead units",
    "saturation",
    "label noise",
    "imbalance",
    "stopped too early",
    "underfitting",
    "overfitting",
)
"""The kinds of findings, the causes before what follows from them."""

Severity = Literal["warning", "note"]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a training.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    severity : {"warning", "note"}
        Whether it should be mended, or is only good to know.
    evidence : str
        What was measured, in one sentence with its numbers.
    cause : str
        Why that happens, in one sentence.
    remedy : str
        Which option to change, and to what.
    numbers : dict
        The numbers of the evidence, by name.
    rows : tuple of int
        The rows it is about, the most suspicious first; none if it is about all.
    """

    kind: str
    severity: Severity
    evidence: str
    cause: str
    remedy: str
    numbers: dict[str, float] = field(default_factory=dict)
    rows: tuple[int, ...] = ()

    @property
    def text(self) -> str:
        """The whole, to be printed."""
        return f"{self.kind}: {self.evidence} {self.cause} {self.remedy}"

    def to_dict(self) -> dict[str, Any]:
        """Return everything as dicts, lists, strings and numbers."""
        return {**vars(self), "numbers": dict(self.numbers), "rows": list(self.rows)}


@dataclass(frozen=True)
class SanityTest:
    """A test by training: its name, whether it was passed, and what was measured."""

    name: str
    passed: bool
    evidence: str


@dataclass(frozen=True)
class Diagnosis:
    """The findings of a training, the gravest first; it iterates over them.

    Attributes
    ----------
    findings : tuple of Finding
        Empty if nothing is wrong.
    looked_at : tuple of str
        What there was to look at: "history", "flow", "rows", ….
    tests : tuple of SanityTest
        The tests by training, if they were asked for.
    """

    findings: tuple[Finding, ...]
    looked_at: tuple[str, ...]
    tests: tuple[SanityTest, ...] = ()

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    @property
    def healthy(self) -> bool:
        """Whether no finding is a warning, and no test was failed."""
        notes = all(finding.severity == "note" for finding in self.findings)
        return notes and all(test.passed for test in self.tests)

    @property
    def text(self) -> str:
        """The findings, to be printed."""
        lines = []
        if not self.findings:
            lines.append(f"Nothing found. Looked at: {', '.join(self.looked_at)}.")
        for number, finding in enumerate(self.findings, start=1):
            lines.append(f"{number}. {finding.kind} ({finding.severity})")
            lines += [f"   {part}" for part in (finding.evidence, finding.cause, finding.remedy)]
        for test in self.tests:
            lines.append(f"{'passed' if test.passed else 'FAILED'}  {test.name}: {test.evidence}")
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text

    def to_dict(self) -> dict[str, Any]:
        """Return everything as dicts, lists, strings and numbers."""
        findings = [finding.to_dict() for finding in self.findings]
        return {
            "findings": findings,
            "looked_at": list(self.looked_at),
            "tests": [dict(vars(test)) for test in self.tests],
            "healthy": self.healthy,
        }
