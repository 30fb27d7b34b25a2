"""A fit that is ended goes on from where it was kept, to the same bits."""

import signal

import filelock
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from chainrule import (
    Checkpoints,
    FixedPointClassifier,
    MLPClassifier,
    MLPRegressor,
    TabularClassifier,
    TabularRegressor,
)
from chainrule.engine.training import pace
from chainrule.engine.training.keeping import leaves_told, restored
from chainrule.errors import InterruptedWarning, OptionError, ShapeError
from chainrule.storage import checkpoints

DRAW = np.random.default_rng(0)
X = DRAW.normal(size=(300, 3))
CLASSES = (X[:, 0] * X[:, 1] + 0.3 * DRAW.normal(size=300) > 0).astype(int)
LONG_TAIL = np.exp(2 * X[:, 0] + X[:, 1] * DRAW.normal(size=300))

FITS = {
    "mlp": (MLPClassifier((8,), max_iter=40), CLASSES),
    "a scorer": (
        MLPClassifier((8,), max_iter=40, early_stopping=True, scoring="f1", dropout=0.2),
        CLASSES,
    ),
    "one after another": (MLPClassifier((8,), max_iter=20, n_networks=3, early_stopping=True),
                          CLASSES),
    "side by side": (MLPClassifier((8,), max_iter=20, n_networks=3), CLASSES),
    "evaluations": (MLPClassifier((8,), max_iter=40, solver="lbfgs", max_fun=15), CLASSES),
    "plateaus": (
        MLPClassifier((8,), max_iter=80, solver="sgd", learning_rate="adaptive", tol=1e-3,
                      n_iter_no_change=3, learning_rate_init=0.1),
        CLASSES,
    ),
    "within epochs": (MLPRegressor((8,), max_iter=3, batch_size=2), LONG_TAIL),
    "fixed-point": (FixedPointClassifier(4, max_iter=4), CLASSES),
    "tabular": (TabularClassifier((8,), max_iter=8, n_networks=3), CLASSES),
    "trials": (TabularRegressor((8,), max_iter=8, n_networks=2), LONG_TAIL),
}  # fmt: skip


class Killed(BaseException):
    """The end of a process, which nothing in it hears."""


@pytest.fixture
def often(monkeypatch):
    """Keep a training after every block, however long that takes, and let blocks be short."""
    monkeypatch.setattr(checkpoints, "MOST_SHARE", np.inf)
    monkeypatch.setattr(pace, "BLOCK_SECONDS", 0.005)


def fit_often_killed(model, y, folder, monkeypatch, n_writes):
    """Fit, and end after so many writes, again and again until it is done: (model, ends)."""
    write, ends = checkpoints.Training.keep, 0
    while True:
        writes = iter(range(n_writes - 1))

        def keep(self, arrays, epoch, writes=writes):
            write(self, arrays, epoch)
            if next(writes, None) is None:
                raise Killed

        monkeypatch.setattr(checkpoints.Training, "keep", keep)
        try:
            return model.fit(X, y, checkpoint=Checkpoints(folder, 1e-9)), ends
        except Killed:
            ends += 1
            assert ends < 500
        finally:
            monkeypatch.setattr(checkpoints.Training, "keep", write)


def numbers(model):
    """Return everything that was fitted, but for the seconds."""
    fitted = model.fitted_
    own = [(each.network.arrays, dict(each.history), each.optimizer_state)
           for each in fitted.networks]  # fmt: skip
    known = None if fitted.calibration is None else vars(fitted.calibration)
    names = [list(fitted.history), list(fitted.flow), *map(list, list(fitted.flow.values())[1:])]
    return [*jax.tree.leaves((own, dict(fitted.flow), known, fitted.seed, model.n_iter_)), names]


