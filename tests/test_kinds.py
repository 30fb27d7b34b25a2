"""Every kind is whole: each record of it says all that others will ask."""

import pickle

import numpy as np
import pytest

from chainrule.activations import NAMES, RECORDS, record_of
from chainrule.engine import ACTIVATIONS, as_activation


@pytest.mark.parametrize("name", RECORDS)
def test_an_activation_is_whole(name):
    record = RECORDS[name]
    constants = record.constants.values()
    assert record.name == name
    assert as_activation(name) is ACTIVATIONS[name]
    assert record_of(ACTIVATIONS[name]) is record
    assert pickle.loads(pickle.dumps((record.f, record.slope))) == (record.f, record.slope)
    for formula in (record.formula, record.slope_formula):
        assert formula.text
        assert formula.latex
        for letter in (*record.constants, *record.fixed):
            assert letter in f"{record.formula.text} {record.slope_formula.text}"
    z = np.linspace(-30, 30, 600_001)
    before = z.copy()
    a = record.f(z, *constants)
    slopes = record.slope(z, a, *constants)
    np.testing.assert_array_equal(z, before)
    largest = np.abs(slopes).max()
    assert largest <= record.steepest <= 1.001 * largest
    if record.range is not None:
        np.testing.assert_allclose((a[0], a[-1]), record.range, atol=1e-9)
        np.testing.assert_allclose((slopes[0], slopes[-1]), 0, atol=1e-9)
    assert record.dies == bool((slopes[z < 0] == 0).all())
    if record.energy is not None:  # its derivative is the inverse of f
        h = a[np.abs(z) < 3]
        middle = 0.5 * (record.energy(h[2:]) - record.energy(h[:-2])) / (0.5 * (h[2:] - h[:-2]))
        np.testing.assert_allclose(middle, z[np.abs(z) < 3][1:-1], atol=1e-3)


def test_names_of_activations_are_those_of_the_records():
    assert {*NAMES, "softmax"} == set(ACTIVATIONS)
    for alias in set(NAMES) - set(RECORDS):
        assert ACTIVATIONS[alias] is ACTIVATIONS[NAMES[alias].name]
