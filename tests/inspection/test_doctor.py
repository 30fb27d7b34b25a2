"""Every kind of finding from made-up records that have it, and none from a healthy one.

Whether it is found on real tables is measured by `benchmarks/planted_faults.py`.
"""

import re
from dataclasses import replace

import numpy as np
import pytest

from chainrule import MLPClassifier, TabularClassifier
from chainrule.inspection.doctor.diagnose import KINDS, diagnose_training
from chainrule.inspection.doctor.evidence import Evidence, Reference, SeenRows, Settings

EPOCHS = np.arange(41)
FALLING = 1.0 * np.exp(-EPOCHS / 5) + 0.1
RNG = np.random.default_rng(0)
Y = np.repeat([0, 1], 50)
X = RNG.normal(size=(100, 3)) + Y[:, None]
GOOD = np.where(np.eye(2)[Y] > 0, 0.9, 0.1)
SETTINGS = Settings(
    "adam", 0.005, 40, 20, "finished", "all 40 epochs done", 40, (8, 8), ("relu", "relu")
)
LAYERS = ("hidden1 (dense)", "hidden2 (dense)", "output (dense)")


def flow(deltas=(1.0, 1.0, 1.0), step=1e-2, **activations):
    series = {
        label: {"delta_norm": np.full(5, d), "update_ratio": np.full(5, step)}
        for label, d in zip(LAYERS, deltas, strict=True)
    }
    own = {name: np.full(5, share) for name, share in activations.items()}
    return {"epoch": 2 ** np.arange(5), **series, "hidden1 (tanh)": own}


def seen(loss=FALLING, validated=None, rows=None, task="classification", **settings):
    """A healthy training, changed as asked."""
    recorded = settings.pop("recorded", flow())
    more = settings.pop("history", {})
    history = {"epoch": np.arange(len(loss)), "loss": loss, "running_loss": loss, **more}
    if validated is not None:
        history["val_loss"] = validated
    return Evidence(task, history, replace(SETTINGS, **settings), recorded, rows)


def table(x=X, y=Y, predictions=GOOD, **more):
    usual = {"hidden": (np.abs(RNG.normal(size=(len(x), 8))),), "reference": Reference(GOOD)}
    names = [f"x{i}" for i in range(x.shape[1])]
    return SeenRows(x, names, y, ("no", "yes"), predictions, **usual | more)


def numbers(y, predictions=None, **more):
    usual = {"hidden": (), "reference": None} | more
    predictions = y[:, None] if predictions is None else predictions
    return SeenRows(X, ["a", "b", "c"], y, (), predictions, **usual)


def swapped(n):
    """Rows whose label is not what the trees say."""
    p = GOOD.copy()
    p[:n] = p[:n, ::-1]
    return Reference(p)


RARE = np.r_[np.zeros(97, int), np.ones(3, int)]
FAR = Reference(predictions=X[:, 0] + np.where(np.arange(100) < 5, 50, 0.1))
HALF_WRONG = np.where(RNG.random((100, 1)) < 0.5, GOOD, GOOD[:, ::-1])
SAME = np.full((100, 2), 0.5)
MOSTLY_DEAD = np.where(np.arange(8) < 6, -1.0, 1.0) * np.ones((100, 8))
NEVER = np.tile([0.8, 0.2], (100, 1)) + np.where(X[:, :1] > 0, 0.1, -0.1) * [1, -1]
FAR = Reference(predictions=X[:, 0] + np.where(np.arange(100) < 5, 50, 0.1))
SPOILT = numbers(X[:, 0], reference=FAR)
CASES = {
    "non-finite values": seen(stop="diverged", message="the loss stopped being finite"),
    "unsettled fixed points": seen(history={"unsettled": np.full(41, 0.05)}),
    "leaking column": seen(rows=table(leaks=[("x1", '"x1" alone tells the target.')])),
    "inputs not scaled": seen(rows=table(x=X * np.array([1.0, 1.0, 900.0]))),
    "target not scaled": seen(task="regression", rows=numbers(700 + 90 * X[:, 0])),
    "rate too high": seen(loss=np.r_[1.0, 9.0, 30.0, RNG.uniform(1, 9, 38)]),
    "exploding deltas": seen(recorded=flow((900.0, 30.0, 1.0))),
    "vanishing deltas": seen(recorded=flow((1e-5, 1e-3, 1.0))),
    "rate too low": seen(loss=np.linspace(1.0, 0.999, 41), recorded=flow(step=1e-6)),
    "constant output": seen(rows=table(predictions=SAME, reference=None), penalty=30.0),
    "dead units": seen(rows=table(hidden=(MOSTLY_DEAD,))),
    "saturation": seen(recorded=flow(saturated=0.9), activations=("tanh", "tanh")),
    "label noise": seen(rows=table(reference=swapped(12))),
    "imbalance": seen(rows=table(y=RARE, predictions=NEVER, reference=None)),
    "stopped too early": seen(loss=np.linspace(1.0, 0.5, 6)),
    "underfitting": seen(rows=table(predictions=HALF_WRONG)),
    "overfitting": seen(validated=0.3 + np.abs(EPOCHS - 8) / 20, best_epoch=40),
}  # fmt: skip


