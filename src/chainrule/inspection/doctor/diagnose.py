"""The doctor's round: every look at the evidence, and the findings in the order to mend them."""

from collections.abc import Callable, Iterator, Sequence

from chainrule.finding import Finding
from chainrule.inspection.doctor import fit, flowing, rates, table
from chainrule.inspection.doctor.diagnosis import Diagnosis, SanityTest
from chainrule.inspection.doctor.evidence import Evidence

LOOKS: dict[str, Callable[[Evidence], Iterator[Finding]]] = {
    "non-finite values": rates.find_non_finite,
    "unsettled fixed points": fit.find_unsettled,
    "leaking column": table.find_leaks,
    "inputs not scaled": table.find_scales,
    "target not scaled": table.find_target_scale,
    "rate too high": rates.find_too_high,
    "exploding deltas": flowing.find_exploding,
    "vanishing deltas": flowing.find_vanishing,
    "rate too low": rates.find_too_low,
    "constant output": fit.find_constant,
    "dead units": flowing.find_dead_units,
    "saturation": flowing.find_saturation,
    "label noise": table.find_noise,
    "imbalance": table.find_imbalance,
    "stopped too early": rates.find_too_few,
    "underfitting": fit.find_too_little,
    "overfitting": fit.find_too_much,
}
"""The kinds of findings and who looks for them, the causes before what follows from them."""

KINDS = tuple(LOOKS)


def diagnose_training(seen: Evidence, tests: Sequence[SanityTest] = ()) -> Diagnosis:
    """Return what is wrong with a training: warnings before notes, causes before effects.

    Parameters
    ----------
    seen : Evidence
        Its record and its rows; what is missing is not looked at.
    tests : sequence of SanityTest, optional
        Tests by training, to be kept beside the findings.
    """
    found = [finding for look in LOOKS.values() for finding in look(seen)]
    found.sort(key=lambda finding: finding.severity != "warning")
    looked_at = ["history"]
    looked_at += ["flow"] if seen.flow else []
    if seen.rows is not None:
        looked_at += ["rows"]
        looked_at += ["a comparison with trees"] if seen.rows.reference is not None else []
    return Diagnosis(tuple(found), tuple(looked_at), tuple(tests))
