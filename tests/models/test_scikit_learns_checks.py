"""scikit-learn's own checks of estimators: all of them, none expected to fail."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from chainrule import (
    FixedPointClassifier,
    FixedPointRegressor,
    MLPClassifier,
    MLPRegressor,
    TabularClassifier,
    TabularRegressor,
)

pytestmark = pytest.mark.scikit_learn

# Two fits whose sums are the same but for their order may differ by rounding, and this check allows
# a relative difference of 1e-7, which float32 cannot hold. scikit-learn runs it on its own MLP with
# other parameters than the defaults, too.
FINER_THAN_FLOAT32 = "check_sample_weight_equivalence"


@parametrize_with_checks([MLPClassifier(), MLPRegressor()])
@pytest.mark.filterwarnings("default")  # the checks provoke warnings, and look at some themselves
def test_check(estimator, check):
    if getattr(check, "func", check).__name__.startswith(FINER_THAN_FLOAT32):
        estimator = estimator.set_params(dtype="float64")
    check(estimator)


# scikit-learn excepts its own estimators that part the rows in the same way.
A_ROW_IS_IN_ONE_FOLD = "a row of weight 2 lies in one fold, two equal rows may lie in two"


@pytest.mark.slow
@parametrize_with_checks(
    [
        TabularClassifier(16, max_iter=60, n_networks=2),
        TabularRegressor(16, max_iter=60, n_networks=2),
    ],
    expected_failed_checks=lambda estimator: {
        f"{FINER_THAN_FLOAT32}_on_{kind}_data": A_ROW_IS_IN_ONE_FOLD for kind in ("dense", "sparse")
    },
)
@pytest.mark.filterwarnings("default")
def test_check_of_tabular_networks(estimator, check):
    if getattr(check, "func", check).__name__.startswith(FINER_THAN_FLOAT32):
        estimator = estimator.set_params(dtype="float64")
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks([FixedPointClassifier(), FixedPointRegressor()])
@pytest.mark.filterwarnings("default")
def test_check_of_networks_that_settle(estimator, check):
    if getattr(check, "func", check).__name__.startswith(FINER_THAN_FLOAT32):
        estimator = estimator.set_params(dtype="float64")
    check(estimator)
