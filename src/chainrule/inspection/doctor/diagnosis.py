"""What the doctor says of a training: the findings, what was looked at, and tests by training."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from chainrule.advice import Door
from chainrule.finding import Finding


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

    def at(self, door: Door) -> "Diagnosis":
        """Return the diagnosis with its remedies as they are read at a door."""
        return replace(self, findings=tuple(finding.at(door) for finding in self.findings))

    def to_dict(self) -> dict[str, Any]:
        """Return everything as dicts, lists, strings and numbers."""
        findings = [finding.to_dict() for finding in self.findings]
        return {
            "findings": findings,
            "looked_at": list(self.looked_at),
            "tests": [dict(vars(test)) for test in self.tests],
            "healthy": self.healthy,
        }