def alike(found, wanted):
    *arrays, names = found
    *others, other_names = wanted
    assert names == other_names
    for one, other in zip(arrays, others, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.filterwarnings("ignore:Training has not converged")
@pytest.mark.parametrize("name", FITS)
def test_ended_again_and_again_it_comes_to_the_same_bits(name, tmp_path, monkeypatch, often):
    model, y = FITS[name]
    model.set_params(random_state=0)
    folder = tmp_path / "kept"
    whole = numbers(model.fit(X, y))
    model, ends = fit_often_killed(model, y, folder, monkeypatch, 3)
    assert ends > 0
    alike(numbers(model), whole)
    assert not folder.exists()


def test_without_a_seed_the_fit_that_goes_on_has_that_of_the_fit_before(
    tmp_path, monkeypatch, often
):
    model = MLPClassifier((8,), max_iter=20)
    model, ends = fit_often_killed(model, CLASSES, tmp_path / "kept", monkeypatch, 4)
    assert ends > 0
    again = MLPClassifier((8,), max_iter=20)
    monkeypatch.setattr(type(again), "_draw_seed", lambda self, keeping: model.fitted_.seed)
    alike(numbers(again.fit(X, CLASSES)), numbers(model))


def small():
    return MLPClassifier((8,), max_iter=20, random_state=0)


@pytest.fixture
def kept(tmp_path, monkeypatch, often):
    """Return the folder of a fit that was ended."""

    def keep(self, arrays, epoch, write=checkpoints.Training.keep):
        write(self, arrays, epoch)
        raise Killed

    with monkeypatch.context() as context:
        context.setattr(checkpoints.Training, "keep", keep)
        with pytest.raises(Killed):
            small().fit(X, CLASSES, checkpoint=Checkpoints(tmp_path / "kept", 1e-9))
    return tmp_path / "kept"


def test_what_was_kept_of_another_fit_is_refused_in_words(kept):
    def refused(words, model=None, X=X, y=CLASSES):
        before = {path.name: path.read_bytes() for path in kept.iterdir()}
        with pytest.raises(OptionError, match="choose another folder, or remove it") as caught:
            (model or small()).fit(X, y, checkpoint=kept)
        assert words in str(caught.value)
        assert {path.name: path.read_bytes() for path in kept.iterdir()} == before

    refused("max_iter=20, not 30", small().set_params(max_iter=30))
    refused("random_state=0, not 1", small().set_params(random_state=1))
    refused("of a MLPClassifier, not of a FixedPointClassifier", FixedPointClassifier(4))
    refused("of a fit on other rows", X=X**2)
    refused("of a fit on other rows", X=X[:, :2])
    refused("of a fit on other rows", y=1 - CLASSES)


def test_a_folder_in_use_is_refused(kept):
    lock = filelock.FileLock(kept / checkpoints.LOCK)
    with lock, pytest.raises(OptionError, match="is in use by another"):
        small().fit(X, CLASSES, checkpoint=kept)


def test_a_damaged_file_is_as_none(kept):
    (kept / "0.training").write_bytes((kept / "0.training").read_bytes()[:-9])
    model = small()
    one = numbers(model.fit(X, CLASSES, checkpoint=kept))
    alike(one, numbers(model.fit(X, CLASSES)))


def test_a_full_disk_ends_no_training(tmp_path, monkeypatch, often):
    def full(*given):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoints, "write_tensors", full)
    model = small()
    with pytest.warns(InterruptedWarning, match=r"Nothing is kept .*No space left") as told:
        model.fit(X, CLASSES, checkpoint=Checkpoints(tmp_path / "kept", 1e-9))
    assert len(told) == 1
    assert model.n_iter_ == 20


def test_places_and_seconds_are_looked_at_before_training(tmp_path):
    (tmp_path / "file").write_text("")
    model = MLPClassifier((8,), max_iter=20)
    with pytest.raises(OptionError, match="nothing can be kept in .*file"):
        model.fit(X, CLASSES, checkpoint=tmp_path / "file")
    for wrong in (0, -1, True, np.nan, "1"):
        with pytest.raises(OptionError, match="give a number above 0"):
            Checkpoints(tmp_path, wrong)


def test_arrays_of_every_kind_come_back():
    tree = {
        "key": jax.random.key(3),
        "whole": jnp.arange(3, dtype=jnp.uint32),
        "half": jnp.ones((2, 1), jnp.bfloat16),
        "yes": jnp.array([True, False]),
        "step": jnp.array(7, jnp.int32),
    }
    told = leaves_told("state", tree)
    assert {each.dtype.name for each in told.values()} <= {"float32", "float64", "int32", "int64"}
    again = restored(tree, told, "state")
    assert jax.tree.map(lambda leaf: leaf.dtype, again) == jax.tree.map(lambda x: x.dtype, tree)
    assert jax.tree.all(jax.tree.map(lambda a, b: (a == b).all(), again, tree))
    with pytest.raises(ShapeError, match="belongs to another one"):
        restored(tree["whole"], told, "state")


@pytest.mark.filterwarnings("ignore:Training is unfinished")
def test_after_ctrl_c_it_can_go_on(tmp_path, often, ctrl_c_as_usual):
    """Stopped by hand within an epoch, too, which is cut short for the model that is given."""

    def stop(progress, once=iter([True])):  # noqa: B008
        if progress.epoch >= 1 and next(once, False):
            signal.raise_signal(signal.SIGINT)

    model = MLPRegressor((8,), max_iter=40, batch_size=2, random_state=0)
    whole = numbers(model.fit(X, LONG_TAIL))
    model.fit(X, LONG_TAIL, checkpoint=tmp_path / "kept", on_progress=stop)
    assert model.stop_ == "interrupted"
    assert model.n_iter_ < 40
    model.fit(X, LONG_TAIL, checkpoint=tmp_path / "kept")
    assert not (tmp_path / "kept").exists()
    alike(numbers(model), whole)
