"""What the recipes of docs/adding.md add, used: trained with, kept, shown, asked for at the shell.

`test_adding.py` runs this in a copy of the package that has it; here it is not there.
"""

import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import chainrule
from chainrule import load
from chainrule.data.findings import find

HERE = Path(__file__).parent
sys.path.append(str(HERE / "cli"))

from small import done  # noqa: E402

N = 48
RNG = np.random.default_rng(0)
TABLE = pl.DataFrame(
    {
        "x": RNG.normal(size=N),
        "wind": RNG.choice(["N", "NNE", "SW", None], N),
    }
)
Y = TABLE["x"].to_numpy() + RNG.normal(size=N)
QUICK = {"batch_size": 24, "max_iter": 2, "random_state": 0}


def test_it_is_the_copy():
    assert Path(chainrule.__file__).is_relative_to(HERE.parent)


@pytest.fixture(scope="module")
def model():
    """One fit with all that a multi-layer perceptron can have."""
    new = {"solver": "sign-descent", "loss": "log_cosh"}
    return chainrule.MLPRegressor((4, 3), ["hard_tanh", "shift"], **new, **QUICK).fit(TABLE, Y)


def test_the_fit_is_kept(model, tmp_path):
    assert np.isfinite(model.history_["loss"]).all()
    again = load(model.save(tmp_path / "model.chr"))
    assert again.get_params()["activation"] == ("hard_tanh", "shift")
    assert "shifted" in again.fitted_.network.layers[3].in_a_line
    np.testing.assert_array_equal(again.predict(TABLE), model.predict(TABLE))


def test_the_fit_is_shown(model):
    explanation = model.explain(TABLE[:1], Y[:1])
    text = str(explanation)
    for words in ("min(max(", "+ t", "sign(g)", "log cosh(", "wind (sine)", "sin(2π"):
        assert words in text, f"{words} is not in\n{text}"
    assert r"\log \cosh" in explanation.as_latex()


def test_its_gradients_are_right(model):
    assert model.check_gradients(TABLE[:5], Y[:5]).ok


def test_a_direction_that_is_none_is_refused(model):
    with pytest.raises(chainrule.errors.DataError, match='"wind" holds dire.*row 1 holds "up"'):
        model.predict(pl.DataFrame({"x": [0.0], "wind": ["up"]}))


def test_the_estimator_is_kept_and_shown(tmp_path):
    classes = np.where(Y > 0, "yes", "no")
    model = chainrule.LinearClassifier(**QUICK).fit(TABLE, classes)
    again = load(model.save(tmp_path / "model.chr"))
    assert type(again) is chainrule.LinearClassifier
    assert "activation" not in again.get_params()
    np.testing.assert_array_equal(again.predict_proba(TABLE), model.predict_proba(TABLE))
    assert "σ(" in str(again.explain(TABLE[:1], classes[:1]))


def test_the_solver_settles_and_is_kept(tmp_path):
    own = {"settle_solver": "heavy-ball", "adjoint_solver": "heavy-ball"}
    model = chainrule.FixedPointRegressor(4, guarantee="spectral", **own, **QUICK).fit(TABLE, Y)
    assert not model.history_["unsettled"][1:].any()
    again = load(model.save(tmp_path / "model.chr"))
    assert again.settle_solver == "heavy-ball"
    np.testing.assert_array_equal(again.predict(TABLE), model.predict(TABLE))


def test_what_is_odd_is_found():
    table = TABLE.with_columns(pl.when(pl.int_range(N) < 5).then(-999).otherwise("x").alias("x"))
    found = {finding.kind: finding for finding in find(table, Y, task="regression")}
    assert found["gap code"].columns == ("x",)
    assert '"x" is -999 in 5 rows' in found["gap code"].evidence
    assert '`drop=["x"]`' in found["gap code"].remedy
    assert "gap code" not in {finding.kind for finding in find(TABLE, Y, task="regression")}


def test_the_shell_has_it(tmp_path):
    TABLE.with_columns(y=Y).write_csv(tmp_path / "t.csv")
    line = "fit t.csv -t y --model mlp --hidden 4 --activation hard_tanh --solver sign-descent"
    told = done(tmp_path, f"{line} --loss log_cosh --epochs 2 --no-figures --no-report --out run")
    for words in ("1 direction as sine and cosine", "hard_tanh", "log cosh", "sign-descent"):
        assert words in told
    assert len(done(tmp_path, "predict run t.csv").splitlines()) == N + 1
    whole = done(tmp_path, "fit --help-all")
    assert "sign-descent" in whole
    assert "log_cosh" in whole
    assert "heavy-ball" in whole
    assert "--no-nesterov" in whole
    assert "parity" in done(tmp_path, "demo --list")
    assert "of the 8 rows are right" in done(tmp_path, "demo parity --out demo")
