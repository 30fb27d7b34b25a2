"""The doctor's round: every look at the evidence, and the findings in the order to mend them."""

from collections.abc import Sequence

from chainrule.inspection.doctor.evidence import Evidence
from chainrule.inspection.doctor.finding import KINDS, Diagnosis, SanityTest
from chainrule.inspection.doctor.fit import (
    find_constant,
    find_too_little,
    find_too_much,
    find_unsettled,
)
from chainrule.inspection.doctor.flowing import find_in_flow
from chainrule.inspection.doctor.rates import find_in_rates, find_non_finite, find_too_few
from chainrule.inspection.doctor.table import (
    find_imbalance,
    find_leaks,
    find_noise,
    find_scales,
)

LOOKS = (
    find_non_finite,
    find_unsettled,
    find_leaks,
    find_scales,
    find_in_rates,
    find_in_flow,
    find_constant,
    find_noise,
    find_imbalance,
    find_too_few,
    find_too_little,
    find_too_much,
)


def diagnose_training(seen: Evidence, tests: Sequence[SanityTest] = ()) -> Diagnosis:
    """Return what is wrong with a training: warnings before notes, causes before effects.

    Parameters
    ----------
    seen : Evidence
        Its record and its rows; what is missing is not looked at.
    tests : sequence of SanityTest, optional
        Tests by training, to be kept beside the findings.
    """
    found = [finding for look in LOOKS for finding in look(seen)]
    found.sort(key=lambda f: (f.severity != "warning", KINDS.index(f.kind)))
    looked_at = ["history"]
    looked_at += ["flow"] if seen.flow else []
    if seen.rows is not None:
        looked_at += ["rows"]
        looked_at += ["a comparison with trees"] if seen.rows.reference is not None else []
    return Diagnosis(tuple(found), tuple(looked_at), tuple(tests))
