"""The models of the zoo are what fitting gives today; see `tests/zoo.py`."""

import numpy as np
import pytest

from zoo import ZOO, from_zoo

SLOWLY = [pytest.param(name, marks=pytest.mark.slow) for name in ZOO if name != "patients"]


@pytest.mark.parametrize("name", ["patients", *SLOWLY])
def test_a_model_of_the_zoo_is_what_fitting_gives(name):
    model, X, y = ZOO[name]
    kept = from_zoo(name)
    model.fit(X, y)
    assert repr(kept) == repr(model)
    assert list(kept.history_) == list(model.history_)
    for before, now in zip(kept.coefs_, model.coefs_, strict=True):
        np.testing.assert_allclose(now, before, rtol=1e-3, atol=1e-4)
    said, says = kept.predict(X), model.predict(X)
    if hasattr(model, "classes_"):
        np.testing.assert_array_equal(says, said)
    else:
        np.testing.assert_allclose(says, said, rtol=1e-3, atol=1e-3)
