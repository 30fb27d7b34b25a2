"""Files that earlier versions wrote are read, and predict what they did; see `tests/files`."""

import re
import runpy
from pathlib import Path

import numpy as np
import pytest

from chainrule import load
from chainrule.data import read_table
from chainrule.engine.networks.connections import weights_in_use

FILES = Path(__file__).parents[1] / "files"
VERSIONS = sorted(folder for folder in FILES.iterdir() if folder.name[0].isdigit())
OLD = [path.with_suffix("") for folder in VERSIONS for path in sorted(folder.glob("*.npz"))]
MAKE = runpy.run_path(str(FILES / "make.py"))


def name(path):
    return str(path.relative_to(FILES))


def read_old(path):
    """Return the model of a file or run folder, the rows for it, and what it said of them."""
    model = load(path / "model.chr" if path.is_dir() else path.with_suffix(".chr"))
    with np.load(path.with_suffix(".npz")) as file:
        said = dict(file)
    rows = said.pop("rows", None)
    if rows is None:
        rows = read_table(str(path.parent / "rows.csv"))
        rows = rows if path.is_dir() else rows.select(MAKE["INPUTS"])
    return model, rows, said


def test_there_is_a_file_of_every_estimator():
    for folder in VERSIONS:
        kinds = {type(read_old(path)[0]).__name__ for path in OLD if path.parent == folder}
        assert kinds >= {
            "AssociativeMemory",
            *(f"{family}{task}" for family in ("MLP", "FixedPoint", "Tabular")
              for task in ("Classifier", "Regressor")),
        }  # fmt: skip


@pytest.mark.parametrize("path", OLD, ids=name)
def test_an_old_file_predicts_what_it_did(path):
    model, rows, said = read_old(path)
    now = MAKE["outputs"](model, rows)
    assert set(now) == set(said)
    for what, before in said.items():
        if before.dtype.kind == "f":
            np.testing.assert_allclose(now[what], before, rtol=1e-6, atol=1e-7, err_msg=what)
        else:
            np.testing.assert_array_equal(now[what].astype(before.dtype), before, err_msg=what)


@pytest.mark.parametrize("path", OLD, ids=name)
def test_an_old_file_is_written_anew_without_loss(path, tmp_path):
    model, rows, _ = read_old(path)
    again = load(model.save(tmp_path / "again.chr"))
    assert repr(again) == repr(model)
    before, after = (MAKE["outputs"](each, rows) for each in (model, again))
    for what, values in before.items():
        np.testing.assert_array_equal(after[what], values)
    histories = (each.history_ for each in (model, again))
    for one, other in zip(*(history.items() for history in histories), strict=True):
        np.testing.assert_equal(one, other)


SLOWLY = ("three_classes", "several_targets", "settled_dropout")


@pytest.mark.parametrize(
    "name", ["number", *(pytest.param(each, marks=pytest.mark.slow) for each in SLOWLY)]
)
def test_training_goes_on_from_an_old_file(name):
    model = load(FILES / "0.1" / f"{name}.chr").set_params(warm_start=True, max_iter=1)
    table = read_table(str(FILES / "0.1" / "table.csv"))
    y = {"number": table["cost"], "several_targets": table.select("target", "kind")}
    before, epochs = model.t_, len(model.history_["loss"])
    model.fit(table.select(MAKE["INPUTS"]), y.get(name, table["kind"]))
    assert model.t_ > before
    assert len(model.history_["loss"]) == epochs + 1


def test_what_flowed_is_called_by_labels_now():
    flow = load(FILES / "0.1" / "three_classes.chr").flow_
    assert "epoch" in flow
    assert all(re.fullmatch(r"epoch|(hidden\d|output|input) \([a-z_ ]+\)", name) for name in flow)


def test_weights_of_units_that_settle_are_asked_for_as_now():
    """Free ones were None, and the bound of a contraction was not asked for: it was 0.95."""
    for name, guarantee in (("settled", "none"), ("settled_spectral", "spectral")):
        model = read_old(FILES / "0.1" / name)[0]
        assert (model.guarantee, model.bound) == (guarantee, 0.95)
        connections = model.network_.layers[0].cell.connections
        made = weights_in_use(connections, model.params_[0].connections)
        np.testing.assert_allclose(made, model.recurrent_coefs_, atol=1e-6)
