"""What a training keeps of itself while it runs, to go on from after an end that nobody asked for.

What is kept is the training between two blocks, within long epochs too.  The order of rows is not:
it is drawn again, as far as it had come.  So the training goes on to the same bits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np

from chainrule.engine.pytree import on_device
from chainrule.engine.training.epochs import State
from chainrule.engine.training.flow import FlowRecord
from chainrule.engine.training.results import Trained
from chainrule.errors import ShapeError

Arrays = Mapping[str, np.ndarray]


@runtime_checkable
class Keeper(Protocol):
    """Who keeps a training: on disk, or wherever.  `facts` are plain values."""

    @property
    def due(self) -> bool:
        """Whether it is time to keep what there is."""
        ...

    def keep(self, arrays: Arrays, epoch: int) -> None:
        """Keep the training as it stands in an epoch, in place of what was kept of it."""
        ...

    def finish(self, arrays: Arrays, epoch: int, facts: dict[str, Any]) -> None:
        """Keep what the training has given."""
        ...

    def kept(self, fresh: Any) -> tuple[Arrays, dict[str, Any]] | None:
        """Return what was kept last, if anything, with the facts of a finished one.

        `fresh` is the state at the training's start, whose trees say how arrays go together.
        """
        ...


@dataclass(frozen=True, eq=False)
class Kept:
    """A training between two blocks; or `inside` an epoch, part of which has run.

    `entries` are the history so far, `n_reductions` how often the rate was reduced, `spent` the
    seconds that it has taken.
    """

    state: State
    inside: bool
    entries: Sequence[np.ndarray]
    n_reductions: int
    spent: float
    flow: FlowRecord | None

    def as_arrays(self) -> dict[str, np.ndarray]:
        """Return the same as arrays by name."""
        arrays = leaves_told("state", self.state) | {
            "entries": np.stack(self.entries),
            "counts": np.array([int(self.inside), self.n_reductions]),
            "spent": np.array([self.spent]),
        }
        return arrays | ({} if self.flow is None else _flow_told(self.flow.as_arrays()))

    @classmethod
    def from_arrays(cls, arrays: Arrays, fresh: State, n_columns: int) -> Kept:
        """Return what was kept of a training whose state at its start is `fresh`.

        Raises
        ------
        ShapeError
            If it was kept of another one.
        """
        state = restored(fresh, arrays, "state")
        try:
            entries, counts = arrays["entries"], arrays["counts"]
            n_done = int(state.epoch) - int(fresh.epoch) - int(counts[0])
            if entries.shape != (n_done + 1, n_columns) or counts.shape != (2,):
                raise foreign()
            flow, told = FlowRecord(), _flow_from(arrays)
            flow.epochs = told.pop("epoch", np.zeros(0)).tolist()
            flow.columns = {
                label: {name: values.tolist() for name, values in own.items()}
                for label, own in told.items()
            }
            spent = float(arrays["spent"][0])
            return cls(state, bool(counts[0]), list(entries), int(counts[1]), spent, flow)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise foreign() from None


FACTS = ("n_epochs", "best_epoch", "stop", "message", "seconds", "compile_seconds")


def trained_told(trained: Trained) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return what training gave as arrays by name, and as plain values."""
    arrays = leaves_told("params", trained.params) | leaves_told("opt_state", trained.opt_state)
    arrays |= {f"history.{name}": column for name, column in trained.history.items()}
    return arrays | _flow_told(trained.flow), {name: getattr(trained, name) for name in FACTS}


def trained_from(arrays: Arrays, facts: Mapping[str, Any], fresh: State) -> Trained:
    """Return what a training gave that is finished, and whose state at its start was `fresh`.

    Raises
    ------
    ShapeError
        If it was another one.
    """
    start = "history."
    if set(facts) != set(FACTS):
        raise foreign()
    return Trained(
        params=restored(fresh.params, arrays, "params"),
        opt_state=restored(fresh.opt_state, arrays, "opt_state"),
        history={n.removeprefix(start): a for n, a in arrays.items() if n.startswith(start)},
        flow=_flow_from(arrays),
        **facts,
    )


def leaves_told(name: str, tree: Any) -> dict[str, np.ndarray]:
    """Return the arrays of a tree by name and number, each of a type that files hold."""
    return {f"{name}.{i}": _plain(leaf) for i, leaf in enumerate(jax.tree.leaves(tree))}


def restored(fresh: Any, arrays: Arrays, name: str) -> Any:
    """Return a tree like `fresh` of the arrays that `leaves_told` gave.

    Raises
    ------
    ShapeError
        If it was another tree.
    """
    leaves, structure = jax.tree.flatten(fresh)
    kept = [arrays.get(f"{name}.{i}") for i in range(len(leaves) + 1)]
    if kept.pop() is not None or any(
        own is None or own.shape != np.shape(_plain(leaf))
        for own, leaf in zip(kept, leaves, strict=True)
    ):
        raise foreign()
    pairs = zip(kept, leaves, strict=True)
    return jax.tree.unflatten(structure, [_as_before(own, leaf) for own, leaf in pairs])


def _plain(leaf: Any) -> np.ndarray:
    if _is_key(leaf):
        leaf = jax.random.key_data(leaf)
    array = np.asarray(leaf)
    wide = {"f": np.float32, "V": np.float32}.get(array.dtype.kind, np.int64)  # "V": bfloat16
    return array if array.dtype in (np.float32, np.float64, np.int32) else array.astype(wide)


def _as_before(kept: Any, leaf: Any) -> Any:
    if not _is_key(leaf):
        return on_device(kept, leaf.dtype)
    words = on_device(kept, jax.random.key_data(leaf).dtype)
    return jax.random.wrap_key_data(words, impl=jax.random.key_impl(leaf))


def _is_key(leaf: Any) -> bool:
    dtype = getattr(leaf, "dtype", None)
    return dtype is not None and jnp.issubdtype(dtype, jax.dtypes.prng_key)


def _flow_told(flow: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return the numbers of a `FlowRecord` under one name each."""
    told = {}
    for label, own in flow.items():
        columns = {"": own} if label == "epoch" else {f".{name}": v for name, v in own.items()}
        told |= {f"flow.{label}{name}": np.asarray(v) for name, v in columns.items()}
    return told


def _flow_from(arrays: Arrays) -> dict[str, Any]:
    flow: dict[str, Any] = {}
    for key in (key for key in arrays if key.startswith("flow.")):
        label, _, name = key.removeprefix("flow.").rpartition(".")
        if label:
            flow.setdefault(label, {})[name] = arrays[key]
        else:
            flow[name] = arrays[key]
    return flow


def foreign() -> ShapeError:
    """Return the error for what was kept of another training."""
    return ShapeError(
        "What was kept of a training belongs to another one: its arrays have other shapes. Go on "
        "with the same network, rows and options, or start anew."
    )