AT_ITS_ENDS = np.where(RNG.random((100, 8)) < 0.5, 0.001, 0.999)


def test_saturation_is_found_whatever_the_function_is_called():
    """scikit-learn calls the sigmoid "logistic"."""
    for name in ("sigmoid", "logistic"):
        recorded = flow(saturated=0.9)
        recorded["hidden1 (sigmoid)"] = recorded.pop("hidden1 (tanh)")
        evidence = seen(rows=table(hidden=(AT_ITS_ENDS,)), recorded=recorded, activations=(name,))
        found = {finding.kind: finding for finding in diagnose_training(evidence)}
        assert found["saturation"].severity == "warning"
        assert f"the ends of {name}" in found["saturation"].evidence


def test_every_kind_has_a_case():
    assert list(CASES) == list(KINDS)


@pytest.mark.parametrize("kind", CASES)
def test_the_first_finding_is_the_planted_one(kind):
    diagnosis = diagnose_training(CASES[kind])
    assert len(diagnosis), kind
    first = diagnosis.findings[0]
    assert (first.kind, first.severity) == (kind, "warning"), diagnosis.text
    assert first.evidence.endswith(".")
    assert first.cause.endswith(".")
    assert first.remedy.endswith(".")
    assert kind in str(diagnosis)
    assert diagnosis.to_dict()["findings"][0]["kind"] == kind
    assert not diagnosis.healthy


# what is never wrong with a model whose flow is not recorded, whose inputs are always scaled, and
# whose dead units show in no remedy of its own
NOT_OF_TABULAR = ("inputs not scaled", "exploding deltas", "vanishing deltas", "dead units",
                  "saturation", "unsettled fixed points")  # fmt: skip


@pytest.mark.parametrize("kind", [kind for kind in CASES if kind not in NOT_OF_TABULAR])
def test_remedies_name_options_that_the_model_has(kind):
    has = set(TabularClassifier().get_params())
    evidence = CASES[kind]
    lacks = frozenset(set(MLPClassifier().get_params()) - has)
    with_less = replace(evidence, settings=replace(evidence.settings, lacks=lacks))
    remedy = diagnose_training(with_less).findings[0].remedy
    named = set(re.findall(r"\b([a-z]\w*)=", remedy))
    assert named <= has, remedy


def test_an_epoch_chosen_by_a_score_is_no_overfitting():
    risen = CASES["overfitting"]
    by_score = replace(risen, settings=replace(risen.settings, scoring="accuracy"))
    assert diagnose_training(by_score).healthy


@pytest.mark.parametrize(
    "healthy",
    [
        seen(),
        seen(validated=FALLING + 0.05, rows=table()),
        seen(task="regression", rows=numbers(X[:, 0])),
        seen(validated=0.3 + np.abs(EPOCHS - 8) / 20, best_epoch=8, stop="early"),
    ],
)
def test_nothing_is_found_where_nothing_is_wrong(healthy):
    diagnosis = diagnose_training(healthy)
    assert list(diagnosis) == []
    assert diagnosis.healthy
    assert str(diagnosis).startswith("Nothing found. Looked at: history, flow")


def test_suspicious_rows_are_named():
    first = diagnose_training(CASES["label noise"]).findings[0]
    assert sorted(first.rows) == list(range(12))
    outlying = diagnose_training(seen(task="regression", rows=SPOILT)).findings[0]
    assert (outlying.kind, sorted(outlying.rows)) == ("label noise", [0, 1, 2, 3, 4])


def test_classes_that_are_hard_are_no_wrong_labels():
    """As on `yeast`, where 7 % are clearly of another class, and 30 % by a little."""
    p = swapped(12).probabilities.copy()
    p[50:80] = [0.6, 0.4]  # of the second class, and not by far
    hard = diagnose_training(seen(rows=table(reference=Reference(p))))
    assert "label noise" not in {finding.kind for finding in hard}


def test_values_that_are_hard_are_no_wrong_labels():
    """As of prices, whose errors grow with them: of all errors, many are 6 times the usual one."""
    level = np.exp(np.linspace(0, 8, 100))
    y = level * (1 + 0.1 * np.random.default_rng(0).normal(size=100))

    def found():
        rows = numbers(y, reference=Reference(predictions=level))
        return {each.kind for each in diagnose_training(seen(task="regression", rows=rows))}

    assert "label noise" not in found()
    y[::12] *= 3
    assert "label noise" in found()


def test_causes_come_before_what_follows_from_them():
    """A rate that is far too high also kills units and leaves the network behind trees."""
    rows = table(predictions=HALF_WRONG, hidden=(-np.ones((100, 8)),))
    loss = np.r_[1.0, 9.0, 30.0, RNG.uniform(1, 9, 38)]
    kinds = [finding.kind for finding in diagnose_training(seen(loss=loss, rows=rows))]
    assert kinds == ["rate too high", "dead units", "underfitting"]
