"""Any network can be explained, in three formats; the board's numbers are the trace's."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from chainrule.engine import (
    Adam,
    Dense,
    Dropout,
    FeedForward,
    LayerNorm,
    Penalty,
    SoftmaxCrossEntropy,
    SquaredError,
    make_key,
    sigmoid,
    tanh,
)
from chainrule.engine.layers.kind import Row, Shown
from chainrule.engine.pytree import hyperparameters
from chainrule.errors import OptionError
from chainrule.formulas import Formula
from chainrule.inspection import explain, trace

sys.path.append(str(Path(__file__).parents[1] / "engine"))
from test_backward import TABLE, normal, shaken

KINDS = (
    "dense without bias",
    "activation gelu",
    "activation softmax",
    "layer norm",
    "user's own layer",
    "feed-forward, all kinds",
    "local",
    "symmetric",
    "fixed point, picard, lu",
    "fixed point, deep body",
    "unrolled, all",
    "nested",
)


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_network_is_explained(name):
    network = TABLE[name]
    params = shaken(network.init(make_key(0), 4), 3)
    seen = trace(
        network,
        params,
        normal(4, 1, 4),
        normal(5, 1, network.width(4)),
        objective=SquaredError(),
        optimizer=Adam(0.1),
        penalty=Penalty(l2=0.1),
    )
    told = explain(seen)
    text = str(told)
    assert [line[:6] for line in text.splitlines() if line.startswith("Step")] == [
        f"Step {i}" for i in (1, 2, 3, 4)
    ]
    assert max(map(len, text.splitlines())) <= 100
    assert f"{seen['ℓ'][0]:.6g}" in text
    for out in (told.as_latex(), told.as_html()):
        assert "Step 4" in out
    assert told.as_latex().isascii()  # whatever engine sets it
    if name in ("local", "unrolled, all", "user's own layer"):
        assert "are in the trace" in text.split("Step 4")[1]
    if told.weight is not None:
        assert f"= {told.weight.gradient:.6g}" in text
        np.testing.assert_allclose(told.weight.gradient, told.weight.total, rtol=1e-12)


NETWORK = FeedForward((Dense(40), LayerNorm(), tanh, Dropout(0.5), Dense(3), sigmoid, Dense(2)))


def seen_network(n_rows=1):
    params = shaken(NETWORK.init(make_key(0), 30), 1)
    x, y = normal(2, n_rows, 30), np.eye(2)[np.zeros(n_rows, int)]
    return trace(NETWORK, params, x, y, objective=SoftmaxCrossEntropy(), key=make_key(1))


def test_all_gradients_of_units_that_settle_are_all():
    network = FeedForward((TABLE["fixed point, auto, auto"], Dense(2)))
    params, y = shaken(network.init(make_key(0), 4), 3), normal(5, 1, 2)
    seen = trace(network, params, normal(4, 1, 4), y, objective=SquaredError(), optimizer=Adam(0.1))
    said = explain(seen, show_all=True, weight="hidden1[1] <- hidden1[0]").as_text()
    lines = said.partition("All gradients")[2].splitlines()
    assert len([line for line in lines if " <- " in line]) == 4 * 3 + 3 * 3 + 3 + 3 * 2 + 2
    [line] = [each for each in lines if each.startswith("  hidden1[1] <- hidden1[0] ")]
    assert float(line.split()[-1]) == pytest.approx(seen["dW1"][0, 1], rel=1e-5)
    assert "made of free ones" in said
    echoes = (
        said.partition("a sum over echoes")[2].partition("\n  all echoes")[0].splitlines()[2:-1]
    )
    assert len(echoes) == 6
    total = sum(float(each.split()[-1]) for each in echoes)
    assert total == pytest.approx(seen["dW1"][0, 1], rel=1e-4)


def test_a_wide_layer_keeps_what_the_chosen_weight_needs():
    """Its input, its unit, and its term in the sum are there, however small."""
    seen = seen_network()
    smallest = int(np.abs(seen["dz1"][0]).argmin())
    quiet = int(np.abs(seen["x"][0]).argmin())
    name = f"hidden1[{smallest}] <- x[{quiet}]"
    text = str(explain(seen, weight=name))
    assert f"\nhidden1[{smallest}]\n" in text
    assert len(re.findall(rf"^  x\[{quiet}\] ", text, re.MULTILINE)) >= 2
    assert f"One weight: {name}" in text
    assert "layer norm" in text
    assert "smaller terms" in text
    shown = len(re.findall(r"^hidden1\[\d+\]$", text, re.MULTILINE))
    assert f"{40 - shown} more units whose deltas are smaller not shown." in text
    assert "not shown" not in str(explain(seen, weight=name, show_all=True))


def test_terms_left_out_are_in_the_sum():
    seen = seen_network()
    block = str(explain(seen)).split("\nhidden1[")[1]
    products = re.findall(r"  (\S+)$", block.split("-----")[0], re.MULTILINE)[1:]
    total = re.search(r"z1, the sum +(\S+)", block)[1]
    assert float(total) == pytest.approx(sum(map(float, products)), abs=2e-4)


@hyperparameters
class InTwoSteps(Dense):
    """A kind of its own, not explained by sums over units."""

    sums = ""

    def shown(self):
        first, again = Formula.same("{x} {weights} + {biases}"), Formula.same("{u}")
        given = super().shown()
        rows = Row("u", lambda seen: seen.y, first, letter="u"), Row("y", "y", again, letter="y")
        return Shown((*given.forward[:2], *rows), given.backward)


def test_of_a_kind_of_its_own_every_step_is_shown_and_no_column_twice():
    network = FeedForward((Dense(3), InTwoSteps(2)))
    params = network.init(make_key(0), 4)
    seen = trace(network, params, normal(4, 1, 4), normal(5, 1, 2), objective=SquaredError())
    text = str(explain(seen))
    forward = [s for s in seen.phase("forward") if s.place == (1,) and s.formula != s.name]
    assert [step.quantity for step in forward] == ["u", "y"]
    for step in forward:
        assert step.formula in text
    heading = re.search(r"Deltas of hidden1.*?^ *(unit .*?)$", text, re.DOTALL | re.MULTILINE)[1]
    assert heading.split() == ["unit", "dz1"]


def test_several_rows_are_refused():
    with pytest.raises(OptionError, match="takes the trace of one row, got 3"):
        explain(seen_network(3))
    with pytest.raises(OptionError, match='format="pdf"'):
        explain(seen_network()).in_format("pdf")
