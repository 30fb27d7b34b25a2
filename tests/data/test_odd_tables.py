"""Odd tables either work, giving finite arrays, or are refused with a remedy; nothing else."""

import numpy as np
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from chainrule.data import InputEncoder, NumberTarget, fit_class_target, guess_task
from chainrule.data.findings import find
from strategies import (
    FAST,
    PARTS,
    SLOW,
    n_rows_of,
    odd_inputs,
    odd_tables,
    odd_targets,
    rows_for_prediction,
    work,
)


def check_inputs(data):
    X = data.draw(odd_inputs())
    scale = data.draw(st.booleans())
    encoder = work(lambda: InputEncoder.fit(X, scale=scale))
    if encoder is None:
        return
    for rows in (X, data.draw(rows_for_prediction(X))):
        Z = work(lambda rows=rows: encoder.transform(rows))
        if Z is None:
            continue
        event("encoded")
        assert Z.dtype == np.float32
        assert Z.shape == (n_rows_of(rows), len(encoder.feature_names_out))
        assert np.isfinite(Z).all()
        report = work(lambda rows=rows: encoder.transform_report(rows))
        assert report is not None
    meta, arrays = encoder.to_state()
    again = InputEncoder.from_state(meta, arrays)
    assert again.feature_names_out == encoder.feature_names_out


def check_findings(data):
    X, y = data.draw(odd_tables())
    task = data.draw(st.sampled_from(["classification", "regression"]))
    for finding in work(lambda: find(X, y, task=task)) or []:
        event(f"found: {finding.kind}")
        assert finding.text.endswith(".")
        assert finding.remedy.endswith(".")


def check_targets(data):
    y = data.draw(odd_targets(data.draw(st.integers(1, 40))))
    work(lambda: guess_task(y))
    for fit in (fit_class_target, NumberTarget.fit):
        target = work(lambda fit=fit: fit(y))
        if target is None:
            continue
        event(f"a target: {target.kind}")
        encoded = target.encode(y)
        assert encoded.shape == (len(y), target.n_outputs)
        assert encoded.dtype == np.float64
        assert np.isfinite(encoded).all()
        assert len(target.decode(encoded)) == len(y)


@FAST
@given(st.data())
def test_inputs(data):
    check_inputs(data)


@FAST
@given(st.data())
def test_targets(data):
    check_targets(data)


@pytest.mark.slow
@PARTS
@SLOW
@given(data=st.data())
def test_many_inputs(data, part):
    del part
    check_inputs(data)


@FAST
@given(st.data())
def test_findings(data):
    check_findings(data)


@pytest.mark.slow
@PARTS
@SLOW
@given(data=st.data())
def test_many_targets(data, part):
    del part
    check_targets(data)


@pytest.mark.slow
@PARTS
@SLOW
@given(data=st.data())
def test_many_findings(data, part):
    del part
    check_findings(data)
