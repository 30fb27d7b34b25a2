"""How a fixed-point network settles: in training, and now."""

from __future__ import annotations

import numpy as np

from chainrule.judging.settling import SettleReport
from chainrule.report.page.blocks import Block, Section, Words
from chainrule.report.page.pictures import picture
from chainrule.report.page.subject import Subject
from chainrule.report.settling import settling_curves, settling_report_figure

MOST_ROWS = 64


def how_it_settles(subject: Subject) -> Section | None:
    """Return the section on settling; None for networks that need not settle."""
    which, part = subject.seen
    if not subject.settles or part is None:
        return None
    part = part.first(MOST_ROWS)
    report = subject.model.diagnose_settling(part.native)
    told = str(SettleReport(subject.model.settle_report_.epochs, None)).splitlines()
    blocks: list[Block] = [
        Words(" ".join(f"{line[:1].upper()}{line[1:]}." for line in told)),
        Words(f"Looked at closely, {len(part)} {which} rows:"),
        *(Words(remark.at(subject.door).text) for remark in report.remarks),
    ]
    if subject.draws:
        path = subject.model.settle_path(part.native)
        says = (
            f"Residuals of {len(part)} rows over {len(path.residuals) - 1} sweeps, at the end "
            f"{np.max(path.residuals[-1]):.1e} at most"
        )
        blocks.append(
            picture(
                "settling",
                f"Settling, sweep by sweep ({which} rows)",
                [(settling_curves(path.residuals, path.energies, columns=1), says)],
            )
        )
        if report.curves:
            says = f"State and error of the {len(report.curves)} slowest rows as they settle"
            blocks.append(
                picture(
                    "settling_report", "The slowest rows", [(settling_report_figure(report), says)]
                )
            )
    return Section("settling", "How does it settle?", tuple(blocks))
