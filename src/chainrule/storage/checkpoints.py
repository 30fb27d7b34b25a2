"""A folder in which the trainings of a fit are kept while it runs: it can go on after any end.

    fit.json            whose fit it is, with which parameters and seed
    <name>.training     one training, unfinished or finished: a file of tensors each
    lock                held while the fit runs

A training of which nothing is kept yet, or whose file is damaged, starts anew: that gives the same
numbers, later.  A finished one is written when another is, or at the end.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import filelock
import msgspec
import numpy as np

from chainrule.errors import InterruptedWarning, ModelFileError, OptionError
from chainrule.storage.tensors import decode, opened, write_tensors
from chainrule.writing import UNFINISHED, written_whole

SECONDS = 60.0
MOST_SHARE = 0.01  # of the time, that writing may take
KIND, FIT, ENDING, LOCK = "chainrule-training", "fit.json", ".training", "lock"

Arrays = Mapping[str, np.ndarray]


class About(msgspec.Struct):
    """What a file of a training says beside its arrays, whose names stand in their `order`."""

    identity: str
    epoch: int
    order: list[str]
    finished: bool = False
    facts: dict[str, Any] = {}


class OfFit(msgspec.Struct):
    """Whose fit is kept."""

    estimator: str
    parameters: dict[str, str]
    seed: int


class Checkpoints:
    """The folder of a fit, for `checkpoint=` of `fit`.

    Parameters
    ----------
    folder : str or Path
        Made if it is not there.  What is kept there of the same fit, it goes on from.
    seconds : float, default=60
        A training is written so often, or less: writing takes at most 1 % of the time.
    stays : bool, default=False
        Leave the folder as it is when the fit is done, instead of removing it.

    Examples
    --------
    >>> from chainrule import Checkpoints, MLPClassifier, datasets
    >>> iris = datasets.load("iris")
    >>> model = MLPClassifier(random_state=0)
    >>> model.fit(iris.drop("species"), iris["species"], checkpoint=Checkpoints("kept", seconds=10))
    MLPClassifier(random_state=0)
    """

    def __init__(
        self, folder: str | Path, seconds: float = SECONDS, *, stays: bool = False
    ) -> None:
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds > 0:
            raise OptionError(f"Checkpoints(seconds={seconds}); give a number above 0.")
        self.folder, self.seconds, self.stays = Path(folder), float(seconds), stays
        self.fault = ""  # why something could not be written
        self._begun = self._flushed = time.monotonic()
        self._pending: dict[str, tuple[Callable[[], bytes], Arrays]] = {}
        self._writing = threading.RLock()
        self._told: tuple[str, dict[str, str]] = "", {}

    @contextmanager
    def of_fit(self, estimator: str, parameters: Mapping[str, Any]) -> Iterator[OfFit | None]:
        """Hold the folder while a fit runs; yield what it says of the fit that it was kept of.

        Parameters
        ----------
        estimator : str
            Its name.
        parameters : dict
            Those that decide what is trained, without the seed.

        Raises
        ------
        OptionError
            If the folder is of another fit, in use, or cannot be written to.
        """
        self._begun = self._flushed = time.monotonic()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = filelock.FileLock(self.folder / LOCK, timeout=0)
            lock.acquire()
        except filelock.Timeout:
            raise OptionError(
                f"{self.folder} is in use by another fit, which is still running. Give each fit a "
                "folder of its own."
            ) from None
        except OSError as error:
            raise OptionError(
                f"nothing can be kept in {self.folder} ({error.strerror}). Choose another folder."
            ) from None
        try:
            self._told = estimator, {name: _in_words(v) for name, v in parameters.items()}
            yield self._before(*self._told)
            if self.stays and time.monotonic() - self._begun > self.seconds:
                self._flush()
        finally:
            lock.release()

    def begin(self, seed: int) -> None:
        """Write down, within `of_fit`, whose fit is kept from here on.

        Raises
        ------
        OptionError
            If it cannot be written.
        """
        try:
            with written_whole(self.folder / FIT) as unfinished:
                unfinished.write_bytes(msgspec.json.encode(OfFit(*self._told, seed)))
        except OSError as error:
            raise OptionError(
                f"nothing can be kept in {self.folder} ({error.strerror}). Choose another folder."
            ) from None

    def training(self, name: str, identity: Callable[[], str]) -> Training:
        """Return one training of the fit; `identity` gives a digest of all that decides it."""
        return Training(self, name, identity)

    def remove(self) -> None:
        """Remove what is kept, and the folder if nothing else is in it."""
        for path in [*self.folder.glob(f"*{ENDING}"), *self.folder.glob(f"{UNFINISHED}*")]:
            path.unlink(missing_ok=True)
        for name in (FIT, LOCK):
            (self.folder / name).unlink(missing_ok=True)
        with suppress(OSError):
            self.folder.rmdir()

    def _before(self, estimator: str, parameters: dict[str, str]) -> OfFit | None:
        path = self.folder / FIT
        if not path.is_file():
            return None
        try:
            found = msgspec.json.decode(path.read_bytes(), type=OfFit)
        except (msgspec.MsgspecError, ValueError, OSError, RecursionError):
            return None  # what its trainings say is looked at, too
        if (found.estimator, found.parameters) == (estimator, parameters):
            return found
        names = {*found.parameters, *parameters}
        other = sorted(n for n in names if found.parameters.get(n) != parameters.get(n))
        what = f"was kept of a {found.estimator}, not of a {estimator}"
        if found.estimator == estimator:
            name = other[0]
            then, now = found.parameters.get(name, "none"), parameters.get(name, "none")
            what = f"was kept of a fit with {name}={then}, not {now}"
        raise self.of_another(what)

    def of_another(self, what: str) -> OptionError:
        """Return the error for a folder that is of another fit."""
        return OptionError(
            f"{self.folder} {what}: it cannot go on. Give what it was begun with, choose another "
            "folder, or remove it."
        )

    def _add(self, name: str, text: Callable[[], bytes], arrays: Arrays) -> None:
        """Add what is to be written of a training, in place of what was."""
        with self._writing:
            self._pending[name] = text, arrays

    def _flush(self) -> None:
        """Write what was added; what cannot be written is said once."""
        with self._writing:
            for name, (text, arrays) in list(self._pending.items()):
                try:
                    write_tensors(self.folder / f"{name}{ENDING}", KIND, text(), arrays)
                except (OSError, OptionError) as error:
                    self._say(f"{getattr(error, 'strerror', None) or error}")
                    break
                del self._pending[name]
            self._flushed = time.monotonic()

    def _say(self, why: str) -> None:
        if not self.fault:
            warnings.warn(
                f"Nothing is kept in {self.folder} now ({why}). The training goes on; make room.",
                InterruptedWarning,
                stacklevel=2,
            )
        self.fault = why


class Training:
    """One training of a fit that is kept."""

    def __init__(self, fit: Checkpoints, name: str, identity: Callable[[], str]) -> None:
        self._fit, self._name, self._identity = fit, name, identity
        self._known: str | None = None
        self._last, self._cost = fit._flushed, 0.0

    @property
    def due(self) -> bool:
        """Whether it is time to keep what there is."""
        wait = max(self._fit.seconds, self._cost / MOST_SHARE)
        return time.monotonic() - self._last >= wait

    def keep(self, arrays: Arrays, epoch: int) -> None:
        """Write the training as it is now, in place of what was written of it."""
        begun = time.monotonic()
        self._fit._add(self._name, self._about(epoch, arrays), arrays)
        self._fit._flush()
        self._last = time.monotonic()
        self._cost = self._last - begun

    def finish(self, arrays: Arrays, epoch: int, facts: dict[str, Any]) -> None:
        """Keep what the training has given; it is written when something else is."""
        about = self._about(epoch, arrays, finished=True, facts=facts)
        self._fit._add(self._name, about, arrays)

    def kept(self) -> tuple[About, dict[str, np.ndarray]] | None:
        """Return what was kept; nothing of a file that is damaged.

        Raises
        ------
        OptionError
            If it is of another training.
        """
        path = self._fit.folder / f"{self._name}{ENDING}"
        if not path.is_file():
            return None
        try:
            with opened(path, KIND, lambda text: None) as found:
                about, arrays = decode(found.text, About), found.arrays()
        except (ModelFileError, FileNotFoundError):
            return None
        if about.identity != self.identity or set(about.order) != set(arrays):
            raise self.foreign()
        return about, {name: arrays[name] for name in about.order}

    def foreign(self) -> OptionError:
        """Return the error for what was kept of another training."""
        return self._fit.of_another("was kept of a fit on other rows")

    @property
    def identity(self) -> str:
        """The digest of all that decides the training, worked out when it is needed."""
        if self._known is None:
            self._known = self._identity()
        return self._known

    def _about(self, epoch: int, arrays: Arrays, **more: Any) -> Callable[[], bytes]:
        return lambda: msgspec.json.encode(About(self.identity, epoch, list(arrays), **more))


def progress_of(folder: Path) -> tuple[int, int]:
    """Return of a folder how many trainings are finished, and how many are on their way."""
    finished = unfinished = 0
    for path in folder.glob(f"*{ENDING}"):
        with suppress(ModelFileError, FileNotFoundError), opened(path, KIND, lambda t: None) as f:
            about = decode(f.text, About)
            finished, unfinished = finished + about.finished, unfinished + (not about.finished)
    return finished, unfinished


def _in_words(value: Any) -> str:
    """Return a parameter in words that are the same in every process."""
    if isinstance(value, np.ndarray) and value.dtype == object:
        return _in_words(value.tolist())
    if isinstance(value, np.ndarray):
        return hashlib.blake2b(np.ascontiguousarray(value).data, digest_size=8).hexdigest()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_in_words, value))}]"
    if isinstance(value, dict):
        return json.dumps({str(key): _in_words(each) for key, each in value.items()})
    if value is None or isinstance(value, bool | int | float | str | np.generic):
        return str(value)
    return getattr(value, "__qualname__", type(value).__qualname__)
