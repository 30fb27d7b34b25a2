"""Whatever table people bring, `fit` and `predict` work or refuse it with a remedy, no more."""

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from chainrule import (
    FixedPointRegressor,
    MLPClassifier,
    MLPRegressor,
    TabularClassifier,
    TabularRegressor,
)
from chainrule.errors import DataError
from strategies import (
    FAST,
    PARTS,
    SLOW,
    n_rows_of,
    odd_inputs,
    odd_targets,
    rows_for_prediction,
    work,
)

FEW = settings(FAST, max_examples=30)  # most of them compile a program

OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "early_stopping": st.just(True),
        "scale": st.just(False),
        "batch_size": st.sampled_from([1, 4, "full"]),
        "validation_fraction": st.sampled_from([0.1, 0.5, 0.9]),
        "dtype": st.just("float64"),
    },
)

OPTIONS_OF_TABULAR = st.fixed_dictionaries(
    {"n_networks": st.sampled_from([1, 2])},
    optional={"batch_size": st.sampled_from([1, 4, "full"]), "dtype": st.just("float64")},
)
PLAIN, TABULAR = [MLPClassifier, MLPRegressor], [TabularClassifier, TabularRegressor]
REGRESSORS = (MLPRegressor, TabularRegressor)


def good_targets(kind, n_rows):
    """Targets with nothing odd about them, so that the inputs decide."""
    if kind in REGRESSORS:
        return st.lists(st.floats(-1e3, 1e3), min_size=n_rows, max_size=n_rows).map(np.array)
    return st.sampled_from([[0, 1], ["b", "a", "c"]]).map(
        lambda classes: [classes[i % len(classes)] for i in range(n_rows)]
    )


def check(data, kinds):
    kind = data.draw(st.sampled_from(kinds))
    X = data.draw(odd_inputs())
    n = n_rows_of(X)
    y = data.draw(st.one_of(good_targets(kind, n), good_targets(kind, n), odd_targets(n)))
    hidden = data.draw(st.sampled_from([(), (3,)]))
    options = OPTIONS if kind in PLAIN else OPTIONS_OF_TABULAR
    model = kind(hidden, max_iter=2, random_state=0, **data.draw(options))
    if work(lambda: model.fit(X, y)) is None:
        assert not hasattr(model, "coefs_")  # refused before anything was kept
        return
    event("fitted")
    assert all(np.isfinite(w).all() for w in (*model.coefs_, *model.intercepts_))
    for rows in (X, data.draw(rows_for_prediction(X))):
        predicted = work(lambda rows=rows: model.predict(rows))
        if predicted is None:
            continue
        event("predicted")
        assert len(predicted) == n_rows_of(rows)
        if kind not in REGRESSORS:
            proba = work(lambda rows=rows: model.predict_proba(rows))
            for p in proba if isinstance(proba, list) else [proba]:
                assert ((p >= 0) & (p <= 1)).all()
        else:
            assert np.isfinite(predicted).all()


@FEW
@given(st.data())
def test_a_table_works_or_is_refused(data):
    check(data, PLAIN)


@settings(FAST, max_examples=8)
@given(st.data())
def test_a_table_works_or_is_refused_by_the_tabular_ones(data):
    check(data, TABULAR)


@pytest.mark.slow
@PARTS
@SLOW
@given(data=st.data())
def test_two_thousand_tables_work_or_are_refused(data, part):
    del part
    check(data, [*PLAIN, *TABULAR])


@pytest.mark.parametrize("kind", [*REGRESSORS, FixedPointRegressor])
def test_words_are_no_numbers_to_any_regressor(kind):
    with pytest.raises(DataError, match='holds text .data row 1: "a"., expected numbers'):
        kind().fit([[0.0], [1.0], [2.0]], ["a", "b", "a"])
