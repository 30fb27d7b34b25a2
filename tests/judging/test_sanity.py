"""What the sanity tests hold a network against: the losses that no inputs are needed for."""

import numpy as np
import pytest
from scipy.special import xlogy
from scipy.stats import entropy

from chainrule import MLPClassifier, MLPRegressor
from chainrule.data.rows.rows import as_rows
from chainrule.judging.sanity import _losses_without_inputs, sanity_tests

X = np.random.default_rng(0).normal(size=(120, 3))
COUNTS = np.random.default_rng(1).poisson(np.exp(X[:, 0])).astype(float)
CLASSES = np.c_[np.digitize(X[:, 0], [-1, 1]), X[:, 1] > 0].astype(int)


@pytest.mark.parametrize(
    ("model", "y", "best", "guessing"),
    [
        (MLPClassifier(), CLASSES[:, 0], 0, entropy(np.bincount(CLASSES[:, 0]))),
        (MLPClassifier(), CLASSES, 0, sum(entropy(np.bincount(c)) for c in CLASSES.T)),
        (
            MLPRegressor(loss="poisson"),
            COUNTS,
            np.mean(COUNTS - xlogy(COUNTS, COUNTS)),
            COUNTS.mean() - COUNTS.mean() * np.log(COUNTS.mean()),
        ),
    ],
    ids=["classes", "several targets", "counts"],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_guessing_costs_the_entropy_of_the_answers(model, y, best, guessing):
    model.set_params(hidden_layer_sizes=(4,), max_iter=5, random_state=0).fit(X, y)
    found = _losses_without_inputs(model, as_rows(X, y))
    assert found == pytest.approx((best, guessing), abs=1e-6)
    tests = sanity_tests(model, X, y)
    start = next(test for test in tests if test.name == "loss at the start")
    assert start.passed == (model.history_["loss"][0] - best < 2 * (guessing - best))
